"""政策申请: records, once-only, budget and caps, who acts, what my records would bring (manual §8.1)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Organisation, PolicyGrant, PolicyRecord, User
from cpegi_app.services import (
    policy,
    policy_application,
    policy_budget,
    policy_open,
    policy_records,
    policy_view,
    review,
    review_view,
)
from cpegi_app.vocabulary import Action, Kind, Status
from tests import factories, policies
from tests.policies import act, fresh, held

# --- records ------------------------------------------------------------------------------------------


def test_interest_on_own_loans_with_the_formula(session: Session):
    firm = factories.member(session)
    of = policies.published(session, **policies.INTEREST)
    loans = [policies.loan(session, firm), policies.loan(session, firm, rate_bp=500)]
    row = policies.sent(session, firm, of, *loans)
    # 100 万元 × 3.85% and 5% × 306 ÷ 360
    assert row.computed_fen == 3_272_500 + 4_250_000
    found = policy_budget.held_records(session, row.id or 0)
    assert {r.record_id: r.amount_fen for r in found} == {loans[0].id: 3_272_500, loans[1].id: 4_250_000}
    assert found[0].snapshot["number"] == loans[0].contract_no


def test_the_other_side_reads_who_came_first(session: Session):
    firm, bank = factories.member(session), factories.member(session, Kind.DEBT)
    of = policies.published(session, **policies.INTEREST)
    loan = policies.loan(session, firm, bank)
    theirs = policies.begun(session, bank, of, loan)
    policies.sent(session, firm, of, loan)
    name = session.get_one(Organisation, firm.org_id).name
    item = policy_view.form(session, bank, theirs.id or 0).record_list.rows[0]
    assert f"借款企业（{name}）已于" in item.why and item.chosen
    with pytest.raises(FormInvalid) as refusal:
        policy_application.submit(session, bank, theirs.id or 0, theirs.version, policies.answers(), "k")
    assert name in refusal.value.fields["records"]


def test_a_record_is_free_again_after_withdrawal_and_rejection(session: Session):
    firm, bank = factories.member(session), factories.member(session, Kind.DEBT)
    staff = factories.staff(session)
    of = policies.published(session, **policies.INTEREST, budget="20")
    loan = policies.loan(session, firm, bank)
    row = policies.sent(session, firm, of, loan)
    assert held(session, of)[0] == row.held_fen > 0
    policy_application.withdraw(session, firm, row.id or 0, row.version)
    assert held(session, of)[0] == 0
    theirs = policies.sent(session, bank, of, loan)
    act(session, staff, theirs, Action.REJECT, "不符合政策规定")
    assert held(session, of)[0] == 0
    assert policy_budget.held_by(session, of.id or 0, bank.org_id or 0) == (0, 0)
    row = fresh(session, row)
    row = policy_application.submit(session, firm, row.id or 0, row.version, {}, "again")
    # It keeps the number under which it was received first: two applications, two numbers.
    assert row.receipt_no and row.receipt_no.endswith("000001") and held(session, of)[1] == 2
    assert row.received_at and clock.aware(row.received_at) > clock.aware(theirs.received_at)


def test_a_corrected_loan_is_no_second_one(session: Session):
    firm, bank = factories.member(session), factories.member(session, Kind.DEBT)
    of = policies.published(session, **policies.INTEREST, most="3")
    old = policies.loan(session, firm, bank)
    policies.sent(session, firm, of, old)
    new = policies.loan(session, firm, bank, iou_no=old.iou_no, replaces_id=old.id)
    newer = policies.loan(session, firm, bank, iou_no=old.iou_no, replaces_id=new.id)
    assert [r.root_id for r in policy_records.get(session, [("LOAN", newer.id or 0)])] == [old.id]
    row = policy_application.start(session, bank, of.id or 0)
    for loan, why in ((newer, "先行使用"), (new, "已被更正"), (old, "已被更正")):
        with pytest.raises(DomainError, match=why):
            policy_application.choose(session, bank, row.id or 0, row.version, f"LOAN:{loan.id}", chosen=True)


def test_a_loan_filed_before_the_borrower_came_is_its_own(session: Session):
    firm = factories.member(session)
    of = policies.published(session, **policies.INTEREST)
    policies.loan(session, firm, borrower_id=None)
    row = policy_application.start(session, firm, of.id or 0)
    assert len(policy_view.form(session, firm, row.id or 0).record_list.rows) == 1


@pytest.mark.parametrize(
    ("changes", "loan", "why"),
    [
        ({"side": "PROVIDER"}, {}, "不是本单位可选取的记录"),
        ({"record_from": "2026-04-01"}, {}, "早于"),
        ({"record_to": "2026-02-01"}, {}, "晚于"),
        ({}, {"lent_on": date(2024, 1, 1), "due_on": date(2025, 1, 1)}, "不在贴息期间"),
    ],
)
def test_why_a_record_cannot_be_chosen(session: Session, changes, loan, why):
    firm = factories.member(session)
    of = policies.published(session, **policies.INTEREST | changes)
    row = policy_application.start(session, firm, of.id or 0)
    found = policies.loan(session, firm, **loan)
    with pytest.raises(DomainError, match=why):
        policy_application.choose(session, firm, row.id or 0, row.version, f"LOAN:{found.id}", chosen=True)


def test_a_foreign_loan_does_not_exist(session: Session):
    firm = factories.member(session)
    of = policies.published(session, **policies.INTEREST)
    row = policy_application.start(session, firm, of.id or 0)
    foreign = policies.loan(session, factories.member(session))
    for key in (f"LOAN:{foreign.id}", "LOAN:999999", f"LOAN:{foreign.id},LOAN:{2**40}"):
        with pytest.raises(NotFound):
            policy_application.choose(session, firm, row.id or 0, row.version, key, chosen=True)
    # Begun with one, it is just left out.
    other = policy_application.start(session, firm, of.id or 0, f"LOAN:{foreign.id},INVESTMENT:1,nonsense")
    assert other.data.get("records", "") == ""


def test_more_records_than_the_policy_takes_are_refused(session: Session):
    firm = factories.member(session)
    of = policies.published(session, **policies.INTEREST | {"record_least": "2", "record_most": "2"})
    loans = [policies.loan(session, firm) for _ in range(3)]
    row = policies.begun(session, firm, of, *loans)
    assert len(policy_records.parse_keys(row.data["records"])) == 2
    with pytest.raises(DomainError, match="最多选取 2 笔"):
        policy_application.choose(session, firm, row.id or 0, row.version, f"LOAN:{loans[2].id}", chosen=True)
    version = policy_application.choose(
        session, firm, row.id or 0, row.version, f"LOAN:{loans[1].id}", chosen=False
    )
    with pytest.raises(FormInvalid) as refusal:
        policy_application.submit(session, firm, row.id or 0, version, policies.answers(), "k")
    assert "至少 2 笔" in refusal.value.fields["records"]


# --- budget and caps ----------------------------------------------------------------------------------


def test_first_come_first_served_until_the_budget_is_used_up(session: Session):
    of = policies.published(session, budget="12")
    for _ in range(2):
        policies.sent(session, factories.member(session), of)
    with pytest.raises(FormInvalid) as refusal:
        policies.sent(session, factories.member(session), of)
    assert "剩余 20,000.00 元" in refusal.value.fields["asked"]
    row = policies.sent(session, factories.member(session), of, asked="20000")
    assert row.held_fen == 2_000_000 and held(session, of)[0] == 12_000_000
    other = policy_open.offers(session, factories.member(session))[0]
    assert any("预算已用完" in r for o in other if o.id == of.id for r in o.reasons)


def test_the_applicants_cap_over_several_applications(session: Session):
    firm = factories.member(session)
    staff = factories.staff(session)
    of = policies.published(session, most="3", applicant_cap="8", budget="100")
    one = policies.sent(session, firm, of)
    for _ in range(2):
        act(session, staff, one, Action.APPROVE)
    two = policies.sent(session, firm, of)
    assert (two.computed_fen, two.held_fen) == (3_000_000, 3_000_000)
    assert policy_budget.held_by(session, of.id or 0, firm.org_id or 0) == (8_000_000, 2)


def test_a_budget_taken_at_approval(session: Session):
    staff = factories.staff(session)
    of = policies.published(session, budget="8", budget_at="APPROVE")
    rows = [policies.sent(session, factories.member(session), of) for _ in range(2)]
    assert held(session, of) == (0, 2)
    for row in rows:
        act(session, staff, row, Action.APPROVE)
    act(session, staff, rows[0], Action.APPROVE)
    assert held(session, of)[0] == 5_000_000
    with pytest.raises(FormInvalid, match="预算剩余 30,000") as refusal:
        act(session, staff, rows[1], Action.APPROVE)
    # The reviewer reads what the reviewer can do about it.
    assert "审核金额核减到 30,000.00 元以内" in refusal.value.fields["reviewed"]
    assert "申请金额" not in refusal.value.message
    payload = {"reviewed": "30000", "reviewed_reason": "预算限额"}
    act(session, staff, rows[1], Action.APPROVE, payload=payload)
    assert held(session, of)[0] == 8_000_000
    grants = session.exec(select(PolicyGrant).where(PolicyGrant.policy_id == of.id)).all()
    assert [g.amount_fen for g in grants] == [5_000_000, 3_000_000]


def test_an_approval_freezes_records_and_writes_the_grant(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, **policies.INTEREST)
    row = policies.sent(session, firm, of, policies.loan(session, firm))
    for _ in range(2):
        act(session, staff, row, Action.APPROVE)
    assert session.exec(select(PolicyRecord.is_final)).all() == [True]
    assert session.exec(select(PolicyGrant.amount_fen)).all() == [3_272_500]


# --- people -------------------------------------------------------------------------------------------


def test_only_the_people_named_for_a_stage_act(session: Session):
    one, two = factories.staff(session, "甲"), factories.staff(session, "乙")
    named = {"people_FORMAL": str(one.user_id), "people_BUSINESS": str(two.user_id)}
    row = policies.sent(session, factories.member(session), policies.published(session, **named))
    with pytest.raises(Forbidden):
        act(session, two, row, Action.APPROVE)
    act(session, one, row, Action.APPROVE)
    with pytest.raises(Forbidden):
        act(session, one, row, Action.APPROVE)
    assert act(session, two, row, Action.APPROVE).status == Status.APPROVED


def test_withdrawing_ends_when_somebody_has_begun(session: Session):
    firm = factories.member(session)
    row = policies.sent(session, firm, policies.published(session))
    row.begun_at = clock.now()
    session.add(row)
    session.flush()
    assert Action.WITHDRAW not in review.allowed(policies.FLOW, row, firm)
    with pytest.raises(Conflict, match="已开始办理"):
        policy_application.withdraw(session, firm, row.id or 0, row.version)


def test_the_staff_sees_the_applicants_check_and_a_disabled_account(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    row = policies.sent(session, firm, policies.published(session))
    view = review_view.view(session, policies.FLOW, staff, row.id or 0)
    assert [(c.label, c.level) for c in view.checks] == [("提交前检查", "ok")]
    session.get_one(User, firm.user_id).disabled_at = clock.now()
    session.flush()
    view = review_view.view(session, policies.FLOW, staff, row.id or 0)
    assert ("申请单位", "bad") in [(c.label, c.level) for c in view.checks]


# --- for me -------------------------------------------------------------------------------------------


def test_what_my_records_would_bring(session: Session):
    firm, bank = factories.member(session), factories.member(session, Kind.DEBT)
    of = policies.published(session, **policies.INTEREST | {"record_from": "2026-02-01", "most": "3"})
    loans = [policies.loan(session, firm, bank) for _ in range(3)]
    policies.loan(session, firm, bank, lent_on=date(2026, 1, 5))
    policies.sent(session, bank, of, loans[0])
    panel = next(p for p in policy_open.for_me(session, firm) if p.policy_id == of.id)
    assert "贵单位已备案贷款 4 笔，其中 2 笔符合" in panel.sentence
    assert "约可申请 6.55 万元；2 笔不符合。" in panel.sentence
    assert sorted(panel.why) == ["1 笔：对方已在该政策下先行使用", "1 笔：日期早于 2026-02-01"]
    row = policy_application.start(session, firm, of.id or 0, panel.keys)
    form = policy_view.form(session, firm, row.id or 0)
    assert form.record_list.chosen == 2 and form.money.computed == "65,450.00"
    assert all(
        p.policy_id != of.id for p in policy_open.for_me(session, factories.member(session, Kind.EQUITY))
    )


def test_policies_that_are_not_open_say_why(session: Session):
    firm = factories.member(session)
    closed = policies.published(session, kinds="DEBT")
    poor = policies.published(session, c_revenue_free="", c_revenue_low="99999")
    offers = {o.id: o for o in policy_open.offers(session, firm)[0]}
    assert "政策面向债权金融机构，贵单位是企业" in offers[closed.id or 0].reasons[0]
    assert offers[poor.id or 0].reasons[0].startswith("年营业收入要求≥ 99,999 万元")
    assert not offers[closed.id or 0].open
    with pytest.raises(FormInvalid) as refusal:
        policies.sent(session, firm, closed)
    assert "profile" in refusal.value.fields
    assert policy.require
