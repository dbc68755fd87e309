"""What the page says back: messages, errors, dialogs, results, emptiness, progress."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from .ui_base import Text, anchor, button, classes, each, icon, show, some


def _sign(kind: Any) -> Any:
    return rx.match(
        kind,
        ("success", icon("check")),
        ("error", icon("warning")),
        ("warning", icon("warning")),
        icon("info"),
    )


def message_bar(kind: Any, text: Any, on_close: Any = None) -> rx.Component:
    """The one place for answers of the server: kind is success, error, warning or info."""
    shut = []
    if on_close is not None:
        shut.append(
            rx.el.button(
                icon("close"), type="button", on_click=on_close, aria_label="关闭提示", class_name="msg-close"
            )
        )
    bar = rx.el.div(
        _sign(kind), rx.el.div(text, class_name="msg-text"), *shut, class_name="msg", data_kind=kind
    )
    # The live region stays in the page, so that a screen reader hears what appears in it.
    return rx.el.div(show(text, bar), role="status", aria_live="polite", class_name="msg-slot")


def note(text: Any, kind: str = "info", *children: Any) -> rx.Component:
    """A standing remark on the page, not an answer to an action."""
    return rx.el.div(
        _sign(kind), rx.el.div(text, *children, class_name="msg-text"), class_name="msg", data_kind=kind
    )


def returned_for(reason: Any) -> rx.Component:
    """What its reviewer asks for at one place of a form that came back."""
    return show(reason, rx.el.p(rx.el.b("退回原因："), reason, class_name="field-reason"))


def error_summary(errors: Any, title: str = "请更正以下内容后重新提交：") -> rx.Component:
    """Everything that is wrong, each linked to its field; errors are (name, text) pairs."""

    def one(error: Any, i: Any = 0) -> rx.Component:
        return rx.el.li(rx.el.a(error[1], href=f"#f-{error[0]}"))

    box = rx.el.div(
        rx.el.b(title), rx.el.ul(each(errors, one)), role="alert", tab_index=-1, class_name="errors",
        data_errors="true",
    )  # fmt: skip
    return show(some(errors), box)


def dialog(
    open_: Any, title: Text, *children: Any, on_close: Any, actions: Sequence[Any] = (), wide: bool = False,
    ident: str = "dialog",
) -> rx.Component:  # fmt: skip
    """A modal dialog; Escape and × call `on_close`, `actions` stand at its foot."""
    foot = [rx.el.footer(*actions, class_name="dialog-foot")] if actions else []
    box = rx.el.div(
        rx.el.header(
            rx.el.h2(title, custom_attrs={"id": f"{ident}-title"}),
            button(
                icon("close"), on_close, size="", class_name="btn-icon", aria_label="关闭", data_close="true"
            ),
            class_name="dialog-head",
        ),
        rx.el.div(*children, class_name="dialog-body"),
        *foot,
        role="dialog",
        tab_index=-1,
        aria_modal="true",
        aria_labelledby=f"{ident}-title",
        class_name=classes("dialog", "is-wide" if wide else ""),
    )
    return show(open_, rx.el.div(box, class_name="dialog-back"))


def empty_state(title: Text, text: Text = "", action: Any = None, icon_name: str = "inbox") -> rx.Component:
    """What a list says when it has nothing: why, and what to do."""
    parts: list[rx.Component] = [icon(icon_name), rx.el.b(title)]
    if not (isinstance(text, str) and text == ""):
        parts.append(rx.el.p(text))
    if action is not None:
        parts.append(rx.el.div(action, class_name="row"))
    return rx.el.div(*parts, class_name="empty")


def result_page(
    title: Text, text: Text = "", *actions: Any, next_steps: Sequence[Text] = (), kind: str = "success"
) -> rx.Component:
    """After a submission: that it arrived, and what happens next."""
    sign = {"success": "check", "error": "close"}.get(kind, "clock")
    parts = [
        rx.el.span(icon(sign), class_name="result-mark"),
        rx.el.h1(title, tab_index=-1),
        rx.el.p(text),
    ]
    if next_steps:
        steps = [rx.el.li(step) for step in next_steps]
        parts.append(rx.el.div(rx.el.h2("接下来会怎样"), rx.el.ol(*steps), class_name="next"))
    parts.append(rx.el.div(*actions, class_name="row"))
    return rx.el.section(*parts, class_name="card result", data_kind=kind)


def error_page(code: str, title: str, text: Text, *actions: Any) -> rx.Component:
    """403, 404 and the like: what happened and where to go."""
    body = rx.el.div(
        rx.el.div(code, class_name="code", aria_hidden="true"),
        rx.el.h1(title, tab_index=-1),
        rx.el.p(text),
        rx.el.div(*actions, class_name="row"),
        class_name="result",
    )
    return rx.el.div(body, class_name="fullpage")


def skeleton(lines: int = 4) -> rx.Component:
    """Grey lines where text will be."""
    widths = ("92%", "78%", "85%", "60%", "88%", "70%")
    bars = [
        rx.el.span(class_name="skel", custom_attrs={"style": {"width": widths[i % 6]}}) for i in range(lines)
    ]
    return rx.el.div(*bars, aria_hidden="true")


def progress(value: Any, label: str = "上传进度") -> rx.Component:
    """How much is done, 0 to 100."""
    return rx.el.div(
        rx.el.progress(value=value, max="100", aria_label=label),
        rx.el.span(value, "%"),
        class_name="progress",
    )


def stat_tile(
    label: Text, value: Any, href: Any = None, tone: str = "grey", unit: str = "", hint: Text = ""
) -> rx.Component:
    """A figure on the 工作台; a link if there is a list behind it."""
    number = rx.el.b(value, *([rx.el.small(unit)] if unit else []))
    parts = [rx.el.span(label), number]
    if not (isinstance(hint, str) and hint == ""):
        parts.append(rx.el.span(hint, class_name="stat-hint"))
    if href is None:
        return rx.el.div(*parts, class_name="stat", data_tone=tone)
    return anchor(*parts, href=href, class_name="stat", data_tone=tone)
