"""What the tests of reports share: a day, an institution, a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import FormInvalid
from cpegi_app.vocabulary import KIND_OF, OrgClass
from tests.factories import member


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
