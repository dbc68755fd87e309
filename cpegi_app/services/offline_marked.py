"""The clerk's own workbook with the wrong cells coloured and commented, everything else as it was.

What is wrong stands in comments. A guarded child does the work: nobody has looked into all parts of the file before.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from cpegi_app.errors import DomainError
from cpegi_app.services import guarded
from cpegi_app.services.sheet_comments import AUTHOR, COMMENTS, letters
from cpegi_app.services.sheet_marker import FILLS, Marks

__all__ = ["AUTHOR", "COMMENTS", "FILLS", "Marks", "Unmarkable", "letters", "mark", "marks"]


class Unmarkable(DomainError):
    """A workbook whose parts are not as expected; the list on the page says the same."""

    def __init__(self) -> None:
        super().__init__("这份文件的内部格式特殊，无法标注。请按页面上的错误列表修改，或下载模板重新填写。")


def marks(findings: Sequence[Sequence]) -> Marks:
    """Return what to mark from a trial's findings; several at one cell become one comment."""
    found: Marks = {}
    for kind, row, column, _name, _value, text, right in findings:
        if not column:
            continue
        said = f"{text}。\n正确填写：{right}" if kind == "bad" and right else f"{text}。"
        before = found.get((row, column))
        found[row, column] = (before[0], f"{before[1]}\n{said}") if before else (kind, said)
    return found


def mark(data: bytes, part: str, found: Marks) -> bytes:
    """Return the workbook with the cells of one sheet marked, in bounded time and memory."""
    asked = [part, [[*place, *said] for place, said in found.items()]]
    task = json.dumps(asked).encode() + b"\n" + data
    command = guarded.command("sheet_marker")
    try:
        done = subprocess.run(
            command,
            input=task,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=guarded.WALL_SECONDS,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as problem:
        raise Unmarkable from problem
    return done.stdout
