"""What is due, late or in: for an organisation as a calendar, for staff and regulator as a matrix (manual §7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import REPORT_EDIT, REPORT_READ, REVIEW, Actor, Permission, Role
from cpegi_app.models import Organisation, Report
from cpegi_app.services import lists, report_duty, report_period, review, staff
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters
from cpegi_app.services.report import FLOW, heading
from cpegi_app.services.report_duty import Rule
from cpegi_app.services.report_item import HANDED_IN, Item, Standing, items, standings, state_of
from cpegi_app.services.report_period import Period
from cpegi_app.vocabulary import DUTY_TONES, PERIOD_OF, DutyState, OrgClass, PeriodType, ReportKind, Status

# Handed in longer ago than this, a report has left the calendar; what is open stays.
KEPT_MONTHS = 4


# --- the organisation's calendar ------------------------------------------------------------------


class DutyItem(BaseModel):
    """One duty in the calendar."""

    key: str
    kind: str
    period: str
    title: str
    day: str
    due: str
    left: str
    state: str
    state_label: str
    tone: str
    href: str
    can_fill: bool


class CalendarMonth(BaseModel):
    """The duties of a month, by the day on which they are due."""

    label: str
    duties: list[DutyItem]


class Calendar(BaseModel):
    """An organisation's duties and how many of them want something done."""

    months: list[CalendarMonth] = []
    late: int = 0
    soon: int = 0
    returned: int = 0


def calendar(session: Session, actor: Actor) -> Calendar:
    """Return the own organisation's duties by the month in which they are due."""
    review.require(FLOW, actor)
    org, today = session.get_one(Organisation, actor.org_id), clock.today()
    shown = sorted((i for i in items(session, [org], today) if _is_shown(i, today)), key=lambda i: i.due)
    months: dict[str, CalendarMonth] = {}
    for item in shown:
        label = f"{item.due.year}年{item.due.month}月"
        months.setdefault(label, CalendarMonth(label=label, duties=[])).duties.append(_duty(item, today))
    stages = [i.stage for i in shown]
    return Calendar(
        months=list(months.values()),
        late=stages.count(DutyState.LATE),
        soon=stages.count(DutyState.SOON),
        returned=sum(i.state is DutyState.RETURNED for i in shown),
    )


def _is_shown(item: Item, today: date) -> bool:
    recent = item.due >= report_period.month_end(today, -KEPT_MONTHS)
    return recent or item.state is not DutyState.IN


def _duty(item: Item, today: date) -> DutyItem:
    standing = item.standing
    started = standing is not None and standing.status in (Status.DRAFT, Status.RETURNED)
    sent = standing is not None and not started
    return DutyItem(
        key=f"{item.rule.kind.value}-{item.period.code}",
        kind=item.rule.kind.value,
        period=item.period.code,
        title=heading(item.rule.kind, item.period.code),
        day=f"{item.due.day} 日",
        due=item.due.isoformat(),
        left=_left(item, today),
        state=item.state.value,
        state_label=item.label,
        tone=item.tone,
        href=REPORT_EDIT.url(rid=standing.report_id) if sent and standing else "",
        can_fill=not sent and item.period.end <= today,
    )


def _left(item: Item, today: date) -> str:
    """Return how long there is, or how long ago it was due."""
    if item.state in HANDED_IN:
        handed = item.standing.handed_in.isoformat() if item.standing and item.standing.handed_in else ""
        return f"{handed} 报送" + ("，逾期" if item.is_late else "")
    if item.period.end > today:
        return "报告期未结束"
    days = (item.due - today).days
    if days < 0:
        return f"已逾期 {-days} 天"
    return f"还有 {days} 天" if days else "今天到期"


# --- the matrix -----------------------------------------------------------------------------------


class MatrixColumn(BaseModel):
    """A period, its last day, and how it stands over all organisations."""

    label: str
    code: str
    due: str
    asked: int = 0
    handed_in: int = 0
    late: int = 0


class MatrixCell(BaseModel):
    """How one organisation stands for one period."""

    column: str
    label: str
    tone: str
    hint: str
    href: str


class MatrixRow(BaseModel):
    """One organisation."""

    id: int
    org: str
    org_class: str
    late: int
    cells: list[MatrixCell]


SORTS = {"org": col(Organisation.name), "class": col(Organisation.org_class)}


@dataclass(frozen=True)
class Asked:
    """Who is asked for a kind of report, against which periods."""

    rules: list[Rule]
    periods: list[Period]
    orgs: Any


def wanted_kind(filters: Filters) -> ReportKind:
    """Return the kind of report that is looked at."""
    kind = filters.get("kind", "")
    return ReportKind(kind) if kind in report_duty.PERIODIC else ReportKind.MONTHLY


def _periods(filters: Filters) -> list[Period]:
    """Return the periods of the year that is looked at, or the newest ones."""
    kind, year = PERIOD_OF[wanted_kind(filters)], lists.int_filter(filters, "year")
    return year_periods(kind, year) if 2000 <= year < 2200 else newest_periods(kind, clock.today())


def _asked(session: Session, actor: Actor, filters: Filters) -> Asked | None:
    """Return what the filters leave, None where nobody is asked for such reports."""
    staff.require(actor, Permission.REPORT_READ)
    wanted = wanted_kind(filters)
    rules = [r for r in report_duty.in_force(session) if r.kind is wanted]
    if not rules:
        return None
    orgs = _asked_orgs(rules)
    if (org_class := filters.get("org_class", "")) in OrgClass._value2member_map_:
        orgs = orgs.where(Organisation.org_class == org_class)
    if word := normalise(filters.get("word", "")):
        orgs = orgs.where(col(Organisation.name).contains(word, autoescape=True))
    return Asked(rules, _periods(filters), orgs)


def matrix(
    session: Session, actor: Actor, filters: Filters, page: int = 1, size: int = 20
) -> tuple[list[MatrixRow], int]:
    """Return one page of the organisations that are asked, each against the periods; `filters`: kind, year, org_class, word, sort."""
    asked, today = _asked(session, actor, filters), clock.today()
    if asked is None:
        return [], 0
    total = session.exec(select(func.count()).select_from(asked.orgs.subquery())).one()
    ordered = asked.orgs.order_by(*lists.order_by(SORTS, filters.get("sort") or "org", Organisation))
    orgs = list(session.exec(ordered.offset((page - 1) * size).limit(size)))
    known = standings(session, [o.id or 0 for o in orgs])
    return [_matrix_row(actor, o, asked.rules, asked.periods, today, known) for o in orgs], total


def heads(session: Session, actor: Actor, filters: Filters) -> list[MatrixColumn]:
    """Return the heads of the matrix with their sums over all organisations asked, not only over the page."""
    asked = _asked(session, actor, filters)
    return columns(session, asked.rules, asked.periods, clock.today(), asked.orgs) if asked else []


MATRIX = lists.paged(
    "report_matrix",
    "报送情况",
    Organisation,
    {},
    SORTS,
    pages=matrix,
    lines=lambda session, actor, filters, shown: [
        [r.org, r.org_class, *(c.label for c in r.cells), r.late] for r in shown
    ],
    headings=lambda filters: ("机构", "机构类别", *(p.label for p in _periods(filters)), "逾期期数"),
)


def year_periods(kind: PeriodType, year: int) -> list[Period]:
    """Return a year's months or quarters; for yearly reports the year and the four before it."""
    last = report_period.containing(kind, date(year, 12, 31))
    count = {PeriodType.MONTH: 12, PeriodType.QUARTER: 4}.get(kind, 5)
    found = [last]
    while len(found) < count:
        found.append(found[-1].before())
    return found[::-1]


def newest_periods(kind: PeriodType, today: date) -> list[Period]:
    """Return the running period after the newest ended ones."""
    count = {PeriodType.MONTH: 5, PeriodType.QUARTER: 4}.get(kind, 3)
    return report_period.begun(kind, today, count)[::-1]


def _asked_orgs(rules: list[Rule]):
    audience = [r.applies_to for r in rules]
    return select(Organisation).where(
        col(Organisation.verified_at).is_not(None),
        or_(col(Organisation.kind).in_(audience), col(Organisation.org_class).in_(audience)),
    )


def _item(
    org: Organisation,
    rules: list[Rule],
    period: Period,
    today: date,
    known: dict[tuple[int, str, str], Standing],
) -> Item | None:
    """Return what one organisation is asked for a period, None when nothing; future periods are nothing yet."""
    rule = next(iter(report_duty.rules_for(rules, org.kind, org.org_class).values()), None)
    if rule is None or period.start > today or not report_duty.is_asked(rule, org, period):
        return None
    standing = known.get((org.id or 0, rule.kind.value, period.code))
    due = rule.due(period)
    return Item(org.id or 0, rule, period, due, state_of(due, today, standing), standing)


def _matrix_row(
    actor: Actor,
    org: Organisation,
    rules: list[Rule],
    periods: list[Period],
    today: date,
    known: dict[tuple[int, str, str], Standing],
) -> MatrixRow:
    found = [_item(org, rules, p, today, known) for p in periods]
    sent = [known.get((org.id or 0, rules[0].kind.value, p.code)) for p in periods]
    of_each = zip(periods, found, sent, strict=True)
    return MatrixRow(
        id=org.id or 0,
        org=org.name,
        org_class=OrgClass.label_of(org.org_class),
        late=sum(i is not None and i.is_overdue for i in found),
        cells=[_cell(actor, p, i, today) if i else _unasked(actor, p, s) for p, i, s in of_each],
    )


def _unasked(actor: Actor, period: Period, standing: Standing | None) -> MatrixCell:
    """Return the cell of a period that nothing was asked for: what came in all the same is told and read."""
    state = state_of(date.max, date.min, standing)
    if standing is None or state not in HANDED_IN:
        return MatrixCell(column=period.label, label="—", tone="", hint="", href="")
    handed = f"{standing.handed_in.isoformat()} 报送；" if standing.handed_in else ""
    return MatrixCell(
        column=period.label,
        label=state.label,
        tone=DUTY_TONES[state],
        hint=f"{handed}该报告期没有要求报送",
        href=_cell_href(actor, state, standing),
    )


def _cell(actor: Actor, period: Period, item: Item, today: date) -> MatrixCell:
    label = "逾期报送" if item.is_late else item.label
    return MatrixCell(
        column=period.label,
        label=label,
        tone="orange" if item.is_late else item.tone,
        hint=f"期限 {item.due.isoformat()}；{_left(item, today)}",
        href=_cell_href(actor, item.state, item.standing),
    )


def _cell_href(actor: Actor, state: DutyState, standing: Standing | None) -> str:
    """Return where the report can be read: the regulator reads approved ones, the staff also what was sent."""
    if standing is None:
        return ""
    if state is DutyState.IN:
        return REPORT_READ.url(rid=standing.report_id)
    if state is DutyState.REVIEWING and actor.role is Role.STAFF:
        return REVIEW.url(flow=FLOW.name, rid=standing.report_id)
    return ""


def columns(
    session: Session, rules: list[Rule], periods: list[Period], today: date, orgs: Any = None
) -> list[MatrixColumn]:
    """Return the heads with their sums over all organisations asked, not only over the page."""
    everybody = list(session.exec(_asked_orgs(rules) if orgs is None else orgs))
    codes = [p.code for p in periods]
    query = select(Report.org_id, Report.period).where(
        Report.kind == rules[0].kind.value,
        col(Report.period).in_(codes),
        col(Report.status).in_((Status.PENDING.value, Status.APPROVED.value)),
    )
    handed_in = {(org_id, code) for org_id, code in session.exec(query)}
    found = []
    for period in periods:
        asked = [i for o in everybody if (i := _item(o, rules, period, today, {}))]
        open_ = [i for i in asked if (i.org_id, period.code) not in handed_in]
        found.append(
            MatrixColumn(
                label=period.label,
                code=period.code,
                due=min((i.due for i in asked), default=period.end).isoformat() if asked else "",
                asked=len(asked),
                handed_in=len(asked) - len(open_),
                late=sum(i.due < today for i in open_),
            )
        )
    return found
