"""报送情况 and 报送要求 as lists: looked through, sorted, exported as they are filtered (manual §7)."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.models import Organisation
from cpegi_app.services import lists, report_calendar, report_desk, report_duty
from cpegi_app.vocabulary import OrgClass, Status
from tests.factories import regulator, staff
from tests.services.reports import bank, duty, matrix
from tests.worlds import report_world


def test_the_matrix_is_sorted_and_exported_as_it_is_filtered(session: Session) -> None:
    duty(session, applies_to="DEBT")
    for org_class in (OrgClass.BANK, OrgClass.LEASING, OrgClass.BANK):
        org = session.get_one(Organisation, bank(session, org_class).org_id)
        org.verified_at = clock.now() - timedelta(days=400)
    reader, listing = regulator(session), report_calendar.MATRIX
    filters = {"kind": "MONTHLY", "year": "2026", "org_class": "BANK"}
    rising = matrix(session, reader, **filters, sort="org").rows
    assert rising == matrix(session, reader, **filters, sort="-org").rows[::-1] and len(rising) > 1
    lines, more = lists.export(session, reader, listing, filters | {"sort": "-org"})
    heads = lists.headings(listing, filters)
    assert [line[0] for line in lines] == [r.org for r in rising[::-1]] and not more
    assert heads[:3] == ("机构", "机构类别", "2026年1月") and {len(line) for line in lines} == {len(heads)}
    assert lines[0][2:-1] == [c.label for c in rising[-1].cells]


def test_duties_are_looked_through_and_sorted(session: Session) -> None:
    who = staff(session)
    one = duty(session, who, applies_to="LEASING", report_kind="MONTHLY", starts_on="2025-01-01")
    other = duty(session, who, applies_to="LEASING", report_kind="ANNUAL", starts_on="2024-01-01")
    report_duty.set_active(session, who, one, active=False)

    def shown(sort: str = "", **filters: str) -> list[int]:
        rows = lists.page(session, who, report_duty.EVERY, filters, sort=sort, size=50).rows
        return [r.id for r in rows if r.id in (one, other)]

    assert shown() == shown("starts") == shown(audience="LEASING") == [other, one]
    assert shown("-starts") == [one, other]
    assert shown(kind="MONTHLY") == shown(active="NO") == [one] and shown(active="YES") == [other]


def test_the_regulators_list_is_exported_under_the_screens_own_words(session: Session) -> None:
    world = report_world(session).bring_to(session, Status.APPROVED)
    reader = regulator(session)
    heads = lists.headings(report_desk.READ, {})
    assert heads[:8] == (
        "报送机构",
        "机构类别",
        "报告类型",
        "报告期",
        "报告名称",
        "文件",
        "统计表",
        "报送时间",
    )
    lines, _ = lists.export(session, reader, report_desk.READ, {})
    org = session.get_one(Organisation, world.owner.org_id)
    (line,) = [x for x in lines if x[0] == org.name]
    assert line[5:7] == [1, "—"]
