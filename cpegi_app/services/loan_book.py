"""贷款台账: online and offline loans in one list, for the institution (own) and the staff (all) (manual §5.1).

Which loans a page holds is told by `lists`; this module says what the book is filtered by and how a loan is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import case
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.models import Loan, Organisation
from cpegi_app.services import list_count, lists, sheet_writer, staff
from cpegi_app.services.forms import normalise, percent, wan
from cpegi_app.services.lists import Listing
from cpegi_app.services.offline_form import SPECS, STORED, heading
from cpegi_app.services.report_statistics import OWED, SMALL, filed_or_profile
from cpegi_app.vocabulary import FiveClass, GuaranteeMode, LoanOwed, LoanScale, LoanSource, LoanStatus

# Made once: an alias costs more than the query that it stands in.
_LATER = aliased(Loan)
_REPLACED = select(_LATER.id).where(_LATER.replaces_id == Loan.id).exists()
TONES = {"ACTIVE": "green", "DUE": "grey", "REPLACED": "orange"}


@dataclass(frozen=True)
class Query:
    """What the book is filtered by; `org_id` 0 means every institution."""

    org_id: int = 0
    word: str = ""
    status: str = ""
    source: str = ""
    institution: str = ""
    guarantee: str = ""
    since: date | None = None
    until: date | None = None
    due_until: date | None = None
    owed: str = ""
    scale: str = ""


class LoanEntry(BaseModel):
    """A loan as the list shows it."""

    id: int = 0
    source: str = ""
    institution: str = ""
    borrower: str = ""
    code: str = ""
    contract_no: str = ""
    iou_no: str = ""
    amount: str = ""
    balance: str = ""
    lent_on: str = ""
    due_on: str = ""
    rate: str = ""
    guarantee: str = ""
    five_class: str = ""
    status: str = ""
    tone: str = ""
    can_correct: bool = False


class BookSums(BaseModel):
    """The figures of a whole list; while `counting`, of the part that is counted.

    `unknown` says of how many loans no balance is registered; of none at all `balance` is empty.
    """

    total: int = 0
    amount: str = "0"
    balance: str = "0"
    unknown: str = ""
    counting: bool = False


class BookPage(BaseModel):
    """One page of the book with the figures of the list."""

    rows: list[LoanEntry] = []
    sums: BookSums = BookSums()


def query_of(actor: Actor, filters: dict[str, str]) -> Query:
    """Return the filters that a page sent, within the actor's own scope."""
    everything = actor.may(Permission.LOAN_READ_ALL)
    if not everything:
        staff.require(actor, Permission.LOAN_READ)
    own = 0 if everything else (actor.org_id or -1)
    return Query(
        org_id=own,
        word=normalise(filters.get("word", ""))[:60],
        status=_known(filters.get("status", ""), LoanStatus),
        source=_known(filters.get("source", ""), LoanSource),
        institution=normalise(filters.get("institution", ""))[:60] if not own else "",
        guarantee=_known(filters.get("guarantee", ""), GuaranteeMode),
        since=_date(filters.get("since", "")),
        until=_date(filters.get("until", "")),
        due_until=_date(filters.get("due_until", "")),
        owed=_known(filters.get("owed", ""), LoanOwed),
        scale=_known(filters.get("scale", ""), LoanScale),
    )


def _known(code: str, term: Any) -> str:
    return code if code in term._value2member_map_ else ""


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def page(
    session: Session, actor: Actor, filters: dict[str, str], *, sort: str = "", page: int = 1, size: int = 20
) -> BookPage:
    """Return one page of the book, what was booked last first; the list is counted as far as the page needs."""
    found = lists.page(session, actor, BOOK, filters, sort=sort, page=page, size=size)
    return BookPage(rows=found.rows, sums=book_sums(found.sums))


def count_on(session: Session, actor: Actor, filters: dict[str, str]) -> BookSums:
    """Count a list further than its page needed; asked again and again, it is counted whole in the end."""
    return book_sums(lists.count_on(session, actor, BOOK, filters))


def book_sums(sums: lists.Sums) -> BookSums:
    """Return the figures of a list in 万元."""
    amount, balance, unknown, lent = sums.sums or (0, 0, 0, 0)
    found = BookSums(total=sums.total, amount=wan(amount), balance=wan(balance), counting=sums.counting)
    # Online loans have no balance until one is registered.
    if unknown and unknown == sums.total:
        return found.model_copy(update={"balance": "", "unknown": "余额均未登记"})
    more = f"（另有 {unknown:,} 笔未登记余额，放款 {wan(lent)} 万元）" if unknown else ""
    return found.model_copy(update={"unknown": more})


def _conditions(query: Query) -> list[Any]:
    found: list[Any] = []
    found.append(_REPLACED if query.status == LoanStatus.REPLACED else ~_REPLACED)
    if query.org_id:
        found.append(Loan.institution_id == query.org_id)
    if query.status == LoanStatus.ACTIVE:
        found.append(Loan.due_on >= clock.today())
    elif query.status == LoanStatus.DUE:
        found.append(Loan.due_on < clock.today())
    if query.source:
        found.append(Loan.source == query.source)
    if query.guarantee:
        found.append(Loan.guarantee == query.guarantee)
    if query.institution:
        name = col(Organisation.name).contains(query.institution, autoescape=True)
        found.append(col(Loan.institution_id).in_(select(Organisation.id).where(name)))
    if query.since:
        found.append(Loan.lent_on >= query.since)
    if query.until:
        found.append(Loan.lent_on <= query.until)
    if query.due_until:
        found.append(Loan.due_on <= query.due_until)
    if query.owed:
        found.append(OWED > 0 if query.owed == LoanOwed.OPEN else OWED == 0)
    if query.scale:
        found.append(filed_or_profile(col(Loan.scale), "scale", apart=True).in_(SMALL))
    if query.word:
        word = col(Loan.borrower_name).contains(query.word, autoescape=True)
        exact = (Loan.iou_no == query.word) | (Loan.contract_no == query.word)
        found.append(word | exact | (col(Loan.borrower_code) == query.word.upper()))
    return found


def _institutions(session: Session, ids: set[int]) -> dict[int, str]:
    query = select(Organisation.id, Organisation.name).where(col(Organisation.id).in_(ids))
    return {i or 0: name for i, name in session.exec(query)}


def status_of(loan: Loan, replaced: bool) -> LoanStatus:
    """Return where a loan stands today."""
    if replaced:
        return LoanStatus.REPLACED
    return LoanStatus.ACTIVE if loan.due_on >= clock.today() else LoanStatus.DUE


def _entry(loan: Loan, names: dict[int, str], replaced: bool, actor: Actor) -> LoanEntry:
    status = status_of(loan, replaced)
    mine = loan.institution_id == actor.org_id and actor.may(Permission.OFFLINE_SUBMIT)
    return LoanEntry(
        id=loan.id or 0,
        source=LoanSource.label_of(loan.source),
        institution=names.get(loan.institution_id, ""),
        borrower=loan.borrower_name,
        code=loan.borrower_code,
        contract_no=loan.contract_no,
        iou_no=loan.iou_no,
        amount=wan(loan.amount_fen),
        balance="—" if loan.balance_fen is None else wan(loan.balance_fen),
        lent_on=loan.lent_on.isoformat(),
        due_on=loan.due_on.isoformat(),
        rate=f"{percent(loan.rate_bp)}%",
        guarantee=GuaranteeMode.label_of(loan.guarantee),
        five_class=FiveClass.label_of(loan.five_class) or "—",
        status=status.label,
        tone=TONES[status.value],
        can_correct=mine and loan.source == LoanSource.OFFLINE and not replaced,
    )


# --- the list -------------------------------------------------------------------------------------

_UNKNOWN = col(Loan.balance_fen).is_(None)
_SUMS = (
    Loan.amount_fen,
    Loan.balance_fen,
    case((_UNKNOWN, 1), else_=0),
    case((_UNKNOWN, col(Loan.amount_fen)), else_=0),
)
# The book keeps no contacts and remarks.
_EXPORTED = [s for s in SPECS if hasattr(Loan, STORED.get(s.name, s.name))]


def _lines(session: Session, actor: Actor, filters: dict[str, str], loans: list[Loan]) -> list[list[object]]:
    names = _institutions(session, {loan.institution_id for loan in loans})
    replaced = query_of(actor, filters).status == LoanStatus.REPLACED
    heads = (
        [LoanSource.label_of(x.source), names[x.institution_id], status_of(x, replaced).label] for x in loans
    )
    return [[*head, *sheet_writer.cells(_EXPORTED, x)] for head, x in zip(heads, loans, strict=True)]


def _entries(session: Session, actor: Actor, filters: dict[str, str], loans: list[Loan]) -> list[LoanEntry]:
    names = _institutions(session, {loan.institution_id for loan in loans})
    replaced = query_of(actor, filters).status == LoanStatus.REPLACED
    return [_entry(loan, names, replaced, actor) for loan in loans]


def _replaced_since(session: Session, found: list_count.Counted, top: int) -> set[int]:
    """The book only grows; a correction takes the loan out that it replaces."""
    later = select(Loan.replaces_id).where(col(Loan.id) > found.top, col(Loan.id) <= top)
    return {i for i in session.exec(later.where(col(Loan.replaces_id).is_not(None))) if i}


BOOK = lists.register(
    Listing(
        "loans",
        "贷款台账",
        lambda actor, filters: _conditions(query_of(actor, filters)),
        list_count.Table(Loan, _SUMS, _replaced_since),
        _entries,
        {},
        {"amount": col(Loan.amount_fen), "lent": col(Loan.lent_on)},
        lines=_lines,
        headings=("来源", "放款机构", "状态", *(heading(s) for s in _EXPORTED)),
    )
)
