"""Pages of forms from their Pydantic models: groups become cards, fields become labelled controls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import reflex as rx

from cpegi_app.access import Screen
from cpegi_app.pages import ui
from cpegi_app.services.files import HINT, FileView
from cpegi_app.services.filetypes import MAX_FILE_BYTES
from cpegi_app.services.forms import FieldSpec, Form, Widget
from cpegi_app.vocabulary import FileSlot

# The browser cuts in silence what is pasted beyond its limit: the form's own limit is said at the field instead.
LONGEST = 20_000
NOTHING_HINT = "请更换或放宽查询条件，也可重置后查看全部。"


def href(screen: Screen, value: Any) -> Any:
    """Return the address of a screen whose route ends in one bracketed part, filled with a Var."""
    return screen.route.split("[")[0] + value.to_string()


def stored(state: Any, name: str) -> Any:
    """Return a stored value, a blank while there is none."""
    return _text(state.values, name)


def _text(values: Any, name: str) -> Any:
    return rx.cond(values[name], values[name], "").to(str)


def problem(state: Any, name: str) -> Any:
    """Return a field's message, a blank while there is none."""
    return rx.cond(state.errors[name], state.errors[name], "").to(str)


def remark(state: Any, name: str) -> Any:
    """Return the reviewer's reason at a field, a blank while there is none."""
    return rx.cond(state.reasons[name], state.reasons[name], "").to(str)


def control(spec: FieldSpec, value: Any, **props: Any) -> rx.Component:
    """Return the control that a field is typed in; `props` are for those that are typed, not chosen."""
    if spec.widget is Widget.AREA:
        return ui.textarea(spec.name, value, max_length=LONGEST, placeholder=spec.placeholder, **props)
    if spec.widget is Widget.NUMBER:
        return ui.number_input(spec.name, value, placeholder=spec.placeholder, **props)
    if spec.widget is Widget.DATE:
        return ui.date_input(spec.name, value, **props)
    if spec.widget is Widget.SELECT:
        return ui.select_input(spec.name, spec.options, value)
    if spec.widget is Widget.CHECKS:
        return ui.check_group(spec.name, spec.options, value.split(","))
    return ui.text_input(spec.name, value, max_length=LONGEST, placeholder=spec.placeholder, **props)


def field_of(
    spec: FieldSpec,
    state: Any,
    values: Any = None,
    choices: Mapping[str, Any] | None = None,
    controls: Mapping[str, rx.Component] | None = None,
    weighed: Collection[str] = (),
) -> rx.Component:
    """Return a labelled field with its stored value, its message and the reviewer's reason.

    `values` are given where a page holds more than one form, `choices` where the state narrows what can be chosen,
    `controls` where a page has its own; what is typed into a `weighed` one is weighed by the state as it is left, and
    its doubt is told here.
    """
    value = _text(state.values if values is None else values, spec.name)
    offered = (choices or {}).get(spec.name)
    is_weighed = spec.name in weighed
    left = {"on_blur": lambda typed: state.weigh(spec.name, typed)} if is_weighed else {}
    usual = control(spec, value, **left) if offered is None else ui.select_input(spec.name, offered, value)
    return ui.field(
        spec.name,
        spec.title,
        (controls or {}).get(spec.name, usual),
        required=spec.required,
        help=spec.help,
        error=problem(state, spec.name),
        unit=spec.unit,
        wide=spec.wide,
        reason=remark(state, spec.name),
        doubt=_text(state.doubtful, spec.name) if is_weighed else None,
    )


def groups(
    form: type[Form],
    state: Any,
    skip: Sequence[str] = (),
    only: Sequence[str] = (),
    choices: Mapping[str, Any] | None = None,
    controls: Mapping[str, rx.Component] | None = None,
    weighed: Collection[str] = (),
) -> list[rx.Component]:
    """Return a card for each group of the form's fields; `choices`, `controls` and `weighed` are told at `field_of`."""
    found: dict[str, list[FieldSpec]] = {}
    for spec in form.specs():
        if spec.group not in skip and (not only or spec.group in only):
            found.setdefault(spec.group, []).append(spec)
    return [
        ui.card(title, ui.form_grid(*(field_of(s, state, None, choices, controls, weighed) for s in specs)))
        for title, specs in found.items()
    ]


def summary(state: Any) -> rx.Component:
    """Return the list of everything that is wrong, each linked to its field."""
    return ui.error_summary(state.error_list)


def break_off(state: Any) -> rx.Component:
    """What ui.js presses when an upload of the state's stops on its way: nobody else sees it."""
    told = {"data-upload-cut": state.get_full_name()}
    return rx.el.button(type="button", hidden=True, on_click=state.break_off, custom_attrs=told)


def upload_field(slot: FileSlot, state: Any, required: bool = False, help: str = "") -> rx.Component:
    """Return the upload of one slot: limits stated, progress shown, list with preview and removal."""
    name = f"file_{slot.value}"
    upload_id = f"up_{slot.value}"
    zone = rx.upload.root(
        ui.drop_zone(
            rx.cond(
                state.uploading == slot.value,
                rx.el.span("正在上传 ", state.upload_progress, "%，请稍候…", role="status"),
                rx.el.span("将文件拖到此处，或", rx.el.b("点击选择文件")),
            )
        ),
        id=upload_id,
        multiple=True,
        max_size=MAX_FILE_BYTES,
        on_drop=state.upload(
            rx.upload_files(
                upload_id=upload_id,
                on_upload_progress=lambda progress: state.on_upload_progress(progress, slot.value),
            ),
            slot.value,
        ),  # pyright: ignore
        on_drop_rejected=state.refuse_files(slot.value),
        class_name="drop-root",
    )
    _name_file_input(zone, f"选择{slot.label}文件")
    return ui.file_field(
        name,
        slot.label,
        zone,
        break_off(state),
        _slot_files(slot, state),
        hint=help or f"支持 {HINT}",
        required=required,
        error=problem(state, name),
        reason=remark(state, name),
    )


def _name_file_input(component: Any, label: str) -> None:
    """Name the file input that Reflex puts into a drop zone; it takes no props of its own."""
    if getattr(component, "tag", None) == "input":
        component.custom_attrs["aria-label"] = label
    for child in component.children:
        _name_file_input(child, label)


def _slot_files(slot: FileSlot, state: Any) -> rx.Component:
    def one(f: rx.Var[FileView]) -> rx.Component:
        return rx.cond(
            f.slot == slot.value,
            rx.el.li(
                ui.icon("file"),
                rx.el.span(f.name, class_name="file-name", title=f.name),
                rx.el.span(f.size, class_name="file-size"),
                rx.el.span(
                    ui.file_link("预览", f.href, target="_blank"),
                    ui.button("移除", state.remove_file(f.id), "text", class_name="is-danger"),
                    class_name="ops",
                ),
                class_name="file",
                key=f.id,
            ),
            rx.fragment(),
        )

    return rx.el.ul(rx.foreach(state.files, one), class_name="files", aria_label=f"已上传的{slot.label}")


def pager(state: Any) -> rx.Component:
    """Return the pager of a list state."""
    pages = rx.cond(state.total > 0, (state.total + state.size - 1) // state.size, 1)
    turns = (state.go_page, state.set_page_size)
    more = {"counting": state.counting, "place": state.place}
    return ui.pager(state.total, state.page, pages, state.size, *turns, **more)


def list_query(state: Any, *fields: rx.Component, key: str = "") -> rx.Component:
    """Return a list's query bar; ui.js fills it, where it is mounted anew, with the filters in force."""
    return ui.query_bar(
        *fields,
        on_submit=state.search,
        on_reset=state.reset_filters,
        loading=state.loading,
        key=key + state.filter_key.to_string(),
        data_filters=state.filters.to_string(),
    )


def nothing(state: Any, empty: Any = None, hint: str = NOTHING_HINT) -> Any:
    """Return what a list says when it has no rows: that the filters leave none, else `empty`."""
    reset = ui.button("重置筛选", state.reset_filters)
    none_left = ui.empty_state("没有符合条件的记录", hint, reset, icon_name="search")
    return rx.cond(state.filtered, none_left, ui.empty_state("暂无数据") if empty is None else empty)


def list_page(
    state: Any,
    columns: Sequence[Any],
    render: Callable[[Any], Sequence[Any]],
    caption: str,
    *,
    query: Sequence[rx.Component] = (),
    tools: Sequence[Any] = (),
    end: Sequence[Any] = (),
    empty: Any = None,
    hint: str = NOTHING_HINT,
    export: bool = True,
    key: str = "id",
    rows: Any = None,
) -> rx.Component:
    """Return a list: query bar, toolbar with 导出, table, pager; the state is a TableState with `rows`.

    `empty` is said where there is nothing at all, `hint` where the filters leave nothing.
    `key` is what no two rows share: rows of several tables have the same ids. `rows` are given where a state has two
    lists.
    """
    ways = [export_button(state)] if export else []
    return rx.fragment(
        list_query(state, *query) if query else rx.fragment(),
        ui.card(
            "",
            ui.toolbar(*tools, *ways, end=end) if tools or ways or end else rx.fragment(),
            ui.data_table(
                columns,
                state.rows if rows is None else rows,
                render,
                caption,
                empty=nothing(state, empty, hint),
                loading=state.loading,
                start=(state.page - 1) * state.size + 1,
                key=key,
                sort=state.sort,
                on_sort=state.sort_by,
            ),
            pager(state),
            flush=True,
        ),
    )


def list_cards(
    state: Any, render: Callable[[Any], rx.Component], *, query: Sequence[rx.Component], empty: Any
) -> rx.Component:
    """Return a list whose rows are read rather than compared: a card a row; its export stands in the page's head."""
    filled = rx.el.div(rx.foreach(state.rows, render), class_name="stack", aria_busy=state.loading)
    return rx.fragment(
        list_query(state, *query),
        rx.cond(
            state.rows.length() > 0,
            filled,
            ui.card("", rx.cond(state.loading, ui.skeleton(6), nothing(state, empty))),
        ),
        ui.card("", pager(state), flush=True),
    )


def export_button(state: Any) -> rx.Component:
    """Return what exports a list as it is filtered and sorted."""
    return ui.button("导出", state.export, icon_name="download", disabled=state.total == 0)
