"""The promise of a policy in working days: used, left, stopped while the applicant corrects (manual §8.1)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from cpegi_app import clock
from cpegi_app.models import PolicyApplication
from cpegi_app.services import workdays
from cpegi_app.vocabulary import Status

# How many working days an applicant has for a correction (ours); after them the staff may close the application.
CORRECTION_DAYS = 15


def used(row: PolicyApplication) -> int:
    """Return how many working days of the promise are used; the days of a correction do not count."""
    if row.due_on is None:
        return 0
    last = row.paused_on or _decided_on(row) or clock.today()
    return row.promise_days - workdays.between(last, row.due_on)


def is_late(row: PolicyApplication) -> bool:
    """Tell whether the promise is broken already."""
    return row.status == Status.PENDING and row.due_on is not None and row.due_on < clock.today()


def text(row: PolicyApplication) -> str:
    """Return how the promise stands, or stood in the end, in the words that both sides read; empty where nothing was sent."""
    if row.due_on is None:
        return ""
    if row.status == Status.RETURNED:
        stands = f"补正期间暂停计时，已用 {used(row)}/{row.promise_days} 个工作日"
        return f"补正期限 {correct_by(row)}（{_left(correct_by(row))}）；{stands}"
    if _decided_on(row):
        return f"已办结，用时 {max(0, used(row))} 个工作日（承诺 {row.promise_days} 个工作日）"
    if row.status != Status.PENDING:
        return ""
    return f"{row.due_on} 前办结（{_left(row.due_on)}）"


def _left(until: date) -> str:
    left = workdays.between(clock.today(), until)
    return f"还剩 {left} 个工作日" if left >= 0 else f"已超期 {-left} 个工作日"


def correct_by(row: PolicyApplication) -> date:
    """Return the last day for the correction of an application that was returned."""
    return workdays.after(row.paused_on or _day(row.decided_at), CORRECTION_DAYS)


def is_uncorrected(row: PolicyApplication) -> bool:
    """Tell whether an application was returned and the working days for its correction are over."""
    since = row.paused_on or _day(row.decided_at)
    return row.status == Status.RETURNED and since <= uncorrected_since()


def uncorrected_since() -> date:
    """Return the newest day for whose returns the working days of a correction are over."""
    day, left = clock.today(), CORRECTION_DAYS + 1
    while left > 0:
        left -= workdays.is_working(day)
        day -= timedelta(days=1)
    return day


def _day(at: datetime | None) -> date:
    return clock.aware(at or clock.now()).astimezone(clock.SHANGHAI).date()


def _decided_on(row: PolicyApplication) -> date | None:
    """Return the day of the decision; a stage that was passed is none yet."""
    if row.status not in (Status.APPROVED, Status.REJECTED) or row.decided_at is None:
        return None
    return _day(row.decided_at)
