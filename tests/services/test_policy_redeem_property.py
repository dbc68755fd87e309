"""Random ways from an application to the money: nothing is paid twice, too much, or to whom nothing was granted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import (
    Payment,
    PaymentBatch,
    Policy,
    PolicyAmount,
    PolicyBudget,
    PolicyClaim,
    PolicyGrant,
    Publicity,
    User,
)
from cpegi_app.services import (
    files,
    policy_application,
    policy_bulk,
    policy_claim,
    policy_claim_list,
    policy_objection,
    policy_payment,
    policy_payment_result,
    policy_publicity,
    policy_queue,
    policy_ready,
    policy_review,
    policy_takeback,
    review,
)
from cpegi_app.vocabulary import Action
from cpegi_app.vocabulary.policy import AmountKind, BatchState, GrantState, PaymentState
from tests import factories, policies, redemption
from tests.services.test_policy_property import Handling, run

N = st.integers(0, 9)


class Paying(Handling):
    """Everything after the approval as well: publication, objections, claims, batches, returned files; time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.clerk = factories.staff(self.session, "财务")
        # Two are granted already, so that a short run comes as far as the money.
        for owner, loan in ((0, 0), (1, 1)):
            actor, key = self.owners[owner], f"LOAN:{self.loans[loan].id}"
            row = policy_application.start(self.session, actor, self.of.id or 0, key)
            policy_application.submit(
                self.session, actor, row.id or 0, row.version, policies.answers(asked="9999.99"), "first"
            )
            redemption.approve(self.session, self.staff, row)
        made = redemption.publish(self.session, self.staff, self.of)
        redemption.days_pass(6)
        policy_publicity.confirm(self.session, self.staff, made)

    def moment(self) -> dict[str, str]:
        today = clock.today()
        return super().moment() | {
            "redeem_opens_on": today.isoformat(),
            "redeem_closes_on": (today + timedelta(days=40)).isoformat(),
        }

    def teardown(self) -> None:
        clock.shift(timedelta())
        super().teardown()

    def all(self, model: Any) -> list[Any]:
        return list(self.session.exec(select(model).order_by(col(model.id))))

    def one(self, model: Any, number: int) -> Any:
        found = self.all(model)
        return found[number % len(found)] if found else None

    # --- review ---------------------------------------------------------------------------------------

    @rule(number=N, who=st.booleans(), move=st.sampled_from(["take", "give_back", "hand_over"]))
    def assign(self, number: int, who: bool, move: str) -> None:
        row = self.some(number)
        if row is None:
            return
        actor, other = (self.staff, self.clerk) if who else (self.clerk, self.staff)
        more = (other.user_id, "换人") if move == "hand_over" else ()
        self.attempt(lambda: getattr(policy_queue, move)(self.session, actor, row.id or 0, *more))

    @rule(number=N, approve=st.booleans(), many=st.booleans())
    def decide_at_the_desk(self, number: int, approve: bool, many: bool) -> None:
        row = self.some(number)
        if row is None:
            return
        if approve and many:
            self.attempt(
                lambda: policy_bulk.approve_one(self.session, self.staff, row.id or 0, row.version, "")
            )
            return
        action = Action.APPROVE if approve else Action.RETURN
        more: dict[str, Any] = {"comment": "同意"} if approve else {"marks": {"amount": "请核对金额"}}
        self.attempt(
            lambda: policy_review.decide(self.session, self.staff, row.id or 0, action, row.version, **more)
        )

    # --- publication ----------------------------------------------------------------------------------

    @rule(stale=st.booleans())
    def publish(self, stale: bool) -> None:
        def call() -> None:
            seen = policy_publicity.preview(self.session, self.staff, self.of.id or 0)
            more = 1 if stale else 0
            policy_publicity.publish(
                self.session, self.staff, self.of.id or 0, seen.count + more, seen.total_fen
            )

        self.attempt(call)

    @rule(days=st.sampled_from([1, 3, 6]))
    def time_passes(self, days: int) -> None:
        redemption.days_pass(days)

    @rule(number=N, grant=N, uphold=st.booleans())
    def object(self, number: int, grant: int, uphold: bool) -> None:
        row, named = self.one(Publicity, number), self.one(PolicyGrant, grant)
        if row is None or named is None:
            return
        data = {"from_name": "某人", "contact": "1", "text": "异议", "received_on": str(clock.today())}

        def call() -> None:
            made = policy_objection.record(self.session, self.staff, row.id, data | {"grant": str(named.id)})
            policy_objection.decide(self.session, self.staff, row.id, made, uphold, "结论")

        self.attempt(call)

    @rule(number=N)
    def confirm(self, number: int) -> None:
        if row := self.one(Publicity, number):
            self.attempt(lambda: policy_publicity.confirm(self.session, self.staff, row.id))

    @rule(number=N, grant=N, every=st.booleans())
    def take_back(self, number: int, grant: int, every: bool) -> None:
        row, named = self.one(Publicity, number), self.one(PolicyGrant, grant)
        if row is None or named is None:
            return

        def call() -> None:
            if every:
                seen = policy_takeback.overdue(self.session, self.staff, row.id)
                policy_takeback.take_back_overdue(self.session, self.staff, row.id, seen, "逾期")
            else:
                policy_takeback.take_back(self.session, self.staff, row.id, named.id, "不实")

        self.attempt(call)

    # --- redemption -----------------------------------------------------------------------------------

    @rule(number=N, wrong=st.sampled_from(["", "", "", "receipt", "name"]), key=st.sampled_from("ab"))
    def redeem(self, number: int, wrong: str, key: str) -> None:
        grant = self.one(PolicyGrant, number)
        if grant is None:
            return
        receipt, same = wrong != "receipt", wrong != "name"
        owner = next(o for o in self.owners if o.org_id == grant.org_id)

        def call() -> None:
            row = policy_claim.start(self.session, owner, grant.id)
            if receipt:
                files.attach(
                    self.session,
                    owner,
                    policy_claim.NAME,
                    row.id or 0,
                    "RECEIPT",
                    "收据.png",
                    factories.png(),
                )
            data = redemption.claim_data(grant.org_name if same else "别人")
            review.act(
                self.session,
                policy_claim.FLOW,
                owner,
                row.id or 0,
                Action.SUBMIT,
                row.version,
                key=key,
                values={"data": data},
            )

        self.attempt(call)

    @rule(number=N, action=st.sampled_from([Action.APPROVE, Action.APPROVE, Action.RETURN, Action.REJECT]))
    def check(self, number: int, action: Action) -> None:
        if row := self.one(PolicyClaim, number):
            marks = {"bank": "请写支行"} if action is Action.RETURN else {}
            more = {"marks": marks, "comment": "理由"}
            self.attempt(
                lambda: policy_claim_list.decide(
                    self.session, self.staff, row.id, action, row.version, **more
                )
            )

    @rule(number=N)
    def withdraw_a_claim(self, number: int) -> None:
        if row := self.one(PolicyClaim, number):
            owner = next(o for o in self.owners if o.org_id == row.org_id)
            self.attempt(
                lambda: review.act(
                    self.session, policy_claim.FLOW, owner, row.id, Action.WITHDRAW, row.version
                )
            )

    @rule(over=st.booleans())
    def move_the_window(self, over: bool) -> None:
        of = self.session.get_one(Policy, self.of.id)
        of.redeem_closes_at = clock.now() + timedelta(days=-1 if over else 40)
        self.session.flush()

    @rule(number=N, closed=st.booleans())
    def close_an_account(self, number: int, closed: bool) -> None:
        user = self.session.get_one(User, self.owners[number % len(self.owners)].user_id)
        user.disabled_at = clock.now() if closed else None
        self.session.flush()

    # --- payment --------------------------------------------------------------------------------------

    @rule(numbers=st.sets(N, min_size=1, max_size=4), out=st.booleans())
    def batch(self, numbers: set[int], out: bool) -> None:
        claims = {c.id for n in numbers if (c := self.one(PolicyClaim, n))}

        def call() -> None:
            made = policy_payment.make(self.session, self.clerk, sorted(claims), "批次")
            if out:
                policy_payment.send_out(self.session, self.clerk, made, 1)

        self.attempt(call)

    @rule(out=st.booleans())
    def batch_of_all(self, out: bool) -> None:
        ids = list(policy_ready.choosable(self.session, self.clerk))

        def call() -> None:
            made = policy_payment.make(self.session, self.clerk, ids, "全部")
            if out:
                policy_payment.send_out(self.session, self.clerk, made, 1)

        self.attempt(call)

    @rule(number=N, line=N)
    def take_out(self, number: int, line: int) -> None:
        batch, payment = self.one(PaymentBatch, number), self.one(Payment, line)
        if batch and payment:
            self.attempt(lambda: policy_payment.remove(self.session, self.clerk, batch.id, payment.id))

    @rule(
        number=N,
        results=st.lists(
            st.sampled_from(["PAID", "FAILED", "", "DOUBLED", "UNKNOWN"]), min_size=1, max_size=4
        ),
        data=st.sampled_from([b"1", b"2"]),
    )
    def come_back(self, number: int, results: list[str], data: bytes) -> None:
        batch = self.one(PaymentBatch, number)
        if batch is None:
            return
        query = select(Payment).where(Payment.batch_id == batch.id).order_by(col(Payment.id))
        lines: list[tuple[int, dict[str, str]]] = []
        for payment, result in zip(self.session.exec(query), results, strict=False):
            cells = {"付款编号": payment.number}
            if result in ("PAID", "DOUBLED"):
                cells |= {"拨付结果": "成功", "拨付日期": str(clock.today()), "凭证号": f"PZ{payment.id}"}
            elif result == "FAILED":
                cells |= {"拨付结果": "失败", "失败原因": "退汇"}
            elif result == "UNKNOWN":
                cells = {"付款编号": "FK-0", "拨付结果": "失败", "失败原因": "?"}
            lines += [(len(lines) + 2, cells)] * (2 if result == "DOUBLED" else 1)
        before = [(p.id, p.state) for p in self.all(Payment)]
        found = self.attempt(
            lambda: policy_payment_result.take(self.session, self.clerk, batch.id, "a.csv", data, lines)
        )
        if found is None or found.wrong:
            assert before == [(p.id, p.state) for p in self.all(Payment)], "half of a file was written"

    # --- what always holds ----------------------------------------------------------------------------

    @invariant()
    def the_budget_is_what_the_applications_hold(self) -> None:
        budget = self.session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == self.of.id)).one()
        revoked = sum(g.amount_fen for g in self.all(PolicyGrant) if g.state == GrantState.REVOKED)
        assert budget.held_fen == sum(r.held_fen for r in self.rows()) - revoked
        assert budget.total_fen is not None and 0 <= budget.paid_fen <= budget.held_fen <= budget.total_fen

    def given_back(self, org_id: int) -> int:
        revoked = (g for g in self.all(PolicyGrant) if g.state == GrantState.REVOKED)
        return sum(g.amount_fen for g in revoked if g.org_id == org_id)

    @invariant()
    def nothing_is_paid_twice_or_unless_it_was_granted(self) -> None:
        paid = [p for p in self.all(Payment) if p.state == PaymentState.PAID]
        grants = {g.id: g for g in self.all(PolicyGrant)}
        claims = {c.id: c for c in self.all(PolicyClaim)}
        assert len({p.grant_id for p in paid}) == len(paid)
        for p in paid:
            grant, claim = grants[p.grant_id], claims[p.claim_id]
            assert grant.state == GrantState.PAID and p.amount_fen == grant.amount_fen == claim.amount_fen
            assert claim.status == "APPROVED" and p.voucher_no and p.payee_name == grant.org_name
        assert {p.grant_id for p in paid} == {g.id for g in grants.values() if g.state == GrantState.PAID}
        budget = self.session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == self.of.id)).one()
        noted = [a for a in self.all(PolicyAmount) if a.kind == AmountKind.PAID]
        assert budget.paid_fen == sum(p.amount_fen for p in paid) == sum(a.amount_fen for a in noted)

    @invariant()
    def a_grant_has_one_living_payment_and_batches_add_up(self) -> None:
        payments = self.all(Payment)
        living = [p.grant_id for p in payments if p.state != PaymentState.FAILED]
        assert len(set(living)) == len(living)
        for batch in self.all(PaymentBatch):
            mine = [p for p in payments if p.batch_id == batch.id]
            assert (batch.count, batch.total_fen) == (len(mine), sum(p.amount_fen for p in mine))
            settled = all(p.state != PaymentState.WAITING for p in mine)
            assert batch.state != BatchState.DONE or settled

    @invariant()
    def what_is_payable_is_approved_never_tried_and_the_newest(self) -> None:
        grants = {g.id: g for g in self.all(PolicyGrant)}
        claims, payments = self.all(PolicyClaim), self.all(Payment)
        tried = {p.claim_id for p in payments}
        living = {p.grant_id for p in payments if p.state != PaymentState.FAILED}
        free = [
            c
            for c in claims
            if c.status == "APPROVED"
            and grants[c.grant_id].state == GrantState.CONFIRMED
            and c.grant_id not in living
        ]

        def newer(c: PolicyClaim, *but: str) -> bool:
            later = (x for x in claims if x.grant_id == c.grant_id and x.round > c.round)
            return any(x.status not in but for x in later)

        rows, total, _ = policy_ready.ready(self.session, self.clerk, size=50)
        payable = {c.id for c in free if c.id not in tried}
        assert {r.id for r in rows} == payable and total == len(payable)
        assert not any(newer(c) for c in free if c.id in payable)
        # Every other one waits for its applicant, who is never too late for what was sent in time.
        failed = [c for c in free if c.id in tried and not newer(c, "DRAFT")]
        assert policy_ready.failed(self.session, self.clerk)[1] == len(failed)

    @invariant()
    def what_was_sent_in_time_may_come_back_until_it_is_taken_back(self) -> None:
        for grant in self.all(PolicyGrant):
            last = policy_claim.latest(self.session, grant.id)
            if grant.state == GrantState.CONFIRMED and last is not None and last.submitted_at:
                assert policy_claim.why_not(self.session, grant, last) == ""


def test_nothing_is_ever_paid_twice(session: Session):
    run(Paying, session)
