"""导出 of the lists of policies: what the page shows, for whom the page is, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from cpegi_app.errors import Forbidden, NotFound
from cpegi_app.models import PolicyApplication
from cpegi_app.services import lists, policy_claim_list, policy_exports, policy_queue
from cpegi_app.services.lists import Listing
from cpegi_app.vocabulary import Kind
from tests import factories, policies, redemption

STAFF = [
    policy_exports.BATCHES,
    policy_exports.LINES,
    policy_exports.NAMES,
    policy_exports.QUEUE,
    policy_exports.OVERVIEW,
    policy_exports.CLAIMS,
    policy_exports.READY,
    policy_exports.AGAIN,
    policy_exports.UNPAID,
    policy_exports.PUBLICITIES,
]


def lines(session: Session, actor: Any, listing: Listing) -> list[list[object]]:
    return lists.export(session, actor, listing, {})[0]


def test_the_queue_and_the_overview_are_exported_as_they_are_shown(session: Session):
    staff, enterprise = factories.staff(session), factories.member(session, Kind.ENTERPRISE)
    offered = policies.published(session, staff)
    policies.sent(session, enterprise, offered, policies.loan(session, enterprise))
    (row,), total = policy_queue.listing(session, staff, filters={})
    (line,) = lines(session, staff, policy_exports.QUEUE)
    assert total == 1 and line[:3] == [row.receipt, row.policy, row.org]
    overview = lines(session, staff, policy_exports.OVERVIEW)
    assert [(x[0], x[1]) for x in overview] == [(offered.name, 1)]


@pytest.mark.parametrize("listing", STAFF, ids=lambda listing: listing.name)
def test_what_the_staff_decide_on_is_exported_by_the_staff_alone(session: Session, listing: Listing):
    staff = factories.staff(session)
    if listing in (policy_exports.LINES, policy_exports.NAMES):
        with pytest.raises(NotFound):
            lines(session, staff, listing)
    else:
        assert isinstance(lines(session, staff, listing), list)
    for kind in Kind:
        with pytest.raises(Forbidden):
            lines(session, factories.member(session, kind), listing)


def test_what_is_granted_is_exported_by_its_owner(session: Session):
    assert lines(session, factories.member(session, Kind.ENTERPRISE), policy_exports.GRANTS) == []
    with pytest.raises(Forbidden):
        lines(session, factories.staff(session), policy_exports.GRANTS)


def test_what_is_paid_and_published_is_looked_through_sorted_and_exported_so(session: Session):
    """Of one batch and one publication of three: words, states, both ways of a heading, the export's lines."""
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    owners = [factories.member(session, name=name) for name in ("甲厂", "乙厂", "丙厂")]
    claims = redemption.payable(session, staff, of, *owners)
    batch = redemption.batch(session, staff, *claims[:2])
    publicity = redemption.grant_of(session, session.get_one(PolicyApplication, claims[0].application_id))
    mine = {"batch": str(batch), "publicity": str(publicity.publicity_id)}

    def shown(listing: Listing, filters: dict[str, str], sort: str = "") -> list[list[object]]:
        wanted = lists.ordered(listing, mine | filters, sort)
        rows = lists.page(session, staff, listing, mine | filters, sort=sort)
        found, _ = lists.export(session, staff, listing, wanted)
        assert rows.total == len(found)
        return found

    names = {"甲厂", "乙厂", "丙厂"}
    for listing, place, count in (
        (policy_exports.NAMES, 0, 3), (policy_exports.LINES, 1, 2), (policy_exports.READY, 0, 1),
    ):  # fmt: skip
        for heading in listing.sorts:
            rising, falling = shown(listing, {}, heading), shown(listing, {}, f"-{heading}")
            assert rising == falling[::-1] and len(rising) == count
            assert {line[place] for line in rising} <= names
    for listing, filters, count in (
        (policy_exports.NAMES, {"word": "乙"}, 1),
        (policy_exports.LINES, {"word": "乙"}, 1),
        (policy_exports.LINES, {"state": "PAID"}, 0),
        (policy_exports.READY, {"word": "乙"}, 0),
        (policy_exports.CLAIMS, {"status": "APPROVED", "word": "丙"}, 1),
        (policy_exports.BATCHES, {"state": "EXPORTED"}, 1),
        (policy_exports.BATCHES, {"word": "没有此批次"}, 0),
        (policy_exports.PUBLICITIES, {"word": of.name, "state": "CLOSED"}, 1),
        (policy_exports.PUBLICITIES, {"state": "OPEN"}, 0),
        (policy_exports.OVERVIEW, {"word": of.name}, 1),
        (policy_exports.OVERVIEW, {"word": "没有此政策"}, 0),
    ):
        assert len(shown(listing, filters)) == count, (listing.name, filters)
    # Whom the money goes to, where, and only the end of the number.
    for listing, filters in (
        (policy_exports.READY, {}),
        (policy_exports.CLAIMS, {"status": "APPROVED", "word": "丙"}),
    ):
        [row] = shown(listing, filters)
        told = dict(zip(listing.columns, row, strict=True))
        payee = (told["收款户名"], told["开户行"], told["收款账号"])
        assert payee == ("丙厂", "中国银行郑州科学大道支行", "尾号 7890")
    own = {"word": of.name, "state": "PAYING", "sort": "-amount"}
    assert policy_claim_list.own(session, owners[0], filters=own)[1] == 1
    assert policy_claim_list.own(session, owners[0], filters={"word": "没有此政策"})[1] == 0
