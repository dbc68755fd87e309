"""The guarded child that reads a workbook: standard library and calamine only.

The workbook is on stdin; on stdout each sheet's rows as they are read, as texts between signs that no cell
holds, which costs a third of JSON; at the end a line of JSON about the sheets. Every cell becomes the text that a person would read
in it, so that the rules see one kind of value: numbers without a superfluous `.0`, a number shown as per cent
as `3.85%`, what Excel keeps as a date as `2026-01-31T00:00:00`, which nobody types (`sheet_reader.seen` takes the rest
off). What a format adds to a whole number, or hides of one, is told beside the rows. Only rows with something in
them are handed on, with their numbers.
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

from cpegi_app.services import guarded, sheet_formats
from cpegi_app.services.sheet_formats import column
from cpegi_app.services.sheet_parts import sheet_parts

ROWS, COLUMNS, SHEETS = 20_100, 200, 8
# So many signs are sent of a workbook: five times what its rows hold as people fill them.
CHARACTERS = 32 << 20
# So many cells of a kind that cannot be read are told.
UNREAD = 20_000
# So many rows are sent together.
CHUNK = 500
# What ends the sheets and rows of the answer and stands between its cells: the separators of ASCII.
SHEET_END, ROW_END, CELL_END = "\x1d", "\x1e", "\x1f"
_ENDS = dict.fromkeys(map(ord, (SHEET_END, ROW_END, CELL_END)))
# What ends a sheet of which there is too much: only its first rows are kept.
SHEET_CUT = SHEET_END * 2

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


def number(value: float) -> str:
    """Return a number as Excel shows it: 15 digits, none of them invented."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return format(value, ".15g")


def moment(value: date) -> str:
    """Return a date with its time: a text that is no date of Excel's hardly looks like that."""
    return value.isoformat("T", "seconds") if isinstance(value, datetime) else f"{value.isoformat()}T00:00:00"


# Rates, terms and days repeat from row to row.
_remembered = lru_cache(1 << 15)
TEXTS = {
    str: str,
    float: _remembered(number),
    int: str,
    bool: lambda value: "是" if value else "否",
    datetime: _remembered(moment),
    date: _remembered(moment),
    time: lambda value: f"T{value.isoformat()}",
    timedelta: str,
}


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


def read(data: bytes, send: Callable[[str], object]) -> dict[str, Any]:
    """Send the rows of the visible sheets; return what the sheets are, or why the workbook is too much."""
    book = load_workbook(io.BytesIO(data))
    listed = [m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
    shown = [m.name for m in listed if m.visible == SheetVisibleEnum.Visible]
    sheets, sent, told = [], 0, 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts, styles = sheet_parts(archive), sheet_formats.shapes(archive)
        for name in shown[:SHEETS]:
            part = parts.get(name, "")
            unpacked = begin(partial(_looked_through, archive, part if part in archive.namelist() else ""))
            source, before = book.get_sheet_by_name(name), sent
            xml, blank = unpacked()
            found: dict[str, Any] = blank | {
                "name": name,
                "part": part,
                "too_much": "",
                "shown": [],
                "scaled": [],
            }
            for rows in sheet(source, sheet_formats.cells(xml, styles), found):
                text = "".join([CELL_END.join(row) + ROW_END for row in rows])
                sent += len(text)
                here = len(found["shown"]) + len(found["scaled"])
                if sent > CHARACTERS or told + here > sheet_formats.MOST:
                    return {"error": "memory", "sheet": name}
                send(text)
            if found["too_much"]:
                # Perhaps nobody asks for it: whether the workbook is refused is for those who know what is looked for.
                found |= {"errors": [], "formulas": [], "merged": [], "shown": [], "scaled": []}
                sent = before
            told += len(found["shown"]) + len(found["scaled"])
            send((SHEET_CUT if found["too_much"] else SHEET_END) + ROW_END)
            found["hidden"] = len(_ROW_HIDDEN.findall(xml)) if b"hidden=" in xml else 0
            sheets.append(found)
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


def sheet(
    source, shaped: dict[int, list[tuple[int, str]]], found: dict[str, Any]
) -> Iterator[list[list[str]]]:
    """Yield a sheet's rows that are not blank, some at a time, each headed by its number.

    `found` takes why there is too much of it, and what its `shaped` cells show.
    """
    if source.start is None:
        return
    first_row, first_column = source.start
    if source.width > COLUMNS:
        found["too_much"] = "columns"
        return
    rows, pad, room = [], [""] * first_column, ROWS
    for number_, values in enumerate(source.iter_rows(), first_row + 1):
        cells = [v if type(v) is str else TEXTS.get(type(v), str)(v) for v in values]
        text = "".join(cells)
        if not text.strip():
            continue
        if not text.isprintable():
            cells = [cell.translate(_ENDS) for cell in cells]
        row = [str(number_), *pad, *cells]
        if number_ in shaped:
            _show(row, shaped[number_], found)
        rows.append(row)
        if len(rows) == CHUNK:
            yield rows
            rows, room = [], room - CHUNK
        if len(rows) > room:
            found["too_much"] = "rows"
            return
    yield rows


def _show(row: list[str], shaped: list[tuple[int, str]], found: dict[str, Any]) -> None:
    """Write 0.0385 shown as 3.85% the way it is shown; tell what other formats show."""
    for column_, shape in shaped:
        text = row[column_] if column_ < len(row) else ""
        if shape == sheet_formats.PERCENT:
            with suppress(ValueError):
                row[column_] = number(round(float(text) * 100, 10)) + "%"
        elif shape == sheet_formats.SCALED:
            found["scaled"].append([int(row[0]), column_])
        elif text.isdigit():
            found["shown"].append([int(row[0]), column_, sheet_formats.shown(shape, text)])


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
        if not (data := sys.stdin.buffer.read()):
            # It waited for work that never came.
            return
        found = read(data, send)
    except MemoryError:
        found = {"error": "memory"}
    except Exception as problem:
        found = {"error": "broken", "detail": type(problem).__name__}
    send(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    # Nothing is left to do: giving back a million texts one by one takes longer than the rest of the exit.
    os._exit(0)
