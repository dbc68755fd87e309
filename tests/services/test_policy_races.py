"""Many at once under one policy, with real connections on both databases: budget, caps, receipts, records (manual §8.1)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from cpegi_app import db
from cpegi_app.errors import Busy, DomainError, FormInvalid
from cpegi_app.models import Policy, PolicyApplication, PolicyBudget, PolicyRecord, PolicyTally
from cpegi_app.services import policy, policy_application
from cpegi_app.vocabulary import Kind, Status
from tests import factories, policies

pytestmark = pytest.mark.usefixtures("database")
ROUNDS = 3


def at_once(calls: list[Callable[[Session], Any]]) -> list[Any]:
    """Run every call in a transaction and thread of its own, all started together; return results or refusals.

    On a machine under load SQLite lets a writer wait in vain: who was not served asks again, as a person would.
    """
    start = threading.Barrier(len(calls))

    def one(call: Callable[[Session], Any]) -> Any:
        start.wait()
        while True:
            try:
                with db.transaction() as session:
                    return call(session)
            except Busy:
                pass
            except DomainError as refusal:
                return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def made(build: Callable[[Session], Any]) -> Any:
    with db.transaction() as session:
        return build(session)


def send(session: Session, actor: Any, row_id: int, key: str = "once", **changes: str) -> str | None:
    row = session.get_one(PolicyApplication, row_id)
    typed = policies.answers(**changes)
    return policy_application.submit(session, actor, row_id, row.version, typed, key).receipt_no


def drafts(session: Session, of: Any, number: int) -> list[tuple[Any, int]]:
    found = []
    for _ in range(number):
        firm = factories.member(session)
        found.append((firm, policies.begun(session, firm, of).id))
    return found


def test_twenty_at_once_take_exactly_the_budget():
    for _ in range(ROUNDS):
        of = made(lambda s: policies.published(s, budget="35"))
        waiting = made(lambda s, o=of: drafts(s, o, 20))
        results = at_once([lambda s, a=a, r=r: send(s, a, r) for a, r in waiting])
        received = [r for r in results if isinstance(r, str)]
        # 5 万元 each out of 35: seven, numbered without a gap.
        assert sorted(int(r[-6:]) for r in received) == list(range(1, 8))
        assert all(
            isinstance(r, FormInvalid) and "预算" in str(r.fields) for r in results if not isinstance(r, str)
        )
        with db.reading() as session:
            budget = session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == of.id)).one()
            assert (budget.held_fen, budget.receipts) == (35_000_000, 7)
            sent = select(func.count()).where(
                PolicyApplication.policy_id == of.id, PolicyApplication.status == Status.PENDING.value
            )
            assert session.exec(sent).one() == 7


def test_both_sides_of_a_loan_at_the_same_moment():
    for _ in range(ROUNDS):
        firm, bank = made(lambda s: (factories.member(s), factories.member(s, Kind.DEBT)))
        of = made(lambda s: policies.published(s, **policies.INTEREST))
        loans = made(lambda s, f=firm, b=bank: [policies.loan(s, f, b) for _ in range(6)])
        # Each names the same loans, in another order.
        ours = made(lambda s, o=of, f=firm, x=loans: policies.begun(s, f, o, *x).id)
        theirs = made(lambda s, o=of, b=bank, x=loans: policies.begun(s, b, o, *x[::-1]).id)
        results = at_once([lambda s, a=a, r=r: send(s, a, r) for a, r in ((firm, ours), (bank, theirs))])
        lost = [r for r in results if isinstance(r, DomainError)]
        assert len(lost) == 1 and isinstance(lost[0], FormInvalid)
        assert lost[0].fields["records"].count("先行使用") == 6
        with db.reading() as session:
            held = session.exec(
                select(PolicyRecord.org_id).where(
                    PolicyRecord.policy_id == of.id, col(PolicyRecord.released_at).is_(None)
                )
            ).all()
            assert len(held) == 6 and len(set(held)) == 1


def test_a_double_click_is_one_application():
    of = made(lambda s: policies.published(s, budget="100"))
    (firm, row_id), *_ = made(lambda s: drafts(s, of, 1))
    results = at_once([lambda s: send(s, firm, row_id)] * 12)
    # Who came too late to see the draft reads that it has been sent; nobody sends it twice.
    assert {r for r in results if isinstance(r, str)} and len({r for r in results if isinstance(r, str)}) == 1
    with db.reading() as session:
        budget = session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == of.id)).one()
        assert (budget.held_fen, budget.receipts) == (5_000_000, 1)


def test_two_colleagues_begin_at_once_and_find_one_draft():
    for _ in range(ROUNDS):
        of = made(lambda s: policies.published(s))
        firm = made(factories.member)
        results = at_once([lambda s, f=firm, o=of: policy_application.start(s, f, o.id or 0).id] * 8)
        assert len(set(results)) == 1, results


def test_the_applicants_places_and_cap_hold():
    of = made(lambda s: policies.published(s, most="2", applicant_cap="8"))
    firm = made(factories.member)
    row_id = made(lambda s: policies.begun(s, firm, of).id)

    def go(session: Session) -> Any:
        row = policy_application.start(session, firm, of.id or 0)
        return send(session, firm, row.id or 0, key=str(threading.get_ident()))

    at_once([go] * 6)
    assert row_id
    with db.reading() as session:
        tally = session.exec(select(PolicyTally).where(PolicyTally.org_id == firm.org_id)).one()
        assert tally.count == 1 and tally.held_fen == 5_000_000


def test_nothing_comes_in_after_the_stop():
    for _ in range(ROUNDS):
        staff = made(factories.staff)
        of = made(lambda s, by=staff: policies.published(s, by))
        waiting = made(lambda s, o=of: drafts(s, o, 8))
        calls = [lambda s, a=a, r=r: send(s, a, r) for a, r in waiting]
        calls.insert(4, lambda s, o=of, by=staff: policy.stop(s, by, o.id, o.version, "资金调整"))
        results = at_once(calls)
        with db.reading() as session:
            stopped = session.get_one(Policy, of.id).stopped_at
            query = select(PolicyApplication.received_at).where(
                PolicyApplication.policy_id == of.id, col(PolicyApplication.received_at).is_not(None)
            )
            received = session.exec(query).all()
            assert stopped and all(at and at < stopped for at in received)
        assert len(received) == sum(isinstance(r, str) for r in results)
