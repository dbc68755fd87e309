"""金融产品发布: the institution's own products as its list shows them (manual §4.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Product, ProductRevision
from cpegi_app.services import list_count, lists, review, shelf
from cpegi_app.services.forms import measure, normalise
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.product import FLOW, ProductForm
from cpegi_app.vocabulary import TONES, ProductType, Status

OVER = "已不接受申请，请变更有效期或下架"


class ProductRow(BaseModel):
    """A product in its institution's list."""

    id: int
    revision_id: int
    name: str
    type_label: str
    amount: str
    term: str
    rate: str
    status: str
    tone: str
    pending: str
    updated: str
    listed: bool
    published: bool
    editable: bool
    # What to do about a product that takes no applications any more.
    todo: str = ""


def own_list(
    session: Session, actor: Actor, *, word: str = "", status: str = "", page: int = 1, size: int = 10
) -> tuple[list[ProductRow], int]:
    """Return one page of the institution's products with their newest revision."""
    found = lists.page(session, actor, OWN, {"word": word, "status": status}, page=page, size=size)
    return found.rows, found.total


def _own(actor: Actor, filters: Filters) -> list[Any]:
    review.require(FLOW, actor)
    newest = (
        select(func.max(ProductRevision.id))
        .where(ProductRevision.org_id == actor.org_id)
        .group_by(col(ProductRevision.product_id))
    )
    found: list[Any] = [ProductRevision.org_id == actor.org_id, col(ProductRevision.id).in_(newest)]
    if word := normalise(filters.get("word", "")):
        # A draft's name stands in its data only, until it is published.
        drafted: Any = col(ProductRevision.data)["name"]
        named = drafted.as_string().contains(word, autoescape=True)
        found.append(named | _of(col(Product.name).contains(word, autoescape=True)))
    status = filters.get("status", "")
    if status == "LISTED":
        found.append(_of(shelf.open_now()))
    elif status == "OVER":
        found.append(_of(shelf.run_out()))
    elif status == "DELISTED":
        found.append(_of(col(Product.delisted_at).is_not(None)))
    elif status in Status._value2member_map_:
        found.append(ProductRevision.status == status)
    return found


def _of(condition: Any) -> Any:
    """Return the condition that a revision's product fulfils another."""
    return select(Product.id).where(Product.id == ProductRevision.product_id, condition).exists()


def _in_force(column: Any) -> Any:
    """Return a column of a revision's product, to sort by."""
    return select(column).where(Product.id == ProductRevision.product_id).scalar_subquery()


def _rows(session: Session, revisions: list[ProductRevision]) -> list[ProductRow]:
    ids = {r.product_id for r in revisions}
    products = {p.id: p for p in session.exec(select(Product).where(col(Product.id).in_(ids)))}
    return [_row(r, products[r.product_id]) for r in revisions]


def _row(rev: ProductRevision, product: Product) -> ProductRow:
    data = rev.data
    if product.revision_id:
        label, tone = _stands(product)
        pending = "" if rev.status == Status.APPROVED else f"变更{Status.label_of(rev.status)}"
    else:
        label, tone, pending = Status.label_of(rev.status), TONES[rev.status], ""
    return ProductRow(
        id=product.id or 0,
        revision_id=rev.id or 0,
        name=data.get("name") or "（未命名产品）",
        type_label=ProductType.label_of(data.get("product_type")),
        amount=_span(data, "amount", "万元"),
        term=_span(data, "term", "个月"),
        rate=_span(data, "rate", "%"),
        status=label,
        tone=tone,
        pending=pending,
        updated=clock.local(rev.updated_at or rev.created_at),
        listed=product.is_listed,
        published=bool(product.revision_id),
        editable=rev.status in review.EDITABLE,
        todo=OVER if product.is_listed and shelf.is_over(product) else "",
    )


def _stands(product: Product) -> tuple[str, str]:
    """Return how a product in force stands, and in which tone."""
    if not product.is_listed:
        return "已下架", "grey"
    return ("已到期", "orange") if shelf.is_over(product) else ("已发布", "green")


def _span(data: dict[str, str], name: str, unit: str) -> str:
    low, high = (_grouped(data.get(f"{name}_{end}", "")) for end in ("min", "max"))
    if not low and not high:
        return "—"
    return measure(low if low == high else f"{low or '…'}–{high or '…'}", unit)


def _grouped(value: str) -> str:
    """Return a draft's number with thousand separators, anything else as typed."""
    return ProductForm.spec("amount_min").model_copy(update={"unit": ""}).show(value)


OWN = lists.register(
    Listing(
        "products",
        "金融产品",
        _own,
        list_count.Table(ProductRevision),
        lambda session, actor, filters, found: _rows(session, found),
        {
            "产品名称": lambda r: r.name,
            "产品类型": lambda r: r.type_label,
            "额度": lambda r: r.amount,
            "期限": lambda r: r.term,
            "年利率": lambda r: r.rate,
            "状态": lambda r: r.status,
            "变更": lambda r: r.pending,
            "更新时间": lambda r: r.updated,
        },
        {
            "updated": func.coalesce(col(ProductRevision.updated_at), col(ProductRevision.created_at)),
            # What is in force: a draft has no figures yet.
            "amount": _in_force(Product.amount_max_fen),
            "rate": _in_force(Product.rate_min_bp),
        },
        large=False,
    )
)
