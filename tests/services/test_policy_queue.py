"""The filters of the queue of a stage, as its query bar sets them (manual §8.1)."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.services import policy_queue
from tests import factories, policies, redemption


def test_the_queue_shows_what_its_filters_ask_for(session: Session):
    staff, colleague = factories.staff(session), factories.staff(session)
    since = str(clock.today() - timedelta(days=60))
    of, second = (policies.published(session, staff, opens_on=since) for _ in range(2))
    with redemption.earlier(30):
        late = policies.sent(session, factories.member(session), of)
    mine, theirs, other = (policies.sent(session, factories.member(session), p) for p in (of, of, second))
    policy_queue.take(session, staff, mine.id or 0)
    policy_queue.take(session, colleague, theirs.id or 0)
    every, number = [late, mine, theirs, other], (mine.receipt_no or "").lower()
    for filters, found in (
        ({}, every),
        ({"whose": "MINE"}, [mine]),
        ({"whose": "FREE"}, [late, other]),
        ({"whose": "LATE"}, [late]),
        ({"policy": str(of.id)}, [late, mine, theirs]),
        ({"policy": "0"}, []),
        # What is no number is no filter.
        ({"policy": "²"}, every),
        ({"word": other.org_name}, [other]),
        ({"word": number}, [mine]),
        ({"word": "%"}, []),
        ({"policy": str(of.id), "whose": "FREE"}, [late]),
    ):
        shown, total = policy_queue.listing(session, staff, filters=filters)
        assert [r.id for r in shown] == [row.id for row in found], filters
        assert total == len(found), filters
