"""What was sent twice counts once: the key of a submission is claimed by the first that arrives."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.models import IdempotencyKey
from cpegi_app.services.forms import normalise


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
