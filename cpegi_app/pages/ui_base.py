"""The smallest parts of every page: icons, buttons, tags, cards, headings."""

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

Text = str | int | rx.Var | rx.Component
Flag = bool | rx.Var
Option = tuple[str, str] | tuple[str, str, str]

# Drawn on a 24 × 24 grid with a 1.6 stroke, one path each.
ICONS: dict[str, str] = {
    "home": "M4 11 12 4l8 7M6 10v10h12V10M10 20v-6h4v6",
    "bank": "M3 9.5 12 4l9 5.5zM5 20h14M6.5 9.5V17M12 9.5V17M17.5 9.5V17M4 17h16",
    "building": "M5 21V4h9v17M14 9h5v12M3 21h18M8 8h3M8 12h3M8 16h3",
    "product": "M4 7h16v12H4zM4 11h16M8 15h4M9 7V4h6v3",
    "file": "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
    "image": "M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5M15.5 9.5h.01",
    "list": "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
    "inbox": "M4 13 6.5 5h11L20 13v6H4zM4 13h5l1 2.5h4l1-2.5h5",
    "chart": "M4 4v16h16M8 16v-4M12 16V8M16 16v-6M20 16V6",
    "shield": "M12 3l8 3v6c0 4.5-3.3 7.6-8 9-4.7-1.4-8-4.5-8-9V6zM8.5 12l2.5 2.5 4.5-5",
    "scale": "M12 4v16M8 20h8M5 7h14M5 7l-2.5 6h5zM19 7l-2.5 6h5z",
    "gift": "M4 11h16v9H4zM3 7h18v4H3zM12 7v13M12 7C9 7 7.5 5.8 8 4.5S11 4 12 7c1-3 3.5-3.8 4-2.5S15 7 12 7",
    "coins": "M12 4c4 0 7 1.3 7 3s-3 3-7 3-7-1.3-7-3 3-3 7-3zM5 7v5c0 1.7 3 3 7 3s7-1.3 7-3V7M5 12v5c0 1.7 3 3 7 3s7-1.3 7-3v-5",
    "user": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c.6-4 3.6-6 8-6s7.4 2 8 6",
    "users": "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.4-3.5 2.7-5.5 6.5-5.5s6.1 2 6.5 5.5M16 4.3a3.5 3.5 0 0 1 0 6.5M18 15c2 .8 3.2 2.5 3.5 5",
    "bell": "M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21h4M12 5V3",
    "lock": "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 15v2",
    "key": "M8 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12h9M18 12v3.5M15 12v2.5",
    "phone": "M7 3h10v18H7zM11 18h2",
    "exit": "M14 4H5v16h9M10 12h10M17 8.5l3.5 3.5-3.5 3.5",
    "menu": "M4 6h16M4 12h16M4 18h16",
    "search": "M11 17a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM15.5 15.5 20 20",
    "plus": "M12 5v14M5 12h14",
    "check": "M5 12.5 10 17.5 19.5 7",
    "close": "M6 6l12 12M18 6 6 18",
    "info": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.5h.01",
    "warning": "M12 4 2.5 20h19zM12 10v5M12 17.5h.01",
    "clock": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2.5",
    "calendar": "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
    "upload": "M12 16V5M7.5 9 12 4.5 16.5 9M4 15v5h16v-5",
    "download": "M12 4v11M7.5 11.5 12 16l4.5-4.5M4 17v3h16v-3",
    "eye": "M2.5 12C5 7.5 8.2 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.7 6.5-9.5 6.5S5 16.5 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
    "trash": "M5 7h14M10 7V4h4v3M7 7l.8 13h8.4L17 7M10 11v5.5M14 11v5.5",
    "edit": "M4 20v-4L16 4l4 4L8 20zM13.5 6.5l4 4",
    "right": "M9 5l7 7-7 7",
    "left": "M15 5l-7 7 7 7",
    "down": "M5 9l7 7 7-7",
    "sort": "M8 10l4-4.5 4 4.5M8 14l4 4.5 4-4.5",
    "first": "M18 5l-7 7 7 7M7 5v14",
    "last": "M6 5l7 7-7 7M17 5v14",
    "history": "M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4.5l3 1.8",
    "settings": "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
}


def icon(name: str, class_name: str = "") -> rx.Component:
    """A line icon, hidden from screen readers: its text stands beside it."""
    return rx.el.svg(
        rx.el.path(d=ICONS[name]),
        view_box="0 0 24 24",
        class_name=f"icon {class_name}".strip(),
        aria_hidden="true",
    )


def pick(condition: Flag, yes: Any, no: Any) -> Any:
    """`yes if condition else no`, whether the condition is known now or only in the browser."""
    if isinstance(condition, rx.Var):
        return rx.cond(condition, yes, no)
    return yes if condition else no


def show(condition: Any, *children: Any) -> rx.Component:
    """The children while the condition holds (a Var or a plain value)."""
    inside = children[0] if len(children) == 1 else rx.fragment(*children)
    if isinstance(condition, rx.Var):
        return rx.cond(condition, inside, rx.fragment())
    return inside if condition else rx.fragment()


def each(items: Any, draw: Callable[..., Any]) -> Any:
    """`draw(item, index)` for each item of a Var or a plain list."""
    if isinstance(items, rx.Var):
        return rx.foreach(items, draw)
    return rx.fragment(*(draw(item, i) for i, item in enumerate(items)))


def at(item: Any, name: str) -> Any:
    """The named part of a view model, be it a Var, a dict or an object."""
    keyed: Any = item
    return keyed[name] if isinstance(item, rx.Var | dict) else getattr(item, name)


def some(items: Any) -> Any:
    """Whether a Var or a plain list has anything in it."""
    var: Any = items
    return var.length() > 0 if isinstance(items, rx.Var) else bool(items)


def flag(condition: Flag) -> Any:
    """A condition as the text an ARIA attribute wants."""
    return pick(condition, "true", "false")


def classes(*names: str) -> str:
    """Class names joined, blanks dropped."""
    return " ".join(n for n in names if n)


def button(
    label: Text,
    on_click: Any = None,
    kind: str = "default",
    type_: Any = "button",
    disabled: Flag = False,
    loading: Flag = False,
    icon_name: str = "",
    size: str = "",
    **props: Any,
) -> rx.Component:
    """A button; kind is primary, default, danger or text, size sm, lg or block."""
    off = disabled | loading if isinstance(disabled, rx.Var) else pick(loading, True, disabled)
    if on_click is not None:
        props["on_click"] = on_click
        # The server is asked to do something: the button says so until it has answered (ui.js).
        if kind in ("primary", "danger"):
            props.setdefault("data_acts", "true")
    props["class_name"] = classes(_button_class(kind, size), props.pop("class_name", ""))
    parts = [icon(icon_name)] if icon_name else []
    return rx.el.button(*parts, label, type=type_, disabled=off, aria_busy=flag(loading), **props)


def enter_guard() -> rx.Component:
    """Put first into a form in which Enter must press no button: the browser presses the first, this one is off."""
    return rx.el.button(type="submit", disabled=True, hidden=True, aria_hidden="true", tab_index=-1)


def link_button(
    label: Text, href: Any, kind: str = "default", icon_name: str = "", size: str = "", **props: Any
) -> rx.Component:
    """A link that looks like a button: for going somewhere, never for doing something."""
    props["class_name"] = classes(_button_class(kind, size), props.pop("class_name", ""))
    parts = [icon(icon_name)] if icon_name else []
    return anchor(*parts, label, href=href, **props)


def _button_class(kind: str, size: str) -> str:
    return classes("btn", "" if kind == "default" else f"btn-{kind}", f"btn-{size}" if size else "")


def anchor(*children: Any, href: Any, **props: Any) -> rx.Component:
    """A link within the app: the page changes in place, without loading the site again."""
    return ReactRouterLink.create(*children, to=href, **props)


def link(label: Text, href: Any, **props: Any) -> rx.Component:
    """A plain link to a page of the app."""
    return anchor(label, href=href, **props)


def file_link(label: Text, href: Any, **props: Any) -> rx.Component:
    """A link to what is no page of the app (/files/…, a static page): the browser itself follows it."""
    return rx.el.a(label, href=href, reload_document=True, **({"rel": "noopener"} | props))


def download_link(label: Text, href: Any, **props: Any) -> rx.Component:
    """A link to a file that is kept, not shown: the page stays. Leaving it for a file would cut its live connection."""
    return file_link(label, href, download=True, **props)


def ops(*actions: Any) -> rx.Component:
    """The text buttons of one table row, divided by hairlines."""
    return rx.el.div(*actions, class_name="ops")


def tag(label: Text, tone: Any = "grey") -> rx.Component:
    """A status: shape and text carry it, the tone (grey blue green orange red teal) only helps."""
    return rx.el.span(label, class_name="tag", data_tone=tone)


def chip(label: Text) -> rx.Component:
    """A neutral label, for a class or a kind."""
    return rx.el.span(label, class_name="chip")


def badge(count: Any, what: str = "项待处理") -> rx.Component:
    """A count beside a menu item or the bell; nothing at zero."""
    return show(count, rx.el.span(count, rx.el.span(what, class_name="sr-only"), class_name="badge"))


def brand(href: str = "/") -> rx.Component:
    """The mark with the platform's name, which breaks into two lines on a phone."""
    return anchor(
        rx.el.img(src="/logo.svg", alt="", width="34", height="34"),
        rx.el.b(rx.el.span("中原中小企业成长"), rx.el.span("指数服务平台")),
        href=href,
        class_name="brand",
    )


def crumbs(*items: Text | tuple[Text, str]) -> rx.Component:
    """Where this page lies: (label, href) pairs, last the page's own name."""

    def one(item: Any, last: bool) -> rx.Component:
        if isinstance(item, tuple):
            return rx.el.li(anchor(item[0], href=item[1]))
        return rx.el.li(item, aria_current="page" if last else "false")

    parts = [one(item, i == len(items) - 1) for i, item in enumerate(items)]
    return rx.el.nav(rx.el.ol(*parts), aria_label="当前位置", class_name="crumbs")


def page_head(
    title: Text, *actions: Any, status: Any = None, number: Any = None, lead: Any = None
) -> rx.Component:
    """The page's only h1, its number and status, and its actions at the right."""
    parts: list[rx.Component] = [rx.el.h1(title, tab_index=-1)]
    if number is not None:
        span = rx.el.span(number, class_name="no")
        # A number that is not given yet leaves no hole.
        parts.append(show(number != "", span) if isinstance(number, rx.Var) else span)
    if status is not None:
        parts.append(status)
    if actions:
        parts.append(rx.el.div(*actions, class_name="page-acts"))
    if lead is not None:
        parts.append(rx.el.p(lead, class_name="page-lead"))
    return rx.el.header(*parts, class_name="page-head")


def card(title: Text, *children: Any, extra: Any = None, flush: bool = False, **props: Any) -> rx.Component:
    """A titled panel; flush lets a table reach its edges, an empty title leaves the head out."""
    head = []
    if not (isinstance(title, str) and title == ""):
        parts: list[rx.Component] = [rx.el.h2(title, class_name="card-title")]
        if extra is not None:
            parts.append(rx.el.div(extra, class_name="card-extra"))
        head = [rx.el.header(*parts, class_name="card-head")]
    props["class_name"] = classes("card", "card-flush" if flush else "", props.pop("class_name", ""))
    return rx.el.section(*head, rx.el.div(*children, class_name="card-body"), **props)


def tabs(items: Sequence[tuple[str, str]], current: Any, on_pick: Any, label: str) -> rx.Component:
    """Buttons that switch what a list shows: (value, label) pairs, `on_pick(value)`."""
    return rx.el.div(
        *(
            rx.el.button(
                text,
                type="button",
                on_click=on_pick(value),
                aria_current=flag(current == value),
                class_name="tab",
            )
            for value, text in items
        ),
        role="group",
        aria_label=label,
        class_name="tabs",
    )


def loading() -> rx.Var[bool]:
    """Whether the page still waits for what its loaders find.

    The browser itself says so at every change of page, before the server has heard of it.
    """
    return ~rx.State.is_hydrated  # pyright: ignore
