"""政策管理: the staff's list, the editor of a policy, the preview (manual §8)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import POLICIES, POLICY_EDIT, POLICY_PREVIEW
from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, field_of, groups, href, list_page, problem, stored, summary
from cpegi_app.pages.layout import page
from cpegi_app.pages.policy_form import preview_form
from cpegi_app.pages.policy_public import detail_cards
from cpegi_app.pages.policy_rows import base_question, materials, questions
from cpegi_app.pages.product import condition_rows
from cpegi_app.services import policy_base, policy_form
from cpegi_app.services.policy_form import PolicyForm
from cpegi_app.services.policy_list import PolicyRow
from cpegi_app.state.policy import (
    PolicyDiscardState,
    PolicyEditState,
    PolicyListState,
    PolicyPreviewState,
    PolicyStopState,
)
from cpegi_app.vocabulary.policy import PolicyState

MENU = "政策奖补"


@page(POLICIES, PolicyListState.load)
def policies() -> rx.Component:
    """All policies, whatever their state."""
    state = PolicyListState
    return rx.fragment(
        ui.crumbs(MENU, POLICIES.title),
        ui.page_head(
            POLICIES.title,
            ui.button("新建政策", state.add, "primary", icon_name="plus"),
            lead="编制、预览并发布奖补政策。已发布的政策可以修改后发布新版本，此前开始填写的申请仍按原版本办理。",
        ),
        list_page(
            state,
            [
                ui.Col("政策名称", clip=True),
                "类别",
                "状态",
                ui.Col("申报时间", sort="closes"),
                ui.Col("已受理", num=True),
                "版本",
                ui.Col("操作", ops=True),
            ],
            _row,
            "政策列表",
            query=[
                ui.field("word", "政策名称", ui.text_input("word", placeholder="名称中的字")),
                ui.field("state", "状态", ui.select_input("state", PolicyState.options(), blank="全部")),
            ],
            empty=ui.empty_state(
                "还没有政策", "点击“新建政策”编制政策，发布后申请单位即可申请。", icon_name="gift"
            ),
        ),
        _stop_dialog(),
        _discard_dialog(),
    )


def _row(row: rx.Var[PolicyRow]) -> list:
    state = PolicyListState
    return [
        row.name,
        row.category,
        rx.el.span(
            ui.tag(row.state_label, row.tone),
            ui.show(row.window_state != "", ui.chip(row.window_state)),
            class_name="row",
        ),
        row.window,
        row.applications,
        rx.el.span(row.number, ui.show(row.changed, ui.chip("有未发布的修改")), class_name="row"),
        [
            ui.link(rx.cond(row.state == "STOPPED", "查看", "编辑"), href(POLICY_EDIT, row.id)),
            ui.link("预览", href(POLICY_PREVIEW, row.id)),
            ui.button("复制", state.copy_policy(row.id), "text"),
            ui.show(
                row.can_discard,
                ui.button("删除草稿", PolicyDiscardState.ask(row.id), "text", class_name="is-danger"),
            ),
            ui.show(
                row.can_stop,
                ui.button("停止受理", PolicyStopState.ask(row.id), "text", class_name="is-danger"),
            ),
        ],
    ]


def _discard_dialog() -> rx.Component:
    state = PolicyDiscardState
    return ui.dialog(
        state.policy_id > 0,
        "删除草稿",
        rx.el.p("删除后不能恢复，已上传的模板和示例一并删除：", rx.el.b(state.name), "。"),
        actions=[ui.button("取消", state.keep), ui.button("确认删除", state.discard, "danger")],
        on_close=state.keep,
        ident="discard",
    )


def _stop_dialog() -> rx.Component:
    state = PolicyStopState
    return ui.dialog(
        state.policy_id > 0,
        "停止受理",
        ui.form(
            rx.el.p(
                "停止后不再受理新的申请：",
                rx.el.b(state.name),
                "。已提交的申请继续办理，此操作不能撤销。",
            ),
            ui.field(
                "reason",
                "停止原因",
                ui.textarea("reason", rows=3, max_length=LONGEST),
                required=True,
                help="申请单位会看到，2 至 200 字",
                error=problem(state, "reason"),
            ),
            ui.form_foot(ui.button("取消", state.keep), ui.submit("确认停止", "stop", "danger")),
            on_submit=state.stop,
            key=state.form_key,
        ),
        on_close=state.keep,
        ident="stop",
    )


# --- the editor -----------------------------------------------------------------------------------


@page(POLICY_EDIT, PolicyEditState.load)
def policy_edit() -> rx.Component:
    """A policy without programming: from its text to its stages."""
    state = PolicyEditState
    editor = state.editor
    title = rx.cond(editor.number > 0, "编辑政策", "新建政策")
    return rx.fragment(
        ui.crumbs(MENU, (POLICIES.title, POLICIES.route), title),
        ui.page_head(
            title,
            ui.link_button("返回列表", POLICIES.route),
            status=ui.tag(editor.state_label, editor.tone),
            number=rx.cond(editor.number > 0, "第 " + editor.number.to_string() + " 版", ""),
        ),
        ui.show(
            editor.state == PolicyState.PUBLISHED.value,
            ui.note(
                "政策已发布。修改内容在点击“发布”后生效；申报与兑现时间、办理人员和预算对全部申请生效，其他内容只对之后开始填写的申请生效。"
            ),
        ),
        rx.cond(
            editor.state == PolicyState.STOPPED.value,
            _stopped(),
            _form(),
        ),
    )


def _form() -> rx.Component:
    state = PolicyEditState
    key = "policy-" + state.row_id.to_string()
    before = (policy_form.BASIC, policy_form.WINDOW, policy_form.WHO)
    return ui.form(
        # The first button of the page takes a material away, or adds one: Enter must press none.
        ui.enter_guard(),
        summary(state),
        *groups(PolicyForm, state, only=before),
        _conditions(),
        *groups(PolicyForm, state, only=(policy_form.RECORDS,)),
        materials(),
        questions(),
        *groups(PolicyForm, state, only=(policy_form.AMOUNT,), controls={policy_base.NAME: base_question()}),
        _handling(),
        ui.form_foot(
            ui.submit("暂存", "save", "default"),
            ui.submit("预览", "preview", "default"),
            ui.submit("发布", "publish"),
            note="发布前会检查全部内容；发布后申请单位在申报时间内即可申请。",
        ),
        on_submit=state.submit,
        draft=key,
        version=state.version.to_string(),
        key=state.form_key,
    )


def _conditions() -> rx.Component:
    lead = "与融资匹配使用相同的条件。没有要求的条件请保留“不限制”；申请单位缺少某项数据时，会提示其补充资料后再申请。"
    return ui.card(
        "申请条件",
        rx.el.div(
            rx.el.p(lead, class_name="muted small"),
            ui.conditions(*condition_rows(PolicyEditState)),
            class_name="stack",
        ),
    )


def _stopped() -> rx.Component:
    """What may still be changed of a stopped policy: what is in has to be handled and paid."""
    state = PolicyEditState
    dates = [policy_form.SPECS[name] for name in ("redeem_opens_on", "redeem_closes_on")]
    note = "政策已停止受理。已提交的申请继续办理，办理人员和兑现时间可以调整；其他内容如需修改，请在列表中复制为新的政策。"
    return rx.fragment(
        ui.note(note, "warning"),
        ui.form(
            summary(state),
            ui.card("办理安排", ui.form_grid(*(field_of(s, state) for s in dates), *_named())),
            ui.form_foot(
                ui.submit("保存并生效"), note="立即对已提交的申请生效，涉及的单位和人员会收到通知。"
            ),
            on_submit=state.arrange,
            key=state.form_key,
        ),
    )


def _handling() -> rx.Component:
    state = PolicyEditState
    specs = [policy_form.SPECS[name] for name in ("promise_days", "publicity_days")]
    return ui.card("办理环节与人员", ui.form_grid(*(field_of(s, state) for s in specs), *_named()))


def _named() -> list[rx.Component]:
    """Return who acts at each stage."""
    state = PolicyEditState
    return [
        ui.field(
            name,
            f"{stage.label}人员",
            _people(name),
            help="不选表示全部平台管理人员均可办理",
            error=problem(state, name),
            wide=True,
        )
        for stage, name in zip(policy_form.STAGES, policy_form.PEOPLE, strict=True)
    ]


def _people(name: str) -> rx.Component:
    state = PolicyEditState
    chosen = stored(state, name).split(",")

    def one(person: Any) -> rx.Component:
        return ui.check(name, person.name, chosen.contains(person.id), value=person.id)

    return rx.el.div(
        rx.foreach(state.editor.people, one),
        role="group",
        tab_index=-1,
        class_name="checks",
        custom_attrs={"id": f"f-{name}"},
    )


# --- the preview ----------------------------------------------------------------------------------


@page(POLICY_PREVIEW, PolicyPreviewState.load)
def policy_preview() -> rx.Component:
    """The draft as the public and the applicant will see it."""
    state = PolicyPreviewState
    edit = href(POLICY_EDIT, state.policy_id)
    return rx.fragment(
        ui.crumbs(MENU, (POLICIES.title, POLICIES.route), POLICY_PREVIEW.title),
        ui.page_head(
            POLICY_PREVIEW.title,
            ui.link_button("返回列表", POLICIES.route),
            ui.link_button("返回编辑", edit, "primary"),
            lead="以下是发布后公众和申请单位看到的内容，此处不能填写。",
        ),
        rx.cond(
            state.loading,
            ui.card("", ui.skeleton(8)),
            rx.cond(
                state.problems.length() > 0,
                ui.card(
                    "还不能预览",
                    rx.el.div(
                        rx.el.p("请先更正以下内容："),
                        rx.el.ul(rx.foreach(state.problems, lambda p: rx.el.li(p)), class_name="bullets"),
                        rx.el.div(ui.link_button("去更正", edit, "primary"), class_name="row"),
                        class_name="stack",
                    ),
                ),
                rx.el.div(
                    rx.el.h2(state.form.policy.name, class_name="preview-title"),
                    ui.show(
                        state.hints.length() > 0,
                        ui.note(
                            "请留意（只有编制人员能看到）：",
                            "warning",
                            rx.el.ul(rx.foreach(state.hints, lambda h: rx.el.li(h)), class_name="bullets"),
                        ),
                    ),
                    detail_cards(state.form.policy),
                    preview_form(state),
                    class_name="stack",
                ),
            ),
        ),
    )
