"""投资记录 and 线下投资确认: both ways of investing, as the institution and the project side find them (manual §6.2, §6.4)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import CONFIRM, CONFIRM_ONLINE, CONFIRMATIONS, INVESTMENT_EDIT, RECORD, RECORDS
from cpegi_app.pages import ui
from cpegi_app.pages.form import href, list_page
from cpegi_app.pages.layout import page
from cpegi_app.pages.online_investment import online_columns, online_query, online_row, record_dialog
from cpegi_app.services.investment_list import FilingRow
from cpegi_app.state.investment import FilingListState, PartyFilingsState
from cpegi_app.state.online_investment import PartyRecordsState, RecordListState
from cpegi_app.vocabulary.equity import FilingState

FILINGS_EMPTY = "完成线下投资后，点击“添加线下投资记录”填报，项目方和平台确认后完成备案。"


def filing_list(state: Any, *, own: bool) -> rx.Component:
    """The filings of either side; the institution's may be reminded of and edited."""
    states = [(s.value, s.label) for s in FilingState if own or s is not FilingState.DRAFT]
    return list_page(
        state,
        [
            ui.Col("项目", clip=True),
            ui.Col("项目方" if own else "投资机构", clip=True),
            "轮次",
            ui.Col("投资金额", unit="万元", num=True, sort="amount"),
            ui.Col("协议日期", sort="agreed"),
            "状态",
            ui.Col("提交时间", sort="sent"),
            ui.Col("操作", ops=True),
        ],
        _own_row if own else _party_row,
        "线下投资记录" if own else "线下投资确认",
        query=[
            ui.field("word", "项目/单位", ui.text_input("word", placeholder="名称中的字")),
            ui.field("state", "状态", ui.select_input("state", states, blank="全部")),
        ],
        empty=ui.empty_state(
            "没有线下投资记录", FILINGS_EMPTY if own else "投资机构填报后，会请贵单位在此确认。"
        ),
    )


def _own_row(row: rx.Var[FilingRow]) -> list:
    state = FilingListState
    word = rx.match(
        row.state,
        (FilingState.OBJECTED.value, "更正或答复"),
        (FilingState.RETURNED.value, "修改后重新提交"),
        rx.cond(row.editable, "继续填写", "查看"),
    )
    return [
        row.project,
        row.enterprise,
        row.round,
        row.amount,
        row.agreed_on,
        ui.tag(row.state_label, row.tone),
        row.sent,
        [
            ui.link(word, href(INVESTMENT_EDIT, row.id)),
            ui.show(row.can_remind, ui.button("提醒项目方", state.remind(row.id), "text")),
        ],
    ]


def _party_row(row: rx.Var[FilingRow]) -> list:
    word = rx.cond(row.state == FilingState.PARTY.value, "确认", "查看")
    return [
        row.project,
        row.institution,
        row.round,
        row.amount,
        row.agreed_on,
        ui.tag(row.state_label, row.tone),
        row.sent,
        [ui.link(word, href(CONFIRM, row.id), aria_label=word + row.project)],
    ]


@page(RECORDS, RecordListState.load, FilingListState.load)
def records() -> rx.Component:
    """投资记录: online and offline."""
    state = RecordListState
    online = list_page(
        state,
        online_columns(own=True),
        lambda row: online_row(row, RECORD, own=True),
        "线上投资记录",
        query=online_query(),
        tools=[ui.button("登记线上投资", state.open_record, icon_name="plus")],
        empty=ui.empty_state(
            "没有线上投资记录", "收藏或感兴趣的项目达成投资后，由平台或贵机构登记，双方确认后完成。"
        ),
    )
    return rx.fragment(
        ui.crumbs(RECORDS.menu, RECORDS.title),
        ui.page_head(
            RECORDS.title,
            ui.button("添加线下投资记录", FilingListState.add, "primary", icon_name="plus"),
            lead="线上投资由双方确认，线下投资由项目方和平台确认；完成后自动进入股权投资项目库。",
        ),
        rx.el.div(
            ui.tabs([("online", "线上投资"), ("offline", "线下投资")], state.tab, state.show_tab, "投资方式"),
            rx.cond(state.tab == "offline", filing_list(FilingListState, own=True), online),
            class_name="tabbed",
            # The tab lies over lists of several states; this list is not on all of them.
            data_place=state.place,
        ),
        record_dialog(state),
    )


@page(CONFIRMATIONS, PartyRecordsState.load, PartyFilingsState.load)
def confirmations() -> rx.Component:
    """线下投资确认, and online records beside it."""
    state = PartyRecordsState
    return rx.fragment(
        ui.crumbs(CONFIRMATIONS.menu, CONFIRMATIONS.title),
        ui.page_head(
            CONFIRMATIONS.title,
            lead="投资机构填报的投资须由贵单位确认。数据不符时请提出异议并填写贵单位的数据。",
        ),
        rx.el.div(
            ui.tabs([("offline", "线下投资"), ("online", "线上投资")], state.tab, state.show_tab, "投资方式"),
            rx.cond(
                state.tab == "online",
                list_page(
                    state,
                    online_columns(own=False),
                    lambda row: online_row(row, CONFIRM_ONLINE, own=False),
                    "线上投资确认",
                    query=online_query(),
                    empty=ui.empty_state("没有线上投资记录", "对接达成投资并登记后，会请贵单位在此确认。"),
                ),
                filing_list(PartyFilingsState, own=False),
            ),
            class_name="tabbed",
            # The tab lies over lists of several states; this list is not on all of them.
            data_place=state.place,
        ),
    )
