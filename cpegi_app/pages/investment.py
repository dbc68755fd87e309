"""线下投资: the institution's editor, the project side's confirmation (manual §6.4)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import CONFIRM, CONFIRMATIONS, INVESTMENT_EDIT, RECORDS
from cpegi_app.pages import ui
from cpegi_app.pages.desk import draft, stands, titled, unless_withdrawn
from cpegi_app.pages.equity_record import figure_fields, objection_card, questions_card, reason_field, summary
from cpegi_app.pages.form import field_of, problem, upload_field
from cpegi_app.pages.layout import page
from cpegi_app.pages.review import (
    data_cards,
    files_card,
    history_card,
    leavable,
    leave_button,
    return_note,
)
from cpegi_app.services.investment import REQUIRED, SLOTS
from cpegi_app.services.investment_case import STEPS
from cpegi_app.services.investment_form import FiguresForm, InvestmentForm
from cpegi_app.services.investment_list import Target
from cpegi_app.state.investment import ConfirmState, InvestmentEditState

# --- the institution's editor ---------------------------------------------------------------------------


@page(INVESTMENT_EDIT, InvestmentEditState.load)
def investment_edit() -> rx.Component:
    """添加线下投资记录, or what became of it."""
    state = InvestmentEditState
    key = "investment-" + state.row_id.to_string()
    content = rx.cond(
        state.sent,
        rx.fragment(
            ui.result_page(
                "线下投资记录已提交",
                "请等待项目方和平台管理人员确认。",
                ui.link_button("返回投资记录", RECORDS.route, "primary"),
                next_steps=[
                    "项目方核对投资信息，确认或提出异议；久未确认时系统会提醒，您也可以在列表中提醒",
                    "项目方确认后由平台管理人员确认",
                    "双方确认后完成备案，投资自动进入股权投资项目库",
                ],
            ),
            ui.draft_clear(key),
        ),
        rx.fragment(
            ui.crumbs(RECORDS.menu, (RECORDS.title, RECORDS.route), INVESTMENT_EDIT.title),
            ui.page_head(
                INVESTMENT_EDIT.title,
                leave_button(state),
                ui.link_button("返回列表", RECORDS.route),
                status=ui.show(state.case.state != "", ui.tag(state.case.state_label, state.case.tone)),
            ),
            rx.cond(state.editable, _editor(key), _outcome()),
        ),
    )
    return leavable(state, key, RECORDS.route, content)


def _editor(key: Any) -> rx.Component:
    state = InvestmentEditState
    return rx.fragment(
        return_note(state),
        objection_card(state.case.differences, state.case.objection, state.case.objected_at),
        _target(),
        ui.form(
            summary(state),
            ui.card(
                "投资信息",
                ui.form_grid(
                    ui.show(
                        state.target.project_id == 0, field_of(InvestmentForm.spec("project_name"), state)
                    ),
                    *figure_fields(FiguresForm, state),
                ),
            ),
            ui.card(
                "证明材料",
                ui.form_grid(*(upload_field(s, state, required=s in REQUIRED) for s in SLOTS)),
            ),
            ui.card(
                "说明",
                ui.form_grid(
                    field_of(InvestmentForm.spec("note"), state),
                    ui.show(state.case.objection != "", field_of(InvestmentForm.spec("answer"), state)),
                ),
            ),
            ui.form_foot(
                ui.submit("暂存", "save", "default"),
                ui.submit("提交"),
                note="提交后先由项目方确认，再由平台确认；确认期间不可修改，项目方确认前可先撤回。",
            ),
            on_submit=state.submit,
            draft=key,
            version=state.version.to_string(),
            key=state.form_key,
        ),
    )


def _target() -> rx.Component:
    state = InvestmentEditState
    chosen = rx.el.div(
        ui.tag(state.target.kind, "green"),
        rx.el.b(state.target.name),
        rx.el.span(state.target.note, class_name="muted"),
        class_name="row",
    )
    wrong = rx.el.p(
        problem(state, "target"), class_name="err", custom_attrs={"id": "f-target", "tabIndex": "-1"}
    )
    look = rx.el.form(
        ui.field(
            "word",
            "查找项目或企业",
            ui.text_input(
                "word", placeholder="项目名称、企业名称中的字，或完整的统一社会信用代码", max_length=60
            ),
            required=True,
            help="平台上的项目选择“平台项目”；没有在平台发布的，选择已认证的企业",
        ),
        rx.el.div(ui.button("查找", type_="submit", icon_name="search"), class_name="row"),
        on_submit=state.look,
        no_validate=True,
        class_name="form",
        role="search",
        aria_label="查找项目或企业",
    )
    results = rx.el.ul(rx.foreach(state.found, _candidate), class_name="picks", aria_label="查找结果")
    return ui.card(
        "投资项目",
        rx.el.div(
            rx.cond(
                state.target.enterprise_id > 0,
                chosen,
                rx.el.p("请先查找并选择投资的项目或企业。", class_name="muted"),
            ),
            wrong,
            ui.show(state.case.view.submitted == "", look),
            ui.show(state.looked != "", rx.el.p(state.looked, class_name="muted", role="status")),
            ui.show(state.found.length() > 0, results),
            class_name="stack",
        ),
    )


def _candidate(t: rx.Var[Target]) -> rx.Component:
    pick = InvestmentEditState.pick(t.enterprise_id, t.project_id)
    return rx.el.li(
        ui.chip(t.kind),
        rx.el.b(t.name),
        rx.el.span(t.note, class_name="muted"),
        ui.button("选择", pick, size="sm", aria_label="选择" + t.name),
        class_name="pick-row",
        key=t.enterprise_id.to_string() + "-" + t.project_id.to_string(),
    )


def _outcome() -> rx.Component:
    state, case = InvestmentEditState, InvestmentEditState.case
    acts = rx.el.div(
        ui.show(case.can_remind, ui.button("提醒项目方", state.remind, icon_name="bell")),
        ui.show(case.view.can_withdraw, ui.button("撤回", state.withdraw)),
        class_name="row",
    )
    return ui.show(case.state != "", _progress(case, acts), _body(state, case))


def _progress(case: Any, *more: Any) -> rx.Component:
    return ui.card(
        "办理进度",
        rx.el.div(ui.steps(STEPS, case.step, bad=case.bad), *more, class_name="stack"),
    )


def _body(state: Any, case: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            objection_card(case.differences, case.objection, case.objected_at, answer=case.answer),
            data_cards(case.view),
            questions_card(state, may_ask=case.can_ask),
            class_name="stack",
        ),
        rx.el.div(files_card(case.view), history_card(case.view), class_name="stack"),
        class_name="cols-main",
    )


# --- the project side ------------------------------------------------------------------------------------


@page(CONFIRM, ConfirmState.load)
def confirm() -> rx.Component:
    """A filing as its project side sees it: confirm, or object."""
    state, case = ConfirmState, ConfirmState.case
    return rx.fragment(
        ui.crumbs(CONFIRMATIONS.menu, (CONFIRMATIONS.title, CONFIRMATIONS.route), CONFIRM.title),
        ui.page_head(
            titled(state, case.project, CONFIRM.title),
            ui.link_button("返回列表", CONFIRMATIONS.route),
            status=stands(state, case.state_label, case.tone),
            number=case.institution,
        ),
        unless_withdrawn(
            state,
            rx.el.p("投资机构重新提交后，会再次请贵单位确认。", class_name="muted"),
            ui.show(
                case.state != "",
                rx.fragment(_progress(case), ui.show(case.can_confirm, _decision()), _body(state, case)),
            ),
        ),
    )


def _decision() -> rx.Component:
    state = ConfirmState
    form = ui.form(
        summary(state),
        rx.el.p("请按贵单位的实际情况填写，不一致的项目会与机构填报的数据并列显示。", class_name="muted"),
        ui.form_grid(
            *figure_fields(FiguresForm, state),
            reason_field(
                state, "comment", "异议说明", "请说明哪里不符，投资机构会看到；没有这笔投资请直接写明"
            ),
        ),
        rx.el.div(
            ui.submit("提交异议", "object", "danger"),
            ui.button("取消", state.close_objection),
            class_name="row",
        ),
        on_submit=state.object_to,
        draft=draft("objection", state.case.view),
        version=state.case.version.to_string(),
        key=state.form_key,
    )
    choice = rx.el.div(
        rx.el.p("请核对投资金额、比例和日期。确认后由平台管理人员确认备案，不能撤销。"),
        rx.el.div(
            ui.button("确认无误", state.confirm, "primary", icon_name="check"),
            ui.button("提出异议", state.open_objection),
            class_name="row",
        ),
        class_name="stack",
    )
    return ui.card("项目方确认", rx.cond(state.objecting, form, choice))
