"""What a cell's format shows: read as the clerk sees it, or told at the cell what to do (domain.md §7)."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlmodel import Session, select

from cpegi_app.access import Actor
from cpegi_app.models import FilingBatch, OfflineLoan
from cpegi_app.services import offline_import, offline_loan, offline_rows, sheet_formats
from cpegi_app.vocabulary import Kind
from tests import factories
from tests.workbooks.corpus import PLACE
from tests.workbooks.make import book, cells, row, saved


def workbook(field: str, value: Any, shown: str, count: int = 1) -> bytes:
    """Return right rows whose cells of one column hold the value under a format."""
    made = load_workbook(io.BytesIO(book([cells(row(n)) for n in range(1, count + 1)])))
    sheet: Any = made.active
    for n in range(count):
        cell = sheet.cell(n + 2, PLACE[field] + 1, value + n if n else value)
        cell.number_format = shown
    return saved(made)


def trial(session: Session, bank: Actor, data: bytes) -> tuple[offline_import.TrialView, str]:
    batch = offline_loan.new_batch(session, bank, {"name": "格式", "period": "2026-11", "note": ""})
    seen = offline_import.trial(session, bank, batch.id or 0, "a.xlsx", data)
    found, _ = offline_import.findings(session, bank, seen.id)
    return seen, " ".join(f"{f.cell} {f.value} {f.text}" for f in found)


@pytest.fixture
def bank(session: Session) -> Actor:
    return factories.member(session, Kind.DEBT)


@pytest.mark.parametrize(
    ("field", "value", "shown", "kept"),
    [
        ("rate", 0.0435, "0.00%", ("rate_bp", 435)),
        # A text is seen as it is, whatever its cell would make of a number.
        ("rate", "4.35", "0.00%", ("rate_bp", 435)),
        ("rate", "4.35%", "0.00%", ("rate_bp", 435)),
        # A sign in quotes is a text behind the number.
        ("rate", 4.35, '0.00"%"', ("rate_bp", 435)),
        ("rate", 4.35, "0.00\\%", ("rate_bp", 435)),
        ("amount", 150, '0.00"万元"', ("amount_fen", 150_000_000)),
        ("amount", 150, "0000", ("amount_fen", 150_000_000)),
        ("iou_no", 1234, "000000", ("iou_no", "001234")),
        ("iou_no", 1234, '"JJ-"000000', ("iou_no", "JJ-001234")),
        ("contract_no", 20261234, '"HT"0000-0000', ("contract_no", "HT2026-1234")),
        ("contract_no", 1234, "General", ("contract_no", "1234")),
        ("contact_phone", 37112345678, "000000000000", ("contact_phone", "037112345678")),
        ("remark", date(2026, 3, 5), "yyyy-mm-dd", ("remark", "2026-03-05")),
        ("purpose", datetime(2026, 3, 5, 9, 30), "yyyy-mm-dd hh:mm", ("purpose", "2026-03-05 09:30:00")),
        ("iou_no", "2026-03-05", "@", ("iou_no", "2026-03-05")),
    ],
)
def test_a_cell_is_read_as_it_is_seen(
    session: Session, bank: Actor, field: str, value: Any, shown: str, kept: tuple[str, Any]
):
    seen, told = trial(session, bank, workbook(field, value, shown))
    assert (seen.good, seen.bad) == (1, 0), told
    offline_import.import_good(session, bank, seen.id)
    (loan,) = session.exec(select(OfflineLoan).where(OfflineLoan.org_id == bank.org_id))
    assert getattr(loan, kept[0]) == kept[1]


@pytest.mark.parametrize(
    ("field", "value", "shown", "told"),
    [
        ("rate", date(2026, 3, 5), "m/d", "2026-03-05 该单元格是日期或时间"),
        ("amount", date(1900, 2, 12), "yyyy-mm-dd", "该单元格是日期或时间"),
        ("amount", time(3, 5), "h:mm", "该单元格是日期或时间"),
        ("iou_no", date(2026, 3, 5), "m/d", "Excel 把借据编号变成了日期或时间"),
        ("contract_no", datetime(2026, 3, 5, 1, 2), "m/d", "请把该列设为“文本”格式"),
        ("amount", 1.5, "0.00%", "该单元格是百分比"),
        ("amount", 123456, '0!.0,"万"', "只显示了数的一部分"),
        ("amount", 123456, '0.00,"千元"', "只显示了数的一部分"),
        ("contract_amount", 5000000, "0!.0000", "只显示了数的一部分"),
    ],
)
def test_what_excel_altered_is_told_at_the_cell(
    session: Session, bank: Actor, field: str, value: Any, shown: str, told: str
):
    seen, said = trial(session, bank, workbook(field, value, shown))
    assert (seen.good, seen.bad) == (0, 1)
    assert told in said, said


def test_numbers_with_zeros_in_front_are_told_apart_row_by_row(session: Session, bank: Actor):
    seen, told = trial(session, bank, workbook("iou_no", 7, "0000", 30))
    assert seen.good == 30, told
    offline_import.import_good(session, bank, seen.id)
    numbers = session.exec(select(OfflineLoan.iou_no).where(OfflineLoan.org_id == bank.org_id)).all()
    assert sorted(numbers) == [f"{7 + n:04d}" for n in range(30)]


@pytest.mark.parametrize(
    ("code", "digits", "text"),
    [
        ("000000", "1234", "001234"),
        ("000000", "12345678", "12345678"),
        ("000-000", "1234", "001-234"),
        ('"(2026)"00"号"', "7", "(2026)07号"),
        ("[$-804]000;-000", "7", "007"),
        ("_-00_)", "7", "07"),
        ("#000", "12345", "12345"),
        ("##-00", "7", "-07"),
    ],
)
def test_whole_numbers_are_written_as_their_format_shows_them(code: str, digits: str, text: str):
    assert sheet_formats.shown(code, digits) == text


def test_a_rate_typed_as_a_fraction_is_asked_about(session: Session, bank: Actor):
    rows = [
        row(1, rate=0.05),
        row(2, rate=5),
        row(3, rate=0),
        row(4, rate=0.36, scale="巨型"),
        row(5, rate=0.0385),
    ]
    seen, told = trial(session, bank, book([cells(r) for r in rows]))
    assert (seen.good, seen.bad, seen.warned) == (3, 2, 2)
    assert "K2 0.05 年利率 0.05 %，是否应为 5 %？" in told
    assert "年利率 0.36 %，是否应为 36 %？" in told
    # More decimals than a rate has are refused, with what was meant.
    assert "年利率 0.0385 %，是否应为 3.85 %？请按百分数填写" in told
    assert offline_import.import_good(session, bank, seen.id).imported == 3
    batch = session.exec(select(OfflineLoan.batch_id).where(OfflineLoan.org_id == bank.org_id)).first() or 0
    shown, _ = offline_rows.listing(session, bank, batch, only="remark")
    assert ["年利率 0.05 %，是否应为 5 %？" in " ".join(r.remarks) for r in shown].count(True) == 1
    checks = offline_loan.FLOW.describe(session, session.get_one(FilingBatch, batch)).checks
    assert ("warn", "1 笔不超过 0.36%") in [(c.level, c.text[:12]) for c in checks]
