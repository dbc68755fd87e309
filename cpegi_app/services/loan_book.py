"""贷款台账: online and offline loans in one list, for the institution (own) and the staff (all) (manual §5.1).

The book only grows, so where a page of a filtered list begins can be remembered: a list is counted once, every
hundredth loan of it is kept as an anchor, and any page is a short walk from the nearest anchor.
"""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import FormInvalid
from cpegi_app.models import Loan, Organisation
from cpegi_app.services import audit, sheet_writer, staff
from cpegi_app.services.forms import normalise, percent, wan
from cpegi_app.services.offline_form import SPECS, STORED, heading
from cpegi_app.vocabulary import FiveClass, GuaranteeMode, LoanSource, LoanStatus

EXPORT_MAX = 20_000
# Up to so many loans a list keeps every id, beyond it one in STRIDE; so many lists are kept.
WHOLE, STRIDE, LISTS = 5_000, 100, 64
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


class BookPage(BaseModel):
    """One page of the book with the figures of the whole list."""

    rows: list[LoanEntry] = []
    total: int = 0
    amount: str = "0"
    balance: str = "0"


@dataclass(frozen=True)
class _List:
    total: int
    amount: int
    balance: int
    stride: int
    anchors: array


_lists: OrderedDict[tuple, _List] = OrderedDict()
_lock = threading.Lock()


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
    """Return one page of the book, what was booked last first, and the sums of the whole list."""
    query = query_of(actor, filters)
    found = _list(session, query)
    loans = _walk(session, query, found, (page - 1) * size, size)
    names = _institutions(session, {loan.institution_id for loan in loans})
    later = _replaced(session, [loan.id or 0 for loan in loans])
    return BookPage(
        rows=[_entry(loan, names, loan.id in later, actor) for loan in loans],
        total=found.total,
        amount=wan(found.amount),
        balance=wan(found.balance),
    )


def _conditions(session: Session, query: Query) -> list[Any]:
    found: list[Any] = []
    later = aliased(Loan)
    replaced = select(later.id).where(later.replaces_id == Loan.id).exists()
    found.append(replaced if query.status == LoanStatus.REPLACED else ~replaced)
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


def _list(session: Session, query: Query) -> _List:
    """Return a list's sums and anchors, counted anew when the book has grown."""
    newest = session.exec(
        select(Loan.id, col(Loan.created_at)).order_by(col(Loan.id).desc()).limit(1)
    ).first()
    key = (str(session.get_bind().engine.url), query, tuple(newest or ()), clock.today())
    with _lock:
        if found := _lists.get(key):
            _lists.move_to_end(key)
            return found
    found = _count(session, query)
    with _lock:
        _lists[key] = found
        while len(_lists) > LISTS:
            _lists.popitem(last=False)
    return found


def _count(session: Session, query: Query) -> _List:
    where = _conditions(session, query)
    sums = select(
        func.count(),
        func.coalesce(func.sum(Loan.amount_fen), 0),
        func.coalesce(func.sum(Loan.balance_fen), 0),
    )
    counted = session.exec(sums.select_from(Loan).where(*where)).one()
    total, amount, balance = (int(figure or 0) for figure in counted)
    stride = 1 if total <= WHOLE else STRIDE
    number = func.row_number().over(order_by=col(Loan.id).desc()).label("number")
    ranked = select(col(Loan.id).label("id"), number).where(*where).subquery()
    picked = select(ranked.c.id).where((ranked.c.number - 1) % stride == 0).order_by(ranked.c.number)
    return _List(total, amount, balance, stride, array("q", session.exec(picked)))


def _walk(session: Session, query: Query, found: _List, offset: int, size: int) -> list[Loan]:
    if offset >= found.total:
        return []
    order = col(Loan.id).desc()
    if found.stride == 1:
        ids = list(found.anchors[offset : offset + size])
        return list(session.exec(select(Loan).where(col(Loan.id).in_(ids)).order_by(order)))
    anchor = found.anchors[offset // found.stride]
    near = select(Loan).where(*_conditions(session, query), col(Loan.id) <= anchor).order_by(order)
    return list(session.exec(near.offset(offset % found.stride).limit(size)))


def _institutions(session: Session, ids: set[int]) -> dict[int, str]:
    query = select(Organisation.id, Organisation.name).where(col(Organisation.id).in_(ids))
    return {i or 0: name for i, name in session.exec(query)}


def _replaced(session: Session, ids: list[int]) -> set[int]:
    return {i or 0 for i in session.exec(select(Loan.replaces_id).where(col(Loan.replaces_id).in_(ids)))}


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
    found = _list(session, query)
    if found.total > EXPORT_MAX:
        raise FormInvalid(
            {"word": "导出的条数过多"},
            f"符合条件的有 {found.total:,} 笔，一次最多导出 {EXPORT_MAX:,} 笔，请用日期等条件缩小范围后再导出。",
        )
    audit.record(session, actor, "loan.export", "loan", f"{found.total} 笔")
    headings = ["来源", "放款机构", "状态", *(heading(s) for s in _EXPORTED)]
    return lambda reader: sheet_writer.write("贷款台账", headings, _lines(reader, query))


def _lines(session: Session, query: Query) -> Iterator[list[object]]:
    names: dict[int, str] = {}
    where = _conditions(session, query)
    loans = session.exec(select(Loan).where(*where).order_by(col(Loan.id).desc()).limit(EXPORT_MAX))
    for loan in loans.yield_per(500):
        if loan.institution_id not in names:
            names |= _institutions(session, {loan.institution_id})
        status = status_of(loan, query.status == LoanStatus.REPLACED)
        head = [LoanSource.label_of(loan.source), names[loan.institution_id], status.label]
        yield [*head, *sheet_writer.cells(_EXPORTED, loan)]
