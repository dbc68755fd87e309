"""Lists and records: tables, pager, query bar, descriptions, differences, timeline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from .ui_base import Flag, Text, at, button, classes, each, flag, icon, ops, pick, show, some
from .ui_base import loading as page_loads
from .ui_feedback import empty_state, skeleton


@dataclass(frozen=True)
class Col:
    """One column: numbers, text cut off (clip) or broken into lines (wrap), the row's buttons (ops), not on a phone (wide)."""

    label: str
    unit: str = ""
    num: bool = False
    clip: bool = False
    wrap: bool = False
    ops: bool = False
    wide: bool = False
    width: str = ""
    # What the list is sorted by when the heading is pressed.
    sort: str = ""

    @property
    def told(self) -> str:
        """What stands beside a cell on a phone, where there are no headings."""
        return f"{self.label}（{self.unit}）" if self.unit else self.label

    @property
    def class_name(self) -> str:
        """The classes of its cells."""
        kinds = {"is-num": self.num, "is-clip": self.clip, "is-wrap": self.wrap, "is-ops": self.ops}
        kinds |= {"is-wide": self.wide}
        return classes(*(name for name, on in kinds.items() if on))


def data_table(
    columns: Sequence[Col | str],
    rows: Any,
    render: Callable[[Any], Sequence[Any]],
    caption: str,
    empty: Any = None,
    loading: Flag = False,
    start: Any = 1,
    key: str = "id",
    sort: Any = "",
    on_sort: Any = None,
) -> rx.Component:
    """A list: `render(row)` gives a cell a column; `start` numbers the rows, None leaves 序号 out.

    `sort` is the name of the column that it is sorted by, with a minus the largest first; `on_sort` gets a name.
    """
    cols = [Col(c) if isinstance(c, str) else c for c in columns]

    def one(row: Any, i: Any) -> rx.Component:
        cells = [rx.el.td(start + i, class_name="is-no")] if start is not None else []
        for col, cell in zip(cols, render(row), strict=True):
            inside = ops(*cell) if col.ops and isinstance(cell, (list, tuple)) else cell
            # What is cut off is told whole when it is pointed at.
            whole: Any = {"title": cell} if col.clip and isinstance(cell, (str, rx.Var)) else {}
            cells.append(rx.el.td(inside, class_name=col.class_name, data_label=col.told, **whole))
        return rx.el.tr(*cells, key=at(row, key)) if key else rx.el.tr(*cells)

    heads = [rx.el.th("序号", scope="col", class_name="is-no")] if start is not None else []
    heads += [sort_head(col, sort, on_sort) for col in cols]
    blank = pick(loading, rx.el.div(skeleton(5), class_name="card-body"), empty or empty_state("暂无数据"))
    table = rx.el.table(
        rx.el.caption(caption, class_name="sr-only"),
        rx.el.thead(rx.el.tr(*heads)),
        rx.el.tbody(each(rows, one)),
        class_name="table is-stack",
    )
    return _frame(
        caption,
        show(loading, rx.el.div(class_name="loadbar")),
        table,
        pick(some(rows), rx.fragment(), blank),
        class_name="table-wrap",
        aria_busy=flag(loading),
    )


def plain_table(
    columns: Sequence[Col | str],
    rows: Any,
    render: Callable[[Any], Sequence[Any]],
    caption: str,
    stack: bool = False,
) -> rx.Component:
    """A small table inside a card: no 序号, no empty state; many columns `stack` into cards on a phone."""
    cols = [Col(c) if isinstance(c, str) else c for c in columns]

    def one(row: Any, i: Any) -> rx.Component:
        cells = zip(cols, render(row), strict=True)
        return rx.el.tr(
            *(rx.el.td(cell, class_name=col.class_name, data_label=col.told) for col, cell in cells)
        )

    table = rx.el.table(
        rx.el.caption(caption, class_name="sr-only"),
        rx.el.thead(rx.el.tr(*(sort_head(col) for col in cols))),
        rx.el.tbody(each(rows, one)),
        class_name="table is-stack" if stack else "table",
    )
    return _frame(caption, table, class_name="table-wrap is-free")


def sort_head(col: Col, sort: Any = "", on_sort: Any = None) -> rx.Component:
    """One heading; pressed, it sorts, where its column names what by."""
    unit = [rx.el.small(f"（{col.unit}）")] if col.unit else []
    width: Any = {"custom_attrs": {"style": {"width": col.width}}} if col.width else {}
    if not col.sort or on_sort is None:
        return rx.el.th(col.label, *unit, scope="col", class_name=col.class_name, **width)
    press = sort_button(rx.fragment(col.label, *unit) if unit else col.label, col.sort, on_sort)
    state = pick(sort == col.sort, "ascending", pick(sort == f"-{col.sort}", "descending", "none"))
    return rx.el.th(press, scope="col", aria_sort=state, class_name=col.class_name, **width)


def sort_button(label: Any, name: str, on_sort: Any, class_name: str = "th-sort") -> rx.Component:
    """What sorts a list by a column: its heading, or a button over a list that is no table."""
    return rx.el.button(
        rx.el.span(label),
        icon("sort"),
        on_click=on_sort(name),
        type="button",
        title="点击排序",
        class_name=class_name,
    )


def _frame(caption: str, *children: Any, **props: Any) -> rx.Component:
    """A frame that may scroll sideways, so the keyboard must reach it and it needs a name."""
    return rx.el.div(*children, role="region", tab_index=0, aria_label=caption, **props)


def pager(
    total: Any,
    page: Any,
    pages: Any,
    size: Any,
    on_page: Any,
    on_size: Any,
    counting: Flag = False,
    place: Text = "",
) -> rx.Component:
    """共 N 条, rows a page, and the pages; handlers get the new page and the new size.

    `place` is how the list stands, which ui.js keeps in the address.
    """

    def turn(name: str, label: str, target: Any, off: Any) -> rx.Component:
        return button(
            icon(name), on_page(target), disabled=off, kind="default", aria_label=label, title=label
        )

    return rx.el.nav(
        rx.el.span(
            "共 ", rx.el.b(total), pick(counting, " 条以上，统计中…", " 条"), class_name="pager-total"
        ),
        rx.el.label(
            "每页",
            rx.el.select(
                *(rx.el.option(f"{n} 条", value=str(n)) for n in (10, 20, 50)),
                value=size.to_string() if isinstance(size, rx.Var) else str(size),
                on_change=on_size,
                class_name="input",
            ),
            class_name="pager-size",
        ),
        rx.el.span(
            turn("first", "第一页", 1, page <= 1),
            turn("left", "上一页", page - 1, page <= 1),
            rx.el.span("第 ", rx.el.b(page), " / ", pages, " 页", class_name="pager-now", aria_live="polite"),
            turn("right", "下一页", page + 1, page >= pages),
            turn("last", "最后一页", pages, page >= pages),
            class_name="pager-nav",
        ),
        aria_label="分页",
        class_name="pager",
        data_place=place,
    )


def query_bar(
    *fields: Any, on_submit: Any, on_reset: Any, more: Sequence[Any] = (), loading: Flag = False, **props: Any
) -> rx.Component:
    """查询 and 重置 under a grid of labelled fields; `more` waits behind 展开."""
    toggle = rx.el.button(
        rx.el.span("展开", class_name="when-shut"),
        rx.el.span("收起", class_name="when-open"),
        icon("down"),
        type="button",
        aria_expanded="false",
        class_name="btn btn-text query-toggle",
        data_query_toggle="true",
    )
    actions = rx.el.div(
        *([toggle] if more else []),
        button("重置", on_reset, type_="reset"),
        button("查询", kind="primary", type_="submit", icon_name="search", loading=loading),
        class_name="query-acts",
    )
    extra = [rx.el.div(*more, class_name="query-extra")] if more else []
    grid = rx.el.div(*fields, *extra, actions, class_name="query-grid")
    return rx.el.form(
        grid,
        on_submit=on_submit,
        no_validate=True,
        role="search",
        class_name="query",
        custom_attrs={"inert": page_loads()},
        **props,
    )


def two_lines(first: Any, second: Any) -> rx.Component:
    """Two values that belong together in one cell, the lesser one below."""
    return rx.el.div(first, rx.el.p(second, class_name="small muted"))


def toolbar(*actions: Any, end: Sequence[Any] = ()) -> rx.Component:
    """Above a table: 新增 导入 导出 at the left, a note at the right."""
    return rx.el.div(*actions, rx.el.div(*end, class_name="end"), class_name="toolbar")


def description_list(items: Sequence[tuple[Any, ...]], columns: int = 3) -> rx.Component:
    """Labelled values, (label, value) or (label, value, "wide"), in one to three columns."""
    parts = [
        rx.el.div(rx.el.dt(label), rx.el.dd(value), class_name="wide" if wide else "")
        for label, value, *wide in items
    ]
    return rx.el.dl(*parts, class_name=classes("desc", f"desc-{columns}" if columns < 3 else ""))


def description_rows(items: Any, columns: int = 3) -> rx.Component:
    """The same from a Var of objects with label, value and wide."""

    def one(item: Any, i: Any = 0) -> rx.Component:
        return rx.el.div(
            rx.el.dt(at(item, "label")),
            rx.el.dd(at(item, "value")),
            class_name=pick(at(item, "wide"), "wide", ""),
        )

    return rx.el.dl(each(items, one), class_name=classes("desc", f"desc-{columns}" if columns < 3 else ""))


def diff_table(rows: Any, old: str = "现行资料", new: str = "变更后") -> rx.Component:
    """Old and new side by side; rows have label, old, new, changed."""

    def one(row: Any, i: Any = 0) -> rx.Component:
        changed = at(row, "changed")
        mark = show(changed, rx.el.span("已变更", class_name="mark"))
        return rx.el.tr(
            rx.el.th(rx.el.span(at(row, "label"), mark), scope="row", data_label="项目"),
            rx.el.td(at(row, "old"), class_name="old", data_label=old),
            rx.el.td(at(row, "new"), class_name="new", data_label=new),
            class_name=pick(changed, "is-changed", ""),
        )

    table = rx.el.table(
        rx.el.caption("变更对比", class_name="sr-only"),
        rx.el.colgroup(rx.el.col(), rx.el.col(), rx.el.col()),
        rx.el.thead(rx.el.tr(*(rx.el.th(h, scope="col") for h in ("项目", old, new)))),
        rx.el.tbody(each(rows, one)),
        class_name="table diff is-stack",
    )
    return _frame("变更对比", table, class_name="table-wrap is-free")


def timeline(events: Any) -> rx.Component:
    """审核记录: events have at, action, tone, who, text."""

    def one(event: Any, i: Any = 0) -> rx.Component:
        return rx.el.li(
            rx.el.div(
                rx.el.b(at(event, "action")),
                rx.el.time(at(event, "at")),
                rx.el.span(at(event, "who"), class_name="tl-who"),
                class_name="tl-head",
            ),
            rx.el.p(at(event, "text"), class_name="tl-text"),
            data_tone=at(event, "tone"),
        )

    return rx.el.ol(each(events, one), class_name="timeline")


def steps(labels: Sequence[str], current: Any, bad: Flag = False) -> rx.Component:
    """How far it has come: steps before `current` (from 0) are done; `bad` marks it as failed."""

    def one(i: int, label: str) -> rx.Component:
        here: Any = current == i
        state = pick(current > i, "step is-done", pick(here, pick(bad, "step is-bad", "step"), "step"))
        return rx.el.li(
            rx.el.span(label, class_name="step-label"),
            class_name=state,
            aria_current=pick(here, "step", None if not isinstance(here, rx.Var) else "false"),
        )

    return rx.el.ol(*(one(i, label) for i, label in enumerate(labels)), class_name="steps")


def attachments(files: Any) -> rx.Component:
    """Files of a record as tiles: kind (what it proves), name, size, href, image (bool)."""

    def one(f: Any, i: Any = 0) -> rx.Component:
        picture = rx.el.img(src=at(f, "href"), alt="", loading="lazy")
        return rx.el.a(
            rx.el.span(pick(at(f, "image"), picture, icon("file")), class_name="attach-thumb"),
            rx.el.span(
                rx.el.b(at(f, "kind")),
                rx.el.small(at(f, "name"), " · ", at(f, "size")),
                class_name="attach-text",
            ),
            href=at(f, "href"),
            target="_blank",
            rel="noopener",
            class_name="attach-item",
        )

    return rx.el.div(each(files, one), class_name="attach")


def verdict(label: Text, tone: Any) -> rx.Component:
    """满足, 不满足 or 数据缺失: a word with its sign (green, red, grey)."""
    sign = rx.match(tone, ("green", icon("check")), ("red", icon("close")), icon("info"))
    return rx.el.span(sign, label, class_name="verdict", data_tone=tone)
