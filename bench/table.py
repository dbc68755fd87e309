"""What a bench finds, and how docs/performance.md shows it: one table a bench, the words around it stay."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cpegi_app import clock

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
HEAD = "| what | at most | measured | in figures | met |\n| --- | --- | --- | --- | --- |\n"


@dataclass(frozen=True)
class Row:
    """One line of a table: what, its target, what was measured, the figures behind it, whether the target is met."""

    what: str
    target: str
    measured: str
    figures: str
    ok: bool | None

    def line(self) -> str:
        """Return the line as Markdown."""
        met = {True: "yes", False: "**no**", None: ""}[self.ok]
        return f"| {self.what} | {self.target} | {self.measured} | {self.figures} | {met} |\n"


@dataclass(frozen=True)
class Bench:
    """A bench: `measure` gets a folder of its own, gone afterwards, and returns the rows of its table."""

    name: str
    title: str
    measure: Callable[[Path], list[Row]]


def at_most(what: str, value: float, limit: float, shape: str, figures: str = "") -> Row:
    """Return the row of a figure that should not exceed its limit; `shape` formats both."""
    return Row(what, shape.format(limit), shape.format(value), figures, value <= limit)


def told(what: str, measured: str, figures: str = "") -> Row:
    """Return the row of a figure without a target."""
    return Row(what, "", measured, figures, None)


def marks(name: str) -> tuple[str, str]:
    """Return the lines between which a bench's table stands in the page."""
    return f"<!-- bench: {name} -->", f"<!-- end: {name} -->"


def load() -> str:
    """Return how busy the machine is, the measurement left out of account."""
    return f"{os.getloadavg()[0]:.1f}"


def machine() -> str:
    """Return the kind of machine in general words."""
    return (
        f"{os.cpu_count()} processors ({platform.machine()}), {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def write_total(seconds: float, limit: float) -> None:
    """Put into the page how long all benches took together."""
    start, end = marks("total")
    row = at_most("all benches in one run", seconds / 60, limit / 60, "{:.1f} min")
    _put(start, end, f"{HEAD}{row.line()}\nMeasured {clock.today()}: {machine()}.\n")


def write(bench: Bench, rows: list[Row], before: str) -> None:
    """Put a bench's table in its place in the page."""
    start, end = marks(bench.name)
    when = f"Measured {clock.today()}: {machine()}; load {before} before, {load()} after.\n"
    _put(start, end, f"{HEAD}{''.join(row.line() for row in rows)}\n{when}")


def _put(start: str, end: str, content: str) -> None:
    text = PAGE.read_text()
    section = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if not section.search(text):
        raise SystemExit(f"{PAGE.name} has no place for the bench: put {start} and {end} into it.")
    PAGE.write_text(section.sub(lambda _: f"{start}\n{content}{end}", text))
