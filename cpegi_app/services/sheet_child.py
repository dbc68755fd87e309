"""The guarded child that reads a workbook: standard library and calamine only.

The workbook is on stdin; on stdout each sheet's rows as they are read, as texts between signs that no cell
holds, which costs a third of JSON; at the end a line of JSON about the sheets. Every cell becomes the text that a person would read
in it, so that the rules see one kind of value: numbers without a superfluous `.0`, dates as YYYY-MM-DD, a
number shown as per cent as `3.85%`. Only rows with something in them are handed on, with their numbers.
"""

from __future__ import annotations

import gc
import io
import json
import os
import re
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from python_calamine import SheetTypeEnum, SheetVisibleEnum, load_workbook

from cpegi_app.services import guarded

ROWS, COLUMNS, SHEETS = 20_100, 200, 8
# So many cells of a kind that cannot be read are told.
UNREAD = 20_000
# So many rows are sent together.
CHUNK = 500
# What ends the sheets and rows of the answer and stands between its cells: the separators of ASCII.
SHEET_END, ROW_END, CELL_END = "\x1d", "\x1e", "\x1f"
_ENDS = dict.fromkeys(map(ord, (SHEET_END, ROW_END, CELL_END)))

# A part unpacked, and what is found in it beside the cells' values.
Looked = tuple[bytes, dict[str, list]]

_ROW_HIDDEN = re.compile(rb'<(?:\w+:)?row\b[^>]*\bhidden="(?:1|true)"')
# Cells that show nothing, or nothing that can be read, though something was entered. A formula of the type `str` has
# a result, an empty text: =IF(A9="","",…) filled down below the data.
_ERROR = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')
_FORMULA = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</"
)
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_SHEET = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_FORMAT = re.compile(r"<(?:\w+:)?numFmt\b[^>]*>")
_CELL_FORMATS = re.compile(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_XF = re.compile(r"<(?:\w+:)?xf\b[^>]*>")


def attribute(tag: str, name: str) -> str:
    """Return an attribute of a tag, empty when it has none."""
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    if found is None or "&" not in found[1]:
        return found[1] if found else ""
    # Hardly ever: the table of entities takes a while to load.
    import html

    return html.unescape(found[1])


def number(value: float) -> str:
    """Return a number as Excel shows it: 15 digits, none of them invented."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return format(value, ".15g")


def moment(value: datetime) -> str:
    """Return a date, with its time only where there is one."""
    return value.isoformat(" ", "seconds") if value.time() != time() else value.date().isoformat()


# Rates, terms and days repeat from row to row.
_remembered = lru_cache(1 << 15)
TEXTS = {
    str: str,
    float: _remembered(number),
    int: str,
    bool: lambda value: "是" if value else "否",
    datetime: _remembered(moment),
    date: _remembered(date.isoformat),
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
        found[attribute(tag, "name")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
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
    pattern = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\bs="(?:' + chosen + rb')")[^>]*?\br="([A-Z]{1,3})(\d+)"')
    return {(int(m[2]), column(m[1])) for m in pattern.finditer(xml)}


def unread(xml: bytes) -> dict[str, list]:
    """Return the cells with an error, with a formula without a result, and the merged ranges, as numbers from 1."""

    def places(mark: bytes, pattern: re.Pattern[bytes]) -> list[list[int]]:
        found = islice(pattern.finditer(xml), UNREAD) if mark in xml else ()
        return [
            [n for at in range(1, len(m.groups()), 2) for n in (int(m[at + 1]), column(m[at]))] for m in found
        ]

    # A formula that only points at a shared one has that one, written out, in its sheet.
    found = {"errors": places(b't="e"', _ERROR), "formulas": places(b"f>", _FORMULA)}
    # Merged ranges stand behind the cells, which are nearly all of the part.
    xml = xml[max(xml.rfind(b"sheetData>"), 0) :]
    return found | {"merged": places(b"mergeCell", _MERGED)}


def column(letters: bytes) -> int:
    """Return a column's number, from 1."""
    found = 0
    for letter in letters:
        found = found * 26 + letter - 64
    return found


def read(data: bytes, send: Callable[[str], object]) -> dict[str, Any]:
    """Send the rows of the visible sheets; return what the sheets are, or why the workbook is too much."""
    book = load_workbook(io.BytesIO(data))
    listed = [m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
    shown = [m.name for m in listed if m.visible == SheetVisibleEnum.Visible]
    sheets, total = [], 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts, styles = sheet_parts(archive), percent_styles(archive)
        for name in shown[:SHEETS]:
            part = parts.get(name, "")
            unpacked = begin(partial(_looked_through, archive, part if part in archive.namelist() else ""))
            source, sent = book.get_sheet_by_name(name), 0
            xml, blank = unpacked()
            for rows in sheet(source, percent_cells(xml, styles)):
                if isinstance(rows, str):
                    return {"error": rows, "sheet": name}
                sent += len(rows)
                send("".join([CELL_END.join(row) + ROW_END for row in rows]))
            send(SHEET_END + ROW_END)
            total += sent
            if total > 2 * ROWS:
                return {"error": "rows", "sheet": name}
            hidden = len(_ROW_HIDDEN.findall(xml)) if b"hidden=" in xml else 0
            sheets.append({"name": name, "part": part, "hidden": hidden} | blank)
    hidden_sheets = [m.name for m in listed if m.name not in shown]
    return {"sheets": sheets, "hidden_sheets": hidden_sheets, "unseen": shown[SHEETS:]}


def _looked_through(archive: zipfile.ZipFile, part: str) -> Looked:
    """Return a part unpacked, and what is found in it beside the cells' values."""
    xml = archive.read(part) if part else b""
    return xml, unread(xml)


def begin(work: Callable[[], Looked]) -> Callable[[], Looked]:
    """Begin some work beside calamine, which lets other threads run; return what waits for it."""
    found: list[Looked] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()

    def wait() -> Looked:
        thread.join()
        return found[0]

    return wait


def sheet(source, percents: set[tuple[int, int]]) -> Iterator[list[list[str]] | str]:
    """Yield a sheet's rows that are not blank, some at a time, each headed by its number; or why there are too many."""
    if source.start is None:
        return
    first_row, first_column = source.start
    if source.width > COLUMNS:
        yield "columns"
        return
    per_cent: dict[int, list[int]] = {}
    for number_, column_ in percents:
        per_cent.setdefault(number_, []).append(column_)
    rows, pad, room = [], [""] * first_column, ROWS
    for number_, values in enumerate(source.iter_rows(), first_row + 1):
        cells = [v if type(v) is str else TEXTS.get(type(v), str)(v) for v in values]
        text = "".join(cells)
        if not text.strip():
            continue
        if not text.isprintable():
            cells = [cell.translate(_ENDS) for cell in cells]
        row = [str(number_), *pad, *cells]
        if number_ in per_cent:
            _show_percents(row, per_cent[number_])
        rows.append(row)
        if len(rows) == CHUNK:
            yield rows
            rows, room = [], room - CHUNK
        if len(rows) > room:
            yield "rows"
            return
    yield rows


def _show_percents(row: list[str], columns: list[int]) -> None:
    """Write 0.0385 shown as 3.85% the way it is shown."""
    for column_ in columns:
        if column_ < len(row):
            with suppress(ValueError):
                row[column_] = number(round(float(row[column_]) * 100, 10)) + "%"


def main() -> None:
    """Read stdin within the limits, write stdout."""
    guarded.limit()
    # A process that ends in a second has nothing to collect.
    gc.disable()

    def send(text: str) -> None:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()

    found: dict[str, Any]
    try:
        found = read(sys.stdin.buffer.read(), send)
    except MemoryError:
        found = {"error": "memory"}
    except Exception as problem:
        found = {"error": "broken", "detail": type(problem).__name__}
    send(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    # Nothing is left to do: giving back a million texts one by one takes longer than the rest of the exit.
    os._exit(0)
