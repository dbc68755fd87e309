"""An import in the served site: what it costs in memory, and what another user feels of it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from statistics import median

import psutil

from bench import generate, wire
from cpegi_app import db
from cpegi_app.access import FILING
from cpegi_app.services import offline_loan
from cpegi_app.vocabulary import Kind
from tests import factories
from tests.e2e.rawsocket import ROOT, request

ROWS, IDLE_ROUNDS, IMPORTS = 20_000, 100, 4
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

    def bring(self, data: bytes) -> float:
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
        assert status == 200 and f'"good": {ROWS}' in text, (status, text[-400:])
        told = self.wire.call(f"{STATE}.import_good", waits_for=f'"imported":{ROWS}')
        assert f'"imported":{ROWS}' in told, told[-400:]
        return time.perf_counter() - start


def measure(folder: Path) -> dict[str, float]:
    """Return the seconds of the import, MB over idle, and another user's round trips at rest and meanwhile."""
    address = f"sqlite:///{folder / 'live.sqlite3'}"
    db.configure(address)
    db.migrate()
    with db.transaction() as session:
        bank = factories.member(session, Kind.DEBT)
        other = factories.member(session)
        batches = [
            offline_loan.new_batch(session, bank, {"name": f"b{n}", "period": "2026-11"}).id or 0
            for n in range(IMPORTS + 1)
        ]
    with wire.served(folder, address) as (site, pid):
        visitor = wire.Tab(site, other.user_id)
        # The first import warms: what is loaded once stays, and is no part of an import.
        Clerk(site, bank.user_id, batches[0]).bring(generate.workbook(ROWS))
        quiet = [visitor.count() for _ in range(IDLE_ROUNDS)]
        clerks = [Clerk(site, bank.user_id, batch) for batch in batches[1:]]
        books = [generate.workbook(ROWS, first=ROWS * (n + 1)) for n in range(IMPORTS)]
        watch, took, busy = Watch(pid), [], []
        idle = watch.now()

        def bring_all() -> None:
            took.extend(clerk.bring(data) for clerk, data in zip(clerks, books, strict=True))

        importing = threading.Thread(target=bring_all)
        with watch:
            importing.start()
            while importing.is_alive():
                busy.append(visitor.count())
            importing.join()
    at_rest, meanwhile = wire.middle_and_p95(quiet), wire.middle_and_p95(busy)
    return {
        "seconds": median(took), "memory": watch.peak - idle, "idle memory": idle, "events": len(busy),
        "rest median": at_rest[0], "rest p95": at_rest[1],
        "busy median": meanwhile[0], "busy p95": meanwhile[1],
    }  # fmt: skip


if __name__ == "__main__":
    with wire.scratch() as place:
        print(json.dumps(measure(place), indent=1))
