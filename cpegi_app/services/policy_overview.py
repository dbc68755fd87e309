"""办理概览: how many applications of each policy stand where, and the money asked, granted and paid (manual §8.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import case, func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Policy, PolicyApplication, PolicyBudget
from cpegi_app.services import policy_people
from cpegi_app.services.policy_amount import yuan
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import PolicyStage

A = PolicyApplication


class OverviewRow(BaseModel):
    """A policy's applications by where they stand."""

    id: int = 0
    name: str = ""
    formal: int = 0
    business: int = 0
    late: int = 0
    returned: int = 0
    approved: int = 0
    rejected: int = 0
    total: int = 0
    asked: str = ""
    granted: str = ""
    held: str = ""
    budget: str = ""
    paid: str = ""
    share: int = 0


def listing(
    session: Session, actor: Actor, *, page: int = 1, size: int = 10
) -> tuple[list[OverviewRow], int]:
    """Return one page of the policies with their figures, the newest first."""
    policy_people.require(actor, PolicyStage.FORMAL)
    where = col(Policy.version_id).is_not(None)
    total = session.exec(select(func.count()).select_from(Policy).where(where)).one()
    query = select(Policy).where(where).order_by(col(Policy.id).desc())
    policies = list(session.exec(query.offset((page - 1) * size).limit(size)))
    ids = [p.id or 0 for p in policies]
    figures = _figures(session, ids)
    budgets = {
        b.policy_id: b for b in session.exec(select(PolicyBudget).where(col(PolicyBudget.policy_id).in_(ids)))
    }
    return [_row(p, figures.get(p.id or 0, []), budgets.get(p.id or 0)) for p in policies], total


def _figures(session: Session, ids: list[int]) -> dict[int, list[tuple]]:
    """Count by policy, status and stage, off one covering index."""
    late = case((col(A.due_on) < clock.today(), 1), else_=0)
    query: Any = (
        select(  # pyright: ignore[reportCallIssue]
            A.policy_id,
            A.status,
            A.stage,
            func.count(),
            func.sum(late),
            func.sum(A.asked_fen),  # pyright: ignore[reportArgumentType]
            func.sum(A.reviewed_fen),  # pyright: ignore[reportArgumentType]
        )
        .where(col(A.policy_id).in_(ids), A.status != Status.DRAFT.value)
        .group_by(col(A.policy_id), col(A.status), col(A.stage))
    )
    found: dict[int, list[tuple]] = {}
    for policy_id, *rest in session.exec(query):
        found.setdefault(policy_id, []).append(tuple(rest))
    return found


def _row(policy: Policy, figures: list[tuple], budget: PolicyBudget | None) -> OverviewRow:
    row, asked, granted = OverviewRow(id=policy.id or 0, name=policy.name), 0, 0
    for status, stage, count, late, asked_fen, reviewed_fen in figures:
        row.total += count
        asked += int(asked_fen or 0)
        if status == Status.PENDING:
            row.late += int(late or 0)
            row.formal += count if stage == 0 else 0
            row.business += count if stage else 0
        elif status == Status.RETURNED:
            row.returned += count
        elif status == Status.APPROVED:
            row.approved += count
            granted += int(reviewed_fen or 0)
        else:
            row.rejected += count
    row.asked, row.granted = yuan(asked), yuan(granted)
    if budget is not None:
        row.held, row.paid = yuan(budget.held_fen), yuan(budget.paid_fen)
        row.budget = yuan(budget.total_fen) if budget.total_fen is not None else "不限"
        row.share = budget.held_fen * 100 // budget.total_fen if budget.total_fen else 0
    return row
