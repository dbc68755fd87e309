"""200 tabs connected to one process, each changing its page once a second: how long a page change takes.

Twice: turning the page of a list of 100,000 (one event, the page change of the other benches), and going from screen
to screen (four events, and everything that the new screen shows).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import Ping, Request, TextMessage

from bench import lists, table, wire
from cpegi_app import access, db
from cpegi_app.access import Screen
from cpegi_app.services import sessions
from cpegi_app.vocabulary import Kind, Status
from tests import factories, worlds
from tests.e2e.rawsocket import HYDRATE, ROOT

TABS, EVERY_S, SECONDS, WARM_UP_S = 200, 1.0, 30, 8
# So long is the list whose pages are turned.
LISTED = 100_000
ON_LOAD = f"{ROOT}.reflex___state____on_load_internal_state.on_load_internal"
DONE = '"is_hydrated_rx_state_":true'
BANK_PAGES = (access.WORKBENCH, access.REQUESTS, access.PRODUCTS, access.LOANS, access.NOTICES)
FIRM_PAGES = (access.WORKBENCH, access.APPLICATIONS, access.MATCHES, access.PROFILE, access.NOTICES)


class Tab:
    """One tab's websocket, without threads; without screens to go to it stays at its list and turns the pages."""

    def __init__(self, cookie: str, pages: tuple[Screen, ...], number: int) -> None:
        self.cookie, self.pages, self.number = cookie, pages, number
        self.chance = Random(number)
        self.wire = WSConnection(ConnectionType.CLIENT)
        self.times: list[float] = []
        self.late = 0

    async def open(self, site: str) -> None:
        """Connect and load the first page."""
        host = urlsplit(site).netloc
        self.reader, self.writer = await asyncio.open_connection("localhost", int(host.rpartition(":")[2]))
        headers = [("Origin", site), ("Cookie", self.cookie)]
        target = f"/_event/?EIO=4&transport=websocket&token=load-{self.number}"
        self.writer.write(self.wire.send(Request(host=host, target=target, extra_headers=headers)))
        self.frames = self._frames()
        await self._until("0{")
        self._say("40/_event,{}")
        await self._until("40/_event")
        self._event(HYDRATE, self.pages[0] if self.pages else access.REQUESTS)
        await self._until(DONE)

    async def run(self, start: float, seconds: float) -> None:
        """Change the page every second, spread over the second; what takes longer is noted as late."""
        turn, due = 0, start + EVERY_S * self.number / TABS
        while due < start + seconds:
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            else:
                self.late += 1
            turn += 1
            began = time.perf_counter()
            await (self._go(turn) if self.pages else self._turn())
            if began > start + WARM_UP_S:
                self.times.append((time.perf_counter() - began) * 1000)
            due += EVERY_S

    async def _go(self, turn: int) -> None:
        self._event(ON_LOAD, self.pages[turn % len(self.pages)])
        await self._until(DONE)

    async def _turn(self) -> None:
        page = self.chance.randrange(1, LISTED // 10)
        self._event(f"{lists.STATE}.go_page", access.REQUESTS, {"page": page})
        await self._until(f'"page_rx_state_":{page}')

    def _event(self, name: str, screen: Screen, payload: dict[str, int] | None = None) -> None:
        router = {"pathname": screen.route, "asPath": screen.route, "query": {}}
        data = ["event", {"name": name, "payload": payload or {}, "router_data": router}]
        self._say(f"42/_event,{json.dumps(data)}")

    def _say(self, text: str) -> None:
        self.writer.write(self.wire.send(TextMessage(data=text)))

    async def _until(self, text: str) -> None:
        async for frame in self.frames:
            if text in frame:
                return
        raise RuntimeError("the server has hung up")

    async def _frames(self) -> AsyncIterator[str]:
        part = ""
        while data := await self.reader.read(1 << 16):
            self.wire.receive_data(data)
            for event in self.wire.events():
                if isinstance(event, Ping):
                    self.writer.write(self.wire.send(event.response()))
                if isinstance(event, TextMessage):
                    part += event.data
                    if event.message_finished:
                        frame, part = part, ""
                        if frame == "2":
                            self._say("3")
                        else:
                            yield frame


def prepare(folder: Path) -> tuple[str, list[tuple[str, bool]]]:
    """Return the address of a database with people and some work, and their cookies, banks marked."""
    address = f"sqlite:///{folder / 'load.sqlite3'}"
    db.configure(address)
    db.migrate()
    cookies = []
    with db.transaction() as session:
        banks = [factories.member(session, Kind.DEBT) for _ in range(10)]
        firms = []
        for n in range(60):
            world = worlds.application_world(session, banks[n % len(banks)])
            firms.append(world.bring_to(session, Status.PENDING if n % 2 else Status.APPROVED).owner)
        for n in range(TABS):
            is_bank = n % 4 == 0
            actor = banks[n % len(banks)] if is_bank else firms[n % len(firms)]
            sid = sessions.open_session(session, actor.user_id)
            cookies.append((f"{sessions.cookie_name()}={sid}", is_bank))
    return address, cookies


def prepare_list(folder: Path) -> tuple[str, list[str]]:
    """Return the address of a database with a long list, and the cookies of its bank, one a tab."""
    address, user = lists.prepare(folder, LISTED)
    with db.transaction() as session:
        sids = [sessions.open_session(session, user) for _ in range(TABS)]
    return address, [f"{sessions.cookie_name()}={sid}" for sid in sids]


async def drive(site: str, tabs: list[Tab]) -> None:
    """Open every tab, then let all of them change pages."""
    for n in range(0, len(tabs), 10):
        await asyncio.gather(*(tab.open(site) for tab in tabs[n : n + 10]))
    start = time.perf_counter() + 0.5
    await asyncio.gather(*(tab.run(start, SECONDS) for tab in tabs))


def measure(folder: Path, address: str, tabs: list[Tab], what: str) -> table.Row:
    """Return the row of one kind of page change."""
    with wire.served(folder, address, SOCKETS_PER_ADDRESS=str(TABS + 50)) as (site, _):
        asyncio.run(drive(site, tabs))
    times = [t for tab in tabs for t in tab.times]
    middle, p95 = wire.middle_and_p95(times)
    late = sum(tab.late for tab in tabs)
    figures = f"median {middle:.0f} ms, slowest {max(times):.0f} ms of {len(times):,} page changes, {late} begun late"
    return table.at_most(what, p95, 150, "{:.0f} ms", figures)


def rows(folder: Path) -> list[table.Row]:
    """Measure one process under both loads."""
    found = []
    for name in ("list", "screens"):
        (folder / name).mkdir()
    address, cookies = prepare_list(folder / "list")
    tabs = [Tab(cookie, (), n) for n, cookie in enumerate(cookies)]
    what = f"{TABS} tabs, each turning the page of a list of {LISTED:,} once a second, p95"
    found.append(measure(folder / "list", address, tabs, what))
    address, people = prepare(folder / "screens")
    tabs = [Tab(c, BANK_PAGES if bank else FIRM_PAGES, n) for n, (c, bank) in enumerate(people)]
    what = f"{TABS} tabs, each going to another screen once a second, p95"
    found.append(measure(folder / "screens", address, tabs, what))
    return found


BENCH = table.Bench("load", "200 people at once in one process", rows)
