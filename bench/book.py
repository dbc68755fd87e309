"""A page change in the loan book at 100,000 and 1,000,000 loans, filtered by status and a word of the name.

Round trips over the websocket, against a bare counter of the same process; both events pass the same gate. Both books are
served at once and take turns, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

from bench import generate, table, wire
from cpegi_app import clock, db
from tests import factories
from tests.e2e.rawsocket import ROOT

SMALL, LARGE = 100_000, 1_000_000
ROUNDS, WARM = 250, 20
PAGES = ("page 1", "deep page")
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
    address = f"sqlite:///{folder / 'book.sqlite3'}"
    db.configure(address)
    db.migrate()
    with db.transaction() as session:
        staff, bank = factories.staff(session), factories.organisation(session)
    fill(folder / "book.sqlite3", bank.id or 0, count)
    return address, staff.user_id


class Reader:
    """One of the staff who turns the pages of a book, with the times of every round trip."""

    def __init__(self, site: str, address: str, user: int, count: int) -> None:
        db.configure(address)
        self.tab, self.turn = wire.Tab(site, user), 0
        # Page 5,000 of ten rows where the list has so many: one loan in twelve and a half is on it.
        self.deep = min(5_000, count // 200)
        self.times: dict[str, list[float]] = {"counter": [], **{page: [] for page in PAGES}}
        for _ in range(WARM):
            self.tab.count()
        self.first, self.counted = self._search()

    def _search(self) -> tuple[float, float]:
        start = time.perf_counter()
        first, told = self.tab.time(f"{STATE}.search", {"data": FILTERS}, '"rows_rx_state_":')
        while '"counting_rx_state_":false' not in told:
            told = self.tab.wire._next(30)
        return first, (time.perf_counter() - start) * 1000

    def round(self) -> None:
        """Time the counter, a first page and a deep one."""
        self.turn += 1
        self.times["counter"].append(self.tab.count())
        for name, page in zip(PAGES, (1, self.deep), strict=True):
            self.times[name].append(self._go(page + self.turn % 2))

    def _go(self, page: int) -> float:
        took, told = self.tab.time(f"{STATE}.go_page", {"page": page}, f'"page_rx_state_":{page}')
        assert '"borrower":' in told, told[:400]
        return took

    def figures(self) -> dict[str, tuple[float, float]]:
        """Return median and p95 of each."""
        return {name: wire.middle_and_p95(took) for name, took in self.times.items()}


def measure(folder: Path) -> list[table.Row]:
    """Serve both books, read in them in turn, compare."""
    with ExitStack() as stack:
        readers = []
        for count in (SMALL, LARGE):
            place = folder / str(count)
            place.mkdir()
            address, user = prepare(place, count)
            site, _ = stack.enter_context(wire.served(place, address))
            readers.append(Reader(site, address, user, count))
        for _ in range(ROUNDS):
            for reader in readers:
                reader.round()
        for reader in readers:
            reader.tab.wire.close()
    return [*_rows(*(r.figures() for r in readers), readers[1].deep), _searched(readers[1])]


def _rows(small: dict, large: dict, deep: int) -> Iterator[table.Row]:
    for page in PAGES:
        name = "page 1" if page == "page 1" else f"page {deep:,}"
        for at, figure in enumerate(("median", "p95")):
            took, bare, before = large[page][at], large["counter"][at], small[page][at]
            against = f"{took:.1f} ms against {bare:.1f} ms"
            what = f"{LARGE:,} loans, {name}, {figure}, over the counter"
            yield table.at_most(what, took - bare, 10, "{:.1f} ms", against)
            what = f"{SMALL:,} → {LARGE:,} loans, {'page 1' if page == 'page 1' else 'deep page'}, {figure}, growth"
            yield table.at_most(what, took / before, 1.3, "{:.2f} times", f"{before:.1f} → {took:.1f} ms")


def _searched(reader: Reader) -> table.Row:
    said = f"page after {reader.first:.0f} ms, the whole list counted behind it after {reader.counted:.0f} ms"
    return table.told(f"{LARGE:,} loans, the first search with these filters", said)


BENCH = table.Bench("book", "Turning the pages of the loan book", measure)
