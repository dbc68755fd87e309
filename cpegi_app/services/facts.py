"""The typed facts of organisations and limits of products: written when an approval puts figures in force."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.dimensions import DIMENSIONS, LAYOUT
from cpegi_app.models import MatchFact, Organisation, Product, ProductLimit, User
from cpegi_app.services.conditions import effective
from cpegi_app.services.profile_forms import EnterpriseProfile
from cpegi_app.vocabulary import Kind

BATCH = 200
# A figure that no form asks for would be missing of every enterprise; the scale is reckoned from what one does.
_UNASKED = {name for d in DIMENSIONS for name in d.fields} - set(EnterpriseProfile.model_fields)
if _UNASKED:
    raise TypeError(
        f"conditions need figures that the profile has no field for: {', '.join(sorted(_UNASKED))}"
    )


def facts_of(profile: Mapping[str, str]) -> dict[str, int | None]:
    """Return every dimension's figure as its column holds it."""
    return {d.code: d.stored(profile) for d in DIMENSIONS}


def limits_of(stated: Mapping[str, Any]) -> dict[str, int | None]:
    """Return stated conditions as the columns of the limits."""
    found: dict[str, int | None] = {}
    for d in DIMENSIONS:
        c = stated.get(d.code)
        if d.kind == "range":
            found[f"{d.code}_low"], found[f"{d.code}_high"] = d.limits(c)
        else:
            found[f"{d.code}_mask"] = d.allowed(c)
    return found


def put(session: Session, org: Organisation) -> bool:
    """Write a verified organisation's facts; tell whether they differ from what stood there."""
    session.flush()
    facts = facts_of(org.profile) | {"is_live": org.kind == Kind.ENTERPRISE and _enabled(session, org.id)}
    return _put(session, MatchFact, org.id or 0, facts)


def put_product(session: Session, product: Product) -> bool:
    """Write a published product's limits; tell whether they differ, which makes another version of them.

    What was in force before stands there under this layout: see `renew`.
    """
    limits, before = _limits(session, product)
    if before and before["layout"] == LAYOUT and all(before[k] == v for k, v in limits.items()):
        return False
    version = before["version"] + 1 if before else 1
    _put(session, ProductLimit, product.id or 0, limits | {"version": version})
    return True


def renew(session: Session, product: Product) -> None:
    """Write what is in force of a product under this layout: no other condition, and the same version.

    What was pushed under the version stays pushed. A change is compared with this, not with another layout's figures.
    """
    limits, before = _limits(session, product)
    if not before or before["layout"] != LAYOUT:
        version = before["version"] if before else 1
        _put(session, ProductLimit, product.id or 0, limits | {"version": version})


def _limits(session: Session, product: Product) -> tuple[dict[str, int | None], Any]:
    session.flush()
    before = session.execute(select(ProductLimit).where(ProductLimit.c.id == product.id)).mappings().first()
    return limits_of(effective(product.conditions, product.data)), before


def version(session: Session, product_id: int) -> int:
    """Return how often a product's conditions have been put in force, 0 before the first time."""
    query = select(ProductLimit.c.version).where(ProductLimit.c.id == product_id)
    return session.execute(query).scalar_one_or_none() or 0


# Made once: making a statement anew costs more than asking it.
_HAS_USERS = select(exists().where(col(User.org_id) == bindparam("org"), col(User.disabled_at).is_(None)))
_SET_LIVE = (
    update(MatchFact)
    .where(
        MatchFact.c.id == bindparam("org"),
        MatchFact.c.id.in_(
            select(col(Organisation.id)).where(col(Organisation.kind) == Kind.ENTERPRISE.value)
        ),
    )
    .values(is_live=bindparam("live"))
)


def refresh_live(session: Session, org_id: int | None) -> bool:
    """Note that an organisation's users were disabled or enabled; tell whether it can be pushed to now."""
    live = _enabled(session, org_id)
    session.flush()
    session.execute(_SET_LIVE, {"org": org_id, "live": live})
    return live


def _enabled(session: Session, org_id: int | None) -> bool:
    return bool(session.execute(_HAS_USERS, {"org": org_id}).scalar_one())


@cache
def _asked(table: Table) -> Any:
    return select(table).where(table.c.id == bindparam("row_id"))


@cache
def _upsert(dialect: str, table: Table) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    new = insert(table)
    changed = {c.name: new.excluded[c.name] for c in table.c if c.name not in ("id", "created_at")}
    return new.on_conflict_do_update(index_elements=[table.c.id], set_=changed)


def _put(session: Session, table: Table, row_id: int, values: dict[str, Any]) -> bool:
    """Insert or replace a row; tell whether anything is another than before."""
    before = session.execute(_asked(table), {"row_id": row_id}).mappings().first()
    if before and before["layout"] == LAYOUT and all(before[k] == v for k, v in values.items()):
        return False
    row = {"id": row_id, "created_at": clock.now(), "layout": LAYOUT, **values}
    session.execute(_upsert(session.get_bind().dialect.name, table), row)
    return True


# --- after an update of the platform ------------------------------------------------------------------


def has_backlog(session: Session) -> bool:
    """Tell whether rows are missing, or stand there under another layout."""
    orgs, products = _behind()
    return any(session.scalars(query.limit(1)).first() for query in (orgs, products))


def backlog(session: Session) -> None:
    """Write some of the rows that are missing; nothing is pushed on their account."""
    orgs, products = _behind()
    for org in list(session.scalars(orgs.limit(BATCH))):
        put(session, org)
    for product in list(session.scalars(products.limit(BATCH))):
        renew(session, product)


def _behind() -> tuple[Any, Any]:
    orgs = select(Organisation).join(MatchFact, MatchFact.c.id == Organisation.id, isouter=True)
    products = select(Product).join(ProductLimit, ProductLimit.c.id == Product.id, isouter=True)
    return (
        orgs.where(col(Organisation.verified_at).is_not(None), _stale(MatchFact)),
        products.where(col(Product.revision_id).is_not(None), _stale(ProductLimit)),
    )


def _stale(table: Table) -> Any:
    return func.coalesce(table.c.layout, "") != LAYOUT
