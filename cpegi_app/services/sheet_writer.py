"""Exports as .xlsx, written row by row: text is always text, never a formula (security.md)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from cpegi_app.services.forms import FieldSpec, normalise
from cpegi_app.services.offline_form import STORED

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_EPOCH = date(1899, 12, 30)
# Styles: 0 plain, 1 text that stays text when edited (quotePrefix), 2 heading, 3 date, 4 amount.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/>'
    '<name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill>'
    '<patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs '
    'count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
_PARTS = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
    f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/><Override '
    f'PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/><Override '
    f'PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>',
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{_OFFICE}/styles" '
    'Target="styles.xml"/></Relationships>',
    "xl/styles.xml": _STYLES,
}


def write(sheet: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a workbook with one sheet; texts, numbers and dates become cells of their kind."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, text)
        archive.writestr(
            "xl/workbook.xml",
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="{escape(sheet)}" sheetId="1" '
            'r:id="rId1"/></sheets></workbook>',
        )
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            columns = f'<cols><col min="1" max="{len(headings)}" width="18" customWidth="1"/></cols>'
            pane = (
                '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/>'
            )
            part.write(
                f'{_HEAD}<worksheet xmlns="{_MAIN}">{pane}</sheetView></sheetViews>{columns}<sheetData>'.encode()
            )
            part.write(_row(headings, 2).encode())
            for row in rows:
                part.write(_row(row).encode())
            part.write(b"</sheetData></worksheet>")
    return out.getvalue()


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
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
