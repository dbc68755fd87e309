"""用户真实性认证, 企业认证 and 修改资料 (manual §3.1, §3.2)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PROFILE, PROFILE_EDIT, VERIFICATION, WORKBENCH
from cpegi_app.pages import ui
from cpegi_app.pages.layout import page
from cpegi_app.pages.profile_form import profile_form
from cpegi_app.pages.review import (
    difference,
    files_card,
    history_card,
    leavable,
    leave_button,
    lines,
    outcome_body,
    outcome_panel,
)
from cpegi_app.state.verification import ProfileEditState, ProfileState, VerificationState

GROUP = "账户资料维护"
NEW_CHANGE = f"{PROFILE_EDIT.route}?new=1"


@page(VERIFICATION, VerificationState.load)
def verification() -> rx.Component:
    """用户真实性认证: the form, or what became of it."""
    state = VerificationState
    step = rx.match(state.view.status, ("PENDING", 1), ("APPROVED", 3), ("RETURNED", 1), 0).to(int)
    return rx.fragment(
        ui.crumbs(GROUP, VERIFICATION.title),
        rx.cond(
            state.sent,
            _sent(
                "认证资料已提交",
                "请等待平台管理人员审核您的资料。审核期间不可再次提交认证。",
                [
                    "平台核对您填写的内容与所附文件，一般需 1–3 个工作日",
                    "审核结果会出现在消息通知中，也会显示在“用户真实性认证”栏目",
                    "审核通过后账号正式生效，按机构类别开通全部功能；如被退回，按退回原因修改后可再次提交",
                ],
                state.load,
            ),
            rx.fragment(
                ui.page_head(
                    VERIFICATION.title,
                    status=ui.show(
                        state.view.status_label != "", ui.tag(state.view.status_label, state.view.tone)
                    ),
                    lead="新注册的账号完成真实性认证后方可使用平台功能。",
                ),
                ui.card(
                    "",
                    ui.steps(
                        ["填写认证资料", "平台审核", "账号生效"],
                        step,
                        bad=state.view.status == "RETURNED",
                    ),
                ),
                rx.cond(
                    state.editable,
                    profile_form(state, _draft("verification", state), "带 * 为必填。填写中可随时暂存。"),
                    _decided(state),
                ),
            ),
        ),
        ui.show(state.sent, ui.draft_clear(_draft("verification", state))),
    )


def _draft(name: str, state: Any) -> Any:
    return f"{name}-" + state.row_id.to_string()


def _sent(title: str, text: str, steps: list[str], on_look: Any) -> rx.Component:
    return ui.result_page(
        title,
        text,
        ui.link_button("返回工作台", WORKBENCH.route, "primary"),
        ui.button("查看已提交的资料", on_look),
        next_steps=steps,
    )


def _decided(state: Any) -> rx.Component:
    """While it waits, everything is read-only; once approved, the way on."""
    approved = ui.card(
        "",
        rx.el.div(
            ui.note(
                rx.fragment(
                    rx.el.b("认证已通过，账号正式生效"),
                    rx.el.p("已按“", state.class_label, "”开通对应的平台功能。"),
                ),
                "success",
            ),
            rx.el.div(
                ui.link_button("去使用", WORKBENCH.route, "primary"),
                ui.link_button("查看企业认证资料", PROFILE.route),
                class_name="row",
            ),
            class_name="stack",
        ),
    )
    return rx.match(
        state.view.status,
        ("APPROVED", rx.fragment(approved, outcome_body(state.view))),
        ("", ui.card("", ui.skeleton(8))),
        outcome_panel(state),
    )


@page(PROFILE, ProfileState.load)
def profile() -> rx.Component:
    """企业认证: the approved profile in force and its latest change."""
    found = ProfileState.profile
    can_edit = ~found.has_change | (found.change.status != "PENDING")
    label = rx.match(found.change.status, ("RETURNED", "修改后重新提交"), ("DRAFT", "继续修改"), "修改资料")
    return rx.fragment(
        ui.crumbs(GROUP, PROFILE.title),
        ui.page_head(
            PROFILE.title,
            ui.show(can_edit, ui.link_button(label, NEW_CHANGE, "primary", icon_name="edit")),
            status=ui.tag("已认证", "green"),
            lead="修改资料须经平台审核，通过前现行资料继续有效。",
        ),
        _change_card(found),
        ui.card(
            "",
            ui.description_list(
                [
                    ("机构名称", rx.el.b(found.name)),
                    (
                        "机构类别",
                        rx.fragment(
                            found.org_class,
                            ui.show(found.kind != found.org_class, rx.fragment("（", found.kind, "）")),
                        ),
                    ),
                    ("信用代码", rx.el.span(found.code, class_name="mono")),
                    ("认证日期", found.since),
                    ("资料更新", found.updated),
                ]
            ),
        ),
        rx.el.div(
            rx.el.div(
                rx.foreach(found.groups, lambda g: ui.card(g.title, lines(g.fields), key=g.title)),
                ui.show(found.years.length() > 0, _figures(found)),
                class_name="stack",
            ),
            rx.el.div(files_card(found), class_name="stack"),
            class_name="cols-main",
        ),
    )


def _figures(found: Any) -> rx.Component:
    """An enterprise's figures, one column a year."""
    heads = ["项目", ui.Col("最近一个会计年度", num=True), ui.Col("上一会计年度", num=True)]
    table = ui.plain_table(
        heads,
        found.years,
        lambda y: [y.title, rx.cond(y.now == "", "—", y.now), rx.cond(y.before == "", "—", y.before)],
        "经营数据",
    )
    return ui.card("经营数据", table, extra=rx.fragment(found.year, " 年度"), flush=True)


def _change_card(found: Any) -> rx.Component:
    """The latest change: where it stands, why it was returned, what it changes."""
    state, change = ProfileState, found.change
    words = rx.match(
        change.status,
        ("PENDING", "资料修改已提交，正在等待平台审核，审核期间不可再次提交修改申请。"),
        ("RETURNED", "资料修改申请未通过，请按退回原因修改后重新提交。现行资料继续有效。"),
        ("DRAFT", "有一份尚未提交的资料修改。"),
        "最近一次资料修改已审核通过，新资料已生效。",
    )
    reasons = rx.foreach(
        change.groups,
        lambda g: rx.fragment(
            rx.foreach(
                g.fields,
                lambda f: rx.cond(
                    f.reason != "",
                    rx.el.li(rx.el.span(f.title, class_name="strong"), "：", f.reason, key=f.name),
                    rx.fragment(),
                ),
            ),
            key=g.title,
        ),
    )
    reason = ui.note(
        rx.fragment(rx.el.b("退回原因"), change.reason, rx.el.ul(reasons, class_name="reasons")), "warning"
    )
    look = rx.el.details(
        rx.el.summary("查看修改内容与审核记录"),
        rx.el.div(
            rx.cond(
                found.changes.length() > 0,
                difference(found.changes, change.compared_with, "资料修改"),
                rx.el.p("没有修改文字内容，只更换了附件。", class_name="muted"),
            ),
            history_card(change),
            class_name="stack",
        ),
        open=change.status == "RETURNED",
        class_name="look",
    )
    return ui.show(
        found.has_change,
        ui.card(
            "资料修改",
            rx.el.div(
                rx.el.div(
                    ui.tag(change.status_label, change.tone),
                    rx.el.span(words),
                    ui.show(
                        change.submitted != "",
                        rx.el.span("提交于 ", change.submitted, class_name="muted small"),
                    ),
                    class_name="row",
                ),
                ui.show(change.status == "RETURNED", reason),
                ui.show(change.status != "DRAFT", look),
                class_name="stack",
            ),
            extra=ui.show(
                change.can_withdraw,
                ui.button(
                    rx.cond(change.status == "RETURNED", "放弃修改", "撤回"),
                    state.withdraw(change.id, change.version),
                    size="sm",
                ),
            ),
        ),
    )


@page(PROFILE_EDIT, ProfileEditState.load)
def profile_edit() -> rx.Component:
    """修改资料: the form filled with the profile in force."""
    state = ProfileEditState
    note = "通过审核前现行资料继续有效。"
    content = rx.fragment(
        ui.crumbs(GROUP, (PROFILE.title, PROFILE.route), PROFILE_EDIT.title),
        rx.cond(
            state.sent,
            _sent(
                "资料修改已提交",
                "等待平台管理人员审核。审核期间不可再次提交修改申请，现行资料继续有效。",
                [
                    "平台对照现行资料核对本次修改的内容与文件",
                    "审核结果会出现在消息通知中，也可在“企业认证”页查看",
                    "通过后新资料生效；更正机构类别的，平台功能随类别调整",
                ],
                state.load,
            ),
            rx.fragment(
                ui.page_head(
                    PROFILE_EDIT.title,
                    leave_button(state),
                    ui.show(
                        state.view.status == "APPROVED", ui.link_button("再次修改", NEW_CHANGE, "primary")
                    ),
                    ui.link_button("返回企业认证", PROFILE.route),
                    status=ui.show(
                        state.view.status_label != "", ui.tag(state.view.status_label, state.view.tone)
                    ),
                    lead="只需改动有变化的内容，其余保持不变；证明文件已带入现行版本，可替换。",
                ),
                rx.cond(
                    state.editable,
                    profile_form(state, _draft("profile", state), note),
                    rx.cond(state.view.id > 0, outcome_panel(state), ui.card("", ui.skeleton(8))),
                ),
            ),
        ),
        ui.show(state.sent, ui.draft_clear(_draft("profile", state))),
    )
    return leavable(state, _draft("profile", state), PROFILE.route, content)
