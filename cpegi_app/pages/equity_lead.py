"""对接线索: one lead with its log (manual §6.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import LEAD, LEADS, STAFF_RECORDS
from cpegi_app.pages import ui
from cpegi_app.pages.equity_parts import reason_chips
from cpegi_app.pages.form import LONGEST, problem, summary
from cpegi_app.pages.layout import page
from cpegi_app.services.equity_lead import LIVE
from cpegi_app.state.equity_staff import LeadState
from cpegi_app.vocabulary.equity import CONTACT_KINDS, LeadOutcome


@page(LEAD, LeadState.load)
def lead() -> rx.Component:
    """A lead: who and what, what was done, what is next."""
    state = LeadState
    found = state.lead
    title = rx.cond(found.id > 0, found.institution + " → " + found.project.name, LEAD.title)
    return rx.fragment(
        ui.crumbs(LEADS.menu, (LEADS.title, LEADS.route), LEAD.title),
        ui.page_head(
            title,
            ui.link_button("返回看板", LEADS.route),
            ui.show(
                (found.id > 0) & ~found.closed,
                ui.link_button("登记线上投资", STAFF_RECORDS.route + "?lead=" + found.id.to_string()),
            ),
            ui.show(found.closed, ui.button("重新跟进", state.ask("reopen"))),
            ui.show((found.id > 0) & ~found.closed, ui.button("了结线索", state.ask("close"), "primary")),
            status=ui.show(found.id > 0, ui.tag(found.stage_label, found.tone)),
        ),
        rx.cond(state.loading, ui.card("", ui.skeleton(8)), _lead()),
        _dialogs(),
    )


def _lead() -> rx.Component:
    found = LeadState.lead
    return rx.fragment(
        summary(LeadState),
        ui.show(
            found.closed,
            ui.note("结果：" + found.outcome + "。" + found.outcome_note, "info"),
        ),
        rx.el.div(
            rx.el.div(ui.show(~found.closed, _stages()), _contact(), _log(), class_name="stack"),
            rx.el.div(
                ui.show(~found.closed, _next()), _owner(), _project(), _institution(), class_name="stack"
            ),
            class_name="cols-main",
        ),
    )


def _stages() -> rx.Component:
    state = LeadState
    return ui.card(
        "阶段",
        rx.el.div(
            *(
                rx.el.button(
                    s.label,
                    type="button",
                    on_click=state.move(s.value),
                    aria_pressed=ui.flag(state.lead.stage == s.value),
                    class_name="choice",
                )
                for s in LIVE
            ),
            class_name="choices",
            role="group",
            aria_label="推进到",
        ),
    )


def _contact() -> rx.Component:
    state = LeadState
    kinds = [(k.value, k.label) for k in CONTACT_KINDS]
    return ui.card(
        "添加沟通记录",
        ui.form(
            ui.form_grid(
                ui.field(
                    "kind", "沟通方式", ui.select_input("kind", kinds), True, error=problem(state, "kind")
                ),
                ui.field(
                    "happened_on",
                    "沟通日期",
                    ui.date_input("happened_on", state.lead.today),
                    True,
                    error=problem(state, "happened_on"),
                ),
                ui.field(
                    "text",
                    "沟通内容",
                    ui.textarea("text", rows=3, max_length=LONGEST),
                    True,
                    error=problem(state, "text"),
                    wide=True,
                ),
            ),
            rx.el.div(ui.submit("保存记录"), class_name="row row-end"),
            on_submit=state.contact,
            draft="lead-" + state.lead.id.to_string(),
            version=state.lead.version.to_string(),
            key="contact" + state.form_key,
        ),
    )


def _log() -> rx.Component:
    return ui.card("沟通对接记录", ui.timeline(LeadState.lead.events))


def _next() -> rx.Component:
    state = LeadState
    found = state.lead
    return ui.card(
        "下一步",
        ui.form(
            ui.show(found.late, ui.note("计划日期已过，请记录沟通情况或重新安排。", "warning")),
            ui.field(
                "next_step",
                "下一步",
                ui.text_input("next_step", found.next_step, max_length=LONGEST),
                True,
                error=problem(state, "next_step"),
            ),
            ui.field(
                "next_on",
                "计划日期",
                ui.date_input("next_on", found.next_on),
                True,
                error=problem(state, "next_on"),
            ),
            rx.el.div(ui.submit("保存安排", kind="default"), class_name="row row-end"),
            on_submit=state.plan,
            key="next" + state.form_key,
        ),
    )


def _owner() -> rx.Component:
    state = LeadState
    found = state.lead
    acts = rx.el.div(
        ui.show(found.owner_id == 0, ui.button("由我负责", state.take, "primary", size="sm")),
        ui.button("指定负责人", state.ask("owner"), size="sm"),
        class_name="row",
    )
    return ui.card(
        "负责人",
        rx.el.div(
            rx.el.p(rx.cond(found.owner != "", found.owner, "尚未分配"), class_name="strong"),
            ui.show(~found.closed, acts),
            class_name="row row-between",
        ),
    )


def _project() -> rx.Component:
    found = LeadState.lead
    return ui.card(
        "融资项目",
        ui.description_list(
            [
                ("项目企业", found.project.org),
                ("轮次", found.project.round),
                ("融资额", found.project.amount),
                ("状态", found.project_state),
                ("项目联系人", found.project_contact),
            ],
            1,
        ),
        extra=ui.show(found.project_href != "", ui.link("查看项目", found.project_href)),
    )


def _institution() -> rx.Component:
    found = LeadState.lead
    return ui.card(
        "投资机构",
        rx.el.div(
            ui.description_list(
                [
                    ("机构", found.institution),
                    ("类别", found.institution_class),
                    ("联系人", found.institution_contact),
                    ("投资偏好", found.wants),
                    ("线索来源", found.source + "，" + found.begun),
                ],
                1,
            ),
            ui.show(found.reasons.length() > 0, reason_chips(found.reasons)),
            class_name="stack",
        ),
    )


def _dialogs() -> rx.Component:
    state = LeadState
    return rx.fragment(
        _dialog(
            "close",
            "了结线索",
            state.close,
            ui.field(
                "outcome",
                "结果",
                ui.select_input("outcome", LeadOutcome.options()),
                True,
                error=problem(state, "outcome"),
            ),
            ui.field(
                "outcome_note",
                "说明",
                ui.textarea("outcome_note", rows=3, max_length=LONGEST),
                True,
                error=problem(state, "outcome_note"),
            ),
        ),
        _dialog(
            "reopen",
            "重新跟进",
            state.reopen,
            ui.field(
                "why", "原因", ui.text_input("why", max_length=LONGEST), True, error=problem(state, "why")
            ),
        ),
        _dialog(
            "owner",
            "指定负责人",
            state.assign,
            ui.field("owner", "负责人", _people(), True, error=problem(state, "owner")),
        ),
    )


def _people() -> rx.Component:
    state = LeadState
    options: Any = rx.foreach(state.lead.people, lambda p: rx.el.option(p[1], value=p[0], key=p[0]))
    return rx.el.select(
        rx.el.option("请选择", value=""),
        options,
        name="owner",
        default_value="",
        class_name="input",
        custom_attrs={"id": "f-owner"},
    )


def _dialog(name: str, title: str, handler: Any, *fields: rx.Component) -> rx.Component:
    state = LeadState
    return ui.dialog(
        state.asking == name,
        title,
        ui.form(
            *fields,
            rx.el.div(ui.button("取消", state.ask("")), ui.submit("确定"), class_name="row row-end"),
            on_submit=handler,
            key=name + state.form_key,
        ),
        on_close=state.ask(""),
        ident=f"lead-{name}",
    )
