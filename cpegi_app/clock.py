"""The only clock: aware UTC inside, Asia/Shanghai on screens."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

# Fixed offset: China has kept no daylight saving time since 1991, and a machine may lack tzdata.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

_shift = timedelta()


def now() -> datetime:
    """Return the present moment, aware UTC."""
    return datetime.now(UTC) + _shift


def today() -> date:
    """Return today's date in Asia/Shanghai."""
    return day(now())


def local(moment: datetime | None, *, seconds: bool = False) -> str:
    """Return a moment as a screen shows it, `YYYY-MM-DD HH:MM` (or `:SS`) in Asia/Shanghai; empty for None."""
    form = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    return aware(moment).astimezone(SHANGHAI).strftime(form) if moment else ""


def local_date(moment: datetime | None) -> str:
    """Return a moment's date in Asia/Shanghai, `YYYY-MM-DD`; empty for None."""
    return day(moment).isoformat() if moment else ""


def day(moment: datetime) -> date:
    """Return a moment's date in Asia/Shanghai."""
    return aware(moment).astimezone(SHANGHAI).date()


def aware(moment: datetime) -> datetime:
    """Return the moment as aware UTC; SQLite hands back naive values, which are UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in Asia/Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


def shift(by: timedelta) -> None:
    """Move the clock; for tests only."""
    global _shift
    _shift = by
