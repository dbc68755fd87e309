"""What was sent twice counts once: the key of a submission is claimed by the first that arrives."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import IdempotencyKey
from cpegi_app.services.forms import normalise
from cpegi_app.services.locks import one_at_a_time


def subject_of(session: Session, user_id: int, action: str, key: str) -> int:
    """Return what the same user's same action began with this key, 0 when it is new; nobody else asks meanwhile."""
    one_at_a_time(session, "once", user_id, action)
    query = select(IdempotencyKey.subject_id).where(
        IdempotencyKey.user_id == user_id,
        IdempotencyKey.action == action,
        IdempotencyKey.key == normalise(key)[:64],
    )
    return session.exec(query).first() or 0


def done_before(session: Session, user_id: int, action: str, key: str, subject_id: int) -> bool:
    """Claim the key; True when the same user's same action has used it already."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table: Any = IdempotencyKey.__table__  # pyright: ignore[reportAttributeAccessIssue]
    claimed = session.execute(
        insert(table)
        .values(
            user_id=user_id,
            action=action,
            key=normalise(key)[:64],
            subject_id=subject_id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
        # What was inserted, asked for by name: the count of rows is unknown on PostgreSQL.
        .returning(table.c.id)
    )
    return claimed.first() is None


def forget(session: Session, action: str, subject_id: int) -> None:
    """Give back the keys of what an action began: it was deleted, and what is sent again begins anew."""
    mine = (col(IdempotencyKey.action) == action, col(IdempotencyKey.subject_id) == subject_id)
    session.exec(delete(IdempotencyKey).where(*mine))
