"""Texts like formulas in what goes out of a policy: the payment file and the trail's sheets hold them as texts."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlmodel import Session, select

from cpegi_app.models import Payment, StoredFile
from cpegi_app.services import policy_payment_file, policy_trail_zip
from tests import factories, redemption
from tests.redemption import failed, filled

SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
TEXTS = ("=cmd|' /C calc'!A0", "+86 371", "-1+1", "@SUM(1+9)", "＝1+1", "＋1", "－1", "＠A1")


def batch(session: Session, text: str) -> tuple[Any, int, int]:
    """Return staff, a batch of one with the finance office, and its application: named by the text all over."""
    staff = factories.staff(session)
    of = redemption.policy(session, staff, name=text)
    [claim] = redemption.payable(session, staff, of, factories.member(session, name=f"{text} 公司"))
    number = redemption.batch(session, staff, claim)
    payment(session, number).bank = text
    session.flush()
    return staff, number, claim.application_id


def payment(session: Session, batch_id: int) -> Payment:
    return session.exec(select(Payment).where(Payment.batch_id == batch_id)).one()


@pytest.mark.parametrize("text", TEXTS)
def test_the_payment_file_holds_texts_as_texts(session: Session, text: str):
    staff, number, _ = batch(session, text)
    _, data = redemption.exported(session, staff, number, "xlsx")
    assert b"<f>" not in b"".join(_parts(data))
    line = load_workbook(io.BytesIO(data)).worksheets[0][2]
    assert [c.value for c in line[1:3]] == [f"{text} 公司", text] and line[5].value == text
    for cell in (*line[1:4], line[5]):
        # Even when somebody edits the cell afterwards.
        assert (cell.data_type, cell.quotePrefix, cell.number_format) == ("s", True, "@")
    _, data = redemption.exported(session, staff, number, "csv")
    [_, row] = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert row[1:3] == [f"'{text} 公司", f"'{text}"] and row[5] == f"'{text}"
    assert not [cell for cell in row if cell.startswith(SIGNS)]
    # What comes back is compared without the sign that was put before it.
    for kind in ("xlsx", "csv"):
        _, data = redemption.exported(session, staff, number, kind)
        [(_, cells)] = policy_payment_file.read(f"结果.{kind}", data)
        assert cells["收款户名"] == f"{text} 公司"


def _parts(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist()]


@pytest.mark.parametrize("text", TEXTS)
def test_the_sheets_of_the_trail_hold_texts_as_texts(session: Session, text: str):
    staff, number, application = batch(session, text)
    for stored in session.exec(select(StoredFile)):
        stored.name = f"{text}.png"
    result = filled(redemption.out_rows(session, staff, number), failed(f"账号{text}"))
    redemption.returned(session, staff, number, result)
    payment(session, number).failure = text
    session.flush()
    out = io.BytesIO()
    policy_trail_zip.write(policy_trail_zip.plan(session, staff, application), out)
    with zipfile.ZipFile(out) as archive:
        index = archive.read("目录.xlsx")
    assert not [part for part in _parts(index) if b"<f>" in part or b"<f " in part]
    found: dict[str, list[Any]] = {}
    for sheet in load_workbook(io.BytesIO(index)).worksheets:
        for line in sheet.iter_rows(min_row=2):
            for cell in line:
                if cell.value is not None and str(cell.value).startswith(SIGNS):
                    assert (cell.data_type, cell.quotePrefix) == ("s", True), (sheet.title, cell.coordinate)
                    found.setdefault(sheet.title, []).append(cell.value)
    assert f"{text} 公司" in found["概要"] and text in found["拨付"] and f"{text}.png" in found["文件"]
