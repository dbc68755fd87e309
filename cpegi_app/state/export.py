"""An export in the background: its progress stands over every page of the console, then the way to its file."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import reflex as rx

from cpegi_app.access import SHELL
from cpegi_app.errors import Conflict, DomainError
from cpegi_app.services import list_export
from cpegi_app.services.list_export import Export
from cpegi_app.state.base import Services, for_screen, run_as

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
    _cancelled: bool = False

    async def _ask(self, name: str, filters: dict[str, str], sort: str = "") -> None:
        """Prepare an export in the order of a heading; one a tab at a time."""
        if self.running:
            raise Conflict(f"“{self.title}”正在导出，请等待完成或取消后再导出。")
        total = await self._read(list_export.total, name, filters)
        self._name, self._filters, self._sort, self._cancelled = name, dict(filters), sort, False
        self.title, self.total = list_export.listing_of(name).title, total
        self.done, self.percent, self.href, self.failed, self.running = 0, 0, "", "", True

    @rx.event(background=True)
    async def write(self):
        """Write the export that was asked for, step by step."""
        async with self:
            # Taken once: whoever calls again finds nothing to do.
            name, self._name = self._name, ""
            who, asked = (self._sid(), self._address()), (name, dict(self._filters), self._sort)
        if not name:
            return
        async with _AT_ONCE:
            await self._steps(who, asked)

    async def _steps(self, who: tuple[str, str], asked: tuple[str, dict[str, str], str]) -> None:
        export = await asyncio.to_thread(Export, *asked)
        try:
            while not export.whole:
                rows = await asyncio.to_thread(run_as, *who, False, export.step, (), {})
                async with self:
                    if self._cancelled:
                        self.running, self.title = False, ""
                        export.discard()
                        return
                    self.done, self.total = rows, max(self.total, rows)
                    self.percent = min(99, rows * 100 // max(self.total, 1))
                await asyncio.sleep(PAUSE_S)
            done = await asyncio.to_thread(run_as, *who, True, export.finish, (), {})
        except DomainError as refusal:
            export.discard()
            async with self:
                self.running, self.failed = False, refusal.message
            return
        except BaseException:
            with suppress(OSError):
                export.discard()
            raise
        async with self:
            self.running, self.href, self.done, self.percent = False, done.href, done.rows, 100

    @rx.event
    def cancel(self):
        """Stop the export."""
        self._cancelled = True

    @rx.event
    def close(self):
        """Put the finished export away; its file waits for a day."""
        if not self.running:
            self.title = self.href = self.failed = ""
