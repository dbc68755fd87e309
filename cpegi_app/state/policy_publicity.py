"""公示: what waits, publications, objections, confirmation; the public pages (manual §8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import reflex as rx

from cpegi_app.access import PUBLIC_PUBLICITIES, PUBLIC_PUBLICITY, PUBLICITIES, PUBLICITY
from cpegi_app.errors import NotFound
from cpegi_app.services import policy_exports, policy_objection, policy_publicity, policy_takeback
from cpegi_app.services.forms import posted
from cpegi_app.services.policy_objection import ObjectionView
from cpegi_app.services.policy_publicity_rows import Entry, Preview, PublicityRow, WaitingPolicy
from cpegi_app.services.policy_takeback import Overdue, Unredeemed
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.form import FormState
from cpegi_app.state.message import success
from cpegi_app.state.table import TableState, shows

# So many publications with grants that nobody redeemed in time stand above the list; the others follow them.
SHOWN = 10


@for_screen(PUBLICITIES)
@shows(policy_exports.PUBLICITIES)
class PublicitiesState(TableState, rx.State):
    """公示管理: policies whose approved applications wait, and the publications."""

    rows: list[PublicityRow] = []
    waiting: list[WaitingPolicy] = []
    unredeemed: list[Unredeemed] = []
    preview: Preview = Preview()

    async def _fetch(self) -> None:
        self.waiting = await self._read(policy_publicity.waiting)
        self.unredeemed = await self._read(policy_takeback.unredeemed, SHOWN)
        await super()._fetch()

    @rx.event
    async def load(self):
        """Open the list, no preview over it."""
        self.preview = Preview()
        self._come_back()
        return await self._refresh()

    @rx.event
    async def look(self, policy_id: int):
        """Show what would be published."""
        self.preview = await self._read(policy_publicity.preview, int_arg(policy_id, 0))

    @rx.event
    def close(self):
        """Put the preview away."""
        self.preview = Preview()

    @rx.event
    async def publish(self):
        """发布公示 of what was looked at."""
        seen = self.preview
        number = await self._write(policy_publicity.publish, seen.policy_id, seen.count, seen.total_fen)
        self.preview = Preview()
        return [success("公示已发布，申请单位已收到通知。"), rx.redirect(PUBLICITY.url(nid=number))]


@for_screen(PUBLICITY)
@shows(policy_exports.NAMES)
class PublicityState(TableState, FormState, rx.State):
    """One publication: its names, objections, confirmation."""

    rows: list[Entry] = []
    row: PublicityRow = PublicityRow()
    objections: list[ObjectionView] = []
    objecting: bool = False
    deciding: int = 0
    deciding_text: str = ""
    # The objection concerns the whole list: it takes nobody's grant back by itself.
    deciding_all: bool = False
    against: str = ""
    # What nobody redeemed in time; the grant that is to be taken back, or every one of those.
    overdue: Overdue = Overdue()
    taking: int = 0
    taking_org: str = ""
    taking_all: bool = False
    _row_id: int = 0

    def _wanted(self) -> dict[str, str]:
        return self.filters | {"publicity": str(self._row_id)}

    async def _fetch(self) -> None:
        if not self._row_id:
            self.rows, self.total = [], 0
            return
        await super()._fetch()
        self.row = await self._read(
            lambda s, a: policy_publicity.row_of(s, policy_publicity.load(s, a, self._row_id))
        )
        self.objections = await self._read(policy_objection.listing, self._row_id)
        self.overdue = await self._read(policy_takeback.overdue, self._row_id)

    @rx.event
    async def load(self):
        """Open the publication named by the address."""
        self._row_id, self.row, self.rows, self.objections = 0, PublicityRow(), [], []
        self.objecting, self.deciding = False, 0
        self.overdue, self.taking, self.taking_all = Overdue(), 0, False
        self._come_back()
        self._row_id = self._route_id("nid")
        return await self._refresh()

    @rx.event
    def ask_objection(self, number: str):
        """Open the form of an objection, against one name or the whole list."""
        self.against = text_arg(number, 12)
        self._open({"grant": self.against})
        self.objecting = True

    @rx.event
    def ask_decision(self, number: int):
        """Open the dialog in which an objection is decided."""
        found = next((o for o in self.objections if o.id == number and o.open), None)
        self._open({})
        self.deciding, self.deciding_text = (found.id, found.text) if found else (0, "")
        self.deciding_all = found is not None and found.whole

    @rx.event
    def close(self):
        """Put the dialogs away."""
        self.objecting, self.deciding, self.taking, self.taking_all = False, 0, 0, False

    @rx.event
    async def record(self, data: dict):
        """登记异议."""
        values = posted(data, policy_objection.NAMES | {"intent"})
        values.pop("intent", "")
        call = self._write(policy_objection.record, self._row_id, values, self._submit_key)
        await self._checked(call, policy_objection.TITLES)
        self.objecting = False
        await self._refresh()
        return success("异议已登记，处理前相关申请不能确认。")

    @rx.event
    async def decide(self, data: dict):
        """异议成立 or 不成立, by the button that was pressed."""
        if not self.deciding:
            # Pressed twice: the first has said what was done.
            return None
        values = posted(data, frozenset({"conclusion", "intent"}))
        upheld = values.get("intent") == "uphold"
        more = (self._row_id, self.deciding, upheld, values.get("conclusion", ""))
        await self._checked(self._write(policy_objection.decide, *more), {"conclusion": "处理结论"})
        self.deciding = 0
        await self._refresh()
        return success("已记录处理结论。" + ("相关奖补已取消，占用的预算已释放。" if upheld else ""))

    @rx.event
    def ask_takeback(self, number: int):
        """Open the dialog in which one grant is taken back."""
        found = next((e for e in self.rows if e.grant_id == number and e.confirmed), None)
        self._open({})
        self.taking, self.taking_org = (
            (found.grant_id, f"{found.org}，{found.amount} 元") if found else (0, "")
        )

    @rx.event
    def ask_takeback_overdue(self):
        """Open the dialog in which everything that nobody redeemed in time is taken back."""
        self._open({})
        self.taking_all = self.overdue.count > 0

    @rx.event
    async def take_back(self, data: dict):
        """取消奖补, one or all that are overdue, with the reason."""
        if not self.taking and not self.taking_all:
            return None
        reason = posted(data, frozenset({"reason", "intent"})).get("reason", "")
        if self.taking_all:
            call = self._write(policy_takeback.take_back_overdue, self._row_id, self.overdue, reason)
        else:
            call = self._write(policy_takeback.take_back, self._row_id, self.taking, reason)
        count = await self._checked(call, {"reason": "取消原因"})
        self.taking, self.taking_all = 0, False
        await self._refresh()
        return success(f"已取消 {count or 1} 笔奖补，占用的预算已释放，申请单位会收到通知。")

    @rx.event
    async def confirm(self):
        """确认无异议 once the days are over."""
        count = await self._write(policy_publicity.confirm, self._row_id)
        await self._refresh()
        return success(f"已确认 {count} 件，申请单位可以申请兑现。")


@for_screen(PUBLIC_PUBLICITIES)
class PublicPublicitiesState(TableState, rx.State):
    """The publications as everybody reads them."""

    rows: list[PublicityRow] = []

    def _sorts(self) -> Mapping[str, Any]:
        return policy_publicity.SORTS

    async def _fetch(self) -> None:
        filters = self._in_order()
        self.rows, self.total = await self._read_public(
            policy_publicity.public_listing, filters=filters, page=self.page, size=self.size
        )


@for_screen(PUBLIC_PUBLICITY)
class PublicPublicityState(TableState, rx.State):
    """One publication as everybody reads it."""

    rows: list[Entry] = []
    row: PublicityRow = PublicityRow()
    missing: bool = False
    _row_id: int = 0

    def _sorts(self) -> Mapping[str, Any]:
        return policy_publicity.NAME_SORTS

    async def _fetch(self) -> None:
        if not self._row_id:
            self.rows, self.total = [], 0
            return
        self.row, self.rows, self.total = await self._read_public(
            policy_publicity.public_one,
            self._row_id,
            filters=self._in_order(),
            page=self.page,
            size=self.size,
        )

    @rx.event
    async def load(self):
        """Open the publication named by the address."""
        self._row_id, self.missing = 0, False
        self._come_back()
        self.row, self.rows, self.total = PublicityRow(), [], 0
        try:
            self._row_id = self._route_id("nid")
            return await self._refresh()
        except NotFound:
            self._row_id, self.missing, self.loading = 0, True, False
