"""The organisation's own policy applications, and 提交前检查 of one (manual §8.1)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import PolicyApplication
from cpegi_app.services import policy_application, policy_view, review
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_check import Finding
from cpegi_app.vocabulary import TONES, Status


class ApplicationRow(BaseModel):
    """An own application in the list."""

    id: int
    policy: str
    receipt: str
    status: str
    status_label: str
    tone: str
    computed: str
    asked: str
    reviewed: str
    received: str
    due: str
    reason: str
    editable: bool


def listing(
    session: Session, actor: Actor, *, word: str = "", status: str = "", page: int = 1, size: int = 10
) -> tuple[list[ApplicationRow], int]:
    """Return one page of the organisation's own applications, newest first."""
    policy_application.require(actor)
    query = select(PolicyApplication).where(PolicyApplication.org_id == actor.org_id)
    if word:
        named = col(PolicyApplication.policy_name).contains(word, autoescape=True)
        query = query.where(named | (col(PolicyApplication.receipt_no) == word))
    if status in Status._value2member_map_:
        query = query.where(PolicyApplication.status == status)
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    rows = session.exec(
        query.order_by(col(PolicyApplication.id).desc()).offset((page - 1) * size).limit(size)
    )
    return [_row(r) for r in rows], total


def _row(r: PolicyApplication) -> ApplicationRow:
    sent = r.status != Status.DRAFT
    return ApplicationRow(
        id=r.id or 0,
        policy=r.policy_name,
        receipt=r.receipt_no or "未提交" if sent else "未提交",
        status=r.status,
        status_label=Status.label_of(r.status),
        tone=TONES[r.status],
        computed=yuan(r.computed_fen) if sent else "—",
        asked=yuan(r.asked_fen) if sent else "—",
        reviewed=yuan(r.reviewed_fen) if r.reviewed_fen is not None else "—",
        received=clock.local(r.received_at) if sent else "—",
        due=policy_view.due(r),
        reason=r.reason if r.status == Status.RETURNED else "",
        editable=r.status in review.EDITABLE,
    )


class PreCheck(BaseModel):
    """What 提交前检查 found."""

    done: bool = False
    findings: list[Finding] = []
    amount: str = ""


def precheck(session: Session, actor: Actor, row_id: int) -> PreCheck:
    """Run every check that the submission runs, and list all of it."""
    _row, found = policy_application.checked(session, actor, row_id)
    asked = yuan(found.asked_fen) if found.asked_fen else ""
    return PreCheck(done=True, findings=found.findings, amount=asked)
