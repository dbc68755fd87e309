"""Working days in Shanghai's calendar: Monday to Friday, less the public holidays kept here (ours, to be kept up)."""

from __future__ import annotations

from datetime import date, timedelta

# Public holidays on weekdays, and the weekend days that are worked for them; an operator adds each year's notice.
HOLIDAYS: frozenset[date] = frozenset(
    date(2026, month, day)
    for month, days in {
        1: (1, 2),
        2: (16, 17, 18, 19, 20, 23),
        4: (6,),
        5: (1, 4, 5),
        6: (19,),
        9: (25,),
        10: (1, 2, 5, 6, 7),
    }.items()
    for day in days
)
WORKED: frozenset[date] = frozenset(
    date(2026, month, day) for month, day in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))
)


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
