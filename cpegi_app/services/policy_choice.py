"""The own records that an application may choose from, found in SQL: any of them, page by page (manual §8.1).

The conditions of a shelf are the twins of `policy_records.why_not`; a test compares them record by record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, or_, union
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cpegi_app.models import InvestmentRecord, Loan, Organisation, PolicyRecord
from cpegi_app.services import policy_records
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.policy_records import Record
from cpegi_app.vocabulary.policy import AmountRule, RecordSide, RecordSource

ALL, USABLE, CHOSEN = "", "USABLE", "CHOSEN"
SIZE = 10
# So far a list is counted exactly; pages go on beyond.
COUNTED = 1_000
Key = tuple[str, int]


@dataclass(frozen=True)
class Look:
    """What of the list is looked at."""

    show: str = ALL
    word: str = ""
    page: int = 1


@dataclass(frozen=True)
class Shelf:
    """How a source's records are found: whose they are on which side, what a policy takes of them, by which words."""

    model: Any
    # One condition a side: each has its own index.
    sides: Callable[[Any, Organisation, str], list[Any]]
    fits: Callable[[Definition], list[Any]]
    named: Callable[[str], Any]
    sorts: Mapping[str, Callable[[tuple[str, ...]], Any]]
    # What always holds of a record in the list.
    live: Callable[[], list[Any]] = list


# --- loans --------------------------------------------------------------------------------------------


def _loan_sides(model: Any, org: Organisation, side: str) -> list[Any]:
    found: list[Any] = []
    if side != RecordSide.PROVIDER:
        found.append(model.borrower_id == org.id)
        if org.credit_code:
            # Filed before the borrower had an account here.
            found.append(model.borrower_id.is_(None) & (model.borrower_code == org.credit_code))
    if side != RecordSide.RECEIVER:
        found.append(model.institution_id == org.id)
    return found


# Made once: an alias of a table costs more than the question that it stands in.
_LATER, _OWN, _UP = aliased(Loan), aliased(Loan), aliased(Loan)
_LIVE = ~select(_LATER.id).where(_LATER.replaces_id == Loan.id).exists()


def _loan_live() -> list[Any]:
    return [_LIVE]


def _loan_fits(d: Definition) -> list[Any]:
    found = _between(col(Loan.lent_on), d.record_from, d.record_to)
    if d.rule == AmountRule.INTEREST:
        found.append(col(Loan.due_on) > col(Loan.lent_on))
        if d.interest_from:
            found.append(col(Loan.due_on) > d.interest_from)
        if d.interest_to:
            found.append(col(Loan.lent_on) <= d.interest_to)
    return found


def _loan_named(word: str) -> Any:
    lenders = select(Organisation.id).where(col(Organisation.name).contains(word, autoescape=True))
    texts = (Loan.borrower_name, Loan.iou_no, Loan.contract_no)
    return or_(
        *(col(text).contains(word, autoescape=True) for text in texts),
        col(Loan.borrower_code) == word.upper(),
        col(Loan.institution_id).in_(lenders),
    )


def _lent_by(classes: tuple[str, ...]) -> Any:
    lenders = select(Organisation.id).where(col(Organisation.org_class).in_(classes))
    return col(Loan.institution_id).in_(lenders)


# --- investments --------------------------------------------------------------------------------------


def _investment_sides(model: Any, org: Organisation, side: str) -> list[Any]:
    found: list[Any] = []
    if side != RecordSide.PROVIDER:
        found.append(model.enterprise_id == org.id)
    if side != RecordSide.RECEIVER:
        found.append(model.org_id == org.id)
    return found


def _investment_fits(d: Definition) -> list[Any]:
    paid = col(InvestmentRecord.paid_on)
    return [paid.is_not(None), *_between(paid, d.record_from, d.record_to)]


def _investment_named(word: str) -> Any:
    r = InvestmentRecord
    texts = (r.project_name, r.enterprise_name, r.institution_name)
    return or_(*(col(text).contains(word, autoescape=True) for text in texts))


def _between(column: Any, first: date | None, last: date | None) -> list[Any]:
    found = [column >= first] if first else []
    return found + ([column <= last] if last else [])


SHELVES: dict[str, Shelf] = {
    RecordSource.LOAN.value: Shelf(
        Loan,
        _loan_sides,
        _loan_fits,
        _loan_named,
        {
            "loan_lenders": _lent_by,
            "loan_guarantees": col(Loan.guarantee).in_,
            "loan_classes": col(Loan.five_class).in_,
            "loan_first": col(Loan.is_first).in_,
            "loan_channels": col(Loan.source).in_,
        },
        _loan_live,
    ),
    RecordSource.INVESTMENT.value: Shelf(
        InvestmentRecord,
        _investment_sides,
        _investment_fits,
        _investment_named,
        {
            "invest_rounds": col(InvestmentRecord.round).in_,
            "invest_modes": col(InvestmentRecord.mode).in_,
        },
    ),
}


# --- what is asked for --------------------------------------------------------------------------------


def page(
    session: Session,
    org: Organisation,
    d: Definition,
    policy_id: int,
    row_id: int,
    look: Look,
    chosen: Sequence[Key] = (),
) -> tuple[list[Record], int]:
    """Return one page of the own records, newest first, and how many there are (counted up to COUNTED + 1)."""
    where = _fitting(org, d, policy_id, row_id, chosen) if look.show == USABLE else []
    if look.word:
        where.append(SHELVES[d.source].named(look.word))
    first = (max(1, look.page) - 1) * SIZE
    ids = list(session.exec(_ids(org, d, where, first + SIZE).offset(first).limit(SIZE)))
    return policy_records.get(session, [(d.source, i) for i in ids]), _count(session, org, d, where)


def newest(session: Session, org: Organisation, d: Definition, most: int) -> list[Record]:
    """Return the newest own records, whatever the policy says of them."""
    ids = session.exec(_ids(org, d, [], most).limit(most))
    return policy_records.get(session, [(d.source, i) for i in ids])


def usable(
    session: Session,
    org: Organisation,
    d: Definition,
    policy_id: int,
    row_id: int,
    most: int,
    chosen: Sequence[Key] = (),
) -> list[Key]:
    """Return the newest records that the policy takes, that no other application holds and that are not chosen yet."""
    where = _fitting(org, d, policy_id, row_id, chosen)
    return [(d.source, i) for i in session.exec(_ids(org, d, where, most).limit(most))]


def counts(
    session: Session, org: Organisation, d: Definition, policy_id: int, row_id: int
) -> tuple[int, int]:
    """Return how many records the organisation has, and how many it can choose (counted up to COUNTED + 1)."""
    return _count(session, org, d, []), usable_count(session, org, d, policy_id, row_id)


def usable_count(
    session: Session,
    org: Organisation,
    d: Definition,
    policy_id: int,
    row_id: int,
    chosen: Sequence[Key] = (),
) -> int:
    """Return how many records beside those chosen the organisation can choose (counted up to COUNTED + 1)."""
    return _count(session, org, d, _fitting(org, d, policy_id, row_id, chosen))


def many(count: int) -> str:
    """Return a count in words, as far as it was counted."""
    return f"{COUNTED:,} 笔以上" if count > COUNTED else f"{count} 笔"


def _ids(org: Organisation, d: Definition, where: list[Any], most: int) -> Any:
    """Return the ids of own records, newest first; each side is read from its index no further than `most`."""
    shelf = SHELVES[d.source]
    model, live = shelf.model, shelf.live()
    sides = []
    for side in shelf.sides(model, org, d.side):
        query = select(model.id.label("id")).where(side, *live, *where)
        part = query.order_by(model.id.desc()).limit(most).subquery()
        sides.append(select(part.c.id))
    every = union(*sides).subquery()
    return select(every.c.id).order_by(every.c.id.desc())


def _count(session: Session, org: Organisation, d: Definition, where: list[Any]) -> int:
    found = _ids(org, d, where, COUNTED + 1).order_by(None).limit(COUNTED + 1).subquery()
    return session.exec(select(func.count()).select_from(found)).one()


def _fitting(
    org: Organisation, d: Definition, policy_id: int, row_id: int, chosen: Sequence[Key] = ()
) -> list[Any]:
    """Return the conditions that a record can be chosen: what the policy says, that it is free and not chosen yet."""
    shelf = SHELVES[d.source]
    found = [*shelf.fits(d), *(shelf.sorts[code](codes) for code, codes in d.sorts.items())]
    if taken := [i for source, i in chosen if source == d.source]:
        found.append(col(shelf.model.id).not_in(taken))
    return [*found, *_free(org, d, policy_id, row_id)]


def _free(org: Organisation, d: Definition, policy_id: int, row_id: int) -> list[Any]:
    """Return the conditions that no other application under the policy holds a record or what it corrects."""
    held = (
        col(PolicyRecord.policy_id) == policy_id,
        col(PolicyRecord.source) == d.source,
        col(PolicyRecord.released_at).is_(None),
        col(PolicyRecord.application_id) != row_id,
    )
    model = SHELVES[d.source].model
    found = [~select(PolicyRecord.id).where(*held, PolicyRecord.root_id == model.id).exists()]
    if d.source == RecordSource.LOAN:
        found.append(col(Loan.replaces_id).is_(None) | col(Loan.id).not_in(_held_chains(org, d, held)))
    return found


def _held_chains(org: Organisation, d: Definition, held: tuple[Any, ...]) -> Any:
    """Return the own corrections whose first loan is held: few, so that they are walked up one by one."""
    own, up = _OWN, _UP
    mine = or_(*_loan_sides(own, org, d.side))
    chain = (
        select(col(own.id).label("id"), col(own.replaces_id).label("at"))
        .where(mine, col(own.replaces_id).is_not(None))
        .cte("chain", recursive=True)
    )
    further = select(chain.c.id, col(up.replaces_id)).join(up, col(up.id) == chain.c.at)
    chain = chain.union_all(further.where(col(up.replaces_id).is_not(None)))
    return select(chain.c.id).join(PolicyRecord, col(PolicyRecord.root_id) == chain.c.at).where(*held)
