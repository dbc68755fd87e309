"""Credit products: the institution's list and editor, the public list and detail (manual §4.1)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import PRODUCT_EDIT, PRODUCT_PUSHES, PRODUCTS
from cpegi_app.services import conditions, product, product_list
from cpegi_app.services.product import FLOW, ProductForm
from cpegi_app.services.product_list import ProductRow
from cpegi_app.state.base import Services, for_screen, int_arg
from cpegi_app.state.message import info, success
from cpegi_app.state.subject import SubjectState, edits, save
from cpegi_app.state.table import TableState, shows


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
@edits(FLOW.name, product.NAMES, {s.name: s.title for s in ProductForm.specs()})
class ProductEditState(SubjectState, rx.State):
    """The editor of a product or of a 变更, and what became of it."""

    is_change: bool = False

    @rx.event
    async def load(self):
        """Open the revision named by the address."""
        rid = self._route_id("rid")
        await self._show(rid)
        self.is_change = await self._read(product.is_change, rid)

    async def _help(self, intent: str, values: dict[str, str]):
        """Tick 不限制 for every condition that says nothing yet; what was typed stays, saved."""
        if intent == "free":
            values = conditions.free_the_rest(values)
            self.version = await self._write(save, FLOW.name, self.row_id, self.version, values)
            self._open(values, self.reasons)
            return info("其余授信条件已勾选“不限制”，请核对后提交。")


@for_screen(PRODUCT_PUSHES)
class ProductPushesState(Services, rx.State):
    """推送记录 of one product; the pushes themselves come with matching."""

    name: str = ""

    @rx.event
    async def load(self):
        """Open the log of the product named by the address."""
        found = await self._read(product.own, self._route_id("pid"))
        self.name = found.name
