"""对接线索: the board by stage, the live leads as a list, the closed ones (manual §6.1)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import LEAD, LEADS
from cpegi_app.pages import ui
from cpegi_app.pages.form import href, list_page
from cpegi_app.pages.layout import page
from cpegi_app.services.equity_board import Column, LeadCard
from cpegi_app.services.equity_lead import LIVE
from cpegi_app.state.equity_staff import ClosedLeadsState, LeadBoardState, OpenLeadsState
from cpegi_app.vocabulary.equity import LeadOutcome

TABS = [("board", "跟进看板"), ("open", "跟进列表"), ("closed", "已了结")]
OWNERS = [("", "全部"), ("MINE", "我负责的"), ("NONE", "未分配")]


@page(LEADS, LeadBoardState.load)
def leads() -> rx.Component:
    """Every lead where it stands."""
    state = LeadBoardState
    return rx.fragment(
        ui.crumbs(LEADS.menu, LEADS.title),
        ui.page_head(
            LEADS.title,
            lead="机构收藏项目或反馈“感兴趣”后自动建立线索；按阶段跟进，记录每次沟通，了结时写明结果。",
        ),
        rx.el.div(
            ui.tabs(TABS, state.tab, state.show_tab, "线索"),
            rx.match(state.tab, ("open", _open()), ("closed", _closed()), _board()),
            class_name="tabbed",
            data_place=state.place,
        ),
    )


def _board() -> rx.Component:
    state = LeadBoardState
    owners = rx.el.div(
        rx.el.span("负责人", class_name="choices-label"),
        *(
            rx.el.button(
                label,
                type="button",
                on_click=state.show_owner(code),
                aria_pressed=ui.flag(state.owner == code),
                class_name="choice",
            )
            for code, label in OWNERS
        ),
        class_name="choices",
        role="group",
        aria_label="按负责人筛选",
    )
    word = rx.el.form(
        rx.el.input(
            type="search",
            name="word",
            default_value=state.word,
            placeholder="项目或机构名称中的字",
            aria_label="项目或机构",
            max_length=60,
            class_name="input",
        ),
        ui.button("查询", type_="submit", icon_name="search"),
        on_submit=state.find,
        role="search",
        class_name="find",
    )
    return rx.el.div(
        rx.el.div(owners, word, class_name="row row-between"),
        rx.cond(
            state.loading & (state.columns.length() == 0),
            ui.skeleton(6),
            rx.el.div(
                rx.foreach(state.columns, _column),
                class_name="board",
                role="region",
                aria_label="线索看板",
                tab_index=0,
            ),
        ),
        class_name="card-body stack",
    )


def _column(column: rx.Var[Column]) -> rx.Component:
    return rx.el.section(
        rx.el.h2(ui.tag(column.label, column.tone), rx.el.span(column.count, class_name="muted num")),
        rx.cond(
            column.count > 0,
            rx.el.ul(rx.foreach(column.cards, _card)),
            rx.el.p("暂无线索", class_name="muted small"),
        ),
        ui.show(
            column.more, ui.button("更多", LeadBoardState.show_more, "text", aria_label="更多" + column.label)
        ),
        class_name="board-col",
        key=column.stage,
    )


def _card(card: rx.Var[LeadCard]) -> rx.Component:
    due = rx.cond(
        card.next_on != "",
        rx.el.p(
            ui.tag(rx.cond(card.late, "已逾期 ", "计划 ") + card.next_on, rx.cond(card.late, "red", "blue")),
            rx.el.br(),
            rx.el.span(card.next_step, class_name="small"),
        ),
        rx.el.p("尚无下一步安排", class_name="muted small"),
    )
    return rx.el.li(
        rx.el.h3(ui.link(card.project, href(LEAD, card.id))),
        rx.el.p(card.org, class_name="small"),
        due,
        rx.el.p(
            ui.chip(card.source),
            rx.el.span(rx.cond(card.owner != "", card.owner, "未分配"), class_name="muted small"),
            class_name="row row-between",
        ),
        class_name="board-card",
        key=card.id,
    )


def _open() -> rx.Component:
    def row(c: rx.Var[LeadCard]) -> list:
        return [
            ui.two_lines(c.project, c.org),
            ui.tag(c.stage, c.tone),
            rx.cond(c.owner != "", c.owner, "未分配"),
            rx.cond(c.next_step != "", c.next_step, "—"),
            rx.cond(c.late, ui.tag("已逾期 " + c.next_on, "red"), rx.cond(c.next_on != "", c.next_on, "—")),
            c.at,
            [ui.link("跟进", href(LEAD, c.id), aria_label="跟进线索：" + c.project)],
        ]

    return list_page(
        OpenLeadsState,
        [
            ui.Col("项目 / 机构", clip=True),
            "阶段",
            "负责人",
            ui.Col("下一步", wrap=True),
            ui.Col("计划日期", sort="due"),
            ui.Col("更新时间", sort="at"),
            ui.Col("操作", ops=True),
        ],
        row,
        "跟进中的线索",
        query=[
            _word(),
            ui.field(
                "stage", "阶段", ui.select_input("stage", [(s.value, s.label) for s in LIVE], blank="全部")
            ),
            ui.field("owner", "负责人", ui.select_input("owner", OWNERS[1:], blank="全部")),
        ],
        empty=ui.empty_state("没有跟进中的线索", "机构收藏项目或反馈“感兴趣”后自动建立线索。"),
    )


def _word() -> rx.Component:
    return ui.field("word", "项目或机构", ui.text_input("word", placeholder="名称中的字"))


def _closed() -> rx.Component:
    def row(c: rx.Var[LeadCard]) -> list:
        return [
            ui.two_lines(c.project, c.org),
            c.outcome,
            c.outcome_note,
            rx.cond(c.owner != "", c.owner, "—"),
            c.at,
            [ui.link("查看", href(LEAD, c.id), aria_label="查看线索：" + c.project)],
        ]

    return list_page(
        ClosedLeadsState,
        [
            ui.Col("项目 / 机构", clip=True),
            "结果",
            ui.Col("说明", wrap=True),
            "负责人",
            ui.Col("了结时间", sort="at"),
            ui.Col("操作", ops=True),
        ],
        row,
        "已了结的线索",
        query=[
            _word(),
            ui.field("outcome", "结果", ui.select_input("outcome", LeadOutcome.options(), blank="全部")),
        ],
        empty=ui.empty_state("没有已了结的线索", "在线索中点击“了结线索”并填写结果后列在这里。"),
    )
