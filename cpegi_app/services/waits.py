"""How long a reviewed thing has waited where it is: from when it came to its present stage, not from its submission."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case
from sqlmodel import col

from cpegi_app import clock
from cpegi_app.models import Reviewable

# What has waited longer is marked (ours).
LATE_AFTER = timedelta(days=3)


def came_at(row: Reviewable) -> datetime:
    """Return when a thing came to its stage: to a further one by the decision at the one before."""
    at = row.decided_at if row.stage > 0 else row.submitted_at
    assert at is not None
    return at


def came(model: Any, stages: Sequence[int]) -> Any:
    """Return the same in SQL, of things that wait at one of these stages."""
    sent = col(model.submitted_at)
    # Indexes are on the plain columns.
    return case((col(model.stage) > 0, col(model.decided_at)), else_=sent) if any(stages) else sent


def told(row: Reviewable) -> str:
    """Return how long a thing has waited as a list shows it."""
    minutes = int(_waited(row).total_seconds() // 60)
    if minutes < 60:
        return f"{max(minutes, 1)} 分钟"
    return f"{minutes // 60} 小时" if minutes < 48 * 60 else f"{minutes // 1440} 天"


def is_late(row: Reviewable) -> bool:
    """Tell whether a thing has waited too long."""
    return _waited(row) > LATE_AFTER


def _waited(row: Reviewable) -> timedelta:
    return clock.now() - came_at(row)
