"""Reading a workbook that somebody sent: looked into, and meanwhile read by a guarded child process that may die."""

from __future__ import annotations

import codecs
import json
import re
import subprocess
import threading
from contextlib import suppress
from typing import Any

from pydantic import BaseModel

from cpegi_app.errors import DomainError
from cpegi_app.services import filetypes, guarded, spare
from cpegi_app.services.sheet_child import CELL_END, ROW_END, SHEET_CUT, SHEET_END

_CHILD = "sheet_child"
MAX_ROWS = 20_000
# So many rows are kept of a sheet that has too many: its headings, to know what it is.
FIRST_ROWS = 60


class WorkbookRefused(DomainError):
    """A workbook that cannot be read; the sentence says why and what to do next."""


class Sheet(BaseModel):
    """A visible sheet: rows are `[number, cell, …]`, blank rows left out; `part` is its place in the file.

    `errors` and `formulas` (without a result) are cells that show nothing to read, `merged` the ranges: row, column.
    `shown` are whole numbers that a format shows otherwise, with that text: 001234; `scaled` show less than there is.
    Of a sheet that is `too_much` only the first rows are here.
    """

    name: str
    part: str
    rows: list[list]
    hidden: int = 0
    errors: list[list[int]] = []
    formulas: list[list[int]] = []
    merged: list[list[int]] = []
    shown: list[list] = []
    scaled: list[list[int]] = []
    too_much: str = ""


class Workbook(BaseModel):
    """What a workbook shows; `unseen` are the visible sheets beyond those that are read."""

    sheets: list[Sheet]
    hidden_sheets: list[str] = []
    unseen: list[str] = []


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)?T\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)
_WHY = {
    "rows": f"的行数超过 {MAX_ROWS:,} 行上限，请拆分为多个文件后分别导入。",
    "columns": "的列数过多，请删除表格右侧多余的内容或格式后再导入。",
    "memory": "内容过大，无法读取。请删除多余的行、列、图片或格式后另存，再重新导入。",
    "broken": "无法读取，文件可能已损坏。请用 Excel 或 WPS 打开并另存为 .xlsx 后重新导入。",
}


def read(name: str, data: bytes) -> Workbook:
    """Return what the workbook shows, or refuse it with a sentence, in bounded time and memory."""
    label = f"文件“{filetypes.display_name(name)}”"
    rows, about = _ask_child(name, data, label)
    found = json.loads(about)
    if why := found.get("error"):
        raise _refusal(label, found.get("sheet", ""), why)
    sheets = [
        Sheet.model_construct(**sheet, rows=part) for sheet, part in zip(found["sheets"], rows, strict=True)
    ]
    return Workbook.model_construct(
        sheets=sheets, hidden_sheets=found["hidden_sheets"], unseen=found["unseen"]
    )


def whole(sheet: Sheet, name: str) -> Sheet:
    """Return a sheet that somebody needs, or refuse the workbook because there is too much of it."""
    if sheet.too_much:
        raise _refusal(f"文件“{filetypes.display_name(name)}”", sheet.name, sheet.too_much)
    return sheet


def _refusal(label: str, sheet: str, why: str) -> WorkbookRefused:
    where = f"的工作表“{sheet}”" if sheet else ""
    return WorkbookRefused(label + where + _WHY.get(why, _WHY["broken"]))


def seen(cell: str) -> str:
    """Return a cell as a person reads it: a date of Excel's without its T, its time only where there is one."""
    if not is_moment(cell):
        return cell
    day, _, clock = cell.partition("T")
    return day if day and clock == "00:00:00" else f"{day} {clock}".strip()


def is_moment(cell: str) -> bool:
    """Tell whether a cell holds what Excel keeps as a date or a time of day."""
    return "T" in cell and _MOMENT.fullmatch(cell) is not None


def _ask_child(name: str, data: bytes, label: str) -> tuple[list[list[list]], str]:
    """Return the sheets' rows and what the child says of the sheets.

    It reads while the file is looked into; its answer counts only if nothing was found.
    """
    filetypes.recognise(name, data, allowed=filetypes.WORKBOOKS)
    with spare.take(_CHILD) as child:
        late = threading.Timer(guarded.WALL_SECONDS, child.kill)
        late.start()
        try:
            _hand_over(child, data)
            filetypes.inspect(name, data, allowed=filetypes.WORKBOOKS)
            answer = _taken(child.stdout)
        finally:
            in_time = late.is_alive()
            late.cancel()
            child.kill()
    spare.prepare(_CHILD)
    if not in_time:
        raise WorkbookRefused(
            f"{label}读取超过 {guarded.WALL_SECONDS} 秒，请删除多余的格式或拆分后重新导入。"
        )
    if child.returncode or not answer[1]:
        raise WorkbookRefused(label + _WHY["memory"])
    return answer


def _hand_over(child: subprocess.Popen[bytes], data: bytes) -> None:
    """Give a child its work; one that dies over it has no answer, which is told from that."""
    assert child.stdin is not None
    with suppress(BrokenPipeError), child.stdin as stdin:
        stdin.write(data)


def _taken(answer: Any) -> tuple[list[list[list]], str]:
    """Take the child's answer apart while it still writes: sheets of rows of cells, and the line after the last row."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    sheets: list[list[list]] = []
    rows: list[list] = []
    rest = ""
    while part := answer.read1(1 << 18):
        *lines, rest = (rest + decode(part)).split(ROW_END)
        for line in lines:
            if line in (SHEET_END, SHEET_CUT):
                sheets.append(rows if line == SHEET_END else rows[:FIRST_ROWS])
                rows = []
                continue
            row: list[Any] = line.split(CELL_END)
            row[0] = int(row[0])
            rows.append(row)
    return sheets, rest
