"""Applications seen by the enterprise: list, form, detail (manual §4.2)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import APPLICATION, APPLICATIONS, APPLY, PUBLIC_PRODUCTS
from cpegi_app.pages import ui
from cpegi_app.pages.form import field_of, groups, href, list_page, summary, upload_field
from cpegi_app.pages.layout import page
from cpegi_app.pages.review import (
    data_cards,
    files_card,
    history_card,
    leavable,
    leave_button,
    opinion,
    outcome_panel,
    return_note,
)
from cpegi_app.services.application import ApplicationForm
from cpegi_app.services.application_list import STEPS
from cpegi_app.services.files import HINT
from cpegi_app.state.application import ApplicationListState, ApplicationState, ApplyState
from cpegi_app.vocabulary import FileSlot, Status

STATUSES = [(s.value, s.label) for s in Status]


def application_query(word_label: str, *more: tuple[str, str]) -> list[rx.Component]:
    """The query bar of both sides' lists; `more` are states that the institution looks for besides."""
    # A draft is known to its owner alone.
    shown = [(value, label) for value, label in STATUSES if not more or value != Status.DRAFT.value]
    return [
        ui.field("word", word_label, ui.text_input("word", placeholder="名称中的字")),
        ui.field("status", "状态", ui.select_input("status", [*shown, *more], blank="全部")),
    ]


def status_cell(row: Any) -> rx.Component:
    """The review's status and how far the disbursement has come."""
    return rx.el.span(
        ui.tag(row.status_label, row.tone),
        rx.cond(row.status == Status.APPROVED.value, ui.chip(row.progress), rx.fragment()),
        class_name="row",
    )


@page(APPLICATIONS, ApplicationListState.load)
def applications() -> rx.Component:
    """The own applications."""
    return rx.fragment(
        ui.crumbs("融资申请", APPLICATIONS.title),
        ui.page_head(
            APPLICATIONS.title,
            ui.link_button("选择金融产品", PUBLIC_PRODUCTS.route, "primary", icon_name="plus"),
        ),
        list_page(
            ApplicationListState,
            [
                ui.Col("金融产品", clip=True),
                ui.Col("受理机构", clip=True),
                ui.Col("申请额度", num=True, sort="amount"),
                ui.Col("批准额度", num=True),
                ui.Col("已放款", num=True),
                "状态",
                ui.Col("提交时间", sort="submitted"),
                ui.Col("操作", ops=True),
            ],
            _own_row,
            "我的融资申请",
            query=application_query("产品/机构"),
            empty=ui.empty_state(
                "还没有融资申请",
                "在“金融产品”中选择合适的产品，点击“查看详情”即可申请。",
                ui.link_button("查看金融产品", PUBLIC_PRODUCTS.route, "primary"),
            ),
        ),
    )


def _own_row(row: Any) -> list:
    return [
        row.product,
        row.institution,
        row.amount,
        row.approved,
        row.disbursed,
        status_cell(row),
        row.submitted,
        [
            ui.link("查看", href(APPLICATION, row.id)),
            rx.cond(
                row.editable,
                ui.link(
                    rx.cond(row.status == Status.RETURNED.value, "修改后重新提交", "继续填写"),
                    href(APPLY, row.product_id),
                ),
                rx.fragment(),
            ),
        ],
    ]


@page(APPLY, ApplyState.load)
def apply() -> rx.Component:
    """The application form for one product, or what became of it."""
    state = ApplyState
    key = "apply-" + state.row_id.to_string()
    content = rx.cond(
        state.sent,
        rx.fragment(
            ui.result_page(
                "申请已提交",
                "受理机构将在其待办事项中办理您的申请，结果会通过消息通知告知。",
                ui.link_button("查看申请进度", href(APPLICATION, state.row_id), "primary"),
                ui.link_button("返回我的融资申请", APPLICATIONS.route),
                next_steps=[
                    "受理机构审核，可能请您补充资料",
                    "审核通过后签订合同、放款",
                    "放款登记后可在详情页看到每笔金额",
                ],
            ),
            ui.draft_clear(key),
        ),
        rx.fragment(
            ui.crumbs("融资申请", (APPLICATIONS.title, APPLICATIONS.route), "申请金融产品"),
            ui.page_head(
                "申请金融产品",
                leave_button(state),
                ui.show(state.may_repeat, ui.button("再次申请", state.again, "primary")),
                ui.link_button("返回", APPLICATIONS.route),
                number=state.product.name,
            ),
            rx.cond(state.editable, _apply_form(key), rx.fragment(_decided(), outcome_panel(state))),
        ),
    )
    return leavable(state, key, APPLICATIONS.route, content)


def _decided() -> rx.Component:
    """That the latest application is decided, and the ways on."""
    state = ApplyState
    more = rx.cond(state.closed_why != "", state.closed_why, "需要更多资金时，可再次申请。")
    return ui.show(
        (state.view.status == Status.APPROVED.value) | (state.view.status == Status.REJECTED.value),
        ui.note(
            rx.fragment(
                "贵单位最近一次申请该产品的结果如下。",
                more,
                ui.link("查看放款进度", href(APPLICATION, state.row_id)),
            )
        ),
    )


def _apply_form(key: Any) -> rx.Component:
    state = ApplyState
    return ui.form(
        ui.show(state.closed_why != "", ui.note(state.closed_why + "已填写的内容仍然保留。", "warning")),
        return_note(state),
        summary(state),
        ui.card(
            "申请的产品",
            ui.description_list(
                [
                    ("金融产品", state.product.name),
                    ("受理机构", state.product.org_name),
                    ("综合年化成本", state.product.cost + " 起"),
                    ("额度", state.product.amount),
                    ("期限", state.product.term),
                    ("年利率", state.product.rate),
                    ("担保方式", state.product.guarantees),
                    ("还款方式", state.product.repayments),
                    ("放款时效", state.product.days),
                ]
            ),
        ),
        *groups(ApplicationForm, state, only=("融资需求",), choices={"guarantee": state.guarantees}),
        ui.card(
            "附件",
            ui.show(
                state.materials != "",
                rx.el.div(rx.el.b("该产品所需材料"), rx.el.p(state.materials, class_name="prose")),
            ),
            ui.form_grid(
                upload_field(
                    FileSlot.ATTACHMENT,
                    state,
                    help=f"财务报表、合同订单等；{HINT}",
                )
            ),
        ),
        ui.card(
            "数据授权",
            rx.el.div(
                rx.el.p(
                    "提交时，贵单位当前的认证资料和经营数据将随申请冻结，之后的资料修改不影响本次申请。",
                    class_name="muted small",
                ),
                field_of(ApplicationForm.spec("authorised"), state),
                class_name="stack",
            ),
        ),
        ui.form_foot(ui.submit("暂存", "save", "default"), ui.submit("提交"), note="提交后由受理机构审核。"),
        on_submit=state.submit,
        draft=key,
        version=state.version.to_string(),
        key=state.form_key,
    )


def disbursement_table(rows: Any, caption: str, operations: Any = None) -> rx.Component:
    """The disbursements of an application."""
    columns: list[Any] = ["借据编号", ui.Col("放款金额", num=True), "放款日期", "状态", "提交时间"]
    if operations is not None:
        columns.append(ui.Col("操作", ops=True))

    def cells(d: Any) -> list:
        found = [d.iou_no, d.amount, d.lent_on, ui.tag(d.status_label, d.tone), d.at]
        return found if operations is None else [*found, operations(d)]

    return rx.cond(
        rows.length() > 0,
        ui.plain_table(columns, rows, cells, caption, stack=True),
        rx.el.p("还没有放款记录", class_name="muted"),
    )


@page(APPLICATION, ApplicationState.load)
def application() -> rx.Component:
    """An own application: where it stands at every step."""
    state = ApplicationState
    row, view = state.row, state.view
    return rx.fragment(
        ui.crumbs("融资申请", (APPLICATIONS.title, APPLICATIONS.route), "申请详情"),
        ui.page_head(
            rx.cond(row.product == "", "融资申请详情", row.product),
            ui.show(
                view.can_withdraw,
                ui.button(rx.cond(view.status == Status.RETURNED.value, "放弃修改", "撤回"), state.withdraw),
            ),
            rx.cond(
                row.editable,
                ui.link_button("修改后重新提交", href(APPLY, row.product_id), "primary"),
                rx.fragment(),
            ),
            ui.link_button("返回列表", APPLICATIONS.route),
            status=ui.show(row.status != "", ui.tag(row.status_label, row.tone)),
            number=row.institution,
        ),
        ui.show(view.reason != "", opinion(view)),
        ui.show(row.ended != "", ui.note(row.ended + "。如仍需资金，可再次申请该产品。", "warning")),
        ui.show(row.status != "", _progress()),
    )


def _progress() -> rx.Component:
    state = ApplicationState
    row, view = state.row, state.view
    return rx.fragment(
        ui.card(
            "办理进度",
            rx.el.div(
                ui.steps(STEPS, state.step, bad=row.status == Status.REJECTED.value),
                ui.description_list(
                    [
                        ("当前状态", row.progress),
                        ("申请额度", row.amount),
                        ("批准额度", row.approved),
                        ("已放款", row.disbursed),
                        ("放款待审核", rx.cond(row.waiting == "", "—", row.waiting)),
                        ("提交时间", row.submitted),
                    ]
                ),
                class_name="stack",
            ),
        ),
        rx.el.div(
            rx.el.div(
                ui.card("放款记录", disbursement_table(state.disbursements, "放款记录")),
                data_cards(view),
                class_name="stack",
            ),
            rx.el.div(files_card(view), history_card(view), class_name="stack"),
            class_name="cols-main",
        ),
    )
