"""A policy application: its form while it may be changed, and where it stands (manual §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import (
    POLICY_APPLICATION,
    POLICY_APPLICATIONS,
    PROFILE_EDIT,
)
from cpegi_app.pages import ui
from cpegi_app.pages.form import summary
from cpegi_app.pages.layout import page
from cpegi_app.pages.policy_form import fields_card, slots_card
from cpegi_app.pages.policy_parts import way
from cpegi_app.pages.policy_public import detail_cards
from cpegi_app.pages.review import data_cards, files_card, history_card, return_note
from cpegi_app.services.policy_check import Finding
from cpegi_app.services.policy_view import RecordItem
from cpegi_app.state.policy_apply import (
    RECORDS,
    PolicyApplicationState,
)

MENU = "政策奖补"


@page(POLICY_APPLICATION, PolicyApplicationState.load)
def policy_application() -> rx.Component:
    """The application's form while it may be changed, and where it stands."""
    state = PolicyApplicationState
    key = "policy-application-" + state.row_id.to_string()
    number = rx.cond(state.form.receipt != "", "受理编号 " + state.form.receipt, "")
    return rx.cond(
        state.sent,
        rx.fragment(
            ui.result_page(
                rx.fragment("已受理，编号 ", state.form.receipt),
                rx.fragment("受理时间 ", state.form.received, "，预计 ", state.form.due, "。"),
                ui.link_button("返回政策申请", POLICY_APPLICATIONS.route, "primary"),
                next_steps=[
                    "形式审查、业务审核，进度在“政策申请”中查看",
                    "需要补正时一次性告知，补正期间不计入办理时限",
                    "审核通过后公示，公示无异议后可申请兑现",
                ],
            ),
            ui.draft_clear(key),
        ),
        rx.fragment(
            ui.crumbs(MENU, (POLICY_APPLICATIONS.title, POLICY_APPLICATIONS.route), POLICY_APPLICATION.title),
            ui.page_head(
                rx.cond(state.form.policy.name != "", state.form.policy.name, POLICY_APPLICATION.title),
                ui.link_button("返回列表", POLICY_APPLICATIONS.route),
                ui.show(state.view.can_withdraw, ui.button("撤回", state.withdraw)),
                status=ui.tag(state.view.status_label, state.view.tone),
                number=number,
            ),
            rx.cond(state.editable, _editor(key), _standing()),
        ),
    )


def _editor(key: Any) -> rx.Component:
    state = PolicyApplicationState
    return ui.form(
        return_note(state),
        ui.show(state.form.due != "", ui.note(state.form.due)),
        ui.show(state.form.warning != "", ui.note(state.form.warning, "warning")),
        ui.show(
            state.form.newer != "",
            ui.note(state.form.newer, "info", rx.el.p(ui.button("改用新版本", state.adopt, size="sm"))),
        ),
        summary(state),
        _precheck(),
        _policy(),
        _applicant(),
        ui.show(state.form.with_records, _records()),
        fields_card(state.form.fields, state.keep, state.errors),
        _money(),
        slots_card(state),
        _promise(),
        ui.form_foot(
            ui.submit("暂存", "save", "default"),
            ui.submit("提交前检查", "check", "default"),
            ui.submit("提交"),
            note=rx.cond(state.saved_at != "", "已自动保存 " + state.saved_at, "离开每一栏时自动保存"),
        ),
        on_submit=state.submit,
        draft=key,
        version=state.version.to_string(),
        key=state.form_key,
    )


def _policy() -> rx.Component:
    policy = PolicyApplicationState.form.policy
    return rx.el.details(
        rx.el.summary(
            rx.el.b("政策内容"),
            rx.el.span(policy.paid, class_name="muted"),
            ui.show(policy.left != "", ui.chip(policy.left)),
        ),
        detail_cards(policy),
        class_name="fold",
    )


def _applicant() -> rx.Component:
    state = PolicyApplicationState
    error = rx.cond(state.errors["profile"], state.errors["profile"], "").to(str)
    return ui.card(
        "申请单位",
        rx.el.dl(
            rx.foreach(state.form.applicant, lambda p: rx.el.div(rx.el.dt(p[0]), rx.el.dd(p[1]))),
            class_name="desc desc-2",
            tab_index=-1,
            custom_attrs={"id": "f-profile"},
        ),
        rx.el.p(error, class_name="err"),
        extra=ui.link("资料有变化？去修改", PROFILE_EDIT.route),
    )


def _precheck() -> rx.Component:
    state = PolicyApplicationState

    def one(f: rx.Var[Finding]) -> rx.Component:
        return rx.el.li(rx.el.a(f.text, href=f.href))

    return ui.show(
        state.precheck.done,
        rx.el.div(
            rx.cond(
                state.precheck.findings.length() > 0,
                rx.el.div(
                    rx.el.b("提交前检查：还有 ", state.precheck.findings.length(), " 处需要补充或更正"),
                    rx.el.ul(rx.foreach(state.precheck.findings, one)),
                    class_name="errors",
                ),
                ui.note(
                    rx.fragment("提交前检查全部通过，可以提交。申请金额 ", state.precheck.amount, " 元。"),
                    "success",
                ),
            ),
            role="status",
            tab_index=-1,
            id="precheck",
        ),
    )


# --- records --------------------------------------------------------------------------------------


def _records() -> rx.Component:
    state = PolicyApplicationState
    error = rx.cond(state.errors["records"], state.errors["records"], "").to(str)
    return ui.card(
        "选取记录",
        rx.el.div(
            rx.el.p(state.form.policy.records, class_name="muted small"),
            rx.el.p(error, class_name="err"),
            ui.show(
                state.form.records_reason != "",
                rx.el.p(rx.el.b("审核意见："), state.form.records_reason, class_name="field-reason"),
            ),
            rx.el.div(
                rx.el.span(
                    "已选取 ", rx.el.b(state.chosen), " 笔，可选取 ", state.form.usable, " 笔", role="status"
                ),
                ui.show(
                    ~state.form.records_locked,
                    rx.el.span(
                        ui.button(
                            rx.cond(state.only_usable, "显示全部记录", "只看可选取的"),
                            state.show_usable(~state.only_usable),
                            "text",
                        ),
                        ui.button("全部选取", state.choose_all, size="sm"),
                        class_name="row",
                    ),
                ),
                class_name="row row-between",
            ),
            class_name="card-note stack",
            tab_index=-1,
            custom_attrs={"id": "f-records"},
        ),
        rx.cond(
            state.record_total > 0,
            ui.plain_table(
                [
                    "记录",
                    "双方",
                    "日期",
                    ui.Col("金额", unit="元", num=True),
                    ui.Col("计入金额", unit="元", num=True),
                    ui.Col("操作", ops=True),
                ],
                state.records,
                _record,
                "可以选取的记录",
                stack=True,
            ),
            ui.empty_state(
                "没有可以选取的记录", "贵单位的贷款或投资备案通过后，会出现在这里。", icon_name="list"
            ),
        ),
        ui.show(state.record_total > RECORDS, _turn()),
        flush=True,
    )


def _record(r: rx.Var[RecordItem]) -> list:
    state = PolicyApplicationState
    return [
        rx.el.span(rx.el.b(r.title), rx.el.small(r.number, class_name="block muted")),
        rx.el.span(r.parties, ui.show(r.why != "", _why(r))),
        rx.el.span(r.on, class_name="one-line"),
        r.amount,
        rx.el.span(r.part, title=r.formula),
        [
            rx.cond(
                r.chosen,
                rx.el.span(
                    ui.tag("已选取", "green"),
                    ui.button("移除", state.choose(r.key, False), "text", aria_label="移除" + r.title),
                    class_name="row",
                ),
                rx.cond(
                    r.why != "",
                    rx.el.span("不能选取", class_name="muted nowrap"),
                    ui.button("选取", state.choose(r.key, True), "text", aria_label="选取" + r.title),
                ),
            )
        ],
    ]


def _why(r: rx.Var[RecordItem]) -> rx.Component:
    """Why a record cannot be chosen, where there is room to read it."""
    return rx.el.small(r.why, class_name=rx.cond(r.chosen, "why err", "why muted"))


def _turn() -> rx.Component:
    state = PolicyApplicationState
    pages = (state.record_total + RECORDS - 1) // RECORDS
    return rx.el.nav(
        ui.button(
            "上一页", state.turn_records(state.record_page - 1), disabled=state.record_page <= 1, size="sm"
        ),
        rx.el.span("第 ", rx.el.b(state.record_page), " / ", pages, " 页", class_name="pager-now"),
        ui.button(
            "下一页",
            state.turn_records(state.record_page + 1),
            disabled=state.record_page >= pages,
            size="sm",
        ),
        aria_label="记录分页",
        class_name="pager",
    )


def _money() -> rx.Component:
    state = PolicyApplicationState
    error = rx.cond(state.errors["amount"], state.errors["amount"], "").to(str)
    return ui.card(
        "奖补金额",
        rx.el.div(
            rx.cond(
                state.money.missing.length() > 0,
                ui.note("还不能计算：" + state.money.missing.join("；"), "warning"),
                rx.el.p("系统计算金额 ", rx.el.b(state.money.computed, class_name="amount"), " 元"),
            ),
            rx.el.ol(rx.foreach(state.money.steps, lambda s: rx.el.li(s)), class_name="numbered muted small"),
            rx.el.p(error, class_name="err"),
            class_name="stack",
            tab_index=-1,
            aria_live="polite",
            custom_attrs={"id": "f-amount"},
        ),
    )


def _promise() -> rx.Component:
    state = PolicyApplicationState
    error = rx.cond(state.errors["promise"], state.errors["promise"], "").to(str)
    ticked = rx.cond(state.values["promise"], state.values["promise"], "").to(str) == "YES"
    text = "本单位承诺填报内容和上传材料真实、完整，同一记录未重复申报，如有虚假愿承担相应责任。"
    return ui.card(
        "申报承诺",
        rx.el.div(
            ui.check(
                "promise",
                text,
                ticked,
                value="YES",
                on_change=lambda value: state.keep("promise", value),
                custom_attrs={"id": "f-promise"},
            ),
            rx.el.p(error, class_name="err"),
        ),
    )


# --- where it stands ------------------------------------------------------------------------------


def _standing() -> rx.Component:
    state = PolicyApplicationState
    return rx.fragment(
        ui.card(
            "办理进度",
            rx.el.div(
                way(state.steps),
                ui.description_list(
                    [
                        ("受理编号", state.form.receipt),
                        ("受理时间", state.form.received),
                        ("办理时限", rx.cond(state.form.due != "", state.form.due, "—")),
                        ("系统计算金额", state.money.computed + " 元"),
                        ("审核金额", rx.cond(state.form.granted != "", state.form.granted + " 元", "—")),
                    ]
                ),
                ui.show(
                    state.form.granted_why != "",
                    ui.note("审核金额与申请金额不同的理由：" + state.form.granted_why),
                ),
                ui.show(state.view.reason != "", ui.note("审核意见：" + state.view.reason)),
                rx.el.ol(
                    rx.foreach(state.money.steps, lambda s: rx.el.li(s)), class_name="numbered muted small"
                ),
                class_name="stack",
            ),
        ),
        rx.el.div(
            rx.el.div(data_cards(state.view), class_name="stack"),
            rx.el.div(files_card(state.view), history_card(state.view), class_name="stack"),
            class_name="cols-main",
        ),
    )
