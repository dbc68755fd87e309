"""The loan book: whose loans one sees, filters, totals, deep pages, the export (manual §5.1)."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import DomainError, Forbidden
from cpegi_app.models import Loan
from cpegi_app.services import loan_book
from cpegi_app.vocabulary import Kind, OrgClass
from tests import factories


@pytest.fixture
def bank(session: Session) -> Actor:
    return factories.member(session, Kind.DEBT, org_class=OrgClass.BANK.value, name="测试账簿银行")


def loans(session: Session, actor: Actor, count: int, **changes: Any) -> None:
    """Write loans straight into the book."""
    today, start = clock.today(), factories.number()
    base: dict[str, Any] = {
        "created_at": clock.now(), "source": "OFFLINE", "institution_id": actor.org_id, "borrower_code": "x",
        "contract_no": "HT", "contract_fen": 100, "amount_fen": 1_000_000, "balance_fen": 500_000,
        "lent_on": today - timedelta(days=9), "due_on": today + timedelta(days=90), "rate_bp": 400,
        "guarantee": "CREDIT", "repayment": "BULLET", "is_first": "", "industry": "", "scale": "",
        "guarantor": "", "purpose": "", "five_class": "",
    }  # fmt: skip
    rows = [
        base
        | {
            "iou_no": f"B{start}-{n}",
            "borrower_name": f"企业{n % 10}号{'机械' if n % 3 == 0 else '食品'}公司",
        }
        | changes
        for n in range(count)
    ]
    session.execute(insert(Loan), rows)


def test_everybody_sees_what_is_theirs(session: Session, bank: Actor):
    other = factories.member(session, Kind.DEBT)
    loans(session, bank, 3)
    loans(session, other, 2)
    assert loan_book.page(session, bank, {}).total == 3
    staff = factories.staff(session)
    assert loan_book.page(session, staff, {"institution": "测试账簿银行"}).total == 3
    # An institution cannot ask for another's by the staff's filter.
    assert loan_book.page(session, other, {"institution": "测试账簿银行"}).total == 2
    for actor in (factories.member(session), factories.regulator(session), factories.stranger()):
        with pytest.raises(Forbidden):
            loan_book.page(session, actor, {})


def test_filters_and_totals(session: Session, bank: Actor):
    loans(session, bank, 30)
    loans(session, bank, 5, due_on=clock.today() - timedelta(days=1), guarantee="PLEDGE")
    assert loan_book.page(session, bank, {"status": "ACTIVE"}).total == 30
    found = loan_book.page(session, bank, {"status": "DUE"})
    assert (found.total, found.amount, found.balance) == (5, "5", "2.5")
    assert loan_book.page(session, bank, {"word": "机械", "status": "ACTIVE"}).total == 10
    assert loan_book.page(session, bank, {"word": "%"}).total == 0
    assert loan_book.page(session, bank, {"guarantee": "PLEDGE", "since": "2000-01-01"}).total == 5
    assert loan_book.page(session, bank, {"until": "2000-01-01"}).total == 0
    assert loan_book.page(session, bank, {"status": "NONSENSE", "since": "x"}).total == 35


@pytest.mark.parametrize("whole", [10, 5_000])
def test_every_page_is_what_plain_paging_gives(session: Session, bank: Actor, monkeypatch, whole: int):
    monkeypatch.setattr(loan_book, "WHOLE", whole)
    loan_book._lists.clear()
    loans(session, bank, 437)
    for filters in ({}, {"word": "机械"}):
        every: list[int] = []
        for number in range(1, 100):
            found = loan_book.page(session, bank, filters, page=number, size=20)
            every += [r.id for r in found.rows]
            if number * 20 >= found.total:
                break
        assert every == sorted(every, reverse=True) and len(set(every)) == len(every) == found.total
    assert loan_book.page(session, bank, {}, page=10_000_000).rows == []


def test_a_list_grows_with_the_book(session: Session, bank: Actor):
    loans(session, bank, 3)
    assert loan_book.page(session, bank, {}).total == 3
    loans(session, bank, 2)
    assert loan_book.page(session, bank, {}).total == 5


def test_the_export_is_text_where_it_must_be(session: Session, bank: Actor, monkeypatch):
    loans(session, bank, 2, purpose="=cmd|' /C calc'!A0", guarantor="＝1+1")
    data = loan_book.export(session, bank, {})(session)
    sheet: Any = load_workbook(io.BytesIO(data)).active
    assert sheet.max_row == 3 and sheet["A2"].value == "线下"
    risky = [c for r in sheet.iter_rows(min_row=2) for c in r if str(c.value)[:1] in "=＝"]
    assert len(risky) == 4 and all(c.data_type == "s" for c in risky)
    monkeypatch.setattr(loan_book, "EXPORT_MAX", 1)
    with pytest.raises(DomainError, match="缩小范围"):
        loan_book.export(session, bank, {})
