"""贷款台账: online and offline loans in one list with filters, totals and export (manual §5.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import LOANS, STAFF_LOANS
from cpegi_app.pages import ui
from cpegi_app.pages.form import list_page
from cpegi_app.pages.layout import page
from cpegi_app.state.loan_book import LoanBookState, StaffBookState
from cpegi_app.vocabulary import GuaranteeMode, LoanOwed, LoanScale, LoanSource, LoanStatus


@page(LOANS, LoanBookState.load)
def loans() -> rx.Component:
    """The institution's own loans."""
    return rx.fragment(ui.crumbs(LOANS.title), _book(LoanBookState, LOANS.title, _own_row))


@page(STAFF_LOANS, StaffBookState.load)
def staff_loans() -> rx.Component:
    """Every institution's loans."""
    institution = ui.field(
        "institution", "放款机构", ui.text_input("institution", placeholder="机构名称中的字")
    )
    return rx.fragment(
        ui.crumbs("统计", STAFF_LOANS.title), _book(StaffBookState, STAFF_LOANS.title, _row, institution)
    )


def _book(state: Any, title: str, row: Any, *more: rx.Component) -> rx.Component:
    operations = [ui.Col("操作", ops=True)] if row is _own_row else []
    return rx.fragment(
        ui.page_head(
            title, lead="线上放款和线下备案的贷款，审核通过后登记在此，不可修改；更正须重新备案并审核。"
        ),
        list_page(
            state,
            [
                ui.Col("借款企业" if row is _own_row else "借款企业 / 放款机构", clip=True),
                "来源",
                "借据 / 合同编号",
                ui.Col("放款金额 / 余额", unit="万元", num=True, sort="amount"),
                ui.Col("放款日期 / 到期日", sort="lent"),
                ui.Col("年利率", num=True),
                "担保 / 分类",
                "状态",
                *operations,
            ],
            row,
            "贷款台账",
            query=[
                ui.field("word", "企业/编号", ui.text_input("word", placeholder="名称中的字，或完整编号")),
                ui.field("status", "状态", ui.select_input("status", LoanStatus.options(), blank="全部有效")),
                ui.field("source", "来源", ui.select_input("source", LoanSource.options(), blank="全部")),
                ui.field(
                    "guarantee",
                    "担保方式",
                    ui.select_input("guarantee", GuaranteeMode.options(), blank="全部"),
                ),
                ui.field("since", "放款日期自", ui.date_input("since")),
                ui.field("until", "放款日期至", ui.date_input("until")),
                ui.field("due_until", "到期日不晚于", ui.date_input("due_until")),
                ui.field("owed", "贷款余额", ui.select_input("owed", LoanOwed.options(), blank="全部")),
                ui.field("scale", "企业规模", ui.select_input("scale", LoanScale.options(), blank="全部")),
                *more,
            ],
            end=[rx.el.span(rx.cond(state.counting, "正在统计全部贷款…", _sums(state)), class_name="num")],
            empty=ui.empty_state("还没有贷款", "新的贷款在审核通过后登记在此。"),
        ),
    )


def _sums(state: Any) -> rx.Component:
    balance = rx.fragment("余额合计 ", rx.el.b(state.balance), " 万元")
    return rx.fragment(
        "放款合计 ", rx.el.b(state.amount), " 万元，", ui.show(state.balance != "", balance), state.unknown
    )


def _own_row(row: Any) -> list:
    correct = ui.button("更正", LoanBookState.correct(row.id), "text")
    return [row.borrower, *_figures(row), [ui.show(row.can_correct, correct)]]


def _row(row: Any) -> list:
    return [
        ui.two_lines(row.borrower, row.institution),
        *_figures(row),
    ]


def _figures(row: Any) -> list:
    return [
        row.source,
        ui.two_lines(row.iou_no, row.contract_no),
        ui.two_lines(row.amount, row.balance),
        ui.two_lines(row.lent_on, row.due_on),
        row.rate,
        ui.two_lines(row.guarantee, row.five_class),
        ui.tag(row.status, row.tone),
    ]
