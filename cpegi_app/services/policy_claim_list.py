"""What has been granted and how far it is: the organisation's own list, and the staff's queue of claims (manual §8.2)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import CLAIM_REVIEW, POLICY_APPLICATION, POLICY_CLAIM, Actor
from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.models import Payment, Policy, PolicyApplication, PolicyClaim, PolicyGrant
from cpegi_app.services import (
    lists,
    policy_claim,
    policy_people,
    policy_standing,
    review,
    review_desk,
    review_view,
    waits,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, order_by
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_claim import FLOW, ClaimLine
from cpegi_app.services.review_desk import DeskFile, DeskGroup, DeskSlot
from cpegi_app.services.review_view import ReviewView
from cpegi_app.vocabulary import TONES, Action, Status
from cpegi_app.vocabulary.policy import GrantState, PaymentState, PolicyStage


class GrantRow(BaseModel):
    """A grant as its organisation sees it: where it stands and what to do next."""

    id: int
    policy: str
    receipt: str
    amount: str
    state: str
    tone: str
    window: str
    note: str
    action: str
    href: str
    application: str
    voucher: str


OWN_SORTS = {"amount": col(PolicyGrant.amount_fen)}


def own(
    session: Session, actor: Actor, *, filters: Filters | None = None, page: int = 1, size: int = 10
) -> tuple[list[GrantRow], int]:
    """Return one page of what was granted to the actor's organisation, newest first; `filters`: word, state, sort."""
    review.require(FLOW, actor)
    filters, where = filters or {}, [col(PolicyGrant.org_id) == actor.org_id]
    where += policy_standing.where(session, filters, *where)
    if named := lists.named(filters, col(PolicyApplication.policy_name), col(PolicyApplication.receipt_no)):
        granted = select(PolicyApplication.id).where(PolicyApplication.org_id == actor.org_id, *named)
        where.append(col(PolicyGrant.application_id).in_(granted))
    total = session.exec(select(func.count()).select_from(PolicyGrant).where(*where)).one()
    query = select(PolicyGrant).where(*where)
    query = query.order_by(*order_by(OWN_SORTS, filters.get("sort", ""), PolicyGrant))
    return [own_row(session, g) for g in session.exec(query.offset((page - 1) * size).limit(size))], total


def own_row(session: Session, g: PolicyGrant) -> GrantRow:
    """Return a grant as its owner reads it, with what can be done about it now."""
    application = session.get_one(PolicyApplication, g.application_id)
    policy = session.get_one(Policy, g.policy_id)
    claim = policy_claim.latest(session, g.id or 0)
    state, tone, note = policy_standing.told(session, [g])[g.id or 0]
    action, href = "", ""
    if claim is not None:
        if claim.status not in (Status.PENDING, Status.APPROVED):
            still = policy_claim.still(session, g, claim)
            note = "。".join(filter(None, (note.rstrip("。"), still)))
        href, action = POLICY_CLAIM.url(cid=claim.id), "查看"
        if claim.status in review.EDITABLE and g.state != GrantState.REVOKED:
            action = "修改后重新提交" if claim.submitted_at else "继续填写"
    if state != policy_standing.STANDINGS["FAILED"] and (
        before := policy_standing.failure_told(session, g.id or 0)
    ):
        # The account is chosen anew by who knows why the last one failed.
        note = "。".join(filter(None, (before, note)))
    if not policy_claim.why_not(session, g, claim) and policy_claim.may_begin(session, g):
        action, href = ("重新申请兑现" if claim else "申请兑现"), ""
    paid = policy_claim.living_payment(session, g.id or 0)
    done = paid is not None and paid.state == PaymentState.PAID
    return GrantRow(
        id=g.id or 0,
        policy=application.policy_name,
        receipt=application.receipt_no or "",
        amount=yuan(g.amount_fen),
        state=state,
        tone=tone,
        window=definitions.window_text(policy.redeem_opens_at, policy.redeem_closes_at),
        note=note,
        action=action,
        href=href,
        application=POLICY_APPLICATION.url(aid=application.id),
        voucher=f"{paid.paid_on} · 凭证 {paid.voucher_no}" if paid and done else "",
    )


# --- the staff's queue --------------------------------------------------------------------------------


class ClaimRow(ClaimLine):
    """A claim that waits for its review."""

    submitted: str
    waiting: str
    status: str
    tone: str
    again: bool
    href: str


QUEUE_SORTS = {"submitted": col(PolicyClaim.submitted_at), "amount": col(PolicyClaim.amount_fen)}


# What the queue shows: what waits unless another status is asked for, or all of it.
SHOWN = (Status.PENDING.value, Status.RETURNED.value, Status.APPROVED.value, Status.REJECTED.value)
EVERY = "ALL"


def _at_desk(session: Session, actor: Actor, *statuses: str) -> list[Any]:
    stage = PolicyStage.REDEMPTION
    policy_people.require(actor, stage)
    where: list[Any] = [col(PolicyClaim.status).in_(statuses)]
    mine = policy_people.versions(session, actor, stage)
    if mine is not None:
        named = select(PolicyApplication.id).where(col(PolicyApplication.version_id).in_(mine))
        where.append(col(PolicyClaim.application_id).in_(named))
    return where


def _count(session: Session, where: list[Any]) -> int:
    return session.exec(select(func.count(col(PolicyClaim.id))).where(*where)).one()


def waiting(session: Session, actor: Actor) -> int:
    """Return how many claims wait for the actor's review."""
    return _count(session, _at_desk(session, actor, Status.PENDING.value))


def queue(
    session: Session, actor: Actor, *, filters: dict[str, str], page: int = 1, size: int = 10
) -> tuple[list[ClaimRow], int]:
    """Return one page of the claims in a status (those that wait unless another is asked for), oldest first."""
    status = filters.get("status", "") or Status.PENDING.value
    where = _at_desk(session, actor, *(SHOWN if status == EVERY else (s for s in SHOWN if s == status)))
    if word := normalise(filters.get("word", "")):
        where.append(col(PolicyClaim.org_name).contains(word, autoescape=True))
    total = _count(session, where)
    order = order_by(QUEUE_SORTS, filters.get("sort", "") or "submitted", PolicyClaim)
    query = select(PolicyClaim).where(*where).order_by(*order)
    found = session.exec(query.offset((page - 1) * size).limit(size)).all()
    failed = policy_claim.failures(session, [c.grant_id for c in found])
    return [_row(session, c, failed) for c in found], total


def _row(session: Session, c: PolicyClaim, failed: dict[int, str]) -> ClaimRow:
    application = session.get_one(PolicyApplication, c.application_id)
    assert c.submitted_at
    return ClaimRow(
        **policy_claim.line_of(c, application),
        submitted=clock.local(c.submitted_at),
        waiting=waits.told(c) if c.status == Status.PENDING else "",
        status=Status.label_of(c.status),
        tone=TONES[c.status],
        again=c.grant_id in failed and c.round > 1,
        href=CLAIM_REVIEW.url(cid=c.id),
    )


class ClaimDesk(BaseModel):
    """Everything that the reviewer of a claim sees."""

    view: ReviewView = ReviewView()
    org: str = ""
    number: str = ""
    amount: str = ""
    application_id: int = 0
    groups: list[DeskGroup] = []
    files: list[DeskFile] = []
    slots: list[DeskSlot] = []
    markable: list[str] = []
    open: bool = False
    last_word: str = ""


def desk(session: Session, actor: Actor, row_id: int) -> ClaimDesk:
    """Return a claim as its reviewers read it."""
    policy_people.require(actor, PolicyStage.REDEMPTION)
    view = review_view.view(session, FLOW, actor, row_id)
    row = session.get_one(PolicyClaim, row_id)
    events = review_view.history(session, FLOW.name, row_id)
    asked = review_desk.asked_of(events)
    found = review_desk.desk_files(view, asked)
    application = session.get_one(PolicyApplication, row.application_id)
    return ClaimDesk(
        view=view,
        org=row.org_name,
        number=application.receipt_no or "",
        amount=yuan(row.amount_fen),
        application_id=row.application_id,
        groups=[review_desk.desk_group(g, asked) for g in view.groups],
        files=found,
        slots=[_receipt(row)],
        markable=sorted(policy_claim.NAMES - {"confirmed"}),
        open=view.can_approve,
        last_word=review_desk.last_word(events),
    )


def _receipt(row: PolicyClaim) -> DeskSlot:
    name = f"file_{policy_claim.RECEIPT}"
    return DeskSlot(name=name, title=policy_claim.TITLES[name], reason=row.field_reasons.get(name, ""))


def decide(
    session: Session,
    actor: Actor,
    row_id: int,
    action: Action,
    version: int,
    *,
    comment: str = "",
    marks: dict[str, str] | None = None,
    key: str = "",
) -> None:
    """Decide on a claim, as somebody whom the policy names for 兑现审核."""
    row = review.load(session, FLOW, actor, row_id)
    policy_people.refuse_outsider(session, actor, row.people, PolicyStage.REDEMPTION)
    known = {*policy_claim.NAMES, f"file_{policy_claim.RECEIPT}"}
    marks = {k: normalise(v) for k, v in (marks or {}).items()}
    if marks.keys() - known:
        raise DomainError("标记的栏目不在这份申请中，请刷新页面后重新标记。")
    if blank := [k for k, v in marks.items() if not v]:
        raise FormInvalid({f"r_{k}": f"请填写“{policy_claim.TITLES[k]}”需要更正的原因" for k in blank})
    if marks and action is not Action.RETURN:
        raise DomainError(f"您标记了 {len(marks)} 处需更正的内容：如需对方修改请点“退回”；否则请先清空标记。")
    reasons = marks if action is Action.RETURN else {}
    review.act(session, FLOW, actor, row_id, action, version, comment=comment, field_reasons=reasons, key=key)


def payments_of(session: Session, grant_id: int) -> list[Payment]:
    """Return every payment of a grant, oldest first."""
    query = select(Payment).where(Payment.grant_id == grant_id).order_by(col(Payment.id))
    return list(session.exec(query))
