"""Figures over the loan book, and what went back to a bank, on the 工作台 (manual §5.1)."""

from __future__ import annotations

from sqlmodel import Session, select

from cpegi_app.access import FILING
from cpegi_app.models import Loan, OfflineLoan
from cpegi_app.services import dashboard, offline_correction, offline_loan, offline_proof, offline_rows
from cpegi_app.vocabulary import Action, FileSlot, Status
from tests.factories import png
from tests.worlds import World, filing_world


def test_a_loan_that_was_corrected_counts_once_with_its_new_amount(session: Session):
    world = filing_world(session, amount="200").bring_to(session, Status.APPROVED)
    loan_id = session.exec(select(Loan.id).where(Loan.institution_id == world.owner.org_id)).one() or 0
    batch = offline_correction.correct(session, world.owner, loan_id)
    row_id = session.exec(select(OfflineLoan.id).where(OfflineLoan.batch_id == batch.id)).one() or 0
    values = offline_rows.form_of(session, world.owner, row_id).values | {"amount": "150"}
    offline_rows.save(session, world.owner, batch.id or 0, row_id, 1, values)
    offline_proof.attach(session, world.owner, row_id, FileSlot.CONTRACT.value, "合同.png", png(1))
    offline_loan.submit(session, world.owner, batch.id or 0, 1, "once")
    again = World(offline_loan.FLOW, world.owner, world.reviewer, batch.id or 0, batch.data)
    again.act(session, Action.APPROVE)
    region = {t.label: t.value for t in dashboard.region_tiles(session)}
    assert (region["放款笔数"], region["累计放款"]) == ("1", "150")
    own = {t.label: t.value for t in dashboard.bench(session, world.owner).tiles}
    assert own["累计放款"] == "150"


def test_a_returned_filing_waits_on_the_workbench(session: Session):
    world = filing_world(session).bring_to(session, Status.RETURNED)
    todos = {t.tag: t.href for t in dashboard.bench(session, world.owner).todos}
    assert todos["线下贷款备案已退回"] == FILING.url(bid=world.row_id)
