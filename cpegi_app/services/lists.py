"""Lists: one page of what an actor may see, filtered and sorted, its totals, and the lines of its export.

A chapter says what a list is by a `Listing`. Lists that may grow to a million rows name how their table is counted
(`list_count`); the others are counted by one query.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, or_
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import DomainError
from cpegi_app.services import list_count
from cpegi_app.services.forms import normalise
from cpegi_app.services.list_count import WHOLE, Counted, Table
from cpegi_app.services.sheet_writer import MONEY, amount

Filters = dict[str, str]
# So many steps of counting go into one transaction behind the page; lines of an export that are read together.
STEPS, CHUNK = 10, 1_000
# So few rows are sorted where the count has found them, instead of walking the whole order.
FEW = 1_000
# So many are sorted by a heading that has no index.
MANY = 20_000


@dataclass(frozen=True)
class Listing:
    """What a list is: who sees which rows, how a row is shown, what it is sorted by, what its export holds."""

    name: str
    title: str
    # Checks the actor and the filters, and returns the conditions.
    where: Callable[[Actor, Filters], list[Any]]
    table: Table
    views: Callable[[Session, Actor, Filters, list[Any]], list[Any]]
    # Headings and cells of the export, read off what `views` returns.
    columns: Mapping[str, Callable[[Any], object]]
    # What a heading sorts by; a column of a list that may grow large has an index behind the list's scope.
    sorts: Mapping[str, Any] = field(default_factory=dict)
    # Headings without an index: a long list is narrowed before it is sorted by them.
    slow: frozenset[str] = frozenset()
    # Which rows come first, the oldest of them on top; the others follow, the newest on top.
    first: Callable[[], Any] | None = None
    # The order of a small list where it is not the newest first.
    order: tuple[Any, ...] = ()
    large: bool = True
    # Further cells of the export's lines, and their headings: a list of what is stored.
    lines: Callable[[Session, Actor, Filters, list[Any]], list[list[object]]] | None = None
    headings: tuple[str, ...] | Callable[[Filters], tuple[str, ...]] = ()
    # Columns that no row of the list shows: large ones need not be read.
    unread: tuple[Any, ...] = ()
    # A list over several tables tells its pages itself: rows and total of a page of a size; its order is the filter
    # `sort`, one of `sorts`.
    pages: Callable[[Session, Actor, Filters, int, int], tuple[list[Any], int]] | None = None


class Sums(BaseModel):
    """The figures of a whole list; while `counting`, of the part that is counted."""

    total: int = 0
    sums: tuple[int, ...] = ()
    counting: bool = False


@dataclass(frozen=True)
class Page:
    """One page of a list with the figures of the list."""

    rows: list[Any]
    sums: Sums

    @property
    def total(self) -> int:
        """Return how many rows are counted."""
        return self.sums.total


LISTINGS: dict[str, Listing] = {}


def register(listing: Listing) -> Listing:
    """Make a list known by its name: exports are asked for by it."""
    if listing.name in LISTINGS:
        raise ValueError(f"two lists are called {listing.name}")
    LISTINGS[listing.name] = listing
    return listing


def paged(
    name: str,
    title: str,
    model: Any,
    columns: Mapping[str, Callable[[Any], object]],
    sorts: Mapping[str, Any],
    pages: Callable[[Session, Actor, Filters, int, int], tuple[list[Any], int]],
    **more: Any,
) -> Listing:
    """Make a list known whose own service checks the actor and tells the pages; `more` are further fields of it."""
    more = {"large": False} | more
    return register(
        Listing(
            name,
            title,
            lambda actor, filters: [],
            Table(model),
            lambda session, actor, filters, found: found,
            columns,
            sorts,
            pages=pages,
            **more,
        )
    )


def page(
    session: Session,
    actor: Actor,
    listing: Listing,
    filters: Filters,
    *,
    sort: str = "",
    page: int = 1,
    size: int = 10,
) -> Page:
    """Return one page; `sort` names a heading, with a minus the largest first; any other is the list's own order."""
    where, offset = listing.where(actor, filters), (page - 1) * size
    if listing.pages is not None:
        shown, total = listing.pages(session, actor, ordered(listing, filters, sort), page, size)
        return Page(shown, Sums(total=total))
    if not listing.large:
        rows, sums = _small(session, listing, where, sort, offset, size)
    elif sort.lstrip("-") in listing.sorts:
        rows, sums = _sorted(session, actor, listing, filters, where, sort, offset, size)
    else:
        rows, sums = _by_id(session, actor, listing, filters, where, offset, size)
    return Page(listing.views(session, actor, filters, rows), sums)


def ordered(listing: Listing, filters: Filters, sort: str) -> Filters:
    """Return the filters that tell also the order, of a list that tells its pages itself."""
    return filters | (
        {"sort": sort} if listing.pages is not None and sort.lstrip("-") in listing.sorts else {}
    )


def count_on(session: Session, actor: Actor, listing: Listing, filters: Filters, sort: str = "") -> Sums:
    """Count a list further than its page needed; asked again and again, it is counted whole in the end."""
    where = listing.where(actor, filters)
    parts = [("", where)] if sort.lstrip("-") in listing.sorts else _parts(listing, where)
    every = []
    for name, conditions in parts:
        key = (*_key(listing, actor, filters), name)
        found = list_count.counted(session, listing.table, key, conditions, 0)
        list_count.count_on(session, listing.table, found, conditions, STEPS)
        every.append(found)
    return _sums(listing, every)


def whole(session: Session, actor: Actor, listing: Listing, filters: Filters) -> int:
    """Return how many rows a large list holds: counted whole the first time, later what has changed."""
    where = listing.where(actor, filters)
    parts = [
        list_count.counted(session, listing.table, (*_key(listing, actor, filters), name), conditions, WHOLE)
        for name, conditions in _parts(listing, where)
    ]
    return sum(found.count for found in parts)


def int_filter(filters: Filters, name: str) -> int:
    """Return a filter that names a number, 0 for whatever is none."""
    text = filters.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def named(filters: Filters, name: Any, number: Any) -> list[Any]:
    """Return the condition that a name has the words looked for in it, or that the number is the very one."""
    word = normalise(filters.get("word", ""))
    return [name.contains(word, autoescape=True) | (number == word.upper())] if word else []


def day(text: str) -> date | None:
    """Return a date of a query bar, None for an empty one."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DomainError("请填写日期，格式如 2026-01-31。") from None


def in_order(
    session: Session, actor: Actor, listing: Listing, filters: Filters, sort: str
) -> array[int] | None:
    """Return the rows of an export in the order of their list; None where the newest is the first, or pages tell it."""
    by_heading = sort.lstrip("-") in listing.sorts
    if listing.pages is not None or not (by_heading or listing.order or listing.first):
        return None
    where, found = listing.where(actor, filters), array("q")
    for name, conditions in [("", where)] if by_heading else _parts(listing, where):
        query: Any = select(listing.table.model.id).where(*conditions)
        order = [col(listing.table.model.id)] if name == "first" else _order(listing, sort)
        found.extend(session.exec(query.order_by(*order).execution_options(yield_per=CHUNK)))
    return found


def export(
    session: Session,
    actor: Actor,
    listing: Listing,
    filters: Filters,
    below: int = 0,
    ids: Sequence[int] | None = None,
) -> tuple[list[list[object]], int]:
    """Return the next lines of an export and where the next ones begin, 0 at the end; `ids` are those of `in_order`."""
    where = listing.where(actor, filters)
    if listing.pages is not None:
        shown, total = listing.pages(session, actor, filters, below + 1, CHUNK)
        cells = (
            _cells(listing, shown) if listing.lines is None else listing.lines(session, actor, filters, shown)
        )
        return cells, below + 1 if (below + 1) * CHUNK < total else 0
    model = listing.table.model
    if ids is not None:
        wanted = ids[below : below + CHUNK]
        found = {r.id: r for r in session.exec(select(model).where(*where, col(model.id).in_(wanted)))}
        rows = [found[i] for i in wanted if i in found]
        below = below + CHUNK if below + CHUNK < len(ids) else 0
    else:
        query = select(model).where(*where, *([model.id < below] if below else []))
        rows = list(session.exec(query.order_by(model.id.desc()).limit(CHUNK)))
        below = (rows[-1].id or 0) if len(rows) == CHUNK else 0
    if listing.lines is not None:
        return listing.lines(session, actor, filters, rows), below
    return _cells(listing, listing.views(session, actor, filters, rows)), below


def _cells(listing: Listing, views: list[Any]) -> list[list[object]]:
    columns = [(cell, heading.endswith(MONEY)) for heading, cell in listing.columns.items()]
    return [[amount(cell(v)) if is_money else cell(v) for cell, is_money in columns] for v in views]


def headings(listing: Listing, filters: Filters) -> Sequence[str]:
    """Return the headings of a list's export."""
    told = listing.headings(filters) if callable(listing.headings) else listing.headings
    return told or tuple(listing.columns)


# --- pages ----------------------------------------------------------------------------------------


def _key(listing: Listing, actor: Actor, filters: Filters) -> tuple:
    used = tuple(sorted((k, v) for k, v in filters.items() if v))
    return listing.name, actor.role.value, actor.org_id, used, clock.today()


def _sums(listing: Listing, parts: list[Counted]) -> Sums:
    how_many = len(listing.table.sums)
    sums = [p.sums(how_many) for p in parts]
    return Sums(
        total=sum(p.count for p in parts),
        sums=tuple(sum(s[n] for s in sums) for n in range(how_many)),
        counting=not all(p.whole for p in parts),
    )


def _parts(listing: Listing, where: list[Any]) -> list[tuple[str, list[Any]]]:
    if listing.first is None:
        return [("", where)]
    return [("first", [*where, listing.first()]), ("rest", [*where, ~listing.first()])]


def _by_id(
    session: Session,
    actor: Actor,
    listing: Listing,
    filters: Filters,
    where: list[Any],
    offset: int,
    size: int,
) -> tuple[list[Any], Sums]:
    rows, counts, left = [], [], offset
    for name, conditions in _parts(listing, where):
        rising = name == "first"
        # One more than the page: so that one can turn to the next. What comes first is counted whole.
        least = WHOLE if rising else max(0, left) + size + 1
        key = (*_key(listing, actor, filters), name)
        found = list_count.counted(session, listing.table, key, conditions, least)
        counts.append(found)
        if len(rows) < size:
            rows += _located(session, listing, conditions, found, max(0, left), size - len(rows), rising)
        left -= found.count
    return rows, _sums(listing, counts)


def _located(
    session: Session,
    listing: Listing,
    where: list[Any],
    found: Counted,
    offset: int,
    size: int,
    rising: bool,
) -> list[Any]:
    """Return the rows of a page, searched for only where the count has seen them."""
    ranges, before = found.place(offset, size, rising=rising)
    if not ranges:
        return []
    row_id = col(listing.table.model.id)
    near = or_(*(row_id.between(low, high) for low, high in ranges))
    # The bounds once more by themselves: along several ranges a database would walk from the end of the list.
    around = row_id.between(min(low for low, _ in ranges), max(high for _, high in ranges))
    query = _select(listing).where(*where, around, near)
    order = row_id if rising else row_id.desc()
    return list(session.exec(query.order_by(order).offset(before).limit(size)))


def _select(listing: Listing) -> Any:
    return select(listing.table.model).options(*(defer(column) for column in listing.unread))


def _order(listing: Listing, sort: str, turned: bool = False) -> list[Any]:
    return order_by(listing.sorts, sort, listing.table.model, *listing.order, turned=turned)


def order_by(sorts: Mapping[str, Any], sort: str, model: Any, *own: Any, turned: bool = False) -> list[Any]:
    """Return the order that a heading asks for, from its other end where `turned`; any other is the list's own."""
    row_id = col(model.id)
    if sort.lstrip("-") not in sorts:
        return [*own, row_id.desc()]
    column = sorts[sort.lstrip("-")]
    falling = sort.startswith("-") is not turned
    return [column.desc(), row_id.desc()] if falling else [column, row_id]


def refuse_to_sort(rows: int) -> None:
    """Refuse to sort by a heading that has no index what would take long."""
    if rows > MANY:
        raise DomainError(f"符合条件的超过 {MANY:,} 条，请先用查询条件缩小范围，再按这一列排序。")


def _sorted(
    session: Session,
    actor: Actor,
    listing: Listing,
    filters: Filters,
    where: list[Any],
    sort: str,
    offset: int,
    size: int,
) -> tuple[list[Any], Sums]:
    key = (*_key(listing, actor, filters), "")
    slow = sort.lstrip("-") in listing.slow
    found = list_count.counted(session, listing.table, key, where, MANY + 1 if slow else offset + size + 1)
    if slow:
        refuse_to_sort(found.count)
    sums, query = _sums(listing, [found]), _select(listing)
    if found.whole and sums.total <= FEW:
        row_id = col(listing.table.model.id)
        near = [row_id.between(s.low, s.high) for s in found.stretches.values()]
        rows = session.exec(query.where(*where, or_(*near)).order_by(*_order(listing, sort))) if near else []
        return list(rows)[offset : offset + size], sums
    held = min(size, sums.total - offset)
    if found.whole and held > 0 and offset > sums.total // 2:
        # Nearer from the other end.
        backwards = query.where(*where).order_by(*_order(listing, sort, turned=True))
        rows = session.exec(backwards.offset(sums.total - offset - held).limit(held))
        return list(rows)[::-1], sums
    return list(
        session.exec(query.where(*where).order_by(*_order(listing, sort)).offset(offset).limit(size))
    ), sums


def _small(
    session: Session, listing: Listing, where: list[Any], sort: str, offset: int, size: int
) -> tuple[list[Any], Sums]:
    model = listing.table.model
    figures = [func.coalesce(func.sum(fen), 0) for fen in listing.table.sums]
    counting: Any = select(func.count(col(model.id)), *figures).where(*where)  # pyright: ignore
    found = session.execute(counting).one()
    total, sums = found[0], found[1:]
    query = _select(listing).where(*where).order_by(*_order(listing, sort))
    rows = list(session.exec(query.offset(offset).limit(size)))
    return rows, Sums(total=total, sums=tuple(int(s) for s in sums))
