"""Parts of the policy desks: the way from application to payment, amounts, lines with marks, files in place (manual §8)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import desk, ui
from cpegi_app.pages.form import LONGEST
from cpegi_app.pages.review import revealable
from cpegi_app.services.policy_review import AmountView
from cpegi_app.services.policy_way import Step
from cpegi_app.services.review_desk import DeskField, DeskGroup, DeskSlot

MENU = "政策奖补"


def withdraw_dialog(state: Any, title: Any, keep: Any, go: Any) -> rx.Component:
    """Asks once more where a withdrawal loses something: what it means, and both answers."""
    return ui.dialog(
        state.withdrawing != "",
        title,
        rx.el.p(state.withdrawing),
        actions=[
            ui.button(keep, state.stay),
            ui.button(go, state.withdraw(True), "danger"),
        ],
        on_close=state.stay,
        ident="withdraw",
    )


def adopt_dialog(state: Any) -> rx.Component:
    """What the newest version changes, before it is taken."""
    change = state.adopting
    return ui.dialog(
        change.version_id > 0,
        rx.fragment("改用第 ", change.number, " 版"),
        rx.el.div(
            ui.description_list(
                [
                    ("现在的系统计算金额", change.before + " 元"),
                    ("改用后的系统计算金额", rx.el.b(change.after, " 元")),
                ],
                columns=2,
            ),
            ui.show(change.less, ui.note("改用后金额减少。不改用的，申请仍按原版本办理。", "warning")),
            ui.show(
                change.lines.length() > 0,
                rx.el.ol(rx.foreach(change.lines, lambda text: rx.el.li(text)), class_name="numbered"),
            ),
            rx.el.p("改用后不能恢复为原版本，已填写的其他内容会保留。", class_name="muted small"),
            class_name="stack",
        ),
        actions=[
            ui.button("不改用", state.stay),
            ui.button("确认改用", state.adopt(True), "primary"),
        ],
        on_close=state.stay,
        ident="adopt",
    )


def way(steps: Any) -> rx.Component:
    """The stations from application to payment, each with its date."""

    def one(s: rx.Var[Step]) -> rx.Component:
        state = rx.match(s.state, ("done", "step is-done"), ("bad", "step is-bad"), "step")
        return rx.el.li(
            rx.el.span(s.label, class_name="step-label"),
            ui.show(s.at != "", rx.el.small(s.at)),
            ui.show(s.text != "", rx.el.small(s.text)),
            class_name=state,
            aria_current=rx.cond(s.state == "now", "step", "false"),
            key=s.label,
        )

    return rx.el.ol(rx.foreach(steps, one), class_name="way")


def amounts_card(rows: Any) -> rx.Component:
    """Asked, computed, reviewed, confirmed, paid: each with who and why."""

    def one(a: rx.Var[AmountView]) -> list:
        return [a.kind, a.amount, ui.two_lines(a.who, a.at), a.reason]

    columns = ["金额", ui.Col("数额", unit="元", num=True), "由谁", ui.Col("依据", wrap=True)]
    return ui.show(
        rows.length() > 0,
        ui.card("各项金额", ui.plain_table(columns, rows, one, "各项金额", stack=True), flush=True),
    )


def moves_card(rows: Any) -> rx.Component:
    """领取 and 转交: who had the application, and why it went on."""

    def one(m: rx.Var[AmountView]) -> rx.Component:
        return rx.el.li(
            rx.el.div(rx.el.b(m.kind), rx.el.time(m.at), class_name="tl-head"),
            rx.el.p(
                m.who,
                ui.show((m.amount != "") & (m.amount != m.who), rx.el.span(" → ", m.amount)),
                class_name="small muted",
            ),
            ui.show(m.reason != "", rx.el.p(m.reason, class_name="tl-text")),
            key=m.key,
        )

    return ui.show(
        rows.length() > 0,
        ui.card("领取与转交", rx.el.ol(rx.foreach(rows, one), class_name="timeline")),
    )


def pick(ticked: Any, handler: Any, label: Any, off: Any = False) -> rx.Component:
    """A box that chooses a row of a list."""
    return rx.el.input(
        type="checkbox",
        checked=ticked,
        disabled=off,
        on_change=lambda _value: handler,
        aria_label=label,
        class_name="pick-box",
    )


# --- lines with marks ---------------------------------------------------------------------------------


def _stored(state: Any, name: Any) -> Any:
    return rx.cond(state.values[name], state.values[name], "").to(str)


def flag(state: Any, name: Any, title: Any) -> list[rx.Component]:
    """需补正: a box and its reason, with what was marked before."""
    box = rx.el.input(
        type="checkbox",
        name="m_" + name,
        value="yes",
        default_checked=_stored(state, "m_" + name) != "",
        class_name="flag-box",
        custom_attrs={"id": "f-m_" + name},
    )
    label = rx.el.label(
        "需补正",
        rx.el.span("：", title, class_name="sr-only"),
        html_for="f-m_" + name,
        class_name="flag-label",
    )
    text = rx.el.input(
        type="text",
        name="r_" + name,
        default_value=_stored(state, "r_" + name),
        placeholder="补正原因（必填）",
        aria_label=title + "需补正的原因",
        max_length=LONGEST,
        auto_complete="off",
        class_name="input flag-text",
        custom_attrs={"id": "f-r_" + name},
    )
    return [box, label, text]


def group(
    state: Any, card: rx.Var[DeskGroup], names: Any, may_flag: bool, revealing: Any = None
) -> rx.Component:
    """A card of lines: old and new where there is something to compare with, and a mark at what may be corrected.

    `revealing` is the state that reveals the lines that are masked for its reader.
    """
    return desk.group(state.desk, card, lambda f: _line(state, f, names, may_flag, revealing))


def _line(state: Any, f: rx.Var[DeskField], names: Any, may_flag: bool, revealing: Any) -> rx.Component:
    asked = desk.said(f.asked, "上次补正要求：") if may_flag else rx.fragment()
    marks = rx.fragment(*flag(state, f.name, f.title)) if may_flag else rx.fragment()
    value = (
        rx.el.span(revealable(f, revealing), class_name="flag-value"),
        rx.cond(names.contains(f.name), marks, rx.fragment()),
    )
    return desk.line(state.desk, f, value, asked, desk.said(f.reason, "退回原因："))


# --- files --------------------------------------------------------------------------------------------


def viewer(state: Any, slots: Any, may_flag: bool) -> rx.Component:
    """The files: a list to choose from, the chosen one in place, and a mark a kind of file."""

    def slot(s: rx.Var[DeskSlot]) -> rx.Component:
        line = desk.slot(s, flag(state, s.name, s.title) if may_flag else [])
        return line if may_flag else rx.cond(s.reason != "", line, rx.fragment())

    return ui.card(
        "申请材料",
        rx.el.div(
            *desk.files(state, "选择材料", "上次补正要求："),
            ui.show(state.desk.files.length() == 0, rx.el.p("没有上传材料", class_name="muted")),
            rx.el.ul(rx.foreach(slots, slot), class_name="slot-flags", aria_label="标记需补正的材料"),
            class_name="stack-tight",
        ),
    )


def policy_choice(policies: Any) -> rx.Component:
    """The policies of a query bar."""
    options = rx.foreach(policies, lambda p: rx.el.option(p.label, value=p.value))
    return rx.el.select(
        rx.el.option("全部", value=""),
        options,
        name="policy",
        class_name="input",
        custom_attrs={"id": ui.control_id("policy")},
    )
