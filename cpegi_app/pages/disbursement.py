"""放款: the institution's form for one disbursement (manual §4.3)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import DISBURSE, REQUEST, REQUESTS
from cpegi_app.pages import ui
from cpegi_app.pages.form import groups, href, summary, upload_field
from cpegi_app.pages.layout import page
from cpegi_app.pages.review import leavable, leave_button, outcome_panel, return_note
from cpegi_app.services.disbursement_form import DisbursementForm
from cpegi_app.services.review_view import CheckView
from cpegi_app.state.disbursement import ANYWAY, WEIGHED, DisburseState
from cpegi_app.vocabulary import FileSlot


@page(DISBURSE, DisburseState.load)
def disburse() -> rx.Component:
    """The form of one disbursement, or what became of it."""
    state = DisburseState
    key = "disburse-" + state.row_id.to_string()
    back = href(REQUEST, state.cover.application_id)
    content = rx.cond(
        state.sent,
        rx.fragment(
            ui.result_page(
                "放款信息已提交",
                "平台管理人员审核通过后登记到贷款台账，企业可同步看到放款进度。",
                ui.link_button("查看放款进度", back, "primary"),
                ui.link_button("返回企业申请管理", REQUESTS.route),
                next_steps=[
                    "平台核对合同和放款凭证",
                    "审核结果会出现在消息通知中",
                    "额度未用完时可继续登记下一笔放款",
                ],
            ),
            ui.draft_clear(key),
        ),
        rx.fragment(
            ui.crumbs("金融产品", (REQUESTS.title, REQUESTS.route), "放款"),
            ui.page_head(
                "放款",
                leave_button(state),
                ui.link_button("返回申请", back),
                number=state.cover.borrower,
            ),
            # What has been sent tells of its application itself.
            rx.cond(state.editable, rx.fragment(_application(), _form(key)), outcome_panel(state)),
        ),
    )
    return leavable(state, key, back, content)


def _application() -> rx.Component:
    state = DisburseState
    return ui.card(
        "对应申请",
        ui.description_list(
            [
                ("借款企业", state.cover.borrower),
                ("统一社会信用代码", state.cover.code),
                ("金融产品", state.cover.product),
                ("批准额度", state.cover.approved),
                ("已放款", state.cover.disbursed),
                ("放款待审核", state.cover.waiting),
                ("还可放款", state.cover.left),
            ]
        ),
    )


def _form(key: Any) -> rx.Component:
    state = DisburseState
    return ui.form(
        return_note(state),
        summary(state),
        *groups(DisbursementForm, state, weighed=WEIGHED),
        ui.card(
            "合同和放款凭证",
            ui.form_grid(
                upload_field(FileSlot.CONTRACT, state, required=True),
                upload_field(FileSlot.VOUCHER, state, required=True),
            ),
        ),
        _doubts(),
        ui.form_foot(
            ui.submit("暂存", "save", "default"),
            # Held, it stays where it was and only looks again; what sends then is 仍然提交.
            rx.el.button(
                "提交",
                type="submit",
                class_name=rx.cond(state.held > 0, "btn", "btn btn-primary"),
                aria_busy="false",
                data_intent="submit",
            ),
            note="提交后由平台管理人员审核。",
        ),
        on_submit=state.submit,
        draft=key,
        version=state.version.to_string(),
        key=state.form_key,
    )


def _doubts() -> rx.Component:
    """What the staff will be asked to look at, before they are: it stops nobody."""
    state = DisburseState

    def one(c: rx.Var[CheckView]) -> rx.Component:
        where = rx.cond(c.field != "", rx.el.a(c.label, href="#f-" + c.field), c.label)
        return rx.el.li(where, "：", c.text, key=c.label)

    def told(way_on: str, *more: rx.Component) -> rx.Component:
        return ui.note(
            rx.el.b("提交前请核对"),
            "warning",
            rx.el.p("以下情况平台审核时会提示审核人员。", way_on),
            rx.el.ol(rx.foreach(state.doubts, one), class_name="numbered"),
            *more,
        )

    # At the other side than 提交, at any width: the second tap of a double one never meets it.
    anyway = rx.el.div(ui.submit("仍然提交", ANYWAY), class_name="anyway")
    held = told("填写有误的，请更正后再点“提交”；确实如此的，请点“仍然提交”。", anyway)
    seen = told("填写有误的请更正；确实如此的不必修改，提交时再确认一次即可。")
    box = rx.cond(state.held > 0, rx.el.div(held, tab_index=-1, data_held=state.held.to_string()), seen)
    return rx.el.div(ui.show(state.doubts.length() > 0, box), role="status")
