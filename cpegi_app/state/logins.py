"""Who a login stands for, remembered for a moment: opening one page asks for it seven times.

What is remembered ends with the next commit of this process, so an ended login or a lost right counts at once.
Only what another process of the same site commits may take `MOMENT` to be noticed, and only for reading:
whatever writes asks the table in its own transaction (state/base.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from cpegi_app import clock, db
from cpegi_app.access import Actor
from cpegi_app.services import sessions

MOMENT = timedelta(seconds=1)


@dataclass(frozen=True)
class _Memory:
    actor: Actor
    at: datetime
    touch_due: bool


# By database and the digest of the session id.
_remembered: dict[tuple[str, str], _Memory] = {}


def _forget(_session: Session) -> None:
    # Another dictionary, not an emptied one: who reads the table at this moment remembers into the old one.
    global _remembered
    _remembered = {}


db.after_commit.append(_forget)


def recall(sid: str, seen: bool = True) -> Actor | None:
    """Return the actor if it is remembered and nothing has been committed since, else None.

    `seen` is false for what nobody pressed; otherwise a login due to be marked as seen is not recalled.
    """
    found = _remembered.get(_key(sid))
    if found is None or (seen and found.touch_due):
        return None
    return found.actor if timedelta(0) <= clock.now() - found.at <= MOMENT else None


def look_up(sid: str, seen: bool = True) -> Actor | None:
    """Return the actor of a session id as the table has it, and mark the login as seen; for a worker thread."""
    into, at = _remembered, clock.now()
    with db.reading() as session:
        actor = sessions.actor_of(session, sid)
        due = actor is not None and sessions.needs_touch(session, actor.login_id or 0)
    if actor is None:
        return None
    if due and seen and actor.login_id:
        with db.transaction() as session:
            sessions.touch(session, actor.login_id)
        # Read again: what else was committed meanwhile may concern this very login.
        return look_up(sid, seen=False)
    into[_key(sid)] = _Memory(actor, at, due)
    return actor


def _key(sid: str) -> tuple[str, str]:
    return db.url(), sessions.digest(sid)
