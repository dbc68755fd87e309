"""What the tests of reports share: a day, an institution, a duty, the matrix, a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

import pytest
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import FormInvalid
from cpegi_app.services import report_calendar, report_duty
from cpegi_app.services.report_calendar import MatrixColumn, MatrixRow
from cpegi_app.vocabulary import KIND_OF, OrgClass
from tests.factories import member, staff


def on(day: date) -> None:
    """Put the clock on noon of a day in Asia/Shanghai."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=clock.SHANGHAI)
    clock.shift(clock._shift + (noon - clock.now()))


def bank(session: Session, org_class: OrgClass = OrgClass.BANK) -> Actor:
    """Return an institution of a class."""
    return member(session, KIND_OF[org_class], org_class=org_class.value)


def refused(call: Callable[[], Any], name: str) -> str:
    with pytest.raises(FormInvalid) as refusal:
        call()
    assert name in refusal.value.fields, refusal.value.fields
    return refusal.value.fields[name]


def duty(session: Session, who: Actor | None = None, **changes: str) -> int:
    """Set a duty: monthly returns of banks, ten days after the month, since July."""
    data = {
        "applies_to": "BANK",
        "report_kind": "MONTHLY",
        "due_months": "0",
        "due_days": "10",
        "starts_on": "2026-07-01",
    }
    return report_duty.save(session, who or staff(session), 0, data | changes)


class Matrix(NamedTuple):
    """What the page of the matrix shows."""

    rows: list[MatrixRow]
    total: int
    columns: list[MatrixColumn]


def matrix(session: Session, who: Actor, page: int = 1, size: int = 20, **filters: str) -> Matrix:
    """Return the matrix as its page shows it."""
    shown = report_calendar.matrix(session, who, filters, page, size)
    return Matrix(*shown, report_calendar.heads(session, who, filters))
