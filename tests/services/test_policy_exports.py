"""导出 of the lists of policies: what the page shows, for whom the page is, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from cpegi_app.errors import Forbidden
from cpegi_app.services import lists, policy_exports, policy_queue
from cpegi_app.services.lists import Listing
from cpegi_app.vocabulary import Kind
from tests import factories, policies

STAFF = [
    policy_exports.QUEUE,
    policy_exports.OVERVIEW,
    policy_exports.CLAIMS,
    policy_exports.READY,
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
    assert [(x[0], x[7]) for x in overview] == [(offered.name, 1)]


@pytest.mark.parametrize("listing", STAFF, ids=lambda listing: listing.name)
def test_what_the_staff_decide_on_is_exported_by_the_staff_alone(session: Session, listing: Listing):
    assert isinstance(lines(session, factories.staff(session), listing), list)
    for kind in Kind:
        with pytest.raises(Forbidden):
            lines(session, factories.member(session, kind), listing)


def test_what_is_granted_is_exported_by_its_owner(session: Session):
    assert lines(session, factories.member(session, Kind.ENTERPRISE), policy_exports.GRANTS) == []
    with pytest.raises(Forbidden):
        lines(session, factories.staff(session), policy_exports.GRANTS)
