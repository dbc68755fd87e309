"""Imports that are killed or meet each other: all rows of a transaction or none, each 借据编号 once (manual §5.1)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from cpegi_app import db
from cpegi_app.access import Actor
from cpegi_app.errors import DomainError
from cpegi_app.models import AuditEntry, FilingImport, OfflineLoan
from cpegi_app.services import offline_import, offline_loan, sessions
from cpegi_app.vocabulary import Kind
from tests import factories
from tests.services.victims import Victim
from tests.workbooks.make import book, cells, row

KILLS, ROWS, ROUNDS = int(os.environ.get("CPEGI_KILLS", "20")), 120, 5


def made(build: Any) -> Any:
    """Build something and commit it."""
    with db.transaction() as session:
        return build(session)


def batch(session: Session, actor: Actor) -> int:
    return offline_loan.new_batch(session, actor, {"name": "测试备案", "period": "2026-11"}).id or 0


def count(model: Any, *where: Any) -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).select_from(model).where(*where)).one()


def bank() -> Actor:
    return made(lambda s: factories.member(s, Kind.DEBT))


def trial(actor: Actor, number: int, first: int, rows: int) -> int:
    data = book([cells(row(first + n)) for n in range(rows)])
    return made(lambda s: offline_import.trial(s, actor, number, "a.xlsx", data)).id


# --- killed ---------------------------------------------------------------------------------------------


def test_an_import_that_is_killed_is_whole_or_not_there(database: str):
    actor = bank()
    number = made(lambda s: batch(s, actor))
    sid = made(lambda s: sessions.open_session(s, actor.user_id))
    importer = Victim("importer", database, sid)
    importer.begin(str(trial(actor, number, 0, ROWS)))
    clock = time.perf_counter()
    importer.wait()
    span, cut = time.perf_counter() - clock, 0
    for turn in range(1, KILLS + 1):
        asked = trial(actor, number, turn * ROWS, ROWS)
        importer.begin(str(asked))
        # From the first moment of the transaction to a little after its end.
        time.sleep(span * 1.1 * turn / KILLS)
        said = importer.kill()
        there = count(OfflineLoan, OfflineLoan.batch_id == number) - turn * ROWS
        assert there in (0, ROWS), turn
        assert there == ROWS or not said, turn
        cut += there == 0
        # The clerk asks again and goes on; what was in is not brought in twice.
        assert made(lambda s, a=asked: offline_import.import_good(s, actor, a)).imported == ROWS
        assert count(OfflineLoan, OfflineLoan.batch_id == number) == (turn + 1) * ROWS
        assert count(AuditEntry, AuditEntry.action == "offline.import") == turn + 1
    importer.close()
    assert cut, "every kill came too late"


# --- at once --------------------------------------------------------------------------------------------


def both(calls: list[Callable[[Session], Any]]) -> list[Any]:
    """Run the calls at once, each in a transaction and on a connection of its own."""
    ready = threading.Barrier(len(calls))

    def one(call: Callable[[Session], Any]) -> Any:
        ready.wait()
        try:
            return made(call)
        except DomainError as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@pytest.mark.usefixtures("database")
def test_two_clerks_importing_the_same_loans_at_once_file_each_once():
    first = bank()
    second = made(lambda s: factories.colleague(s, first))
    for turn in range(ROUNDS):
        # The second file holds half of the first one's loans, and as many of its own.
        asked = [
            (first, trial(first, made(lambda s: batch(s, first)), turn * 90, 60)),
            (second, trial(second, made(lambda s: batch(s, second)), turn * 90 + 30, 60)),
        ]
        seen = both([lambda s, a=a, n=n: offline_import.import_good(s, a, n) for a, n in asked])
        assert sorted(v.imported for v in seen) == [30, 60], seen
        assert sorted((v.good, v.there) for v in seen) == [(60, 0), (60, 30)]
        late = next(v for v in seen if v.imported == 30)
        assert "30 行" in late.notes[-1] and late.notes[-1].endswith("。"), late.notes
        assert count(OfflineLoan) == 90 * (turn + 1)
    with db.reading() as session:
        assert len(set(session.exec(select(OfflineLoan.iou_no)))) == 90 * ROUNDS


@pytest.mark.usefixtures("database")
def test_one_import_asked_for_by_two_at_once_is_done_once():
    actor = bank()
    for turn in range(ROUNDS):
        asked = trial(actor, made(lambda s: batch(s, actor)), turn * 30, 30)
        seen = both([lambda s, n=asked: offline_import.import_good(s, actor, n)] * 2)
        assert [v.imported for v in seen] == [30, 30]
        assert count(OfflineLoan) == 30 * (turn + 1)
        assert count(FilingImport, col(FilingImport.done_at).is_not(None)) == turn + 1
