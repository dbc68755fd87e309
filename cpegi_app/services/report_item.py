"""One report that is asked of one organisation: its last day and how it stands (manual §7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select as select_columns
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.models import Organisation, Report
from cpegi_app.services import report_duty, report_period
from cpegi_app.services.report_duty import Rule
from cpegi_app.services.report_period import Period
from cpegi_app.vocabulary import DUTY_TONES, DutyState, Status

# So many days before its last day a report is 即将到期.
SOON_DAYS = 7
HANDED_IN = (DutyState.IN, DutyState.REVIEWING)
# The better a report stands, the earlier it is in this order: of several of a period the best one counts.
BEST = (Status.APPROVED, Status.PENDING, Status.RETURNED, Status.DRAFT)


@dataclass(frozen=True)
class Standing:
    """The report of an organisation for a kind and a period, as far as it has come."""

    report_id: int
    status: Status
    handed_in: date | None


@dataclass(frozen=True)
class Item:
    """One report that is asked of one organisation."""

    org_id: int
    rule: Rule
    period: Period
    due: date
    state: DutyState
    standing: Standing | None

    @property
    def is_late(self) -> bool:
        """Tell whether it came in after its day."""
        handed = self.standing.handed_in if self.standing else None
        return self.state in HANDED_IN and handed is not None and handed > self.due

    @property
    def stage(self) -> DutyState:
        """Return how near its day it is; what was returned is asked for like what never came."""
        return self.state if self.state in HANDED_IN else ripeness(self.due, clock.today())

    @property
    def is_overdue(self) -> bool:
        """Tell whether its day has passed and it is not in."""
        return self.stage is DutyState.LATE

    @property
    def label(self) -> str:
        """Return the state as screens show it."""
        both = self.is_overdue and self.state is DutyState.RETURNED
        return f"{self.state.label}，{DutyState.LATE.label}" if both else self.state.label

    @property
    def tone(self) -> str:
        """Return the tone of the state."""
        return DUTY_TONES[DutyState.LATE if self.is_overdue else self.state]

    @property
    def key(self) -> tuple[int, str, str]:
        """Return what tells one item from another."""
        return self.org_id, self.rule.kind.value, self.period.code


def state_of(due: date, today: date, standing: Standing | None) -> DutyState:
    """Return how a duty stands: what was handed in counts, a draft does not."""
    if standing:
        if standing.status is Status.APPROVED:
            return DutyState.IN
        if standing.status is Status.PENDING:
            return DutyState.REVIEWING
        if standing.status is Status.RETURNED:
            return DutyState.RETURNED
    return ripeness(due, today)


def ripeness(due: date, today: date) -> DutyState:
    """Return how near the last day of something is that is not in."""
    if today > due:
        return DutyState.LATE
    return DutyState.SOON if (due - today).days <= SOON_DAYS else DutyState.DUE


def standings(session: Session, org_ids: Iterable[int]) -> dict[tuple[int, str, str], Standing]:
    """Return the best report of every organisation, kind and period."""
    report: Any = Report
    query = select_columns(
        report.org_id, report.kind, report.period, report.id, report.status, report.handed_in_at
    ).where(report.org_id.in_(list(org_ids)), report.period != "")
    found: dict[tuple[int, str, str], Standing] = {}
    for org_id, kind, period, report_id, status, at in session.execute(query):
        handed = clock.aware(at).astimezone(clock.SHANGHAI).date() if at else None
        new, key = Standing(report_id, Status(status), handed), (org_id, kind, period)
        if key not in found or BEST.index(new.status) < BEST.index(found[key].status):
            found[key] = new
    return found


def items(session: Session, orgs: list[Organisation], today: date) -> Iterator[Item]:
    """Yield what is asked of each organisation: the running period and as many before it as forms offer."""
    rules = report_duty.in_force(session)
    known = standings(session, [o.id or 0 for o in orgs])
    for org in orgs:
        for rule in report_duty.rules_for(rules, org.kind, org.org_class).values():
            for period in report_period.begun(rule.type, today):
                if not report_duty.is_asked(rule, org, period):
                    break
                standing = known.get((org.id or 0, rule.kind.value, period.code))
                due = rule.due(period)
                yield Item(org.id or 0, rule, period, due, state_of(due, today, standing), standing)
