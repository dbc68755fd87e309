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
from cpegi_app.pages.policy_form import PROMISE, fields_card, money_card, record_table, slots_card
from cpegi_app.pages.policy_parts import adopt_dialog, way, withdraw_dialog
from cpegi_app.pages.policy_public import detail_cards
from cpegi_app.pages.review import data_cards, files_card, history_card, opinion, return_note
from cpegi_app.services.policy_check import Finding
from cpegi_app.services.policy_choice import ALL, CHOSEN, USABLE
from cpegi_app.services.policy_record_view import RecordItem
from cpegi_app.state.policy_apply import PolicyApplicationState

MENU = "政策奖补"


@page(POLICY_APPLICATION, PolicyApplicationState.load)
def policy_application() -> rx.Component:
    """The application's form while it may be changed, and where it stands."""
    state = PolicyApplicationState
    key = "policy-application-" + state.row_id.to_string()
    returned = state.view.status == "RETURNED"
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
                ui.show(
                    state.view.can_withdraw,
                    ui.button(rx.cond(returned, "放弃申请", "撤回"), state.withdraw(False)),
                ),
                status=ui.tag(state.view.status_label, state.view.tone),
                number=number,
            ),
            rx.cond(state.editable, _editor(key), _standing()),
            withdraw_dialog(
                state,
                rx.cond(returned, "放弃这份申请", "撤回后不能再提交"),
                rx.cond(returned, "不放弃", "不撤回"),
                rx.cond(returned, "确认放弃", "仍要撤回"),
            ),
            adopt_dialog(state),
        ),
    )


def _editor(key: Any) -> rx.Component:
    state = PolicyApplicationState
    return ui.form(
        ui.enter_guard(),
        return_note(state, state.form.slots),
        # What was received is on its way: where it stands is told while it is corrected as well.
        ui.show(
            state.form.receipt != "",
            ui.card("办理进度", rx.el.div(way(state.steps), rx.el.p(state.form.due), class_name="stack")),
        ),
        ui.show(state.form.warning != "", ui.note(state.form.warning, "warning")),
        ui.show(
            state.form.newer != "",
            ui.note(
                state.form.newer, "info", rx.el.p(ui.button("改用新版本", state.adopt(False), size="sm"))
            ),
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
        tab_index=-1,
        custom_attrs={"id": "f-policy"},
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
        extra=ui.link("资料有变化？去修改", f"{PROFILE_EDIT.route}?new=1"),
    )


def _precheck() -> rx.Component:
    state = PolicyApplicationState

    def one(f: rx.Var[Finding]) -> rx.Component:
        return rx.el.li(rx.el.a(f.text, href=f.href))

    doubts = state.precheck.doubts

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
            ui.show(
                doubts.length() > 0,
                ui.note(
                    "请核对：以下要求补正的内容退回后没有修改。",
                    "warning",
                    rx.el.ol(rx.foreach(doubts, one), class_name="numbered"),
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
    found = state.record_list
    error = rx.cond(state.errors["records"], state.errors["records"], "").to(str)
    return ui.card(
        "选取记录",
        rx.el.div(
            rx.el.p(state.form.policy.records, class_name="muted small"),
            rx.el.p(error, class_name="err"),
            ui.returned_for(state.form.records_reason),
            ui.show(
                found.bad > 0,
                ui.note(
                    rx.fragment(
                        "已选取的记录中有 ",
                        rx.el.b(found.bad),
                        " 笔现在不能使用，请在“已选取”中查看原因并移除。",
                    ),
                    "warning",
                ),
            ),
            _find(),
            class_name="card-note stack",
            tab_index=-1,
            custom_attrs={"id": "f-records"},
        ),
        rx.cond(
            found.total > 0,
            record_table(found.rows, _actions),
            rx.cond(
                (state.record_word != "") | (state.record_show != ALL),
                ui.empty_state(
                    "没有找到这样的记录", "请更换或清除查找的文字，或点击“全部”。", icon_name="list"
                ),
                ui.empty_state(
                    "没有可以选取的记录", "贵单位的贷款或投资备案通过后，会出现在这里。", icon_name="list"
                ),
            ),
        ),
        ui.show(found.pages > 1, _turn()),
        flush=True,
    )


def _find() -> rx.Component:
    """Which part of the list is shown, a word to look for, and 全部选取."""
    state = PolicyApplicationState
    found = state.record_list

    def part(show: str, *text: Any) -> rx.Component:
        return rx.el.button(
            *text,
            type="button",
            on_click=state.show_records(show),
            aria_pressed=rx.cond(state.record_show == show, "true", "false"),
            class_name="choice",
        )

    return rx.el.div(
        rx.el.div(
            part(ALL, "全部"),
            part(USABLE, "可选取 ", found.usable_text),
            part(CHOSEN, "已选取 ", found.chosen, " 笔"),
            class_name="choices",
            role="group",
            aria_label="显示哪些记录",
        ),
        rx.el.input(
            type="search",
            default_value=state.record_word,
            on_change=state.find_records.debounce(300),
            placeholder="对方名称、借据号、合同号或项目",
            aria_label="查找记录",
            max_length=60,
            auto_complete="off",
            class_name="input",
            custom_attrs={"data-nosave": ""},
        ),
        ui.show(~state.form.records_locked, ui.button("全部选取", state.choose_all, size="sm")),
        class_name="row row-between",
    )


def _actions(r: rx.Var[RecordItem]) -> rx.Component:
    state = PolicyApplicationState
    off = state.form.records_locked
    chosen = rx.el.span(
        ui.tag("已选取", "green"),
        ui.show(~off, ui.button("移除", state.choose(r.key, False), "text", aria_label="移除" + r.title)),
        class_name="row",
    )
    free = ui.show(~off, ui.button("选取", state.choose(r.key, True), "text", aria_label="选取" + r.title))
    blocked = rx.el.span("不能选取", class_name="muted nowrap")
    return rx.cond(r.chosen, chosen, rx.cond(r.why != "", blocked, free))


def _turn() -> rx.Component:
    state = PolicyApplicationState
    found = state.record_list
    return rx.el.nav(
        rx.el.span("共 ", found.total_text, class_name="muted small"),
        ui.button("上一页", state.turn_records(found.page - 1), disabled=found.page <= 1, size="sm"),
        rx.el.span("第 ", rx.el.b(found.page), " / ", found.pages_text, " 页", class_name="pager-now"),
        ui.button(
            "下一页", state.turn_records(found.page + 1), disabled=found.page >= found.pages, size="sm"
        ),
        aria_label="记录分页",
        class_name="pager",
    )


def _money() -> rx.Component:
    state = PolicyApplicationState
    error = rx.cond(state.errors["amount"], state.errors["amount"], "").to(str)
    return money_card(state.money, error, reason=state.form.amount_reason)


def _promise() -> rx.Component:
    state = PolicyApplicationState
    error = rx.cond(state.errors["promise"], state.errors["promise"], "").to(str)
    ticked = rx.cond(state.values["promise"], state.values["promise"], "").to(str) == "YES"
    return ui.card(
        "申报承诺",
        rx.el.div(
            ui.check(
                "promise",
                PROMISE,
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
                ui.show(state.view.reason != "", opinion(state.view)),
                ui.show(
                    state.money.steps.length() > 0,
                    rx.el.div(
                        rx.el.p("计算过程", class_name="muted small"),
                        rx.el.ol(
                            rx.foreach(state.money.steps, lambda s: rx.el.li(s)), class_name="numbered small"
                        ),
                    ),
                ),
                class_name="stack",
            ),
        ),
        # The version that counts for it, though the policy may have another by now.
        _policy(),
        rx.el.div(
            rx.el.div(data_cards(state.view), class_name="stack"),
            rx.el.div(files_card(state.view), history_card(state.view), class_name="stack"),
            class_name="cols-main",
        ),
    )
