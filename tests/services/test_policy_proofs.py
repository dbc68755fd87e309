"""来龙去脉 goes on to where a record was filed and to its own proofs, for whoever reads the trail (manual §8)."""

from __future__ import annotations

import io
import zipfile

import pytest
from sqlmodel import Session, select

from cpegi_app.access import FILING_REVIEW, REVIEW
from cpegi_app.errors import DomainError
from cpegi_app.models import Loan
from cpegi_app.services import files, policy_trail, policy_trail_zip
from cpegi_app.vocabulary import Kind, OrgClass, Status
from tests import factories, policies, worlds
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
    assert not any(f"/{other.row_id}" in r.href for r in found.records)
    stranger = factories.member(session)
    for f in proofs:
        with pytest.raises(DomainError):
            files.content(session, stranger, f.id)
