"""A page change in an institution's list of 100,000 and 1,000,000 applications: filtered, sorted, deep.

Round trips over the websocket, against a bare counter of the same process; both events pass the same gate.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from bench import generate, table, wire
from cpegi_app import clock, db
from cpegi_app.vocabulary import Kind
from tests import factories
from tests.e2e.rawsocket import ROOT

SIZES = (100_000, 1_000_000)
ROUNDS, MIDDLES = 100, 6
FILTERS = {"status": "APPROVED", "word": "机械"}
STATE = f"{ROOT}.cpegi_app___state___application____request_list_state"
ORGS = 1_000
STATUSES = ("PENDING",) * 2 + ("RETURNED",) * 8 + ("APPROVED",) * 60 + ("REJECTED",) * 30
COLUMNS = (
    *(
        "created_at",
        "status",
        "stage",
        "version",
        "org_id",
        "submitted_at",
        "decided_at",
        "updated_at",
        "reason",
    ),
    *("field_reasons", "data", "product_id", "institution_id", "product_name", "applicant", "amount_fen"),
    *("term_months", "profile", "product_data", "conditions", "approved_fen", "approved_months"),
)


def fill(path: Path, bank: int, count: int) -> None:
    """Write applications straight into the table, the oldest first, over two years."""
    chance, now = Random(generate.SEED), clock.now()
    profile = json.dumps({f"figure_{n}": "1234.56" for n in range(40)})
    step = timedelta(days=730) / count

    def stamp(moment: datetime) -> str:
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")

    def rows() -> Iterator[tuple]:
        for n in range(count):
            at, status = stamp(now - timedelta(hours=2) - (count - n) * step), chance.choice(STATUSES)
            fen = chance.randrange(10**8, 10**11)
            decided = None if status == "PENDING" else at
            approved = fen if status == "APPROVED" else 0
            # An organisation has one open application a product.
            yield (
                at, status, 0, 2, 2 + n % ORGS, at, decided, at, "", "{}", "{}", 1 + n // ORGS, bank,
                f"科创贷{n % 9}号", generate.name(chance), fen, 12, profile, "{}", "{}", approved, 12,
            )  # fmt: skip

    with sqlite3.connect(path) as connection:
        place = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO application ({', '.join(COLUMNS)}) VALUES ({place})", rows())


def prepare(folder: Path, count: int) -> tuple[str, int]:
    """Return the address of a database with so many applications to one bank, and the bank's user."""
    address = f"sqlite:///{folder / f'{count}.sqlite3'}"
    db.configure(address)
    db.migrate()
    with db.transaction() as session:
        bank = factories.member(session, Kind.DEBT)
        for _ in range(ORGS):
            factories.organisation(session)
    fill(folder / f"{count}.sqlite3", bank.org_id or 0, count)
    return address, bank.user_id


def measure(count: int, folder: Path) -> dict[str, float]:
    """Return milliseconds: the counter, first looks, and page changes near the top, deep down, and sorted."""
    address, user = prepare(folder, count)
    with wire.served(folder, address) as (site, _):
        tab = wire.Tab(site, user)
        for _ in range(20):
            tab.count()
        found: dict[str, float] = {}
        times: dict[str, list[float]] = {}
        found["first look"] = tab.time(f"{STATE}.load", {}, '"rows_rx_state_":')[0]
        _counted(tab)
        _turns(tab, times, "plain", count // 20)
        found["first search"] = tab.time(f"{STATE}.search", {"data": FILTERS}, '"rows_rx_state_":')[0]
        found["counted"] = _counted(tab)
        # Page 5,000 of ten rows where the list has so many.
        _turns(tab, times, "filtered", min(5_000, count // 400))
        tab.time(f"{STATE}.reset_filters", {}, '"rows_rx_state_":')
        found["first sort"] = tab.time(f"{STATE}.sort_by", {"column": "amount"}, '"rows_rx_state_":')[0]
        _counted(tab)
        _turns(tab, times, "sorted", 100)
        middle = count // 20
        found["sorted middle"] = median(_turn(tab, middle + turn % 2) for turn in range(MIDDLES))
        tab.wire.close()
    for name, took in times.items():
        found[f"{name} median"], found[f"{name} p95"] = wire.middle_and_p95(took)
    return {"applications": count} | found


def _turns(tab: wire.Tab, times: dict[str, list[float]], name: str, deep: int) -> None:
    for turn in range(ROUNDS):
        # In turn, so that whatever else the machine does meets all of them.
        times.setdefault("counter", []).append(tab.count())
        times.setdefault(f"{name} page 1", []).append(_turn(tab, 1 + turn % 2))
        times.setdefault(f"{name} deep page", []).append(_turn(tab, deep + turn % 2))


def _counted(tab: wire.Tab) -> float:
    """Wait until the list is counted whole; return how long it took."""
    start = time.perf_counter()
    told = ""
    while '"counting_rx_state_":false' not in told and (told := tab.wire._next(3)):
        continue
    return (time.perf_counter() - start) * 1000


def _turn(tab: wire.Tab, page: int) -> float:
    took, told = tab.time(f"{STATE}.go_page", {"page": page}, f'"page_rx_state_":{page}')
    assert '"enterprise":' in told, told[:400]
    return took


def rows(folder: Path) -> list[table.Row]:
    """Measure every size; compare with the counter, and the large list with the small one."""
    found = []
    for size in SIZES:
        place = folder / str(size)
        place.mkdir()
        found.append(measure(size, place))
    small, large = found
    return [*_compared(small, large), _told(large), _middle(large)]


def _compared(small: dict[str, float], large: dict[str, float]) -> Iterator[table.Row]:
    for name in ("plain page 1", "plain deep page", "filtered page 1", "filtered deep page", "sorted page 1"):
        for figure in ("median", "p95"):
            took, bare, before = (
                large[f"{name} {figure}"],
                large[f"counter {figure}"],
                small[f"{name} {figure}"],
            )
            what = f"1,000,000 applications, {name}, {figure}, over the counter"
            yield table.at_most(what, took - bare, 10, "{:.1f} ms", f"{took:.1f} ms against {bare:.1f} ms")
            what = f"100,000 → 1,000,000 applications, {name}, {figure}, growth"
            yield table.at_most(what, took / before, 1.3, "{:.2f} times", f"{before:.1f} → {took:.1f} ms")


def _middle(large: dict[str, float]) -> table.Row:
    what = "1,000,000 applications, sorted, the page in the middle, which no button leads to"
    return table.told(what, f"{large['sorted middle']:.0f} ms")


def _told(large: dict[str, float]) -> table.Row:
    said = f"page after {large['first search']:.0f} ms, counted behind it within {large['counted']:.0f} ms"
    return table.told("1,000,000 applications, the first search", said)


BENCH = table.Bench("lists", "Turning the pages of a list of applications", rows)
