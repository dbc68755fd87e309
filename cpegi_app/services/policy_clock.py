"""The promise of a policy in working days: used, left, stopped while the applicant corrects (manual §8.1)."""

from __future__ import annotations

from datetime import date

from cpegi_app import clock
from cpegi_app.models import PolicyApplication
from cpegi_app.services import workdays
from cpegi_app.vocabulary import Status


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
        return f"补正期间暂停计时，已用 {used(row)}/{row.promise_days} 个工作日"
    if _decided_on(row):
        return f"已办结，用时 {max(0, used(row))} 个工作日（承诺 {row.promise_days} 个工作日）"
    if row.status != Status.PENDING:
        return ""
    left = workdays.between(clock.today(), row.due_on)
    how = f"还剩 {left} 个工作日" if left >= 0 else f"已超期 {-left} 个工作日"
    return f"{row.due_on} 前办结（{how}）"


def _decided_on(row: PolicyApplication) -> date | None:
    """Return the day of the decision; a stage that was passed is none yet."""
    if row.status not in (Status.APPROVED, Status.REJECTED) or row.decided_at is None:
        return None
    return clock.aware(row.decided_at).astimezone(clock.SHANGHAI).date()
