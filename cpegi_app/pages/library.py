"""股权投资项目库 of a side's own and of the whole platform (manual §6.5)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import LIBRARY, STAFF_LIBRARY
from cpegi_app.pages import ui
from cpegi_app.pages.form import list_page
from cpegi_app.pages.layout import page
from cpegi_app.services.library import LibraryRow
from cpegi_app.state.library import OwnLibraryState, StaffLibraryState
from cpegi_app.vocabulary import Industry
from cpegi_app.vocabulary.equity import InvestmentSource, Round


@page(LIBRARY, OwnLibraryState.load)
def library() -> rx.Component:
    """The own closed investments."""
    lead = "线上完成和线下备案的投资自动入库，显示为已结项，不可修改。申请政策奖补时可选取这里的项目。"
    return rx.fragment(
        ui.crumbs(LIBRARY.menu, LIBRARY.title),
        ui.page_head(LIBRARY.title, lead=lead),
        _list(OwnLibraryState),
    )


@page(STAFF_LIBRARY, StaffLibraryState.load)
def staff_library() -> rx.Component:
    """Every closed investment."""
    lead = "线上完成和线下备案的投资自动入库，显示为已结项，任何人不能修改或删除。"
    return rx.fragment(
        ui.crumbs(STAFF_LIBRARY.menu, STAFF_LIBRARY.title),
        ui.page_head(STAFF_LIBRARY.title, lead=lead),
        _list(StaffLibraryState),
    )


def _list(state: Any) -> rx.Component:
    sums = rx.fragment("投资合计 ", rx.el.b(state.amount), " 万元")
    return list_page(
        state,
        [
            ui.Col("项目", clip=True),
            ui.Col("投资机构 / 项目方", clip=True),
            "轮次 / 来源",
            ui.Col("投资金额", unit="万元", num=True, sort="amount"),
            ui.Col("持股比例", num=True),
            ui.Col("协议 / 到账日期", sort="agreed"),
            ui.Col("行业", clip=True, wide=True),
            "状态",
        ],
        _row,
        "股权投资项目库",
        query=[
            ui.field("word", "项目/单位", ui.text_input("word", placeholder="名称中的字，或完整信用代码")),
            ui.field("round", "轮次", ui.select_input("round", Round.options(), blank="全部")),
            ui.field("source", "来源", ui.select_input("source", InvestmentSource.options(), blank="全部")),
            ui.field("industry", "行业", ui.select_input("industry", Industry.options(), blank="全部")),
            ui.field("since", "协议日期自", ui.date_input("since")),
            ui.field("until", "协议日期至", ui.date_input("until")),
        ],
        end=[rx.el.span(rx.cond(state.counting, "正在统计全部投资…", sums), class_name="num")],
        empty=ui.empty_state("还没有入库的投资", "新的投资在双方和平台确认后自动入库。"),
    )


def _row(row: rx.Var[LibraryRow]) -> list:
    return [
        row.project,
        ui.two_lines(row.institution, row.enterprise),
        ui.two_lines(row.round, row.source),
        row.amount,
        row.share,
        ui.two_lines(row.agreed_on, row.paid_on),
        row.industry,
        ui.tag(row.state, "teal"),
    ]
