"""Whatever happens in whatever order: no budget, cap or once-only rule is broken (manual §8.1)."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import DomainError
from cpegi_app.models import (
    Loan,
    Policy,
    PolicyApplication,
    PolicyBudget,
    PolicyGrant,
    PolicyRecord,
    PolicyTally,
)
from cpegi_app.services import live, policy, policy_application, review
from cpegi_app.vocabulary import Action, Kind, Status
from tests import factories, policies

BUDGET, CAP, CASE = 8_000_000, 6_000_000, 5_000_000
OWNERS, LOANS = st.integers(0, 3), st.integers(0, 5)


class Handling(RuleBasedStateMachine):
    """Two firms and two banks with six loans between them, one policy, one reviewer; whoever may act acts.

    To add actions (公示, redemption, payment), subclass it with further rules and invariants.
    """

    session: Session

    def __init__(self) -> None:
        super().__init__()
        # Savepoint by savepoint: whatever a run does is taken back with its end.
        self.point = self.session.begin_nested()
        self.staff = factories.staff(self.session)
        firms = [factories.member(self.session) for _ in range(2)]
        banks = [factories.member(self.session, Kind.DEBT) for _ in range(2)]
        self.owners: list[Actor] = [*firms, *banks]
        money = {"budget": "8", "applicant_cap": "6", "case_cap": "5", "record_cap": "2", "most": "2"}
        self.of = policies.published(self.session, self.staff, **policies.INTEREST | money | self.moment())
        self.loans = [
            policies.loan(self.session, firms[n % 2], banks[n // 3], rate_bp=300 + 50 * n) for n in range(6)
        ]

        # A corrected loan is still the first of its chain.
        self.first = {loan.id or 0: loan.id or 0 for loan in self.loans}

    def moment(self) -> dict[str, str]:
        return {"budget_at": "SUBMIT"}

    def teardown(self) -> None:
        self.point.rollback()
        self.session.expunge_all()
        # The transaction's own note of whom it concerns went with the savepoint.
        self.session.info.pop(live.KEY, None)

    # --- actions ------------------------------------------------------------------------------------

    def attempt(self, call: Any) -> Any:
        """Do something that may be refused; a refusal leaves nothing behind."""
        point = self.session.begin_nested()
        try:
            found = call()
            self.session.flush()
            return found
        except DomainError:
            point.rollback()
            self.session.info.pop(live.KEY, None)
            return None
        finally:
            self.session.expire_all()

    def rows(self) -> list[PolicyApplication]:
        query = select(PolicyApplication).where(PolicyApplication.policy_id == self.of.id)
        return list(self.session.exec(query.order_by(col(PolicyApplication.id))))

    def some(self, number: int) -> PolicyApplication | None:
        rows = self.rows()
        return rows[number % len(rows)] if rows else None

    @rule(owner=OWNERS, loans=st.sets(LOANS, max_size=3))
    def begin(self, owner: int, loans: set[int]) -> None:
        keys = ",".join(f"LOAN:{self.loans[n].id}" for n in sorted(loans))
        actor = self.owners[owner]
        self.attempt(lambda: policy_application.start(self.session, actor, self.of.id or 0, keys))

    @rule(number=st.integers(0, 9), loan=LOANS, chosen=st.booleans())
    def choose(self, number: int, loan: int, chosen: bool) -> None:
        if row := self.some(number):
            key = f"LOAN:{self.loans[loan].id}"
            actor = self.owner_of(row)
            self.attempt(
                lambda: policy_application.choose(
                    self.session, actor, row.id or 0, row.version, key, chosen=chosen
                )
            )

    @rule(
        number=st.integers(0, 9),
        asked=st.sampled_from(["", "", "10000", "0.01", "40000"]),
        key=st.sampled_from("ab"),
    )
    def send(self, number: int, asked: str, key: str) -> None:
        if row := self.some(number):
            actor, typed = self.owner_of(row), policies.answers(asked=asked)
            self.attempt(
                lambda: policy_application.submit(self.session, actor, row.id or 0, row.version, typed, key)
            )

    @rule(number=st.integers(0, 9))
    def withdraw(self, number: int) -> None:
        if row := self.some(number):
            actor = self.owner_of(row)
            self.attempt(lambda: policy_application.withdraw(self.session, actor, row.id or 0, row.version))

    @rule(
        number=st.integers(0, 9),
        action=st.sampled_from([Action.APPROVE, Action.APPROVE, Action.RETURN, Action.REJECT]),
        amount=st.sampled_from(["", "", "100.01", "30000"]),
    )
    def decide(self, number: int, action: Action, amount: str) -> None:
        if row := self.some(number):
            payload = {"reviewed": amount, "reviewed_reason": "按规定核定"} if amount else {}
            more = {"comment": "理由", "payload": payload}
            self.attempt(
                lambda: review.act(
                    self.session, policies.FLOW, self.staff, row.id or 0, action, row.version, **more
                )
            )

    @rule(loan=LOANS)
    def correct_a_loan(self, loan: int) -> None:
        old = self.session.get_one(Loan, self.loans[loan].id)
        again = {"iou_no": old.iou_no, "replaces_id": old.id, "fen": old.amount_fen + 1}
        firm, bank = (
            next(o for o in self.owners if o.org_id == i) for i in (old.borrower_id, old.institution_id)
        )
        self.loans[loan] = policies.loan(self.session, firm, bank, **again)
        self.first[self.loans[loan].id or 0] = self.first[old.id or 0]

    @rule(budget=st.sampled_from(["6", "8", "9"]))
    def publish_again(self, budget: str) -> None:
        row = self.session.get_one(Policy, self.of.id)
        values = row.draft["values"] | {"budget": budget}

        def call() -> None:
            version = policy.save(self.session, self.staff, row.id or 0, row.version, values)
            policy.publish(self.session, self.staff, row.id or 0, version)

        self.attempt(call)

    def owner_of(self, row: PolicyApplication) -> Actor:
        return next(o for o in self.owners if o.org_id == row.org_id)

    def given_back(self, org_id: int) -> int:
        """Return what an applicant holds no longer although its decided applications still say so."""
        return 0

    # --- what always holds --------------------------------------------------------------------------

    @invariant()
    def the_budget_is_what_the_applications_hold(self) -> None:
        budget = self.session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == self.of.id)).one()
        rows = self.rows()
        assert budget.held_fen == sum(r.held_fen for r in rows)
        assert budget.total_fen is not None and 0 <= budget.held_fen <= budget.total_fen
        numbers = [r.receipt_no for r in rows if r.receipt_no]
        assert len(set(numbers)) == len(numbers) == budget.receipts

    @invariant()
    def nobody_is_over_a_cap(self) -> None:
        rows = self.rows()
        tallies = self.session.exec(select(PolicyTally).where(PolicyTally.policy_id == self.of.id)).all()
        for tally in tallies:
            mine = [r for r in rows if r.org_id == tally.org_id]
            held = sum(r.held_fen for r in mine) - self.given_back(tally.org_id)
            assert tally.held_fen == held <= CAP
            assert tally.count == sum(r.is_counted for r in mine) <= 2
        assert all(r.held_fen <= CASE and r.asked_fen <= r.computed_fen <= CASE for r in rows)

    @invariant()
    def each_loan_counts_once(self) -> None:
        held = self.session.exec(
            select(PolicyRecord).where(
                PolicyRecord.policy_id == self.of.id, col(PolicyRecord.released_at).is_(None)
            )
        ).all()
        by_root = defaultdict(list)
        for record in held:
            by_root[self.first[record.record_id]].append(record.application_id)
        assert all(len(apps) == 1 for apps in by_root.values())
        assert len(by_root) <= 6
        holding = {r.id for r in self.rows() if r.is_counted}
        assert {r.application_id for r in held} <= holding

    @invariant()
    def what_is_granted_is_held(self) -> None:
        for row in self.rows():
            query = select(PolicyGrant).where(PolicyGrant.application_id == row.id)
            grants = self.session.exec(query).all()
            assert len(grants) == (row.status == Status.APPROVED)
            assert all(g.amount_fen == row.held_fen == row.reviewed_fen for g in grants)


class HandlingHeldAtApproval(Handling):
    """The same where the budget is taken at the approval."""

    def moment(self) -> dict[str, str]:
        return {"budget_at": "APPROVE"}


def run(machine: type[Handling], session: Session) -> None:
    made = type(machine.__name__, (machine,), {"session": session})
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    run_state_machine_as_test(
        made,
        settings=settings(
            max_examples=int(os.environ.get("CPEGI_ROUNDS", "6")),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=checks,
        ),
    )


def test_no_rule_is_ever_broken(session: Session):
    run(Handling, session)


def test_no_rule_is_ever_broken_when_the_approval_takes_the_budget(session: Session):
    run(HandlingHeldAtApproval, session)
