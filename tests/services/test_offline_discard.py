"""A batch begun by mistake: deleted with all that hangs on it, and nothing of it comes back (manual §5.1)."""

from __future__ import annotations

import pytest
from sqlmodel import Session, SQLModel, col, func, select

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, NotFound
from cpegi_app.models import (
    AuditEntry,
    FilingBatch,
    FilingImport,
    IdempotencyKey,
    Loan,
    Notice,
    OfflineLoan,
    StoredFile,
)
from cpegi_app.services import offline_correction, offline_import, offline_loan, offline_rows, review_view
from cpegi_app.vocabulary import Action, Kind, Status
from tests import factories
from tests.workbooks.make import book, cells, row
from tests.worlds import filing_world

NAME = {"name": "误建的备案", "period": "2026-11", "note": ""}


def begun(session: Session, owner: Actor) -> tuple[FilingBatch, int]:
    """Return a batch with two rows from a workbook, proofs and a notice of its trial, and the trial's number."""
    batch = offline_loan.new_batch(session, owner, NAME, "key-of-the-dialog")
    batch_id = batch.id or 0
    seen = offline_import.trial(session, owner, batch_id, "a.xlsx", book([cells(row(n)) for n in (1, 2)]))
    offline_import.import_good(session, owner, seen.id, batch_id)
    offline_import.tell_trial(session, owner, batch_id, "a.xlsx", "")
    filing_world(session, owner=owner)
    return session.get_one(FilingBatch, batch_id), seen.id


def count(session: Session, model: type[SQLModel], *conditions: object) -> int:
    return session.exec(select(func.count()).select_from(model).where(*conditions)).one()  # pyright: ignore


def test_a_batch_that_was_never_sent_is_deleted_with_all_that_hangs_on_it(session: Session):
    owner = factories.member(session, Kind.DEBT)
    batch, trial = begun(session, owner)
    batch_id, version = batch.id or 0, batch.version
    assert review_view.view(session, offline_loan.FLOW, owner, batch_id).can_discard
    href = offline_loan.FLOW.submitter_href(batch)
    offline_loan.discard(session, owner, batch_id, version, 2)
    session.expire_all()
    assert session.get(FilingBatch, batch_id) is None
    for model in (OfflineLoan, FilingImport):
        assert count(session, model, model.batch_id == batch_id) == 0
    mine = (StoredFile.flow == "offline_loan", StoredFile.subject_id == batch_id)
    assert count(session, StoredFile, *mine) == 0
    assert count(session, Notice, Notice.href == href) == 0
    assert count(session, IdempotencyKey, IdempotencyKey.action == offline_loan.NEW) == 0
    for call in (
        lambda: offline_import.marked(session, owner, trial),
        lambda: offline_import.import_good(session, owner, trial, batch_id),
        lambda: offline_rows.listing(session, owner, batch_id),
        lambda: offline_loan.discard(session, owner, batch_id, version, 0),
    ):
        with pytest.raises(NotFound):
            call()
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "review.DISCARD")).one()
    assert entry.subject == f"offline_loan:{batch_id}"
    assert "误建的备案 · 2 笔 401 万元" in entry.detail


def test_what_was_deleted_does_not_come_back_under_the_next_number(session: Session):
    owner = factories.member(session, Kind.DEBT)
    first, trial = begun(session, owner)
    first_id = first.id or 0
    # The world's own batch came later: deleted as well, so that the highest numbers are free.
    for batch in session.exec(select(FilingBatch).order_by(col(FilingBatch.id).desc())).all():
        rows, _ = offline_loan.totals(session, batch.id or 0)
        offline_loan.discard(session, owner, batch.id or 0, batch.version, rows)
    gone = {
        int(s.partition(":")[2])
        for s in session.exec(select(AuditEntry.subject).where(AuditEntry.action == "review.DISCARD"))
    }
    # The same key again, as of a dialog that still stands in another tab, begins a batch of its own.
    fresh = offline_loan.new_batch(session, owner, NAME, "key-of-the-dialog")
    assert len(gone) == 2 and first_id in gone and fresh.id not in gone
    seen = offline_import.trial(
        session, owner, fresh.id or 0, "b.xlsx", book([cells(row(n)) for n in (1, 2, 3)])
    )
    assert seen.there == 0
    # A page of the old batch brings nothing into the new one, though its trial may bear the old one's number.
    with pytest.raises(NotFound):
        offline_import.import_good(session, owner, seen.id, first_id)
    assert offline_import.import_good(session, owner, seen.id, fresh.id or 0).imported == 3
    assert trial


def test_only_what_was_seen_and_never_sent_is_deleted(session: Session):
    world = filing_world(session, rows=2)
    batch = world.row(session)
    with pytest.raises(Conflict, match="现有 2 笔，与您看到的 1 笔不同"):
        offline_loan.discard(session, world.owner, world.row_id, batch.version, 1)
    with pytest.raises(Conflict, match="另一个窗口"):
        offline_loan.discard(session, world.owner, world.row_id, batch.version + 1, 2)
    for stranger in (
        factories.member(session, Kind.DEBT),
        factories.staff(session),
        factories.member(session),
    ):
        with pytest.raises(NotFound):
            offline_loan.discard(session, stranger, world.row_id, batch.version, 2)
    world.bring_to(session, Status.PENDING)
    with pytest.raises(Conflict, match="已提交过"):
        offline_loan.discard(session, world.owner, world.row_id, world.row(session).version, 2)
    world.act(session, Action.WITHDRAW)
    # Its trail speaks of it already.
    with pytest.raises(Conflict, match="审核记录"):
        offline_loan.discard(session, world.owner, world.row_id, world.row(session).version, 2)
    assert not review_view.view(session, world.flow, world.owner, world.row_id).can_discard
    assert count(session, OfflineLoan) == 2


def test_a_correction_that_is_deleted_can_be_begun_anew(session: Session):
    world = filing_world(session).bring_to(session, Status.APPROVED)
    loan = session.exec(select(OfflineLoan)).one()
    booked = session.exec(select(Loan).where(Loan.offline_loan_id == loan.id)).one()
    batch = offline_correction.correct(session, world.owner, booked.id or 0)
    first = batch.id or 0
    offline_loan.discard(session, world.owner, first, batch.version, 1)
    again = offline_correction.correct(session, world.owner, booked.id or 0)
    assert again.id != first and offline_loan.totals(session, again.id or 0)[0] == 1
