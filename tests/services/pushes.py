"""What tests of pushes share: working off every push, and what it told an enterprise."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from cpegi_app.access import MATCHES, Actor
from cpegi_app.models import Notice
from cpegi_app.services import push


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
