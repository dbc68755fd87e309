"""Live work: what others change arrives in the open pages of those concerned (ADR 0005)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import reflex as rx
from sqlmodel import Session

from cpegi_app import clock, db
from cpegi_app.access import SHELL
from cpegi_app.errors import DomainError, SignInRequired
from cpegi_app.services import live
from cpegi_app.services.live import Concerned, Tail
from cpegi_app.state.base import STATES_OF, Services, for_screen
from cpegi_app.state.gate import tabs_of
from cpegi_app.state.shell import ShellState

log = logging.getLogger(__name__)
# What another process commits is found within so many seconds; a burst is taken together.
POLL_S, GATHER_S = 0.8, 0.1


@for_screen(SHELL)
class LiveState(Services, rx.State):
    """What arrives in a tab without anybody having pressed anything."""

    @rx.event
    async def arrive(self):
        """Bring the frame and the page in view up to date; what is being typed stays."""
        shell = await self.get_state(ShellState)
        if not shell._is_in_view():
            return
        try:
            await shell._load_frame(shell._route)
            if shell.access == "ok":
                await self._follow(shell)
        except SignInRequired:
            # Ended this very moment: the next click says so.
            return

    async def _follow(self, shell: ShellState) -> None:
        for cls in STATES_OF.get(shell._route, []):
            state: Any = await self.get_state(cls)
            try:
                told = await state._arrive()
            except SignInRequired:
                raise
            except DomainError as refusal:
                # Withdrawn, or no longer theirs: the page says why on its own next event, too.
                told = refusal.message
            if told:
                shell.moved = told

    @rx.event
    async def show_latest(self):
        """Open the page in view afresh."""
        shell = await self.get_state(ShellState)
        shell.moved = ""
        loaders = [cls.load for cls in STATES_OF.get(shell._route, []) if "load" in cls.event_handlers]
        return loaders[:1]

    @rx.event
    async def close(self):
        """Put the word away that the record in view has moved on."""
        (await self.get_state(ShellState)).moved = ""


class Pump:
    """One for each process: finds out whom commits concern, and sends the arrival to their tabs here."""

    def __init__(self, connected: Callable[[], Iterable[str]], send: Callable[[str], Awaitable[Any]]) -> None:
        self._connected, self._send = connected, send
        self._tail, self._wake = Tail(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        # Tab → its last arrival; one that is still on its way is not sent twice.
        self._sent: dict[str, Any] = {}
        self._late: set[str] = set()
        self._pruned_at = clock.now()

    async def run(self) -> None:
        """Follow the changes until the process ends."""
        self._loop = asyncio.get_running_loop()
        db.after_commit.append(self._poke)
        try:
            while True:
                try:
                    await self.turn()
                except Exception:
                    log.exception("live changes could not be read; the next round tries again")
                # Not wait_for: Python 3.11's loses a cancellation that comes with the wake-up, and the process never ends.
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._wake.wait()
                    await asyncio.sleep(GATHER_S)
                self._wake.clear()
        finally:
            db.after_commit.remove(self._poke)

    async def turn(self) -> None:
        """Read what is new and send it on, once."""
        concerned = await asyncio.to_thread(self._look)
        here = list(self._connected())
        wanted = self._late.intersection(here).union(tabs_of(concerned, here) if concerned else ())
        self._sent = {t: f for t, f in self._sent.items() if not f.done()}
        self._late = {t for t in wanted if t in self._sent}
        for token in wanted - self._late:
            self._sent[token] = await self._send(token)

    def _look(self) -> Concerned:
        if clock.now() - self._pruned_at > live.KEEP:
            self._pruned_at = clock.now()
            with db.transaction() as session:
                live.prune(session)
        with db.reading() as session:
            return self._tail.read(session)

    def _poke(self, session: Session) -> None:
        """Wake up for a commit of this process; called in the thread that committed."""
        if live.is_noted(session) and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)
