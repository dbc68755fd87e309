"""Credit products: the institution's list and editor, the public list and detail (manual §4.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx
from sqlmodel import Session

from cpegi_app.access import PRODUCT_EDIT, PRODUCT_PUSHES, PRODUCTS, Actor
from cpegi_app.errors import NotFound
from cpegi_app.models import ProductRevision
from cpegi_app.services import product, review
from cpegi_app.services.forms import posted
from cpegi_app.services.product import FLOW, ProductForm, ProductRow
from cpegi_app.services.review_view import ReviewView, view
from cpegi_app.state.base import Services, for_screen, int_arg
from cpegi_app.state.form import FormState
from cpegi_app.state.message import success
from cpegi_app.state.table import TableState
from cpegi_app.vocabulary import Action

TITLES = {s.name: s.title for s in ProductForm.specs()}


@for_screen(PRODUCTS)
class ProductListState(TableState, rx.State):
    """金融产品发布: the institution's own products."""

    rows: list[ProductRow] = []

    async def _fetch(self) -> None:
        self.rows, self.total = await self._read(
            product.own_list,
            word=self.filters.get("word", ""),
            status=self.filters.get("status", ""),
            page=self.page,
            size=self.size,
        )

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
class ProductEditState(FormState, rx.State):
    """The editor of a product or of a 变更, and what became of it."""

    row_id: int = 0
    version: int = 0
    editable: bool = False
    is_change: bool = False
    sent: bool = False
    view: ReviewView = ReviewView()

    @rx.event
    async def load(self):
        """Open the revision named by the address."""
        rid = self._route_id("rid")
        row = await self._read(_own, rid)
        self.row_id, self.sent = rid, False
        self.is_change = bool(row["is_change"])
        await self._show(row)

    async def _show(self, row: dict[str, Any]) -> None:
        self.version, self.editable, self.view = row["version"], row["editable"], row["view"]
        self._open(row["data"], row["reasons"])

    @rx.event
    async def submit(self, data: dict):
        """暂存 or 提交, by the button that was pressed."""
        values = posted(data, product.NAMES | {"intent"})
        if values.pop("intent", "") == "save":
            row = await self._write(review_save, self.row_id, self.version, values)
            self.version = row.version
            self._clear_errors()
            return success("已暂存，可随时回来继续填写。")
        row = await self._checked(
            self._write(_submit, self.row_id, self.version, values, self._submit_key), TITLES
        )
        self.sent, self.editable = True, False
        self.version = row.version

    @rx.event
    async def withdraw(self):
        """撤回 while it waits for review."""
        await self._write(_withdraw, self.row_id, self.version)
        await self._show(await self._read(_own, self.row_id))
        self.sent = False
        return success("已撤回，可修改后重新提交。")


@for_screen(PRODUCT_PUSHES)
class ProductPushesState(Services, rx.State):
    """推送记录 of one product; the pushes themselves come with matching."""

    name: str = ""

    @rx.event
    async def load(self):
        """Open the log of the product named by the address."""
        found = await self._read(product.own, self._route_id("pid"))
        self.name = found.name


def _own(session: Session, actor: Actor, rid: int) -> dict[str, Any]:
    row: ProductRevision = review.load_own(session, FLOW, actor, rid)
    found = session.get(product.Product, row.product_id)
    if found is None:
        raise NotFound("金融产品")
    return {
        "version": row.version,
        "data": row.data,
        "reasons": row.field_reasons,
        "editable": row.status in review.EDITABLE,
        "is_change": bool(found.revision_id),
        "view": view(session, FLOW, actor, rid),
    }


def review_save(
    session: Session, actor: Actor, rid: int, version: int, data: dict[str, str]
) -> ProductRevision:
    """Keep the draft as typed."""
    return review.save_draft(session, FLOW, actor, rid, version, data)


def _submit(
    session: Session, actor: Actor, rid: int, version: int, data: dict[str, str], key: str
) -> ProductRevision:
    return review.act(session, FLOW, actor, rid, Action.SUBMIT, version, key=key, values={"data": data})


def _withdraw(session: Session, actor: Actor, rid: int, version: int) -> ProductRevision:
    return review.act(session, FLOW, actor, rid, Action.WITHDRAW, version)
