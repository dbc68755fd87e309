"""来龙去脉 goes on to where a record was filed and to its own proofs, for whoever reads the trail (manual §8)."""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl import load_workbook
from sqlalchemy import or_
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import FILING_REVIEW, REVIEW, STAFF_RECORD, Actor
from cpegi_app.errors import DomainError
from cpegi_app.models import Investment, InvestmentRecord, Loan, Organisation, Policy, ReviewEvent, User
from cpegi_app.services import files, online_investment, policy_trail, policy_trail_zip
from cpegi_app.services.policy_trail import FileLine, Trail
from cpegi_app.vocabulary import Kind, OrgClass, Status
from tests import equity, factories, policies, worlds
from tests.policies import fresh


def test_from_a_record_to_where_it_was_filed_and_its_proofs(session: Session):
    bank = factories.member(session, Kind.DEBT, org_class=OrgClass.BANK.value)
    asked = worlds.application_world(session, bank).bring_to(session, Status.APPROVED)
    lent = worlds.disbursement_world(session, asked).bring_to(session, Status.APPROVED)
    filed = worlds.filing_world(session, bank).bring_to(session, Status.APPROVED)
    other = worlds.filing_world(session).bring_to(session, Status.APPROVED)
    loans = list(session.exec(select(Loan).where(Loan.institution_id == bank.org_id)))
    assert len(loans) == 2
    staff = factories.staff(session)
    dates = {"interest_from": "2020-01-01", "interest_to": "2039-12-31"}
    of = policies.published(session, staff, **(policies.INTEREST | dates))
    row = fresh(session, policies.sent(session, bank, of, *loans))
    found = policy_trail.trail(session, staff, row.id or 0)
    assert {r.href for r in found.records} == {
        REVIEW.url(flow="disbursement", rid=lent.row_id),
        FILING_REVIEW.url(bid=filed.row_id),
    }
    proofs = [f for f in found.files if f.of.startswith("贷款")]
    assert sorted(f.slot for f in proofs) == ["借款合同", "借款合同", "放款凭证"]
    for f in proofs:
        assert files.content(session, staff, f.id).name == f.name
    out = io.BytesIO()
    policy_trail_zip.write(policy_trail_zip.plan(session, staff, row.id or 0), out)
    with zipfile.ZipFile(out) as archive:
        assert sum("借款合同" in name for name in archive.namelist()) == 2
    # What belongs to no record of the application is no part of it, and others read nothing by it.
    assert FILING_REVIEW.url(bid=other.row_id) not in {r.href for r in found.records}
    stranger = factories.member(session)
    for f in proofs:
        with pytest.raises(DomainError):
            files.content(session, stranger, f.id)


def test_an_investment_is_proved_by_its_files_or_by_both_sides_who_confirmed_it(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.APPROVED)
    owner = world.owner
    online, _, enterprise = equity.online(session)
    online_investment.confirm(session, enterprise, online.id or 0, online.version)
    staff = factories.staff(session)
    # The one stands on a filing with its files, the other on what both sides said at the platform.
    (filed, files_of), (told, none) = (
        _trail_of(session, staff, who, policies.published(session, staff, **policies.REWARD))
        for who in (owner, enterprise)
    )
    (line,) = filed.records
    assert line.href == REVIEW.url(flow="investment", rid=world.row_id)
    fund, firm = line.confirmed.split("；")
    assert fund.startswith(f"投资机构 {_org(session, owner)}") and fund.endswith(" 提交")
    assert firm.startswith("项目方 ") and firm.endswith(" 确认") and filed_by(session, world.row_id) in firm
    assert _sheet(session, staff, filed.id, "记录")[1][4] == line.confirmed
    assert sorted(f.slot for f in files_of) == ["到账凭证", "投资协议"]
    for f in files_of:
        assert files.content(session, staff, f.id).name == f.name
    (line,) = told.records
    assert line.href == STAFF_RECORD.url(oid=online.id) and none == []
    assert _org(session, enterprise) in line.confirmed
    assert "投资机构" in line.confirmed and "项目方" in line.confirmed and line.confirmed.count("确认") == 2
    assert clock.local(online.institution_at) in line.confirmed
    assert clock.local(online.enterprise_at) in line.confirmed
    assert any(line.confirmed in row for row in _sheet(session, staff, told.id, "记录"))
    # Neither the other side's proofs nor a foreign one's are read by it.
    for who in (factories.member(session), enterprise, factories.regulator(session)):
        for f in files_of:
            with pytest.raises(DomainError):
                files.content(session, who, f.id)


def _org(session: Session, who: Actor) -> str:
    return session.get_one(Organisation, who.org_id).name


def filed_by(session: Session, row_id: int) -> str:
    """Return the project side of a filed investment, with who of it confirmed."""
    row = session.get_one(Investment, row_id)
    steps = (ReviewEvent.flow == "investment", ReviewEvent.subject_id == row_id, ReviewEvent.stage == "party")
    step = session.exec(select(ReviewEvent).where(*steps)).one()
    who = session.get_one(User, step.actor_id).name
    return session.get_one(Organisation, row.enterprise_id).name + (f"（{who}）" if who else "")


def test_the_proofs_of_two_investments_of_one_round_lie_apart(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.APPROVED)
    second = worlds.investment_world(session, world.owner).bring_to(session, Status.APPROVED)
    assert second.row_id != world.row_id
    records = list(session.exec(select(InvestmentRecord).order_by(col(InvestmentRecord.id))))
    assert len({(r.round, r.mode) for r in records}) == 1 and len(records) == 2
    staff = factories.staff(session)
    of = policies.published(session, staff, **(policies.REWARD | {"record_most": "5"}))
    row = policies.sent(session, world.owner, of, *records)
    found = policy_trail.trail(session, staff, row.id or 0)
    assert len({f.of for f in found.files if f.of.startswith("投资")}) == 2
    assert len({(r.title, r.number) for r in found.records}) == 2
    for r in records:
        assert any(r.project_name in f.of and f"编号 {r.id} " in f.of for f in found.files)


def _trail_of(session: Session, staff: Actor, who: Actor, of: Policy) -> tuple[Trail, list[FileLine]]:
    """Return the trail of an application on somebody's own newest investment, and the files of investments in it."""
    mine = col(InvestmentRecord.org_id) == who.org_id, col(InvestmentRecord.enterprise_id) == who.org_id
    record = session.exec(select(InvestmentRecord).where(or_(*mine))).one()
    row = policies.sent(session, who, of, record)
    found = policy_trail.trail(session, staff, row.id or 0)
    return found, [f for f in found.files if f.of.startswith("投资")]


def _sheet(session: Session, staff: Actor, number: int, title: str) -> list[list[object]]:
    out = io.BytesIO()
    policy_trail_zip.write(policy_trail_zip.plan(session, staff, number), out)
    with zipfile.ZipFile(out) as archive:
        book = load_workbook(io.BytesIO(archive.read("目录.xlsx")))
    return [list(row) for row in book[title].iter_rows(values_only=True)]
