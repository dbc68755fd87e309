"""推送记录: to how many enterprises a product was brought, which of them looked and applied (manual §4.1).

Who they are the institution learns from an application that authorises it, not from here.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import REQUEST, Actor
from cpegi_app.dimensions import BY_CODE, DIMENSIONS, retired
from cpegi_app.models import Application, Organisation, Product, ProductPush, ProductRevision, PushRun
from cpegi_app.services import facts, list_count, lists, product
from cpegi_app.services.conditions import effective, show
from cpegi_app.services.lists import Filters, Listing, int_filter
from cpegi_app.services.product import FLOW
from cpegi_app.services.review import require
from cpegi_app.services.shelf import closed_why
from cpegi_app.vocabulary import Status


class PushRow(BaseModel):
    """One push; the enterprise is named once it has applied and authorised."""

    id: int
    at: str
    version: str
    enterprise: str
    named: bool = False
    read: str = ""
    applied: str = ""
    href: str = ""


class PushState(BaseModel):
    """How the push of the conditions in force stands."""

    name: str = ""
    version: int = 0
    since: str = ""
    pushed: int = 0
    read: int = 0
    applied: int = 0
    running: bool = False
    paused: bool = False
    done: int = 0
    total: int = 0
    percent: int = 0


def state(session: Session, actor: Actor, product_id: int) -> PushState:
    """Return the figures of an own product's pushes, and how far the one under way has come."""
    found = product.own(session, actor, product_id)
    run = session.scalars(
        select(PushRun).where(col(PushRun.product_id) == product_id).order_by(col(PushRun.id).desc())
    ).first()
    shown = PushState(name=found.name or "未命名产品", version=facts.version(session, product_id))
    every = {"product": str(product_id)}
    shown.pushed = lists.whole(session, actor, PUSHES, every)
    shown.read = lists.whole(session, actor, PUSHES, every | {"read": "YES"})
    shown.applied = _how_many_applied(session, product_id)
    if in_force := versions(session, actor, product_id):
        shown.since = in_force[0].since
    if run is not None:
        shown.done, shown.total = run.done, run.total or 0
        shown.running = run.finished_at is None
        shown.paused = shown.running and bool(closed_why(found))
        shown.percent = min(100, run.done * 100 // run.total) if run.total else 0
    return shown


class Version(BaseModel):
    """The conditions that were pushed under a version, and since when they were in force."""

    number: str
    since: str
    conditions: list[str]


def versions(session: Session, actor: Actor, product_id: int) -> list[Version]:
    """Return the versions of an own product's conditions, the newest first."""
    product.own(session, actor, product_id)
    revision = ProductRevision
    approved = select(revision).where(
        col(revision.product_id) == product_id, col(revision.status) == Status.APPROVED.value
    )
    found: list[Version] = []
    before: dict[str, Any] | None = None
    for row in session.scalars(approved.order_by(col(revision.decided_at), col(revision.id))):
        stated = effective(row.conditions, product.split(row.data)[0])
        if before is None or _differ(before, stated):
            since = clock.local(row.decided_at)
            found.append(Version(number=str(len(found) + 1), since=since, conditions=_told(stated)))
        before = stated
    return found[::-1]


def _differ(before: dict[str, Any], stated: dict[str, Any]) -> bool:
    """Tell whether the conditions were others, as when they were approved.

    What the platform asked for then and does not any more counts between two that both state it; who states it no
    longer has not lifted it.
    """
    gone = before.keys() & stated.keys() - BY_CODE.keys()
    return facts.limits_of(before) != facts.limits_of(stated) or any(
        _plain(before[code]) != _plain(stated[code]) for code in gone
    )


def _plain(c: dict[str, Any]) -> dict[str, Any]:
    """Return a condition such that the same limits written otherwise are the same."""
    return {} if c.get("any") else {k: Decimal(v) if k in ("low", "high") else v for k, v in c.items()}


def _told(stated: dict[str, Any]) -> list[str]:
    asked = [*DIMENSIONS, *(retired(code) for code in sorted(stated.keys() - BY_CODE.keys()))]
    limited = [
        f"{d.label}：{show(d, stated[d.code])}"
        for d in asked
        if not (stated.get(d.code) or {"any": True}).get("any")
    ]
    return limited or ["全部不限制"]


def _applied() -> Any:
    """Return whether the enterprise has an application with the institution that followed this very push."""
    return exists().where(
        col(Application.product_id) == ProductPush.product_id,
        col(Application.org_id) == ProductPush.org_id,
        *_followed(),
    )


def _followed() -> tuple[Any, ...]:
    """Return the conditions that an application was sent after a push, and no later push of the pair lies between."""
    sent = col(Application.submitted_at)
    later = (
        exists()
        .where(
            _later.product_id == ProductPush.product_id,
            _later.org_id == ProductPush.org_id,
            _later.version > ProductPush.version,
            _later.created_at <= sent,
        )
        .correlate(ProductPush, Application)
    )
    return *_sent(), sent >= ProductPush.created_at, ~later


_later: Any = aliased(ProductPush)


def _how_many_applied(session: Session, product_id: int) -> int:
    """Return the pushes of a product that an application followed: its applications are few beside its pushes."""
    query = (
        select(func.count(col(ProductPush.id).distinct()))
        .join(Application, _pair())
        .where(col(Application.product_id) == product_id, *_followed())
    )
    return session.execute(query).scalar_one()


def _pair() -> Any:
    return and_(
        col(Application.product_id) == ProductPush.product_id, col(Application.org_id) == ProductPush.org_id
    )


def _applications_since(since: datetime) -> Any:
    """Return the pushes whose applications have changed, for the count."""
    moved = col(Application.updated_at)
    return select(col(ProductPush.id), moved).join(Application, _pair()).where(moved >= since)


def _sent() -> tuple[Any, ...]:
    # Withdrawn, it is the enterprise's own affair again.
    return (
        col(Application.submitted_at).is_not(None),
        col(Application.authorised_at).is_not(None),
        Application.status != Status.DRAFT.value,
    )


def _where(actor: Actor, filters: Filters) -> list[Any]:
    require(FLOW, actor)
    pushed, number = col(ProductPush.product_id), int_filter(filters, "product")
    own = select(col(Product.id)).where(col(Product.id) == number, col(Product.org_id) == actor.org_id)
    found = [pushed == number, pushed.in_(own)]
    if version := int_filter(filters, "version"):
        found.append(col(ProductPush.version) == version)
    if (read := filters.get("read")) in ("YES", "NO"):
        opened = col(ProductPush.read_at)
        found.append(opened.is_not(None) if read == "YES" else opened.is_(None))
    if (applied := filters.get("applied")) in ("YES", "NO"):
        found.append(_applied() if applied == "YES" else ~_applied())
    return found


def _views(session: Session, actor: Actor, filters: Filters, rows: list[ProductPush]) -> list[PushRow]:
    names = _names(session, int_filter(filters, "product"), [r.org_id for r in rows])
    known = _applications(session, [r.id or 0 for r in rows])
    return [_row(r, names.get(r.org_id, ""), known.get(r.id or 0)) for r in rows]


def _names(session: Session, product_id: int, org_ids: list[int]) -> dict[int, str]:
    """Return the names of the enterprises that have applied and authorised, before a push or after it."""
    query = select(col(Organisation.id), col(Organisation.name)).join(
        Application, col(Organisation.id) == Application.org_id
    )
    query = query.where(col(Application.product_id) == product_id, col(Application.org_id).in_(org_ids))
    return {org_id: name for org_id, name in session.execute(query.where(*_sent()))}


def _applications(session: Session, push_ids: list[int]) -> dict[int, Application]:
    """Return what followed each push, the latest application of several."""
    query = select(col(ProductPush.id), Application).join(Application, _pair())
    query = query.where(col(ProductPush.id).in_(push_ids), *_followed()).order_by(col(Application.id))
    return {push_id: application for push_id, application in session.execute(query)}


def _row(r: ProductPush, name: str, application: Application | None) -> PushRow:
    return PushRow(
        id=r.id or 0,
        at=clock.local(r.created_at),
        version=f"第 {r.version} 版",
        enterprise=name or f"认证企业（推送 {r.id}）",
        named=bool(name),
        read=clock.local(r.read_at),
        applied=clock.local(application.submitted_at) if application else "",
        href=REQUEST.url(aid=application.id) if application else "",
    )


TABLE = list_count.Table(
    ProductPush,
    touched=list_count.updated(ProductPush, _applications_since, at=col(ProductPush.read_at)),
)
PUSHES = lists.register(
    Listing(
        "pushes",
        "推送记录",
        _where,
        TABLE,
        _views,
        {
            "推送时间": lambda r: r.at,
            "条件版本": lambda r: r.version,
            "企业": lambda r: r.enterprise,
            "查看时间": lambda r: r.read,
            "申请时间": lambda r: r.applied,
        },
        {"at": col(ProductPush.id)},
    )
)
