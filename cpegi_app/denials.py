"""A refused look at somebody else's record: one entry in the trail, though the transaction it belonged to is undone.

Absent and foreign records read the same and leave the same entry; so does the time that it takes to write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cpegi_app import db
from cpegi_app.errors import Discarded, Forbidden, NotFound
from cpegi_app.services import audit, sessions

DENIED = (NotFound, Forbidden)


def is_denial(refusal: Exception) -> bool:
    """Tell whether a refusal belongs into the trail: a page of what its own organisation has deleted is no try at more."""
    return isinstance(refusal, DENIED) and not isinstance(refusal, Discarded)


def note(sid: str, address: str, subject: str, told: str) -> None:
    """Write the entry in a transaction of its own; of somebody who is not signed in there is none."""
    with db.transaction() as session:
        if actor := sessions.actor_of(session, sid):
            audit.record(session, actor, "denied", subject, told, ok=False, address=address)


@contextmanager
def noted(sid: str, address: str, subject: str) -> Iterator[None]:
    """Note a denial of what is done inside, and let it go on."""
    try:
        yield
    except DENIED as refusal:
        if is_denial(refusal):
            note(sid, address, subject, refusal.message)
        raise
