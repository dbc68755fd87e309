"""企业申请管理 and 办理, seen by the institution (manual §4.2, §4.3)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import DISBURSE, REQUEST, REQUESTS
from cpegi_app.pages import ui
from cpegi_app.pages.application import application_query, disbursement_table, status_cell
from cpegi_app.pages.desk import draft, stands, titled, unless_withdrawn
from cpegi_app.pages.form import LONGEST, field_of, href, list_page, problem, summary
from cpegi_app.pages.layout import page
from cpegi_app.pages.review import changes_note, data_cards, files_card, history_card, opinion_label
from cpegi_app.services.application import DecisionForm
from cpegi_app.services.application_list import STEPS, UNPAID
from cpegi_app.services.disbursement_end import REASON_MAX
from cpegi_app.state.application import RequestListState, RequestState
from cpegi_app.vocabulary import Status


@page(REQUESTS, RequestListState.load)
def requests() -> rx.Component:
    """The applications sent to the own institution; what waits comes first."""
    return rx.fragment(
        ui.crumbs("金融产品", REQUESTS.title),
        ui.page_head(
            REQUESTS.title, lead="待审核的申请排在最前。审核通过后点击“放款”登记放款信息，可分多笔放款。"
        ),
        list_page(
            RequestListState,
            [
                ui.Col("申请企业", clip=True),
                ui.Col("金融产品", clip=True),
                ui.Col("申请额度", num=True, sort="amount"),
                ui.Col("期限", num=True),
                ui.Col("批准额度", num=True),
                ui.Col("已放款", num=True),
                "状态",
                ui.Col("提交时间", sort="submitted"),
                ui.Col("操作", ops=True),
            ],
            _row,
            "产品申请列表",
            query=application_query("企业/产品", UNPAID),
            empty=ui.empty_state(
                "还没有企业申请", "企业在平台首页申请贵机构的产品后，会出现在这里和工作台的待办事项中。"
            ),
        ),
    )


def _row(row: Any) -> list:
    return [
        row.enterprise,
        row.product,
        row.amount,
        row.term,
        row.approved,
        row.disbursed,
        status_cell(row),
        row.submitted,
        [
            ui.link(rx.cond(row.status == Status.PENDING.value, "办理", "查看"), href(REQUEST, row.id)),
            rx.cond(
                row.can_disburse, ui.button("放款", RequestListState.disburse(row.id), "text"), rx.fragment()
            ),
        ],
    ]


@page(REQUEST, RequestState.load)
def request() -> rx.Component:
    """办理: the enterprise's figures beside the product's conditions, and the decision."""
    state = RequestState
    row = state.row
    return rx.fragment(
        ui.crumbs("金融产品", (REQUESTS.title, REQUESTS.route), "办理融资申请"),
        ui.page_head(
            titled(state, row.enterprise, "办理融资申请"),
            rx.cond(row.can_disburse, ui.button("放款", state.disburse, "primary"), rx.fragment()),
            ui.show(row.can_disburse, ui.button("结束放款", state.ask_end)),
            ui.link_button("返回列表", REQUESTS.route),
            status=stands(state, row.status_label, row.tone),
            number=rx.cond(state.withdrawn != "", "", row.product),
        ),
        unless_withdrawn(
            state,
            _way_on(),
            rx.fragment(ui.show(state.done != "", _decided()), ui.show(row.status != "", _case())),
        ),
        _end_dialog(),
    )


def _end_dialog() -> rx.Component:
    """结束放款 with its reason, which the enterprise reads."""
    state = RequestState
    return ui.dialog(
        state.ending,
        "结束放款",
        ui.form(
            rx.el.p(
                "批准额度 ",
                rx.el.b(state.row.approved),
                "，已放款 ",
                rx.el.b(state.row.disbursed),
                "。结束后不能再登记放款，未提交的放款草稿一并删除；企业可以再次申请。",
            ),
            ui.field(
                "reason",
                "结束原因",
                ui.textarea("reason", "", rows=3, max_length=REASON_MAX, data_autofocus="true"),
                required=True,
                help="企业会看到，例如：企业已用其他资金，不再提款",
                error=problem(state, "reason"),
            ),
            ui.form_foot(ui.button("取消", state.close_end), ui.submit("确认结束", "end", "danger")),
            on_submit=state.end,
        ),
        on_close=state.close_end,
        ident="end",
    )


def _case() -> rx.Component:
    state = RequestState
    row, view = state.row, state.view
    return rx.fragment(
        ui.show(row.ended != "", ui.note(row.ended + "。", "warning")),
        ui.card(
            "申请概况",
            rx.el.div(
                ui.steps(STEPS, state.step, bad=row.status == Status.REJECTED.value),
                ui.description_list(
                    [
                        ("申请额度", row.amount),
                        ("申请期限", row.term),
                        ("当前状态", row.progress),
                        ("批准额度", row.approved),
                        ("已放款", row.disbursed),
                        ("放款待审核", rx.cond(row.waiting == "", "—", row.waiting)),
                    ]
                ),
                class_name="stack",
            ),
        ),
        rx.el.div(
            rx.el.div(
                changes_note(view),
                _conditions(),
                _disbursements(),
                data_cards(view, state),
                class_name="stack",
            ),
            rx.el.div(
                rx.cond(view.can_approve, _decision(), rx.fragment()),
                files_card(view, view.new_ids),
                history_card(view),
                class_name="stack side-scroll",
            ),
            class_name="cols-main",
        ),
    )


def _decided() -> rx.Component:
    """What was decided, and the way to the next application that waits."""
    state = RequestState
    return ui.card(
        "",
        rx.el.div(
            ui.note("已" + state.done + "，结果已通知申请企业。", "success"),
            _way_on(),
            ui.draft_clear(draft("request", state.view)),
            class_name="stack",
        ),
    )


def _way_on() -> rx.Component:
    """The next application that waits, or the list."""
    state = RequestState
    return rx.cond(
        state.following.id > 0,
        rx.el.div(
            ui.link_button("办理下一笔", href(REQUEST, state.following.id), "primary", id="next"),
            rx.el.span(
                state.following.enterprise,
                " · ",
                state.following.product,
                "；还有 ",
                state.left,
                " 笔待办理",
                class_name="muted",
            ),
            class_name="row",
        ),
        rx.el.div(
            ui.link_button("返回企业申请管理", REQUESTS.route, "primary", id="next"),
            rx.el.span("没有其他待办理的申请。", class_name="muted"),
            class_name="row",
        ),
    )


def _conditions() -> rx.Component:
    state = RequestState
    summary_text = rx.cond(
        (state.unmet == 0) & (state.missing == 0),
        "全部条件满足",
        "不满足 " + state.unmet.to_string() + " 项，数据缺失 " + state.missing.to_string() + " 项",
    )
    return ui.card(
        "授信条件比对",
        rx.cond(
            state.conditions.length() > 0,
            ui.plain_table(
                ["条件", "产品要求", ui.Col("企业数据（申请时冻结）", wrap=True), "数据时点", "结果"],
                state.conditions,
                lambda c: [
                    rx.el.span(c.label, class_name="nowrap"),
                    c.condition,
                    ui.two_lines(c.figure, c.source),
                    rx.el.span(c.dated, class_name="nowrap"),
                    ui.tag(c.result, c.tone),
                ],
                "授信条件比对",
                stack=True,
            ),
            rx.el.p("该产品的授信条件均为不限制。", class_name="muted"),
        ),
        extra=rx.el.span(summary_text, class_name="muted small"),
    )


def _disbursements() -> rx.Component:
    state = RequestState

    def operations(d: Any) -> list:
        way_on = rx.cond(d.editable, "继续填写", "查看")
        return [ui.link(rx.cond(d.returned, "修改后重新提交", way_on), href(DISBURSE, d.id))]

    return ui.show(
        state.row.status == Status.APPROVED.value,
        ui.card("放款进度", disbursement_table(state.disbursements, "放款进度", operations)),
    )


def _decision() -> rx.Component:
    state = RequestState
    fields = [field_of(s, state) for s in DecisionForm.specs()]
    return ui.card(
        "审核",
        ui.form(
            # Enter in the amount must not approve.
            ui.enter_guard(),
            summary(state),
            *fields,
            ui.field(
                "comment",
                opinion_label(state.view.can_reject),
                ui.textarea("comment", "", rows=4, max_length=LONGEST),
                help="审核不通过时必须填写驳回原因，退回时必须填写退回原因，企业会看到。",
                error=problem(state, "comment"),
            ),
            rx.el.div(
                ui.submit("审核通过", "approve"),
                ui.submit("审核不通过", "reject", "danger"),
                ui.submit("退回补充", "return", "default"),
                class_name="decide-acts",
            ),
            on_submit=state.decide,
            draft=draft("request", state.view),
            version=state.view.version.to_string(),
            key=state.form_key,
        ),
    )
