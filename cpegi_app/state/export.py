"""An export in the background: its progress stands over every page of the console, then the way to its file."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import reflex as rx

from cpegi_app.access import SHELL
from cpegi_app.errors import Conflict, DomainError
from cpegi_app.services import list_export
from cpegi_app.services.list_export import Done, Export
from cpegi_app.state.base import Services, for_screen, run_as
from cpegi_app.state.message import noted

# So many exports are written at a time, so that nobody else waits for them.
_AT_ONCE = asyncio.Semaphore(2)
# Everybody else's turn between two steps, in seconds.
PAUSE_S = 0.01


@for_screen(SHELL)
class ExportState(Services, rx.State):
    """The export that the tab has asked for."""

    title: str = ""
    done: int = 0
    total: int = 0
    percent: int = 0
    running: bool = False
    href: str = ""
    failed: str = ""
    _name: str = ""
    _filters: dict[str, str] = {}
    _sort: str = ""
    # Which export the tab waits for: one that finds another here, or none, was cancelled.
    _key: str = ""

    async def _ask(self, name: str, filters: dict[str, str], sort: str = "") -> None:
        """Prepare an export in the order of a heading; one a tab at a time."""
        if self.running:
            raise Conflict(f"“{self.title}”正在导出，请等待完成或取消后再导出。")
        total = await self._read(list_export.total, name, filters)
        self._name, self._filters, self._sort, self._key = name, dict(filters), sort, secrets.token_hex(8)
        self.title, self.total = list_export.listing_of(name).title, total
        self.done, self.percent, self.href, self.failed, self.running = 0, 0, "", "", True

    @rx.event(background=True)
    async def write(self):
        """Write the export that was asked for, step by step."""
        async with self:
            # Taken once: whoever calls again finds nothing to do.
            name, self._name, key = self._name, "", self._key
            who, asked = (self._sid(), self._address()), (name, dict(self._filters), self._sort)
        if not name:
            return
        export: Export | None = None
        try:
            async with _AT_ONCE:
                export = await asyncio.to_thread(Export, *asked)
                done = await self._steps(who, export, key)
        except DomainError as refusal:
            await self._end(key, failed=refusal.message)
        except Exception as error:
            number = noted(error)
            told = f"导出没有完成（编号 {number}）。请稍后重新导出，或致电 400 056 5005 并告知编号。"
            await self._end(key, failed=told)
        else:
            if done:
                export = None
                await self._end(key, href=done.href, done=done.rows, percent=100)
        finally:
            if export is not None:
                export.discard()

    async def _steps(self, who: tuple[str, str], export: Export, key: str) -> Done | None:
        """Write the whole export; None where it was cancelled."""
        while not export.whole:
            rows = await asyncio.to_thread(run_as, *who, False, export.step, (), {})
            async with self:
                if self._key != key:
                    return None
                self.done, self.total = rows, max(self.total, rows)
                self.percent = min(99, rows * 100 // max(self.total, 1))
            await asyncio.sleep(PAUSE_S)
        return await asyncio.to_thread(run_as, *who, True, export.finish, (), {})

    async def _end(self, key: str, **told: Any) -> None:
        """Tell how the export has ended, unless the tab waits for it no more."""
        async with self:
            if self._key == key:
                self.running = False
                for name, value in told.items():
                    setattr(self, name, value)

    @rx.event
    def cancel(self):
        """Stop the export; the tab is free at once, also where the export's process has ended without a word."""
        if self.running:
            self.running, self.title, self._name, self._key = False, "", "", ""

    @rx.event
    def close(self):
        """Put the finished export away; its file waits for a day."""
        if not self.running:
            self.title = self.href = self.failed = ""
