"""What is ready to be paid: approved claims that no payment has been made for (manual §8.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Payment, PaymentBatch, PolicyApplication, PolicyClaim, PolicyGrant
from cpegi_app.services import policy_claim, policy_people, policy_standing
from cpegi_app.services.lists import Filters, int_filter, named, order_by
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_claim import ClaimLine
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import GrantState, PaymentState, PolicyStage

STAGE = PolicyStage.FINANCE
# So many payments make a batch at most.
MOST = 500
C, G, A = PolicyClaim, PolicyGrant, PolicyApplication
READY_SORTS = {"approved": col(C.decided_at), "amount": col(C.amount_fen)}
FAILED_SORTS = {"amount": col(C.amount_fen)}


class ReadyRow(ClaimLine):
    """An approved claim that waits for its payment."""

    fen: int
    approved: str
    again: bool
    why: str
    application_id: int


class FailedRow(ClaimLine):
    """A claim whose payment has failed and that has not been made anew yet."""

    why: str
    batch: str
    at: str
    application_id: int


_NEWER = aliased(PolicyClaim)


def _newer(*where: Any) -> Any:
    """Return the condition that its grant has a claim of a later round, one that stands so."""
    later = _NEWER.round > C.round  # pyright: ignore[reportOperatorIssue]
    return select(_NEWER.id).where(_NEWER.grant_id == C.grant_id, later, *where).exists()


_FAILED = col(Payment.state) == PaymentState.FAILED.value
# Approved, and nothing of its grant paid or on its way; made once, for every page of the staff's counts it.
_UNPAID: tuple[Any, ...] = (
    C.status == Status.APPROVED.value,
    G.id == C.grant_id,
    A.id == C.application_id,
    G.state == GrantState.CONFIRMED.value,
    ~select(Payment.id).where(Payment.grant_id == C.grant_id, ~_FAILED).exists(),
)
_HAS_FAILED = (
    select(Payment.id).where(Payment.claim_id == C.id, Payment.grant_id == C.grant_id, _FAILED).exists()
)
# A claim of a later round replaces the one before: from its beginning nothing is paid on that any more,
# from its submission it is the one that counts, whatever becomes of it. One that was withdrawn is a draft again.
_IS_DRAFT = col(_NEWER.status) == Status.DRAFT.value
_STANDS = (*_UNPAID, ~_newer(~_IS_DRAFT))
# A claim whose payment has failed is never paid as it is: its applicant states the payee anew.
_FAILED_ONCE = (*_STANDS, _HAS_FAILED)
_PAYABLE = (*_UNPAID, ~_HAS_FAILED, ~_newer())
_BEGUN_ANEW = _newer(_IS_DRAFT)
BEGUN = "申请单位已开始重新申请，尚未提交"


def _mine(session: Session, actor: Actor) -> list[Any]:
    """Return the condition that a claim is the actor's to pay."""
    policy_people.require(actor, STAGE)
    mine = policy_people.versions(session, actor, STAGE)
    return [] if mine is None else [col(A.version_id).in_(mine)]


def payable(session: Session, actor: Actor) -> list[Any]:
    """Return the conditions of a claim that may be paid by the actor."""
    return [*_PAYABLE, *_mine(session, actor)]


def _renamed(session: Session, where: list[Any]) -> Any:
    """Return the condition that a claim has to be made anew, as its payee's name has changed since."""
    return col(C.id).in_(policy_standing.misnamed(session, *where))


def _to_pay(session: Session, actor: Actor) -> list[Any]:
    """Return the conditions of what waits to be paid: what may be paid, as it was claimed."""
    where = payable(session, actor)
    return [*where, ~_renamed(session, where)]


def _to_ask_again(session: Session, actor: Actor) -> list[Any]:
    """Return the conditions of what its applicant has to claim anew: called otherwise by now, or begun anew and not sent."""
    where = [*_STANDS, ~_HAS_FAILED, *_mine(session, actor)]
    return [*where, or_(_BEGUN_ANEW, _renamed(session, where))]


def barred(session: Session, payees: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """Return why nothing is paid to payees (organisation, name): accounts closed, or another name by now."""
    wanted = set(payees)
    closed = policy_people.closed(session, [org for org, _ in wanted])
    found = policy_claim.renamed(session, wanted)
    found = {payee: f"{why}，等待申请单位重新申请兑现" for payee, why in found.items()}
    return found | {payee: "该单位账号已全部停用" for payee in wanted if payee[0] in closed}


def policies(session: Session, actor: Actor, *, again: bool = False) -> list[tuple[str, str]]:
    """Return the policies of which something waits to be paid, or to be claimed anew, for the query bar."""
    query = (
        select(A.policy_id, func.max(A.policy_name))
        .where(*(_to_ask_again if again else _to_pay)(session, actor))
        .group_by(col(A.policy_id))
    )
    return [(str(i), name) for i, name in session.exec(query.order_by(col(A.policy_id).desc()).limit(100))]


def _looked_for(filters: Filters) -> list[Any]:
    found = named(filters, col(C.org_name), col(A.receipt_no))
    if policy := int_filter(filters, "policy"):
        found.append(col(A.policy_id) == policy)
    return found


def ready(
    session: Session, actor: Actor, *, filters: Filters | None = None, page: int = 1, size: int = 10
) -> tuple[list[ReadyRow], int, str]:
    """Return one page of the claims that wait to be paid, how many, and their sum in 元; `filters`: word, policy, sort."""
    return _page(session, _to_pay(session, actor), filters or {}, page, size)


def again(
    session: Session, actor: Actor, *, filters: Filters | None = None, page: int = 1, size: int = 10
) -> tuple[list[ReadyRow], int]:
    """Return one page of the claims that their applicants have to make anew (须重新申请); `filters` as in `ready`."""
    found, total, _ = _page(session, _to_ask_again(session, actor), filters or {}, page, size)
    for row in found:
        # What is called as it was is here because it was begun anew.
        row.why = row.why or BEGUN
    return found, total


def _page(
    session: Session, which: list[Any], filters: Filters, page: int, size: int
) -> tuple[list[ReadyRow], int, str]:
    where = [*which, *_looked_for(filters)]
    figures: Any = select(func.count(col(C.id)), func.coalesce(func.sum(C.amount_fen), 0)).where(*where)  # pyright: ignore
    total, amount = session.exec(figures).one()
    order = order_by(READY_SORTS, filters.get("sort") or "approved", C)
    query = select(C, A).where(*where).order_by(*order)
    found = session.exec(query.offset((page - 1) * size).limit(size)).all()
    why = barred(session, [(c.org_id, c.payee_name) for c, _ in found])
    failed = policy_claim.failures(session, [c.grant_id for c, _ in found])
    return [_ready_row(c, a, why, failed) for c, a in found], total, yuan(int(amount))


def waiting(session: Session, actor: Actor) -> int:
    """Return how many claims wait to be paid."""
    return session.exec(select(func.count(col(C.id))).where(*_to_pay(session, actor))).one()


def choosable(session: Session, actor: Actor, filters: Filters | None = None) -> dict[int, int]:
    """Return the claims that may be paid and their amounts in 分, as many as one batch takes; `filters` as in `ready`."""
    where = [*_to_pay(session, actor), *_looked_for(filters or {})]
    query = (
        select(C.id, C.org_id, C.payee_name, C.amount_fen)
        .where(*where)
        .order_by(col(C.decided_at), col(C.id))
    )
    found = session.exec(query.limit(MOST)).all()
    why = barred(session, [(org, name) for _, org, name, _ in found])
    return {i or 0: fen for i, org, name, fen in found if (org, name) not in why}


def failed(
    session: Session, actor: Actor, *, filters: Filters | None = None, page: int = 1, size: int = 10
) -> tuple[list[FailedRow], int]:
    """Return one page of the claims whose payment has failed and that wait for their applicants; `filters`: as in `ready`."""
    filters = filters or {}
    where = [*_FAILED_ONCE, *_mine(session, actor), *_looked_for(filters)]
    total = session.exec(select(func.count(col(C.id))).where(*where)).one()
    order = order_by(FAILED_SORTS, filters.get("sort", ""), C)
    query = select(C, A).where(*where).order_by(*order)
    found = session.exec(query.offset((page - 1) * size).limit(size)).all()
    return [_failed_row(session, c, a) for c, a in found], total


def _failed_row(session: Session, c: PolicyClaim, a: PolicyApplication) -> FailedRow:
    query = select(Payment).where(Payment.claim_id == c.id, _FAILED).order_by(col(Payment.id).desc())
    payment = session.exec(query.limit(1)).one()
    return FailedRow(
        **policy_claim.line_of(c, a),
        why=payment.failure,
        batch=session.get_one(PaymentBatch, payment.batch_id).number,
        at=clock.local(payment.updated_at),
        application_id=a.id or 0,
    )


def _ready_row(
    c: PolicyClaim, a: PolicyApplication, why: dict[tuple[int, str], str], failed: dict[int, str]
) -> ReadyRow:
    return ReadyRow(
        **policy_claim.line_of(c, a),
        fen=c.amount_fen,
        approved=clock.local(c.decided_at),
        again=c.grant_id in failed,
        why=why.get((c.org_id, c.payee_name), ""),
        application_id=a.id or 0,
    )
