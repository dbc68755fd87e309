"""Rows of a filing that the loan book has got by another way in the meantime (manual §5.1)."""

from __future__ import annotations

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cpegi_app.errors import Conflict
from cpegi_app.models import Loan, OfflineLoan
from cpegi_app.services.corrections import in_force
from cpegi_app.vocabulary import LoanSource

NAMED = 10


def refuse_booked(session: Session, batch_id: int) -> None:
    """Refuse rows that the loan book has got by another way in the meantime: by their number, or as the same loan."""
    booked = select(OfflineLoan.iou_no).join(
        Loan, (col(Loan.institution_id) == OfflineLoan.org_id) & (col(Loan.iou_no) == OfflineLoan.iou_no)
    )
    here = booked.where(OfflineLoan.batch_id == batch_id)
    first = here.where(col(OfflineLoan.replaces_loan_id).is_(None))
    replaced = aliased(Loan)
    # A correction may change the number; the one that it gives must be free.
    renumbered = here.join(replaced, col(replaced.id) == OfflineLoan.replaces_loan_id)
    renumbered = renumbered.where(
        replaced.iou_no != OfflineLoan.iou_no, Loan.id != OfflineLoan.replaces_loan_id, in_force()
    )
    found = [*session.exec(first.limit(NAMED)), *session.exec(renumbered.limit(NAMED))]
    if found:
        raise Conflict(
            f"借据 {'、'.join(found[:NAMED])} 已在贷款台账中，同一借据只能登记一次，请删除这些行后再提交。"
        )
    _refuse_online(session, batch_id)


def _refuse_online(session: Session, batch_id: int) -> None:
    """Refuse rows that are loans made on the platform: the same borrower, day and sum."""
    same = (
        (col(Loan.institution_id) == OfflineLoan.org_id)
        & (col(Loan.borrower_code) == OfflineLoan.borrower_code)
        & (col(Loan.lent_on) == OfflineLoan.lent_on)
        & (col(Loan.amount_fen) == OfflineLoan.amount_fen)
    )
    query = select(OfflineLoan.iou_no, Loan.iou_no).join(Loan, same)
    query = query.where(OfflineLoan.batch_id == batch_id, Loan.source == LoanSource.ONLINE.value)
    if twins := session.exec(query.limit(NAMED)).all():
        named = "、".join(f"{own}（线上放款 {iou}）" for own, iou in twins)
        raise Conflict(f"借据 {named} 与平台线上放款是同一笔（企业、日期、金额相同），请删除这些行后再提交。")
