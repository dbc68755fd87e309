"""Who may apply under a new policy is told of it, once, whatever happens in the middle (manual §8.1)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock, db, messenger
from cpegi_app.access import PUBLIC_POLICY
from cpegi_app.models import Notice, Policy, User
from cpegi_app.services import policy, policy_news
from cpegi_app.vocabulary import Kind
from tests import factories, policies


def run(session: Session) -> int:
    """Work off all news; return how many organisations were told."""
    told = 0
    for policy_id in policy_news.waiting(session):
        while (seen := policy_news.look(session, policy_id)) is not None:
            told += policy_news.tell(session, seen)
            session.expire_all()
    return told


def told(session: Session, of: Policy) -> Counter[int | None]:
    """Return how often each organisation was told of a policy."""
    query = select(User.org_id).join(Notice, col(Notice.user_id) == User.id)
    return Counter(session.exec(query.where(Notice.href == PUBLIC_POLICY.url(pid=of.id))))


def again(session: Session, staff, of: Policy, **changes: str) -> None:
    """Publish the next version."""
    session.refresh(of)
    version = policy.save(session, staff, of.id or 0, of.version, of.draft["values"] | changes)
    policy.publish(session, staff, of.id or 0, version)


def test_who_may_apply_is_told_once_and_nobody_else(session: Session):
    boss, firm = factories.staff(session), factories.member(session)
    bank = factories.member(session, Kind.DEBT)
    factories.member(session, verified=False)
    of = policies.published(session, boss)
    assert told(session, of) == {}
    assert run(session) == 1
    assert told(session, of) == {firm.org_id: 1}
    notice = session.exec(select(Notice).where(Notice.user_id == firm.user_id)).one()
    assert of.name in notice.title and "申报时间" in notice.text
    # A small change is not told a second time; who newly may apply is told then.
    again(session, boss, of, summary="对符合条件的企业给予奖补，表述有调整")
    assert policy_news.waiting(session) == []
    again(session, boss, of, kinds="ENTERPRISE,DEBT")
    assert run(session) == 1
    assert told(session, of) == {firm.org_id: 1, bank.org_id: 1}


def test_nobody_is_told_of_what_is_stopped_or_over_meanwhile(session: Session):
    boss = factories.staff(session)
    factories.member(session)
    stopped, over = policies.published(session, boss), policies.published(session, boss)
    policy.stop(session, boss, stopped.id or 0, stopped.version, "资金调整")
    over.closes_at = clock.now() - timedelta(minutes=1)
    session.flush()
    assert run(session) == 0 and policy_news.waiting(session) == []


def test_what_a_crash_interrupts_goes_on_and_nobody_is_told_twice(
    database: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(policy_news, "BATCH", 2)
    with db.transaction() as session:
        firms = {factories.member(session).org_id for _ in range(5)}
        of = policies.published(session)
    with db.reading() as session:
        stale = policy_news.look(session, of.id or 0)
        assert stale is not None
    with pytest.raises(KeyboardInterrupt), db.transaction() as session:
        # Killed before the end of its transaction: nothing of it stands.
        assert policy_news.tell(session, stale) > 0
        raise KeyboardInterrupt
    with db.transaction() as session:
        assert policy_news.tell(session, stale) == 2
    with db.transaction() as session:
        # Another worker that looked at the same: it is done already.
        assert policy_news.tell(session, stale) == 0
    assert messenger.spread_news() == 3
    with db.reading() as session:
        assert told(session, of) == dict.fromkeys(firms, 1)
        assert policy_news.waiting(session) == []
    assert messenger.spread_news() == 0


@pytest.mark.usefixtures("database")
def test_a_policy_that_fails_holds_up_no_other():
    with db.transaction() as session:
        firm = factories.member(session)
        broken, of = policies.published(session), policies.published(session)
        # As a damaged row would: its version does not exist.
        session.get_one(Policy, broken.id).version_id = 2**31 - 1
    assert messenger.spread_news() == 1
    with db.reading() as session:
        assert told(session, of) == {firm.org_id: 1}
