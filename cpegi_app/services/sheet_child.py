"""The guarded child that reads a workbook: 512 MB, 10 s of processor time, standard library and calamine only.

Run as a script: the workbook on stdin; on stdout a line of JSON about the sheets, then lines `[sheet, rows]`: whoever
reads them line by line holds nobody up. Every cell becomes the text that a person would read
in it, so that the rules see one kind of value: numbers without a superfluous `.0`, dates as YYYY-MM-DD, a
number shown as per cent as `3.85%`. Only rows with something in them are handed on, with their numbers.
"""

from __future__ import annotations

import gc
import io
import json
import re
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from python_calamine import SheetTypeEnum, SheetVisibleEnum, load_workbook

MEMORY = 512 << 20
SECONDS = 10
ROWS, COLUMNS, SHEETS = 20_100, 200, 8
# Rows in a line of the answer.
LINE = 500

_ROW_HIDDEN = re.compile(rb'<row\b[^>]*\bhidden="(?:1|true)"')
_SHEET = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_FORMAT = re.compile(r"<numFmt\b[^>]*>")
_CELL_FORMATS = re.compile(r"<cellXfs\b.*?</cellXfs>", re.DOTALL)
_XF = re.compile(r"<xf\b[^>]*>")


def attribute(tag: str, name: str) -> str:
    """Return an attribute of a tag, empty when it has none."""
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found[1] if found else ""


@lru_cache(1 << 16)
def number(value: float) -> str:
    """Return a number as Excel shows it: 15 digits, none of them invented."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return format(value, ".15g")


@lru_cache(1 << 14)
def moment(value: datetime) -> str:
    """Return a date, with its time only where there is one."""
    return value.isoformat(" ", "seconds") if value.time() != time() else value.date().isoformat()


TEXTS = {
    str: str,
    float: number,
    int: str,
    bool: lambda value: "是" if value else "否",
    datetime: moment,
    date: lru_cache(1 << 14)(date.isoformat),
    time: str,
    timedelta: str,
}


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return each sheet's name and the part that holds it."""
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    targets = {attribute(tag, "Id"): attribute(tag, "Target") for tag in _RELATION.findall(links)}
    found = {}
    for tag in _SHEET.findall(book):
        target = targets.get(attribute(tag, "r:id") or attribute(tag, "id"), "")
        name = attribute(tag, "name").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
        found[name.replace("&amp;", "&")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


def percent_styles(archive: zipfile.ZipFile) -> set[int]:
    """Return the cell formats that show a number as per cent."""
    if "xl/styles.xml" not in archive.namelist():
        return set()
    text = archive.read("xl/styles.xml").decode("utf-8", "replace")
    codes = {"9", "10"}
    codes |= {attribute(t, "numFmtId") for t in _FORMAT.findall(text) if "%" in attribute(t, "formatCode")}
    formats = _CELL_FORMATS.search(text)
    tags = _XF.findall(formats[0]) if formats else []
    return {i for i, tag in enumerate(tags) if attribute(tag, "numFmtId") in codes}


def percent_cells(xml: bytes, styles: set[int]) -> set[tuple[int, int]]:
    """Return row and column (from 1) of the cells with one of the styles."""
    if not styles:
        return set()
    chosen = b"|".join(str(i).encode() for i in sorted(styles))
    pattern = re.compile(rb'<c\b(?=[^>]*\bs="(?:' + chosen + rb')")[^>]*?\br="([A-Z]{1,3})(\d+)"')
    return {(int(m[2]), column(m[1])) for m in pattern.finditer(xml)}


def column(letters: bytes) -> int:
    """Return a column's number, from 1."""
    found = 0
    for letter in letters:
        found = found * 26 + letter - 64
    return found


def read(data: bytes) -> dict[str, Any]:
    """Return the visible sheets with their rows, or why the workbook is too much."""
    book = load_workbook(io.BytesIO(data))
    listed = [m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
    shown = [m.name for m in listed if m.visible == SheetVisibleEnum.Visible]
    sheets, total = [], 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts, styles = sheet_parts(archive), percent_styles(archive)
        for name in shown[:SHEETS]:
            xml = archive.read(parts[name]) if parts.get(name) in archive.namelist() else b""
            found = sheet(book.get_sheet_by_name(name), percent_cells(xml, styles))
            if isinstance(found, str):
                return {"error": found, "sheet": name}
            total += len(found)
            if total > 2 * ROWS:
                return {"error": "rows", "sheet": name}
            sheets.append(
                {
                    "name": name,
                    "part": parts.get(name, ""),
                    "rows": found,
                    "hidden": len(_ROW_HIDDEN.findall(xml)) if b"hidden=" in xml else 0,
                }
            )
    return {"sheets": sheets, "hidden_sheets": [m.name for m in listed if m.name not in shown]}


def sheet(source, percents: set[tuple[int, int]]) -> list[list] | str:
    """Return a sheet's rows that are not blank, each headed by its number, or why there are too many."""
    if source.start is None:
        return []
    first_row, first_column = source.start
    if source.width > COLUMNS:
        return "columns"
    rows, pad = [], [""] * first_column
    for number_, values in enumerate(source.iter_rows(), first_row + 1):
        cells = [v if type(v) is str else TEXTS.get(type(v), str)(v) for v in values]
        if "".join(cells).strip():
            rows.append([number_, *pad, *cells])
            if len(rows) > ROWS:
                return "rows"
    if percents:
        _show_percents(rows, percents)
    return rows


def _show_percents(rows: list[list], percents: set[tuple[int, int]]) -> None:
    """Write 0.0385 shown as 3.85% the way it is shown."""
    place = {row[0]: row for row in rows}
    for number_, column_ in percents:
        row = place.get(number_)
        if row is None or column_ >= len(row):
            continue
        try:
            row[column_] = number(round(float(row[column_]) * 100, 10)) + "%"
        except ValueError:
            continue


def main() -> None:
    """Read stdin within the limits, write stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A process that ends in a second has nothing to collect.
    gc.disable()
    found: dict[str, Any]
    try:
        found = read(sys.stdin.buffer.read())
    except MemoryError:
        found = {"error": "memory"}
    except Exception as problem:
        found = {"error": "broken", "detail": type(problem).__name__}
    rows = [shown.pop("rows") for shown in found.get("sheets", ())]
    write(found)
    for number_, part in enumerate(rows):
        for start in range(0, len(part), LINE):
            write([number_, part[start : start + LINE]])


def write(value: object) -> None:
    """Write a line of JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.buffer.write(text.encode("utf-8") + b"\n")


if __name__ == "__main__":
    main()
