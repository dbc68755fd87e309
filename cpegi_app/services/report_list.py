"""报告管理: the organisation's own reports as its list shows them (manual §7)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Report
from cpegi_app.services import list_count, lists, report_period, review
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.report import FLOW
from cpegi_app.vocabulary import TONES, ReportKind, Status


class ReportRow(BaseModel):
    """A report in the list of its organisation."""

    id: int
    name: str
    kind: str
    period: str
    status: str
    status_label: str
    tone: str
    handed_in: str
    reason: str
    editable: bool


def listing(
    session: Session,
    actor: Actor,
    *,
    word: str = "",
    kind: str = "",
    status: str = "",
    page: int = 1,
    size: int = 10,
) -> tuple[list[ReportRow], int]:
    """Return one page of the organisation's own reports, newest first."""
    filters = {"word": word, "kind": kind, "status": status}
    found = lists.page(session, actor, OWN, filters, page=page, size=size)
    return found.rows, found.total


def _own(actor: Actor, filters: Filters) -> list[Any]:
    review.require(FLOW, actor)
    found: list[Any] = [Report.org_id == actor.org_id]
    if word := normalise(filters.get("word", "")):
        found.append(col(Report.name).contains(word, autoescape=True))
    if (kind := filters.get("kind", "")) in ReportKind._value2member_map_:
        found.append(Report.kind == kind)
    if (status := filters.get("status", "")) in Status._value2member_map_:
        found.append(Report.status == status)
    return found


def _row(r: Report) -> ReportRow:
    return ReportRow(
        id=r.id or 0,
        name=r.name or "（未填写名称）",
        kind=ReportKind.label_of(r.kind),
        period=report_period.label(r.period),
        status=r.status,
        status_label=Status.label_of(r.status),
        tone=TONES[r.status],
        handed_in=clock.local(r.submitted_at) or "未提交",
        reason=r.reason if r.status == Status.RETURNED else "",
        editable=r.status in review.EDITABLE,
    )


OWN = lists.register(
    Listing(
        "reports",
        "报告",
        _own,
        list_count.Table(Report),
        lambda session, actor, filters, found: [_row(r) for r in found],
        {
            "报告名称": lambda r: r.name,
            "报告类型": lambda r: r.kind,
            "报告期": lambda r: r.period,
            "状态": lambda r: r.status_label,
            "提交时间": lambda r: r.handed_in,
            "退回原因": lambda r: r.reason,
        },
        {"period": col(Report.period), "sent": col(Report.submitted_at)},
        large=False,
    )
)
