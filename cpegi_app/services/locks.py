"""One at a time: a lock by name, for what is looked up first and written afterwards."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session


def one_at_a_time(session: Session, *name: object) -> None:
    """Let nobody else pass here with the same name until this transaction ends.

    Reads made after this see what the one before has written. SQLite has one writer anyway.
    """
    _lock(session, func.pg_advisory_xact_lock, name)


def beside_others(session: Session, *name: object) -> None:
    """Pass together with others who come here, but with nobody who passes one at a time, until this transaction ends."""
    _lock(session, func.pg_advisory_xact_lock_shared, name)


def _lock(session: Session, lock: Any, name: tuple[object, ...]) -> None:
    if session.get_bind().dialect.name != "postgresql":
        return
    text = ":".join(str(part) for part in name)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)
    session.execute(select(lock(number)))


def booking(session: Session) -> None:
    """Let one transaction at a time write into the loan book, so that its ids grow as it is read."""
    one_at_a_time(session, "book")
