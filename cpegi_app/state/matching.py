"""Matching: the enterprise's products, the institution's push log (manual §4.1)."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx
from pydantic import BaseModel

from cpegi_app.access import MATCH, MATCHES, PRODUCT_PUSHES
from cpegi_app.errors import DomainError
from cpegi_app.services import matches, push_log
from cpegi_app.services.matches import MatchDetail, MatchRow
from cpegi_app.services.push_log import PushRow, PushState
from cpegi_app.state.base import Services, for_screen, run_as, text_arg
from cpegi_app.state.table import TableState
from cpegi_app.vocabulary import MatchClass

# A push under way is looked at so often, in seconds, and at most so many times.
LOOK_EVERY_S, LOOKS = 1, 300


class ClassTab(BaseModel):
    """A class of products with its count."""

    code: str
    label: str
    count: int


@for_screen(MATCHES)
class MatchListState(TableState, rx.State):
    """适合我的产品: the open products by how they suit, the cheapest first."""

    rows: list[MatchRow] = []
    of: str = MatchClass.FIT.value
    tabs: list[ClassTab] = []

    async def _fetch(self) -> None:
        found = await self._read(
            matches.listing, of=self.of, word=self.filters.get("word", ""), page=self.page, size=self.size
        )
        self.rows = found.rows
        self.tabs = [
            ClassTab(code=m.value, label=m.label, count=found.counts.get(m.value, 0)) for m in MatchClass
        ]
        self.total = found.counts.get(self.of, 0)

    @rx.event
    async def pick(self, of: str):
        """Show another class."""
        wanted = text_arg(of, 12)
        self.of = wanted if wanted in MatchClass._value2member_map_ else MatchClass.FIT.value
        self.page = 1
        return await self._refresh()


@for_screen(MATCH)
class MatchState(Services, rx.State):
    """One product beside the own figures."""

    row_id: int = 0
    found: MatchDetail = MatchDetail()

    @rx.event
    async def load(self):
        """Open the product named by the address; one that was pushed counts as read from now on."""
        self.row_id, self.found = 0, MatchDetail()
        product_id = self._route_id("pid")
        self.found = await self._read(matches.detail, product_id)
        self.row_id = product_id
        await self._write(matches.mark_read, product_id)


@for_screen(PRODUCT_PUSHES)
class ProductPushesState(TableState, rx.State):
    """推送记录 of one product, and how far the push under way has come."""

    rows: list[PushRow] = []
    state: PushState = PushState()
    versions: list[str] = []
    row_id: int = 0
    _watched: int = 0

    async def _fetch(self) -> None:
        if not self.row_id:
            return
        self.state = await self._read(push_log.state, self.row_id)
        self.versions = [str(n) for n in range(self.state.version, 0, -1)]
        self.rows, self.total = await self._read(
            push_log.listing,
            self.row_id,
            **{name: self.filters.get(name, "") for name in ("version", "read", "applied")},
            page=self.page,
            size=self.size,
        )

    def _rest(self) -> Any:
        if not self.state.running or self.state.paused or self._watched == self.row_id:
            return None
        self._watched = self.row_id
        return type(self).watch

    @rx.event
    async def load(self):
        """Open the log of the product named by the address."""
        self.row_id, self.rows, self.state, self.total = 0, [], PushState(), 0
        self.page, self.filters, self._watched = 1, {}, 0
        self.filter_key += 1
        self.row_id = self._route_id("pid")
        try:
            return await self._refresh()
        except DomainError:
            self.row_id = 0
            raise

    @rx.event(background=True)
    async def watch(self):
        """Follow a push that is under way, until it is done or another page is opened."""
        async with self:
            wanted, who = self._watched, (self._sid(), self._address())
        for _ in range(LOOKS):
            await asyncio.sleep(LOOK_EVERY_S)
            async with self:
                if not wanted or self._watched != wanted or self.row_id != wanted:
                    return
            try:
                found = await asyncio.to_thread(run_as, *who, False, push_log.state, (wanted,), {})
            except DomainError:
                # Signed out meanwhile: the next event says so.
                return
            async with self:
                if self._watched != wanted:
                    return
                self.state = found
                if not found.running or found.paused:
                    self._watched = 0
                    await self._refresh()
                    return
