"""推送记录: to how many enterprises a product was brought, which of them looked and applied (manual §4.1).

Who they are the institution learns from an application that authorises it, not from here.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import exists, func, select
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import REQUEST, Actor
from cpegi_app.models import Application, Organisation, ProductPush, PushRun
from cpegi_app.services import facts, product
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
    all_of = select(func.count()).select_from(ProductPush).where(col(ProductPush.product_id) == product_id)
    run = session.scalars(
        select(PushRun).where(col(PushRun.product_id) == product_id).order_by(col(PushRun.id).desc())
    ).first()
    shown = PushState(name=found.name or "未命名产品", version=facts.version(session, product_id))
    shown.pushed = session.execute(all_of).scalar_one()
    shown.read = session.execute(all_of.where(col(ProductPush.read_at).is_not(None))).scalar_one()
    shown.applied = session.execute(all_of.where(_applied())).scalar_one()
    if run is not None:
        shown.since, shown.done, shown.total = clock.local(run.created_at), run.done, run.total or 0
        shown.running = run.finished_at is None
        shown.paused = shown.running and bool(closed_why(found))
        shown.percent = min(100, run.done * 100 // run.total) if run.total else 0
    return shown


def _applied() -> Any:
    """Return whether the enterprise has an application for the product with the institution."""
    return exists().where(
        col(Application.product_id) == ProductPush.product_id,
        col(Application.org_id) == ProductPush.org_id,
        *_sent(),
    )


def _sent() -> tuple[Any, ...]:
    # Withdrawn, it is the enterprise's own affair again.
    return (
        col(Application.submitted_at).is_not(None),
        col(Application.authorised_at).is_not(None),
        Application.status != Status.DRAFT.value,
    )


def listing(
    session: Session,
    actor: Actor,
    product_id: int,
    *,
    version: str = "",
    read: str = "",
    applied: str = "",
    page: int = 1,
    size: int = 10,
) -> tuple[list[PushRow], int]:
    """Return one page of an own product's pushes, the newest first."""
    product.own(session, actor, product_id)
    query = select(ProductPush).where(col(ProductPush.product_id) == product_id)
    if version.isascii() and version.isdigit() and len(version) < 6:
        query = query.where(col(ProductPush.version) == int(version))
    if read in ("YES", "NO"):
        opened = col(ProductPush.read_at)
        query = query.where(opened.is_not(None) if read == "YES" else opened.is_(None))
    if applied in ("YES", "NO"):
        query = query.where(_applied() if applied == "YES" else ~_applied())
    total = session.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    rows = list(
        session.scalars(query.order_by(col(ProductPush.id).desc()).offset((page - 1) * size).limit(size))
    )
    known = _applications(session, product_id, [r.org_id for r in rows])
    return [_row(r, *known.get(r.org_id, (None, ""))) for r in rows], total


def _applications(
    session: Session, product_id: int, org_ids: list[int]
) -> dict[int, tuple[Application, str]]:
    query = (
        select(Application, col(Organisation.name))
        .join(Organisation, col(Organisation.id) == Application.org_id)
        .where(col(Application.product_id) == product_id, col(Application.org_id).in_(org_ids), *_sent())
        .order_by(col(Application.id))
    )
    return {a.org_id: (a, name) for a, name in session.execute(query)}


def _row(r: ProductPush, application: Application | None, name: str) -> PushRow:
    return PushRow(
        id=r.id or 0,
        at=clock.local(r.created_at),
        version=f"第 {r.version} 版",
        enterprise=name if application else f"认证企业（推送 {r.id}）",
        named=application is not None,
        read=clock.local(r.read_at),
        applied=clock.local(application.submitted_at) if application else "",
        href=REQUEST.url(aid=application.id) if application else "",
    )
