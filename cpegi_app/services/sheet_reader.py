"""Reading a workbook that somebody sent: looked into, and meanwhile read by a guarded child process that may die."""

from __future__ import annotations

import codecs
import json
import subprocess
import tempfile
import threading
from typing import Any

from pydantic import BaseModel

from cpegi_app.errors import DomainError
from cpegi_app.services import filetypes, guarded
from cpegi_app.services.sheet_child import CELL_END, ROW_END, SHEET_END

MAX_ROWS = 20_000


class WorkbookRefused(DomainError):
    """A workbook that cannot be read; the sentence says why and what to do next."""


class Sheet(BaseModel):
    """A visible sheet: rows are `[number, cell, …]`, blank rows left out; `part` is its place in the file.

    `errors` and `formulas` (without a result) are cells that show nothing to read, `merged` the ranges: row, column.
    """

    name: str
    part: str
    rows: list[list]
    hidden: int = 0
    errors: list[list[int]] = []
    formulas: list[list[int]] = []
    merged: list[list[int]] = []


class Workbook(BaseModel):
    """What a workbook shows; `unseen` are the visible sheets beyond those that are read."""

    sheets: list[Sheet]
    hidden_sheets: list[str] = []
    unseen: list[str] = []


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
        sheet = f"的工作表“{found['sheet']}”" if found.get("sheet") else ""
        raise WorkbookRefused(label + sheet + _WHY.get(why, _WHY["broken"]))
    sheets = [
        Sheet.model_construct(**sheet, rows=part) for sheet, part in zip(found["sheets"], rows, strict=True)
    ]
    return Workbook.model_construct(
        sheets=sheets, hidden_sheets=found["hidden_sheets"], unseen=found["unseen"]
    )


def _ask_child(name: str, data: bytes, label: str) -> tuple[list[list[list]], str]:
    """Return the sheets' rows and what the child says of the sheets.

    It reads while the file is looked into; its answer counts only if nothing was found.
    """
    filetypes.recognise(name, data, allowed=filetypes.WORKBOOKS)
    command = guarded.command("sheet_child")
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        ends: dict[str, Any] = {"stdin": file, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, **ends) as child:
            late = threading.Timer(guarded.WALL_SECONDS, child.kill)
            late.start()
            try:
                filetypes.inspect(name, data, allowed=filetypes.WORKBOOKS)
                answer = _taken(child.stdout)
            finally:
                in_time = late.is_alive()
                late.cancel()
                child.kill()
    if not in_time:
        raise WorkbookRefused(
            f"{label}读取超过 {guarded.WALL_SECONDS} 秒，请删除多余的格式或拆分后重新导入。"
        )
    if child.returncode or not answer[1]:
        raise WorkbookRefused(label + _WHY["memory"])
    return answer


def _taken(answer: Any) -> tuple[list[list[list]], str]:
    """Take the child's answer apart while it still writes: sheets of rows of cells, and the line after the last row."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    sheets: list[list[list]] = []
    rows: list[list] = []
    rest = ""
    while part := answer.read1(1 << 18):
        *lines, rest = (rest + decode(part)).split(ROW_END)
        for line in lines:
            if line == SHEET_END:
                sheets.append(rows)
                rows = []
                continue
            row: list[Any] = line.split(CELL_END)
            row[0] = int(row[0])
            rows.append(row)
    return sheets, rest
