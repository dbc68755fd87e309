"""Reading a workbook that somebody sent: looked into first, then read by a child process that may die."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel

from cpegi_app.errors import DomainError
from cpegi_app.services import filetypes

WALL_SECONDS = 15
CHILD = Path(__file__).with_name("sheet_child.py")
MAX_ROWS = 20_000


class WorkbookRefused(DomainError):
    """A workbook that cannot be read; the sentence says why and what to do next."""


class Sheet(BaseModel):
    """A visible sheet: rows are `[number, cell, …]`, blank rows left out; `part` is its place in the file."""

    name: str
    part: str
    rows: list[list]
    hidden: int = 0


class Workbook(BaseModel):
    """What a workbook shows."""

    sheets: list[Sheet]
    hidden_sheets: list[str] = []


_WHY = {
    "rows": f"的行数超过 {MAX_ROWS:,} 行上限，请拆分为多个文件后分别导入。",
    "columns": "的列数过多，请删除表格右侧多余的内容或格式后再导入。",
    "memory": "内容过大，无法读取。请删除多余的行、列、图片或格式后另存，再重新导入。",
    "broken": "无法读取，文件可能已损坏。请用 Excel 或 WPS 打开并另存为 .xlsx 后重新导入。",
}


def read(name: str, data: bytes) -> Workbook:
    """Return what the workbook shows, or refuse it with a sentence, in bounded time and memory."""
    label = f"文件“{filetypes.display_name(name)}”"
    first, *lines = _ask_child(name, data, label).splitlines()
    found = json.loads(first)
    if why := found.get("error"):
        sheet = f"的工作表“{found['sheet']}”" if found.get("sheet") else ""
        raise WorkbookRefused(label + sheet + _WHY.get(why, _WHY["broken"]))
    sheets = [Sheet.model_construct(**s, rows=[]) for s in found["sheets"]]
    for line in lines:
        number, rows = json.loads(line)
        sheets[number].rows.extend(rows)
    return Workbook.model_construct(sheets=sheets, hidden_sheets=found["hidden_sheets"])


def _ask_child(name: str, data: bytes, label: str) -> bytes:
    # -I: neither the environment nor the working directory may put modules in the child's way.
    command = [sys.executable, "-I", str(CHILD)]
    pipe = subprocess.PIPE
    # The child starts while the first look goes on; it gets the file only when that has found nothing.
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as child:
        try:
            filetypes.inspect(name, data, allowed=filetypes.WORKBOOKS)
            answer, _ = child.communicate(data, timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise WorkbookRefused(
                f"{label}读取超过 {WALL_SECONDS} 秒，请删除多余的格式或拆分后重新导入。"
            ) from None
        finally:
            child.kill()
    if child.returncode or not answer:
        raise WorkbookRefused(label + _WHY["memory"])
    return answer
