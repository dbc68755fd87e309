"""The real event processor with the application's own gate and error handler, one database, no network."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from reflex.istate.manager.memory import StateManagerMemory
from reflex.state import BaseState
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import json_dumps

from cpegi_app.access import Screen
from cpegi_app.errors import DomainError
from cpegi_app.services import sessions
from cpegi_app.state.base import SCREEN_OF
from cpegi_app.state.message import MessageState

_MESSAGE = MessageState.get_full_name()
_ROOT = "reflex___state____state"
ON_LOAD = f"{_ROOT}.reflex___state____on_load_internal_state.on_load_internal"
# An address without a page: a fresh tab that sends from here loads nothing besides.
NOWHERE = "/nowhere"
HYDRATE = f"{_ROOT}.hydrate_and_load"
# Tests that go over all handlers are cut into so many parts, which several processes can share.
PARTS = 4


@dataclass
class Reply:
    """What one event, with everything that it set off, sent to the browser."""

    deltas: list[dict] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        """Return every sentence put into the message bar."""
        return [v for d in self.deltas for k, v in d.get(_MESSAGE, {}).items() if k.startswith("text")]

    @property
    def said(self) -> str:
        """Return the last sentence put into the message bar."""
        return self.sentences[-1] if self.sentences else ""

    @property
    def text(self) -> str:
        """Return everything that was sent, as the browser gets it."""
        return json_dumps(self.deltas) + json_dumps([(e.name, e.payload) for e in self.events])


class Rig:
    """Sends events as a browser with some cookie and some tab would."""

    def __init__(self, processor: BaseStateEventProcessor, manager: StateManagerMemory) -> None:
        self.processor, self.manager = processor, manager
        self.replies: dict[str, Reply] = {}
        # What handlers raised, and of it what no rule foresaw: each of these is a bug.
        self.raised: list[str] = []
        self.unforeseen: list[str] = []

    async def emit_update(self, update: Any, token: str) -> None:
        """Take what would go over the socket."""
        reply = self.replies.setdefault(token, Reply())
        reply.deltas += [update.delta] if update.delta else []
        reply.events += update.events

    async def send(
        self,
        name: str,
        payload: Any = None,
        *,
        sid: str = "",
        tab: str = "",
        path: str = NOWHERE,
        params: dict[str, Any] | None = None,
        cookie: str | None = None,
    ) -> Reply:
        """Send one event and wait until all that it set off is done; a tab not named is a fresh one."""
        fresh = secrets.token_hex(8)
        reply = await self.post(tab or fresh, name, payload, sid=sid, path=path, params=params, cookie=cookie)
        if not tab:
            self.forget(fresh)
        return reply

    def forget(self, tab: str) -> None:
        """Drop a tab's state, as the server does when a tab has been gone for long."""
        for key in [key for key in self.manager.states if key.startswith(tab)]:
            del self.manager.states[key]

    async def post(self, tab: str, name: str, payload: Any = None, **how: Any) -> Reply:
        """Send one event from a tab, keep the tab."""
        self.replies[tab] = Reply()
        await self.enqueue(tab, name, payload, **how)
        await self.settle()
        return self.replies.pop(tab)

    async def burst(self, tab: str, name: str, payloads: list[Any], **how: Any) -> Reply:
        """Send a handler's events from a tab one behind the other, as fast as a browser can; return all that came."""
        self.replies[tab] = Reply()
        for payload in payloads:
            await self.enqueue(tab, name, payload, **how)
        await self.settle()
        return self.replies.pop(tab)

    async def enqueue(
        self,
        tab: str,
        name: str,
        payload: Any = None,
        *,
        sid: str = "",
        path: str = NOWHERE,
        params: dict[str, Any] | None = None,
        cookie: str | None = None,
    ) -> None:
        """Put one event into the queue."""
        if cookie is None:
            cookie = f"{sessions.cookie_name()}={sid}" if sid else ""
        headers = {"origin": "http://localhost:3000"} | ({"cookie": cookie} if cookie else {})
        router = {
            "pathname": path.partition("#")[0],
            "asPath": path,
            "query": {k: str(v) for k, v in (params or {}).items()},
            "headers": headers,
            "token": tab,
            "sid": "socket",
            "ip": "127.0.0.1",
        }
        event = Event(name=name, payload={} if payload is None else payload, router_data=router)
        await self.processor.enqueue(tab, event)

    async def settle(self) -> None:
        """Wait until nothing is queued or under way."""
        await self.processor.join()
        while self.processor._tasks or self.processor._token_queues:
            await asyncio.sleep(0)
            if tasks := list(self.processor._tasks.values()):
                await asyncio.wait(tasks, timeout=1)
            await self.processor.join()

    async def open(self, screen: Screen, *, sid: str = "", tab: str = "", **params: Any) -> Reply:
        """Open a page: its frame, then its own loader, as Reflex calls them."""
        path = screen.url(**params)
        return await self.send(HYDRATE, {}, sid=sid, tab=tab, path=path, params=params)

    async def state(self, tab: str, cls: type[BaseState]) -> Any:
        """Return a state of a tab as it stands on the server."""
        root = next(v for k, v in self.manager.states.items() if k.startswith(tab))
        return await root.get_state(cls)


@asynccontextmanager
async def running() -> AsyncIterator[Rig]:
    """Run the processor for a test."""
    from cpegi_app.cpegi_app import app

    with app.set_contexts():
        manager = StateManagerMemory()
        rig = Rig(BaseStateEventProcessor(middleware=app), manager)

        def note(exception: Exception) -> Any:
            rig.raised.append(repr(exception)[:300])
            if not isinstance(exception, DomainError):
                rig.unforeseen.append(repr(exception)[:300])
            return app.backend_exception_handler(exception)

        processor = rig.processor
        processor.backend_exception_handler = note
        processor.configure(state_manager=manager, event_namespace=rig)  # pyright: ignore[reportArgumentType]
        async with processor:
            yield rig
        await manager.close()


def posted_by(state: Any) -> dict[str, str]:
    """Return what the form of a state would post; records are chosen by events of their own."""
    return {k: v for k, v in getattr(state, "values", {}).items() if k != "records"}


# --- what there is to attack ------------------------------------------------------------------------


@dataclass(frozen=True)
class Handler:
    """A registered event handler."""

    name: str
    fn: Any
    screen: Screen | None

    @property
    def short(self) -> str:
        """Return the state and the method, without the path."""
        return ".".join(self.name.rsplit(".", 2)[1:]).replace("cpegi_app___state___", "")

    @property
    def method(self) -> str:
        """Return the method's name."""
        return self.name.rpartition(".")[2]

    @property
    def own(self) -> bool:
        """Tell whether it belongs to one of our states and is no `setvar`."""
        return ".cpegi_app___" in self.name and self.method != "setvar"

    @property
    def arguments(self) -> dict[str, inspect.Parameter]:
        """Return the arguments that a client fills."""
        return dict(list(inspect.signature(self.fn).parameters.items())[1:])

    @property
    def ids(self) -> list[str]:
        """Return the names of the arguments that name a record."""
        return [n for n in self.arguments if n == "id" or n.endswith("_id")]

    def benign(self) -> dict[str, Any]:
        """Return a payload of the right shape that names nothing."""
        return {name: BENIGN.get(name, 999_999_999 if name.endswith("id") else "") for name in self.arguments}


BENIGN: dict[str, Any] = {"data": {}, "files_in": [], "progress": {}, "page": 1, "listed": False}


def handlers() -> list[Handler]:
    """Return every handler that Reflex would run, the framework's own included."""
    from cpegi_app.cpegi_app import app

    with app.set_contexts():
        found = RegistrationContext.get().event_handlers
        return [
            Handler(name, entry.handler.fn, SCREEN_OF.get(name.rpartition(".")[0]))
            for name, entry in sorted(found.items())
        ]
