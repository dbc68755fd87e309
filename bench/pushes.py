"""A page change in 推送记录 of one product at 100,000 and 1,000,000 pushes, against a bare counter of the same process."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

from bench import generate, table, wire
from bench.lists import COLUMNS as APPLICATION
from cpegi_app import clock, db
from cpegi_app.access import PRODUCT_PUSHES
from cpegi_app.vocabulary import Kind
from tests import factories, worlds
from tests.e2e.rawsocket import ROOT

SIZES = (100_000, 1_000_000)
ROUNDS, ORGS, APPLIED = 60, 1_000, 500
STATE = f"{ROOT}.cpegi_app___state___matching____product_pushes_state"


def prepare(folder: Path, count: int) -> tuple[str, int, int]:
    """Return the address of a filled database, the bank's user, and the product that was pushed."""
    address = f"sqlite:///{folder / 'pushes.sqlite3'}"
    db.configure(address)
    db.migrate()
    with db.transaction() as session:
        bank = factories.member(session, Kind.DEBT)
        product_id = worlds.listed_product(session, bank).id or 0
        first = factories.organisation(session).id or 0
        for _ in range(ORGS):
            factories.organisation(session)
        session.connection().exec_driver_sql("DELETE FROM push_run")
    fill(folder / "pushes.sqlite3", bank.org_id or 0, product_id, first, count)
    return address, bank.user_id, product_id


def fill(path: Path, bank: int, product_id: int, first: int, count: int) -> None:
    """Write pushes straight into the table, a third of them read, and some applications."""
    chance, start = Random(generate.SEED), clock.now() - timedelta(days=90)

    def stamp(seconds: float) -> str:
        return (start + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")

    def pushes() -> Iterator[tuple]:
        for n in range(count):
            read = stamp(n + 60) if chance.randrange(3) == 0 else None
            yield stamp(n / 2), product_id, first + n % ORGS, 1 + n // ORGS, read

    def applications() -> Iterator[tuple]:
        for n in range(APPLIED):
            at, fen = stamp(count), chance.randrange(10**8, 10**11)
            yield (
                at, "PENDING", 0, 2, first + n, at, None, at, "", "{}", "{}", product_id, bank,
                "科创贷", generate.name(chance), fen, 12, "{}", "{}", "{}", 0, 12,
            )  # fmt: skip

    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO product_push (created_at, product_id, org_id, version, read_at) VALUES (?, ?, ?, ?, ?)",
            pushes(),
        )
        place = ", ".join("?" * len(APPLICATION))
        connection.executemany(
            f"INSERT INTO application ({', '.join(APPLICATION)}, authorised_at) "
            f"VALUES ({place}, '{stamp(count)}')",
            applications(),
        )
        connection.execute("ANALYZE")


def measure(folder: Path, count: int) -> dict[str, float]:
    """Return milliseconds of page changes near the top, deep down and among what was read, and of the counter."""
    address, user, product_id = prepare(folder, count)
    with wire.served(folder, address) as (site, _):
        tab = wire.Tab(site, user)
        for _ in range(20):
            tab.count()
        query = {"pid": str(product_id)}
        router = {
            "pathname": PRODUCT_PUSHES.route,
            "asPath": PRODUCT_PUSHES.url(pid=product_id),
            "query": query,
        }
        found = {"first look": tab.time(f"{STATE}.load", {}, '"rows_rx_state_":', **router)[0]}
        times: dict[str, list[float]] = {}
        deep = count // 20
        tab.wire.collect(quiet=4)
        _turns(tab, times, {"page 1": lambda n: 1 + n % 2, "deep page": lambda n: deep + n % 2})
        tab.time(f"{STATE}.search", {"data": {"read": "YES"}}, '"rows_rx_state_":')
        tab.wire.collect(quiet=4)
        _turns(tab, times, {"read, page 1": lambda n: 1 + n % 2})
        tab.wire.close()
    for name, took in times.items():
        found[f"{name} median"], found[f"{name} p95"] = wire.middle_and_p95(took)
    return found


def _turns(tab: wire.Tab, times: dict[str, list[float]], pages: dict[str, Callable[[int], int]]) -> None:
    for turn in range(ROUNDS):
        # In turn, so that whatever else the machine does meets all of them.
        times.setdefault("counter", []).append(tab.count())
        for name, page in pages.items():
            number = page(turn)
            took, told = tab.time(f"{STATE}.go_page", {"page": number}, f'"page_rx_state_":{number}')
            assert '"enterprise":' in told, told[:400]
            times.setdefault(name, []).append(took)


def rows(folder: Path) -> list[table.Row]:
    """Measure both sizes; compare with the counter, and the large log with the small one."""
    found = []
    for size in SIZES:
        place = folder / str(size)
        place.mkdir()
        found.append(measure(place, size))
    small, large = found
    return [
        *_compared(small, large),
        table.told("1,000,000 pushes, the first look", f"{large['first look']:.0f} ms"),
    ]


def _compared(small: dict[str, float], large: dict[str, float]) -> Iterator[table.Row]:
    for name in ("page 1", "deep page", "read, page 1"):
        took, bare, before = (
            found[f"{key} median"] for found, key in ((large, name), (large, "counter"), (small, name))
        )
        figures = f"{took:.1f} ms against {bare:.1f} ms"
        yield table.at_most(
            f"1,000,000 pushes, {name}, median over the counter", took - bare, 10, "{:.1f} ms", figures
        )
        what = f"100,000 → 1,000,000 pushes, {name}, median, growth"
        yield table.at_most(what, took / before, 1.3, "{:.2f} times", f"{before:.1f} → {took:.1f} ms")


BENCH = table.Bench("pushes", "推送记录 of one product at 1,000,000 pushes", rows)
