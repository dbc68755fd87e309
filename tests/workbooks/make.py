"""Workbooks as people make them: filled templates, and awkward ones by openpyxl and XlsxWriter."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from openpyxl import Workbook, load_workbook

from cpegi_app import clock
from cpegi_app.services import identifiers
from cpegi_app.services.offline_form import SPECS, heading

HEADINGS = [heading(s) for s in SPECS]


def code(number: int) -> str:
    """Return a right credit code, of another city than the organisations that tests register."""
    first17 = f"91410700MA{number % 10**7:07d}"
    return first17 + identifiers.check_character(first17)


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a right row by field, typed as a careful clerk types it."""
    lent = clock.today() - timedelta(days=40)
    return {
        "borrower_name": f"郑州第{number}测试有限公司",
        "borrower_code": code(number),
        "industry": "制造业",
        "scale": "小型",
        "contract_no": f"HT-{number:05d}",
        "iou_no": f"JJ-{number:05d}",
        "contract_amount": 500,
        "amount": 200.5,
        "lent_on": lent,
        "due_on": lent + timedelta(days=365),
        "rate": 3.85,
        "guarantee": "信用",
        "repayment": "先息后本",
        "is_first": "是",
        "five_class": "正常",
    } | changes


def cells(values: dict[str, Any]) -> list[Any]:
    """Return a row's cells in the order of the form."""
    return [values.get(s.name) for s in SPECS]


def book(
    rows: Sequence[Sequence[Any]], headings: Sequence[Any] = HEADINGS, top: Sequence[Sequence[Any]] = ()
) -> bytes:
    """Return a plain workbook by openpyxl: lines above, headings, rows."""
    made = Workbook()
    sheet: Any = made.active
    for line in (*top, headings, *rows):
        sheet.append(list(line))
    return saved(made)


def saved(made: Workbook) -> bytes:
    """Return a workbook's bytes."""
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def filled(template: bytes, changes: Sequence[dict[str, Any]]) -> bytes:
    """Return the template with right rows, but for the changes, below its example."""
    made = load_workbook(io.BytesIO(template))
    sheet = made["备案数据"]
    for number, change in enumerate(changes, 1):
        for column, value in enumerate(cells(row(9000 + number, **change)), 1):
            sheet.cell(3 + number, column, value)
    return saved(made)


def day(text: str) -> date:
    """Return a date."""
    return date.fromisoformat(text)
