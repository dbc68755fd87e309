"""Trial plus import of 10,000 rows: ours, the bare way, django-import-export; and the marked workbook.

The bare way knows no rule of the domain and keeps no trial: it reads, gives the cells their types, and writes.
"""

from __future__ import annotations

import gc
import io
import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import TypeAdapter, create_model
from sqlalchemy import delete

from bench import generate, table
from cpegi_app import db
from cpegi_app.access import Actor
from cpegi_app.models import FilingImport, OfflineLoan
from cpegi_app.services import offline_import, offline_loan, offline_marked, offline_trial
from cpegi_app.services.offline_form import SPECS
from cpegi_app.vocabulary import Kind
from tests import factories

ROWS, BAD, ROUNDS, TUNED = 10_000, 500, 12, 6
DJANGO = table.ROOT / ".venv-bench/bin/python"


def seconds(work: Callable[..., Any], *arguments: Any) -> tuple[float, float]:
    """Return how long something takes, and the processor's time for it, children's included."""
    start, before = time.perf_counter(), os.times()
    work(*arguments)
    took, after = time.perf_counter() - start, os.times()
    return took, sum(after[:4]) - sum(before[:4])


def newcomer() -> tuple[Actor, int]:
    """Return a bank that has filed nothing, as nobody has, and its empty batch."""
    with db.transaction() as session:
        for emptied in (OfflineLoan, FilingImport):
            session.connection().execute(delete(emptied))
        actor = factories.member(session, Kind.DEBT)
        batch = offline_loan.new_batch(session, actor, {"name": "bench", "period": "2026-11"})
        return actor, batch.id or 0


def trial(actor: Actor, batch: int, data: bytes) -> int:
    """Do what the page does: read, check, compare, keep; each step in the transaction that it needs."""
    layout = offline_import.read("bench.xlsx", data)
    found = offline_trial.cells(layout)
    with db.reading() as session:
        known = offline_import.facts(session, actor, batch, found)
    found = offline_trial.finish(found, known, layout)
    with db.transaction() as session:
        return offline_import.keep(session, actor, batch, "bench.xlsx", data, found)


def ours(data: bytes, actor: Actor, batch: int) -> None:
    """Trial and import into a fresh batch."""
    number = trial(actor, batch, data)
    with db.transaction() as session:
        seen = offline_import.import_good(session, actor, number)
    assert seen.imported == ROWS, seen


# The 22 columns, typed; no rule of the domain.
KINDS = (
    [str] * 6
    + [Decimal, Decimal, date, date, Decimal, str, str, Decimal | str, str, str, str, Decimal | str]
    + [str] * 4
)
Bare: Any = create_model("Bare", **{f"c{i}": (kind, ...) for i, kind in enumerate(KINDS)})
BARE = TypeAdapter(list[Bare])


def bare(data: bytes, path: Path) -> None:
    """Read with python-calamine, check with a compiled pydantic schema, write with executemany; nothing else."""
    from python_calamine import load_workbook

    names = list(Bare.model_fields)
    sheet = load_workbook(io.BytesIO(data)).get_sheet_by_index(0)
    rows = [dict(zip(names, [*r, *[""] * (22 - len(r))], strict=True)) for r in sheet.to_python()[1:]]
    models = BARE.validate_python(rows)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE IF EXISTS loan")
    connection.execute(f"CREATE TABLE loan (id INTEGER PRIMARY KEY, {', '.join(names)})")
    place = ", ".join("?" * len(names))
    connection.executemany(
        f"INSERT INTO loan ({', '.join(names)}) VALUES ({place})",
        [tuple(str(v) if isinstance(v, Decimal | date) else v for v in m.__dict__.values()) for m in models],
    )
    connection.commit()
    connection.close()


def django(data: bytes, folder: Path, tuned: bool) -> float:
    """Return the seconds of django-import-export, in the environment of its own."""
    path = folder / "django.xlsx"
    path.write_bytes(data)
    command = [DJANGO, table.ROOT / "bench/django_way.py", path, "tuned" if tuned else "plain"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        raise RuntimeError(f"django-import-export failed:\n{done.stderr[-2000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def marked() -> Callable[[], bytes]:
    """Return what marks a workbook of 10,000 rows with 500 bad cells."""
    data = generate.workbook(ROWS, BAD)
    layout = offline_import.read("bench.xlsx", data)
    nothing = offline_trial.Facts(there={}, lent={}, online={}, names={})
    found = offline_trial.finish(offline_trial.cells(layout), nothing, layout)
    assert found.bad == BAD
    return lambda: offline_marked.mark(data, found.part, offline_marked.marks(found.findings))


def measure(folder: Path) -> list[table.Row]:
    """Let the ways take turns; return their ratios."""
    db.configure(f"sqlite:///{folder / 'imports.sqlite3'}")
    db.migrate()
    data, mark = generate.workbook(ROWS), marked()
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in ("ours", "bare", "marked", "tuned")}
    # As the served site does once it has started.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    for turn in range(ROUNDS + 1):
        took["ours"].append(seconds(ours, data, *newcomer()))
        took["bare"].append(seconds(bare, data, folder / "bare.sqlite3"))
        took["marked"].append(seconds(mark))
        if turn % TUNED == TUNED - 1:
            took["tuned"].append((django(data, folder, tuned=True), 0))
    # The first turn warms.
    middle = {
        name: [median(figures) for figures in zip(*times[1:], strict=True)] for name, times in took.items()
    }
    return rows(middle, django(data, folder, tuned=False))


def rows(middle: dict[str, list[float]], plain: float) -> list[table.Row]:
    """Return the lines of the table from the seconds; the library alone is asked once as it comes: it takes so long."""
    (mine, work), (bare_way, bare_work), tuned = middle["ours"], middle["bare"], middle["tuned"][0]
    what = f"trial plus import of {ROWS:,} rows × {len(SPECS)} columns, against"
    library, against = "django-import-export", f"{mine:.2f} s against {{:.2f}} s"
    fold, part = "{:.2f} times", "{:.3f} times"
    marked_what = f"marked workbook of {ROWS:,} rows with {BAD} bad cells"
    return [
        table.at_most(f"{what} the bare way", mine / bare_way, 2, fold, against.format(bare_way)),
        table.told("the same, processor time only", fold.format(work / bare_work), f"{work:.2f} s against {bare_work:.2f} s"),
        table.at_most(f"{what} {library} as it comes (1/25)", mine / plain, 1 / 25, part, against.format(plain)),
        table.at_most(f"{what} {library} tuned (1/6)", mine / tuned, 1 / 6, part, against.format(tuned)),
        table.at_most(marked_what, middle["marked"][0], 5, "{:.2f} s"),
    ]  # fmt: skip


BENCH = table.Bench("imports", "Importing a workbook", measure)
