"""Rows of the policy's editor: materials with their files, extra questions with their limits (manual §8)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, problem, stored
from cpegi_app.services import policy_base
from cpegi_app.services.filetypes import MAX_FILE_BYTES
from cpegi_app.services.policy_base import BaseChoice
from cpegi_app.services.policy_form import MOST_ROWS
from cpegi_app.state.policy import PolicyEditState
from cpegi_app.vocabulary.policy import MaterialFormat, QuestionKind


def materials() -> rx.Component:
    """The materials that are asked for, each with its template and its example."""
    state = PolicyEditState
    return ui.card(
        "申请材料",
        rx.el.div(
            rx.el.p("列出申请时须上传的材料，可以附空白模板和填写示例供下载。", class_name="muted small"),
            *(ui.show(state.editor.materials.length() > n, _material(n)) for n in range(MOST_ROWS)),
            class_name="stack",
        ),
        extra=ui.submit("添加材料", "add_materials", "default", size="sm"),
    )


def _part(prefix: str, code: Any, name: str) -> Any:
    return prefix + "_" + code + "_" + name


def _material(n: int) -> rx.Component:
    state = PolicyEditState
    row = state.editor.materials[n]

    def name(part: str) -> Any:
        return _part("m", row.code, part)

    return rx.el.fieldset(
        rx.el.legend(f"材料 {n + 1}"),
        ui.form_grid(
            ui.field(
                name("name"),
                "材料名称",
                ui.text_input(name("name"), stored(state, name("name")), max_length=LONGEST),
                required=True,
                error=problem(state, name("name")),
            ),
            ui.field(
                name("note"),
                "要求说明",
                ui.text_input(name("note"), stored(state, name("note")), max_length=LONGEST),
                error=problem(state, name("note")),
            ),
        ),
        ui.field(
            name("formats"),
            "接受的格式",
            ui.check_group(
                name("formats"),
                MaterialFormat.options(),
                stored(state, name("formats")).split(","),
                aria_label=f"材料 {n + 1} 接受的格式",
            ),
            help="不选表示接受 PDF 和图片",
            error=problem(state, name("formats")),
        ),
        rx.el.div(
            ui.check(name("required"), "必须提供", stored(state, name("required")) == "YES", value="YES"),
            _template(n),
            _sample(n),
            ui.submit("删除这项材料", "drop_" + row.code, "text", class_name="is-danger"),
            class_name="row",
        ),
        class_name="subform",
    )


def _template(n: int) -> rx.Component:
    state = PolicyEditState
    row = state.editor.materials[n]
    return _file(n, "模板", row.template, row.has_template, state.upload_template, state.drop_template)


def _sample(n: int) -> rx.Component:
    state = PolicyEditState
    row = state.editor.materials[n]
    return _file(n, "示例", row.sample, row.has_sample, state.upload_sample, state.drop_sample)


def _file(n: int, what: str, found: Any, there: Any, upload: Any, drop: Any) -> rx.Component:
    """A material's template or filled-in example: to be uploaded, or there and to be taken away."""
    upload_id = f"{'tpl' if what == '模板' else 'smp'}_{n}"
    zone = rx.upload.root(
        rx.el.span(ui.icon("upload"), f"上传{what}", class_name="btn btn-sm"),
        id=upload_id,
        multiple=False,
        max_size=MAX_FILE_BYTES,
        on_drop=upload(rx.upload_files(upload_id=upload_id), n),  # pyright: ignore
        on_drop_rejected=PolicyEditState.refuse_template,
        class_name="drop-inline",
    )
    _label_input(zone, f"选择材料 {n + 1} 的{what}")
    return rx.cond(
        there,
        rx.el.span(
            f"{what}：",
            ui.file_link(found.name, found.href, target="_blank"),
            ui.button(f"移除{what}", drop(n), "text", class_name="is-danger"),
            class_name="row",
        ),
        zone,
    )


def _label_input(component: Any, label: str) -> None:
    """Name the file input that Reflex puts into a drop zone; it takes no props of its own."""
    if getattr(component, "tag", None) == "input":
        component.custom_attrs["aria-label"] = label
    for child in component.children:
        _label_input(child, label)


def questions() -> rx.Component:
    """The extra questions, each with its kind and limits."""
    state = PolicyEditState
    return ui.card(
        "附加问题",
        rx.el.div(
            rx.el.p(
                "申请表中除单位资料以外还要填写的内容；数字、日期和文字可以设上下限。",
                class_name="muted small",
            ),
            rx.foreach(state.editor.questions, _question),
            _told(),
            class_name="stack",
        ),
        extra=ui.submit("添加问题", "add_questions", "default", size="sm"),
    )


def _told() -> rx.Component:
    """What ui.js fills as the questions are typed, for 基数取自问题: nobody else sees it."""
    state = PolicyEditState
    return rx.el.input(
        type="text",
        tab_index=-1,
        on_change=state.follow,
        aria_hidden="true",
        class_name="sr-only",
        aria_label="附加问题",
        data_mirror=state.editor.told.join(","),
    )


def _question(row: Any) -> rx.Component:
    state = PolicyEditState

    def name(part: str) -> Any:
        return _part("q", row.code, part)

    def line(part: str, title: str, control: Any, **more: Any) -> rx.Component:
        return ui.field(name(part), title, control, error=problem(state, name(part)), **more)

    def text(part: str) -> rx.Component:
        return ui.text_input(name(part), stored(state, name(part)), max_length=LONGEST)

    kind = ui.select_input(name("kind"), QuestionKind.options(), stored(state, name("kind")))
    return rx.el.fieldset(
        rx.el.legend("问题 ", row.number),
        ui.form_grid(
            line("title", "问题名称", text("title"), required=True),
            line("kind", "类型", kind, required=True),
            line("low", "下限", text("low"), help="数字题填最小值，日期题填最早日期，文字题填最少字数"),
            line(
                "high",
                "上限",
                text("high"),
                help="数字题填最大值，日期题填最晚日期，文字题填最多字数（不超过 500）",
            ),
            line("unit", "单位", text("unit"), help="数字题填写，例如 万元、人"),
            line("options", "选项", text("options"), help="单选题填写，以顿号分隔"),
            line("note", "填写说明", text("note")),
        ),
        rx.el.div(
            ui.check(name("required"), "必填", stored(state, name("required")) == "YES", value="YES"),
            ui.submit("删除这个问题", "drop_" + row.code, "text", class_name="is-danger"),
            class_name="row",
        ),
        class_name="subform",
        key=row.code,
    )


def base_question() -> rx.Component:
    """基数取自问题: the number questions as they stand above, typed or stored."""
    state = PolicyEditState

    def one(b: rx.Var[BaseChoice]) -> rx.Component:
        # Hidden, not disabled: what was chosen before is sent on, so that it is told and not lost.
        return rx.el.option(b.label, value=b.value, hidden=~b.offered, key=b.value)

    return rx.el.select(
        rx.el.option("请选择", value=""),
        rx.foreach(state.bases, one),
        name=policy_base.NAME,
        default_value=stored(state, policy_base.NAME),
        auto_complete="off",
        class_name="input",
        custom_attrs={"id": f"f-{policy_base.NAME}"},
    )
