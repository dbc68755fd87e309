"""What the 工作台 says of reports: to the organisation what is due, to the regulator how many are in (manual §7)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Organisation
from cpegi_app.services import report_calendar, report_duty, report_period
from cpegi_app.services.report import heading
from cpegi_app.services.report_item import Item
from cpegi_app.vocabulary import PERIOD_OF, DutyState


@dataclass(frozen=True)
class Own:
    """An organisation's reports that want something done: how many, and the most urgent of them."""

    late: int
    soon: int
    urgent: tuple[Item, ...]


@dataclass(frozen=True)
class Overall:
    """A kind of report for its newest ended period, over all organisations."""

    title: str
    asked: int
    handed_in: int
    late: int


def own(session: Session, actor: Actor) -> Own:
    """Return what the actor's organisation has to hand in soon or should have."""
    org, today = session.get_one(Organisation, actor.org_id), clock.today()
    found = list(report_calendar.items(session, [org], today))
    late = [i for i in found if i.is_overdue]
    soon = [i for i in found if i.stage is DutyState.SOON and i.period.end <= today]
    return Own(len(late), len(soon), tuple(sorted(late + soon, key=lambda i: i.due, reverse=True)[:3]))


def overall(session: Session) -> list[Overall]:
    """Return how the newest period of every kind that is asked for stands."""
    found, today = [], clock.today()
    rules = report_duty.in_force(session)
    for kind in report_duty.PERIODIC:
        mine = [r for r in rules if r.kind is kind]
        if not mine:
            continue
        period = report_period.last_ended(PERIOD_OF[kind], today)
        column = report_calendar.columns(session, mine, [period], today)[0]
        if column.asked:
            title = heading(kind.value, period.code)
            found.append(Overall(title, column.asked, column.handed_in, column.late))
    return found
