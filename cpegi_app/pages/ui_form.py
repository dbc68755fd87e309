"""Form controls: uncontrolled (typing never travels to the server), labelled, errors linked."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from .ui_base import Flag, Option, Text, at, button, classes, each, flag, icon, loading, pick, show
from .ui_feedback import returned_for

NATIVE = frozenset({"input", "select", "textarea"})
GROUPS = frozenset({"group", "radiogroup"})


def ident(value: Any) -> Any:
    """An id as a bare attribute: Reflex's own `id=` adds a ref, and the ref a second key to the form's data."""
    return {"custom_attrs": {"id": value}}


def control_id(name: Any) -> str:
    """The id of the control that submits this name; error summaries link to it."""
    return f"f-{name}"


def form(
    *children: Any,
    on_submit: Any,
    draft: Any = None,
    version: Any = "0",
    warn: bool = False,
    **props: Any,
) -> rx.Component:
    """A form that keeps what is typed: `draft` names its copy in the tab, `version` the row's.

    Nobody types into it while its page loads: it is drawn anew with what was found.
    """
    props["class_name"] = classes("form", props.pop("class_name", ""))
    note: list[rx.Component] = [rx.el.input(type="hidden", name="intent", default_value="submit")]
    if draft is not None:
        props |= {"data_draft": draft, "data_version": version}
        note.append(_draft_note())
    if warn:
        props["data_dirty_warn"] = "true"
    extra = props.pop("custom_attrs", {}) | {"inert": loading()}
    return rx.el.form(*note, *children, on_submit=on_submit, no_validate=True, custom_attrs=extra, **props)


def _draft_note() -> rx.Component:
    return rx.el.div(
        icon("history"),
        rx.el.span("已恢复您上次填写但尚未提交的内容。"),
        rx.el.button("放弃恢复", type="button", class_name="btn btn-text", data_draft_discard="true"),
        role="status",
        hidden=True,
        class_name="draft-note",
        data_draft_note="true",
    )


def draft_clear(key: Any) -> rx.Component:
    """Put on the page after a success: the tab's copy of that form is thrown away."""
    return rx.el.span(hidden=True, data_draft_clear=key)


def submit(label: Text = "提交", intent: str = "submit", kind: str = "primary", **props: Any) -> rx.Component:
    """A submit button; the form's data then carries `intent`, so 暂存 and 提交 share a handler."""
    return button(label, kind=kind, type_="submit", data_intent=intent, **props)


def form_grid(*fields: Any, columns: int = 2) -> rx.Component:
    """Fields in two or three columns, one on a phone."""
    return rx.el.div(*fields, class_name=classes("form-grid", "form-grid-3" if columns == 3 else ""))


def form_foot(*actions: Any, note: Any = "") -> rx.Component:
    """The bar with 暂存 and 提交 that stays at the bottom of the screen."""
    return rx.el.div(rx.el.span(note, class_name="note"), *actions, class_name="form-foot")


def field(
    name: Any,
    label: Text,
    control: rx.Component,
    required: bool = False,
    help: Text = "",
    error: Any = "",
    unit: str = "",
    wide: bool = False,
    reason: Any = None,
    doubt: Any = None,
) -> rx.Component:
    """Label, control, help, the reviewer's reason, what is doubtful and the error, tied together by ids."""
    key = control_id(name)
    inner = with_unit(control, unit) if unit else control
    about = f"{key}-err {key}-help" + ("" if doubt is None else f" {key}-doubt")
    _tie(inner, key, error, required, about)
    star = [rx.el.span("*", class_name="req", aria_hidden="true")] if required else []
    if _is_group(inner):
        heading = rx.el.span(*star, label, class_name="label", **ident(f"{key}-label"))
    else:
        heading = rx.el.label(*star, label, html_for=key, **ident(f"{key}-label"))
    parts: list[rx.Component] = [heading, inner]
    if reason is not None:
        parts.append(returned_for(reason))
    if doubt is not None:
        parts.append(rx.el.p(doubt, class_name="doubt", **ident(f"{key}-doubt")))
    parts += [
        rx.el.p(error, class_name="err", **ident(f"{key}-err")),
        rx.el.p(help, class_name="help", **ident(f"{key}-help")),
    ]
    return rx.el.div(*parts, class_name=classes("field", "wide" if wide else ""))


def _is_group(component: Any) -> bool:
    return _plain(getattr(component, "role", None)) in GROUPS


def _plain(value: Any) -> Any:
    return getattr(value, "_var_value", value)


def _tie(component: Any, key: str, error: Any, required: bool, about: str, inside: bool = False) -> None:
    """Give the control its ARIA links; a group is named and described itself, its parts only marked wrong."""
    attrs = component.custom_attrs if hasattr(component, "custom_attrs") else {}
    if _is_group(component):
        attrs.setdefault("id", key)
        if "aria-label" not in attrs:
            attrs.setdefault("aria-labelledby", f"{key}-label")
        attrs["aria-describedby"] = about
        inside = True
    elif getattr(component, "tag", None) in NATIVE:
        wrong = error != "" if isinstance(error, rx.Var) else bool(error)
        if _plain(getattr(component, "type", None)) not in ("radio", "checkbox"):
            attrs["aria-invalid"] = flag(wrong)
        if not inside:
            attrs |= {"aria-describedby": about, "aria-required": flag(required)}
        return
    for child in getattr(component, "children", ()):
        _tie(child, key, error, required, about, inside)


def with_unit(control: rx.Component, unit: str) -> rx.Component:
    """The control with its unit shown inside, at the right."""
    return rx.el.span(
        control,
        rx.el.span(unit, class_name="unit"),
        class_name="unit-box",
        custom_attrs={"style": {"--u": str(len(unit) + 0.8)}},
    )


def _base(name: Any, props: dict[str, Any], extra: str = "") -> Any:
    """What every native control has: name, id, class and no browser history."""
    props |= ident(props.pop("id", control_id(name)))
    props.setdefault("auto_complete", "off")
    props["class_name"] = classes("input", extra, props.pop("class_name", ""))
    return {"name": name, **props}


def text_input(name: Any, default: Any = "", unit: str = "", **props: Any) -> rx.Component:
    """A line of text; `type="password"` and the like pass through."""
    control = rx.el.input(default_value=default, **{"type": "text", **_base(name, props)})
    return with_unit(control, unit) if unit else control


def number_input(name: Any, default: Any = "", unit: str = "", **props: Any) -> rx.Component:
    """A number as people paste it (1,000); the server reads it, so it is a text field."""
    props.setdefault("input_mode", "decimal")
    control = rx.el.input(type="text", default_value=default, **_base(name, props, "is-num"))
    return with_unit(control, unit) if unit else control


def date_input(name: Any, default: Any = "", **props: Any) -> rx.Component:
    """A date, YYYY-MM-DD."""
    return rx.el.input(type="date", default_value=default, **_base(name, props))


def textarea(name: Any, default: Any = "", rows: int = 4, **props: Any) -> rx.Component:
    """Several lines of text."""
    return rx.el.textarea(default_value=default, rows=str(rows), **_base(name, props))


def password_input(
    name: Any, new: bool = False, meter: str = "", avoid: str = "", **props: Any
) -> rx.Component:
    """A password with 显示; `meter` is a strength_meter's id, `avoid` a field it must not contain."""
    props.setdefault("auto_complete", "new-password" if new else "current-password")
    key = props.setdefault("id", control_id(name))
    if meter:
        props["data_strength"] = f"#{meter}"
    if avoid:
        props["data_strength_avoid"] = f"#{control_id(avoid)}"
    return rx.el.span(
        rx.el.input(type="password", **_base(name, props)),
        rx.el.button("显示", type="button", data_reveal=f"#{key}", aria_label="显示密码"),
        class_name="reveal",
    )


def strength_meter(key: str) -> rx.Component:
    """Shows in the browser how strong the password being typed is."""
    return rx.el.div(
        rx.el.meter(
            min="0", max="4", low="2", high="3", optimum="4", value="0", aria_label="密码强度", **ident(key)
        ),
        rx.el.span("密码强度：未填写", aria_live="polite", **ident(f"{key}-text")),
        class_name="strength",
    )


def select_input(
    name: Any, options: Any, default: Any = "", blank: str | None = "请选择", **props: Any
) -> rx.Component:
    """A drop-down; options are (value, label) pairs or a Var of objects with value and label."""
    first = [] if blank is None else [rx.el.option(blank, value="")]
    if isinstance(options, rx.Var):
        rest = [each(options, lambda o, i: rx.el.option(at(o, "label"), value=at(o, "value")))]
    else:
        rest = [rx.el.option(text, value=value) for value, text in options]
    return rx.el.select(*first, *rest, default_value=default, **_base(name, props))


def _group(name: Any, role: Any, children: Sequence[Any], class_name: str, label: str = "") -> rx.Component:
    """A group of controls; the field around it names it, else `label` does."""
    named = {"aria_label": label} if label else {"aria_labelledby": f"{control_id(name)}-label"}
    props: Any = {**named, **ident(control_id(name))}
    return rx.el.div(*children, role=role, tab_index=-1, class_name=class_name, **props)


def check(name: Any, label: Text, default: Flag = False, **props: Any) -> rx.Component:
    """One checkbox with its label; submits its value (default "on") when ticked."""
    return rx.el.label(
        rx.el.input(type="checkbox", name=name, default_checked=default, **props),
        rx.el.span(label),
        class_name="check",
    )


def check_group(
    name: Any, options: Sequence[Option], values: Any = (), column: bool = False, **props: Any
) -> rx.Component:
    """Several may be ticked: the name is submitted once for each."""
    boxes = []
    chosen: Any = values
    label = props.pop("aria_label", "")
    for value, text, *_ in options:
        ticked = chosen.contains(value) if isinstance(values, rx.Var) else value in values
        boxes.append(check(name, text, ticked, value=value, **props))
    return _group(name, "group", boxes, classes("checks", "is-column" if column else ""), label)


def radio_group(name: Any, options: Sequence[Option], default: Any = "", **props: Any) -> rx.Component:
    """One of a few, in a line."""
    label = props.pop("aria_label", "")
    radios = [
        rx.el.label(
            rx.el.input(type="radio", name=name, value=value, default_checked=default == value, **props),
            rx.el.span(text),
            class_name="check",
        )
        for value, text, *_ in options
    ]
    return _group(name, "radiogroup", radios, "checks", label)


def yes_no(
    name: Any, default: Any = "", labels: tuple[str, str] = ("是", "否"), **props: Any
) -> rx.Component:
    """是 or 否, submitted as yes or no; neither is chosen beforehand."""
    return radio_group(name, [("yes", labels[0]), ("no", labels[1])], default, **props)


def radio_cards(
    name: Any, options: Sequence[Option], default: Any = "", label: str = "", **props: Any
) -> rx.Component:
    """A weighty choice as cards: (value, title) or (value, title, explanation)."""
    cards = []
    for value, title, *more in options:
        inside = [rx.el.b(title), *(rx.el.small(line) for line in more)]
        cards.append(
            rx.el.label(
                rx.el.input(type="radio", name=name, value=value, default_checked=default == value, **props),
                rx.el.span(*inside, class_name="radio-box"),
                class_name="radio-card",
            )
        )
    return _group(name, "radiogroup", cards, "radio-cards", label)


def range_input(
    low: Any, high: Any, unit: str = "", default: tuple[Any, Any] = ("", ""), what: Text = ""
) -> rx.Component:
    """下限 and 上限 side by side, each with its unit."""
    return rx.el.div(
        number_input(low, default[0], unit, aria_label=f"{what}下限", placeholder="下限"),
        rx.el.span("至"),
        number_input(high, default[1], unit, aria_label=f"{what}上限", placeholder="上限"),
        role="group",
        tab_index=-1,
        class_name="range",
        **({"aria_label": what} if what else {}),
    )


def code_field(name: Any, send: Any, error: Any = "", label: str = "短信验证码") -> rx.Component:
    """The SMS code and, beside it, the button that sends one (`send` is that button)."""
    box = rx.el.div(
        text_input(
            name, input_mode="numeric", max_length=6, auto_complete="one-time-code", data_nosave="true"
        ),
        send,
        class_name="code-row",
    )
    return field(name, label, box, required=True, error=error)


def file_field(
    name: Any,
    label: Text,
    *children: Any,
    hint: str = "",
    required: bool = False,
    error: Any = "",
    reason: Any = None,
) -> rx.Component:
    """The frame of an upload: label, limits, error; the children are the drop zone and the list."""
    inside = _group(name, "group", children, "stack")
    return field(name, label, inside, required, hint, error, wide=True, reason=reason)


def drop_zone(*children: Any, **props: Any) -> rx.Component:
    """Where files are dropped or chosen; wraps the page's own upload button."""
    return rx.el.div(icon("upload"), *children, class_name="drop", **props)


def condition_row(
    name: str,
    label: str,
    body: rx.Component,
    free: Flag = False,
    error: Any = "",
    unit: str = "",
    reason: Any = "",
    source: str = "",
) -> rx.Component:
    """One 授信条件: 不限制 (submitted as `<name>_free`) switches the body's controls off."""
    key = control_id(name)
    title = [rx.el.b(label)] + ([rx.el.span(f"（{unit}）", class_name="muted small")] if unit else [])
    return rx.el.div(
        rx.el.div(
            rx.el.div(*title, **ident(f"{key}-label")),
            show(source, rx.el.p(source, class_name="small muted")),
            class_name="cond-name",
        ),
        rx.el.label(
            rx.el.input(
                type="checkbox",
                name=f"{name}_free",
                value="yes",
                default_checked=free,
                aria_label=f"{label}不限制",
                data_frees=f"#{key}",
            ),
            rx.el.span("不限制"),
            class_name="check cond-free",
        ),
        rx.el.div(
            body,
            role="group",
            tab_index=-1,
            aria_labelledby=f"{key}-label",
            class_name="cond-body",
            **ident(key),
        ),
        rx.el.p(error, class_name="err", **ident(f"{key}-err")),
        returned_for(reason),
        class_name=pick(error != "", "cond is-bad", "cond"),
    )


def conditions(*rows: Any) -> rx.Component:
    """The 授信条件 editor: a head and its condition_rows."""
    titles = [rx.el.span(text) for text in ("条件", "不限制", "要求")]
    head = rx.el.div(*titles, class_name="cond cond-head", aria_hidden="true")
    return rx.el.div(head, *rows, class_name="conds")
