"""A deadline that is moved: what has been stays as it was, who still owes is told (manual §7)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.services import dashboard, report, report_calendar, report_duty, report_period
from cpegi_app.vocabulary import Action, Kind, OrgClass, Status
from tests.factories import member, staff
from tests.services.reports import on
from tests.services.test_report_calendar import TODAY, by_period, duty, notices_of, old_bank
from tests.worlds import report_world


@pytest.fixture(autouse=True)
def a_day() -> None:
    on(TODAY)


def changed(session: Session, who: Actor, duty_id: int, **changes: str) -> None:
    found = report_duty.opened(session, who, duty_id)
    report_duty.save(session, who, duty_id, found.values | changes, found.seen)


def dues(session: Session, actor: Actor) -> dict[str, str]:
    return {code: d.due[5:] for code, d in by_period(report_calendar.calendar(session, actor)).items()}


def test_a_shorter_deadline_makes_nothing_late_that_was_in_time(session: Session) -> None:
    who = staff(session)
    made = duty(session, who, due_days="20", starts_on="2026-09-01")
    owner = old_bank(session)
    on(date(2026, 10, 18))
    report_world(session, owner, "MONTHLY", "2026-09", s_skip="YES").bring_to(session, Status.APPROVED)
    on(TODAY)
    changed(session, who, made, due_days="5")
    # October's new day has passed already: it keeps its old one.
    assert dues(session, owner) == {"2026-09": "10-20", "2026-10": "11-20", "2026-11": "12-05"}
    assert by_period(report_calendar.calendar(session, owner))["2026-09"].left == "2026-10-18 报送"
    assert report_duty.due_of(session, owner.org_id or 0, "MONTHLY", report_period.parse("2026-10")) == date(
        2026, 11, 20
    )
    shown = next(r for r in report_duty.listing(session, who) if r.id == made)
    assert shown.before == ["2026年10月及以前：报告期结束后 20 天"]


def test_deadlines_that_move_to_and_fro_keep_what_has_been(session: Session) -> None:
    who = staff(session)
    made = duty(session, who, due_days="20", starts_on="2026-09-01")
    owner = old_bank(session)
    changed(session, who, made, due_days="5")
    # Longer again, October has a day to come; September stays as it was.
    changed(session, who, made, due_days="30")
    assert dues(session, owner) == {"2026-09": "10-20", "2026-10": "11-30", "2026-11": "12-30"}
    on(date(2027, 1, 15))
    changed(session, who, made, due_days="1", note="提前")
    assert {c: d for c, d in dues(session, owner).items() if c >= "2026-10"} == {
        "2026-10": "11-30", "2026-11": "12-30", "2026-12": "01-30", "2027-01": "02-01",
    }  # fmt: skip
    changed(session, who, made, note="只改说明")
    assert dues(session, owner)["2026-12"] == "01-30"
    changed(session, who, made, report_kind="QUARTERLY")
    assert next(r for r in report_duty.listing(session, who) if r.id == made).before == []


def test_a_moved_deadline_is_announced_to_who_still_owes(session: Session) -> None:
    who = staff(session)
    made = duty(session, who, due_days="20", starts_on="2026-10-01")
    owner, lessor = old_bank(session), old_bank(session, OrgClass.LEASING)
    new = member(session, Kind.DEBT, verified=False, org_class="BANK")
    changed(session, who, made, note="只改说明")
    assert notices_of(session, owner) == []
    changed(session, who, made, due_days="5")
    [notice] = notices_of(session, owner)
    assert notice.title == "报送期限调整：月度统计报表"
    assert "2026年11月" in notice.text and "2026-12-05" in notice.text and "原为 2026-12-20" in notice.text
    assert notices_of(session, lessor) == notices_of(session, new) == []


def test_a_returned_report_that_is_given_up_is_due_again(session: Session) -> None:
    duty(session, staff(session), due_days="20", starts_on="2026-10-01")
    owner = old_bank(session)
    on(date(2026, 11, 10))
    world = report_world(session, owner, "MONTHLY", "2026-10", s_skip="YES").bring_to(session, Status.PENDING)
    world.act(session, Action.RETURN, comment="附件不清晰")
    assert any("已退回" in t.tag for t in dashboard.bench(session, owner).todos)
    world.act(session, Action.WITHDRAW)
    on(TODAY)
    found = by_period(report_calendar.calendar(session, owner))["2026-10"]
    assert (found.state, found.can_fill) == ("LATE", True)
    assert not any("已退回" in t.tag for t in dashboard.bench(session, owner).todos)
    # Sent again, it comes in on this day, not on that of what was given up.
    assert report.begin(session, owner, "MONTHLY", "2026-10").id == world.row_id
    world.act(session, Action.SUBMIT)
    assert by_period(report_calendar.calendar(session, owner))["2026-10"].left.endswith("逾期")
