"""The demo's pushes: worked off day by day as the platform does, read by some of those they reached."""

from __future__ import annotations

from sqlmodel import col, select

from cpegi_app.demo_world import Story, World
from cpegi_app.models import Product, ProductPush
from cpegi_app.services import matches, push

# Who looks at what is brought to them, and every so many pushes.
READERS = ("f01", "f03", "f05", "f07", "f11", "f14", "f20", "f26")
FIRST_DAY = 121


def pushes(world: World) -> Story:
    """Work off the pushes of each day in the evening."""
    for days in range(FIRST_DAY, 0, -1):
        yield world.at(days, 18, 30)
        work_off(world)
    yield world.at(0, 2)
    work_off(world)


def work_off(world: World) -> None:
    """Take every step there is, inside the demo's own transaction."""
    while (seen := push.look(world.session)) is not None:
        push.step(world.session, seen)


def readers(world: World) -> Story:
    """Some enterprises open what was brought to them."""
    for n, days in enumerate(range(96, 3, -6)):
        yield world.at(days, 9, 20 + n)
        key = READERS[n % len(READERS)]
        if key not in world.phones:
            continue
        actor = world.actor(key)
        query = select(ProductPush.product_id).join(Product, col(Product.id) == ProductPush.product_id)
        query = query.where(ProductPush.org_id == actor.org_id, col(ProductPush.read_at).is_(None))
        for product_id in list(world.session.exec(query.where(col(Product.is_listed)).limit(2))):
            matches.mark_read(world.session, actor, product_id)


def stories(world: World) -> list[Story]:
    """Return the stories of matching."""
    return [pushes(world), readers(world)]
