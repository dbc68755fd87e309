"""What the statistics form's balances hold of loans past their day (domain.md §9)."""

from __future__ import annotations

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from cpegi_app.models import Loan, Organisation
from cpegi_app.services.forms import wan
from cpegi_app.services.report_period import Period
from cpegi_app.services.report_statistics import OWED, SMALL, Figure, figures, filed_or_profile, own_of
from cpegi_app.vocabulary import LoanOwed, LoanScale, LoanSource

ADVICE = "已还清的请从填报数中扣除；线下备案的也可在贷款台账中更正，把贷款余额改为 0。"


def overdue(session: Session, org_id: int, org_class: str, period: Period) -> dict[str, str]:
    """Return by figure what a 余额 from the book holds of loans past their day, none where it holds none."""
    wanted = _balances(org_class)
    if not wanted:
        return {}
    is_small = case((filed_or_profile(col(Loan.scale), "scale").in_(SMALL), 1), else_=0).label("is_small")
    query = (
        select(is_small, Loan.source, func.count(), func.sum(OWED))
        .select_from(Loan)
        .join(Organisation, col(Organisation.id) == Loan.borrower_id, isouter=True)
        .where(own_of(org_id), col(Loan.due_on) <= period.end, OWED > 0)
        .group_by("is_small", col(Loan.source))
    )
    found = [(bool(small), source, n, int(fen)) for small, source, n, fen in session.exec(query)]
    said = {
        f.name: _late([(source, n, fen) for small, source, n, fen in found if small or f.book == "balance"])
        for f in wanted
    }
    found = {name: text for name, text in said.items() if text}
    # What to do about it is said once, at the first.
    return {name: text if at else text + ADVICE for at, (name, text) in enumerate(found.items())}


def filters(org_class: str, period: Period) -> dict[str, dict[str, str]]:
    """Return by figure what the loan book is filtered by to show exactly the loans that are told of."""
    late = {"due_until": period.end.isoformat(), "owed": LoanOwed.OPEN.value}
    small = {"scale": LoanScale.SMALL.value}
    return {f.name: late | (small if f.book == "small_balance" else {}) for f in _balances(org_class)}


def _balances(org_class: str) -> list[Figure]:
    return [f for f in figures(org_class) if f.book in ("balance", "small_balance")]


def _late(parts: list[tuple[str, int, int]]) -> str:
    """Return how many loans and how much, by source; of what was lent online the book hears of no repayment."""
    if not parts:
        return ""
    online = [part for part in parts if part[0] == LoanSource.ONLINE.value]
    paid = f"；其中线上放款 {_loans(online)}，台账没有其还款记录" if online else ""
    return f"含 {_loans(parts)}截至期末已到期而未登记结清{paid}。"


def _loans(parts: list[tuple[str, int, int]]) -> str:
    return f"{sum(n for _, n, _ in parts)} 笔、{wan(sum(fen for _, _, fen in parts))} 万元"
