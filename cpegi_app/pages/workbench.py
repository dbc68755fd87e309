"""The 工作台 of each kind of user, and the notices."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import APPLICATION, APPLICATIONS, NOTICES, PUBLIC_PRODUCTS, STATISTICS, WORKBENCH
from cpegi_app.pages import ui
from cpegi_app.pages.application import status_cell
from cpegi_app.pages.form import href, list_query, pager
from cpegi_app.pages.layout import page
from cpegi_app.state.shell import ShellState
from cpegi_app.state.workbench import NoticeState, WorkbenchState


@page(WORKBENCH, WorkbenchState.load)
def workbench() -> rx.Component:
    """What waits for the actor, and the figures of the kind."""
    state = WorkbenchState
    return rx.fragment(
        ui.page_head(WORKBENCH.title, lead=rx.fragment(ShellState.name, " · ", ShellState.role_label)),
        rx.cond(
            state.tiles.length() > 0,
            rx.el.div(
                rx.foreach(
                    state.tiles,
                    lambda t: ui.stat_tile(
                        t.label, rx.fragment(t.value, rx.el.small(t.unit)), t.href, t.tone
                    ),
                ),
                # Many figures stand closer together, so that what waits is still in view.
                class_name=rx.cond(
                    state.tiles.length() > 8,
                    "stats stats-dense",
                    # Two even lines of four, not seven and one.
                    rx.cond(state.tiles.length() == 8, "stats stats-eight", "stats"),
                ),
            ),
            rx.fragment(),
        ),
        rx.cond(
            state.has_todos,
            _todos(),
            rx.el.div(ui.link_button("查看数据概览", STATISTICS.route, "primary"), class_name="row"),
        ),
        rx.cond(ShellState.is_member & ShellState.verified, _progress(), rx.fragment()),
    )


def _todos() -> rx.Component:
    """The first things that wait, and the way to all of them."""
    state = WorkbenchState
    more = ui.show(state.all_href != "", ui.link("查看全部", state.all_href))
    return ui.card(
        "待办事项",
        rx.cond(
            state.loading,
            rx.el.div(ui.skeleton(4), class_name="card-body"),
            rx.cond(
                state.todos.length() > 0,
                rx.el.ul(rx.foreach(state.todos, _todo), class_name="todo todo-kinds"),
                ui.empty_state(
                    "没有待办事项", "需要您处理的事项会出现在这里，同时有消息通知。", icon_name="check"
                ),
            ),
        ),
        extra=ui.show(
            state.waiting > 0,
            rx.el.span(
                "共 ",
                state.waiting,
                " 项",
                ui.show(
                    state.waiting > state.todos.length(),
                    rx.fragment("，以下为前 ", state.todos.length(), " 项"),
                ),
            ),
            more,
        ),
        flush=True,
    )


def _todo(todo: Any) -> rx.Component:
    return rx.el.li(
        ui.tag(todo.tag, todo.tone),
        rx.el.div(
            rx.el.p(todo.title, class_name="todo-title"),
            rx.el.p(
                todo.note,
                rx.cond((todo.note != "") & (todo.at != ""), " · ", ""),
                todo.at,
                class_name="todo-sub",
            ),
        ),
        ui.link_button(todo.action, todo.href, size="sm"),
        key=todo.href + todo.title,
    )


def _progress() -> rx.Component:
    state = WorkbenchState
    return ui.card(
        "我的融资申请进度",
        rx.cond(
            state.progress.length() > 0,
            ui.plain_table(
                [
                    ui.Col("金融产品", clip=True),
                    ui.Col("受理机构", clip=True),
                    ui.Col("申请额度", num=True),
                    ui.Col("已放款", num=True),
                    "状态",
                    ui.Col("操作", ops=True),
                ],
                state.progress,
                lambda r: [
                    r.product,
                    r.institution,
                    r.amount,
                    r.disbursed,
                    status_cell(r),
                    [ui.link("查看", href(APPLICATION, r.id))],
                ],
                "我的融资申请进度",
                stack=True,
            ),
            ui.empty_state(
                "还没有融资申请",
                "在平台首页的金融产品中选择合适的产品，点击“查看详情”即可申请。",
                ui.link_button("查看金融产品", PUBLIC_PRODUCTS.route, "primary"),
            ),
        ),
        extra=ui.link("全部申请", APPLICATIONS.route),
        flush=True,
    )


@page(NOTICES, NoticeState.load)
def notices() -> rx.Component:
    """The own notices; opening one leads to the record."""
    state = NoticeState
    return rx.fragment(
        ui.page_head(
            NOTICES.title,
            ui.sort_button(
                rx.match(state.sort, ("at", "最早的在前"), "最新的在前"),
                "at",
                state.sort_by,
                class_name="btn",
            ),
            ui.button("导出", state.export, icon_name="download", disabled=state.total == 0),
            ui.button("全部标为已读", state.read_all, disabled=ShellState.unread == 0),
        ),
        list_query(
            state,
            ui.field("word", "标题", ui.text_input("word", placeholder="标题中的字")),
            ui.field("unread", "状态", ui.select_input("unread", [("1", "未读")], blank="全部")),
        ),
        ui.card(
            "",
            rx.cond(
                state.rows.length() > 0,
                rx.el.ul(rx.foreach(state.rows, _notice), class_name="todo"),
                rx.cond(
                    state.loading,
                    rx.el.div(ui.skeleton(5), class_name="card-body"),
                    ui.empty_state("没有消息", "审核结果和待办提醒会出现在这里。", icon_name="bell"),
                ),
            ),
            pager(state),
            flush=True,
        ),
    )


def _notice(n: Any) -> rx.Component:
    return rx.el.li(
        ui.tag(rx.cond(n.unread, "未读", "已读"), rx.cond(n.unread, n.tone, "grey")),
        rx.el.div(
            rx.el.p(n.title, class_name="todo-title"),
            rx.el.p(n.at, rx.cond(n.text != "", " · ", ""), n.text, class_name="todo-sub"),
        ),
        ui.button(rx.cond(n.href == "", "知道了", "查看"), NoticeState.open_one(n.id), size="sm"),
        class_name=rx.cond(n.unread, "is-unread", ""),
        key=n.id,
    )
