"""Reminders at the bell: once when a report is nearly due, once when it is late (manual §7)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import REPORTS, Actor, Permission
from cpegi_app.models import Organisation, ReportReminder
from cpegi_app.services import notices
from cpegi_app.services.report import heading
from cpegi_app.services.report_item import Item, items
from cpegi_app.vocabulary import DUTY_TONES, DutyState

BATCH = 200
REMINDED = (DutyState.SOON, DutyState.LATE)
# So many reports a notice names; the calendar has all of them.
NAMED = 5


def remind_own(session: Session, actor: Actor) -> int:
    """Remind the actor's own organisation; called at sign-in and when its calendar is opened."""
    if actor.org_id is None or not actor.may(Permission.REPORT_SUBMIT):
        return 0
    return remind(session, [actor.org_id])


def wanting(session: Session, after: int = 0) -> tuple[list[int], int]:
    """Return which of the next organisations want reminding, and the last id looked at (0 at the end)."""
    query = select(Organisation).where(
        col(Organisation.verified_at).is_not(None), col(Organisation.id) > after
    )
    orgs = list(session.exec(query.order_by(col(Organisation.id)).limit(BATCH)))
    if not orgs:
        return [], 0
    done = _done(session, [o.id or 0 for o in orgs])
    found = {i.org_id for i in _remindable(session, orgs) if (*i.key, i.stage.value) not in done}
    return sorted(found), orgs[-1].id or 0


def remind(session: Session, org_ids: list[int]) -> int:
    """Write the reminders that have not been written; return how many reports they speak of.

    The claim and the notice are one transaction: of two processes one claims, after a crash neither has.
    """
    orgs = list(session.exec(select(Organisation).where(col(Organisation.id).in_(org_ids))))
    new: dict[tuple[int, DutyState], list[Item]] = {}
    for item in _remindable(session, orgs):
        if _claim(session, item):
            new.setdefault((item.org_id, item.stage), []).append(item)
    for (org_id, state), found in new.items():
        _notify(session, org_id, state, found)
    return sum(map(len, new.values()))


def _remindable(session: Session, orgs: list[Organisation]) -> Iterable[Item]:
    today = clock.today()
    return (i for i in items(session, orgs, today) if i.stage in REMINDED and i.period.end <= today)


def _done(session: Session, org_ids: list[int]) -> set[tuple[int, str, str, str]]:
    query = select(
        ReportReminder.org_id, ReportReminder.report_kind, ReportReminder.period, ReportReminder.stage
    ).where(col(ReportReminder.org_id).in_(org_ids))
    return {(org_id, kind, period, stage) for org_id, kind, period, stage in session.exec(query)}


def _claim(session: Session, item: Item) -> bool:
    """Take a reminder for this transaction; False when somebody has it already."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table = ReportReminder.__table__  # pyright: ignore[reportAttributeAccessIssue]
    org_id, kind, period = item.key
    claimed = session.execute(
        insert(table)
        .values(
            org_id=org_id, report_kind=kind, period=period, stage=item.stage.value, created_at=clock.now()
        )
        .on_conflict_do_nothing()
        .returning(table.c.id)
    )
    return claimed.first() is not None


def _named(item: Item) -> str:
    returned = "，已退回待修改" if item.state is DutyState.RETURNED else ""
    return f"{heading(item.rule.kind, item.period.code)}（期限 {item.due.isoformat()}{returned}）"


def _notify(session: Session, org_id: int, state: DutyState, found: list[Item]) -> None:
    found.sort(key=lambda i: i.due)
    names = [_named(i) for i in found]
    more = f"等共 {len(names)} 份" if len(names) > NAMED else ""
    verb = "已逾期，请尽快" if state is DutyState.LATE else "即将到期，请按时"
    title = f"报告{state.label}：{heading(found[0].rule.kind, found[0].period.code)}"
    if len(found) > 1:
        title += f"等 {len(found)} 份"
    text = f"{'、'.join(names[:NAMED])}{more}{verb}在“报告管理”中填报并提交。"
    users = notices.users_of(session, org_id)
    notices.notify(session, users, title, text, REPORTS.route, DUTY_TONES[state])
