"""Many writers at once: each transaction waits its turn, nothing is lost, no locked database reaches the caller."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update
from sqlmodel import col, func, select

from cpegi_app import db
from cpegi_app.models import Attempt, ProductRevision
from cpegi_app.turns import Turns
from tests import worlds

WRITERS = 8
# What one of them writes; security.md's 8 × 10,000 are a run by hand.
WRITES = int(os.environ.get("CPEGI_WRITES", "250"))


@pytest.mark.usefixtures("database")
def test_eight_writers_at_once_lose_nothing():
    """Each transaction reads, writes a row, and moves on one number that all share."""
    with db.transaction() as session:
        shared = worlds.product_world(session).row_id

    def write(writer: int) -> int:
        for turn in range(WRITES):
            with db.transaction() as session:
                session.exec(select(ProductRevision.version).where(ProductRevision.id == shared)).one()
                session.add(Attempt(what="WRITER", subject=f"{writer}-{turn}"))
                session.execute(
                    update(ProductRevision)
                    .where(col(ProductRevision.id) == shared)
                    .values(version=ProductRevision.version + 1)
                )
        return WRITES

    with db.reading() as session:
        before = session.exec(select(ProductRevision.version).where(ProductRevision.id == shared)).one()
    with ThreadPoolExecutor(WRITERS) as pool:
        assert sum(pool.map(write, range(WRITERS))) == WRITERS * WRITES
    with db.reading() as session:
        rows = select(func.count(func.distinct(Attempt.subject))).where(Attempt.what == "WRITER")
        assert session.exec(rows).one() == WRITERS * WRITES
        after = session.exec(select(ProductRevision.version).where(ProductRevision.id == shared)).one()
        assert after == before + WRITERS * WRITES


def test_whoever_asked_first_writes_first():
    turns, came = Turns(), []
    assert turns.take(0)

    def ask(number: int) -> None:
        assert turns.take(20)
        came.append(number)
        turns.give()

    people = [threading.Thread(target=ask, args=(n,)) for n in range(20)]
    for number, person in enumerate(people, 1):
        person.start()
        while len(turns._waiting) < number:
            time.sleep(0.001)
    # One gives up, and is passed over.
    assert not turns.take(0.01)
    turns.give()
    for person in people:
        person.join()
    assert came == list(range(20)) and turns.take(0)
