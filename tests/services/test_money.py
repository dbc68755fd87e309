"""Money in tables is 分 in 64 bits: the largest amount that a form takes fits on both engines."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from sqlmodel import Session, col, select

from cpegi_app.errors import FormInvalid
from cpegi_app.models import OfflineLoan, Organisation, Product
from cpegi_app.services import figures, loan_book, offline_rows, sheet_writer
from cpegi_app.services.forms import fen, wan
from cpegi_app.services.offline_form import SPECS, check, strings
from cpegi_app.vocabulary import Status
from tests.factories import offline_data
from tests.worlds import filing_world


def test_the_largest_amount_of_a_form_is_stored_exactly(session: Session) -> None:
    org = Organisation(name="某银行")
    session.add(org)
    session.flush()
    largest = fen(Decimal("999999"))
    session.add(Product(org_id=org.id or 0, amount_min_fen=fen(Decimal("0.01")), amount_max_fen=largest))
    session.flush()
    session.expire_all()
    found = session.exec(select(Product).where(col(Product.amount_max_fen) > fen(Decimal("3000")))).one()
    assert (found.amount_max_fen, found.amount_min_fen) == (999_999_000_000, 10_000)
    assert wan(found.amount_max_fen) == "999,999"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(12_345_678, "12.345678"), (1, "0.000001"), (12_000_000, "12"), (1_234_500_000, "1,234.5"), (0, "0")],
)
def test_an_amount_is_shown_exactly(amount: int, shown: str) -> None:
    assert wan(amount) == shown
    assert figures.told(figures.wan(amount)) == shown


def test_a_loan_is_filed_shown_and_exported_to_the_fen(session: Session) -> None:
    world = filing_world(session)
    row = offline_rows.save(
        session, world.owner, world.row_id, 0, 0, offline_data(amount="12.345678", balance="12.345677")
    )
    assert (row.amount_fen, row.balance_fen) == (12_345_678, 12_345_677)
    shown, _ = offline_rows.listing(session, world.owner, world.row_id, word=row.iou_no)
    assert shown[0].amount == "12.345678 万元"
    assert strings(row)["amount"] == "12.345678"
    book = sheet_writer.write("表", [s.title for s in SPECS], [sheet_writer.cells(SPECS, row)])
    sheet = load_workbook(io.BytesIO(book)).worksheets[0]
    place = [s.name for s in SPECS].index("amount") + 1
    assert sheet.cell(2, place).value == 12.345678
    assert sheet.cell(2, place).number_format == "#,##0.00####"
    with pytest.raises(FormInvalid) as refusal:
        check(offline_data(amount="12.3456789"))
    assert "六位小数" in refusal.value.fields["amount"]


def test_the_loan_book_shows_and_sums_to_the_fen(session: Session) -> None:
    world = filing_world(session, amount="12.345678").bring_to(session, Status.APPROVED)
    assert session.exec(select(OfflineLoan.amount_fen)).one() == 12_345_678
    found = loan_book.page(session, world.owner, {})
    assert (found.rows[0].amount, found.sums.amount) == ("12.345678", "12.345678")
