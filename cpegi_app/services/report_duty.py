"""报送要求: which class or kind of organisation reports what, and by when; set by the staff (manual §7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import FormInvalid, NotFound
from cpegi_app.models import Organisation, ReportDuty
from cpegi_app.services import audit, staff
from cpegi_app.services.forms import Day, Form, Text, Whole, Widget, input_field
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.report_period import Period
from cpegi_app.vocabulary import PERIOD_OF, Kind, OrgClass, PeriodType, ReportKind, Term

GROUP = "报送要求"
# What is asked for at all: the unscheduled kinds are handed in when something happens.
PERIODIC = tuple(k for k in ReportKind if PERIOD_OF[k] is not PeriodType.NONE)


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


@dataclass(frozen=True)
class Rule:
    """A duty in force, ready to be reckoned with."""

    applies_to: str
    kind: ReportKind
    months: int
    days: int
    starts_on: date

    @property
    def type(self) -> PeriodType:
        """Return the type of the period."""
        return PERIOD_OF[self.kind]

    def due(self, period: Period) -> date:
        """Return the last day for a period."""
        return period.due(self.months, self.days)


def in_force(session: Session) -> list[Rule]:
    """Return the active duties."""
    found = session.exec(select(ReportDuty).where(col(ReportDuty.active).is_(True)))
    return [
        Rule(d.applies_to, ReportKind(d.report_kind), d.due_months, d.due_days, d.starts_on) for d in found
    ]


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
    staff.require(actor, Permission.REPORT_DUTY_MANAGE)
    query = select(ReportDuty).order_by(col(ReportDuty.active).desc(), col(ReportDuty.id))
    return [
        DutyRow(
            id=d.id or 0,
            applies_to=AUDIENCES.get(d.applies_to, d.applies_to),
            kind=ReportKind.label_of(d.report_kind),
            rule=rule_text(d.due_months, d.due_days),
            starts_on=d.starts_on.isoformat(),
            note=d.note,
            active=d.active,
            state="执行中" if d.active else "已停用",
            tone="green" if d.active else "grey",
            updated=clock.local(d.updated_at or d.created_at),
        )
        for d in session.exec(query)
    ]


def values(session: Session, actor: Actor, duty_id: int) -> dict[str, str]:
    """Return a duty as its form opens."""
    duty = _one(session, actor, duty_id)
    return {name: str(getattr(duty, name)) for name in DutyForm.model_fields}


def save(session: Session, actor: Actor, duty_id: int, data: dict[str, str]) -> int:
    """Add a duty (id 0) or change one."""
    staff.require(actor, Permission.REPORT_DUTY_MANAGE)
    form: Any = DutyForm.parse(data)
    duty = _one(session, actor, duty_id) if duty_id else ReportDuty.model_validate(_columns(form))
    if duty.active:
        _only_one(session, duty.id, form.applies_to, form.report_kind)
    for name, value in _columns(form).items():
        setattr(duty, name, value)
    duty.updated_at = clock.now()
    session.add(duty)
    session.flush()
    _trace(session, actor, "report.duty", duty)
    return duty.id or 0


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
    found = session.get(ReportDuty, duty_id) if type(duty_id) is int and 0 < duty_id < 2**31 else None
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
