"""A page change in the loan book at 100,000 and 1,000,000 loans, filtered by status and a word of the name.

Round trips over the websocket, against a bare counter of the same process; both events pass the same gate.
"""

from __future__ import annotations

import json
import sqlite3
import time
from datetime import timedelta
from pathlib import Path
from random import Random

from bench import generate, wire
from cpegi_app import clock, db
from tests import factories
from tests.e2e.rawsocket import ROOT

SIZES = (100_000, 1_000_000)
ROUNDS = 100
FILTERS = {"status": "ACTIVE", "word": "机械"}
STATE = f"{ROOT}.cpegi_app___state___loan_book____staff_book_state"
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


def prepare(folder: Path, count: int) -> tuple[str, int]:
    """Return the address of a book of so many loans, and one of the staff."""
    address = f"sqlite:///{folder / f'{count}.sqlite3'}"
    db.configure(address)
    db.migrate()
    with db.transaction() as session:
        staff, bank = factories.staff(session), factories.organisation(session)
    fill(folder / f"{count}.sqlite3", bank.id or 0, count)
    return address, staff.user_id


def measure(count: int, folder: Path) -> dict[str, float]:
    """Return milliseconds: the counter, the first search, its count, page changes at the first and a deep page."""
    address, user = prepare(folder, count)
    with wire.served(folder, address) as (site, _):
        tab = wire.Tab(site, user)
        for _ in range(20):
            tab.count()
        found = _search(tab)
        # Page 5,000 of ten rows where the list has so many: one loan in twelve and a half is on it.
        deep = min(5_000, count // 200)
        times: dict[str, list[float]] = {"counter": [], "page 1": [], "deep page": []}
        for turn in range(ROUNDS):
            # In turn, so that whatever else the machine does meets all of them.
            times["counter"].append(tab.count())
            times["page 1"].append(_turn(tab, 1 + turn % 2))
            times["deep page"].append(_turn(tab, deep + turn % 2))
        tab.wire.close()
    for name, took in times.items():
        found[f"{name} median"], found[f"{name} p95"] = wire.middle_and_p95(took)
    return {"loans": count, "deep": deep} | found


def _search(tab: wire.Tab) -> dict[str, float]:
    start = time.perf_counter()
    first, told = tab.time(f"{STATE}.search", {"data": FILTERS}, '"rows_rx_state_":')
    while '"counting_rx_state_":false' not in told:
        told = tab.wire._next(30)
    return {"first search": first, "counted": (time.perf_counter() - start) * 1000}


def _turn(tab: wire.Tab, page: int) -> float:
    took, told = tab.time(f"{STATE}.go_page", {"page": page}, f'"page_rx_state_":{page}')
    assert '"borrower":' in told, told[:400]
    return took


def run() -> dict[int, dict[str, float]]:
    """Measure every size."""
    found = {}
    for size in SIZES:
        with wire.scratch() as folder:
            found[size] = measure(size, folder)
    return found


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
