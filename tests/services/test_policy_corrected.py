"""What has changed while an application waits or is corrected: nobody is stuck, the reviewer sees it, the trail keeps it (manual §8.1)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import DomainError, NotFound
from cpegi_app.models import Organisation, PolicyRecord, StoredFile
from cpegi_app.services import (
    files,
    policy_application,
    policy_bulk,
    policy_places,
    policy_queue,
    policy_review,
    policy_trail,
    policy_view,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.vocabulary import Action, Status
from tests import factories, policies, redemption
from tests.policies import act, fresh

TEXT = {"title": "用途说明", "kind": "TEXT", "required": "NO", "most": "200"}


def returned(session: Session, **marks: str) -> tuple[Actor, Actor, Any, Any]:
    """Return an applicant, the staff, a returned application on one loan, and the loan."""
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, staff, questions=(TEXT,), **policies.INTEREST)
    loan = policies.loan(session, firm)
    row = policies.sent(session, firm, of, loan)
    act(session, staff, row, Action.RETURN, field_reasons=marks or {"phone": "打不通"})
    return firm, staff, fresh(session, row), loan


def corrected(session: Session, loan: Any, firm: Actor, fen: int) -> Any:
    """Return the loan as its lender has corrected it."""
    bank = factories.Actor(user_id=0, role=firm.role, org_id=loan.institution_id)
    return policies.loan(session, firm, bank, fen=fen, iou_no=loan.iou_no, replaces_id=loan.id)


def changed(session: Session, staff: Actor, row: Any) -> dict[str, tuple[str, str]]:
    """Return the lines that the reviewer sees marked as changed: what was, what is."""
    desk = policy_review.desk(session, staff, row.id)
    return {f.name: (f.old, f.value) for g in desk.view.groups for f in g.fields if f.changed}


def test_a_loan_that_was_corrected_meanwhile_can_be_chosen_anew(session: Session):
    firm, staff, row, loan = returned(session)
    new = corrected(session, loan, firm, loan.amount_fen * 2)
    form = policy_view.form(session, firm, row.id)
    assert not form.records_locked and "所选记录发生变化" in form.records_reason
    assert {f.name for f in form.fields if not f.locked} == {"phone", "asked", "answer"}
    key = f"LOAN:{loan.id}"
    version = policy_application.choose(session, firm, row.id, row.version, key, chosen=False)
    version = policy_application.choose(session, firm, row.id, version, f"LOAN:{new.id}", chosen=True)
    before = row.computed_fen
    policy_application.submit(session, firm, row.id, version, {"promise": "YES", "asked": ""}, "again")
    row = fresh(session, row)
    assert row.status == Status.PENDING and row.computed_fen == 2 * before
    seen = changed(session, staff, row)
    assert {"records", "amount", "asked"} <= set(seen)
    # The trail keeps what was said before beside what holds now.
    query = select(PolicyRecord).where(PolicyRecord.application_id == row.id).order_by(col(PolicyRecord.id))
    old, now = session.exec(query).all()
    assert (old.record_id, now.record_id, old.root_id) == (loan.id, new.id, now.root_id)
    assert old.released_at is not None and now.released_at is None
    assert now.snapshot["amount_fen"] == 2 * old.snapshot["amount_fen"]
    assert len(policy_trail.trail(session, staff, row.id).records) == 2


def test_of_several_loans_the_corrected_one_alone_is_exchanged(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, staff, **policies.INTEREST)
    one, two = policies.loan(session, firm), policies.loan(session, firm)
    row = policies.sent(session, firm, of, one, two)
    act(session, staff, row, Action.RETURN, field_reasons={"phone": "打不通"})
    row = fresh(session, row)
    new = corrected(session, one, firm, one.amount_fen * 2)
    version = policy_application.choose(session, firm, row.id, row.version, f"LOAN:{one.id}", chosen=False)
    # With the barred one gone nothing is lacking, and its correction can still be chosen.
    version = policy_application.choose(session, firm, row.id, version, f"LOAN:{new.id}", chosen=True)
    policy_application.submit(session, firm, row.id, version, {"promise": "YES"}, "again")
    assert fresh(session, row).status == Status.PENDING


def test_a_bulk_tells_of_what_was_withdrawn_meanwhile_and_foresees_the_rest(session: Session):
    staff, of = factories.staff(session), policies.published(session)
    firms = [factories.member(session) for _ in range(2)]
    rows = [policies.sent(session, firm, of) for firm in firms]
    policy_application.withdraw(session, firms[0], rows[0].id or 0, rows[0].version)
    foreseen = policy_bulk.foresee_all(session, staff, [r.id for r in rows])
    assert [r.ok for r in foreseen] == [False, True] and foreseen[0].text and not foreseen[0].org


def test_what_is_still_right_stays_closed(session: Session):
    firm, _staff, row, loan = returned(session)
    form = policy_view.form(session, firm, row.id)
    assert form.records_locked and form.records_reason == ""
    with pytest.raises(DomainError, match="补正期间"):
        policy_application.choose(session, firm, row.id, row.version, f"LOAN:{loan.id}", chosen=False)
    assert policy_places.places(session, row, definitions.of_version(session, row.version_id)).lacking == {}


def test_the_reviewer_sees_what_was_empty_before_and_what_changed_of_the_applicant(session: Session):
    firm, staff, row, _loan = returned(session, phone="打不通", a_q1="请说明用途")
    org = session.get_one(Organisation, firm.org_id)
    org.profile = org.profile | {"legal_rep": "新法人"}
    session.add(org)
    session.flush()
    typed = {"phone": "13700000000", "a_q1": "购买原料", "promise": "YES"}
    policy_application.submit(session, firm, row.id, row.version, typed, "again")
    seen = changed(session, staff, fresh(session, row))
    assert seen["a_q1"] == ("", "购买原料") and seen["profile_legal_rep"][1] == "新法人"
    assert set(seen) == {"phone", "a_q1", "profile_legal_rep"}


def test_a_first_submission_marks_nothing_as_changed(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    row = policies.sent(session, firm, policies.published(session, staff))
    assert changed(session, staff, row) == {}


@pytest.mark.parametrize("most", ["budget", "cap"])
def test_a_bulk_approval_foresees_what_is_used_up_on_the_way(session: Session, most: str):
    staff, firm = factories.staff(session), factories.member(session)
    limit = {"budget": {"budget": "2.5"}, "cap": {"applicant_cap": "2.5", "most": "3"}}[most]
    of = policies.published(session, staff, budget_at="APPROVE", fixed="1", **limit)
    owners = [firm] * 3 if most == "cap" else [factories.member(session) for _ in range(3)]
    rows = []
    for owner in owners:
        row = policies.sent(session, owner, of)
        rows.append(act(session, staff, row, Action.APPROVE))
        if most == "cap":
            policy_queue.take(session, staff, row.id or 0)
            break
    ids = [r.id for r in rows]
    foreseen = policy_bulk.foresee_all(session, staff, ids)
    if most == "budget":
        assert [r.ok for r in foreseen] == [True, True, False]
        assert "政策预算剩余 5,000.00 元" in foreseen[2].text
    for one in foreseen:
        if one.ok:
            assert policy_bulk.approve_one(session, staff, one.id, one.version, "").ok
    later = policy_bulk.foresee_all(session, staff, ids)
    assert not any(r.ok for r in later)


def test_who_reads_the_trail_opens_its_files_and_nobody_else_does(session: Session):
    staff, finance, other = (factories.staff(session, n) for n in ("赵", "财", "外"))
    owner = factories.member(session)
    named = {f"people_{s}": str(staff.user_id) for s in ("FORMAL", "BUSINESS", "REDEMPTION")}
    grant = redemption.granted(session, owner, staff, people_FINANCE=str(finance.user_id), **named)
    redemption.checked(session, staff, redemption.claim(session, owner, grant))
    kept = session.exec(select(StoredFile).where(StoredFile.org_id == owner.org_id)).all()
    flows = {f.flow for f in kept}
    assert "policy_claim" in flows
    listed = {f.id for f in policy_trail.trail(session, finance, grant.application_id).files}
    assert listed
    for number in listed:
        assert files.content(session, finance, number).name
        for who in (factories.member(session), factories.regulator(session)):
            with pytest.raises(NotFound):
                files.content(session, who, number)
    assert other.user_id


def test_the_records_stay_open_until_the_correction_is_sent(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, staff, **policies.INTEREST)
    one, two = policies.loan(session, firm), policies.loan(session, firm)
    row = policies.sent(session, firm, of, one, two)
    act(session, staff, row, Action.RETURN, field_reasons={"phone": "打不通"})
    new = corrected(session, one, firm, one.amount_fen * 2)
    version = fresh(session, row).version
    # Without the corrected loan nothing is wrong any more, yet what replaces it has not been chosen.
    version = policy_application.choose(session, firm, row.id, version, f"LOAN:{one.id}", chosen=False)
    assert not policy_view.form(session, firm, row.id).records_locked
    version = policy_application.choose(session, firm, row.id, version, f"LOAN:{new.id}", chosen=True)
    form = policy_view.form(session, firm, row.id)
    assert not form.records_locked and "重新选取" in form.records_reason
    # What is asked for follows: it may be said anew as long as the records may.
    typed = {"promise": "YES", "asked": "15000"}
    policy_application.submit(session, firm, row.id, version, typed, "again")
    assert fresh(session, row).asked_fen == 1_500_000


def test_the_trail_says_which_record_was_replaced_by_its_correction(session: Session):
    firm, staff, row, loan = returned(session)
    new = corrected(session, loan, firm, loan.amount_fen * 2)
    version = policy_application.choose(session, firm, row.id, row.version, f"LOAN:{loan.id}", chosen=False)
    version = policy_application.choose(session, firm, row.id, version, f"LOAN:{new.id}", chosen=True)
    policy_application.submit(session, firm, row.id, version, {"promise": "YES"}, "again")
    lines = policy_trail.trail(session, staff, row.id).records
    assert [r.state for r in lines] == ["已被更正后的记录替换", "占用中"]
    assert lines[0].base != lines[1].base


def test_what_is_not_sent_yet_is_not_in_the_trail(session: Session):
    """A paper laid ready for the next submission is between applicant and reviewer."""
    staff, finance = factories.staff(session, "赵"), factories.staff(session, "财")
    owner = factories.member(session)
    named = {f"people_{s}": str(staff.user_id) for s in ("FORMAL", "BUSINESS", "REDEMPTION")}
    material = {"name": "证明", "required": "YES"}
    of = policies.published(session, staff, materials=(material,), **named)
    row = policies.sent(session, owner, of)
    code = policies.definition(session, of).materials[0].code
    act(session, staff, row, Action.RETURN, field_reasons={f"file_{code}": "不清晰"})
    later = files.attach(session, owner, policies.FLOW.name, row.id or 0, code, "新.png", factories.png(9))
    with pytest.raises(NotFound):
        files.content(session, finance, later.id)
    row = fresh(session, row)
    policy_application.submit(session, owner, row.id or 0, row.version, {"promise": "YES"}, "again")
    assert files.content(session, finance, later.id).name == "新.png"
    seen = policy_review.desk(session, staff, row.id or 0)
    assert [f.name for f in seen.files if f.is_new] == ["新.png"]


def test_a_return_shows_nothing_of_an_earlier_round_as_changed(session: Session):
    firm, staff, row, _loan = returned(session)
    org = session.get_one(Organisation, firm.org_id)
    org.profile = org.profile | {"legal_rep": "新法人"}
    session.add(org)
    session.flush()
    policy_application.submit(session, firm, row.id, row.version, {"phone": "1", "promise": "YES"}, "again")
    act(session, staff, row, Action.RETURN, field_reasons={"phone": "还是打不通"})
    assert changed(session, staff, row) == {}
