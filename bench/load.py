"""200 tabs connected to one process, each changing its page once a second: how long a page change takes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import Ping, Request, TextMessage

from bench import table, wire
from cpegi_app import access, db
from cpegi_app.access import Screen
from cpegi_app.services import sessions
from cpegi_app.vocabulary import Kind, Status
from tests import factories, worlds
from tests.e2e.rawsocket import HYDRATE, ROOT

TABS, EVERY_S, SECONDS, WARM_UP_S = 200, 1.0, 30, 8
ON_LOAD = f"{ROOT}.reflex___state____on_load_internal_state.on_load_internal"
DONE = '"is_hydrated_rx_state_":true'
BANK_PAGES = (access.WORKBENCH, access.REQUESTS, access.PRODUCTS, access.LOANS, access.NOTICES)
FIRM_PAGES = (access.WORKBENCH, access.APPLICATIONS, access.MATCHES, access.PROFILE, access.NOTICES)


class Tab:
    """One tab's websocket, without threads."""

    def __init__(self, cookie: str, pages: tuple[Screen, ...], number: int) -> None:
        self.cookie, self.pages, self.number = cookie, pages, number
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
        self._event(HYDRATE, self.pages[0])
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
            self._event(ON_LOAD, self.pages[turn % len(self.pages)])
            await self._until(DONE)
            if began > start + WARM_UP_S:
                self.times.append((time.perf_counter() - began) * 1000)
            due += EVERY_S

    def _event(self, name: str, screen: Screen) -> None:
        router = {"pathname": screen.route, "asPath": screen.route, "query": {}}
        data = ["event", {"name": name, "payload": {}, "router_data": router}]
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


async def drive(site: str, cookies: list[tuple[str, bool]], seconds: float) -> list[Tab]:
    """Open every tab, then let all of them change pages."""
    tabs = [Tab(c, BANK_PAGES if bank else FIRM_PAGES, n) for n, (c, bank) in enumerate(cookies)]
    for n in range(0, len(tabs), 10):
        await asyncio.gather(*(tab.open(site) for tab in tabs[n : n + 10]))
    start = time.perf_counter() + 0.5
    await asyncio.gather(*(tab.run(start, seconds) for tab in tabs))
    return tabs


def rows(folder: Path) -> list[table.Row]:
    """Measure one process under the load."""
    address, cookies = prepare(folder)
    with wire.served(folder, address, SOCKETS_PER_ADDRESS=str(TABS + 50)) as (site, _):
        tabs = asyncio.run(drive(site, cookies, SECONDS))
    times = [t for tab in tabs for t in tab.times]
    middle, p95 = wire.middle_and_p95(times)
    late = sum(tab.late for tab in tabs)
    figures = f"median {middle:.0f} ms, slowest {max(times):.0f} ms of {len(times):,} page changes, {late} begun late"
    return [
        table.at_most(
            f"{TABS} tabs, each changing its page once a second, p95", p95, 150, "{:.0f} ms", figures
        )
    ]


BENCH = table.Bench("load", "200 people at once in one process", rows)
