"""What is lent under a contract does not exceed its amount, by whichever way it is lent (manual §4.3, §5.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cpegi_app.models import Disbursement, Loan, OfflineLoan
from cpegi_app.services.among import among
from cpegi_app.services.corrections import in_force
from cpegi_app.services.forms import fen, wan
from cpegi_app.vocabulary import Status

# What is lent under a contract: the sum, the smallest amount that it was stated with, the row of that (0: filed).
Lent = tuple[int, int, int]
# A contract's number, what is lent under it, the amount that it is stated with.
Part = tuple[str, int, int]
NAMED = 5


def lent(session: Session, org_id: int, contracts: list[str], *, but: Any = None) -> dict[str, Lent]:
    """Return what is lent under each contract: booked, filed, waiting, or about to be by a correction.

    `but` is a condition on filed rows: these are left out, and the loans that they correct.
    """
    parts = _booked, _drafts, _corrections, _waiting
    return _summed(p for part in parts for p in part(session, org_id, contracts, but))


def booked(session: Session, org_id: int, contracts: list[str], *, but: Any = None) -> dict[str, Lent]:
    """Return what the loan book holds under each contract, but for the loans that some filed rows correct."""
    return _summed(_booked(session, org_id, contracts, but))


def _summed(parts: Iterable[Part]) -> dict[str, Lent]:
    found: dict[str, Lent] = {}
    for contract, amount, limit in parts:
        found[contract] = with_more(found.get(contract), amount, limit)
    return found


def with_more(known: Lent | None, amount: int, limit: int, row: int = 0) -> Lent:
    """Return what is lent under a contract once some more is; `limit` is the amount it was stated with."""
    if known is None:
        return amount, limit, row
    already, least, where = known
    return (already + amount, limit, row) if limit < least else (already + amount, least, where)


def _sums(session: Session, table: Any, *where: Any) -> Iterable[Part]:
    query = select(table.contract_no, func.sum(table.amount_fen), func.min(table.contract_fen))
    found = session.exec(query.where(*where).group_by(table.contract_no))
    return ((contract, int(amount), limit) for contract, amount, limit in found)


def _booked(session: Session, org_id: int, contracts: list[str], but: Any) -> Iterable[Part]:
    where = [Loan.institution_id == org_id, in_force(), among(session, col(Loan.contract_no), contracts)]
    if but is not None:
        corrected = select(OfflineLoan.replaces_loan_id).where(
            but, col(OfflineLoan.replaces_loan_id).is_not(None)
        )
        where.append(col(Loan.id).not_in(corrected))
    return _sums(session, Loan, *where)


def _drafts(session: Session, org_id: int, contracts: list[str], but: Any) -> Iterable[Part]:
    where = [
        OfflineLoan.org_id == org_id,
        col(OfflineLoan.is_booked).is_(False),
        col(OfflineLoan.replaces_loan_id).is_(None),
        among(session, col(OfflineLoan.contract_no), contracts),
    ]
    return _sums(session, OfflineLoan, *where, *([] if but is None else [~but]))


def _corrections(session: Session, org_id: int, contracts: list[str], but: Any) -> Iterable[Part]:
    """Return by how much open corrections will raise what is lent; one that lowers it does so once it is booked."""
    # The sum keeps the planner from the institution's index: corrections are few.
    open_ = [
        col(OfflineLoan.replaces_loan_id).is_not(None),
        col(OfflineLoan.org_id) + 0 == org_id,
        col(OfflineLoan.is_booked).is_(False),
        *([] if but is None else [~but]),
    ]
    # Mostly there are none: ten thousand numbers are only sent where there is something to compare.
    if not session.exec(select(OfflineLoan.id).where(*open_).limit(1)).first():
        return
    query = select(  # pyright: ignore[reportCallIssue]
        OfflineLoan.contract_no,
        OfflineLoan.amount_fen,
        OfflineLoan.contract_fen,
        Loan.contract_no,
        Loan.amount_fen,
    ).join(Loan, col(Loan.id) == OfflineLoan.replaces_loan_id)
    query = query.where(*open_, among(session, col(OfflineLoan.contract_no), contracts))
    for contract, amount, limit, was, before in session.exec(query):
        yield contract, max(amount - before, 0) if was == contract else amount, limit


def _waiting(session: Session, org_id: int, contracts: list[str], but: Any) -> Iterable[Part]:
    """Return the platform's payments that wait for approval."""
    pending = (Disbursement.org_id == org_id, Disbursement.status == Status.PENDING.value)
    # As above.
    if not session.exec(select(Disbursement.id).where(*pending).limit(1)).first():
        return
    query = select(Disbursement.contract_no, Disbursement.amount_fen, col(Disbursement.data))
    query = query.where(*pending, among(session, col(Disbursement.contract_no), contracts))
    for contract, amount, data in session.exec(query):
        yield contract, amount, fen(Decimal(data["contract_amount"]))


def over_contract(row: dict[str, Any], known: Lent | None) -> dict[str, str]:
    """Return the sentence, by field, for payments that exceed their contract, however its amount is stated."""
    already, least, where = known or (0, row["contract_fen"], 0)
    total, limit = already + row["amount_fen"], row["contract_fen"]
    if total <= min(least, limit):
        return {}
    told = f"合同 {row['contract_no']} 累计放款 {wan(total)} 万元（已有 {wan(already)} 万元），"
    if least == limit:
        return {"amount": f"{told}超过合同金额 {wan(limit)} 万元，请核对金额或合同编号"}
    place = f"第 {where} 行" if where else "已登记"
    differ = f"该合同的合同金额 {wan(limit)} 万元与{place}的 {wan(least)} 万元不一致"
    return {"contract_amount": f"{differ}：{told}超过其中较小的金额，请核对合同编号和合同金额"}


def row_over_contract(
    session: Session, org_id: int, values: dict[str, Any], row: OfflineLoan | None, replaced: Loan | None
) -> dict[str, str]:
    """Return the sentence for one row; what it has lent so far, or the loan that it corrects, is not lent twice."""
    contract = values["contract_no"]
    if (
        replaced is not None
        and replaced.contract_no == contract
        and replaced.amount_fen >= values["amount_fen"]
        and replaced.contract_fen <= values["contract_fen"]
    ):
        # It lends no more than before: so a contract that is overrun is mended, loan by loan.
        return {}
    but = None if row is None else col(OfflineLoan.id) == row.id
    return over_contract(values, lent(session, org_id, [contract], but=but).get(contract))


def _lends_more() -> Any:
    """Return the condition that a filed row is no correction that lends no more than before."""
    replaced = aliased(Loan)
    no_worse = select(replaced.id).where(
        replaced.id == OfflineLoan.replaces_loan_id,
        replaced.contract_no == OfflineLoan.contract_no,
        replaced.amount_fen >= OfflineLoan.amount_fen,
        replaced.contract_fen <= OfflineLoan.contract_fen,
    )
    return ~no_worse.exists()


def overrun(session: Session, org_id: int, rows: Any, count: Callable[..., dict[str, Lent]]) -> str:
    """Return which contracts some filed rows would overrun, empty when none; `count` is `lent` or `booked`."""
    more = rows & _lends_more()
    here = {contract: (amount, limit) for contract, amount, limit in _sums(session, OfflineLoan, more)}
    known = count(session, org_id, list(here), but=more)
    told = []
    for contract, (amount, limit) in here.items():
        already, least, _ = known.get(contract, (0, limit, 0))
        if already + amount > (most := min(least, limit)):
            others = f"，连同其他放款 {wan(already)} 万元" if already else ""
            told.append(f"合同 {contract} 本批放款 {wan(amount)} 万元{others}，超过合同金额 {wan(most)} 万元")
    return "；".join(told[:NAMED]) + (f"；另有 {len(told) - NAMED} 个合同" if len(told) > NAMED else "")
