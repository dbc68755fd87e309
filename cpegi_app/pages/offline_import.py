"""导入备案文件: template, upload with progress, what the trial found, 导入合格行 (manual §5.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.pages.form import break_off, list_query, nothing, pager
from cpegi_app.services.offline_form import SPECS
from cpegi_app.services.offline_import import HINT, KINDS
from cpegi_app.state.offline_import import FilingImportState
from cpegi_app.state.offline_loan import FilingState


def pick_files(ident: str, label: str, state: Any, handler: Any, most: int, *more: Any) -> rx.Component:
    """A button that chooses files and sends them at once; what is wrong with them is said by the server."""
    upload_id = f"up_{ident}"
    button = rx.upload.root(
        rx.el.span(ui.icon("upload"), label, class_name="btn"),
        id=upload_id,
        multiple=most > 1,
        max_files=most,
        on_drop=handler(rx.upload_files(upload_id=upload_id, on_upload_progress=state.on_sending), *more),  # pyright: ignore
        on_drop_rejected=state.refuse_picked(most),
        class_name="drop-root",
    )
    _name_input(button, label)
    return button


def _name_input(component: Any, label: str) -> None:
    """Give the hidden file input, which Reflex makes, the name that a screen reader says."""
    for child in getattr(component, "children", []):
        if getattr(child, "tag", "") in ("input", '"input"'):
            child.custom_attrs["aria-label"] = label
        _name_input(child, label)


def sending(state: Any) -> rx.Component:
    """How far the chosen files have come."""
    told = rx.el.span("正在上传 ", state.sending, "%，请稍候…", class_name="muted small", role="status")
    return rx.fragment(ui.show(state.sending > 0, told), break_off(state))


def import_card() -> rx.Component:
    """Steps one and two of the manual: 下载模板, 导入备案文件; then the trial's result."""
    return ui.card(
        "导入备案文件",
        _import_steps(),
    )


def _import_steps() -> rx.Component:
    state = FilingImportState
    return rx.el.div(
        rx.el.div(
            ui.download_link(
                rx.fragment(ui.icon("download"), "下载模板"), "/exports/filing-template", class_name="btn"
            ),
            rx.cond(
                state.stage == "",
                # Whatever is chosen is looked at on the server, which says what to do with an .xls.
                pick_files("filing", "导入备案文件", state, state.upload, 1),
                rx.fragment(),
            ),
            sending(state),
            rx.el.span(HINT, "；先试导入，确认后才写入。", class_name="muted small"),
            class_name="row",
        ),
        ui.show(
            state.stage != "",
            rx.el.div(
                ui.progress(state.percent),
                rx.el.p("正在", state.stage, "，可以离开本页去做其他工作。", class_name="muted small"),
                role="status",
            ),
        ),
        ui.show(state.problem != "", ui.note(state.problem, "error")),
        ui.show((state.trial.id > 0) & (state.stage == ""), _result()),
        class_name="stack",
    )


def count_tags() -> rx.Component:
    """How many rows a trial found of each sort; none of a sort is grey."""
    trial = FilingImportState.trial
    sorts = (
        ("合格", trial.good, "green"),
        ("需更正", trial.bad, "red"),
        ("已备案", trial.there, "grey"),
        ("请核对", trial.warned, "orange"),
    )
    tags = [
        ui.tag(label + " " + count.to_string() + " 行", rx.cond(count > 0, tone, "grey"))
        for label, count, tone in sorts
    ]
    return rx.el.div(*tags, class_name="row")


def _result() -> rx.Component:
    state, trial = FilingImportState, FilingImportState.trial
    return rx.el.div(
        rx.el.p(
            rx.el.b(trial.name),
            " · 工作表“",
            trial.sheet,
            "” · ",
            trial.at,
            class_name="small muted",
        ),
        count_tags(),
        rx.foreach(trial.notes, lambda text: rx.el.p(text, class_name="small muted")),
        rx.cond(
            trial.done,
            _imported(),
            rx.cond(
                trial.good > 0,
                rx.el.div(
                    ui.button("导入合格行（" + trial.good.to_string() + "）", state.import_good, "primary"),
                    rx.el.span(
                        "需更正的行不会导入，改好后再次导入同一文件即可，已导入的行不会重复。",
                        class_name="muted small",
                    ),
                    class_name="row",
                ),
                ui.note("没有可以导入的行，请按下表更正后重新导入。", "warning"),
            ),
        ),
        ui.show(trial.marked_href != "", _findings()),
        class_name="stack",
    )


def _imported() -> rx.Component:
    """What became of the rows that went in: they are below, or have been taken out again."""
    count = FilingImportState.trial.imported.to_string()
    return rx.cond(
        (FilingImportState.trial.imported > 0) & (FilingState.row.rows == 0),
        ui.note(
            "已导入的 "
            + count
            + " 行已从本批备案移除。这份文件可以再次导入：点击上方“导入备案文件”，重新选择它即可。",
            "warning",
        ),
        ui.note("已导入 " + count + " 行，见下方“备案成功的数据列表”。", "success"),
    )


def _findings() -> rx.Component:
    state = FilingImportState
    titles = [(s.name, s.title) for s in SPECS]
    return rx.fragment(
        rx.el.div(
            ui.download_link(
                rx.fragment(ui.icon("download"), "下载标注后的文件"),
                state.trial.marked_href,
                class_name="btn",
            ),
            rx.el.span("原文件中有问题的单元格已着色并加批注，其余内容不变。", class_name="muted small"),
            class_name="row",
        ),
        list_query(
            state,
            ui.field("kind", "类别", ui.select_input("kind", list(KINDS.items()), blank="全部")),
            ui.field("field", "列名", ui.select_input("field", titles, blank="全部")),
            ui.field("row", "从第几行起", ui.text_input("row", input_mode="numeric", placeholder="行号")),
            key="findings",
        ),
        ui.data_table(
            [
                "类别",
                "单元格",
                "列名",
                ui.Col("填写的内容", clip=True),
                ui.Col("问题", wrap=True),
                ui.Col("正确填写", wrap=True),
            ],
            state.rows,
            lambda f: [ui.tag(f.kind_label, f.tone), f.cell, f.title, f.value, f.text, f.right],
            "导入检查结果",
            empty=nothing(state),
            loading=state.loading,
            start=None,
        ),
        pager(state),
    )
