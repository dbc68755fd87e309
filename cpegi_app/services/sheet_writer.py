"""Exports as .xlsx, written row by row: text is always text, never a formula (security.md)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import IO, Any
from xml.sax.saxutils import escape

from cpegi_app.services.forms import FieldSpec, normalise, plain_number
from cpegi_app.services.offline_form import STORED

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_EPOCH = date(1899, 12, 30)
# Styles: 0 plain, 1 text that stays text when edited (quotePrefix), 2 heading, 3 date, 4 amount.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="#,##0.00####"/>'
    '</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/>'
    '<name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill>'
    '<patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs '
    'count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
_WORKSHEET = f"{_TYPES}.worksheet+xml"
_SPELT = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
# What one sheet holds at most; a longer list goes on in a further one.
ROWS_A_SHEET = 1_000_000


class Book:
    """A workbook that is written row by row, into a file as well: its memory does not grow with its rows."""

    def __init__(self, out: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        self._sheets: list[str] = []
        self._part: IO[bytes] | None = None
        self._name, self._headings, self._rows = "", tuple[str, ...](), 0

    def sheet(self, name: str, headings: Sequence[str]) -> None:
        """Begin a sheet; names are told apart by a number where they repeat."""
        self._end_sheet()
        self._name, self._headings, self._rows = name, tuple(headings), 0
        number = len(self._sheets) + 1
        plain = re.sub(r"[\\/*?:\[\]]", " ", name)[:28] or "Sheet"
        self._sheets.append(plain if plain not in self._sheets else f"{plain}{number}")
        self._part = self._archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True)
        columns = f'<cols><col min="1" max="{len(headings)}" width="18" customWidth="1"/></cols>'
        pane = '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/>'
        head = f'{_HEAD}<worksheet xmlns="{_MAIN}">{pane}</sheetView></sheetViews>{columns}<sheetData>'
        self._part.write(head.encode() + _row(headings, 2).encode())

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Write rows below those of the sheet."""
        for row in rows:
            if self._rows >= ROWS_A_SHEET:
                self.sheet(self._name, self._headings)
            assert self._part is not None
            self._part.write(_row(row).encode())
            self._rows += 1

    def close(self) -> None:
        """Write what holds the sheets together."""
        self._end_sheet()
        for name, text in self._parts().items():
            self._archive.writestr(name, text)
        self._archive.close()

    def _end_sheet(self) -> None:
        if self._part is not None:
            self._part.write(b"</sheetData></worksheet>")
            self._part.close()
            self._part = None

    def _parts(self) -> dict[str, str]:
        numbers = range(1, len(self._sheets) + 1)
        types = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_WORKSHEET}"/>' for n in numbers
        )
        links = "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        names = "".join(
            f'<sheet name="{escape(normalise(name))}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, self._sheets, strict=True)
        )
        return {
            "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
            f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.'
            f'main+xml"/>{types}<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>',
            "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}'
            f'<Relationship Id="rId{len(self._sheets) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
            "xl/styles.xml": _STYLES,
            "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>',
        }


def write(sheet: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a workbook with one sheet; texts, numbers and dates become cells of their kind."""
    return write_sheets([(sheet, headings, rows)])


def write_sheets(sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[object]]]]) -> bytes:
    """Return a workbook of several sheets: name, headings, rows."""
    out = io.BytesIO()
    book = Book(out)
    for name, headings, rows in sheets:
        book.sheet(name, headings)
        book.add(rows)
    book.close()
    return out.getvalue()


# How a heading ends under which a list shows amounts as text.
MONEY = ("（万元）", "（元）")
_LARGEST = Decimal("1e12")


def amount(shown: Any) -> object:
    """Return an amount that a list shows as text as a number that can be summed; what is none stays as it is."""
    if not isinstance(shown, str):
        return shown
    try:
        number = plain_number(shown.removesuffix("万元"))
    except ValueError:
        return "" if shown == "—" else shown
    return number if abs(number) < _LARGEST else shown


def cells(specs: Sequence[FieldSpec], row: Any) -> list[object]:
    """Return a stored loan's cells: labels for codes, 万元 and per cent as numbers, dates as dates."""
    found: list[object] = []
    for spec in specs:
        name = STORED.get(spec.name, spec.name)
        value = getattr(row, name)
        if value is None or value == "":
            found.append("")
        elif spec.options:
            found.append(dict(spec.options).get(value, value))
        elif name.endswith("_fen"):
            found.append(Decimal(value) / 1_000_000)
        elif name.endswith("_bp"):
            found.append(Decimal(value) / 100)
        else:
            found.append(value)
    return found


def _row(cells: Sequence[object], style: int = 1) -> str:
    return f"<row>{''.join([_cell(c, style) for c in cells])}</row>"


def _cell(value: object, style: int) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, date):
        return f'<c s="3"><v>{(value - _EPOCH).days}</v></c>'
    if isinstance(value, int | Decimal):
        return f'<c s="{0 if isinstance(value, int) else 4}"><v>{value}</v></c>'
    text = escape(normalise(str(value)))
    if "_x" in text:
        # Programs read _x0041_ as an "A": what somebody really wrote so is written with its first sign in that way.
        text = _SPELT.sub("_x005F_", text)
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
