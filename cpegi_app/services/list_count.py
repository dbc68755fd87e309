"""How many rows a filtered list holds, their sums, and where its pages begin; counted by stretches of ids.

Rows are never deleted, so what is counted stays counted until a row of it changes. A list is counted from the newest row
down, as far as the page in view needs; the rest is counted behind it. Later only the new rows are counted, and the
stretches whose rows have changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock

# Ids of a stretch; stretches counted by one query; lists that are remembered.
STRETCH, STEP, LISTS = 1_000, 20, 128
# A change comes into view when it is committed, by so much later than its `updated_at` at most.
OVERLAP = timedelta(seconds=60)
# So many changed rows are looked at singly; beyond, the list is counted anew.
CHANGED = 5_000
WHOLE = 1 << 60


class Stretch(NamedTuple):
    """The rows of a list among a thousand ids: the first, the last, how many, their sums."""

    low: int
    high: int
    count: int
    sums: tuple[int, ...]


@dataclass
class Counted:
    """A list as far as it is counted: all stretches from `bottom` up to the row `top`."""

    stretches: dict[int, Stretch] = field(default_factory=dict)
    bottom: int = 0
    top: int = 0
    top_at: datetime | None = None
    looked_at: datetime | None = None
    # The database's version then, where it tells one (`db.reading`): while it stands, nothing has changed.
    as_of: int | None = None
    # Changes that were counted already: they stay in view for as long as the overlap.
    seen: frozenset[tuple] = frozenset()
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def whole(self) -> bool:
        """Tell whether the whole list is counted."""
        return self.bottom == 0

    @property
    def count(self) -> int:
        """Return how many rows are counted."""
        return sum(s.count for s in list(self.stretches.values()))

    def sums(self, how_many: int) -> tuple[int, ...]:
        """Return the sums of what is counted."""
        every = list(self.stretches.values())
        return tuple(sum(s.sums[n] for s in every) for n in range(how_many))

    def place(self, offset: int, size: int, *, rising: bool = False) -> tuple[list[tuple[int, int]], int]:
        """Return the ranges of ids that hold a page, and how many rows of theirs come before it."""
        ranges: list[tuple[int, int]] = []
        before, held = 0, 0
        for number in sorted(self.stretches, reverse=not rising):
            found = self.stretches[number]
            if not ranges and before + found.count <= offset:
                before += found.count
                continue
            ranges.append((found.low, found.high))
            held += found.count
            if before + held >= offset + size:
                break
        return ranges, offset - before


# Which rows at or below `top` may have come into the list or left it since the list was last looked at.
Touched = Callable[[Session, Counted, int], set[int] | None]


@dataclass(frozen=True)
class Table:
    """What is counted: its rows, the columns that are summed, and how it tells which rows have changed."""

    model: Any
    sums: tuple[Any, ...] = ()
    touched: Touched = lambda session, found, top: set()


def updated(model: Any, *more: Callable[[datetime], Any], at: Any = None) -> Touched:
    """Tell the changed rows by `updated_at` (`at`), which has an index; `more` are queries of ids with their moments."""
    moved = model.updated_at if at is None else at

    def touched(session: Session, found: Counted, top: int) -> set[int] | None:
        since = (found.looked_at or clock.now()) - OVERLAP
        own = select(model.id, moved).where(moved >= since)
        queries = [own, *(query(since) for query in more)]
        rows = [tuple(row) for q in queries for row in session.exec(q.limit(CHANGED + 1))]
        if len(rows) > CHANGED:
            return None
        seen, found.seen = found.seen, frozenset(rows)
        return {row[0] for row in found.seen - seen}

    return touched


_lists: OrderedDict[tuple, Counted] = OrderedDict()
_lock = threading.Lock()


def forget() -> None:
    """Forget every list."""
    with _lock:
        _lists.clear()


def counted(session: Session, table: Table, key: tuple, where: list[Any], least: int) -> Counted:
    """Return a list, counted at least so far that it holds `least` rows, where it holds them at all."""
    key = (str(session.get_bind().engine.url), *key)
    with _lock:
        found = _lists.setdefault(key, Counted())
        _lists.move_to_end(key)
        while len(_lists) > LISTS:
            _lists.popitem(last=False)
    with found.lock:
        _follow(session, table, found, where)
        count = found.count
        while not found.whole and count < least:
            count += _step(session, table, found, where)
    return found


def count_on(session: Session, table: Table, found: Counted, where: list[Any], steps: int) -> None:
    """Count some steps further; others who want the list wait for one step at most."""
    for _ in range(steps):
        with found.lock:
            if found.whole:
                return
            _step(session, table, found, where)


def _follow(session: Session, table: Table, found: Counted, where: list[Any]) -> None:
    """Take in what is new or has changed since the list was last looked at."""
    as_of = session.info.get("as_of")
    if as_of is not None and as_of == found.as_of:
        return
    model = table.model
    newest = select(model.id, model.created_at).order_by(model.id.desc()).limit(1)
    top, top_at = session.exec(newest).first() or (0, None)
    same = select(model.created_at).where(model.id == found.top)
    is_same = (top, top_at) == (found.top, found.top_at)
    grown = not is_same and 0 < found.top <= top and session.exec(same).first() == found.top_at
    now = clock.now()
    touched = table.touched(session, found, top) if is_same or grown else None
    if touched is None or found.looked_at is None:
        # The first look, or another table than the one that was counted, or too much of it has changed.
        found.stretches, found.bottom = {}, top // STRETCH + 1 if top else 0
    else:
        _recount(session, table, found, where, touched, top)
    found.top, found.top_at, found.looked_at, found.as_of = top, top_at, now, as_of


def _recount(
    session: Session, table: Table, found: Counted, where: list[Any], touched: set[int], top: int
) -> None:
    new = range(found.top // STRETCH, top // STRETCH + 1) if top > found.top else range(0)
    for number in sorted({i // STRETCH for i in touched} - set(new)):
        if number >= found.bottom:
            _count(session, table, found, where, range(number, number + 1), top)
    for first in range(new.start, new.stop, STEP):
        _count(session, table, found, where, range(first, min(first + STEP, new.stop)), top)


def _step(session: Session, table: Table, found: Counted, where: list[Any]) -> int:
    first = max(0, found.bottom - STEP)
    held = _count(session, table, found, where, range(first, found.bottom), found.top)
    found.bottom = first
    return held


def _count(session: Session, table: Table, found: Counted, where: list[Any], numbers: range, top: int) -> int:
    """Count some stretches that lie side by side, anew where they were counted before; return what they hold."""
    row_id = col(table.model.id)
    number = (row_id // STRETCH).label("number")
    sums = (func.coalesce(func.sum(fen), 0) for fen in table.sums)
    query: Any = select(number, func.min(row_id), func.max(row_id), func.count(), *sums)  # pyright: ignore
    last = min(numbers.stop * STRETCH - 1, top)
    query = query.where(*where, row_id.between(numbers.start * STRETCH, last)).group_by(number)
    fresh = {
        row[0]: Stretch(row[1], row[2], row[3], tuple(int(s) for s in row[4:])) for row in session.exec(query)
    }
    for n in numbers:
        found.stretches.pop(n, None)
    found.stretches |= fresh
    return sum(s.count for s in fresh.values())
