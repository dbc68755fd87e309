"""Many at once on the way to the money, with real connections on both databases: nothing is done twice (manual §8.2)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from cpegi_app import db
from cpegi_app.errors import DomainError
from cpegi_app.models import (
    Payment,
    PaymentBatch,
    PaymentImport,
    PolicyApplication,
    PolicyBudget,
    PolicyClaim,
    PolicyGrant,
)
from cpegi_app.services import (
    policy_claim,
    policy_payment,
    policy_payment_file,
    policy_payment_result,
    policy_publicity,
    policy_review,
)
from cpegi_app.vocabulary import Action
from tests import factories, redemption
from tests.services.test_policy_races import at_once, made

pytestmark = pytest.mark.usefixtures("database")
ROUNDS = 3


def granted(session: Session, owner: Any, staff: Any) -> int:
    return redemption.granted(session, owner, staff).id or 0


def payable(session: Session, clerk: Any, number: int) -> list[int]:
    found = []
    for _ in range(number):
        owner = factories.member(session)
        grant = redemption.granted(session, owner, clerk)
        found.append(redemption.checked(session, clerk, redemption.claim(session, owner, grant)).id)
    return found


def clerks(session: Session) -> list[Any]:
    return [factories.staff(session, name) for name in ("甲", "乙")]


def test_two_clerks_at_once_put_a_claim_in_one_batch():
    both = made(clerks)
    for _ in range(ROUNDS):
        ids = made(lambda s: payable(s, both[0], 3))
        # Each names the same claims, in another order, and one names two of them only.
        wanted = [ids, ids[::-1], ids[:2]]
        calls = [
            lambda s, w=w, n=n: policy_payment.make(s, both[n % 2], w, "批次")
            for n, w in enumerate(wanted * 2)
        ]
        results = at_once(calls)
        assert all(isinstance(r, (int, DomainError)) for r in results), results
        assert any(isinstance(r, int) for r in results)
        with db.reading() as session:
            query = select(Payment.claim_id).where(col(Payment.claim_id).in_(ids))
            paid = session.exec(query).all()
            assert len(paid) == len(set(paid)) >= 2, paid


def test_the_same_result_brought_back_by_two_clerks_counts_once():
    both = made(clerks)
    for _ in range(ROUNDS):
        ids = made(lambda s: payable(s, both[0], 2))

        def batch(session: Session, ids: list[int] = ids) -> tuple[int, bytes]:
            claims = [session.get_one(PolicyClaim, i) for i in ids]
            number = redemption.batch(session, both[0], *claims)
            rows = redemption.out_rows(session, both[0], number)
            return number, redemption.filled(rows, redemption.paid("PZ-1"), redemption.failed())

        number, data = made(batch)
        lines = policy_payment_file.read("结果.xlsx", data)

        def bring(session: Session, who: Any, back: Any = (number, "结果.xlsx", data, lines)) -> Any:
            return policy_payment_result.take(session, who, *back)

        results = at_once([lambda s, w=w, b=bring: b(s, w) for w in both * 3])
        assert all(not isinstance(r, DomainError) for r in results), results
        # Who came later reads what the first one did.
        assert sum("没有重复登记" not in r.text for r in results) == 1
        with db.reading() as session:
            imports = select(func.count()).where(PaymentImport.batch_id == number)
            assert session.exec(imports).one() == 1
            claim = session.exec(
                select(Payment).where(Payment.batch_id == number, Payment.state == "PAID")
            ).one()
            of = session.get_one(PolicyGrant, claim.grant_id).policy_id
            assert (
                session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == of)).one().paid_fen
                == 5_000_000
            )
            assert session.get_one(PaymentBatch, number).state == "DONE"


def test_two_reviewers_at_once_decide_once_and_hold_the_amount_once():
    both = made(clerks)
    for _ in range(ROUNDS):

        def waiting(session: Session) -> tuple[int, int, int]:
            of = redemption.policy(session, both[0])
            row = redemption.received(session, of)
            policy_review.decide(session, both[0], row.id or 0, Action.APPROVE, row.version)
            return row.id or 0, redemption.fresh(session, row).version, of.id or 0

        row_id, version, of_id = made(waiting)

        def approve(session: Session, who: Any, seen: tuple[int, int] = (row_id, version)) -> None:
            policy_review.decide(session, who, seen[0], Action.APPROVE, seen[1], comment="同意")

        results = at_once([lambda s, w=w, a=approve: a(s, w) for w in both * 3])
        assert sum(not isinstance(r, DomainError) for r in results) == 1, results
        with db.reading() as session:
            grants = session.exec(select(PolicyGrant).where(PolicyGrant.application_id == row_id)).all()
            assert [g.amount_fen for g in grants] == [5_000_000]
            assert session.get_one(PolicyApplication, row_id).status == "APPROVED"
            budget = session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == of_id)).one()
            assert budget.held_fen == 5_000_000


def test_a_list_is_published_and_confirmed_once():
    both = made(clerks)

    def approved(session: Session) -> tuple[int, int, int]:
        of = redemption.policy(session, both[0])
        for _ in range(2):
            redemption.approve(session, both[0], redemption.received(session, of))
        seen = policy_publicity.preview(session, both[0], of.id or 0)
        return of.id or 0, seen.count, seen.total_fen

    with redemption.earlier(7):
        of_id, count, total = made(approved)
        results = at_once(
            [lambda s, w=w: policy_publicity.publish(s, w, of_id, count, total) for w in both * 3]
        )
    [number] = [r for r in results if isinstance(r, int)]
    confirmed = at_once([lambda s, w=w: policy_publicity.confirm(s, w, number) for w in both * 3])
    assert sum(r for r in confirmed if isinstance(r, int)) == 2, confirmed
    with db.reading() as session:
        states = session.exec(select(PolicyGrant.state).where(PolicyGrant.policy_id == of_id)).all()
        assert states == ["CONFIRMED"] * 2


def test_a_claim_begun_by_two_colleagues_at_once_is_one():
    staff, owner = made(factories.staff), made(factories.member)
    for _ in range(ROUNDS):
        grant = made(lambda s: granted(s, owner, staff))
        results = at_once([lambda s, g=grant: policy_claim.start(s, owner, g).id for _ in range(6)])
        assert len({r for r in results if isinstance(r, int)}) == 1, results
        with db.reading() as session:
            count = session.exec(select(func.count()).where(PolicyClaim.grant_id == grant)).one()
            assert count == 1
