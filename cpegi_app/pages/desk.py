"""What every desk of a reviewer shows: lines old and new, the files with their preview, what changed (manual §3.1, §8.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.pages.review import changed_title, changes_head, file_changes
from cpegi_app.services.review_desk import DeskField, DeskFile, DeskGroup


def unless_withdrawn(state: Any, way_on: Any, content: Any, head: Any = None) -> rx.Component:
    """A desk, or once its submitter has taken the thing back: that, and the way on."""
    said = rx.el.div(ui.note(state.withdrawn, "warning"), way_on, class_name="stack")
    told = rx.fragment(*([head] if head else []), ui.card("", said, class_name="decision"))
    return rx.cond(state.withdrawn != "", told, content)


def stands(state: Any, label: Any, tone: Any) -> rx.Component:
    """The tag in a desk's head: how the thing stands, or that it was taken back."""
    known = ui.show(label != "", ui.tag(label, tone))
    return rx.cond(state.withdrawn != "", ui.tag("已撤回", "grey"), known)


def titled(state: Any, title: Any, otherwise: str) -> Any:
    """What stands above a desk: the thing's own title, what it was called before it was taken back, or the page's."""
    before = rx.cond(state.withdrawn_title != "", state.withdrawn_title, otherwise)
    return rx.cond(state.withdrawn != "", before, rx.cond(title != "", title, otherwise))


def draft(name: str, view: Any) -> Any:
    """Name the browser's copy of what is written about one submission: it never comes back at the next one."""
    return f"{name}-{view.id}-{view.sent}"


def changes_note(desk: Any) -> rx.Component:
    """What changed since the last submission or against what is in force, before everything else."""

    def field(f: Any) -> Any:
        link = rx.el.li(rx.el.a(f.title, href="#line-" + f.name), key=f.name)
        return rx.cond(f.changed, link, rx.fragment())

    view = desk.view
    body = rx.el.div(
        changes_head(view),
        rx.el.ul(
            rx.foreach(desk.groups, lambda g: rx.fragment(rx.foreach(g.fields, field), key=g.title)),
            class_name="inline-list",
        ),
        *file_changes(view),
    )
    return ui.show(desk.view.compared_with != "", ui.note(body))


def group(desk: Any, card: rx.Var[DeskGroup], one: Callable[[Any], rx.Component]) -> rx.Component:
    """A card of lines (`one` makes each of a field), old and new where there is something to compare with."""
    compared = rx.cond(card.compared, desk.view.compared_with, "")
    heads = rx.el.tr(
        rx.el.th("项目", scope="col"),
        ui.show(compared != "", rx.el.th(compared, scope="col")),
        rx.el.th(rx.cond(compared != "", "本次提交", "填报内容"), scope="col"),
    )
    table = rx.el.table(
        rx.el.caption(card.title, class_name="sr-only"),
        rx.el.thead(heads),
        rx.el.tbody(rx.foreach(card.fields, one)),
        class_name=rx.cond(
            compared != "", "table diff desk-table has-old is-stack", "table diff desk-table is-stack"
        ),
    )
    count = ui.show(card.changed > 0, rx.el.span(card.changed, " 项变更", class_name="mark"))
    return ui.card(card.title, table, extra=count, flush=True, key=card.title)


def line(desk: Any, f: rx.Var[DeskField], value: Any, *under: Any) -> rx.Component:
    """A field's line: its title, what it said before, what it says now, and what belongs under that."""
    compared = rx.cond(f.compared, desk.view.compared_with, "")
    return rx.el.tr(
        changed_title(f),
        ui.show(
            compared != "",
            rx.el.td(rx.cond(f.old == "", "—", f.old), class_name="old", data_label=compared),
        ),
        rx.el.td(
            rx.el.div(*value, class_name="flag-line"),
            *under,
            class_name="new",
            data_label=rx.cond(compared != "", "本次提交", "填报内容"),
        ),
        class_name=rx.cond(f.changed, "is-changed", ""),
        key=f.name,
        custom_attrs={"id": "line-" + f.name},
    )


def said(told: Any, label: str, when: Any = True) -> rx.Component:
    """What was asked for or refused, with who said it, where there is something."""
    return ui.show((told != "") & when, rx.el.p(rx.el.b(label), told, class_name="field-reason"))


def slot(s: Any, flag: Any) -> rx.Component:
    """A kind of file with its mark and what was said of it."""
    return rx.el.li(
        rx.el.div(rx.el.span(s.title, class_name="flag-value"), *flag, class_name="flag-line"),
        ui.show(s.reason != "", rx.el.p(s.reason, class_name="field-reason")),
        key=s.name,
    )


def file_tab(f: Any, shown: Any, on_click: Any, *mark: Any) -> rx.Component:
    """The button that brings a file into the preview, by its kind."""
    return rx.el.button(
        f.slot_label,
        *mark,
        type="button",
        on_click=on_click,
        aria_pressed=rx.cond(shown == f.id, "true", "false"),
        title=f.name,
        class_name="choice",
        key=f.id,
    )


def files(state: Any, label: str, asked: str) -> list[rx.Component]:
    """The files: a list to choose from, and the chosen one in place with what was asked of it."""

    def tab(f: rx.Var[DeskFile]) -> rx.Component:
        mark = ui.show(f.is_new, rx.el.span("新", class_name="mark"))
        return file_tab(f, state.shown, state.show_file(f.id), mark)

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
            said(f.asked, asked),
            class_name="stack-tight",
            key=f.id,
        )
        return rx.cond(state.shown == f.id, body, rx.fragment())

    tabs = rx.el.div(rx.foreach(state.desk.files, tab), class_name="choices", role="group", aria_label=label)
    return [tabs, rx.foreach(state.desk.files, shown)]
