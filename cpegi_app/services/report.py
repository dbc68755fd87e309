"""Reports to the regulator: drafts, statistics, review; then the regulator can read them (manual §7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, field_validator
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import REPORT_EDIT, REPORT_READ, REPORTS, REVIEW, Actor, Permission
from cpegi_app.errors import FormInvalid
from cpegi_app.models import Organisation, Report
from cpegi_app.services import (
    files,
    notices,
    report_duty,
    report_overdue,
    report_period,
    review,
    review_draft,
    review_view,
)
from cpegi_app.services import report_statistics as statistics
from cpegi_app.services.forms import FieldSpec, Form, Text, Widget, input_field
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.report_period import Period
from cpegi_app.services.review import Check, Description, Flow, Line, Payload
from cpegi_app.vocabulary import PERIOD_OF, Action, FileSlot, PeriodType, ReportKind, Status

GROUP = "报告信息"
F, W = input_field, Widget


class PeriodSpec(FieldSpec):
    """The field of a period: its code is shown by its label."""

    def show(self, value: str | None) -> str:
        """Return the period's label."""
        return report_period.label(value) if value else ""


class ReportForm(Form):
    """A report; `period` is a code such as 2026-10, 2026Q3 or 2026, empty for the unscheduled kinds."""

    kind: Text = F("报告类型", GROUP, widget=W.SELECT, options=ReportKind)
    period: Text = F("报告期", GROUP, required=False, max_len=8)
    name: Text = F("报告名称", GROUP, max_len=100, wide=True)
    note: Text = F("说明", GROUP, widget=W.AREA, required=False, max_len=1000)

    @field_validator("period", mode="after")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value:
            report_period.parse(value)
        return value

    @classmethod
    def spec(cls, name: str) -> FieldSpec:
        """Return one field's description."""
        found = super().spec(name)
        return PeriodSpec(**found.model_dump()) if name == "period" else found


NAMES: frozenset[str] = frozenset(ReportForm.model_fields) | statistics.NAMES
TITLES: dict[str, str] = {s.name: s.title for s in ReportForm.specs()} | statistics.TITLES


def period_of(kind: str, code: str) -> Period | None:
    """Return the period that a kind is reported for, None where there is none; ValueError says what is wrong."""
    wanted = PERIOD_OF[ReportKind(kind)]
    if wanted is PeriodType.NONE:
        return None
    if not code:
        raise ValueError("请选择报告期")
    period = report_period.parse(code)
    if period.type is not wanted:
        raise ValueError(f"{ReportKind(kind).label}的报告期应为{wanted.label}，请重新选择")
    if period.end > clock.today():
        raise ValueError(f"{period.label}尚未结束，请在 {period.end.isoformat()} 当天或之后报送")
    return period


def heading(kind: str, code: str) -> str:
    """Return how a report of a kind for a period is called unless its author names it otherwise."""
    label = ReportKind.label_of(kind)
    if not code or kind not in ReportKind._value2member_map_:
        return label
    # 2026年第3季度经营报告, not …季度季度…
    return report_period.label(code) + label.removeprefix(PERIOD_OF[ReportKind(kind)].label)


# --- the organisation's side ----------------------------------------------------------------------


def begin(session: Session, actor: Actor, kind: str, code: str = "") -> Report:
    """Return the report of a kind and a period, begun when there is none; unscheduled kinds have no period."""
    review.require(FLOW, actor)
    if kind not in ReportKind._value2member_map_:
        raise FormInvalid({"kind": "请选择报告类型"}, "请在报送日历中点击“填报”，或点击“发布临时报告”。")
    if PERIOD_OF[ReportKind(kind)] is PeriodType.NONE:
        one_at_a_time(session, "report", actor.org_id, kind)
        return _untouched(session, actor, kind) or _draft(session, actor, kind, "")
    try:
        period = period_of(kind, code)
    except ValueError as problem:
        raise FormInvalid({"period": str(problem)}, f"{problem}。") from None
    assert period is not None
    one_at_a_time(session, "report", actor.org_id, kind, period.code)
    query = select(Report).where(
        Report.org_id == actor.org_id, Report.kind == kind, Report.period == period.code
    )
    sent = col(Report.status).in_((Status.PENDING.value, Status.APPROVED.value))
    found = session.exec(query.order_by(sent.desc(), col(Report.id).desc())).first()
    return found or _draft(session, actor, kind, period.code)


def _untouched(session: Session, actor: Actor, kind: str) -> Report | None:
    """Return a draft that was begun and never saved: pressing the button twice leaves one."""
    query = select(Report).where(
        Report.org_id == actor.org_id,
        Report.kind == kind,
        Report.status == Status.DRAFT.value,
        col(Report.updated_at).is_(None),
    )
    return session.exec(query).first()


def _draft(session: Session, actor: Actor, kind: str, code: str) -> Report:
    name = heading(kind, code) if code else ""
    return review_draft.begin(
        session,
        FLOW,
        org_id=actor.org_id or 0,
        kind=kind,
        period=code,
        name=name,
        org_class=actor.org_class or "",
        data={"kind": kind, "period": code, "name": name},
    )


def save(session: Session, actor: Actor, row_id: int, version: int, data: dict[str, str]) -> int:
    """Keep the draft as typed; what lists filter by follows as far as it makes sense."""
    more: dict[str, Any] = {"name": data.get("name", "")[:100]}
    kind, code = data.get("kind", ""), data.get("period", "")
    if kind in ReportKind._value2member_map_:
        more["kind"] = kind
        try:
            period = period_of(kind, code)
            more["period"] = period.code if period else ""
        except ValueError:
            more["period"] = ""
    return review.save_draft(session, FLOW, actor, row_id, version, data, **more).version


class Choice(BaseModel):
    """One line of a drop-down."""

    value: str
    label: str


def choices(periods: list[Period]) -> list[Choice]:
    """Return periods as a drop-down's lines."""
    return [Choice(value=p.code, label=p.label) for p in periods]


class Sheet(BaseModel):
    """The part of the form that depends on kind and period."""

    periods: list[Choice] = []
    with_statistics: bool = False
    figures: list[statistics.FigureView] = []
    filled: str = ""
    due: str = ""
    # By figure what the loan book is filtered by to show the loans past their day that it holds.
    past: dict[str, dict[str, str]] = {}


def sheet(session: Session, actor: Actor, kind: str, code: str, values: dict[str, str]) -> Sheet:
    """Return the periods of a kind, and the statistics form filled from the loan book."""
    review.require(FLOW, actor)
    if kind not in ReportKind._value2member_map_:
        return Sheet()
    today = clock.today()
    periods = choices(report_period.recent(PERIOD_OF[ReportKind(kind)], today))
    try:
        period = period_of(kind, code)
    except ValueError:
        period = None
    found = Sheet(periods=periods, with_statistics=kind in statistics.WITH_STATISTICS)
    org_id, org_class = actor.org_id or 0, actor.org_class or ""
    if period:
        due = report_duty.due_of(session, org_id, kind, period)
        found.due = due.isoformat() if due else ""
    if found.with_statistics:
        book = statistics.prefill(session, org_id, org_class, period) if period else {}
        known = statistics.filler(session.get_one(Organisation, org_id).profile)
        late = report_overdue.overdue(session, org_id, org_class, period) if period and book else {}
        found.figures = statistics.views(org_class, values, book, known, late)
        found.past = report_overdue.filters(org_class, period) if period and late else {}
        found.filled = statistics.filled(org_class, period, book)
    return found


# --- the flow -------------------------------------------------------------------------------------


def _before_submit(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    org = session.get(Organisation, row.org_id)
    assert org is not None
    fields, figures = statistics.split(row.data)
    form, period, errors = _checked_fields(fields)
    checked: dict[str, str] = {}
    wanted = form is not None and statistics.is_wanted(form.kind, figures)
    if wanted:
        try:
            checked = statistics.parse(org.org_class, figures)
        except FormInvalid as refusal:
            errors |= refusal.fields
    missing = files.require(session, FLOW.name, row.id, (FileSlot.REPORT,))
    errors |= {name: f"请上传报告文件（{files.REPORT_HINT}）" for name in missing}
    if errors or form is None:
        raise FormInvalid(errors)
    code = period.code if period else ""
    if period:
        _only_one(session, row, form.kind, period)
    book = statistics.prefill(session, org.id or 0, org.org_class, period) if period and checked else {}
    skipped = {statistics.SKIP: "YES"} if figures.get(statistics.SKIP) else {}
    return {
        "data": form.strings() | {"period": code} | checked | skipped,
        "kind": form.kind,
        "period": code,
        "name": form.name,
        "org_class": org.org_class,
        "statistics": statistics.kept(org.org_class, checked, book) if checked else {},
        "handed_in_at": _kept_day(session, row, form.kind, code) or clock.now(),
    }


def _kept_day(session: Session, row: Any, kind: str, code: str) -> datetime | None:
    """Return when a returned report was handed in, as long as it is still of the kind and period that it was then.

    What was in time and returned stays in time; what was withdrawn, or is about another period now, is handed in anew.
    """
    if row.status != Status.RETURNED:
        return None
    sent = [e for e in review_view.history(session, FLOW.name, row.id) if e.action == Action.SUBMIT]
    then = sent[-1].snapshot.get("data", {}) if sent else {}
    return row.handed_in_at if (then.get("kind"), then.get("period")) == (kind, code) else None


def _checked_fields(fields: dict[str, str]) -> tuple[ReportForm | None, Period | None, dict[str, str]]:
    try:
        form = ReportForm.parse(fields)
    except FormInvalid as refusal:
        return None, None, dict(refusal.fields)
    try:
        return form, period_of(form.kind, form.period or ""), {}
    except ValueError as problem:
        return form, None, {"period": str(problem)}


def _only_one(session: Session, row: Any, kind: str, period: Period) -> None:
    one_at_a_time(session, "report", row.org_id, kind, period.code)
    query = select(Report).where(
        Report.org_id == row.org_id,
        Report.kind == kind,
        Report.period == period.code,
        Report.id != row.id,
        col(Report.status).in_((Status.PENDING.value, Status.APPROVED.value)),
    )
    if (other := session.exec(query).first()) is None:
        return
    label = Status.label_of(other.status)
    advice = (
        "如需修改，请先在列表中撤回那一份"
        if other.status == Status.PENDING
        else "如需更正，请发布临时报告说明"
    )
    raise FormInvalid({"period": f"{heading(kind, period.code)}已经报送（{label}），{advice}"})


def _describe(session: Session, row: Any) -> Description:
    lines = [
        Line(statistics.GROUP, f.name, f.title, text, secret=f.secret)
        for f, text in statistics.sentences(row.org_class, row.statistics)
    ]
    return Description(ReportForm, None, tuple(lines), tuple(_checks(session, row)))


def _checks(session: Session, row: Any) -> list[Check]:
    found = []
    returned = row.status == Status.RETURNED
    at = _kept_day(session, row, row.kind, row.period) if returned else row.handed_in_at
    if row.period and at:
        due = report_duty.due_of(session, row.org_id, row.kind, report_period.parse(row.period))
        handed = clock.aware(at).astimezone(clock.SHANGHAI).date()
        if due is None:
            found.append(Check("报送期限", "ok", "该报告期没有设置报送期限"))
        elif handed > due:
            late = (handed - due).days
            found.append(Check("报送期限", "warn", f"应于 {due} 前报送，逾期 {late} 天"))
        else:
            found.append(Check("报送期限", "ok", f"应于 {due} 前报送，{handed} 已报送"))
    if row.statistics:
        found.append(Check("统计报表", *statistics.compared(row.org_class, row.statistics)))
    elif row.kind in statistics.WITH_STATISTICS and row.submitted_at:
        found.append(Check("统计报表", "warn", "本期未填报统计表，请查看报告文件"))
    return found


def _hand_over(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    """Tell the regulator that there is something to read."""
    org = session.get(Organisation, row.org_id)
    text = f"{org.name if org else ''}报送的{heading(row.kind, row.period)}已审核通过，可以查阅和下载。"
    href = REPORT_READ.url(rid=row.id)
    notices.notify(session, notices.regulators(session), f"新报告：{row.name}", text, href, "green")


def _may_read(actor: Actor, row: Any) -> bool:
    return row.status == Status.APPROVED and actor.may(Permission.REPORT_READ)


FLOW = review.register(
    Flow(
        name="report",
        label="报告",
        model=Report,
        submit=Permission.REPORT_SUBMIT,
        submit_screen=REPORT_EDIT,
        review_screen=REVIEW,
        title=lambda s, row: row.data.get("name") or heading(row.kind, row.period),
        describe=_describe,
        submitter_href=lambda row: (
            REPORT_EDIT.url(rid=row.id) if row.status == Status.RETURNED else REPORTS.route
        ),
        reviewer_href=lambda row: REVIEW.url(flow="report", rid=row.id),
        before_submit=_before_submit,
        after_approve=_hand_over,
        readers=_may_read,
        discards=True,
        gives_up=True,
        outcome={Action.APPROVE: "报告已送达金融监管部门。"},
    )
)
