"""What the lists of the public site share: filters and sorting as links, a search, the total, pages (manual §4.1, §6.1, §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import Screen
from cpegi_app.pages import ui
from cpegi_app.pages.layout import site
from cpegi_app.state.public_list import Choice, Filter


def listing(screen: Screen, lead: str, *parts: Any, spaced: str = "") -> rx.Component:
    """A list's page on the public site: its title, what it holds, its parts; `spaced` is a class of their distance."""
    head = rx.el.header(rx.el.h1(screen.title, tab_index=-1), rx.el.p(lead), class_name="site-title")
    return site(rx.el.div(head, *parts, class_name=f"wrap {spaced}".strip()), current=screen, quiet=True)


def choice(row: rx.Var[Choice]) -> rx.Component:
    """One choice: a link to the same list with it made."""
    return ui.link(
        row.label,
        row.href,
        aria_current=rx.cond(row.current, "true", "false"),
        class_name="choice",
        key=row.label,
    )


def filters(rows: Any) -> rx.Component:
    """Every filter in a line of its own."""

    def line(row: rx.Var[Filter]) -> rx.Component:
        offered = rx.foreach(row.choices, choice)
        return rx.el.div(
            rx.el.span(row.label),
            rx.el.div(offered, class_name="choices", role="group", aria_label=row.label),
            class_name="filter",
            key=row.label,
        )

    return rx.el.section(rx.foreach(rows, line), class_name="filters", aria_label="筛选条件")


def sortbar(state: Any, word: str, unit: Any, *beside: Any, sorts: bool = True) -> rx.Component:
    """The search by a word, how many there are, in which order and how many a page."""
    return rx.el.div(
        rx.el.form(
            rx.el.label(word, html_for="f-word", class_name="sr-only"),
            ui.text_input("word", state.word, placeholder=word, max_length=40, type="search"),
            ui.button("搜索", type_="submit", icon_name="search"),
            on_submit=state.search,
            role="search",
            key=state.word,
            class_name="site-search",
        ),
        rx.el.span("共 ", rx.el.b(state.total), unit, aria_live="polite"),
        *beside,
        _offered("排序", state.sorts) if sorts else rx.fragment(),
        _offered("每页", state.sizes),
        class_name="sortbar",
    )


def _offered(label: str, choices: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(label, class_name="choices-label"),
        rx.foreach(choices, choice),
        class_name="choices",
        role="group",
        aria_label=label,
    )


def cards(state: Any, shown: Any, nothing: Any) -> rx.Component:
    """The page of the list: its cards, or what is said when there are none."""
    filled = rx.cond(state.rows.length() > 0, shown, ui.card("", nothing))
    return rx.cond(state.loading, ui.card("", ui.skeleton(6)), filled)


def pager(state: Any, unit: str) -> rx.Component:
    """The pages of the list, where there is more than one."""
    bar = rx.el.nav(
        rx.el.span("共 ", rx.el.b(state.total), unit, class_name="pager-total"),
        rx.el.span(
            _turn("上一页", "left", state.before),
            rx.el.span("第 ", rx.el.b(state.page), " / ", state.pages, " 页", class_name="pager-now"),
            _turn("下一页", "right", state.after),
            class_name="pager-nav",
        ),
        aria_label="分页",
        class_name="pager",
    )
    return ui.show(state.pages > 1, bar)


def _turn(label: str, icon: str, address: Any) -> rx.Component:
    sign = ui.icon(icon)
    return rx.cond(
        address != "",
        ui.link_button(sign, address, aria_label=label, title=label),
        ui.button(sign, disabled=True, aria_label=label, title=label),
    )
