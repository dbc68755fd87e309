"""What is due, late and in: calendar, matrix, duties, reminders (manual §7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock, db
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, Notice, Organisation, ReportDuty, ReportReminder
from cpegi_app.services import lists, report_bench, report_calendar, report_duty, report_item, report_reminder
from cpegi_app.services.report_calendar import Calendar, DutyItem
from cpegi_app.vocabulary import Action, DutyState, Kind, OrgClass, Status
from tests.factories import member, regulator, staff
from tests.services.reports import Matrix, bank, duty, matrix, on, refused
from tests.worlds import report_world

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def a_day() -> None:
    on(TODAY)


def since(session: Session, actor: Actor, day: date) -> Actor:
    """Let the organisation have been verified on a day."""
    org = session.get_one(Organisation, actor.org_id)
    org.verified_at = clock.now() - (TODAY - day)
    session.flush()
    return actor


def old_bank(session: Session, org_class: OrgClass = OrgClass.BANK) -> Actor:
    return since(session, bank(session, org_class), date(2025, 1, 1))


def by_period(found: Calendar) -> dict[str, DutyItem]:
    return {d.period: d for m in found.months for d in m.duties}


def states(session: Session, actor: Actor) -> dict[str, str]:
    return {code: d.state for code, d in by_period(report_calendar.calendar(session, actor)).items()}


# --- the calendar ---------------------------------------------------------------------------------


def test_the_calendar_knows_late_due_and_in(session: Session) -> None:
    duty(session)
    owner = old_bank(session)
    for code, status in (
        ("2026-08", Status.APPROVED),
        ("2026-09", Status.PENDING),
        ("2026-07", Status.RETURNED),
        ("2026-10", Status.DRAFT),
    ):
        report_world(session, owner, "MONTHLY", code, s_skip="YES").bring_to(session, status)
    found = report_calendar.calendar(session, owner)
    items = by_period(found)
    assert {c: d.state for c, d in items.items()} == {
        "2026-07": "RETURNED", "2026-08": "IN", "2026-09": "REVIEWING", "2026-10": "LATE", "2026-11": "DUE",
    }  # fmt: skip
    assert [m.label for m in found.months] == [f"2026年{m}月" for m in range(8, 13)]
    # What was returned and not sent again in time is late as well.
    assert (found.late, found.returned, found.soon) == (2, 1, 0)
    assert (items["2026-07"].state_label, items["2026-07"].tone) == ("已退回，已逾期", "red")
    assert (items["2026-10"].left, items["2026-10"].can_fill) == ("已逾期 13 天", True)
    assert (items["2026-11"].left, items["2026-11"].can_fill) == ("报告期未结束", False)
    assert items["2026-08"].left.endswith("报送，逾期") and items["2026-08"].href


@pytest.mark.parametrize(
    ("today", "state", "left"),
    [
        (date(2026, 11, 2), "DUE", "还有 8 天"),
        (date(2026, 11, 3), "SOON", "还有 7 天"),
        (date(2026, 11, 10), "SOON", "今天到期"),
        (date(2026, 11, 11), "LATE", "已逾期 1 天"),
    ],
)
def test_a_duty_ripens_day_by_day(session: Session, today: date, state: str, left: str) -> None:
    duty(session)
    owner = old_bank(session)
    on(today)
    item = by_period(report_calendar.calendar(session, owner))["2026-10"]
    assert (item.state, item.left) == (state, left)


def test_nobody_owes_a_period_that_ended_before_it_was_verified_or_the_duty_began(session: Session) -> None:
    duty(session, starts_on="2026-08-15")
    assert min(states(session, old_bank(session))) == "2026-08"
    assert min(states(session, since(session, bank(session), date(2026, 9, 30)))) == "2026-09"
    assert min(states(session, since(session, bank(session), date(2026, 10, 1)))) == "2026-10"
    assert states(session, old_bank(session, OrgClass.LEASING)) == {}


def test_a_duty_of_the_class_goes_before_one_of_the_kind(session: Session) -> None:
    duty(session, applies_to="DEBT", due_days="20")
    duty(session, applies_to="BANK", due_days="5")
    dues = {c: by_period(report_calendar.calendar(session, a))["2026-10"].due for c, a in (
        ("bank", old_bank(session)), ("lessor", old_bank(session, OrgClass.LEASING)))}  # fmt: skip
    assert dues == {"bank": "2026-11-05", "lessor": "2026-11-20"}


def test_yearly_and_quarterly_duties(session: Session) -> None:
    duty(session, report_kind="ANNUAL", due_months="4", due_days="0", starts_on="2025-01-01")
    duty(session, report_kind="QUARTERLY", due_days="15", starts_on="2026-04-01")
    items = by_period(report_calendar.calendar(session, old_bank(session)))
    assert {c: d.due for c, d in items.items()} == {
        "2025": "2026-04-30", "2026": "2027-04-30", "2026Q2": "2026-07-15", "2026Q3": "2026-10-15",
        "2026Q4": "2027-01-15",
    }  # fmt: skip


def test_a_report_handed_in_on_its_day_is_not_late(session: Session) -> None:
    duty(session)
    owner = old_bank(session)
    on(date(2026, 11, 10))
    world = report_world(session, owner, "MONTHLY", "2026-10", s_skip="YES").bring_to(
        session, Status.RETURNED
    )
    on(date(2026, 11, 20))
    world.act(session, Action.SUBMIT)
    item = by_period(report_calendar.calendar(session, owner))["2026-10"]
    assert (item.state, item.left) == ("REVIEWING", "2026-11-10 报送")


def test_a_returned_report_is_late_by_the_same_rule_everywhere(session: Session) -> None:
    duty(session, starts_on="2026-10-01")
    owner = old_bank(session)
    on(date(2026, 11, 1))
    world = report_world(session, owner, "MONTHLY", "2026-10", s_skip="YES").bring_to(
        session, Status.RETURNED
    )
    on(date(2026, 11, 4))
    assert report_reminder.remind_own(session, owner) == 1
    on(date(2026, 11, 12))
    assert [report_reminder.remind_own(session, owner) for _ in range(2)] == [1, 0]
    reminders = [n for n in notices_of(session, owner) if n.title.startswith("报告")]
    assert [n.title for n in reminders][-2:] == [
        "报告即将到期：2026年10月统计报表",
        "报告已逾期：2026年10月统计报表",
    ]
    assert "已退回待修改" in reminders[-1].text
    own = report_bench.own(session, owner)
    assert (own.late, own.soon) == (1, 0)
    found = matrix(session, staff(session), kind="MONTHLY", word=name_of(session, owner))
    [row], october = found.rows, next(c for c in found.columns if c.code == "2026-10")
    assert (row.late, october.late, october.handed_in) == (1, 1, 0)
    assert cells(found, owner)["2026年10月"][0] == "已退回，已逾期"
    world.act(session, Action.SUBMIT)
    assert report_calendar.calendar(session, owner).late == 0
    assert report_bench.own(session, owner).late == 0


def name_of(session: Session, actor: Actor) -> str:
    return session.get_one(Organisation, actor.org_id).name


def notices_of(session: Session, actor: Actor) -> list[Notice]:
    session.flush()
    return list(session.exec(select(Notice).where(Notice.user_id == actor.user_id).order_by(col(Notice.id))))


# --- the matrix -----------------------------------------------------------------------------------


def cells(found: Matrix, actor: Actor) -> dict[str, tuple[str, str]]:
    row = next(r for r in found.rows if r.id == actor.org_id)
    return {c.column: (c.label, c.href) for c in row.cells}


def test_the_matrix_shows_organisations_against_periods(session: Session) -> None:
    duty(session, applies_to="DEBT")
    first, second = old_bank(session), old_bank(session, OrgClass.LEASING)
    member(session, Kind.EQUITY)
    ids = {}
    for code, status in (("2026-09", Status.APPROVED), ("2026-10", Status.PENDING)):
        ids[code] = (
            report_world(session, first, "MONTHLY", code, s_skip="YES").bring_to(session, status).row_id
        )
    found = matrix(session, regulator(session), kind="MONTHLY", size=50)
    assert {first.org_id, second.org_id} <= {r.id for r in found.rows}
    assert cells(found, first)["2026年9月"] == ("逾期报送", f"/regulator/reports/{ids['2026-09']}")
    # What waits is told of, not opened, to the regulator.
    assert cells(found, first)["2026年10月"] == ("逾期报送", "")
    assert cells(found, second)["2026年10月"] == ("已逾期", "")
    assert cells(found, second)["2026年6月" if "2026年6月" in cells(found, second) else "2026年11月"][0] in (
        "—",
        "待报送",
    )
    by_staff = matrix(session, staff(session), kind="MONTHLY", size=50)
    assert cells(by_staff, first)["2026年10月"][1] == f"/staff/review/report/{ids['2026-10']}"
    october = next(c for c in found.columns if c.code == "2026-10")
    assert october.asked == found.total and october.handed_in == 1
    assert october.late == october.asked - 1


def test_what_came_in_unasked_is_in_the_matrix_all_the_same(session: Session) -> None:
    duty(session, starts_on="2026-09-01")
    owner, ids = old_bank(session), {}
    for code, status in (
        ("2026-06", Status.DRAFT),
        ("2026-07", Status.APPROVED),
        ("2026-08", Status.PENDING),
    ):
        world = report_world(session, owner, "MONTHLY", code, s_skip="YES").bring_to(session, status)
        ids[code] = world.row_id
    found = matrix(session, regulator(session), kind="MONTHLY", year="2026", size=50)
    shown = cells(found, owner)
    assert shown["2026年7月"] == ("已报送", f"/regulator/reports/{ids['2026-07']}")
    assert (shown["2026年8月"], shown["2026年6月"]) == (("审核中", ""), ("—", ""))
    (row,) = [r for r in found.rows if r.id == owner.org_id]
    july = next(c for c in row.cells if c.column == "2026年7月")
    assert july.hint.startswith("2026-11-23 报送") and "没有要求" in july.hint and july.tone == "green"
    by_staff = cells(matrix(session, staff(session), kind="MONTHLY", year="2026", size=50), owner)
    assert by_staff["2026年8月"] == ("审核中", f"/staff/review/report/{ids['2026-08']}")
    # The sums tell of what is asked alone.
    heads = {c.code: (c.asked, c.handed_in) for c in found.columns}
    assert heads["2026-07"] == (0, 0)


def test_the_matrix_is_filtered_and_paged(session: Session) -> None:
    duty(session, applies_to="DEBT")
    for org_class in (OrgClass.BANK, OrgClass.LEASING, OrgClass.BANK):
        old_bank(session, org_class)
    reader = regulator(session)
    everybody = matrix(session, reader, kind="MONTHLY", size=1)
    assert len(everybody.rows) == 1 and everybody.total >= 3
    lessors = matrix(session, reader, kind="MONTHLY", org_class="LEASING", size=50)
    assert {r.org_class for r in lessors.rows} == {"融资租赁公司"}
    assert matrix(session, reader, kind="MONTHLY", word="%%").total == 0
    assert matrix(session, reader, kind="AUDIT").rows == []
    year = matrix(session, reader, kind="MONTHLY", year="2026")
    assert [c.code for c in year.columns] == [f"2026-{m:02d}" for m in range(1, 13)]
    assert matrix(session, reader, kind="?", year="-5", page=1).columns


def test_members_see_no_matrix_and_set_no_duties(session: Session) -> None:
    for who in (bank(session), member(session), member(session, Kind.EQUITY)):
        with pytest.raises(Forbidden):
            matrix(session, who)
        with pytest.raises(Forbidden):
            lists.export(session, who, report_calendar.MATRIX, {})
        with pytest.raises(Forbidden):
            duty(session, who)
    with pytest.raises(Forbidden):
        report_duty.listing(session, regulator(session))


# --- the duties -----------------------------------------------------------------------------------


def test_one_duty_in_force_for_an_audience_and_a_kind(session: Session) -> None:
    who = staff(session)
    first = duty(session, who)
    assert "已有执行中" in refused(lambda: duty(session, who), "report_kind")
    report_duty.set_active(session, who, first, active=False)
    second = duty(session, who)
    assert refused(lambda: report_duty.set_active(session, who, first, active=True), "report_kind")
    shown = {r.id: r for r in report_duty.listing(session, who)}
    assert (shown[first].state, shown[second].state) == ("已停用", "执行中")
    assert shown[second].rule == "报告期结束后 10 天"


def test_a_change_and_a_stop_work_at_once_and_are_in_the_audit_trail(session: Session) -> None:
    who, owner = staff(session), old_bank(session)
    made = duty(session, who)
    found = report_duty.opened(session, who, made)
    report_duty.save(session, who, made, found.values | {"due_days": "30"}, found.seen)
    # Who opened it before that reads what it is now instead of undoing it.
    with pytest.raises(Conflict, match="现为：商业银行 · 月度统计报表 · 报告期结束后 30 天"):
        report_duty.save(session, who, made, found.values | {"note": "另一处"}, found.seen)
    assert by_period(report_calendar.calendar(session, owner))["2026-10"].due == "2026-11-30"
    report_duty.set_active(session, who, made, active=False)
    report_duty.set_active(session, who, made, active=False)
    assert report_calendar.calendar(session, owner).months == []
    session.flush()
    mine = select(AuditEntry.action).where(AuditEntry.subject == f"report_duty:{made}")
    assert list(session.exec(mine)) == ["report.duty", "report.duty", "report.duty_off"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"applies_to": "NOBODY"}, "applies_to"),
        ({"report_kind": "INTERIM"}, "report_kind"),
        ({"due_days": "61"}, "due_days"),
        ({"due_months": "-1"}, "due_months"),
        ({"starts_on": "明天"}, "starts_on"),
        ({"active": "true"}, "form"),
    ],
)
def test_a_wrong_duty_is_refused_in_words(session: Session, changes: dict[str, str], name: str) -> None:
    refused(lambda: duty(session, **changes), name)


def test_a_duty_that_is_not_there(session: Session) -> None:
    who = staff(session)
    for wrong in (2**31, -1, 999_999):
        with pytest.raises(NotFound):
            report_duty.set_active(session, who, wrong, active=False)


# --- reminders ------------------------------------------------------------------------------------


def told(session: Session, actor: Actor) -> list[str]:
    session.flush()
    return [n.title for n in session.exec(select(Notice).where(Notice.user_id == actor.user_id))]


def test_reminders_are_written_once(session: Session) -> None:
    duty(session, starts_on="2026-10-01")
    owner = old_bank(session)
    on(date(2026, 11, 2))
    assert report_reminder.remind_own(session, owner) == 0
    on(date(2026, 11, 3))
    assert [report_reminder.remind_own(session, owner) for _ in range(3)] == [1, 0, 0]
    on(date(2026, 11, 12))
    assert [report_reminder.remind_own(session, owner) for _ in range(3)] == [1, 0, 0]
    assert told(session, owner) == ["报告即将到期：2026年10月统计报表", "报告已逾期：2026年10月统计报表"]


def test_several_late_reports_are_one_notice(session: Session) -> None:
    duty(session, starts_on="2026-03-01")
    owner = old_bank(session)
    assert report_reminder.remind_own(session, owner) == 8
    assert told(session, owner) == ["报告已逾期：2026年3月统计报表等 8 份"]
    assert {
        r.stage for r in session.exec(select(ReportReminder).where(ReportReminder.org_id == owner.org_id))
    } == {DutyState.LATE}


def test_who_has_handed_in_or_is_not_verified_is_not_reminded(session: Session) -> None:
    duty(session, starts_on="2026-10-01")
    owner = old_bank(session)
    report_world(session, owner, "MONTHLY", "2026-10", s_skip="YES").bring_to(session, Status.PENDING)
    assert report_reminder.remind_own(session, owner) == 0
    new = member(session, Kind.DEBT, verified=False, org_class="BANK")
    assert report_reminder.remind_own(session, new) == 0
    assert report_reminder.remind_own(session, staff(session)) == 0


def test_the_round_finds_everybody_who_wants_reminding(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_reminder, "BATCH", 2)
    duty(session, starts_on="2026-10-01")
    owners = {old_bank(session).org_id for _ in range(5)}
    found, after = [], 0
    while True:
        wanting, after = report_reminder.wanting(session, after)
        found += wanting
        if not after:
            break
    assert owners <= set(found)
    report_reminder.remind(session, found)
    session.flush()
    assert report_reminder.wanting(session, min(owners) - 1)[0] == []


def test_of_many_who_remind_at_once_one_does(database: str) -> None:
    with db.transaction() as session:
        duty(session, starts_on="2026-10-01")
        owner = old_bank(session)

    def once(_: int) -> int:
        with db.transaction() as session:
            return report_reminder.remind(session, [owner.org_id or 0])

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(once, range(24))) == 1
    with db.reading() as session:
        assert len(told(session, owner)) == 1


def test_a_crash_before_the_commit_leaves_nothing_behind(database: str) -> None:
    with db.transaction() as session:
        duty(session, starts_on="2026-10-01")
        owner = old_bank(session)
    with pytest.raises(RuntimeError), db.transaction() as session:
        assert report_reminder.remind(session, [owner.org_id or 0]) == 1
        raise RuntimeError("killed")
    with db.transaction() as session:
        assert told(session, owner) == []
        assert report_reminder.remind(session, [owner.org_id or 0]) == 1


def test_the_duty_form_keeps_its_limits() -> None:
    with pytest.raises(FormInvalid):
        report_duty.DutyForm.parse({})
    assert ReportDuty.model_fields.keys() >= set(report_duty.DutyForm.model_fields)
    assert timedelta(days=report_item.SOON_DAYS) < timedelta(days=28)
