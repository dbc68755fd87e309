"""Credit products: the institution's list and editor, the public list and detail (manual §4.1)."""

from __future__ import annotations

from collections.abc import Mapping

import reflex as rx

from cpegi_app.access import PRODUCT_EDIT, PRODUCTS
from cpegi_app.errors import TooMany
from cpegi_app.services import audience, conditions, product, product_list
from cpegi_app.services.audience import Audience
from cpegi_app.services.matching import PARTS, Tally
from cpegi_app.services.product import FLOW, ProductForm
from cpegi_app.services.product_list import ProductRow
from cpegi_app.state.base import for_screen, int_arg
from cpegi_app.state.form import gather, told_fields
from cpegi_app.state.message import info, success
from cpegi_app.state.subject import SubjectState, edits
from cpegi_app.state.table import TableState, shows

# What the editor's panel is told as it is typed.
TOLD = conditions.names() | {"industries", "regions"}


@for_screen(PRODUCTS)
@shows(product_list.OWN)
class ProductListState(TableState, rx.State):
    """金融产品发布: the institution's own products."""

    rows: list[ProductRow] = []

    @rx.event
    async def add(self):
        """Begin a product (添加产品)."""
        row = await self._write(product.new_draft)
        return rx.redirect(PRODUCT_EDIT.url(rid=row.id))

    @rx.event
    async def change(self, product_id: int):
        """Open a product's draft, or begin a 变更."""
        row = await self._write(product.change_draft, int_arg(product_id, 0))
        return rx.redirect(PRODUCT_EDIT.url(rid=row.id))

    @rx.event
    async def set_listed(self, product_id: int, listed: bool):
        """下架 or 重新上架."""
        await self._write(product.delist, int_arg(product_id, 0), listed=listed is True)
        await self._refresh()
        return success(
            "已重新上架，产品恢复在平台首页展示。"
            if listed is True
            else "已下架，产品不再展示，也不再接受新的申请。"
        )


@for_screen(PRODUCT_EDIT)
@edits(FLOW.name, product.NAMES, {s.name: s.title for s in ProductForm.specs()} | conditions.titles())
class ProductEditState(SubjectState, rx.State):
    """The editor of a product or of a 变更, and what became of it."""

    is_change: bool = False
    audience: Audience = Audience()

    @rx.event
    async def load(self):
        """Open the revision named by the address."""
        rid = self._route_id("rid")
        self.audience = Audience()
        await self._show(rid)
        self.is_change = await self._read(product.is_change, rid)
        if self.editable:
            await self._count(self.values)

    async def _help(self, intent: str, values: dict[str, str]):
        """Tick 不限制 for every condition that says nothing yet; what was typed stays, saved."""
        if intent == "free":
            values = conditions.free_the_rest(values)
            await self._store(values)
            self._open(values, self.reasons)
            return info("其余授信条件已勾选“不限制”，请核对后提交。")

    @rx.event
    async def reach(self, typed: str):
        """Count whom the conditions reach as they are typed."""
        if self.editable:
            await self._count(told_fields(typed, TOLD))

    async def _count(self, values: Mapping[str, str]) -> None:
        wanted, problems = audience.stated(values)
        parts = [self._read(audience.count, wanted, part, PARTS) for part in range(PARTS)]
        try:
            tally = sum(await gather(*parts), Tally())
        except TooMany as refusal:
            self.audience = Audience(problems=[refusal.message])
        else:
            self.audience = audience.shown(wanted, problems, tally)
