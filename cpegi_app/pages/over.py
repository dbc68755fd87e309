"""What lies over every page of the console and moves nothing: what has arrived, and the export under way."""

from __future__ import annotations

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.state.export import ExportState
from cpegi_app.state.live import LiveState
from cpegi_app.state.shell import ShellState


def export() -> rx.Component:
    """The export under way, over every page of the console, then the way to its file."""
    state = ExportState
    body = rx.cond(
        state.running,
        rx.fragment(
            rx.el.p("正在导出“", state.title, "”：", state.done, " / ", state.total, " 条"),
            ui.progress(state.percent),
            ui.button("取消导出", state.cancel, "text"),
        ),
        rx.cond(
            state.failed != "",
            rx.el.p(state.failed),
            rx.fragment(
                rx.el.p("“", state.title, "”已导出 ", state.done, " 条，文件保留 1 天。"),
                ui.download_link(
                    rx.fragment(ui.icon("download"), "下载文件"), state.href, class_name="btn btn-primary"
                ),
            ),
        ),
    )
    close = rx.el.button(
        ui.icon("close"),
        on_click=state.close,
        type="button",
        aria_label="关闭导出提示",
        class_name="live-close",
    )
    return rx.el.div(
        rx.cond(
            state.title != "",
            rx.el.div(body, ui.show(~state.running, close), class_name="export-note"),
            rx.fragment(),
        ),
        role="status",
        class_name="export",
    )


def arrived() -> rx.Component:
    """The word that the record in view has moved on; it lies over the page and moves nothing."""
    return rx.el.div(
        rx.cond(
            ShellState.moved != "",
            rx.el.div(
                ui.icon("info"),
                rx.el.p(ShellState.moved),
                ui.button("查看最新", LiveState.show_latest, "text"),
                rx.el.button(
                    ui.icon("close"),
                    on_click=LiveState.close,
                    type="button",
                    aria_label="关闭提示",
                    class_name="live-close",
                ),
                class_name="live-note",
            ),
            rx.fragment(),
        ),
        role="status",
        class_name="live",
    )
