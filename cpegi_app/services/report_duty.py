"""报送要求: which class or kind of organisation reports what, and by when; set by the staff (manual §7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import REPORTS, Actor, Permission
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import Organisation, ReportDuty
from cpegi_app.services import audit, list_count, lists, notices, report_period, staff
from cpegi_app.services.forms import Day, Form, Text, Whole, Widget, input_field
from cpegi_app.services.ids import is_id
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.report_period import Period
from cpegi_app.vocabulary import PERIOD_OF, Kind, OrgClass, PeriodType, ReportKind, Term

GROUP = "报送要求"
# What is asked for at all: the unscheduled kinds are handed in when something happens.
PERIODIC = tuple(k for k in ReportKind if PERIOD_OF[k] is not PeriodType.NONE)
TOLD_AT_ONCE = 1000


# Whom a duty may be set for: whole kinds, then single classes.
AUDIENCES: dict[str, str] = {k.value: f"全部{k.label}" for k in Kind} | {
    c.value: c.label for c in OrgClass if c is not OrgClass.ENTERPRISE
}
Audience: Any = Term("Audience", {code: (code, label) for code, label in AUDIENCES.items()})  # pyright: ignore
Periodic: Any = Term("Periodic", {k.value: (k.value, k.label) for k in PERIODIC})  # pyright: ignore


class DutyForm(Form):
    """A duty: due so many whole months, then days, after the period's last day."""

    applies_to: Text = input_field("适用机构", GROUP, widget=Widget.SELECT, options=Audience)
    report_kind: Text = input_field("报告类型", GROUP, widget=Widget.SELECT, options=Periodic)
    due_months: Whole = input_field(
        "期后月数",
        GROUP,
        widget=Widget.NUMBER,
        unit="个月",
        low=0,
        high=12,
        help="整月计算到月末，例如年度报告期后 4 个月即次年 4 月 30 日",
    )
    due_days: Whole = input_field(
        "再加天数", GROUP, widget=Widget.NUMBER, unit="天", low=0, high=60, help="在上述月末之后再加的自然日"
    )
    starts_on: Day = input_field(
        "开始执行日期", GROUP, widget=Widget.DATE, help="从这一天所在的报告期起要求报送"
    )
    note: Text = input_field("说明", GROUP, required=False, max_len=200, wide=True)


# Deadlines that were, the oldest first: the last day of the periods that each holds for, its months and days.
Earlier = tuple[tuple[date, int, int], ...]


@dataclass(frozen=True)
class Rule:
    """A duty in force, ready to be reckoned with."""

    applies_to: str
    kind: ReportKind
    months: int
    days: int
    starts_on: date
    earlier: Earlier = ()

    @property
    def type(self) -> PeriodType:
        """Return the type of the period."""
        return PERIOD_OF[self.kind]

    def due(self, period: Period) -> date:
        """Return the last day for a period: by the deadline that held for it."""
        for until, months, days in self.earlier:
            if period.end <= until:
                return period.due(months, days)
        return period.due(self.months, self.days)


def in_force(session: Session) -> list[Rule]:
    """Return the active duties."""
    return [_rule(d) for d in session.exec(select(ReportDuty).where(col(ReportDuty.active).is_(True)))]


def _rule(duty: ReportDuty) -> Rule:
    kept = tuple((date.fromisoformat(until), *duty.earlier[until]) for until in sorted(duty.earlier))
    kind = ReportKind(duty.report_kind)
    return Rule(duty.applies_to, kind, duty.due_months, duty.due_days, duty.starts_on, kept)


def rules_for(rules: list[Rule], kind: str, org_class: str) -> dict[ReportKind, Rule]:
    """Return what one organisation is asked for: a duty of its class goes before one of its kind."""
    found: dict[ReportKind, Rule] = {}
    for rule in sorted(rules, key=lambda r: r.applies_to == org_class):
        if rule.applies_to in (kind, org_class):
            found[rule.kind] = rule
    return found


def due_of(session: Session, org_id: int, kind: str, period: Period) -> date | None:
    """Return when an organisation's report is due, None when nobody asks for it."""
    org = session.get(Organisation, org_id)
    if org is None or kind not in ReportKind._value2member_map_:
        return None
    rule = rules_for(in_force(session), org.kind, org.org_class).get(ReportKind(kind))
    return rule.due(period) if rule and is_asked(rule, org, period) else None


def is_asked(rule: Rule, org: Organisation, period: Period) -> bool:
    """Tell whether a period counts: it ends after the duty began and after the organisation was verified."""
    if org.verified_at is None:
        return False
    since = max(rule.starts_on, clock.aware(org.verified_at).astimezone(clock.SHANGHAI).date())
    return period.end >= since


# --- the staff's list -----------------------------------------------------------------------------


class DutyRow(BaseModel):
    """A duty in the staff's list."""

    id: int
    applies_to: str
    kind: str
    rule: str
    before: list[str]
    starts_on: str
    note: str
    active: bool
    state: str
    tone: str
    updated: str


def rule_text(months: int, days: int) -> str:
    """Return a rule as the list shows it."""
    parts = ([f"{months} 个月"] if months else []) + ([f"{days} 天"] if days else [])
    return f"报告期结束后 {' 又 '.join(parts)}" if parts else "报告期最后一天"


def listing(session: Session, actor: Actor) -> list[DutyRow]:
    """Return every duty, those in force first."""
    return lists.page(session, actor, EVERY, {}, size=1_000).rows


def _where(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.REPORT_DUTY_MANAGE)
    found: list[Any] = []
    if (kind := filters.get("kind", "")) in PERIODIC:
        found.append(ReportDuty.report_kind == kind)
    if (audience := filters.get("audience", "")) in AUDIENCES:
        found.append(ReportDuty.applies_to == audience)
    if (active := filters.get("active", "")) in ("YES", "NO"):
        found.append(col(ReportDuty.active).is_(active == "YES"))
    return found


def _row(d: ReportDuty) -> DutyRow:
    return DutyRow(
        id=d.id or 0,
        applies_to=AUDIENCES.get(d.applies_to, d.applies_to),
        kind=ReportKind.label_of(d.report_kind),
        rule=rule_text(d.due_months, d.due_days),
        before=_before(_rule(d)),
        starts_on=d.starts_on.isoformat(),
        note=d.note,
        active=d.active,
        state="执行中" if d.active else "已停用",
        tone="green" if d.active else "grey",
        updated=clock.local(d.updated_at or d.created_at),
    )


EVERY = lists.register(
    Listing(
        "report_duties",
        "报送要求",
        _where,
        list_count.Table(ReportDuty),
        lambda session, actor, filters, found: [_row(d) for d in found],
        {
            "适用机构": lambda r: r.applies_to,
            "报告类型": lambda r: r.kind,
            "报送期限": lambda r: r.rule,
            "此前期限": lambda r: "；".join(r.before),
            "开始执行": lambda r: r.starts_on,
            "说明": lambda r: r.note,
            "状态": lambda r: r.state,
            "更新时间": lambda r: r.updated,
        },
        {"kind": col(ReportDuty.report_kind), "starts": col(ReportDuty.starts_on)},
        order=(col(ReportDuty.active).desc(), col(ReportDuty.id)),
        large=False,
    )
)


def _before(rule: Rule) -> list[str]:
    return [
        f"{report_period.containing(rule.type, until).label}及以前：{rule_text(months, days)}"
        for until, months, days in reversed(rule.earlier)
    ]


class Opened(BaseModel):
    """A duty as its form opens, and how it stood then: `seen` goes back with what is saved."""

    values: dict[str, str]
    seen: str


def opened(session: Session, actor: Actor, duty_id: int) -> Opened:
    """Return a duty as its form opens."""
    duty = _one(session, actor, duty_id)
    values = {name: str(getattr(duty, name)) for name in DutyForm.model_fields}
    return Opened(values=values, seen=_stamp(duty))


def _stamp(duty: ReportDuty) -> str:
    return clock.aware(duty.updated_at or duty.created_at).isoformat()


def save(session: Session, actor: Actor, duty_id: int, data: dict[str, str], seen: str = "") -> int:
    """Add a duty (id 0), or change one that stands as its form has `seen` it."""
    staff.require(actor, Permission.REPORT_DUTY_MANAGE)
    form: Any = DutyForm.parse(data)
    duty = (
        _unchanged(session, _one(session, actor, duty_id), seen)
        if duty_id
        else ReportDuty.model_validate(_columns(form))
    )
    if duty.active:
        _only_one(session, duty.id, form.applies_to, form.report_kind)
    before = _rule(duty)
    for name, value in _columns(form).items():
        setattr(duty, name, value)
    duty.earlier = _kept(before, _rule(duty), clock.today())
    duty.updated_at = clock.now()
    session.add(duty)
    session.flush()
    _trace(session, actor, "report.duty", duty)
    if duty_id and duty.active:
        _announce(session, before, _rule(duty), clock.today())
    return duty.id or 0


def _unchanged(session: Session, duty: ReportDuty, seen: str) -> ReportDuty:
    one_at_a_time(session, "report_duty", duty.id)
    session.refresh(duty)
    if _stamp(duty) == seen:
        return duty
    now = _row(duty)
    raise Conflict(
        f"这条报送要求刚被其他同事修改过，现为：{now.applies_to} · {now.kind} · {now.rule}（{now.state}）。"
        "本页填写的内容没有丢失；请核对后再点一次“保存”，届时以本页内容为准。"
    )


def _kept(before: Rule, new: Rule, today: date) -> dict[str, Any]:
    """Return the deadlines that go on for earlier periods: a period whose new day has passed keeps the day it had.

    So a report that was in time is never made late by a deadline set after it.
    """
    if (before.applies_to, before.kind) != (new.applies_to, new.kind):
        return {}
    if (before.months, before.days) == (new.months, new.days):
        return {until.isoformat(): [months, days] for until, months, days in before.earlier}
    passed = report_period.containing(new.type, today)
    while passed.due(new.months, new.days) >= today:
        passed = passed.before()
    found: dict[str, Any] = {}
    for until, months, days in (*before.earlier, (date.max, before.months, before.days)):
        found[min(until, passed.end).isoformat()] = [months, days]
        if until >= passed.end:
            break
    return found


def _announce(session: Session, before: Rule, new: Rule, today: date) -> None:
    """Tell the organisations that are asked by a duty which days to come have moved."""
    if (before.applies_to, before.kind) != (new.applies_to, new.kind):
        return
    period = report_period.containing(new.type, today)
    moved: list[Period] = []
    while max(before.due(period), new.due(period)) >= today:
        moved += [period] if before.due(period) != new.due(period) else []
        period = period.before()
    rules = in_force(session)
    audience = (col(Organisation.kind) == new.applies_to) | (col(Organisation.org_class) == new.applies_to)
    told: dict[tuple[Period, ...], list[int]] = {}
    for org in session.exec(select(Organisation).where(audience, col(Organisation.verified_at).is_not(None))):
        if rules_for(rules, org.kind, org.org_class)[new.kind].applies_to == new.applies_to:
            asked = tuple(p for p in reversed(moved) if is_asked(new, org, p))
            told.setdefault(asked, []).append(org.id or 0)
    for asked, org_ids in told.items():
        if asked:
            days = "、".join(f"{p.label}（期限 {new.due(p)}，原为 {before.due(p)}）" for p in asked)
            text = f"{days}。请按新的期限在“报告管理”中填报并提交。"
            title = f"报送期限调整：{new.kind.label}"
            for first in range(0, len(org_ids), TOLD_AT_ONCE):
                some = org_ids[first : first + TOLD_AT_ONCE]
                notices.notify_orgs(session, some, title, text, REPORTS.route)


def set_active(session: Session, actor: Actor, duty_id: int, *, active: bool) -> None:
    """Deactivate a duty, or put it in force again."""
    duty = _one(session, actor, duty_id)
    if duty.active == active:
        return
    if active:
        _only_one(session, duty.id, duty.applies_to, duty.report_kind)
    duty.active, duty.updated_at = active, clock.now()
    session.add(duty)
    _trace(session, actor, "report.duty_on" if active else "report.duty_off", duty)


def _columns(form: DutyForm) -> dict[str, Any]:
    return {
        "applies_to": form.applies_to,
        "report_kind": form.report_kind,
        "due_months": form.due_months,
        "due_days": form.due_days,
        "starts_on": form.starts_on,
        "note": form.note or "",
    }


def _one(session: Session, actor: Actor, duty_id: int) -> ReportDuty:
    staff.require(actor, Permission.REPORT_DUTY_MANAGE)
    found = session.get(ReportDuty, duty_id) if is_id(duty_id) else None
    if found is None:
        raise NotFound("报送要求")
    return found


def _only_one(session: Session, own_id: int | None, applies_to: str, kind: str) -> None:
    one_at_a_time(session, "report_duty", applies_to, kind)
    query = select(ReportDuty.id).where(
        ReportDuty.applies_to == applies_to, ReportDuty.report_kind == kind, col(ReportDuty.active).is_(True)
    )
    if any(found != own_id for found in session.exec(query)):
        label = AUDIENCES.get(applies_to, applies_to)
        sentence = f"{label}的{ReportKind.label_of(kind)}已有执行中的报送要求，请直接修改它，或先停用它。"
        raise FormInvalid({"report_kind": sentence}, sentence)


def _trace(session: Session, actor: Actor, action: str, duty: ReportDuty) -> None:
    label = AUDIENCES.get(duty.applies_to, duty.applies_to)
    text = f"{label} {ReportKind.label_of(duty.report_kind)} {rule_text(duty.due_months, duty.due_days)}"
    audit.record(session, actor, action, f"report_duty:{duty.id}", text)
