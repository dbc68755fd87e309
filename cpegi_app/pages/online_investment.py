"""线上投资记录: the institution's and the staff's lists, one record for all three (manual §6.2)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import (
    CONFIRM_ONLINE,
    CONFIRMATIONS,
    RECORD,
    RECORDS,
    STAFF_RECORD,
    STAFF_RECORDS,
    Screen,
)
from cpegi_app.pages import ui
from cpegi_app.pages.equity_record import figure_fields, objection_card, questions_card, reason_field, summary
from cpegi_app.pages.form import href, list_page, problem
from cpegi_app.pages.layout import page
from cpegi_app.services.investment_form import FiguresForm, OnlineForm
from cpegi_app.services.investment_question import QuestionRow
from cpegi_app.services.online_list import OnlineRow
from cpegi_app.state.online_investment import (
    ConfirmOnlineState,
    QuestionListState,
    RecordState,
    StaffRecordsState,
    StaffRecordState,
)
from cpegi_app.vocabulary.equity import OnlineState, QuestionState

STEPS = ("登记", "双方确认", "进入项目库")
DISPUTED_OWN = "双方数据不一致。请核对下方对比并点击“更正记录”，重新确认后入库；确无该笔投资的请作废。"
DISPUTED_OTHER = "双方数据不一致，等待投资机构或平台更正记录；更正后请贵单位重新确认。"


def online_columns(*, own: bool, both: bool = False) -> list[Any]:
    """Return the columns of a list of records; the other side by name, or both."""
    sides = "投资机构 / 项目方" if both else ("项目方" if own else "投资机构")
    return [
        ui.Col("项目", clip=True),
        ui.Col(sides, clip=True),
        "轮次",
        ui.Col("投资金额", unit="万元", num=True, sort="amount"),
        ui.Col("持股比例", num=True),
        ui.Col("协议日期", sort="agreed"),
        "状态",
        ui.Col("操作", ops=True),
    ]


def online_row(row: rx.Var[OnlineRow], screen: Screen, *, own: bool, both: bool = False) -> list:
    """Return one record's cells."""
    other = (
        ui.two_lines(row.institution, row.enterprise)
        if both
        else (row.enterprise if own else row.institution)
    )
    look = ui.link("查看项目", row.project_href, aria_label="查看项目" + row.project)
    return [
        row.project,
        other,
        row.round,
        row.amount,
        row.share,
        row.agreed_on,
        ui.two_lines(ui.tag(row.state_label, row.tone), row.waits_for),
        [
            ui.link("详情", href(screen, row.id), aria_label="查看记录" + row.project),
            ui.show(row.project_href != "", look),
        ],
    ]


def online_query() -> list[rx.Component]:
    """Return the query bar of a list of records."""
    return [
        ui.field("word", "项目", ui.text_input("word", placeholder="项目名称中的字")),
        ui.field("state", "状态", ui.select_input("state", OnlineState.options(), blank="全部")),
    ]


# --- recording ------------------------------------------------------------------------------------------


def record_dialog(state: Any) -> rx.Component:
    """登记线上投资: the lead at whose end it stands, then the figures."""
    search = rx.el.input(
        type="search",
        name="lead_word",
        class_name="input",
        placeholder="输入项目或机构名称缩小范围",
        aria_label="查找线索",
        on_change=state.look_lead.debounce(300),
    )
    control = ui.select_input("lead", state.leads, state.lead)
    body = rx.el.div(
        search,
        ui.form(
            summary(state),
            ui.form_grid(
                ui.field(
                    "lead",
                    "对接线索",
                    control,
                    required=True,
                    help="线上投资在对接线索达成后登记；没有对应线索的投资请作为线下投资备案",
                    error=problem(state, "lead"),
                    wide=True,
                ),
                *figure_fields(OnlineForm, state),
            ),
            rx.el.div(ui.button("取消", state.close_record), ui.submit("登记"), class_name="row row-end"),
            on_submit=state.record,
            key=state.form_key,
        ),
        class_name="stack",
    )
    return ui.dialog(
        state.recording, "登记线上投资", body, on_close=state.close_record, wide=True, ident="record"
    )


# --- the staff --------------------------------------------------------------------------------------------


@page(STAFF_RECORDS, StaffRecordsState.load, QuestionListState.load, StaffRecordsState.load_lead)
def staff_records() -> rx.Component:
    """Every online record, and the questions about records."""
    state = StaffRecordsState
    listed = list_page(
        state,
        online_columns(own=False, both=True),
        lambda row: online_row(row, STAFF_RECORD, own=False, both=True),
        "线上投资记录",
        query=online_query(),
        tools=[ui.button("登记线上投资", state.open_record, "primary", icon_name="plus")],
        empty=ui.empty_state(
            "没有投资记录", "对接线索达成投资后，点击“登记线上投资”，双方确认后进入项目库。"
        ),
    )
    return rx.fragment(
        ui.crumbs(STAFF_RECORDS.menu, STAFF_RECORDS.title),
        ui.page_head(
            STAFF_RECORDS.title, lead="线上投资由双方确认后进入项目库；机构和项目方的疑问在此答复。"
        ),
        rx.el.div(
            ui.tabs([("records", "投资记录"), ("questions", "记录疑问")], state.tab, state.show_tab, "内容"),
            rx.cond(state.tab == "questions", _questions(), listed),
            class_name="tabbed",
            # The tab lies over lists of several states; this list is not on all of them.
            data_place=state.place,
        ),
        record_dialog(state),
    )


def _questions() -> rx.Component:
    return list_page(
        QuestionListState,
        [
            "提问单位",
            ui.Col("项目", clip=True),
            "来源",
            "状态",
            ui.Col("最近更新", sort="at"),
            ui.Col("操作", ops=True),
        ],
        _question_row,
        "投资记录疑问",
        query=[ui.field("state", "状态", ui.select_input("state", QuestionState.options(), blank="全部"))],
        empty=ui.empty_state(
            "没有疑问", "机构或项目方对记录提出的疑问会出现在这里，并有消息通知。", icon_name="check"
        ),
    )


def _question_row(row: rx.Var[QuestionRow]) -> list:
    label = "查看并答复" + row.about
    return [
        row.org,
        row.about,
        row.kind,
        ui.tag(row.state_label, row.tone),
        row.at,
        [ui.link("查看并答复", row.href, aria_label=label)],
    ]


# --- one record -------------------------------------------------------------------------------------------


@page(RECORD, RecordState.load)
def record() -> rx.Component:
    """A record as the institution sees it."""
    return _record(RecordState, RECORDS, RECORD)


@page(CONFIRM_ONLINE, ConfirmOnlineState.load)
def confirm_online() -> rx.Component:
    """A record as the project side sees it."""
    return _record(ConfirmOnlineState, CONFIRMATIONS, CONFIRM_ONLINE)


@page(STAFF_RECORD, StaffRecordState.load)
def staff_record() -> rx.Component:
    """A record as the staff see it."""
    return _record(StaffRecordState, STAFF_RECORDS, STAFF_RECORD, staff=True)


def _record(state: Any, back: Screen, screen: Screen, *, staff: bool = False) -> rx.Component:
    view = state.view
    return rx.fragment(
        ui.crumbs(back.menu, (back.title, back.route), screen.title),
        ui.page_head(
            rx.cond(view.project == "", screen.title, view.project),
            ui.show(view.project_href != "", ui.link_button("查看项目", view.project_href)),
            ui.link_button("返回列表", back.route),
            status=ui.show(view.state != "", ui.tag(view.state_label, view.tone)),
        ),
        ui.show(view.id > 0, _details(state, staff=staff)),
    )


def _details(state: Any, *, staff: bool) -> rx.Component:
    view = state.view
    sides = [("投资机构", view.institution), ("项目方", view.enterprise)]
    return rx.fragment(
        ui.card(
            "确认进度",
            rx.el.div(
                ui.steps(STEPS, view.step, bad=view.state == OnlineState.DISPUTED.value),
                ui.show(view.waits_for != "", ui.note(view.waits_for)),
                ui.show(
                    view.state == OnlineState.DISPUTED.value,
                    ui.note(rx.cond(view.can_correct, DISPUTED_OWN, DISPUTED_OTHER), "warning"),
                ),
                ui.show(
                    view.state == OnlineState.DONE.value,
                    ui.note("双方已确认，投资已进入股权投资项目库，记录不再变更。", "success"),
                ),
                ui.show(view.can_confirm | view.can_object | view.can_correct, _actions(state)),
                class_name="stack",
            ),
        ),
        _forms(state),
        objection_card(view.differences, view.objection, view.objected_at, who=view.objected_by),
        ui.card(
            "投资信息",
            rx.el.div(ui.description_list(sides, 2), ui.description_rows(view.lines, 2), class_name="stack"),
        ),
        questions_card(state, staff=staff),
    )


def _actions(state: Any) -> rx.Component:
    view = state.view
    return rx.el.div(
        ui.show(view.can_confirm, ui.button("确认无误", state.confirm, "primary", icon_name="check")),
        ui.show(view.can_object, ui.button("提出异议", state.open_form("object"))),
        ui.show(view.can_correct, ui.button("更正记录", state.open_form("correct"), icon_name="edit")),
        ui.show(view.can_void, ui.button("作废", state.open_form("void"), "text", class_name="is-danger")),
        class_name="row",
    )


def _forms(state: Any) -> rx.Component:
    def form(title: str, mode: str, lead: str, kind: str, *fields: rx.Component) -> rx.Component:
        foot = rx.el.div(ui.submit(title, kind=kind), ui.button("取消", state.close_form), class_name="row")
        return ui.card(
            title,
            ui.form(
                summary(state),
                rx.el.p(lead, class_name="muted"),
                ui.form_grid(*fields),
                foot,
                on_submit=state.send,
                key=state.form_key + mode,
            ),
        )

    why = reason_field(state, "reason", "异议说明", "请说明哪里不符，对方和平台会看到")
    off = reason_field(state, "reason", "作废原因", "对方会看到；作废后如确有该笔投资，可重新登记")
    return rx.match(
        state.mode,
        (
            "object",
            form(
                "提出异议",
                "object",
                "请按贵单位的实际情况填写，不一致的项目会并列显示。",
                "primary",
                *figure_fields(FiguresForm, state),
                why,
            ),
        ),
        (
            "correct",
            form(
                "更正记录",
                "correct",
                "更正后由尚未确认的一方重新确认。",
                "primary",
                *figure_fields(OnlineForm, state),
            ),
        ),
        ("void", form("作废记录", "void", "作废只用于登记有误的记录。", "danger", off)),
        rx.fragment(),
    )
