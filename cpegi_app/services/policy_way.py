"""Where an application stands: one line from its receipt to its payment, with dates (manual §8)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import PolicyApplication, PolicyGrant, Publicity, ReviewEvent
from cpegi_app.services import policy_claim, policy_publicity, policy_standing, review
from cpegi_app.services.policy_application import FLOW
from cpegi_app.services.review_view import history
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import GrantState, PaymentState, PolicyStage


class Step(BaseModel):
    """One station of the way from application to payment: done, now, bad, or still to come."""

    label: str
    at: str = ""
    state: str = "todo"
    text: str = ""


def steps(session: Session, row: PolicyApplication) -> list[Step]:
    """Return the stations of an application that the caller has loaded for its actor."""
    events = history(session, FLOW.name, row.id or 0)
    grant = session.exec(select(PolicyGrant).where(PolicyGrant.application_id == row.id)).first()
    found = [_received(row), *_reviewed(row, events)]
    found += _published(session, grant) if grant else [Step(label="公示"), Step(label="公示确认")]
    found += (
        _redeemed(session, grant)
        if grant
        else [Step(label="兑现申请"), Step(label="兑现审核"), Step(label="拨付")]
    )
    return found


def _received(row: PolicyApplication) -> Step:
    if row.received_at is None or row.status == Status.DRAFT:
        text = "已撤回，尚未重新提交" if row.receipt_no else "尚未提交"
        return Step(label="申请受理", state="now", text=text)
    return Step(
        label="申请受理", at=clock.local(row.received_at), state="done", text=f"受理编号 {row.receipt_no}"
    )


def _reviewed(row: PolicyApplication, events: list[ReviewEvent]) -> list[Step]:
    found = []
    # Only what followed the last submission counts: a correction begins again.
    sent = max((e.id or 0 for e in events if e.action == "SUBMIT"), default=0)
    for number, stage in enumerate((PolicyStage.FORMAL, PolicyStage.BUSINESS)):
        passed = next(
            (e for e in events if e.action == "APPROVE" and e.stage == stage and (e.id or 0) > sent), None
        )
        step = Step(label=stage.label)
        if passed:
            step.state, step.at, step.text = "done", clock.local(passed.created_at), "通过"
        elif row.stage == number and row.status in (Status.PENDING, Status.RETURNED, Status.REJECTED):
            step.state = "now" if row.status == Status.PENDING else "bad"
            step.at = clock.local(row.decided_at) if row.status != Status.PENDING else ""
            texts = {Status.PENDING: "正在办理", Status.RETURNED: "已退回，等待补正"}
            step.text = texts.get(Status(row.status), "审核不通过")
        found.append(step)
    return found


def _published(session: Session, grant: PolicyGrant) -> list[Step]:
    first, second = Step(label="公示", state="now", text="等待公示"), Step(label="公示确认")
    publicity = session.get(Publicity, grant.publicity_id) if grant.publicity_id else None
    if publicity is None:
        return [first, second]
    first.at, first.text, first.state = f"{publicity.starts_on}", f"至 {publicity.ends_on}", "done"
    if grant.state == GrantState.PUBLIC:
        first.state = "now" if clock.today() <= publicity.ends_on else "done"
        second.state, second.text = ("now", "等待确认") if first.state == "done" else ("todo", "")
        if policy_publicity.is_disputed(session, grant):
            second.text = "有异议，正在核实"
    elif grant.state == GrantState.REVOKED and grant.confirmed_at is None:
        second = Step(
            label="公示确认", at=clock.local(grant.revoked_at), state="bad", text="异议成立，已取消"
        )
    else:
        second = Step(label="公示确认", at=clock.local(grant.confirmed_at), state="done", text="无异议")
    return [first, second]


def _redeemed(session: Session, grant: PolicyGrant) -> list[Step]:
    claimed, checked = Step(label="兑现申请"), Step(label="兑现审核")
    # Why the payment before failed stays told until one arrives.
    failed = policy_standing.failure_told(session, grant.id or 0)
    paid = Step(label="拨付", state="bad" if failed else "todo", text=failed)
    if grant.state == GrantState.REVOKED and grant.confirmed_at:
        at, text = clock.local(grant.revoked_at), f"奖补已取消：{grant.reason}"
        return [Step(label="兑现申请", at=at, state="bad", text=text), checked, paid]
    if grant.state not in (GrantState.CONFIRMED, GrantState.PAID):
        return [claimed, checked, paid]
    claim = policy_claim.latest(session, grant.id or 0)
    if claim is None or claim.submitted_at is None or claim.status == Status.DRAFT:
        withdrawn = claim is not None and claim.submitted_at is not None
        can = "已撤回，尚未重新提交" if withdrawn else "可以申请"
        claimed.state, claimed.text = "now", policy_claim.why_not(session, grant, claim) or can
        return [claimed, checked, paid]
    claimed.state, claimed.at = "done", clock.local(claim.submitted_at)
    if claim.status != Status.APPROVED:
        texts = {Status.PENDING: "正在办理", Status.RETURNED: "已退回，等待更正"}
        checked.state = "now" if claim.status == Status.PENDING else "bad"
        checked.text = texts.get(Status(claim.status), "审核不通过")
        return [claimed, checked, paid]
    checked.state, checked.at, checked.text = "done", clock.local(claim.decided_at), "通过"
    payment = policy_claim.living_payment(session, grant.id or 0)
    if payment is None:
        if not policy_claim.last_failure(session, claim.id or 0):
            wrong = policy_claim.misnamed(session, claim)
            paid.state, paid.text = (
                ("bad", wrong) if wrong else ("now", "；".join(filter(None, ("等待编入批次", failed))))
            )
    elif payment.state == PaymentState.PAID:
        paid.state, paid.at, paid.text = "done", f"{payment.paid_on}", f"已拨付，凭证 {payment.voucher_no}"
    else:
        paid.state, paid.text = "now", "拨付中"
    return [claimed, checked, paid]


def own_steps(session: Session, actor: Actor, row_id: int) -> list[Step]:
    """Return where an own application stands."""
    return steps(session, review.load_own(session, FLOW, actor, row_id))
