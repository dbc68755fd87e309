"""Figures of a period: tables that a page draws as charts with their numbers below, and a workbook keeps as sheets.

Sums are made by the database, month by month along an index: no rows are read for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from statistics import mean
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import Application
from cpegi_app.vocabulary import Status

PERIODS: dict[str, str] = {
    "6": "近 6 个月",
    "3": "近 3 个月",
    "12": "近 12 个月",
    "24": "近 24 个月",
    "THIS": "本年",
    "LAST": "上年",
}

# So few lines are all drawn.
FEW = 8


@dataclass(frozen=True)
class Month:
    """A month in Asia/Shanghai: its days, and its moments in UTC, the end excluded."""

    first: date

    @property
    def code(self) -> str:
        """Return `2026-07`."""
        return self.first.isoformat()[:7]

    @property
    def following(self) -> date:
        """Return the first day of the next month."""
        return (self.first + timedelta(days=31)).replace(day=1)

    def holds(self, moment: Any) -> Any:
        """Return the condition that a moment lies in the month."""
        return (moment >= clock.midnight(self.first)) & (moment < clock.midnight(self.following))

    def holds_day(self, day: Any) -> Any:
        """Return the condition that a date lies in the month."""
        return (day >= self.first) & (day < self.following)


@dataclass(frozen=True)
class Period:
    """Whole months, the oldest first."""

    code: str
    months: tuple[Month, ...]

    def holds(self, moment: Any) -> Any:
        """Return the condition that a moment lies in the period."""
        return (moment >= clock.midnight(self.months[0].first)) & (
            moment < clock.midnight(self.months[-1].following)
        )

    def holds_day(self, day: Any) -> Any:
        """Return the condition that a date lies in the period."""
        return (day >= self.months[0].first) & (day < self.months[-1].following)


def period(code: str) -> Period:
    """Return the period that a page names; any other name is the last six months."""
    code = code if code in PERIODS else next(iter(PERIODS))
    today = clock.today()
    last, count = today.replace(day=1), today.month
    if code == "LAST":
        last, count = date(today.year - 1, 12, 1), 12
    elif code.isdigit():
        count = int(code)
    months = [Month(last)]
    while len(months) < count:
        months.append(Month((months[-1].first - timedelta(days=1)).replace(day=1)))
    return Period(code, tuple(reversed(months)))


# --- tables ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of figures; `charted` ones share one unit and are drawn beside each other."""

    title: str
    unit: str = ""
    charted: bool = False


@dataclass
class Table:
    """A table of figures: a label and one figure a column in each line; None is no figure."""

    title: str
    label: str
    columns: tuple[Column, ...]
    lines: list[tuple[str, list[Any]]] = field(default_factory=list)
    note: str = ""
    # Months stand beside each other as columns, everything else below each other as bars.
    by_month: bool = False


class Line(BaseModel):
    """One line: its label, its figures as shown, and the shares that its bars show, in per cent."""

    label: str
    short: str
    cells: list[str]
    bars: list[int]
    # Among many lines, those without anything to draw stand in the table only.
    drawn: bool = True


class Figure(BaseModel):
    """A chart with the numbers behind it."""

    title: str = ""
    note: str = ""
    label: str = ""
    heads: list[str] = []
    series: list[str] = []
    peak: str = ""
    by_month: bool = False
    lines: list[Line] = []


def shown(table: Table) -> Figure:
    """Return a table as its page draws it."""
    drawn = [n for n, c in enumerate(table.columns) if c.charted]
    most = max((_number(cells[n]) for _, cells in table.lines for n in drawn), default=Decimal(0))
    unit = table.columns[drawn[0]].unit if drawn else ""
    return Figure(
        title=table.title,
        note=table.note,
        label=table.label,
        heads=[f"{c.title}（{c.unit}）" if c.unit else c.title for c in table.columns],
        series=[table.columns[n].title for n in drawn],
        peak=f"{told(most)} {unit}".strip() if most else "",
        by_month=table.by_month,
        lines=[
            Line(
                label=label,
                short=f"{int(label[5:7])}月" if table.by_month else label,
                cells=[told(c) for c in cells],
                bars=(bars := [_share(_number(cells[n]), most) for n in drawn]),
                drawn=any(bars) or len(table.lines) <= FEW,
            )
            for label, cells in table.lines
        ],
    )


def sheet(table: Table) -> tuple[str, Sequence[str], list[list[object]]]:
    """Return a table as a sheet of a workbook."""
    heads = [f"{c.title}（{c.unit}）" if c.unit else c.title for c in table.columns]
    return table.title, [table.label, *heads], [[label, *cells] for label, cells in table.lines]


def told(value: Any) -> str:
    """Return a figure as a page shows it."""
    if value is None:
        return "—"
    if isinstance(value, Decimal):
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def wan(fen: Any) -> Decimal:
    """Return 分 as 万元."""
    return Decimal(int(fen or 0)) / 1_000_000


def _number(value: Any) -> Decimal:
    return Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)


def _share(part: Decimal, most: Decimal) -> int:
    # Proportionate; what is there at all is seen.
    return max(1, round(part * 100 / most)) if part > 0 and most > 0 else 0


# --- what counts ------------------------------------------------------------------------------------

DECIDED = (Status.APPROVED.value, Status.REJECTED.value, Status.RETURNED.value)


def was_sent() -> Any:
    """Return the condition of the applications that were sent; withdrawn, one is its enterprise's own affair again."""
    return col(Application.submitted_at).is_not(None) & (Application.status != Status.DRAFT.value)


def sent_in(span: Month | Period) -> Any:
    """Return the condition of the applications that were sent in a span of time."""
    return span.holds(col(Application.submitted_at)) & was_sent()


# --- sums -----------------------------------------------------------------------------------------


def sums(session: Session, condition: Any, *fen: Any) -> list[int]:
    """Return how many rows fulfil a condition, and the sums of their columns."""
    figures = [func.coalesce(func.sum(column), 0) for column in fen]
    query: Any = select(func.count(), *figures).where(condition)  # pyright: ignore[reportCallIssue]
    return [int(value) for value in session.execute(query).one()]


def grouped(session: Session, by: Any, condition: Any, *fen: Any) -> dict[Any, list[int]]:
    """Return the same for each value of a column."""
    figures = [func.coalesce(func.sum(column), 0) for column in fen]
    query: Any = select(by, func.count(), *figures).where(condition).group_by(by)  # pyright: ignore
    return {row[0]: [int(value) for value in row[1:]] for row in session.execute(query)}


def seconds(session: Session, later: Any, earlier: Any) -> Any:
    """Return the seconds between two moments as the database counts them."""
    if session.get_bind().dialect.name == "postgresql":
        return func.extract("epoch", later - earlier)
    return (func.julianday(later) - func.julianday(earlier)) * 86_400


def median_days(session: Session, model: Any, condition: Any) -> Decimal | None:
    """Return the median of the days from a submission to its decision; None where nothing was decided."""
    took = seconds(session, col(model.decided_at), col(model.submitted_at))
    decided = condition & col(model.decided_at).is_not(None) & col(model.submitted_at).is_not(None)
    found = [Decimal(str(each)) for each in middle(session, took, decided)]
    return (mean(found) / 86_400).quantize(Decimal("0.1")) if found else None


def middle(session: Session, value: Any, condition: Any) -> list[Any]:
    """Return the value in the middle of a column, both where their number is even; their mean is the median."""
    count = session.exec(select(func.count()).where(condition)).one()
    ordered = select(value).where(condition).order_by(value)
    return list(session.exec(ordered.offset(max(0, count - 1) // 2).limit(2 - count % 2)))


# --- dashboards -----------------------------------------------------------------------------------

Dashboard = Callable[[Session, Any, Period], list[Table]]
