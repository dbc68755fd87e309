"""适合我的产品: an enterprise's own view of the matching, with what would be enough (manual §4.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, case, func, select, update
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.dimensions import BY_CODE
from cpegi_app.errors import Conflict, Forbidden, NotFound
from cpegi_app.models import Organisation, Product, ProductLimit, ProductPush
from cpegi_app.services import advice, conditions, list_count, lists, live, matching, notices, product_public
from cpegi_app.services.conditions import ConditionRow, effective
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.product_public import PublicProduct
from cpegi_app.services.shelf import closed_why, open_now
from cpegi_app.vocabulary import MatchClass

# So many names of missing data a line of the list holds.
NAMED = 3


class MatchRow(PublicProduct):
    """A product in the list: what it costs, and in short why it fits or not."""

    found: str = ""
    tone: str = ""
    why: str = ""
    advice: str = ""


class MatchDetail(BaseModel):
    """One product: every condition that limits, with the own figure, its date and what would be enough."""

    product: PublicProduct = PublicProduct()
    found: str = ""
    tone: str = ""
    rows: list[ConditionRow] = []
    free: int = 0
    disclaimer: str = advice.DISCLAIMER
    closed_why: str = ""


FIT, NEAR, LACKING, OTHER = MatchClass
TONES = {FIT: "green", NEAR: "orange", LACKING: "blue", OTHER: "grey"}


def _pages(
    session: Session, actor: Actor, filters: Filters, page: int, size: int
) -> tuple[list[MatchRow], int]:
    """Return one page of the open products of a class (`of`), the cheapest first, and how many there are."""
    org = _own(session, actor)
    found = _graded(session, org, filters).subquery()
    cls = _class(found.c.missed, found.c.lacking)
    of = filters.get("of", "")
    wanted = select(found.c.id, found.c.missed, found.c.lacking, func.count().over().label("total")).where(
        cls == (of if of in MatchClass._value2member_map_ else FIT.value)
    )
    wanted = wanted.order_by(*_order(found, filters.get("sort", ""))).offset((page - 1) * size).limit(size)
    graded = list(session.execute(wanted))
    total = graded[0].total if graded else 0
    if not graded and page > 1:
        _, total = _pages(session, actor, filters, 1, 1)
    return _rows(session, org, graded), total


SORTS: dict[str, Any] = {
    "cost": col(Product.cost_bp),
    "amount": col(Product.amount_max_fen),
    "rate": col(Product.rate_min_bp),
}


def _order(found: Any, sort: str) -> list[Any]:
    """Return the order of a class: as a heading says, else the cheapest first."""
    name = sort.lstrip("-")
    if name not in SORTS:
        return [found.c.cost_bp, found.c.id]
    column = found.c[SORTS[name].key]
    return [column.desc() if sort.startswith("-") else column, found.c.id]


def counts(session: Session, actor: Actor, filters: Filters) -> dict[str, int]:
    """Return how many open products there are of each class."""
    found = _graded(session, _own(session, actor), filters).subquery()
    cls = _class(found.c.missed, found.c.lacking)
    told: dict[str, int] = {name: n for name, n in session.execute(select(cls, func.count()).group_by(cls))}
    return {m.value: told.get(m.value, 0) for m in MatchClass}


def _graded(session: Session, org: Organisation, filters: Filters) -> Any:
    """Return the query of the open products with the bits of what is missed and of what lacks data."""
    values = matching.facts(session, org.id)
    if values is None:
        raise Conflict("贵单位的匹配数据正在整理，请稍后刷新再试。")
    missed, lacking = matching.unmet(values).label("missed"), matching.lacking(values).label("lacking")
    graded = (
        select(ProductLimit.c.id, *SORTS.values(), missed, lacking)
        .join(Product, col(Product.id) == ProductLimit.c.id)
        .where(open_now(), col(Product.org_id) != org.id)
    )
    if word := normalise(filters.get("word", "")):
        graded = graded.where(col(Product.name).contains(word, autoescape=True))
    return graded


def _asked(actor: Actor, filters: Filters) -> list[Any]:
    if not actor.may(Permission.APPLICATION_SUBMIT):
        raise Forbidden()
    return []


MATCHES = lists.register(
    Listing(
        "matches",
        "适合我的产品",
        _asked,
        list_count.Table(Product),
        lambda session, actor, filters, found: [],
        {
            "金融产品": lambda r: r.name,
            "机构": lambda r: r.org_name,
            "综合年化成本": lambda r: r.cost,
            "额度": lambda r: r.amount,
            "期限": lambda r: r.term,
            "年利率": lambda r: r.rate,
            "匹配情况": lambda r: r.found,
            "说明": lambda r: r.why,
            "建议（按已认证数据的算术测算，不构成授信承诺）": lambda r: r.advice,
        },
        SORTS,
        pages=_pages,
    )
)


def _class(missed: ColumnElement[int], lacking: ColumnElement[int]) -> ColumnElement[str]:
    # One bit alone: nothing is left when one is taken away from it.
    one = and_(missed != 0, missed.bitwise_and(missed - 1) == 0)
    return case(
        (and_(missed == 0, lacking == 0), FIT.value),
        (and_(one, lacking == 0), NEAR.value),
        (missed == 0, LACKING.value),
        else_=OTHER.value,
    )


def _own(session: Session, actor: Actor) -> Organisation:
    if not actor.may(Permission.APPLICATION_SUBMIT) or actor.org_id is None:
        raise Forbidden()
    return session.get_one(Organisation, actor.org_id)


def _rows(session: Session, org: Organisation, graded: list[Any]) -> list[MatchRow]:
    query = select(Product, Organisation).join(Organisation, col(Organisation.id) == Product.org_id)
    by_id = {
        p.id: (p, o) for p, o in session.execute(query.where(col(Product.id).in_([g.id for g in graded])))
    }
    return [_row(org, *by_id[g.id], g.missed, g.lacking) for g in graded]


def _row(org: Organisation, product: Product, lender: Organisation, missed: int, lacking: int) -> MatchRow:
    found = _class_of(missed, lacking)
    row = MatchRow(**product_public.shown(product, lender).model_dump(), found=found.label, tone=TONES[found])
    stated, today = effective(product.conditions, product.data), clock.today()
    if found is FIT:
        row.why = "授信条件全部满足"
    elif found is NEAR:
        d = BY_CODE[matching.codes(missed)[0]]
        c = stated[d.code]
        row.why = conditions.gap(d, c, d.figure(org.profile, today))
        row.advice = advice.sentence(d, c, org.profile, conditions.UNMET, today)
    elif found is LACKING:
        row.why = "待补充：" + _labels(matching.codes(lacking))
    else:
        row.why = "不满足：" + _labels(matching.codes(missed))
    return row


def _class_of(missed: int, lacking: int) -> MatchClass:
    if not missed:
        return LACKING if lacking else FIT
    return NEAR if missed.bit_count() == 1 and not lacking else OTHER


def _labels(codes: list[str]) -> str:
    names = [BY_CODE[c].label for c in codes]
    more = f"等 {len(names)} 项" if len(names) > NAMED else ""
    return "、".join(names[:NAMED]) + more


def detail(session: Session, actor: Actor, product_id: int) -> MatchDetail:
    """Return a published product beside the own figures, condition by condition."""
    org = _own(session, actor)
    product, lender = product_public.once_published(session, product_id)
    if not product.is_listed and not session.execute(_last_push(actor, product_id)).first():
        # Who was told of it reads that it is off the list; to everybody else it is absent.
        raise NotFound("金融产品")
    rows = conditions.compare(
        effective(product.conditions, product.data),
        org.profile,
        profile_on=clock.local_date(org.profile_at or org.verified_at),
        advise=True,
    )
    results = [r.result for r in rows]
    missed, lacking = results.count("不满足"), results.count("数据缺失")
    found = _class_of((1 << missed) - 1, lacking)
    return MatchDetail(
        product=product_public.shown(product, lender),
        found=found.label,
        tone=TONES[found],
        rows=[r for r in rows if r.result != "不限制"],
        free=results.count("不限制"),
        closed_why=closed_why(product),
    )


def unread(session: Session, actor: Actor, product_id: int) -> bool:
    """Tell whether the last push of a product to the enterprise has not been opened yet."""
    return (
        session.execute(_last_push(actor, product_id).where(col(ProductPush.read_at).is_(None))).first()
        is not None
    )


def mark_read(session: Session, actor: Actor, product_id: int) -> None:
    """Note that the enterprise has opened a product that was pushed to it: under the version pushed last."""
    last = _last_push(actor, product_id).scalar_subquery()
    opened = session.execute(
        update(ProductPush)
        .where(col(ProductPush.id) == last, col(ProductPush.read_at).is_(None))
        .values(read_at=clock.now())
    )
    if opened.rowcount:  # pyright: ignore[reportAttributeAccessIssue]
        lender = session.get_one(Product, product_id).org_id
        live.concern(session, notices.users_of(session, lender))


def _last_push(actor: Actor, product_id: int) -> Any:
    mine = col(ProductPush.org_id) == actor.org_id, col(ProductPush.product_id) == product_id
    last = select(func.max(ProductPush.id)).where(*mine).scalar_subquery()
    return select(col(ProductPush.id)).where(col(ProductPush.id) == last)
