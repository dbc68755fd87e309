"""Parts of the policy desks: the way from application to payment, amounts, lines with marks, files in place (manual §8)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST
from cpegi_app.pages.review import revealable
from cpegi_app.services.policy_review import AmountView
from cpegi_app.services.policy_way import Step
from cpegi_app.services.review_desk import DeskField, DeskFile, DeskGroup, DeskSlot

MENU = "政策奖补"


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
    compared = state.desk.view.compared_with
    heads = rx.el.tr(
        rx.el.th("项目", scope="col"),
        ui.show(compared != "", rx.el.th(compared, scope="col")),
        rx.el.th(rx.cond(compared != "", "本次提交", "填报内容"), scope="col"),
    )
    table = rx.el.table(
        rx.el.caption(card.title, class_name="sr-only"),
        rx.el.thead(heads),
        rx.el.tbody(rx.foreach(card.fields, lambda f: _line(state, f, names, may_flag, revealing))),
        class_name=rx.cond(
            compared != "", "table diff desk-table has-old is-stack", "table diff desk-table is-stack"
        ),
    )
    count = ui.show(card.changed > 0, rx.el.span(card.changed, " 项变更", class_name="mark"))
    return ui.card(card.title, table, extra=count, flush=True, key=card.title)


def _line(state: Any, f: rx.Var[DeskField], names: Any, may_flag: bool, revealing: Any) -> rx.Component:
    compared = state.desk.view.compared_with
    before = rx.el.p(rx.el.b("上次补正要求："), f.asked, class_name="field-reason")
    asked = ui.show(f.asked != "", before) if may_flag else rx.fragment()
    reason = ui.show(f.reason != "", rx.el.p(rx.el.b("退回意见："), f.reason, class_name="field-reason"))
    marks = rx.fragment(*flag(state, f.name, f.title)) if may_flag else rx.fragment()
    may = names.contains(f.name)
    return rx.el.tr(
        rx.el.th(
            f.title,
            ui.show(f.changed, rx.el.span("已变更", class_name="mark")),
            scope="row",
            data_label="项目",
        ),
        ui.show(
            compared != "",
            rx.el.td(rx.cond(f.old == "", "—", f.old), class_name="old", data_label=compared),
        ),
        rx.el.td(
            rx.el.div(
                rx.el.span(revealable(f, revealing), class_name="flag-value"),
                rx.cond(may, marks, rx.fragment()),
                class_name="flag-line",
            ),
            asked,
            reason,
            class_name="new",
            data_label=rx.cond(compared != "", "本次提交", "填报内容"),
        ),
        class_name=rx.cond(f.changed, "is-changed", ""),
        key=f.name,
        custom_attrs={"id": "line-" + f.name},
    )


# --- files --------------------------------------------------------------------------------------------


def viewer(state: Any, slots: Any, may_flag: bool) -> rx.Component:
    """The files: a list to choose from, the chosen one in place, and a mark a kind of file."""
    desk = state.desk

    def tab(f: rx.Var[DeskFile]) -> rx.Component:
        return rx.el.button(
            f.slot_label,
            ui.show(f.is_new, rx.el.span("新", class_name="mark")),
            type="button",
            on_click=state.show_file(f.id),
            aria_pressed=rx.cond(state.shown == f.id, "true", "false"),
            title=f.name,
            class_name="choice",
            key=f.id,
        )

    def shown(f: rx.Var[DeskFile]) -> rx.Component:
        picture = rx.el.img(src=f.href, alt=f.slot_label + "：" + f.name, class_name="preview-img")
        frame = rx.el.iframe(src=f.href, title=f.slot_label + "：" + f.name, class_name="preview")
        body = rx.el.div(
            rx.cond(f.is_image, rx.el.div(picture, class_name="preview preview-box"), frame),
            rx.el.div(
                rx.el.span(f.name, class_name="file-name", title=f.name),
                rx.el.span(f.size, " · ", f.at, class_name="file-size"),
                ui.file_link("新窗口打开", f.href, target="_blank"),
                ui.download_link("下载", f.href + "?download=1"),
                class_name="row small",
            ),
            ui.show(f.asked != "", rx.el.p(rx.el.b("上次补正要求："), f.asked, class_name="field-reason")),
            class_name="stack-tight",
            key=f.id,
        )
        return rx.cond(state.shown == f.id, body, rx.fragment())

    def slot(s: rx.Var[DeskSlot]) -> rx.Component:
        reason = ui.show(s.reason != "", rx.el.p(s.reason, class_name="field-reason"))
        marks = flag(state, s.name, s.title) if may_flag else []
        line = rx.el.li(
            rx.el.div(rx.el.span(s.title, class_name="flag-value"), *marks, class_name="flag-line"),
            reason,
            key=s.name,
        )
        return line if may_flag else rx.cond(s.reason != "", line, rx.fragment())

    return ui.card(
        "申请材料",
        rx.el.div(
            rx.el.div(rx.foreach(desk.files, tab), class_name="choices", role="group", aria_label="选择材料"),
            rx.foreach(desk.files, shown),
            ui.show(desk.files.length() == 0, rx.el.p("没有上传材料", class_name="muted")),
            ui.show(
                desk.gone.length() > 0,
                rx.el.p(
                    "已删除的材料：", rx.foreach(desk.gone, lambda g: rx.el.span(g, class_name="chip", key=g))
                ),
            ),
            rx.el.ul(rx.foreach(slots, slot), class_name="slot-flags", aria_label="标记需补正的材料"),
            class_name="stack-tight",
        ),
    )


def changes_note(desk: Any) -> rx.Component:
    """What changed since the last submission, before everything else."""

    def field(f: Any) -> Any:
        link = rx.el.li(rx.el.a(f.title, href="#line-" + f.name), key=f.name)
        return rx.cond(f.changed, link, rx.fragment())

    body = rx.el.div(
        rx.el.b("与", desk.view.compared_with, "相比，", desk.view.changed_count, " 项内容有变更"),
        rx.el.ul(
            rx.foreach(desk.groups, lambda g: rx.fragment(rx.foreach(g.fields, field), key=g.title)),
            class_name="inline-list",
        ),
    )
    return ui.show(desk.view.compared_with != "", ui.note(body))
