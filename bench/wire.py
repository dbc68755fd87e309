"""A served site of its own for a measurement, and tabs that speak to it over the websocket."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from cpegi_app import db
from cpegi_app.services import sessions
from cpegi_app.settings import get_settings
from tests.e2e.rawsocket import HYDRATE, ROOT, RawSocket
from tests.e2e.server import _free_port
from tools import build

# The edge slows a tab that sends more than 20 events a second.
PACE = 0.055
COUNTER = f"{ROOT}.bench___site____counter_state.add"
SHOWN = '"number_rx_state_":'


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder for databases and files, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        before = get_settings().data_dir
        get_settings().data_dir = Path(place)
        yield Path(place)
        get_settings().data_dir = before


@contextmanager
def served(folder: Path, database: str, **more: str) -> Iterator[tuple[str, int]]:
    """Serve a database on a free port, with further settings; yield the address and the server's process."""
    port = _free_port()
    variables = {
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "CPEGI_MODE": "demo",
        "DATABASE_URL": database,
    } | more
    log = folder / f"server-{port}.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.site", str(port)],
            cwd=build.ROOT, env=build.environment() | variables,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            address = f"http://localhost:{port}"
            _wait(port, server, log)
            yield address, server.pid
        finally:
            _stop(server)


def _stop(server: subprocess.Popen) -> None:
    """End the server and its workers; one that waits for something is killed, as a supervisor would."""
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait(port: int, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("localhost", port), timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The site did not start. Its log:\n{log.read_text()[-4000:]}")


def _signed_in(user_id: int) -> str:
    with db.transaction() as session:
        return f"{sessions.cookie_name()}={sessions.open_session(session, user_id)}"


class Tab:
    """A signed-in tab that times its round trips, in milliseconds."""

    def __init__(self, site: str, user_id: int, cookie: str = "") -> None:
        self.site, self.user_id, self.cookie = site, user_id, cookie or _signed_in(user_id)
        self.token = secrets.token_hex(8)
        self.wire = RawSocket(site, self.token, cookie=self.cookie)
        self.number, self.sent = 0, 0.0
        self.beside: Tab | None = None
        self.wire.call(HYDRATE)

    def time(self, name: str, payload: Any, waits_for: str, **router: Any) -> tuple[float, str]:
        """Send an event at the pace that the edge allows; return how long its answer took, and the answer."""
        time.sleep(max(0.0, self.sent + PACE - time.perf_counter()))
        self.sent = start = time.perf_counter()
        told = self.wire.call(name, payload, waits_for=waits_for, **router)
        took = (time.perf_counter() - start) * 1000
        if waits_for not in told:
            raise RuntimeError(f"{name} was not answered: {told[:400]}")
        return took, told

    def count(self) -> float:
        """Return the round trip of the bare counter, in a tab beside this one, whose pace it does not use up."""
        if self.beside is None:
            self.beside = Tab(self.site, self.user_id, self.cookie)
        beside = self.beside
        beside.number += 1
        return beside.time(COUNTER, {}, f"{SHOWN}{beside.number}")[0]


def middle_and_p95(times: list[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile."""
    return median(times), quantiles(times, n=20)[-1]
