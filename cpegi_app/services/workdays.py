"""Working days in Shanghai's calendar: Monday to Friday, less the public holidays kept here (ours, to be kept up)."""

from __future__ import annotations

from datetime import date, timedelta

# Public holidays on weekdays, and the weekend days that are worked for them, from the yearly notices; an operator adds
# each year's. Of 2027 only the days fixed by law stand here until its notice comes.
_HOLIDAYS: dict[int, dict[int, tuple[int, ...]]] = {
    2025: {
        1: (1, 28, 29, 30, 31),
        2: (3, 4),
        4: (4,),
        5: (1, 2, 5),
        6: (2,),
        10: (1, 2, 3, 6, 7, 8),
    },
    2026: {
        1: (1, 2),
        2: (16, 17, 18, 19, 20, 23),
        4: (6,),
        5: (1, 4, 5),
        6: (19,),
        9: (25,),
        10: (1, 2, 5, 6, 7),
    },
    2027: {1: (1,), 2: (5, 8), 4: (5,), 6: (9,), 9: (15,), 10: (1,)},
}
_WORKED: dict[int, tuple[tuple[int, int], ...]] = {
    2025: ((1, 26), (2, 8), (4, 27), (9, 28), (10, 11)),
    2026: ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)),
}
HOLIDAYS: frozenset[date] = frozenset(
    date(year, month, day)
    for year, months in _HOLIDAYS.items()
    for month, days in months.items()
    for day in days
)
WORKED: frozenset[date] = frozenset(date(year, *day) for year, days in _WORKED.items() for day in days)


def is_working(day: date) -> bool:
    """Tell whether offices work on a day."""
    return day in WORKED or (day.weekday() < 5 and day not in HOLIDAYS)


def after(day: date, number: int) -> date:
    """Return the working day that many working days after a day, which itself does not count."""
    while number > 0:
        day += timedelta(days=1)
        number -= is_working(day)
    return day


def between(first: date, last: date) -> int:
    """Return how many working days lie after the first day up to and with the last; negative when it is earlier."""
    if last < first:
        return -between(last, first)
    return sum(is_working(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
