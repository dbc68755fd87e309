"""How many loans a filtered book holds, their sums, and where its pages begin; counted by stretches of ids.

The book only grows, so what is counted stays counted. A list is counted from the newest loan down, as far as the page in
view needs; the rest is counted behind it. When the book has grown, only the new loans are counted, and the stretches
whose loans a correction has replaced.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app.models import Loan

# Ids of a stretch; stretches counted by one query; lists that are remembered.
STRETCH, STEP, LISTS = 1_000, 20, 64


class Stretch(NamedTuple):
    """The loans of a list among a thousand ids: the first, the last, how many, their sums."""

    low: int
    high: int
    count: int
    amount: int
    balance: int


@dataclass
class Counted:
    """A list as far as it is counted: all stretches from `bottom` up to the loan `top`."""

    stretches: dict[int, Stretch] = field(default_factory=dict)
    bottom: int = 0
    top: int = 0
    top_at: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def whole(self) -> bool:
        """Tell whether the whole list is counted."""
        return self.bottom == 0

    def sums(self) -> tuple[int, int, int]:
        """Return how many loans are counted, and the sums of their amounts and balances."""
        every = list(self.stretches.values())
        return sum(s.count for s in every), sum(s.amount for s in every), sum(s.balance for s in every)

    def place(self, offset: int, size: int) -> tuple[list[tuple[int, int]], int]:
        """Return the ranges of ids that hold a page, and how many loans of theirs come before it."""
        ranges: list[tuple[int, int]] = []
        before, held = 0, 0
        for number in sorted(self.stretches, reverse=True):
            found = self.stretches[number]
            if not ranges and before + found.count <= offset:
                before += found.count
                continue
            ranges.append((found.low, found.high))
            held += found.count
            if before + held >= offset + size:
                break
        return ranges, offset - before


_lists: OrderedDict[tuple, Counted] = OrderedDict()
_lock = threading.Lock()


def forget() -> None:
    """Forget every list."""
    with _lock:
        _lists.clear()


def counted(session: Session, key: tuple, where: list[Any], least: int) -> Counted:
    """Return a list, counted at least so far that it holds `least` loans, where it holds them at all."""
    key = (str(session.get_bind().engine.url), *key)
    with _lock:
        found = _lists.setdefault(key, Counted())
        _lists.move_to_end(key)
        while len(_lists) > LISTS:
            _lists.popitem(last=False)
    with found.lock:
        _grow(session, found, where)
        while not found.whole and found.sums()[0] < least:
            _step(session, found, where)
    return found


def count_on(session: Session, found: Counted, where: list[Any], steps: int) -> None:
    """Count some steps further; others who want the list wait for one step at most."""
    for _ in range(steps):
        with found.lock:
            if found.whole:
                return
            _step(session, found, where)


def _grow(session: Session, found: Counted, where: list[Any]) -> None:
    """Take in what has been booked since the list was last looked at."""
    newest = select(Loan.id, col(Loan.created_at)).order_by(col(Loan.id).desc()).limit(1)
    top, top_at = session.exec(newest).first() or (0, None)
    top = top or 0
    if (top, top_at) == (found.top, found.top_at):
        return
    same = select(col(Loan.created_at)).where(Loan.id == found.top)
    if 0 < found.top <= top and session.exec(same).first() == found.top_at:
        _count_new(session, found, where, top)
    else:
        # The first look, or another book than the one that was counted.
        found.stretches, found.bottom = {}, top // STRETCH + 1 if top else 0
    found.top, found.top_at = top, top_at


def _count_new(session: Session, found: Counted, where: list[Any], top: int) -> None:
    later = select(Loan.replaces_id).where(col(Loan.id) > found.top, col(Loan.id) <= top)
    replaced = session.exec(later.where(col(Loan.replaces_id).is_not(None)))
    new = range(found.top // STRETCH, top // STRETCH + 1)
    for number in {(i or 0) // STRETCH for i in replaced} - set(new):
        if number >= found.bottom:
            _count(session, found, where, range(number, number + 1), top)
    for first in range(new.start, new.stop, STEP):
        _count(session, found, where, range(first, min(first + STEP, new.stop)), top)


def _step(session: Session, found: Counted, where: list[Any]) -> None:
    first = max(0, found.bottom - STEP)
    _count(session, found, where, range(first, found.bottom), found.top)
    found.bottom = first


def _count(session: Session, found: Counted, where: list[Any], numbers: range, top: int) -> None:
    """Count some stretches that lie side by side, anew where they were counted before."""
    number = (col(Loan.id) // STRETCH).label("number")
    sums = (func.coalesce(func.sum(fen), 0) for fen in (Loan.amount_fen, Loan.balance_fen))
    query = select(number, func.min(Loan.id), func.max(Loan.id), func.count(), *sums)
    last = min(numbers.stop * STRETCH - 1, top)
    query = query.where(*where, col(Loan.id).between(numbers.start * STRETCH, last)).group_by(number)
    fresh = {row[0]: Stretch(*(int(figure or 0) for figure in row[1:])) for row in session.exec(query)}
    found.stretches = {n: s for n, s in found.stretches.items() if n not in numbers} | fresh
