"""A period's reports as one ZIP, and the regulator's list (manual §7)."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date

import pytest
from openpyxl import load_workbook
from sqlmodel import Session, select

from cpegi_app.access import Actor
from cpegi_app.errors import DomainError, Forbidden, NotFound
from cpegi_app.models import AuditEntry, Organisation
from cpegi_app.services import files, report_desk, report_zip
from cpegi_app.vocabulary import FileSlot, Kind, OrgClass, Status
from tests.factories import member, regulator, staff, statistics_data, upload
from tests.services.reports import bank, on
from tests.worlds import World, report_world

INSURER = {"s_premiums": "9.5", "s_claims": "1", "s_insured": "300"}


@pytest.fixture(autouse=True)
def a_day() -> None:
    on(date(2026, 11, 23))


def named(session: Session, name: str, org_class: OrgClass = OrgClass.BANK) -> Actor:
    found = bank(session, org_class)
    session.get_one(Organisation, found.org_id).name = name
    session.flush()
    return found


def handed_in(session: Session, owner: Actor, code: str = "2024-02", **changes: str) -> World:
    """Return an approved monthly return."""
    changes = changes if "s_filler" in changes else {"s_skip": "YES"} | changes
    return report_world(session, owner, "MONTHLY", code, **changes).bring_to(session, Status.APPROVED)


def archive(session: Session, code: str = "2024-02", reader: Actor | None = None) -> zipfile.ZipFile:
    made = report_zip.plan(session, reader or regulator(session), code)
    target = io.BytesIO()
    report_zip.write(made, target)
    found = zipfile.ZipFile(target)
    assert found.testzip() is None
    return found


def sheet(found: zipfile.ZipFile, name: str = "目录"):
    return load_workbook(io.BytesIO(found.read("目录.xlsx")))[name]


def test_the_period_offered_first_is_the_newest_month_that_holds_a_report(session: Session) -> None:
    reader = regulator(session)
    assert report_desk.pack(session, reader) == ("2026-10", 0)
    for code in ("2024-01", "2024-02"):
        handed_in(session, bank(session), code)
    report_world(session, bank(session), "MONTHLY", "2026-09", s_skip="YES").bring_to(session, Status.PENDING)
    assert report_desk.pack(session, reader) == ("2024-02", 1)
    assert report_desk.pack(session, reader, "2026-09") == ("2026-09", 0)
    assert report_desk.pack(session, reader, "x") == ("", 0)
    with pytest.raises(Forbidden):
        report_desk.pack(session, bank(session))


def test_the_archive_holds_every_approved_report_of_the_period_and_nothing_else(session: Session) -> None:
    first = handed_in(session, named(session, "甲银行"))
    handed_in(session, named(session, "乙银行"))
    report_world(session, named(session, "丙银行"), "MONTHLY", "2024-02", s_skip="YES").bring_to(
        session, Status.PENDING
    )
    handed_in(session, named(session, "丁银行"), "2024-03")
    found = archive(session)
    names = [n for n in found.namelist() if n != "目录.xlsx"]
    assert {n.split("/")[0] for n in names} == {"甲银行", "乙银行"}
    path = files.content(session, first.owner, files.listing(session, "report", first.row_id)[0].id).path
    mine = next(n for n in names if n.startswith("甲银行/"))
    assert found.read(mine) == path.read_bytes()
    rows = list(sheet(found).iter_rows(min_row=2, values_only=True))
    assert {r[1] for r in rows} == {"甲银行", "乙银行"}
    assert {(r[4], r[5], r[10]) for r in rows} == {("月度统计报表", "2024年2月", 1)}
    assert all(any(n.startswith(f"{r[11]}/") for n in names) for r in rows)


def test_names_are_safe_and_told_apart(session: Session) -> None:
    for name in ("同名公司", "同名公司", "../../etc", "CON", 'a/b\\c:*?"<>|', "＝尾点..."):
        handed_in(session, named(session, name))
    world = report_world(session, named(session, "多文件"), "MONTHLY", "2024-02", s_skip="YES")
    upload(session, world.owner, world.flow, world.row_id, FileSlot.REPORT, name="扫描件.png", shade=1)
    upload(session, world.owner, world.flow, world.row_id, FileSlot.REPORT, name="../扫描件.png", shade=2)
    world.bring_to(session, Status.APPROVED)
    names = archive(session).namelist()
    folders = {n.split("/")[0] for n in names if "/" in n}
    assert len(folders) == 7 and len(set(names)) == len(names)
    for name in names:
        assert not name.startswith("/") and ".." not in name.split("/")
        assert not re.search(r'[\\:*?"<>|\x00-\x1f]', name)
        assert not any(part.endswith(".") or part.casefold() == "con" for part in name.split("/"))
    assert sum(n.startswith("多文件/") for n in names) == 3


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-2", "@SUM(A1)", "＝cmd|' /C calc'!A0", "＋1", "－1", "＠x", "#REF!"]
)
def test_a_text_is_never_a_formula(session: Session, text: str) -> None:
    handed_in(session, named(session, text), name=text + "报告", note=text)
    found = sheet(archive(session))
    line = next(found.iter_rows(min_row=2))
    assert (line[1].value, line[6].value, line[7].value) == (text, text + "报告", text)
    assert {c.data_type for c in line if isinstance(c.value, str)} == {"s"}
    assert line[1].quotePrefix


def test_statistics_stand_in_a_sheet_as_numbers(session: Session) -> None:
    insurer = named(session, "某保险", OrgClass.INSURANCE)
    handed_in(session, insurer, **statistics_data(), **INSURER)
    rows = {r[4]: r for r in sheet(archive(session), "统计数据").iter_rows(min_row=2, values_only=True)}
    assert (rows["保费收入"][6], rows["净利润"][6], rows["填报人"][6]) == (9.5, -30, "李敏")
    assert rows["电话"][6] == "***"


def test_a_month_holds_the_unscheduled_reports_handed_in_during_it(session: Session) -> None:
    on(date(2025, 5, 31))
    world = report_world(session, named(session, "戊公司")).bring_to(session, Status.APPROVED)
    on(date(2025, 6, 1))
    report_world(session, named(session, "己公司")).bring_to(session, Status.APPROVED)
    rows = list(sheet(archive(session, "2025-05")).iter_rows(min_row=2, values_only=True))
    assert [(r[1], r[5]) for r in rows] == [("戊公司", "不定期")]
    found, total = report_desk.listing(session, regulator(session), period="2025-05")
    assert (total, found[0].id) == (1, world.row_id)
    with pytest.raises(DomainError, match="还没有审核通过"):
        archive(session, "2025Q2")


def test_a_lost_file_is_named_in_the_index(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    handed_in(session, named(session, "庚银行"))

    class Empty:
        def open(self, sha256: str):
            raise NotFound("文件")

    monkeypatch.setattr(files, "store", Empty)
    found = archive(session)
    assert found.namelist() == ["目录.xlsx"]
    assert "文件缺失" in next(sheet(found).iter_rows(min_row=2, values_only=True))[12]


def test_only_the_regulator_and_the_staff_download_and_it_is_in_the_audit_trail(session: Session) -> None:
    owner = named(session, "辛银行")
    handed_in(session, owner)
    for who in (owner, member(session), member(session, Kind.EQUITY)):
        with pytest.raises(Forbidden):
            report_zip.plan(session, who, "2024-02")
        with pytest.raises(Forbidden):
            report_desk.listing(session, who)
    for reader in (regulator(session), staff(session)):
        archive(session, reader=reader)
        session.flush()
        mine = select(AuditEntry).where(
            AuditEntry.actor_id == reader.user_id, AuditEntry.action == "report.zip"
        )
        assert session.exec(mine).one().subject == "report:2024-02"
    for wrong in ("", "2024-13", "x", "../2024"):
        with pytest.raises(NotFound):
            report_zip.plan(session, regulator(session), wrong)


def test_whatever_has_been_approved_can_be_filtered_and_packed(session: Session) -> None:
    reader = regulator(session)

    def offered() -> set[str]:
        return {p.value for p in report_desk.period_options(session, reader)}

    old = {"2019-05", "2019Q2", "2019"}
    assert {"2024-12", "2026-11", "2026Q4", "2026"} <= offered() and not old & offered()
    # Approved today: nobody waits for the month's last day to find it.
    report_world(session, bank(session), kind="MATERIAL").bring_to(session, Status.APPROVED)
    assert report_desk.pack(session, reader, "2026-11") == ("2026-11", 1)
    assert "2026-12" not in offered() and "2027Q1" not in offered()
    on(date(2019, 6, 9))
    world = handed_in(session, bank(session), "2019-05")
    on(date(2026, 11, 23))
    assert old <= offered() and "2018-12" not in offered()
    assert report_desk.pack(session, reader, "2019-05") == ("2019-05", 1)
    with pytest.raises(Forbidden):
        report_desk.period_options(session, world.owner)


def test_the_regulators_list_is_filtered(session: Session) -> None:
    on(date(2031, 3, 1))
    insurer = named(session, "筛选保险", OrgClass.INSURANCE)
    handed_in(session, insurer, "2031-01", **statistics_data(), **INSURER)
    handed_in(session, insurer, "2031-02")
    handed_in(session, named(session, "筛选银行"), "2031-01")
    report_world(session, insurer, "AUDIT", "2030").bring_to(session, Status.RETURNED)
    reader = regulator(session)

    def count(**filters: str) -> int:
        return report_desk.listing(session, reader, **filters)[1]

    assert (count(period="2031-01"), count(word="筛选"), count(word="筛选", org_class="INSURANCE")) == (
        2,
        3,
        2,
    )
    assert (count(word="筛选", kind="AUDIT"), count(period="不是"), count(word="%_")) == (0, 0, 0)
    rows, _ = report_desk.listing(session, reader, word="筛选", size=1)
    assert len(rows) == 1 and rows[0].files == 1
    one = report_desk.one(session, reader, rows[0].id)
    assert one.row.org.startswith("筛选") and one.view.files
    with pytest.raises(NotFound):
        report_desk.one(session, reader, 2**31 - 1)
