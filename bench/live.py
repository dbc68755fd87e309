"""An import in the served site, what it costs in memory and others feel of it; and how soon news arrives."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median

import psutil

from bench import generate, table, wire
from cpegi_app import db
from cpegi_app.access import FILING, WORKBENCH
from cpegi_app.services import notices, offline_loan
from cpegi_app.state.live import POLL_S
from cpegi_app.vocabulary import Kind
from tests import factories
from tests.e2e.rawsocket import HYDRATE, ROOT, request

ROWS, SMALL, QUIET, IMPORTS, ARRIVALS = 20_000, 10, 60, 5, 20
STATE = f"{ROOT}.cpegi_app___state___offline_import____filing_import_state"


class Watch:
    """The highest memory of a process with its children while in view, in MB."""

    def __init__(self, pid: int) -> None:
        self.process, self.peak, self._on = psutil.Process(pid), 0.0, True
        self._thread = threading.Thread(target=self._look)

    def now(self) -> float:
        """Return the memory that is the processes' own: what they share is counted once."""
        total = 0
        for process in [self.process, *self.process.children(recursive=True)]:
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total / (1 << 20)

    def _look(self) -> None:
        while self._on:
            self.peak = max(self.peak, self.now())
            time.sleep(0.03)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._on = False
        self._thread.join()


class Clerk(wire.Tab):
    """A tab that imports workbooks into a batch."""

    def __init__(self, site: str, user_id: int, batch: int) -> None:
        super().__init__(site, user_id)
        self.site, self.path = site, FILING.url(bid=batch)
        router = {"pathname": FILING.route, "asPath": self.path, "query": {"bid": str(batch)}}
        self.time(f"{STATE}.load", {}, '"trial_rx_state_":', **router)

    def bring(self, data: bytes, rows: int) -> float:
        """Upload a workbook, wait for its trial, import its good rows; return the seconds."""
        head = (
            b'--xx\r\nContent-Disposition: form-data; name="files"; filename="bench.xlsx"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head + data + b"\r\n--xx--\r\n"
        headers = {
            "Origin": self.site,
            "Cookie": self.cookie,
            "Content-Type": "multipart/form-data; boundary=xx",
            "Content-Length": str(len(body)),
            "Reflex-Client-Token": self.token,
            "Reflex-Event-Handler": f"{STATE}.upload",
        }
        start = time.perf_counter()
        status, text = request(self.site, "POST", "/_upload", headers, body)
        # The answer streams what the trial tells, until it is done.
        assert status == 200 and f'"good": {rows}' in text, (status, text[-400:])
        told = self.wire.call(f"{STATE}.import_good", waits_for=f'"imported":{rows}')
        assert f'"imported":{rows}' in told, told[-400:]
        return time.perf_counter() - start


def arrivals(site: str, user_id: int) -> list[float]:
    """Return the seconds from a commit of this process until a tab of the served one has heard of it."""
    tab, chance = wire.Tab(site, user_id), Random(generate.SEED)
    tab.wire.call(HYDRATE, pathname=WORKBENCH.route, asPath=WORKBENCH.route, query={})
    tab.wire.collect(quiet=1.5)
    took: list[float] = []
    for unread in range(1, ARRIVALS + 1):
        # At any moment between two looks of the served process.
        time.sleep(chance.uniform(0, POLL_S))
        with db.transaction() as session:
            notices.notify(session, [user_id], f"消息 {unread}", "", WORKBENCH.route)
        start, told = time.perf_counter(), ""
        while f'"unread_rx_state_":{unread}' not in told:
            told += tab.wire._next(10)
            assert time.perf_counter() - start < 10, told[-400:]
        took.append(time.perf_counter() - start)
    tab.wire.close()
    return took


def _arrived(took: list[float]) -> table.Row:
    what = f"from the commit of another process to the open tab, the slowest of {ARRIVALS}"
    return table.at_most(what, max(took), 2, "{:.2f} s", f"median {median(took):.2f} s")


def measure(folder: Path) -> list[table.Row]:
    """Return the rows of what an import costs others, and of how soon a commit of another process arrives."""
    address = f"sqlite:///{folder / 'live.sqlite3'}"
    db.configure(address)
    db.migrate()
    with db.transaction() as session:
        bank = factories.member(session, Kind.DEBT)
        other, reader = factories.member(session), factories.member(session)
        batches = [
            offline_loan.new_batch(session, bank, {"name": f"b{n}", "period": "2026-11"}).id or 0
            for n in range(IMPORTS + 2)
        ]
    books = [generate.workbook(SMALL, first=90_000_000)]
    books += [generate.workbook(ROWS, first=ROWS * n) for n in range(IMPORTS + 1)]
    with wire.served(folder, address) as (site, pid):
        clerks = [Clerk(site, bank.user_id, batch) for batch in batches]
        # A small import first: what is loaded once and stays is no part of an import.
        clerks[0].bring(books[0], SMALL)
        watch = Watch(pid)
        idle = watch.now()
        with watch:
            clerks[1].bring(books[1], ROWS)
        # The watch itself holds the process up: the round trips are timed without it.
        quiet, busy, took = _beside(wire.Tab(site, other.user_id), clerks[2:], books[2:])
        arrived = arrivals(site, reader.user_id)
    return [_memory(idle, watch.peak), *_felt(quiet, busy, median(took)), _arrived(arrived)]


def _beside(visitor: wire.Tab, clerks: list[Clerk], books: list[bytes]) -> tuple[list, list, list]:
    """Return a visitor's round trips between and during imports, and the seconds of the imports."""
    quiet: list[float] = []
    busy: list[float] = []
    took: list[float] = []
    for clerk, data in zip(clerks, books, strict=True):
        quiet += [visitor.count() for _ in range(QUIET)]
        importing = threading.Thread(target=lambda c=clerk, d=data: took.append(c.bring(d, ROWS)))
        importing.start()
        while importing.is_alive():
            busy.append(visitor.count())
        importing.join()
    return quiet, busy, took


def _memory(idle: float, peak: float) -> table.Row:
    what = f"memory at the peak of an import of {ROWS:,} rows, over idle, the reading child included"
    return table.at_most(what, peak - idle, 250, "{:.0f} MB", f"{idle:.0f} → {peak:.0f} MB")


def _felt(quiet: list[float], busy: list[float], took: float) -> Iterator[table.Row]:
    rest, meanwhile = wire.middle_and_p95(quiet), wire.middle_and_p95(busy)
    what = f"another user's event while {ROWS:,} rows are tried and imported, over the same event at rest"
    shape = "{:.0f} ms"
    for at, figure in enumerate(("median", "p95")):
        figures = f"{meanwhile[at]:.1f} ms against {rest[at]:.1f} ms"
        yield table.at_most(f"{what}, {figure}", meanwhile[at] - rest[at], 50, shape, figures)
    yield table.told(f"trial plus import of {ROWS:,} rows through the site", f"{took:.1f} s")


BENCH = table.Bench("live", "An import beside other users", measure)
