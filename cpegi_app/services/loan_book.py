"""贷款台账: online and offline loans in one list, for the institution (own) and the staff (all) (manual §5.1).

Which loans a page holds is told by `book_count`; this module says what a list is and how its loans are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import FormInvalid
from cpegi_app.models import Loan, Organisation
from cpegi_app.services import audit, book_count, sheet_writer, staff
from cpegi_app.services.forms import normalise, percent, wan
from cpegi_app.services.offline_form import SPECS, STORED, heading
from cpegi_app.vocabulary import FiveClass, GuaranteeMode, LoanSource, LoanStatus

EXPORT_MAX = 20_000
# So many steps of counting go into one transaction behind the page.
STEPS = 10
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
    """The figures of a whole list; while `counting`, of the part that is counted."""

    total: int = 0
    amount: str = "0"
    balance: str = "0"
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
    )


def _known(code: str, term: Any) -> str:
    return code if code in term._value2member_map_ else ""


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def page(
    session: Session, actor: Actor, filters: dict[str, str], *, page: int = 1, size: int = 20
) -> BookPage:
    """Return one page of the book, what was booked last first; the list is counted as far as the page needs."""
    query, offset = query_of(actor, filters), (page - 1) * size
    where = _conditions(query)
    # One more than the page: so that one can turn to the next.
    found = book_count.counted(session, _key(query), where, offset + size + 1)
    loans = _loans(session, where, *found.place(offset, size), size)
    names = _institutions(session, {loan.institution_id for loan in loans})
    replaced = query.status == LoanStatus.REPLACED
    return BookPage(rows=[_entry(loan, names, replaced, actor) for loan in loans], sums=_sums(found))


def count_on(session: Session, actor: Actor, filters: dict[str, str]) -> BookSums:
    """Count a list further than its page needed; asked again and again, it is counted whole in the end."""
    query = query_of(actor, filters)
    where = _conditions(query)
    found = book_count.counted(session, _key(query), where, 0)
    book_count.count_on(session, found, where, STEPS)
    return _sums(found)


def _key(query: Query) -> tuple:
    return query, clock.today()


def _sums(found: book_count.Counted) -> BookSums:
    total, amount, balance = found.sums()
    return BookSums(total=total, amount=wan(amount), balance=wan(balance), counting=not found.whole)


def _loans(
    session: Session, where: list[Any], ranges: list[tuple[int, int]], before: int, size: int
) -> list[Loan]:
    """Return the loans of a page, searched for only where the count has seen them."""
    if not ranges:
        return []
    near = or_(*(col(Loan.id).between(low, high) for low, high in ranges))
    query = select(Loan).where(*where, near).order_by(col(Loan.id).desc())
    return list(session.exec(query.offset(before).limit(size)))


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


# --- export -------------------------------------------------------------------------------------------

# The book keeps no contacts and remarks.
_EXPORTED = [s for s in SPECS if hasattr(Loan, STORED.get(s.name, s.name))]


def export(session: Session, actor: Actor, filters: dict[str, str]) -> Callable[[Session], bytes]:
    """Return what writes the filtered book as a workbook, or say that it is too long for one."""
    query = query_of(actor, filters)
    found = book_count.counted(session, _key(query), _conditions(query), EXPORT_MAX + 1)
    total = found.sums()[0]
    if total > EXPORT_MAX:
        raise FormInvalid(
            {"word": "导出的条数过多"},
            f"符合条件的超过 {EXPORT_MAX:,} 笔，一次最多导出 {EXPORT_MAX:,} 笔，请用日期等条件缩小范围后再导出。",
        )
    audit.record(session, actor, "loan.export", "loan", f"{total} 笔")
    headings = ["来源", "放款机构", "状态", *(heading(s) for s in _EXPORTED)]
    return lambda reader: sheet_writer.write("贷款台账", headings, _lines(reader, query))


def _lines(session: Session, query: Query) -> Iterator[list[object]]:
    names: dict[int, str] = {}
    where = _conditions(query)
    loans = session.exec(select(Loan).where(*where).order_by(col(Loan.id).desc()).limit(EXPORT_MAX))
    for loan in loans.yield_per(500):
        if loan.institution_id not in names:
            names |= _institutions(session, {loan.institution_id})
        status = status_of(loan, query.status == LoanStatus.REPLACED)
        head = [LoanSource.label_of(loan.source), names[loan.institution_id], status.label]
        yield [*head, *sheet_writer.cells(_EXPORTED, loan)]
