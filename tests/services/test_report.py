"""Reports to the regulator (manual §7): periods, one a period, statistics, who reads."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, Notice, Organisation, Report
from cpegi_app.services import files, report, report_item, report_list, review, review_view
from cpegi_app.vocabulary import Action, FileSlot, Kind, Status
from tests.factories import (
    colleague,
    member,
    regulator,
    report_data,
    staff,
    upload,
)
from tests.services.reports import bank, duty, on, refused
from tests.worlds import World, report_world


@pytest.fixture(autouse=True)
def a_day() -> None:
    on(date(2026, 11, 23))


# --- what a report must be like -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "period", "text"),
    [
        ("MONTHLY", "", "请选择报告期"),
        ("MONTHLY", "2026-11", "2026年11月尚未结束"),
        ("MONTHLY", "2027-01", "2027年1月尚未结束"),
        ("MONTHLY", "2026Q3", "报告期应为月度"),
        ("QUARTERLY", "2026-10", "报告期应为季度"),
        ("QUARTERLY", "2026Q4", "尚未结束"),
        ("ANNUAL", "2026", "2026年度尚未结束"),
        ("AUDIT", "2026Q3", "报告期应为年度"),
        ("ANNUAL", "20255", "请从列表中选择报告期"),
    ],
)
def test_the_period_fits_the_kind_and_is_over(session: Session, kind: str, period: str, text: str) -> None:
    world = report_world(session, kind=kind, s_skip="YES", period=period)
    assert text in refused(lambda: world.act(session, Action.SUBMIT), "period")


@pytest.mark.parametrize(
    ("kind", "period"), [("MONTHLY", "2026-10"), ("QUARTERLY", "2026Q3"), ("AUDIT", "2025")]
)
def test_a_right_report_keeps_kind_period_and_moment(session: Session, kind: str, period: str) -> None:
    row = (
        report_world(session, None, kind, period, s_skip="YES").bring_to(session, Status.PENDING).row(session)
    )
    assert (row.kind, row.period, row.org_class) == (kind, period, "ENTERPRISE")
    assert row.handed_in_at is not None and row.statistics == {}
    assert row.name == report.heading(kind, period)


def test_everything_that_is_wrong_is_told_at_once(session: Session) -> None:
    owner = bank(session)
    row = report.begin(session, owner, "MONTHLY", "2026-10")
    data = {"kind": "MONTHLY", "period": "2026-12", "name": "", "s_revenue": "很多"}
    with pytest.raises(FormInvalid) as refusal:
        review.act(session, report.FLOW, owner, row.id or 0, Action.SUBMIT, 1, values={"data": data})
    assert {"name", "file_REPORT"} <= set(refusal.value.fields)
    with pytest.raises(FormInvalid) as refusal:
        review.act(
            session,
            report.FLOW,
            owner,
            row.id or 0,
            Action.SUBMIT,
            1,
            values={"data": data | {"name": "十月报表"}},
        )
    assert {"period", "s_revenue", "s_deposits", "s_filler", "file_REPORT"} <= set(refusal.value.fields)


def test_an_unscheduled_report_has_no_period(session: Session) -> None:
    world = report_world(session, kind="MATERIAL")
    world.data["period"] = "2026-10"
    row = world.bring_to(session, Status.PENDING).row(session)
    assert (row.kind, row.period, row.data["period"]) == ("MATERIAL", "", "")


def test_unknown_kinds_and_fields_are_refused(session: Session) -> None:
    world = report_world(session, kind="WEEKLY")
    assert refused(lambda: world.act(session, Action.SUBMIT), "kind")
    world.data = report_data(status="APPROVED")
    assert refused(lambda: world.act(session, Action.SUBMIT), "form")


# --- one a period ---------------------------------------------------------------------------------


def test_a_duty_opens_one_report_however_often_it_is_pressed(session: Session) -> None:
    owner = bank(session)
    first = report.begin(session, owner, "MONTHLY", "2026-10")
    assert report.begin(session, colleague(session, owner), "MONTHLY", "2026-10").id == first.id
    assert report.begin(session, owner, "MONTHLY", "2026-09").id != first.id
    assert report.begin(session, owner, "INTERIM").id == report.begin(session, owner, "INTERIM").id
    for kind, code in (("MONTHLY", "2027-01"), ("MONTHLY", "2026"), ("MONTHLY", "")):
        refused(lambda kind=kind, code=code: report.begin(session, owner, kind, code), "period")


@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED])
def test_one_report_an_organisation_kind_and_period(session: Session, status: Status) -> None:
    first = report_world(session, None, "MONTHLY", "2026-10", s_skip="YES").bring_to(session, status)
    assert report.begin(session, first.owner, "MONTHLY", "2026-10").id == first.row_id
    second = report_world(session, first.owner, kind="MONTHLY", s_skip="YES")
    second.data["period"] = "2026-10"
    assert "已经报送" in refused(lambda: second.act(session, Action.SUBMIT), "period")
    second.data["period"] = "2026-09"
    assert second.act(session, Action.SUBMIT).status == Status.PENDING
    other = report_world(session, None, "MONTHLY", "2026-10", s_skip="YES")
    assert other.act(session, Action.SUBMIT).status == Status.PENDING


def test_after_a_return_another_may_take_its_place_and_then_the_first_may_not(session: Session) -> None:
    first = report_world(session, None, "AUDIT", "2025").bring_to(session, Status.RETURNED)
    second = report_world(session, first.owner, kind="AUDIT")
    second.data["period"] = "2025"
    second.act(session, Action.SUBMIT)
    first.data = first.row(session).data
    assert "已经报送" in refused(lambda: first.act(session, Action.SUBMIT), "period")


def test_the_database_itself_keeps_one_a_period(session: Session) -> None:
    first = report_world(session, None, "AUDIT", "2025").bring_to(session, Status.PENDING)
    twin = Report(org_id=first.owner.org_id or 0, kind="AUDIT", period="2025", status="PENDING")
    point = session.begin_nested()
    session.add(twin)
    with pytest.raises(DatabaseError):
        session.flush()
    point.rollback()


def test_returned_keeps_the_day_it_was_handed_in_and_withdrawn_does_not(session: Session) -> None:
    world = report_world(session, None, "AUDIT", "2025").bring_to(session, Status.RETURNED)
    first = world.row(session).handed_in_at
    clock.shift(clock._shift + timedelta(days=3))
    world.act(session, Action.SUBMIT)
    assert world.row(session).handed_in_at == first
    world.act(session, Action.WITHDRAW)
    world.act(session, Action.SUBMIT)
    assert (
        world.row(session).handed_in_at == first + timedelta(days=3)
        or world.row(session).handed_in_at > first
    )


def test_a_returned_report_used_for_another_period_is_handed_in_anew(session: Session) -> None:
    on(date(2026, 9, 1))
    owner = bank(session)
    duty(session)
    on(date(2026, 10, 9))
    world = report_world(session, owner, "MONTHLY", "2026-09", s_skip="YES").bring_to(
        session, Status.RETURNED
    )
    assert "2026-10-09 已报送" in _deadline(session, world)
    on(date(2026, 12, 20))
    row = world.row(session)
    world.data = row.data | {"period": "2026-11"}
    report.save(session, owner, world.row_id, row.version, world.data)
    assert not _deadline(session, world), "handed in for another period"
    world.act(session, Action.SUBMIT)
    assert "逾期 10 天" in _deadline(session, world)
    (november,) = (
        i
        for i in report_item.items(session, [session.get_one(Organisation, owner.org_id)], clock.today())
        if i.period.code == "2026-11"
    )
    assert november.is_late
    # Returned once more and put back: September's day went with September.
    world.act(session, Action.RETURN, comment="期次有误")
    world.data |= {"period": "2026-09"}
    world.act(session, Action.SUBMIT)
    assert "逾期 71 天" in _deadline(session, world)


def _deadline(session: Session, world: World) -> str:
    checks = review_view.view(session, report.FLOW, world.owner, world.row_id).checks
    return next((c.text for c in checks if c.label == "报送期限"), "")


def test_what_was_decided_stays(session: Session) -> None:
    world = report_world(session, None, "AUDIT", "2025").bring_to(session, Status.APPROVED)
    row = world.row(session)
    with pytest.raises(Conflict):
        report.save(session, world.owner, world.row_id, row.version, {"name": "x"})
    point = session.begin_nested()
    with pytest.raises(DatabaseError, match="immutable"):
        session.connection().exec_driver_sql(f"UPDATE report SET name = 'x' WHERE id = {world.row_id}")
    point.rollback()


def test_a_draft_keeps_anything_and_its_columns_follow(session: Session) -> None:
    owner = bank(session)
    row = report.begin(session, owner, "INTERIM")
    version = report.save(
        session, owner, row.id or 0, row.version, {"kind": "MONTHLY", "period": "2026-10", "name": "甲"}
    )
    assert (row.kind, row.period, row.name) == ("MONTHLY", "2026-10", "甲")
    report.save(session, owner, row.id or 0, version, {"kind": "？", "period": "2026-99", "s_revenue": "abc"})
    row = session.get_one(Report, row.id)
    assert (row.kind, row.data["s_revenue"]) == ("MONTHLY", "abc")
    session.flush()
    assert report_list.listing(session, owner, kind="MONTHLY")[1] == 1
    assert report_list.listing(session, owner, word="%")[1] == 0


# --- who reads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.REJECTED])
def test_the_regulator_reads_what_was_approved_and_nothing_else(session: Session, status: Status) -> None:
    world = report_world(session).bring_to(session, status)
    reader = regulator(session)
    file_id = files.listing(session, "report", world.row_id)[0].id
    if status is Status.APPROVED:
        shown = review_view.view(session, report.FLOW, reader, world.row_id)
        assert shown.groups and shown.files
        assert not (shown.can_approve or shown.can_return or shown.can_withdraw or shown.can_submit)
        assert files.content(session, reader, file_id).path.exists()
        session.flush()
        seen = session.exec(select(AuditEntry).where(AuditEntry.action == "file.read")).all()
        assert seen[-1].actor_id == reader.user_id
    else:
        with pytest.raises(NotFound):
            review_view.view(session, report.FLOW, reader, world.row_id)
        with pytest.raises(NotFound):
            files.content(session, reader, file_id)
    for other in (member(session), bank(session), member(session, Kind.EQUITY)):
        with pytest.raises(NotFound):
            files.content(session, other, file_id)


def test_a_file_taken_off_before_the_approval_is_not_the_regulators(session: Session) -> None:
    world = report_world(session).bring_to(session, Status.RETURNED)
    old = files.listing(session, "report", world.row_id)[0].id
    files.remove(session, world.owner, old)
    upload(session, world.owner, report.FLOW, world.row_id, FileSlot.REPORT, shade=7)
    world.act(session, Action.SUBMIT)
    world.act(session, Action.APPROVE)
    with pytest.raises(NotFound):
        files.content(session, regulator(session), old)
    assert files.content(session, staff(session), old) and files.content(session, world.owner, old)


def test_the_regulator_hears_of_an_approval(session: Session) -> None:
    reader = regulator(session)
    world = report_world(session).bring_to(session, Status.APPROVED)
    told = session.exec(select(Notice).where(Notice.user_id == reader.user_id)).all()
    assert [n.href for n in told] == [f"/regulator/reports/{world.row_id}"]
    assert session.exec(select(Notice).where(Notice.user_id == world.owner.user_id)).one().tone == "green"


def test_workbooks_are_reports_too(session: Session) -> None:
    import io

    from openpyxl import Workbook

    world = report_world(session)
    book = io.BytesIO()
    Workbook().save(book)
    added = files.attach(session, world.owner, "report", world.row_id, "REPORT", "报表.xlsx", book.getvalue())
    assert added.kind == "xlsx"
