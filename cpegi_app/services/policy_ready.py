"""What is ready to be paid: approved claims that no payment has been made for (manual §8.2)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Payment, PolicyApplication, PolicyClaim, PolicyGrant
from cpegi_app.services import policy_people
from cpegi_app.services.lists import Filters, named, order_by
from cpegi_app.services.policy_amount import yuan
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import GrantState, PaymentState, PolicyStage

STAGE = PolicyStage.FINANCE
# So many payments make a batch at most.
MOST = 500
C, G, A = PolicyClaim, PolicyGrant, PolicyApplication
READY_SORTS = {"approved": col(C.decided_at), "amount": col(C.amount_fen)}


class ReadyRow(BaseModel):
    """An approved claim that waits for its payment."""

    id: int
    org: str
    policy: str
    receipt: str
    amount: str
    fen: int
    payee: str
    account: str
    approved: str
    again: bool
    why: str
    application_id: int


_NEWER = aliased(PolicyClaim)
# Approved, confirmed, the newest round, nothing living; made once, for every page of the staff's counts it.
_PAYABLE: tuple[Any, ...] = (
    C.status == Status.APPROVED.value,
    G.id == C.grant_id,
    A.id == C.application_id,
    G.state == GrantState.CONFIRMED.value,
    ~select(Payment.id)
    .where(Payment.grant_id == C.grant_id, Payment.state != PaymentState.FAILED.value)
    .exists(),
    ~select(_NEWER.id)
    .where(
        _NEWER.grant_id == C.grant_id,
        _NEWER.round > C.round,  # pyright: ignore[reportOperatorIssue]
        _NEWER.status != Status.REJECTED.value,
    )
    .exists(),
)


def payable(session: Session, actor: Actor) -> list[Any]:
    """Return the conditions of a claim that may be paid by the actor."""
    mine = policy_people.versions(session, actor, STAGE)
    return [*_PAYABLE] if mine is None else [*_PAYABLE, col(A.version_id).in_(mine)]


def ready(
    session: Session, actor: Actor, *, filters: Filters | None = None, page: int = 1, size: int = 10
) -> tuple[list[ReadyRow], int, str]:
    """Return one page of the claims that may be paid, those approved first on top, how many, and their sum in 元."""
    policy_people.require(actor, STAGE)
    filters = filters or {}
    where = [*payable(session, actor), *named(filters, col(C.org_name), col(A.receipt_no))]
    figures: Any = select(func.count(col(C.id)), func.coalesce(func.sum(C.amount_fen), 0)).where(*where)  # pyright: ignore
    total, amount = session.exec(figures).one()
    order = order_by(READY_SORTS, filters.get("sort") or "approved", C)
    query = select(C, A).where(*where).order_by(*order)
    found = session.exec(query.offset((page - 1) * size).limit(size)).all()
    closed = policy_people.closed(session, [c.org_id for c, _ in found])
    return [_ready_row(c, a, closed) for c, a in found], total, yuan(int(amount))


def waiting(session: Session, actor: Actor) -> int:
    """Return how many claims may be paid."""
    policy_people.require(actor, STAGE)
    return session.exec(select(func.count(col(C.id))).where(*payable(session, actor))).one()


def ready_ids(session: Session, actor: Actor) -> list[int]:
    """Return the claims that may be paid, as many as one batch takes; closed organisations are left out."""
    policy_people.require(actor, STAGE)
    query = select(C.id, C.org_id).where(*payable(session, actor)).order_by(col(C.decided_at), col(C.id))
    found = session.exec(query.limit(MOST)).all()
    closed = policy_people.closed(session, [org for _, org in found])
    return [i or 0 for i, org in found if org not in closed]


def _ready_row(c: PolicyClaim, a: PolicyApplication, closed: set[int]) -> ReadyRow:
    return ReadyRow(
        id=c.id or 0,
        org=c.org_name,
        policy=a.policy_name,
        receipt=a.receipt_no or "",
        amount=yuan(c.amount_fen),
        fen=c.amount_fen,
        payee=c.payee_name,
        account=f"{c.bank} · 尾号 {c.account_no[-4:]}",
        approved=clock.local(c.decided_at),
        again=c.round > 1,
        why="该单位账号已全部停用，不能拨付" if c.org_id in closed else "",
        application_id=a.id or 0,
    )
