"""The correction of a booked offline loan: a new filing that replaces it (manual §5.1)."""

from __future__ import annotations

from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, NotFound
from cpegi_app.models import FilingBatch, Loan, OfflineLoan
from cpegi_app.services import review, review_draft
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.offline_loan import FLOW
from cpegi_app.vocabulary import LoanSource


def correct(session: Session, actor: Actor, loan_id: int) -> FilingBatch:
    """Begin the correction of a booked offline loan: a new filing that replaces it, reviewed like any other."""
    review.require(FLOW, actor)
    loan = session.get(Loan, loan_id) if is_id(loan_id) else None
    if loan is None or loan.institution_id != actor.org_id:
        raise NotFound("贷款")
    if loan.source != LoanSource.OFFLINE:
        raise Conflict("线上放款由平台登记，不能在此更正。如有错误，请致电 400 056 5005。")
    one_at_a_time(session, "iou", loan.institution_id)
    if session.exec(select(Loan.id).where(Loan.replaces_id == loan_id)).first():
        raise Conflict("这笔贷款已被更正过，请在贷款台账中对最新的一条进行更正。")
    open_one = session.exec(select(OfflineLoan).where(OfflineLoan.replaces_loan_id == loan_id)).first()
    if open_one is not None:
        return session.get_one(FilingBatch, open_one.batch_id)
    name, period = f"更正借据 {loan.iou_no}"[:60], clock.today().isoformat()[:7]
    data = {"name": name, "period": period, "note": "替换已登记的贷款，平台审核通过后生效。"}
    batch: FilingBatch = review_draft.begin(
        session, FLOW, org_id=loan.institution_id, data=data, updated_at=clock.now()
    )
    source = session.get_one(OfflineLoan, loan.offline_loan_id)
    kept = source.model_dump(exclude={"id", "created_at", "batch_id", "version", "is_booked", "reason"})
    kept["replaces_loan_id"] = loan_id
    session.add(OfflineLoan(batch_id=batch.id or 0, **kept))
    session.flush()
    return batch
