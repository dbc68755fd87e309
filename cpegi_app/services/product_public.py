"""The public list of credit products and its 查看详情 pages (manual §4.1)."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app.errors import NotFound
from cpegi_app.models import Organisation, Product
from cpegi_app.services import conditions
from cpegi_app.services.forms import basis_points, fen, normalise, percent, wan
from cpegi_app.services.ids import is_id
from cpegi_app.services.product import ProductForm
from cpegi_app.services.shelf import closed_why, open_now
from cpegi_app.vocabulary import GuaranteeMode, OrgClass, ProductType

# What the head of the page tells already.
HEADLINE = {
    "name",
    "product_type",
    "amount_min",
    "amount_max",
    "term_min",
    "term_max",
    "rate_min",
    "rate_max",
}


class PublicProduct(BaseModel):
    """A published product as the public list and the detail page show it."""

    id: int = 0
    name: str = ""
    org_name: str = ""
    class_label: str = ""
    type_label: str = ""
    amount: str = ""
    term: str = ""
    rate: str = ""
    cost: str = ""
    guarantees: str = ""
    repayments: str = ""
    days: str = ""
    intro: str = ""


class PublicDetail(PublicProduct):
    """Everything the 查看详情 page tells."""

    groups: list[tuple[str, list[tuple[str, str]]]] = []
    conditions: list[tuple[str, str]] = []
    open: bool = False
    closed_why: str = ""


def public_list(
    session: Session,
    *,
    amount: Decimal | None = None,
    term: int | None = None,
    rate: Decimal | None = None,
    guarantee: str = "",
    org_class: str = "",
    word: str = "",
    sort: str = "",
    page: int = 1,
    size: int = 12,
) -> tuple[list[PublicProduct], int]:
    """Return one page of the published products that fit the filters (amount 万元, term months, rate %)."""
    query = select(Product, Organisation).join(Organisation, col(Organisation.id) == Product.org_id)
    query = query.where(open_now())
    if amount is not None:
        query = query.where(Product.amount_min_fen <= fen(amount), Product.amount_max_fen >= fen(amount))
    if term is not None:
        query = query.where(Product.term_min <= term, Product.term_max >= term)
    if rate is not None:
        query = query.where(Product.rate_min_bp <= basis_points(rate))
    if guarantee in GuaranteeMode._value2member_map_:
        query = query.where(col(Product.guarantees).contains(f",{guarantee},", autoescape=True))
    if org_class in OrgClass._value2member_map_:
        query = query.where(Product.org_class == org_class)
    if word := normalise(word):
        found = col(Product.name).contains(word, autoescape=True) | col(Organisation.name).contains(
            word, autoescape=True
        )
        query = query.where(found)
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    orders = {
        "cost": (col(Product.cost_bp), col(Product.id)),
        "rate": (col(Product.rate_min_bp), col(Product.id)),
        "amount": (col(Product.amount_max_fen).desc(), col(Product.id)),
    }
    order = orders.get(sort, (col(Product.listed_at).desc(), col(Product.id).desc()))
    rows = session.exec(query.order_by(*order).offset((page - 1) * size).limit(size))
    return [shown(p, org) for p, org in rows], total


def published(session: Session, product_id: int) -> tuple[Product, Organisation]:
    """Return a published product and its institution; one that is off the list is absent to the public."""
    product, org = once_published(session, product_id)
    if not product.is_listed:
        raise NotFound("金融产品")
    return product, org


def once_published(session: Session, product_id: int) -> tuple[Product, Organisation]:
    """Return a product that was published and its institution, whether it takes applications now or not."""
    product = session.get(Product, product_id) if is_id(product_id) else None
    if product is None or not product.revision_id:
        raise NotFound("金融产品")
    return product, session.get_one(Organisation, product.org_id)


def public_detail(session: Session, product_id: int) -> PublicDetail:
    """Return everything the public may read of a published product."""
    product, org = published(session, product_id)
    groups: dict[str, list[tuple[str, str]]] = {}
    for spec in ProductForm.specs():
        if spec.name in HEADLINE:
            continue
        value = spec.show(product.data.get(spec.name)) or ProductForm.blanks.get(spec.name, "—")
        groups.setdefault(spec.group, []).append((spec.title, value))
    stated = product.conditions
    lines = [(d.label, conditions.show(d, stated.get(d.code))) for d in conditions.DIMENSIONS]
    why = closed_why(product)
    return PublicDetail(
        **shown(product, org).model_dump(),
        groups=list(groups.items()),
        conditions=[c for c in lines if c[1] != "不限制"],
        open=not why,
        closed_why=why,
    )


def shown(p: Product, org: Organisation) -> PublicProduct:
    """Return a product as cards and heads of pages show it."""
    data = p.data
    return PublicProduct(
        id=p.id or 0,
        name=p.name,
        org_name=org.name,
        class_label=OrgClass.label_of(org.org_class),
        type_label=ProductType.label_of(p.product_type),
        amount=_fen_span(p.amount_min_fen, p.amount_max_fen),
        term=f"{p.term_min}–{p.term_max} 个月" if p.term_min != p.term_max else f"{p.term_min} 个月",
        rate=f"{percent(p.rate_min_bp)}%–{percent(p.rate_max_bp)}%"
        if p.rate_min_bp != p.rate_max_bp
        else f"{percent(p.rate_min_bp)}%",
        cost=f"{percent(p.cost_bp)}%",
        guarantees=ProductForm.spec("guarantees").show(data.get("guarantees")),
        repayments=ProductForm.spec("repayments").show(data.get("repayments")),
        days=ProductForm.spec("days").show(data.get("days")),
        intro=data.get("intro", ""),
    )


def _fen_span(low: int, high: int) -> str:
    return f"{wan(low)}–{wan(high)} 万元" if low != high else f"{wan(low)} 万元"
