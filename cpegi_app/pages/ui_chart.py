"""Charts of the kit: columns by month, bars by part; the numbers always stand in a table below."""

from typing import Any

import reflex as rx

from .ui_base import card, each, pick, show
from .ui_table import _frame


def figure(found: Any) -> rx.Component:
    """A chart with the numbers behind it, from a Var with title, note, label, heads, series, peak, by_month, lines."""
    return card(
        found.title,
        show(
            found.peak != "",
            rx.el.div(pick(found.by_month, _columns(found), _bars(found)), class_name="chart"),
        ),
        _numbers(found),
        show(found.note != "", rx.el.p(found.note, class_name="chart-note")),
        flush=True,
    )


def _legend(found: Any) -> rx.Component:
    def one(name: Any, n: Any) -> rx.Component:
        return rx.el.li(rx.el.i(class_name="swatch", data_n=n.to_string()), name)

    peak = show(found.peak != "", rx.el.li("最高 ", found.peak, class_name="chart-peak"))
    return rx.el.ul(each(found.series, one), peak, class_name="chart-legend")


def _size(side: str, share: Any) -> dict[str, Any]:
    return {"style": {side: share.to_string() + "%"}}


def _columns(found: Any) -> rx.Component:
    def bar(share: Any, n: Any) -> rx.Component:
        return rx.el.i(class_name="chart-bar", data_n=n.to_string(), custom_attrs=_size("height", share))

    def month(line: Any, n: Any) -> rx.Component:
        bars = rx.el.div(each(line.bars, bar), class_name="chart-bars")
        return rx.el.div(bars, rx.el.span(line.short), class_name="chart-col", title=line.label)

    return rx.el.div(
        _legend(found), rx.el.div(each(found.lines, month), class_name="chart-plot"), aria_hidden="true"
    )


def _bars(found: Any) -> rx.Component:
    def bar(share: Any, n: Any) -> rx.Component:
        inner = rx.el.i(class_name="chart-bar", data_n=n.to_string(), custom_attrs=_size("width", share))
        return rx.el.span(inner, class_name="chart-track")

    def part(line: Any, n: Any) -> rx.Component:
        row = rx.el.div(
            rx.el.span(line.label, class_name="chart-part"),
            rx.el.div(each(line.bars, bar), class_name="chart-tracks"),
            class_name="chart-row",
        )
        return show(line.drawn, row)

    return rx.el.div(_legend(found), each(found.lines, part), aria_hidden="true")


def _numbers(found: Any) -> rx.Component:
    def cell(text: Any, n: Any) -> rx.Component:
        return rx.el.td(text, class_name="is-num")

    def row(line: Any, n: Any) -> rx.Component:
        return rx.el.tr(rx.el.th(line.label, scope="row", class_name="is-label"), each(line.cells, cell))

    def head(text: Any, n: Any) -> rx.Component:
        return rx.el.th(text, scope="col", class_name="is-num")

    table = rx.el.table(
        rx.el.caption(found.title, class_name="sr-only"),
        rx.el.thead(rx.el.tr(rx.el.th(found.label, scope="col"), each(found.heads, head))),
        rx.el.tbody(each(found.lines, row)),
        class_name="table table-figures",
    )
    return _frame(found.title, table, class_name="table-wrap is-free")
