"""Matching: conditions compiled to SQL with three values, live counts, and one enterprise's products (manual §4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, not_, or_, select, true
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.dimensions import DIMENSIONS, Dimension
from cpegi_app.models import MatchFact, ProductLimit

Condition = Mapping[str, Any]
Term = ColumnElement[Any]


# --- a product's conditions over everybody's facts ----------------------------------------------------


def met(d: Dimension, c: Condition | None, on: date) -> Term | None:
    """Return whether a fact meets a condition: true, false, or null where data are missing; None: not limited."""
    column = MatchFact.c[d.code]
    if (mask := d.allowed(c)) is not None:
        return column.bitwise_and(mask) != 0
    low, high = d.bounds(c, on)
    parts = ([column >= low] if low is not None else []) + ([column <= high] if high is not None else [])
    return and_(*parts) if parts else None


def all_met(stated: Mapping[str, Any], on: date | None = None) -> dict[str, Term]:
    """Return the terms of the conditions that limit anything, by dimension."""
    on = on or clock.today()
    found = {d.code: met(d, stated.get(d.code), on) for d in DIMENSIONS}
    return {code: term for code, term in found.items() if term is not None}


def fits(stated: Mapping[str, Any], on: date | None = None) -> Term:
    """Return the clause of the enterprises that meet every condition and can be pushed to."""
    return and_(MatchFact.c.is_live, *all_met(stated, on).values())


@dataclass
class Tally:
    """How many enterprises fit, lack data, and are shut out by each condition; tallies of parts add up."""

    total: int = 0
    fit: int = 0
    lacking: int = 0
    out: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        out = {code: self.out.get(code, 0) + n for code, n in other.out.items()}
        return Tally(self.total + other.total, self.fit + other.fit, self.lacking + other.lacking, out)


# A scan of a million rows is shared out to so many threads.
PARTS = 2


def tally(session: Session, stated: Mapping[str, Any], part: int = 0, parts: int = 1) -> Tally:
    """Count in one scan of one part of the enterprises, cut by id."""
    terms = all_met(stated)
    whole = and_(true(), *terms.values())
    counted = [func.count(), _number(whole), func.count(whole)]
    counted += [_number(not_(term)) for term in terms.values()]
    query = select(*counted).where(MatchFact.c.is_live)
    if parts > 1:
        most = session.execute(select(func.max(MatchFact.c.id))).scalar_one() or 0
        step = most // parts + 1
        query = query.where(MatchFact.c.id > part * step, MatchFact.c.id <= (part + 1) * step)
    total, fit, decided, *out = session.execute(query).one()
    # Where one condition is missed the whole is false; null is left where nothing but data is missing.
    return Tally(total, fit, total - decided, dict(zip(terms, out, strict=True)))


def _number(term: Term) -> Term:
    """Return how many rows a term is true of; one that is null counts as no row."""
    return func.count(case((term, 1)))


# --- one enterprise's facts over all limits -----------------------------------------------------------


def facts(session: Session, org_id: int | None, on: date | None = None) -> dict[str, int | None] | None:
    """Return an organisation's facts in the terms of the limits, None before its verification."""
    on = on or clock.today()
    row = session.execute(select(MatchFact).where(MatchFact.c.id == org_id)).mappings().first()
    return {d.code: d.present(row[d.code], on) for d in DIMENSIONS} if row else None


def unmet(values: Mapping[str, int | None]) -> Term:
    """Return which conditions of a product the facts miss, a bit for each dimension."""
    return _bits((i, _misses(d, values[d.code])) for i, d in enumerate(DIMENSIONS))


def lacking(values: Mapping[str, int | None]) -> Term:
    """Return which conditions of a product cannot be told for want of data, a bit for each dimension."""
    return _bits((i, _limited(d)) for i, d in enumerate(DIMENSIONS) if values[d.code] is None)


def suits(values: Mapping[str, int | None]) -> Term:
    """Return the clause of the products of which the facts meet every condition."""
    parts = []
    for d in DIMENSIONS:
        value = values[d.code]
        parts.append(not_(_limited(d)) if value is None else _keeps(d, value))
    return and_(*parts)


def _columns(d: Dimension) -> tuple[Any, ...]:
    names = ("low", "high") if d.kind == "range" else ("mask",)
    return tuple(ProductLimit.c[f"{d.code}_{name}"] for name in names)


def _limited(d: Dimension) -> Term:
    return or_(*(column.is_not(None) for column in _columns(d)))


def _misses(d: Dimension, value: int | None) -> Term | None:
    if value is None:
        return None
    if d.kind != "range":
        (mask,) = _columns(d)
        return mask.bitwise_and(value) == 0
    low, high = _columns(d)
    return or_(low > value, high < value)


def _keeps(d: Dimension, value: int) -> Term:
    columns = _columns(d)
    if d.kind != "range":
        return or_(columns[0].is_(None), columns[0].bitwise_and(value) != 0)
    low, high = columns
    return and_(or_(low.is_(None), low <= value), or_(high.is_(None), high >= value))


def _bits(terms: Any) -> Term:
    found: Term = literal(0)
    for i, term in terms:
        if term is not None:
            found = found + case((term, 1 << i), else_=0)
    return found


def codes(bits: int) -> list[str]:
    """Return the dimensions whose bits are set."""
    return [d.code for i, d in enumerate(DIMENSIONS) if bits >> i & 1]
