"""Who a login stands for, remembered until something is committed: opening one page asks for it seven times.

On SQLite the database says whether any process has committed (`db.version`). On PostgreSQL this process knows its own
commits only; what another one commits may take `MOMENT` to be noticed, and only for reading: whatever writes asks the
table in its own transaction (state/base.py).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from sqlmodel import Session

from cpegi_app import clock, db
from cpegi_app.access import Actor
from cpegi_app.services import sessions
from cpegi_app.state import lanes

MOMENT = timedelta(seconds=1)
# However quiet the database is: a login may end by the clock alone.
LONGEST = timedelta(seconds=10)
MOST = 10_000


@dataclass(frozen=True)
class _Memory:
    actor: Actor
    at: datetime
    version: tuple[str, int]
    # Whether the database itself tells of every change.
    exact: bool
    touch_due: bool


# By the digest of the session id.
_remembered: OrderedDict[str, _Memory] = OrderedDict()
_commits = count(1)
_committed = 0


def _note(_session: Session) -> None:
    global _committed
    _committed = next(_commits)


db.after_commit.append(_note)


def _version() -> tuple[tuple[str, int], bool]:
    exact = db.version()
    return (db.url(), _committed if exact is None else exact), exact is not None


def recall(sid: str, seen: bool = True) -> Actor | None:
    """Return the actor if it is remembered and nothing has been committed since, else None.

    `seen` is false for what nobody pressed; otherwise a login due to be marked as seen is not recalled.
    """
    found = _remembered.get(sessions.digest(sid))
    if found is None or (seen and found.touch_due) or _version()[0] != found.version:
        return None
    age = clock.now() - found.at
    return found.actor if timedelta(0) <= age <= (LONGEST if found.exact else MOMENT) else None


async def of(sid: str, seen: bool = True) -> Actor | None:
    """Return the actor of a session id, remembered or as the table has it, and mark the login as seen."""
    found = recall(sid, seen)
    if found is None:
        found, due = await lanes.run(lanes.LOGINS, _ask, sid)
        if found and due and seen:
            # In the writers' lane, for it waits for them; others may be asked for meanwhile.
            await lanes.run(lanes.WRITING, _mark_seen, found.login_id)
            # Asked again: what else was committed may concern this very login.
            found, _ = await lanes.run(lanes.LOGINS, _ask, sid)
    return found


def _mark_seen(login_id: int | None) -> None:
    if login_id:
        with db.transaction() as session:
            sessions.touch(session, login_id)


def _ask(sid: str) -> tuple[Actor | None, bool]:
    """Return the actor as the table has it, remembered from now on, and whether the login is due to be marked as seen."""
    # Before the table is read: whatever is committed meanwhile makes the memory void.
    (version, exact), at = _version(), clock.now()
    with db.reading() as session:
        found = sessions.login_of(session, sid)
    if found is None:
        return None, False
    actor, due = found
    _remembered[sessions.digest(sid)] = _Memory(actor, at, version, exact, due)
    while len(_remembered) > MOST:
        _remembered.popitem(last=False)
    return actor, due
