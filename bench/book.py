"""A page of the loan book at 100,000 and 1,000,000 loans, filtered by status and a word: the service with its queries.

The round trip over the websocket is not in these figures.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles

from bench import generate
from cpegi_app import clock, db
from cpegi_app.services import loan_book
from tests import factories

SIZES = (100_000, 1_000_000)
FILTERS = {"status": "ACTIVE", "word": "机械"}
COLUMNS = (
    *("created_at", "source", "institution_id", "borrower_name", "borrower_code", "contract_no", "iou_no"),
    *("contract_fen", "amount_fen", "lent_on", "due_on", "rate_bp", "guarantee", "repayment", "is_first"),
    *("industry", "scale", "guarantor", "purpose", "balance_fen", "five_class"),
)


def fill(path: Path, bank: int, count: int) -> None:
    """Write loans straight into the table."""
    chance, today = Random(generate.SEED), clock.today()

    def rows():
        now = clock.now().strftime("%Y-%m-%d %H:%M:%S.%f")
        for n in range(count):
            due = today + timedelta(days=chance.randrange(-200, 800))
            fen = chance.randrange(10**8, 10**11)
            yield (
                now, "OFFLINE", bank, generate.name(chance), "91410100MA00000210", f"HT{n}", f"JJ{n}", fen, fen,
                str(today - timedelta(days=300)), str(due), 400, "CREDIT", "BULLET", "", "C", "SMALL", "", "", fen, "NORMAL",
            )  # fmt: skip

    with sqlite3.connect(path) as connection:
        place = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO loan ({', '.join(COLUMNS)}) VALUES ({place})", rows())


def measure(count: int, folder: Path) -> dict[str, float]:
    """Return the milliseconds of the first search and of page changes at page 1 and a deep page."""
    path = folder / f"{count}.sqlite3"
    db.configure(f"sqlite:///{path}")
    db.migrate()
    with db.transaction() as session:
        staff, bank = factories.staff(session), factories.organisation(session)
    fill(path, bank.id or 0, count)
    found: dict[str, float] = {}

    def turn(page: int) -> float:
        start = time.perf_counter()
        with db.reading() as session:
            rows = loan_book.page(session, staff, FILTERS, page=page, size=10).rows
        assert len(rows) == 10
        return (time.perf_counter() - start) * 1000

    found["first search"] = turn(1)
    deep = min(5_000, count // 200)
    for name, page in (("page 1", 1), ("deep page", deep)):
        times = [turn(page + n % 3) for n in range(60)]
        found[f"{name} median"], found[f"{name} p95"] = median(times), quantiles(times, n=20)[-1]
    return {"loans": count, "deep": deep} | found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for size in SIZES:
            print(json.dumps(measure(size, Path(place))), flush=True)
