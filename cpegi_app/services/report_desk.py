"""Approved reports as the regulator and the staff read them: filters, pages, and one in full (manual §7)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import false, func, or_
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import NotFound
from cpegi_app.models import Organisation, Report, StoredFile
from cpegi_app.services import list_count, lists, report_period, review, review_view, staff
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.report import FLOW, Choice, choices
from cpegi_app.services.report_period import Period
from cpegi_app.services.review_view import ReviewView
from cpegi_app.vocabulary import OrgClass, PeriodType, ReportKind, Status


class ReadRow(BaseModel):
    """An approved report in the regulator's list."""

    id: int = 0
    org: str = ""
    org_class: str = ""
    kind: str = ""
    period: str = ""
    name: str = ""
    handed_in: str = ""
    approved: str = ""
    files: int = 0
    statistics: bool = False


def in_period(period: Period) -> Any:
    """Return the condition that a report is of a period; a month holds also the unscheduled ones handed in during it."""
    own = col(Report.period) == period.code
    if period.type is not PeriodType.MONTH:
        return own
    low, high = (
        datetime.combine(day, time(), clock.SHANGHAI)
        for day in (period.start, period.end + timedelta(days=1))
    )
    unscheduled = (
        (col(Report.period) == "") & (col(Report.handed_in_at) >= low) & (col(Report.handed_in_at) < high)
    )
    return or_(own, unscheduled)


def of_period(query: Any, period: Period) -> Any:
    """Narrow a query to a period."""
    return query.where(in_period(period))


def approved() -> Any:
    """Return the query of all that may be read."""
    return (
        select(Report, Organisation)
        .join(Organisation, col(Organisation.id) == Report.org_id)
        .where(Report.status == Status.APPROVED.value)
    )


def pack(session: Session, actor: Actor, code: str = "") -> tuple[str, int]:
    """Return a period and how many of its reports may be read; none named: the newest month that has any."""
    staff.require(actor, Permission.REPORT_READ)
    if not code:
        query = select(func.max(Report.period)).where(Report.status == Status.APPROVED.value)
        newest = session.exec(query.where(Report.kind == ReportKind.MONTHLY.value)).one()
        code = newest or report_period.last_ended(PeriodType.MONTH, clock.today()).code
    try:
        period = report_period.parse(code)
    except ValueError:
        return "", 0
    query = select(func.count(col(Report.id))).where(
        Report.status == Status.APPROVED.value, in_period(period)
    )
    return code, session.exec(query).one()


def listing(
    session: Session,
    actor: Actor,
    *,
    period: str = "",
    kind: str = "",
    org_class: str = "",
    word: str = "",
    page: int = 1,
    size: int = 10,
) -> tuple[list[ReadRow], int]:
    """Return one page of the approved reports, newest first."""
    filters = {"period": period, "kind": kind, "org_class": org_class, "word": word}
    found = lists.page(session, actor, READ, filters, page=page, size=size)
    return found.rows, found.total


def _read(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.REPORT_READ)
    found: list[Any] = [Report.status == Status.APPROVED.value]
    if period := filters.get("period", ""):
        try:
            found.append(in_period(report_period.parse(period)))
        except ValueError:
            found.append(false())
    if (kind := filters.get("kind", "")) in ReportKind._value2member_map_:
        found.append(Report.kind == kind)
    if (org_class := filters.get("org_class", "")) in OrgClass._value2member_map_:
        found.append(Report.org_class == org_class)
    if word := normalise(filters.get("word", "")):
        named = col(Organisation.name).contains(word, autoescape=True)
        by = select(Organisation.id).where(Organisation.id == Report.org_id, named).exists()
        found.append(by | col(Report.name).contains(word, autoescape=True))
    return found


def _rows(session: Session, reports: list[Report]) -> list[ReadRow]:
    ids = {r.org_id for r in reports}
    orgs = {o.id: o for o in session.exec(select(Organisation).where(col(Organisation.id).in_(ids)))}
    counts = _file_counts(session, [r.id or 0 for r in reports])
    return [_row(r, orgs[r.org_id], counts.get(r.id or 0, 0)) for r in reports]


def _file_counts(session: Session, ids: list[int]) -> dict[int, int]:
    query = (
        select(StoredFile.subject_id, func.count())
        .where(StoredFile.flow == FLOW.name, col(StoredFile.subject_id).in_(ids))
        .where(col(StoredFile.removed_at).is_(None))
        .group_by(col(StoredFile.subject_id))
    )
    return dict(session.exec(query).all())


def _row(r: Report, org: Organisation, number: int) -> ReadRow:
    return ReadRow(
        id=r.id or 0,
        org=org.name,
        org_class=OrgClass.label_of(r.org_class),
        kind=ReportKind.label_of(r.kind),
        period=report_period.label(r.period),
        name=r.name,
        handed_in=clock.local(r.handed_in_at),
        approved=clock.local(r.decided_at),
        files=number,
        statistics=bool(r.statistics),
    )


class ReadView(BaseModel):
    """One approved report in full."""

    row: ReadRow
    view: ReviewView


def one(session: Session, actor: Actor, report_id: int) -> ReadView:
    """Return a report that the actor may read; only the approved ones stand here."""
    staff.require(actor, Permission.REPORT_READ)
    row = review.load(session, FLOW, actor, report_id)
    org = session.get_one(Organisation, row.org_id)
    if not FLOW.readers(actor, row):
        raise NotFound(FLOW.label)
    number = _file_counts(session, [row.id]).get(row.id, 0)
    return ReadView(row=_row(row, org, number), view=review_view.view(session, FLOW, actor, report_id))


def period_options(session: Session, actor: Actor) -> list[Choice]:
    """Return the periods that the filter and the download offer, newest first by type, as far back as reports go."""
    staff.require(actor, Permission.REPORT_READ)
    today, may_be_read = clock.today(), Report.status == Status.APPROVED.value
    at = session.exec(select(func.min(Report.handed_in_at)).where(may_be_read)).one()
    code = session.exec(select(func.min(Report.period)).where(may_be_read, Report.period != "")).one()
    handed_in = at.astimezone(clock.SHANGHAI).date() if at else today
    oldest = date(int(code[:4]), 1, 1) if code else today
    return choices(report_period.all_since(min(handed_in, oldest), today))


READ = lists.register(
    Listing(
        "reports_read",
        "已审核报告",
        _read,
        list_count.Table(Report),
        lambda session, actor, filters, found: _rows(session, found),
        {
            "报送机构": lambda r: r.org,
            "机构类别": lambda r: r.org_class,
            "报告类型": lambda r: r.kind,
            "报告期": lambda r: r.period,
            "报告名称": lambda r: r.name,
            "文件": lambda r: r.files,
            "统计表": lambda r: "有" if r.statistics else "—",
            "报送时间": lambda r: r.handed_in,
            "审核通过时间": lambda r: r.approved,
        },
        {"period": col(Report.period), "sent": col(Report.handed_in_at)},
        order=(col(Report.decided_at).desc(),),
        large=False,
    )
)
