"""审核队列: one queue over everything that waits for the platform, whichever flow it is (manual §3.3)."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, literal, union_all
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.models import Organisation, Verification
from cpegi_app.services import lists, review, waits
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters
from cpegi_app.services.staff import require
from cpegi_app.vocabulary import Status


class QueueRow(BaseModel):
    """Something that waits for the platform."""

    flow: str
    flow_label: str
    id: int
    title: str
    org: str
    submitted: str
    # When it came to the platform: later than it was sent, where another side decides first.
    came: str
    waiting: str
    late: bool
    href: str


class QueueCount(BaseModel):
    """How much of one kind waits."""

    flow: str
    label: str
    count: int


def platform_flows() -> list[review.Flow]:
    """Return the flows in which the platform decides at some stage, as the manual tells of them."""
    found = [
        f for f in review.FLOWS.values() if any(s.permission is Permission.REVIEW_PLATFORM for s in f.stages)
    ]
    return sorted(found, key=lambda f: f.submit_screen.manual)


def stages(flow: review.Flow, permission: Permission) -> list[int]:
    """Return the stages of a flow at which a permission decides."""
    return [i for i, stage in enumerate(flow.stages) if stage.permission is permission]


def _waiting(flow: review.Flow, filters: Filters, by_sent: bool = False) -> Any:
    """Return what waits of a flow, with when it came to the platform or when it was sent."""
    model, here = flow.model, stages(flow, Permission.REVIEW_PLATFORM)
    sent = col(model.submitted_at)
    at = sent if by_sent else waits.came(model, here)
    query: Any = select(literal(flow.name).label("flow"), col(model.id).label("id"), at.label("at")).where(
        model.status == Status.PENDING.value, col(model.stage).in_(here)
    )
    if word := normalise(filters.get("word", "")):
        named = select(Organisation.id).where(col(Organisation.name).contains(word, autoescape=True))
        # A new account has no name but the one that it has stated.
        stated = col(model.data)["name"].as_string().contains(word, autoescape=True)
        query = query.where(col(model.org_id).in_(named) | stated)
    if since := lists.day(filters.get("from", "")):
        query = query.where(sent >= clock.midnight(since))
    if until := lists.day(filters.get("to", "")):
        query = query.where(sent < clock.midnight(until + timedelta(days=1)))
    return query


def _counting(filters: Filters) -> Any:
    """Return the statement that counts what waits of each kind."""
    parts = (func.count().select().select_from(_waiting(f, filters).subquery()) for f in platform_flows())
    return sql_select(*(part.scalar_subquery() for part in parts))


@cache
def _counting_all() -> Any:
    # Every page of the staff's asks this; making it anew costs more than asking it.
    return _counting({})


def _counts(session: Session, filters: Filters) -> list[QueueCount]:
    asked = any(filters.values())
    row = session.execute(_counting(filters) if asked else _counting_all()).one()
    return [
        QueueCount(flow=f.name, label=f.label, count=n) for f, n in zip(platform_flows(), row, strict=True)
    ]


def waiting(session: Session, actor: Actor) -> int:
    """Return how much waits for the platform."""
    require(actor, Permission.REVIEW_PLATFORM)
    return sum(c.count for c in _counts(session, {}))


def queue(
    session: Session,
    actor: Actor,
    *,
    flow: str = "",
    filters: Filters | None = None,
    sort: str = "",
    page: int = 1,
    size: int = 20,
) -> tuple[list[QueueRow], int, list[QueueCount]]:
    """Return one page of what waits for the platform, what has waited longest first, the total, and the counts by kind."""
    require(actor, Permission.REVIEW_PLATFORM)
    asked = filters or {}
    flows = platform_flows()
    counts = _counts(session, asked)
    chosen = [f for f in flows if f.name == flow] or flows
    total = sum(c.count for c in counts if c.flow in {f.name for f in chosen})
    by_sent = sort.lstrip("-") == "sent"
    together = union_all(*(_waiting(f, asked, by_sent) for f in chosen)).subquery()
    at, row_id = together.c.at, together.c.id
    order = (at.desc(), row_id.desc()) if sort == "-sent" else (at, row_id)
    query = select(together.c.flow, row_id).order_by(*order)
    rows = [
        _queue_row(session, review.FLOWS[name], found)
        for name, found in session.exec(query.offset((page - 1) * size).limit(size)).all()
    ]
    return rows, total, counts


def _queue_row(session: Session, flow: review.Flow, row_id: int) -> QueueRow:
    row = session.get(flow.model, row_id)
    assert row is not None
    org = session.get(Organisation, row.org_id)
    return QueueRow(
        flow=flow.name,
        flow_label=flow.label,
        id=row_id,
        title=flow.title(session, row),
        org=(org.name if org else "") or row.data.get("name", "") or "新账号",
        submitted=clock.local(row.submitted_at),
        came=clock.local(waits.came_at(row)),
        waiting=waits.told(row),
        late=waits.is_late(row),
        href=flow.reviewer_href(row),
    )


def _queue_pages(
    session: Session, actor: Actor, filters: Filters, page: int, size: int
) -> tuple[list[QueueRow], int]:
    flow, sort = filters.get("flow", ""), filters.get("sort", "")
    rows, total, _ = queue(session, actor, flow=flow, filters=filters, sort=sort, page=page, size=size)
    return rows, total


QUEUE_LIST = lists.paged(
    "queue",
    "待审核事项",
    Verification,
    {
        "类型": lambda r: r.flow_label,
        "事项": lambda r: r.title,
        "申请单位": lambda r: r.org,
        "提交时间": lambda r: r.submitted,
        "已等待": lambda r: r.waiting,
    },
    # Over several tables: the queue sorts itself.
    {"sent": None},
    pages=_queue_pages,
    large=True,
)
