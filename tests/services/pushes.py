"""What tests of pushes share: products and figures that come in force, working off every push, whom it told."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from cpegi_app.access import MATCHES, Actor
from cpegi_app.models import Notice, Product, ProductPush
from cpegi_app.services import product, push, review, verification
from cpegi_app.vocabulary import Action, Status
from tests import factories, worlds
from tests.worlds import World

WANTED = {"c_revenue_low": "2000", "c_debt_ratio_high": "70"}
SLOTS = [worlds.FileSlot.LICENCE, worlds.FileSlot.LEGAL_REP_ID]


def run(session: Session) -> int:
    """Work off every push; return how many pairs were pushed."""
    pushed = 0
    for _ in range(200):
        session.flush()
        session.expire_all()
        seen = push.look(session)
        if seen is None:
            return pushed
        pushed += push.step(session, seen)
    raise AssertionError("the pushes never end")


def told(session: Session, actor: Actor) -> list[str]:
    """Return where the notices of an enterprise lead that a push wrote."""
    query = select(col(Notice.href)).where(Notice.user_id == actor.user_id).order_by(col(Notice.id))
    return [h for h in session.scalars(query) if h.startswith(MATCHES.route)]


def published(session: Session, bank: Actor, **changes: str) -> World:
    return worlds.product_world(session, bank, **(WANTED | changes)).bring_to(session, Status.APPROVED)


def target(session: Session, world: World) -> Product:
    return session.get_one(Product, world.row(session).product_id)


def pairs(session: Session, product_id: int | None) -> list[tuple[int, int]]:
    """Return whom a product was pushed to, and under which version."""
    query = select(ProductPush).where(col(ProductPush.product_id) == product_id)
    return sorted((p.org_id, p.version) for p in session.scalars(query))


def change(session: Session, world: World, **changes: str) -> None:
    """Bring a 变更 of a published product in force."""
    row = world.row(session)
    draft = product.change_draft(session, world.owner, row.product_id)
    data = {k: v for k, v in world.data.items() if k not in changes} | changes
    again = World(world.flow, world.owner, world.reviewer, draft.id or 0, data)
    again.bring_to(session, Status.APPROVED)


def figures(session: Session, actor: Actor, **changes: str) -> None:
    """Bring other figures of an enterprise in force."""
    reviewer = factories.staff(session)
    row = verification.open_change(session, actor)
    data = {k: v for k, v in row.data.items() if k != "scale"} | changes
    version = verification.save(session, verification.CHANGE, actor, row.id or 0, row.version, data).version
    factories.upload(session, actor, verification.CHANGE, row.id or 0, *SLOTS)
    version = verification.submit(
        session, verification.CHANGE, actor, row.id or 0, version, data, "k"
    ).version
    review.act(session, verification.CHANGE, reviewer, row.id or 0, Action.APPROVE, version)
