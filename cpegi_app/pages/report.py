"""报告管理: the organisation's calendar and list, and the editor with the statistics form (manual §7)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import REPORT_EDIT, REPORTS
from cpegi_app.pages import ui
from cpegi_app.pages.form import field_of, href, list_page, problem, remark, stored, summary, upload_field
from cpegi_app.pages.layout import page
from cpegi_app.pages.review import leavable, leave_button, outcome_panel, return_note
from cpegi_app.services.files import REPORT_HINT
from cpegi_app.services.report import ReportForm
from cpegi_app.services.report_calendar import CalendarMonth, DutyItem
from cpegi_app.services.report_list import ReportRow
from cpegi_app.services.report_statistics import SKIP, FigureView
from cpegi_app.state.report import ReportEditState, ReportListState
from cpegi_app.vocabulary import FileSlot, ReportKind, Status

STATUSES = [(s.value, s.label) for s in Status if s is not Status.REJECTED]


@page(REPORTS, ReportListState.load, ReportListState.load_calendar)
def reports() -> rx.Component:
    """What is due, late and in, and all own reports."""
    state = ReportListState
    return rx.fragment(
        ui.crumbs(REPORTS.title),
        ui.page_head(
            REPORTS.title,
            ui.button("发布临时报告", state.publish, "primary", icon_name="plus"),
            lead="向金融监管部门报送定期报告和临时报告；提交后由平台管理人员审核，通过后送达监管部门。"
            "报送日历中没有的月度、季度、年度报告，点击“发布临时报告”后在“报告类型”中选择。",
        ),
        _calendar(),
        list_page(
            state,
            [
                ui.Col("报告名称", clip=True),
                "报告类型",
                ui.Col("报告期", sort="period"),
                "状态",
                ui.Col("报送时间", sort="sent"),
                ui.Col("操作", ops=True),
            ],
            _row,
            "我的报告",
            query=[
                ui.field("word", "报告名称", ui.text_input("word", placeholder="名称中的字")),
                ui.field("kind", "报告类型", ui.select_input("kind", ReportKind.options(), blank="全部")),
                ui.field("status", "状态", ui.select_input("status", STATUSES, blank="全部")),
            ],
            empty=ui.empty_state(
                "没有报告",
                "点击“发布临时报告”，或在报送日历中点击“填报”。",
                icon_name="file",
            ),
        ),
    )


def _row(row: rx.Var[ReportRow]) -> list:
    return [
        row.name,
        row.kind,
        row.period,
        ui.tag(row.status_label, row.tone),
        row.handed_in,
        [
            ui.link(
                rx.cond(
                    row.status == Status.RETURNED.value,
                    "修改后重新提交",
                    rx.cond(row.editable, "继续填写", "查看"),
                ),
                href(REPORT_EDIT, row.id),
            )
        ],
    ]


def _calendar() -> rx.Component:
    calendar = ReportListState.calendar
    counts = rx.el.span(
        ui.show(calendar.late > 0, ui.tag(rx.fragment("已逾期 ", calendar.late, " 份"), "red")),
        ui.show(calendar.returned > 0, ui.tag(rx.fragment("已退回 ", calendar.returned, " 份"), "orange")),
        ui.show(calendar.soon > 0, ui.tag(rx.fragment("即将到期 ", calendar.soon, " 份"), "orange")),
        class_name="row",
    )
    return ui.show(
        calendar.months.length() > 0,
        ui.card("报送日历", rx.el.div(rx.foreach(calendar.months, _month), class_name="cal"), extra=counts),
    )


def _month(month: rx.Var[CalendarMonth]) -> rx.Component:
    return rx.el.section(
        rx.el.h3(month.label, class_name="cal-head"),
        rx.el.ul(rx.foreach(month.duties, _duty), class_name="cal-days"),
        key=month.label,
    )


def _duty(item: rx.Var[DutyItem]) -> rx.Component:
    state = ReportListState
    started = (item.state == "RETURNED") | (item.href != "")
    act = rx.cond(
        item.can_fill,
        ui.button(
            rx.cond(started, "修改", "填报"),
            state.begin(item.kind, item.period),
            size="sm",
            aria_label="填报" + item.title,
        ),
        rx.cond(item.href != "", ui.link("查看", item.href, aria_label="查看" + item.title), rx.fragment()),
    )
    return rx.el.li(
        rx.el.time(item.day, date_time=item.due, class_name="cal-day"),
        rx.el.div(
            rx.el.b(item.title),
            rx.el.span(
                ui.tag(item.state_label, item.tone),
                rx.el.span(item.left, class_name="muted small"),
                class_name="row",
            ),
        ),
        act,
        key=item.key,
    )


# --- the editor -----------------------------------------------------------------------------------


@page(REPORT_EDIT, ReportEditState.load)
def report_edit() -> rx.Component:
    """The editor of a report, or what became of it."""
    state = ReportEditState
    key = "report-" + state.row_id.to_string()
    content = rx.cond(
        state.sent,
        rx.fragment(
            ui.result_page(
                "报告已提交",
                "平台管理人员审核通过后，报告送达金融监管部门。",
                ui.link_button("返回报告管理", REPORTS.route, "primary"),
                next_steps=[
                    "平台审核报告和统计数据，请耐心等待",
                    "审核结果会出现在消息通知中；如被退回，按原因修改后重新提交",
                    "审核通过后金融监管部门可查阅、下载",
                ],
            ),
            ui.draft_clear(key),
        ),
        rx.fragment(
            ui.crumbs((REPORTS.title, REPORTS.route), REPORT_EDIT.title),
            ui.page_head(REPORT_EDIT.title, leave_button(state), ui.link_button("返回列表", REPORTS.route)),
            rx.cond(state.editable, _editor(key), outcome_panel(state)),
        ),
    )
    return leavable(state, key, REPORTS.route, content)


def _editor(key: Any) -> rx.Component:
    state = ReportEditState
    return ui.form(
        return_note(state),
        summary(state),
        ui.card(
            "报告信息",
            ui.form_grid(
                _kind(),
                ui.show(state.sheet.periods.length() > 0, _period()),
                field_of(ReportForm.spec("name"), state),
                field_of(ReportForm.spec("note"), state),
            ),
        ),
        ui.show(state.sheet.with_statistics, _statistics()),
        ui.card(
            "报告文件",
            ui.form_grid(upload_field(FileSlot.REPORT, state, required=True, help=f"支持 {REPORT_HINT}")),
        ),
        ui.form_foot(
            ui.submit("暂存", "save", "default"),
            ui.submit("提交"),
            note="提交后由平台管理人员审核，审核期间不可修改，可先撤回。",
        ),
        on_submit=state.submit,
        draft=key,
        version=state.version.to_string(),
        key=state.form_key,
    )


def _kind() -> rx.Component:
    state, spec = ReportEditState, ReportForm.spec("kind")
    control = ui.select_input("kind", spec.options, stored(state, "kind"), on_change=state.pick_kind)
    return ui.field(
        "kind", spec.title, control, True, error=problem(state, "kind"), reason=remark(state, "kind")
    )


def _period() -> rx.Component:
    state = ReportEditState
    control = ui.select_input(
        "period", state.sheet.periods, state.period, on_change=state.pick_period, key="period-" + state.kind
    )
    due = rx.cond(state.sheet.due != "", "报送期限：" + state.sheet.due, "只能选择已经结束的报告期")
    return ui.field(
        "period",
        "报告期",
        control,
        True,
        help=due,
        error=problem(state, "period"),
        reason=remark(state, "period"),
    )


def _statistics() -> rx.Component:
    state = ReportEditState
    heads = ("指标", "填报数", ui.Col("贷款台账", num=True), ui.Col("差异", num=True))
    table = rx.el.table(
        rx.el.caption("统计报表", class_name="sr-only"),
        rx.el.thead(rx.el.tr(*(ui.sort_head(ui.Col(h) if isinstance(h, str) else h) for h in heads))),
        rx.el.tbody(rx.foreach(state.figures, _figure)),
        class_name="table is-stack figures",
    )
    return ui.card(
        "统计报表",
        rx.el.p(state.sheet.filled, class_name="muted small"),
        ui.check(SKIP, "本期不填报统计表，只上传报告文件", state.skip, value="YES", data_frees="#figures"),
        rx.el.div(table, custom_attrs={"id": "figures"}),
    )


def _figure(f: rx.Var[FigureView]) -> rx.Component:
    state = ReportEditState
    wrong = state.errors[f.name]
    props: dict[str, Any] = {
        "aria_label": f.title + f.unit,
        "on_blur": lambda value: state.compare(f.name, value),
        "aria_invalid": rx.cond(wrong, "true", "false"),
    }
    control = rx.cond(
        f.is_text,
        ui.text_input(f.name, f.value, max_length=300, **props),
        rx.el.span(
            ui.number_input(f.name, f.value, **props),
            rx.el.span(f.unit, class_name="unit"),
            class_name="unit-box",
        ),
    )
    star = rx.cond(f.required, rx.el.span("*", class_name="req", aria_hidden="true"), rx.fragment())
    return rx.el.tr(
        rx.el.th(rx.el.span(star, f.title), scope="row", data_label="指标"),
        rx.el.td(
            rx.el.div(
                control,
                rx.cond(wrong, rx.el.p(wrong.to(str), class_name="err"), rx.fragment()),
                ui.show(f.late != "", _late(f)),
                ui.returned_for(state.reasons[f.name].to(str)),
            ),
            data_label="填报数",
        ),
        rx.el.td(
            ui.show(f.is_compared, rx.cond(f.book_text != "", f.book_text, "—")),
            data_label="贷款台账",
            class_name="is-num",
        ),
        rx.el.td(
            rx.cond(
                f.difference != "",
                ui.tag(f.difference, "orange"),
                ui.show(f.is_compared, rx.el.span("—", class_name="muted")),
            ),
            data_label="差异",
            class_name="is-num",
        ),
        key=f.name,
    )


def _late(f: rx.Var[FigureView]) -> rx.Component:
    """What a balance holds of loans past their day, and the way to them: the form stays in its own window."""
    past = ReportEditState.past[f.name].to(str)
    link = ui.link("查看已到期的贷款", past, target="_blank", rel="noopener")
    return rx.el.p(f.late, rx.el.br(), rx.el.span(link, class_name="nowrap"), class_name="help")
