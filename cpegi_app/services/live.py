"""Whom a transaction concerns: written with it, read by every process, so that their open pages follow (ADR 0005)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import LiveChange

# Where a session keeps its row; more users than this are everybody.
KEY, MOST = "live_change", 2_000
# Numbers are given before the commit: a row may come into view after later ones, by so much at most.
OVERLAP, KEEP = timedelta(seconds=60), timedelta(minutes=10)


def concern(session: Session, users: Iterable[int]) -> None:
    """Note that this transaction changes what these users see; nothing is told before it is committed."""
    wanted = set(users)
    if not wanted:
        return
    change = session.info.get(KEY)
    if change is None or change not in session:
        change = session.info[KEY] = LiveChange(users=[])
        session.add(change)
    together = wanted.union(change.users)
    change.everybody = change.everybody or len(together) > MOST
    change.users = [] if change.everybody else sorted(together)


def is_noted(session: Session) -> bool:
    """Tell whether the session's transaction concerns anybody."""
    return KEY in session.info


@dataclass(frozen=True)
class Concerned:
    """The users whose pages are out of date."""

    users: frozenset[int] = frozenset()
    everybody: bool = False

    def __bool__(self) -> bool:
        return self.everybody or bool(self.users)

    def has(self, user_id: int) -> bool:
        """Tell whether a user is one of them."""
        return self.everybody or user_id in self.users


@dataclass
class Tail:
    """How far a process has read; rows that were committed out of turn are read all the same."""

    low: int = -1
    seen: dict[int, datetime] = field(default_factory=dict)

    def read(self, session: Session) -> Concerned:
        """Return whom the rows concern that were not read before; the first look only finds its place."""
        if self.low < 0:
            self.low = session.exec(select(func.max(LiveChange.id))).one() or 0
            return Concerned()
        query = select(LiveChange).where(col(LiveChange.id) > self.low).order_by(col(LiveChange.id))
        fresh = [c for c in session.exec(query) if c.id not in self.seen]
        now = clock.now()
        self.seen |= {c.id or 0: now for c in fresh}
        for number, at in list(self.seen.items()):
            if now - at < OVERLAP:
                break
            self.low = max(self.low, number)
            del self.seen[number]
        users = frozenset(u for c in fresh for u in c.users)
        return Concerned(users, any(c.everybody for c in fresh))


def prune(session: Session) -> None:
    """Remove what every process has read long ago."""
    session.exec(delete(LiveChange).where(col(LiveChange.created_at) < clock.now() - KEEP))
