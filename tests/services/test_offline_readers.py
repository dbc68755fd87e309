"""The fast reader and openpyxl see the same in every cell: over the corpus, generated workbooks and odd numbers."""

from __future__ import annotations

import io
import warnings
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from bench import generate
from cpegi_app.errors import DomainError
from cpegi_app.services import sheet_child, sheet_reader
from tests.hostile_build import long_workbook
from tests.workbooks.corpus import CORPUS
from tests.workbooks.make import book, saved


def text_of(cell: Any) -> str:
    """Return a cell as a person reads it, by openpyxl's word."""
    value = cell.value
    if value is None or cell.data_type == "e":
        # What a formula could not work out is no value.
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds") if value.time() != time() else value.date().isoformat()
    if isinstance(value, int | float):
        if "%" in (cell.number_format or ""):
            return plain(round(float(value) * 100, 10)) + "%"
        return plain(float(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def plain(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else format(value, ".15g")


def by_openpyxl(data: bytes) -> dict[str, dict[tuple[int, int], str]]:
    """Return the cells with something in them of the visible sheets that are read, by row and column."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = load_workbook(io.BytesIO(data), data_only=True)
    shown = [sheet for sheet in found.worksheets if sheet.sheet_state == "visible"]
    return {
        sheet.title: {
            (c.row, c.column): text for row in sheet.iter_rows() for c in row if (text := text_of(c)).strip()
        }
        for sheet in shown[: sheet_child.SHEETS]
    }


def by_reader(data: bytes) -> dict[str, dict[tuple[int, int], str]]:
    return {
        sheet.name: {
            (row[0], column): sheet_reader.seen(text)
            for row in sheet.rows
            for column, text in enumerate(row[1:], 1)
            if text.strip()
        }
        for sheet in sheet_reader.read("a.xlsx", data).sheets
        if not sheet.too_much
    }


def same(data: bytes) -> None:
    found = by_reader(data)
    assert found == {name: cells for name, cells in by_openpyxl(data).items() if name in found}


@pytest.mark.parametrize("name", list(CORPUS))
def test_the_corpus_reads_the_same(name: str):
    data = CORPUS[name].make()
    try:
        sheet_reader.read(CORPUS[name].name, data)
    except DomainError:
        assert CORPUS[name].refused
        return
    same(data)


def test_the_longest_workbook_is_read():
    found = sheet_reader.read("a.xlsx", long_workbook()).sheets[0].rows
    assert len(found) == 1 + sheet_reader.MAX_ROWS and {len(row) for row in found} == {25}
    assert found[-1][1] == "第20000行的内容A" and found[-1][24] == "第20000行的内容X"


def test_a_generated_workbook_reads_the_same():
    same(generate.workbook(300, 20))


CELL = st.one_of(
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x9FFF, exclude_categories=["Cs", "Cc"]), max_size=12
    ),
    st.integers(-(10**14), 10**14),
    st.floats(-1e12, 1e12, allow_nan=False).map(lambda f: round(f, 6)),
    st.booleans(),
    st.dates(date(1901, 1, 1), date(2199, 12, 31)),
    st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 31)).map(lambda d: d.replace(microsecond=0)),
    st.none(),
)


@given(st.lists(st.lists(CELL, min_size=1, max_size=6), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_whatever_cells_are_generated_read_the_same(rows: list[list[Any]]):
    # openpyxl would make a formula of a text that begins with "=".
    rows = [[f"'{c}" if isinstance(c, str) and c.startswith("=") else c for c in r] for r in rows]
    same(book(rows, ["列"]))


def test_numbers_shown_in_many_ways_read_the_same():
    made = load_workbook(io.BytesIO(book([], ["列"])))
    sheet: Any = made.active
    shown = ("0.00%", "0%", "#,##0.00", "0.00E+00", "yyyy-mm-dd", "yyyy/m/d h:mm", "@", "General", '0"万元"')
    for row, number in enumerate((0, 1, 0.0385, 12345.678, 46053, 46053.5, 0.1 + 0.2), 2):
        for column, style in enumerate(shown, 1):
            sheet.cell(row, column, number).number_format = style
    same(saved(made))
