"""50 people who sign in at once, and what another user's event takes meanwhile."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles

from bench import table, wire
from cpegi_app import db
from cpegi_app.services import passwords
from tests import factories
from tests.e2e.rawsocket import HYDRATE, RawSocket, handler

PEOPLE, PASSWORD, ROUNDS = 50, "Huanghe-4417-lu", 20
SUBMIT = handler("account", "login_state", "submit")


def measure(folder: Path) -> list[table.Row]:
    """Time the counter at rest and while everybody signs in."""
    address = f"sqlite:///{folder / 'bench.sqlite3'}"
    db.migrate(address)
    db.configure(address)
    with db.transaction() as session:
        hashed = passwords.hash_password(PASSWORD)
        numbers = [factories.user(session, password_hash=hashed).phone for _ in range(PEOPLE)]
        other_id = factories.user(session).id or 0
    with wire.served(folder, address) as (site, _):
        other = wire.Tab(site, other_id)
        for _ in range(20):
            other.count()
        rest = [other.count() for _ in range(200)]
        busy, took = _beside(site, numbers, other)
    calm, meanwhile = (quantiles(times, n=100, method="inclusive")[-1] for times in (rest, busy))
    return [
        table.at_most(
            f"another user's event while {PEOPLE} sign in at once, over the same event at rest, p99",
            meanwhile - calm, 10.0, "{:.1f} ms", f"{meanwhile:.1f} ms against {calm:.1f} ms, {len(busy)} events",
        ),
        table.told("sign-ins a second", f"{PEOPLE * ROUNDS / took:.0f}", f"{PEOPLE} within {took / ROUNDS:.2f} s"),
    ]  # fmt: skip


def _beside(site: str, numbers: list[str], other: wire.Tab) -> tuple[list[float], float]:
    """Let everybody sign in at once, again and again; return the other's round trips meanwhile, and how long it took."""
    apart = get_context("spawn")
    ready, go, over = (apart.Event() for _ in range(3))
    # In a process of their own: people elsewhere do not keep this one from reading its clock.
    crowd = apart.Process(target=_crowd, args=(site, numbers, ready, go, over))
    crowd.start()
    if not ready.wait(60):
        raise RuntimeError("the crowd did not get ready")
    go.set()
    began, times = time.perf_counter(), []
    while not over.is_set():
        times.append(other.count())
        if not crowd.is_alive() and not over.is_set():
            raise RuntimeError("a sign-in brought no ticket")
    seconds = time.perf_counter() - began
    crowd.join()
    return times, seconds


def _crowd(site: str, numbers: list[str], ready: Event, go: Event, over: Event) -> None:
    """Open a tab each, wait for the sign, and sign in all at once; when all have, all once more."""
    tabs = [RawSocket(site, secrets.token_hex(8)) for _ in numbers]
    with ThreadPoolExecutor(len(tabs)) as pool:
        list(pool.map(lambda tab: tab.call(HYDRATE), tabs))
        ready.set()
        go.wait()
        told = all(all(pool.map(_sign_in, tabs, numbers)) for _ in range(ROUNDS))
    if told:
        over.set()
    for tab in tabs:
        tab.close()


def _sign_in(tab: RawSocket, number: str) -> bool:
    data = {"phone": number, "password": PASSWORD, "identity": "ENTERPRISE"}
    return '"ticket_rx_state_"' in tab.call(SUBMIT, {"data": data}, waits_for='"ticket_rx_state_"')


BENCH = table.Bench("signin", "50 sign-ins at once", measure)
