"""A batch that is being sent while a colleague changes it: what is sent stays as it was counted (manual §5.1)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import Session, select

from cpegi_app import db
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict
from cpegi_app.models import OfflineLoan, StoredFile
from cpegi_app.services import files, offline_import, offline_loan, offline_proof, offline_rows
from cpegi_app.vocabulary import FileSlot, Status
from tests import factories
from tests.factories import offline_data, png
from tests.workbooks.make import book, cells, row
from tests.worlds import World, filing_world

# So long the one who sends waits for a colleague, who gets nowhere meanwhile: in seconds.
WAIT = 0.2


@dataclass
class Scene:
    """A batch ready to be sent, and its parts."""

    world: World
    colleague: Actor
    row_id: int
    file_id: int
    import_id: int


def scene(session: Session) -> Scene:
    world = filing_world(session)
    batch = world.row_id
    line = session.exec(select(OfflineLoan).where(OfflineLoan.batch_id == batch)).one()
    file = session.exec(select(StoredFile).where(StoredFile.row_id == line.id)).one()
    seen = offline_import.trial(session, world.owner, batch, "a.xlsx", book([cells(row(1))]))
    other = factories.colleague(session, world.owner)
    return Scene(world, other, line.id or 0, file.id or 0, seen.id)


def edit(session: Session, at: Scene) -> Any:
    data = offline_rows.form_of(session, at.colleague, at.row_id).values | {"rate": "5"}
    return offline_rows.save(session, at.colleague, at.world.row_id, at.row_id, 1, data)


def attach(session: Session, at: Scene) -> Any:
    args = (FileSlot.VOUCHER.value, "凭证.png", png(9))
    return offline_proof.attach(session, at.colleague, at.row_id, *args)


def match(session: Session, at: Scene) -> Any:
    iou = session.get_one(OfflineLoan, at.row_id).iou_no
    return offline_proof.match(session, at.colleague, at.world.row_id, f"{iou}.png", png(9))


CHANGES: dict[str, Callable[[Session, Scene], Any]] = {
    "add": lambda s, at: offline_rows.save(s, at.colleague, at.world.row_id, 0, 0, offline_data()),
    "edit": edit,
    "remove": lambda s, at: offline_rows.remove(s, at.colleague, at.row_id),
    "clear": lambda s, at: offline_rows.clear(s, at.colleague, at.world.row_id, 1),
    "attach": attach,
    "match": match,
    "take off": lambda s, at: files.remove(s, at.colleague, at.file_id),
    "import": lambda s, at: offline_import.import_good(s, at.colleague, at.import_id),
}


def content(at: Scene) -> list[Any]:
    """Return what a batch holds: its rows, and the live proofs at them."""
    with db.reading() as session:
        rows = session.exec(select(OfflineLoan).where(OfflineLoan.batch_id == at.world.row_id)).all()
        live = select(StoredFile.id).where(
            StoredFile.subject_id == at.world.row_id, StoredFile.flow == at.world.flow.name
        )
        proofs = session.exec(live.where(StoredFile.removed_at == None)).all()  # noqa: E711
        return [[(r.id, r.rate_bp) for r in rows], list(proofs)]


@pytest.mark.usefixtures("database")
def test_nobody_changes_a_batch_that_is_being_sent():
    for change in CHANGES:
        with db.transaction() as session:
            at = scene(session)
        before = content(at)
        refusal = sent_meanwhile(at, CHANGES[change])
        assert isinstance(refusal, Conflict), change
        assert content(at) == before, change
        with db.reading() as session:
            assert at.world.row(session).status == Status.PENDING, change


def sent_meanwhile(at: Scene, change: Callable[[Session, Scene], Any]) -> Any:
    """Begin a change while the batch is being sent; return what came of it."""
    done = threading.Event()

    def meanwhile() -> Any:
        try:
            with db.transaction() as session:
                return change(session, at)
        except Conflict as refusal:
            return refusal
        finally:
            done.set()

    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as session:
            offline_loan.submit(session, at.world.owner, at.world.row_id, 1, "k")
            told = pool.submit(meanwhile)
            done.wait(WAIT)
        return told.result()
