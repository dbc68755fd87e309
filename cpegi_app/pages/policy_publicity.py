"""公示: what waits, publications with their objections and confirmation (manual §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PUBLICITIES, PUBLICITY
from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, field_of, href, list_page, problem, stored, summary
from cpegi_app.pages.layout import page
from cpegi_app.pages.policy_parts import MENU
from cpegi_app.services.policy_objection import ObjectionForm, ObjectionView
from cpegi_app.services.policy_publicity import STANDS
from cpegi_app.services.policy_publicity_rows import PublicityRow, WaitingPolicy
from cpegi_app.services.policy_standing import STANDINGS
from cpegi_app.services.policy_takeback import Unredeemed
from cpegi_app.state.policy_publicity import PublicitiesState, PublicityState

AMOUNT = ui.Col("金额", unit="元", num=True)
NAME_COLUMNS = [
    ui.Col("单位名称", wrap=True, sort="org"),
    ui.Col("金额", unit="元", num=True, sort="amount"),
]


LIST_COLUMNS = [
    ui.Col("公示", wrap=True),
    ui.Col("公示期", sort="ends"),
    ui.Col("件数", num=True),
    AMOUNT,
    "状态",
]


def list_cells(p: rx.Var[PublicityRow], title: Any, *marks: rx.Component) -> list:
    """Return a publication's cells under `LIST_COLUMNS`, with what else is said of where it stands."""
    period = rx.fragment(p.starts_on, " 至 ", p.ends_on)
    return [title, period, p.count, p.amount, rx.el.div(ui.tag(p.state, p.tone), *marks, class_name="row")]


def looked_for(label: str, hint: str) -> rx.Component:
    return ui.field("word", label, ui.text_input("word", placeholder=hint))


def stands() -> rx.Component:
    return ui.field("state", "状态", ui.select_input("state", list(STANDS.items()), blank="全部"))


@page(PUBLICITIES, PublicitiesState.load)
def publicities() -> rx.Component:
    """Policies whose approved applications wait, and the publications."""
    state = PublicitiesState
    return rx.fragment(
        ui.crumbs(MENU, PUBLICITIES.title),
        ui.page_head(
            PUBLICITIES.title,
            lead="审核通过的申请按政策规定的天数公示名称和金额，期满无异议后确认，申请单位才能申请兑现。",
        ),
        ui.show(state.waiting.length() > 0, _waiting()),
        ui.show(state.unredeemed.length() > 0, _unredeemed()),
        list_page(
            state,
            [*LIST_COLUMNS, ui.Col("操作", ops=True)],
            lambda p: [
                *list_cells(
                    p,
                    p.title,
                    ui.show(p.open_objections > 0, ui.tag(rx.fragment("异议 ", p.open_objections), "red")),
                ),
                [ui.link(rx.cond(p.open | p.over, "办理", "查看"), href(PUBLICITY, p.id))],
            ],
            "公示",
            query=[looked_for("公示", "标题中的字"), stands()],
            empty=ui.empty_state("还没有公示", "有申请审核通过后，可以在上方发布公示。"),
        ),
        _preview(),
    )


def _waiting() -> rx.Component:
    state = PublicitiesState

    def one(w: rx.Var[WaitingPolicy]) -> rx.Component:
        return rx.el.li(
            rx.el.div(
                rx.el.b(w.name),
                rx.el.span(
                    w.count, " 件，合计 ", w.amount, " 元；公示 ", w.days, " 天", class_name="muted small"
                ),
                class_name="stack-tight",
            ),
            ui.button("核对并公示", state.look(w.id), "primary", size="sm"),
            class_name="checkline",
            key=w.id,
        )

    return ui.card("等待公示", rx.el.ul(rx.foreach(state.waiting, one)))


def _unredeemed() -> rx.Component:
    def one(row: rx.Var[Unredeemed]) -> rx.Component:
        return rx.el.li(
            rx.el.div(
                rx.el.b(row.policy),
                rx.el.span(
                    rx.fragment(row.count, " 笔未兑现，合计 ", row.amount, " 元；兑现截止 ", row.closed),
                    class_name="muted small",
                ),
                class_name="stack-tight",
            ),
            ui.link_button("办理", href(PUBLICITY, row.publicity_id), size="sm"),
            class_name="checkline",
            key=row.publicity_id,
        )

    return ui.card("逾期未兑现", rx.el.ul(rx.foreach(PublicitiesState.unredeemed, one)))


def _preview() -> rx.Component:
    state, seen = PublicitiesState, PublicitiesState.preview
    return ui.dialog(
        seen.policy_id > 0,
        "发布公示",
        rx.el.p(
            rx.el.b(seen.title),
            "，公示期 ",
            seen.starts_on,
            " 至 ",
            seen.ends_on,
            "，共 ",
            seen.count,
            " 件，合计 ",
            seen.amount,
            " 元。发布后名称和金额对所有人公开。",
        ),
        ui.plain_table(
            [ui.Col("单位名称", wrap=True), AMOUNT], seen.rows, lambda e: [e.org, e.amount], "名单"
        ),
        ui.show(seen.more > 0, rx.el.p("……另有 ", seen.more, " 件", class_name="muted small")),
        on_close=state.close,
        actions=(ui.button("取消", state.close), ui.button("确认发布", state.publish, "primary")),
        wide=True,
        ident="preview",
    )


# --- one publication ----------------------------------------------------------------------------------


@page(PUBLICITY, PublicityState.load)
def publicity() -> rx.Component:
    """One publication before the staff."""
    state, row = PublicityState, PublicityState.row
    return rx.fragment(
        ui.crumbs(MENU, (PUBLICITIES.title, PUBLICITIES.route), PUBLICITY.title),
        ui.page_head(
            rx.cond(row.title != "", row.title, PUBLICITY.title),
            ui.show(row.id > 0, ui.file_link("公开页面", row.href, target="_blank", class_name="btn")),
            ui.show(row.open, ui.button("登记异议", state.ask_objection(""))),
            ui.show(row.over, ui.button("确认无异议", state.confirm, "primary")),
            status=ui.tag(row.state, row.tone),
            number=row.starts_on + " 至 " + row.ends_on,
        ),
        ui.show(state.overdue.count > 0, _overdue()),
        ui.show(state.objections.length() > 0, _objections()),
        list_page(
            state,
            [*NAME_COLUMNS, "状态", ui.Col("操作", ops=True)],
            lambda e: [
                ui.link(e.org, e.application),
                e.amount,
                rx.el.span(
                    ui.tag(e.state, e.tone), ui.show(e.disputed != "", ui.chip(e.disputed)), class_name="row"
                ),
                [
                    ui.link("来龙去脉", e.trail),
                    ui.show(
                        e.public, ui.button("登记异议", state.ask_objection(e.grant_id.to_string()), "text")
                    ),
                    ui.show(
                        e.confirmed,
                        ui.button("取消奖补", state.ask_takeback(e.grant_id), "text", class_name="is-danger"),
                    ),
                ],
            ],
            "公示名单",
            query=[
                looked_for("单位", "单位名称中的字"),
                ui.field("state", "状态", ui.select_input("state", list(STANDINGS.items()), blank="全部")),
            ],
        ),
        _objection_dialog(),
        _decision_dialog(),
        _takeback_dialog(),
    )


def _overdue() -> rx.Component:
    state, late = PublicityState, PublicityState.overdue
    return ui.note(
        rx.el.span(
            "兑现时间已过，仍有 ",
            late.count,
            " 笔没有兑现（未申请，或申请已撤回、审核不通过），合计 ",
            late.amount,
            " 元，一直占用着预算。",
        ),
        "warning",
        ui.button("取消逾期未兑现的奖补", state.ask_takeback_overdue, "danger", size="sm"),
    )


def _takeback_dialog() -> rx.Component:
    state, late = PublicityState, PublicityState.overdue
    whom = rx.cond(
        state.taking_all,
        rx.fragment(
            rx.el.p("取消以下 ", late.count, " 笔逾期未兑现的奖补，合计 ", late.amount, " 元："),
            ui.plain_table(
                [ui.Col("单位名称", wrap=True), AMOUNT, "兑现情况"],
                late.rows,
                lambda e: [e.org, e.amount, e.state],
                "名单",
            ),
            rx.el.p("曾按时提交后撤回或审核不通过的，取消前申请单位仍可重新提交。", class_name="muted small"),
            ui.show(late.more > 0, rx.el.p("……另有 ", late.more, " 笔", class_name="muted small")),
        ),
        rx.el.p(rx.el.b(state.taking_org)),
    )
    return ui.dialog(
        state.taking_all | (state.taking > 0),
        "取消奖补",
        ui.form(
            whom,
            rx.el.p("取消后预算随即释放，申请单位会收到通知和原因，不能再申请兑现；不可恢复。"),
            ui.field(
                "reason",
                "取消原因",
                ui.textarea("reason", rows=3, max_length=LONGEST),
                required=True,
                error=problem(state, "reason"),
                help="例如：逾期未申请兑现，按政策视为放弃；或：经核查申报材料不实",
            ),
            ui.form_foot(ui.button("返回", state.close), ui.submit("确认取消奖补", "takeback", "danger")),
            on_submit=state.take_back,
            key=state.form_key,
        ),
        on_close=state.close,
        wide=True,
        ident="takeback",
    )


def _objections() -> rx.Component:
    state = PublicityState

    def one(o: rx.Var[ObjectionView]) -> rx.Component:
        return rx.el.li(
            rx.el.div(
                rx.el.div(ui.tag(o.state, o.tone), rx.el.b(o.org), class_name="row"),
                rx.el.p(o.text),
                rx.el.p(o.from_name, " · ", o.contact, " · ", o.received_on, class_name="muted small"),
                ui.show(o.conclusion != "", rx.el.p(rx.el.b("结论："), o.conclusion)),
                class_name="stack-tight",
            ),
            rx.cond(o.open, ui.button("处理", state.ask_decision(o.id), "primary", size="sm"), rx.el.span()),
            class_name="checkline",
            key=o.id,
        )

    return ui.card("异议", rx.el.ul(rx.foreach(state.objections, one)))


def _objection_dialog() -> rx.Component:
    state = PublicityState
    fields = [field_of(s, state) for s in ObjectionForm.specs()]
    return ui.dialog(
        state.objecting,
        rx.cond(state.against == "", "登记对整个名单的异议", "登记对一件申请的异议"),
        ui.form(
            summary(state),
            rx.el.input(type="hidden", name="grant", value=stored(state, "grant")),
            ui.form_grid(*fields),
            ui.form_foot(ui.button("取消", state.close), ui.submit("登记")),
            on_submit=state.record,
            key=state.form_key,
        ),
        on_close=state.close,
        wide=True,
        ident="objection",
    )


def _decision_dialog() -> rx.Component:
    state = PublicityState
    return ui.dialog(
        state.deciding > 0,
        rx.cond(state.deciding_all, "处理对整个名单的异议", "处理异议"),
        ui.form(
            rx.el.p(state.deciding_text, class_name="tl-text"),
            rx.cond(
                state.deciding_all,
                rx.el.p(
                    "这是针对整个名单的异议，处理前名单不能确认。认定不成立后名单可以继续确认；经核实涉及具体单位的，"
                    "请先在名单中对该单位“登记异议”并认定成立，再在此写明结论。"
                ),
                rx.el.p("认定成立后，该申请的奖补取消并释放预算，申请单位会收到通知；不可恢复。"),
            ),
            ui.field(
                "conclusion",
                "处理结论",
                ui.textarea("conclusion", rows=3, max_length=LONGEST),
                required=True,
                error=problem(state, "conclusion"),
            ),
            ui.form_foot(
                ui.button("取消", state.close),
                ui.show(~state.deciding_all, ui.submit("异议成立，取消奖补", "uphold", "danger")),
                ui.submit(rx.cond(state.deciding_all, "处理完毕，名单可以确认", "异议不成立"), "dismiss"),
            ),
            on_submit=state.decide,
            key=state.form_key,
        ),
        on_close=state.close,
        ident="decide",
    )
