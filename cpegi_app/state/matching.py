"""Matching: the enterprise's products, the institution's push log (manual §4.1)."""

from __future__ import annotations

import reflex as rx
from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app.access import MATCH, MATCHES, PRODUCT_PUSHES, Actor
from cpegi_app.services import matches, product, push_log
from cpegi_app.services.matches import MatchDetail, MatchRow
from cpegi_app.services.push_log import PushRow, PushState, Version
from cpegi_app.state.base import Services, for_screen, text_arg
from cpegi_app.state.table import TableState, shows
from cpegi_app.vocabulary import MatchClass


class ClassTab(BaseModel):
    """A class of products with its count."""

    code: str
    label: str
    count: int


@for_screen(MATCHES)
@shows(matches.MATCHES)
class MatchListState(TableState, rx.State):
    """适合我的产品: the open products by how they suit, the cheapest first."""

    rows: list[MatchRow] = []
    of: str = MatchClass.FIT.value
    tabs: list[ClassTab] = []

    def _wanted(self) -> dict[str, str]:
        return self.filters | {"of": self.of}

    def _tab(self) -> str:
        return self.of

    def _turn(self, tab: str) -> None:
        self.of = tab if tab in MatchClass._value2member_map_ else MatchClass.FIT.value

    async def _fetch(self) -> None:
        await super()._fetch()
        counts = await self._read(matches.counts, self._wanted())
        self.tabs = [ClassTab(code=m.value, label=m.label, count=counts[m.value]) for m in MatchClass]

    @rx.event
    async def pick(self, of: str):
        """Show another class."""
        self._turn(text_arg(of, 12))
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
        if await self._read(matches.unread, product_id):
            await self._write(matches.mark_read, product_id)

    async def _arrive(self) -> str:
        """Compare anew: figures or conditions may be others."""
        if self.row_id:
            self.found = await self._read(matches.detail, self.row_id)
        return ""


@for_screen(PRODUCT_PUSHES)
@shows(push_log.PUSHES)
class ProductPushesState(TableState, rx.State):
    """推送记录 of one product, and how far the push under way has come; it follows by itself."""

    rows: list[PushRow] = []
    state: PushState = PushState()
    versions: list[Version] = []
    row_id: int = 0

    def _wanted(self) -> dict[str, str]:
        return self.filters | {"product": str(self.row_id)}

    async def _fetch(self) -> None:
        if self.row_id:
            await super()._fetch()

    async def _count(self) -> None:
        """Count the whole log; turning its pages does not need it."""
        self.state = await self._read(push_log.state, self.row_id)
        if len(self.versions) != self.state.version:
            self.versions = await self._read(push_log.versions, self.row_id)

    async def _arrive(self) -> str:
        if self.row_id and not self.loading:
            await self._count()
        return await super()._arrive()

    @rx.event
    async def load(self):
        """Open the log of the product named by the address."""
        self.row_id, self.rows, self.state, self.versions, self.total = 0, [], PushState(), [], 0
        self._come_back()
        product_id = self._route_id("pid")
        # A foreign product reads like an absent one: asked before anything is shown.
        await self._read(_own, product_id)
        self.row_id = product_id
        yield await self._refresh()
        # The page is in view before the whole log is counted.
        await self._count()


def _own(session: Session, actor: Actor, product_id: int) -> None:
    product.own(session, actor, product_id)
