"""办理概览: how many applications of each policy stand where, and the money asked, granted and paid (manual §8.1)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import and_, case, func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Policy, PolicyApplication, PolicyBudget, PolicyGrant
from cpegi_app.services import list_count, policy_people
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, order_by
from cpegi_app.services.policy_amount import yuan
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import GrantState, PolicyStage

A = PolicyApplication
# Of the budget's own row: what is added up over the applications is known a page at a time.
SORTS = {
    "held": func.coalesce(PolicyBudget.held_fen, 0),
    "paid": func.coalesce(PolicyBudget.paid_fen, 0),
}


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
    # Approved and taken back since: part of what was approved, not of what is held.
    revoked: int = 0
    revoked_amount: str = ""


def listing(
    session: Session, actor: Actor, *, filters: Filters | None = None, page: int = 1, size: int = 10
) -> tuple[list[OverviewRow], int]:
    """Return one page of the policies with their figures, the newest first; `filters`: word, sort."""
    policy_people.require(actor, PolicyStage.FORMAL)
    filters = filters or {}
    where: list[Any] = [col(Policy.version_id).is_not(None)]
    if word := normalise(filters.get("word", "")):
        where.append(col(Policy.name).contains(word, autoescape=True))
    total = session.exec(select(func.count()).select_from(Policy).where(*where)).one()
    query = select(Policy).outerjoin(PolicyBudget, col(PolicyBudget.policy_id) == Policy.id).where(*where)
    query = query.order_by(*order_by(SORTS, filters.get("sort", ""), Policy))
    policies = list(session.exec(query.offset((page - 1) * size).limit(size)))
    ids = [p.id or 0 for p in policies]
    figures = _figures(session, tuple(ids))
    budgets = {
        b.policy_id: b for b in session.exec(select(PolicyBudget).where(col(PolicyBudget.policy_id).in_(ids)))
    }
    rows = [_row(p, figures[p.id or 0], budgets.get(p.id or 0)) for p in policies]
    gone = _revoked(session, ids)
    for row in rows:
        row.revoked, fen = gone.get(row.id, (0, 0))
        row.revoked_amount = yuan(fen)
    return rows, total


def _revoked(session: Session, ids: list[int]) -> dict[int, tuple[int, int]]:
    """Return how many grants of policies were taken back, and how much they come to."""
    figures: Any = select(PolicyGrant.policy_id, func.count(), func.sum(PolicyGrant.amount_fen))  # pyright: ignore
    where = (col(PolicyGrant.policy_id).in_(ids), PolicyGrant.state == GrantState.REVOKED.value)
    found = session.exec(figures.where(*where).group_by(col(PolicyGrant.policy_id)))
    return {policy_id: (count, int(fen)) for policy_id, count, fen in found}


# What is added up over a policy's applications, in this order.
PARTS = ("total", "formal", "business", "late", "returned", "approved", "asked", "granted")


def _parts(today: date) -> tuple[Any, ...]:
    """Return each of the parts for one application."""
    pending = A.status == Status.PENDING.value

    def number(*where: Any) -> Any:
        return case((and_(*where), 1), else_=0)

    approved = A.status == Status.APPROVED.value
    sent = A.status != Status.DRAFT.value
    return (
        number(sent),
        number(pending, A.stage == 0),
        number(pending, A.stage > 0),
        number(pending, col(A.due_on) < today),
        number(A.status == Status.RETURNED.value),
        number(approved),
        case((sent, col(A.asked_fen)), else_=0),  # pyright: ignore[reportArgumentType]
        case((approved, func.coalesce(A.reviewed_fen, 0)), else_=0),  # pyright: ignore[reportArgumentType]
    )


@lru_cache(maxsize=32)
def _table(ids: tuple[int, ...], today: date) -> list_count.Table:
    """Return how the applications of some policies are added up, each part of each policy apart."""
    sums = [case((A.policy_id == i, part), else_=0) for i in ids for part in _parts(today)]  # pyright: ignore[reportArgumentType]
    return list_count.Table(A, tuple(sums), list_count.updated(A))


def _figures(session: Session, ids: tuple[int, ...]) -> dict[int, dict[str, int]]:
    """Add up a page of policies; what was added up before is only brought up to date."""
    today, where = clock.today(), [col(A.policy_id).in_(ids)]
    key = ("policy_overview", ids, today)
    found = list_count.counted(session, _table(ids, today), key, where, list_count.WHOLE)
    sums = iter(found.sums(len(ids) * len(PARTS)))
    return {i: {name: next(sums) for name in PARTS} for i in ids}


def _row(policy: Policy, figures: dict[str, int], budget: PolicyBudget | None) -> OverviewRow:
    row = OverviewRow(id=policy.id or 0, name=policy.name)
    for name in ("formal", "business", "late", "returned", "approved", "total"):
        setattr(row, name, figures[name])
    row.rejected = row.total - row.formal - row.business - row.returned - row.approved
    row.asked, row.granted = yuan(figures["asked"]), yuan(figures["granted"])
    if budget is not None:
        row.held, row.paid = yuan(budget.held_fen), yuan(budget.paid_fen)
        row.budget = yuan(budget.total_fen) if budget.total_fen is not None else "不限"
        row.share = budget.held_fen * 100 // budget.total_fen if budget.total_fen else 0
    return row
