"""报告期: months, quarters and years, their ends, and when what is reported on them is due."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from cpegi_app.vocabulary import PeriodType

_CODE = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])|Q([1-4]))?", re.ASCII)
MONTHS = {PeriodType.MONTH: 1, PeriodType.QUARTER: 3, PeriodType.YEAR: 12}
# How many periods back a form offers.
OFFERED = {PeriodType.MONTH: 24, PeriodType.QUARTER: 12, PeriodType.YEAR: 6}


@dataclass(frozen=True, order=True)
class Period:
    """A month, a quarter or a year; `code` reads 2026-10, 2026Q3 or 2026."""

    start: date
    end: date
    type: PeriodType
    code: str

    @property
    def label(self) -> str:
        """Return the period as a screen shows it."""
        if self.type is PeriodType.MONTH:
            return f"{self.start.year}年{self.start.month}月"
        if self.type is PeriodType.QUARTER:
            return f"{self.start.year}年第{quarter_of(self.start)}季度"
        return f"{self.start.year}年度"

    def before(self) -> Period:
        """Return the period of the same length just before."""
        return containing(self.type, self.start - timedelta(days=1))

    def after(self) -> Period:
        """Return the period of the same length just after."""
        return containing(self.type, self.end + timedelta(days=1))

    def due(self, months: int, days: int) -> date:
        """Return the day so many whole months, then days, after the period's last day."""
        return month_end(self.end, months) + timedelta(days=days)


def quarter_of(day: date) -> int:
    """Return a day's quarter, 1 to 4."""
    return (day.month - 1) // 3 + 1


def month_end(day: date, months: int = 0) -> date:
    """Return the last day of the month so many months after the day's own."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def containing(kind: PeriodType, day: date) -> Period:
    """Return the period of a type that a day lies in."""
    length = MONTHS[kind]
    first = (day.month - 1) // length * length + 1
    start = date(day.year, first, 1)
    code = {
        PeriodType.MONTH: f"{day.year}-{day.month:02d}",
        PeriodType.QUARTER: f"{day.year}Q{quarter_of(day)}",
    }.get(kind, f"{day.year}")
    return Period(start, month_end(start, length - 1), kind, code)


def parse(code: str) -> Period:
    """Return the period of a code, or raise ValueError."""
    match = _CODE.fullmatch(code)
    if match is None or not 2000 <= int(match[1]) <= 2199:
        raise ValueError("请从列表中选择报告期")
    year, month, quarter = int(match[1]), match[2], match[3]
    if month:
        return containing(PeriodType.MONTH, date(year, int(month), 1))
    if quarter:
        return containing(PeriodType.QUARTER, date(year, int(quarter) * 3, 1))
    return containing(PeriodType.YEAR, date(year, 1, 1))


def label(code: str) -> str:
    """Return a stored code as a screen shows it; a code that is none is shown as it is."""
    try:
        return parse(code).label if code else PeriodType.NONE.label
    except ValueError:
        return code


def last_ended(kind: PeriodType, today: date) -> Period:
    """Return the newest period whose last day has come."""
    now = containing(kind, today)
    return now if now.end <= today else now.before()


def recent(kind: PeriodType, today: date, count: int = 0) -> list[Period]:
    """Return the newest ended periods, newest first; as many as a form offers unless told."""
    if kind is PeriodType.NONE:
        return []
    found = [last_ended(kind, today)]
    while len(found) < (count or OFFERED[kind]):
        found.append(found[-1].before())
    return found


def begun(kind: PeriodType, today: date, count: int = 0) -> list[Period]:
    """Return the running period and the newest ended ones, newest first."""
    running, ended = containing(kind, today), recent(kind, today, count)
    return ended if running in ended else [running, *ended]


def all_since(day: date, today: date) -> list[Period]:
    """Return every period that has begun: as many as any kind offers, and all before them back to a day."""
    found: list[Period] = []
    for kind in MONTHS:
        found += begun(kind, today)
        while found[-1].start > day:
            found.append(found[-1].before())
    return found
