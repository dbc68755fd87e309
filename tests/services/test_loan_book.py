"""The loan book: whose loans one sees, filters, totals, deep pages, the export (manual §5.1)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import DomainError, Forbidden
from cpegi_app.models import Loan, Organisation
from cpegi_app.services import list_count, list_export, lists, loan_book, report_overdue, report_period
from cpegi_app.vocabulary import Kind, OrgClass, Status
from tests import factories
from tests.services.test_report_statistics import lend
from tests.worlds import disbursement_world, filing_world


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
    assert loan_book.page(session, bank, {}).sums.total == 3
    staff = factories.staff(session)
    assert loan_book.page(session, staff, {"institution": "测试账簿银行"}).sums.total == 3
    # An institution cannot ask for another's by the staff's filter.
    assert loan_book.page(session, other, {"institution": "测试账簿银行"}).sums.total == 2
    for actor in (factories.member(session), factories.regulator(session), factories.stranger()):
        with pytest.raises(Forbidden):
            loan_book.page(session, actor, {})


def test_loans_of_both_sources_stand_in_one_list(session: Session):
    online = disbursement_world(session).bring_to(session, Status.APPROVED)
    offline = filing_world(session, owner=online.owner, rows=2).bring_to(session, Status.APPROVED)
    filing_world(session).bring_to(session, Status.APPROVED)
    found = loan_book.page(session, online.owner, {})
    assert sorted(r.source for r in found.rows) == ["线上", "线下", "线下"] and found.sums.total == 3
    for source, label, count, amount in (
        ("ONLINE", "线上", 1, online.data["amount"]),
        ("OFFLINE", "线下", 2, "401"),
    ):
        found = loan_book.page(session, online.owner, {"source": source})
        assert [r.source for r in found.rows] == [label] * count
        assert (found.sums.total, found.sums.amount) == (count, amount)
        # The export takes what the list shows.
        sheet = exported(session, online.owner, {"source": source})
        assert [c.value for c in sheet["A"][1:]] == [label] * count
    # The staff filter everybody's.
    assert loan_book.page(session, offline.reviewer, {"source": "OFFLINE"}).sums.total == 3


def exported(session: Session, actor: Actor, filters: dict[str, str]) -> Any:
    export = list_export.Export("loans", filters)
    export.step(session, actor)
    export.finish(session, actor)
    return load_workbook(list_export.folder() / export.name).active


def test_filters_and_totals(session: Session, bank: Actor):
    loans(session, bank, 30)
    loans(session, bank, 5, due_on=clock.today() - timedelta(days=1), guarantee="PLEDGE")
    assert loan_book.page(session, bank, {"status": "ACTIVE"}).sums.total == 30
    found = loan_book.page(session, bank, {"status": "DUE"}).sums
    assert (found.total, found.amount, found.balance) == (5, "5", "2.5")
    assert loan_book.page(session, bank, {"word": "机械", "status": "ACTIVE"}).sums.total == 10
    assert loan_book.page(session, bank, {"word": "%"}).sums.total == 0
    assert loan_book.page(session, bank, {"guarantee": "PLEDGE", "since": "2000-01-01"}).sums.total == 5
    assert loan_book.page(session, bank, {"until": "2000-01-01"}).sums.total == 0
    assert loan_book.page(session, bank, {"status": "NONSENSE", "since": "x"}).sums.total == 35


def test_a_sum_of_balances_says_how_many_are_not_in_it(session: Session, bank: Actor):
    def said(**filters: str) -> tuple[str, str]:
        found = loan_book.page(session, bank, filters).sums
        return found.balance, found.unknown

    assert said() == ("0", "")
    loans(session, bank, 1_100, guarantee="PLEDGE", balance_fen=None)
    assert said(guarantee="PLEDGE") == ("", "余额均未登记")
    loans(session, bank, 3)
    assert said() == ("1.5", "（另有 1,100 笔未登记余额，放款 1,100 万元）")
    assert said(guarantee="CREDIT") == ("1.5", "")
    loans(session, bank, 1, balance_fen=0)
    assert said(guarantee="CREDIT") == ("1.5", "")


@pytest.fixture(params=[(1_000, 20), (7, 2)])
def stretches(request: pytest.FixtureRequest, monkeypatch) -> None:
    """Count by the usual stretches, and by such small ones that every page lies across some."""
    monkeypatch.setattr(list_count, "STRETCH", request.param[0])
    monkeypatch.setattr(list_count, "STEP", request.param[1])
    list_count.forget()


@pytest.mark.usefixtures("stretches")
def test_every_page_is_what_plain_paging_gives(session: Session, bank: Actor):
    loans(session, bank, 437)
    loans(session, factories.member(session, Kind.DEBT), 60)
    loans(session, bank, 30)
    for filters, total in (({}, 467), ({"word": "机械"}, 156), ({"word": "企业3号机械"}, 16)):
        every: list[int] = []
        for number in range(1, 100):
            found = loan_book.page(session, bank, filters, page=number, size=20)
            every += [r.id for r in found.rows]
            if number * 20 >= found.sums.total:
                break
        assert every == sorted(every, reverse=True) and len(set(every)) == len(every) == total
    assert loan_book.page(session, bank, {}, page=10_000_000).rows == []


@pytest.mark.usefixtures("stretches")
def test_a_list_grows_with_the_book(session: Session, bank: Actor):
    for so_far in (3, 5, 29, 60):
        loans(session, bank, so_far - loan_book.page(session, bank, {}).sums.total)
        found = loan_book.page(session, bank, {}, size=50)
        assert found.sums.total == so_far and found.sums.amount == str(so_far)
        assert len(found.rows) == min(50, so_far)


@pytest.mark.usefixtures("stretches")
def test_a_correction_takes_the_old_loan_out_of_what_was_counted(session: Session, bank: Actor):
    loans(session, bank, 60)
    old = loan_book.page(session, bank, {}, page=5, size=10).rows[3].id
    assert loan_book.page(session, bank, {"status": "REPLACED"}).sums.total == 0
    loans(session, bank, 1, replaces_id=old, amount_fen=3_000_000)
    found = [loan_book.page(session, bank, {}, page=n, size=10) for n in range(1, 8)]
    assert (found[-1].sums.total, found[-1].sums.amount) == (60, "62")
    assert old not in [r.id for page in found for r in page.rows]
    assert [r.id for r in loan_book.page(session, bank, {"status": "REPLACED"}).rows] == [old]


def test_a_page_does_not_wait_for_the_count(session: Session, bank: Actor, monkeypatch):
    monkeypatch.setattr(list_count, "STRETCH", 7)
    monkeypatch.setattr(list_count, "STEP", 2)
    list_count.forget()
    monkeypatch.setattr(lists, "STEPS", 3)
    loans(session, bank, 300)
    found = loan_book.page(session, bank, {}, size=10)
    assert found.sums.counting and 10 < found.sums.total < 30 and len(found.rows) == 10
    sums, asked = found.sums, 0
    while sums.counting:
        sums, asked = loan_book.count_on(session, bank, {}), asked + 1
    assert (sums.total, sums.amount) == (300, "300") and asked > 1
    assert loan_book.page(session, bank, {}, page=30, size=10).sums == sums


def test_another_book_is_counted_anew(session: Session, bank: Actor):
    point = session.begin_nested()
    loans(session, bank, 5)
    assert loan_book.page(session, bank, {}).sums.total == 5
    point.rollback()
    loans(session, bank, 2)
    assert loan_book.page(session, bank, {}).sums.total == 2


def test_the_export_is_text_where_it_must_be(session: Session, bank: Actor, monkeypatch):
    loans(session, bank, 2, purpose="=cmd|' /C calc'!A0", guarantor="＝1+1")
    sheet = exported(session, bank, {})
    assert sheet.max_row == 3 and sheet["A2"].value == "线下"
    risky = [c for r in sheet.iter_rows(min_row=2) for c in r if str(c.value)[:1] in "=＝"]
    assert len(risky) == 4 and all(c.data_type == "s" for c in risky)
    monkeypatch.setattr(list_export, "MOST", 1)
    again = list_export.Export("loans", {})
    with pytest.raises(DomainError, match="缩小范围"):
        again.step(session, bank)
    again.discard()


def test_what_the_statistics_tell_of_loans_past_their_day_is_what_the_book_shows(session: Session):
    actor = factories.member(session, Kind.DEBT, org_class=OrgClass.BANK.value)
    period = report_period.parse("2026-09")
    small = factories.member(session)
    session.get_one(Organisation, small.org_id).profile = {"scale": "SMALL"}
    lent, due = date(2025, 9, 1), period.end
    lend(session, actor, 7, lent, due, scale="MICRO")
    lend(session, actor, 5, lent, due, scale="LARGE", balance_fen=3_000_000, source="OFFLINE")
    lend(session, actor, 2, lent, due, small)
    lend(session, actor, 11, lent, due, balance_fen=0)
    lend(session, actor, 13, lent, due + timedelta(days=1))
    org_id, org_class = actor.org_id or 0, actor.org_class or ""
    said = report_overdue.overdue(session, org_id, org_class, period)
    filters = report_overdue.filters(org_class, period)
    shown = {name: loan_book.page(session, actor, how).sums for name, how in filters.items()}
    assert said["s_balance"].startswith("含 3 笔、12 万元")
    assert said["s_small_balance"].startswith("含 2 笔、9 万元")
    assert (shown["s_balance"].total, shown["s_balance"].balance) == (3, "3")
    assert shown["s_balance"].unknown == "（另有 2 笔未登记余额，放款 9 万元）"
    assert (shown["s_small_balance"].total, shown["s_small_balance"].amount) == (2, "9")
    cleared = loan_book.page(session, actor, {"owed": "CLEAR"}).sums
    assert (cleared.total, cleared.amount) == (1, "11")
