"""Trial plus import of 10,000 rows: ours, the bare way, django-import-export; memory; the marked workbook."""

from __future__ import annotations

import io
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import TypeAdapter, create_model
from sqlmodel import Session

from bench import generate
from cpegi_app import db
from cpegi_app.access import Actor
from cpegi_app.services import (
    filetypes,
    offline_import,
    offline_loan,
    offline_marked,
    offline_trial,
    sheet_reader,
)
from cpegi_app.vocabulary import Kind
from tests import factories

ROWS, ROUNDS = 10_000, 5
ROOT = Path(__file__).resolve().parent.parent


def seconds(work: Callable[[], Any]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def newcomer() -> tuple[Actor, int]:
    """Return a bank that has filed nothing, and its empty batch."""
    with db.transaction() as session:
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


def ours(data: bytes) -> None:
    """Trial and import into a fresh batch."""
    actor, batch = newcomer()
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


def bare(data: bytes) -> None:
    """python-calamine, a compiled pydantic schema, executemany; nothing else."""
    from python_calamine import load_workbook

    names = list(Bare.model_fields)
    sheet = load_workbook(io.BytesIO(data)).get_sheet_by_index(0)
    rows = [dict(zip(names, [*r, *[""] * (22 - len(r))], strict=True)) for r in sheet.to_python()[1:]]
    models = BARE.validate_python(rows)
    connection = sqlite3.connect(os.environ["BENCH_BARE"])
    connection.execute("DROP TABLE IF EXISTS loan")
    connection.execute(f"CREATE TABLE loan (id INTEGER PRIMARY KEY, {', '.join(names)})")
    place = ", ".join("?" * len(names))
    connection.executemany(
        f"INSERT INTO loan ({', '.join(names)}) VALUES ({place})",
        [tuple(str(v) if isinstance(v, Decimal | date) else v for v in m.__dict__.values()) for m in models],
    )
    connection.commit()
    connection.close()


def django(data: bytes, tuned: bool) -> float:
    """Run django-import-export in its own environment; None when it is not installed."""
    python = os.environ.get("BENCH_PYTHON", str(ROOT / ".venv-bench/bin/python"))
    path = Path(os.environ["BENCH_BARE"]).with_name("bench.xlsx")
    path.write_bytes(data)
    command = [python, str(ROOT / "bench/django_way.py"), str(path), "tuned" if tuned else "plain"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=path.parent)
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def peak_mb() -> float:
    """Return this process's and its children's highest memory, in MB."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def memory_of(count: int) -> float:
    """Return the MB that an import of `count` rows needs over the idle process, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.imports", "memory", str(count)],
        capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ,
    )  # fmt: skip
    return float(done.stdout.splitlines()[-1])


def _memory(count: int) -> None:
    path = Path(os.environ["BENCH_BARE"]).with_name(f"rows{count}.xlsx")
    data = path.read_bytes()
    db.configure(f"sqlite:///{tempfile.mkdtemp(dir=path.parent)}/memory.sqlite3")
    db.migrate()
    actor, batch = newcomer()
    sheet_reader.read("small.xlsx", generate.workbook(10))
    idle = peak_mb()
    number = trial(actor, batch, data)
    with db.transaction() as session:
        offline_import.import_good(session, actor, number)
    print(peak_mb() - idle)


def marked() -> float:
    """Return how long the marked workbook of 10,000 rows with 500 bad cells takes."""
    data = generate.workbook(ROWS, 500)
    layout = offline_import.read("bench.xlsx", data)
    found = offline_trial.cells(layout)
    assert found.bad == 500
    return seconds(lambda: offline_marked.mark(data, found.part, offline_marked.marks(found.findings)))


def measure() -> dict[str, float]:
    """Return every figure of the imports, in seconds and MB; the ways take turns."""
    data = generate.workbook(ROWS)
    ours(data)
    bare(data)
    mine, plain = [], []
    for _ in range(ROUNDS):
        plain.append(seconds(lambda: bare(data)))
        mine.append(seconds(lambda: ours(data)))
    path = Path(os.environ["BENCH_BARE"]).with_name("rows20000.xlsx")
    path.write_bytes(generate.workbook(20_000))
    found = {"ours": median(mine), "bare": median(plain), "marked": marked(), "memory": memory_of(20_000)}
    for name, tuned in (("django_tuned", True), ("django_plain", False)):
        try:
            found[name] = django(data, tuned)
        except (OSError, subprocess.CalledProcessError) as problem:
            print(f"{name}: not measured ({problem})", file=sys.stderr)
    return found


def inspect_seconds() -> float:
    """Return what the first look into the file costs."""
    data = generate.workbook(ROWS)
    return seconds(lambda: filetypes.inspect("a.xlsx", data, allowed=filetypes.WORKBOOKS))


if __name__ == "__main__":
    if sys.argv[1:2] == ["memory"]:
        _memory(int(sys.argv[2]))
    else:
        db.migrate()
        print(json.dumps(measure(), indent=1))
    assert Session
