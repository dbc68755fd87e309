"""The 工作台 of each kind of user, and the notices."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import NOTICES, WORKBENCH
from cpegi_app.services import dashboard, notices
from cpegi_app.services.application_list import ApplicationRow
from cpegi_app.services.bench_parts import Tile, Todo
from cpegi_app.services.notices import NoticeView
from cpegi_app.state.base import Services, for_screen, int_arg
from cpegi_app.state.shell import ShellState
from cpegi_app.state.table import TableState, shows


@for_screen(WORKBENCH)
class WorkbenchState(Services, rx.State):
    """What waits for the actor, and the figures of the kind."""

    tiles: list[Tile] = []
    todos: list[Todo] = []
    progress: list[ApplicationRow] = []
    waiting: int = 0
    all_href: str = ""
    has_todos: bool = True
    loading: bool = True

    @rx.event
    async def load(self):
        """Open the 工作台."""
        await self._count()

    async def _arrive(self) -> str:
        """Show what waits now."""
        await self._count()
        return ""

    async def _count(self) -> None:
        found = await self._read(dashboard.bench)
        self.waiting, self.all_href, self.has_todos = found.waiting, found.all_href, found.has_todos
        self.tiles, self.todos, self.progress = found.tiles, found.todos, found.progress
        self.loading = False


@for_screen(NOTICES)
@shows(notices.NOTICE_LIST)
class NoticeState(TableState, rx.State):
    """The own notices; opening one leads to the record."""

    rows: list[NoticeView] = []

    @rx.event
    async def open_one(self, notice_id: int):
        """Mark a notice read and go to its record."""
        href = await self._write(notices.open_notice, int_arg(notice_id, 0))
        await self._recount()
        if href:
            return rx.redirect(href)
        await self._refresh()

    @rx.event
    async def read_all(self):
        """Mark all read."""
        await self._write(notices.read_all)
        await self._recount()
        await self._refresh()

    async def _recount(self) -> None:
        shell = await self.get_state(ShellState)
        shell.unread = await self._read(notices.unread_count)
