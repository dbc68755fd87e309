"""What the records of an application stand on themselves: where each was filed, and its own proofs (manual §8).

借款合同, 放款凭证 and the like belong to the loan or the investment; whoever reads the trail reads them with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import STAFF_RECORD, Actor, Screen
from cpegi_app.models import (
    Investment,
    InvestmentRecord,
    Loan,
    OfflineLoan,
    OnlineInvestment,
    Organisation,
    PolicyRecord,
    StoredFile,
    User,
)
from cpegi_app.services import files, investment, review
from cpegi_app.services.review_view import history
from cpegi_app.vocabulary import Action
from cpegi_app.vocabulary.policy import RecordSource

DISBURSEMENT, OFFLINE, INVESTMENT = "disbursement", "offline_loan", "investment"


@dataclass(frozen=True)
class Origin:
    """Where a record was filed: the flow with its subject, and the row of a subject that has many; or a page alone."""

    flow: str = ""
    subject_id: int = 0
    row_id: int | None = None
    online_id: int = 0


def origins(session: Session, records: Sequence[PolicyRecord]) -> dict[int, Origin]:
    """Return where each of some records of applications was filed, by its id."""
    loans = {r.record_id for r in records if r.source == RecordSource.LOAN}
    others = {r.record_id for r in records if r.source == RecordSource.INVESTMENT}
    found = _loans(session, loans) | _investments(session, others)
    return {r.id or 0: found[r.source, r.record_id] for r in records if (r.source, r.record_id) in found}


def _loans(session: Session, ids: set[int]) -> dict[tuple[str, int], Origin]:
    query = select(Loan.id, Loan.disbursement_id, Loan.offline_loan_id, OfflineLoan.batch_id)
    query = query.outerjoin(OfflineLoan, col(OfflineLoan.id) == Loan.offline_loan_id)
    found: dict[tuple[str, int], Origin] = {}
    for number, disbursed, filed, batch in session.exec(query.where(col(Loan.id).in_(ids))):
        origin = Origin(OFFLINE, batch, filed) if filed else Origin(DISBURSEMENT, disbursed or 0)
        if origin.subject_id:
            found[RecordSource.LOAN.value, number or 0] = origin
    return found


def _investments(session: Session, ids: set[int]) -> dict[tuple[str, int], Origin]:
    query = select(InvestmentRecord.id, InvestmentRecord.investment_id, InvestmentRecord.online_id)
    found: dict[tuple[str, int], Origin] = {}
    for number, filed, online in session.exec(query.where(col(InvestmentRecord.id).in_(ids))):
        origin = Origin(INVESTMENT, filed) if filed else Origin(online_id=online or 0)
        found[RecordSource.INVESTMENT.value, number or 0] = origin
    return found


def href(session: Session, actor: Actor, origin: Origin | None) -> str:
    """Return the page of what was filed, empty where the actor may not open it."""
    if origin is None:
        return ""
    if origin.online_id:
        return STAFF_RECORD.url(oid=origin.online_id) if _opens(actor, STAFF_RECORD) else ""
    flow = review.FLOWS.get(origin.flow)
    row = session.get(flow.model, origin.subject_id) if flow else None
    return flow.reviewer_href(row) if flow and row and _opens(actor, flow.review_screen) else ""


def _opens(actor: Actor, screen: Screen) -> bool:
    return screen.permission is None or actor.may(screen.permission)


def own_number(r: PolicyRecord) -> str:
    """Return the number of a record of an application that no other one of its source has."""
    said = r.snapshot.get("number", "")
    if r.source == RecordSource.INVESTMENT:
        # Two investments of one round read alike.
        return " · ".join(filter(None, (f"编号 {r.record_id}", said)))
    return said


def name(r: PolicyRecord) -> str:
    """Return what a record is called where its proofs are."""
    parts = (RecordSource.label_of(r.source), own_number(r), r.snapshot.get("title", ""))
    return " ".join(filter(None, parts))


def confirmed(session: Session, origin: Origin | None) -> str:
    """Return which organisations, and who of each, filed or confirmed an investment and when.

    An online one has no other proof. Empty for what no other side confirms.
    """
    if origin is None:
        return ""
    if origin.online_id:
        row = session.get_one(OnlineInvestment, origin.online_id)
        fund = _by(session, "投资机构", row.org_id, row.institution_by, row.institution_at)
        firm = _by(session, "项目方", row.enterprise_id, row.enterprise_by, row.enterprise_at)
        return f"{fund}；{firm}"
    if origin.flow == INVESTMENT:
        return _filed(session, session.get_one(Investment, origin.subject_id))
    return ""


def _filed(session: Session, row: Investment) -> str:
    """Return who submitted an offline investment last, and who of the project side confirmed it after that."""
    steps = history(session, INVESTMENT, row.id or 0)
    sent = max((n for n, e in enumerate(steps) if e.action == Action.SUBMIT), default=0)
    found = []
    for e in steps[sent:]:
        if e.action == Action.SUBMIT:
            found.append(_by(session, "投资机构", row.org_id, e.actor_id, e.created_at, "提交"))
        elif e.action == Action.APPROVE and e.stage == investment.PARTY.name:
            found.append(_by(session, "项目方", row.enterprise_id, e.actor_id, e.created_at))
    return "；".join(found)


def _by(
    session: Session,
    side: str,
    org_id: int | None,
    user_id: int | None,
    at: datetime | None,
    what: str = "确认",
) -> str:
    org = session.get(Organisation, org_id) if org_id else None
    who = session.get(User, user_id) if user_id else None
    named = f"（{who.name}）" if who and who.name else ""
    return " ".join(filter(None, (side, f"{org.name if org else ''}{named}", clock.local(at), what)))


def proofs(session: Session, origin: Origin | None) -> list[tuple[str, StoredFile]]:
    """Return the proofs of what was filed, each with what its kind is called."""
    if origin is None or not origin.flow:
        return []
    query = select(StoredFile).where(
        StoredFile.flow == origin.flow,
        StoredFile.subject_id == origin.subject_id,
        col(StoredFile.removed_at).is_(None),
    )
    if origin.row_id is not None:
        query = query.where(StoredFile.row_id == origin.row_id)
    labels = files.slot_labels(session, origin.flow, origin.subject_id)
    found = session.exec(query.order_by(col(StoredFile.id)))
    return [(files.view(f, labels.get(f.slot, "")).slot_label or f.slot, f) for f in found]


def used_in(session: Session, stored: StoredFile) -> list[int]:
    """Return the applications that stand on the record to which a proof belongs."""
    where: list[Any] = []
    if stored.flow == OFFLINE and stored.row_id is not None:
        where = [Loan.offline_loan_id == stored.row_id]
    elif stored.flow == DISBURSEMENT:
        where = [Loan.disbursement_id == stored.subject_id]
    if where:
        source, number = RecordSource.LOAN.value, session.exec(select(Loan.id).where(*where)).first()
    elif stored.flow == INVESTMENT:
        query = select(InvestmentRecord.id).where(InvestmentRecord.investment_id == stored.subject_id)
        source, number = RecordSource.INVESTMENT.value, session.exec(query).first()
    else:
        return []
    named = (PolicyRecord.source == source, PolicyRecord.record_id == number)
    return list(session.exec(select(PolicyRecord.application_id).where(*named).distinct()))
