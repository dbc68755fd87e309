"""政策申请: which records may be chosen, found in SQL page by page; which sorts a policy takes (manual §8.1)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import insert
from sqlmodel import Session, select

from cpegi_app.access import Actor
from cpegi_app.errors import DomainError
from cpegi_app.models import InvestmentRecord, Loan, Organisation, Policy
from cpegi_app.services import (
    policy_application,
    policy_choice,
    policy_definition,
    policy_open,
    policy_record_view,
    policy_records,
    policy_view,
)
from cpegi_app.services.policy_choice import CHOSEN, USABLE, Look
from cpegi_app.vocabulary import Action, Kind
from tests import equity, factories, policies
from tests.policies import act


def many(session: Session, lender: Actor, count: int, **changes) -> list[int]:
    """Book loans of an institution to firms that have no account; return their ids, the oldest first."""
    model = policies.loan(session, factories.member(session), lender, borrower_id=None)
    same = model.model_dump(exclude={"id", "iou_no"}) | changes
    rows = [same | {"iou_no": f"N-{factories.number():07d}"} for _ in range(count)]
    session.execute(insert(Loan), rows)
    query = select(Loan.id).where(Loan.institution_id == lender.org_id).order_by("id")
    return [i or 0 for i in session.exec(query)][1:]


def look(session: Session, actor: Actor, row_id: int, **more) -> policy_record_view.RecordList:
    return policy_view.form(session, actor, row_id, Look(**more)).record_list


# --- any record ---------------------------------------------------------------------------------------


def test_any_record_of_a_long_list_can_be_found_and_chosen(session: Session):
    bank = factories.member(session, Kind.DEBT)
    of = policies.published(session, **policies.INTEREST)
    oldest = policies.loan(
        session, factories.member(session), bank, iou_no="最早的一笔", borrower_name="远山木业"
    )
    many(session, bank, 620)
    row = policy_application.start(session, bank, of.id or 0)
    first = look(session, bank, row.id or 0)
    assert (len(first.rows), first.total, first.usable) == (policy_choice.SIZE, 622, 622)
    last = look(session, bank, row.id or 0, page=63)
    assert [r.key for r in last.rows][-1] == f"LOAN:{oldest.id}"
    for word in ("最早的", "远山", oldest.contract_no):
        found = look(session, bank, row.id or 0, word=word)
        assert [r.key for r in found.rows] == [f"LOAN:{oldest.id}"] and found.total == 1
    version = policy_application.choose(
        session, bank, row.id or 0, row.version, f"LOAN:{oldest.id}", chosen=True
    )
    chosen = look(session, bank, row.id or 0, show=CHOSEN)
    assert [r.key for r in chosen.rows] == [f"LOAN:{oldest.id}"] and chosen.chosen == 1
    # 全部选取 takes as many as the policy takes, and says how many are left.
    left = policy_record_view.choose_usable(session, bank, row.id or 0)
    form = policy_view.form(session, bank, row.id or 0, Look(show=CHOSEN))
    assert (form.record_list.chosen, left) == (50, 572) and form.version > version
    assert f"LOAN:{oldest.id}" in form.values["records"]


def test_a_list_beyond_what_is_counted_is_turned_to_its_end(session: Session, monkeypatch):
    for of in (policy_choice, policy_record_view):
        monkeypatch.setattr(of, "COUNTED", 30)
    bank = factories.member(session, Kind.DEBT)
    row = policy_application.start(session, bank, policies.published(session, **policies.INTEREST).id or 0)
    ids = many(session, bank, 44)
    first = look(session, bank, row.id or 0)
    assert (first.total_text, first.pages, first.pages_text) == ("30 笔以上", 3, "3 以上")
    seen = [r.key for page in range(1, 6) for r in look(session, bank, row.id or 0, page=page).rows]
    assert len(set(seen)) == len(seen) == 45 and f"LOAN:{ids[0]}" in seen
    assert look(session, bank, row.id or 0, page=5).pages == 5
    assert look(session, bank, row.id or 0, page=99).page == 3


def test_what_cannot_be_chosen_stands_in_the_list_with_its_reason_and_usable_leaves_it_out(session: Session):
    firm, bank = factories.member(session), factories.member(session, Kind.DEBT)
    of = policies.published(session, **policies.INTEREST | {"record_from": "2026-02-01"})
    good = policies.loan(session, firm, bank)
    policies.loan(session, firm, bank, lent_on=date(2026, 1, 5))
    used = policies.loan(session, firm, bank)
    policies.sent(session, bank, of, used)
    row = policy_application.start(session, firm, of.id or 0)
    everything = look(session, firm, row.id or 0)
    assert [r.why[:4] for r in everything.rows] == ["放款机构", "日期 2", ""]
    assert everything.usable == 1
    only = look(session, firm, row.id or 0, show=USABLE)
    assert [r.key for r in only.rows] == [f"LOAN:{good.id}"] and only.total == 1


def test_what_the_query_finds_is_what_the_check_takes(session: Session):
    """The conditions in SQL and `why_not` are twins: whatever the policy says, they agree on every record."""
    firm, bank = factories.member(session), factories.member(session, Kind.DEBT)
    other = factories.member(session, Kind.DEBT)
    old = policies.loan(session, firm, bank)
    policies.loan(session, firm, bank, iou_no=old.iou_no, replaces_id=old.id)
    policies.loan(session, firm, bank, lent_on=date(2025, 1, 1), due_on=date(2026, 1, 1), guarantee="PLEDGE")
    policies.loan(session, firm, bank, lent_on=date(2025, 1, 1), due_on=date(2026, 1, 2), five_class="NORMAL")
    policies.loan(session, firm, other, lent_on=date(2026, 12, 31), is_first="YES", source="ONLINE")
    policies.loan(session, firm, other, lent_on=date(2027, 1, 1), due_on=date(2027, 2, 1), five_class="LOSS")
    policies.loan(session, bank, other, borrower_id=None)
    policies.loan(session, firm, borrower_id=None)
    claimed = policies.loan(session, firm, bank)
    for changes in (
        {},
        {"side": "PROVIDER"},
        {"side": "RECEIVER"},
        {"record_from": "2026-01-01", "record_to": "2026-12-31"},
        {"loan_guarantees": "PLEDGE,CREDIT"},
        {"loan_classes": "NORMAL"},
        {"loan_first": "YES"},
        {"loan_channels": "OFFLINE"},
        {"loan_lenders": "MICRO_LOAN"},
        {"loan_lenders": "BANK"},
    ):
        of = policies.published(session, **policies.INTEREST | changes)
        d = policies.definition(session, of)
        lender = session.get_one(Organisation, bank.org_id)
        (seen,) = policy_records.get(session, [("LOAN", claimed.id or 0)])
        if not policy_records.why_not(d, seen, lender):
            policies.sent(session, bank, of, claimed)
        for actor in (firm, bank, other):
            org = session.get_one(Organisation, actor.org_id)
            every = policy_records.get(session, [("LOAN", i or 0) for i in session.exec(select(Loan.id))])
            held = policy_records.claims(session, of.id or 0, every)
            fit = {
                r.id
                for r in every
                if not policy_records.why_not(d, r, org) and (r.source, r.root_id) not in held
            }
            keys = policy_choice.usable(session, org, d, of.id or 0, 0, 100)
            assert {i for _, i in keys} == fit, changes


def test_a_corrected_loan_that_is_used_is_not_offered(session: Session):
    firm, bank = factories.member(session), factories.member(session, Kind.DEBT)
    of = policies.published(session, **policies.INTEREST)
    old = policies.loan(session, firm, bank)
    row = policies.sent(session, firm, of, old)
    new = policies.loan(session, firm, bank, iou_no=old.iou_no, replaces_id=old.id)
    newest = policies.loan(session, firm, bank, iou_no=old.iou_no, replaces_id=new.id)
    org, d = session.get_one(Organisation, bank.org_id), policies.definition(session, of)
    assert policy_choice.usable(session, org, d, of.id or 0, 0, 9) == []
    # For the application that holds it, the newest of the chain is free.
    mine = session.get_one(Organisation, firm.org_id)
    assert policy_choice.usable(session, mine, d, of.id or 0, row.id or 0, 9) == [("LOAN", newest.id)]


def test_a_correction_may_choose_its_own_record_again(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, **policies.INTEREST)
    loans = [policies.loan(session, firm) for _ in range(2)]
    row = policies.sent(session, firm, of, *loans)
    act(session, staff, row, Action.RETURN, field_reasons={"records": "请核对"})
    row = policies.fresh(session, row)
    key = f"LOAN:{loans[0].id}"
    policy_application.choose(session, firm, row.id or 0, row.version, key, chosen=False)
    assert look(session, firm, row.id or 0).chosen == 1
    assert policy_record_view.choose_usable(session, firm, row.id or 0) == 0
    assert look(session, firm, row.id or 0).chosen == 2


# --- which sort ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "loan", "why"),
    [
        ({"loan_guarantees": "PLEDGE,MORTGAGE"}, {}, "担保方式为“信用”，政策只接受抵押、质押"),
        ({"loan_classes": "NORMAL"}, {"five_class": "LOSS"}, "五级分类为“损失”，政策只接受正常"),
        ({"loan_classes": "NORMAL"}, {}, "记录没有登记五级分类"),
        ({"loan_first": "YES"}, {"is_first": "NO"}, "是否首贷为“否”，政策只接受是"),
        ({"loan_channels": "ONLINE"}, {}, "业务来源为“线下”，政策只接受线上"),
        ({"loan_lenders": "BANK"}, {}, "放款机构类别为“小额贷款公司”，政策只接受商业银行"),
    ],
)
def test_a_loan_of_another_sort_says_which_sort_is_wanted(session: Session, changes, loan, why):
    firm = factories.member(session)
    of = policies.published(session, **policies.INTEREST | changes)
    row = policy_application.start(session, firm, of.id or 0)
    found = policies.loan(session, firm, **loan)
    with pytest.raises(DomainError, match=why):
        policy_application.choose(session, firm, row.id or 0, row.version, f"LOAN:{found.id}", chosen=True)
    assert why in look(session, firm, row.id or 0).rows[0].why
    words = policy_definition.records_text(policies.definition(session, of))
    assert "限" in words


def test_an_investment_of_another_stage_or_kind_says_so(session: Session):
    fund, _ = equity.closed(session)
    record = session.exec(select(InvestmentRecord).where(InvestmentRecord.org_id == fund.org_id)).one()
    for changes, why in (
        ({"invest_rounds": "SEED,PRE_IPO"}, "政策只接受种子轮、Pre-IPO轮"),
        ({"invest_modes": "EQUITY" if record.mode == "CONVERTIBLE" else "CONVERTIBLE"}, "投资方式为"),
    ):
        of = policies.published(session, **policies.REWARD | changes)
        row = policy_application.start(session, fund, of.id or 0)
        (item,) = look(session, fund, row.id or 0).rows
        assert why in item.why
        assert look(session, fund, row.id or 0, show=USABLE).rows == []


def test_a_sort_of_the_other_source_is_not_published(session: Session):
    of = policies.published(
        session, **policies.REWARD | {"loan_guarantees": "CREDIT", "invest_modes": "EQUITY"}
    )
    assert policies.definition(session, of).sorts == {"invest_modes": ("EQUITY",)}


# --- for me -------------------------------------------------------------------------------------------


def panel(session: Session, actor: Actor, of: Policy) -> policy_open.ForMe:
    return next(p for p in policy_open.for_me(session, actor) if p.policy_id == of.id)


def test_for_me_does_not_promise_what_the_number_of_applications_forbids(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, **policies.INTEREST)
    loans = [policies.loan(session, firm) for _ in range(3)]
    row = policies.sent(session, firm, of, loans[0])
    found = panel(session, firm, of)
    assert "约可申请" not in found.sentence and found.good == 2 and not found.can_start
    assert found.stop == f"贵单位的申请（受理编号 {row.receipt_no}）正在审核，同一政策须办结后才能再申请"
    act(session, staff, row, Action.RETURN, field_reasons={"note": "请补充说明"})
    found = panel(session, firm, of)
    assert found.stop == f"贵单位的申请（受理编号 {row.receipt_no}）正在补正，请在“政策申请”中补正后提交"
    assert not found.can_start
    row = policies.fresh(session, row)
    policy_application.submit(session, firm, row.id or 0, row.version, {"note": "已补充"}, "again")
    for _ in range(2):
        act(session, staff, row, Action.APPROVE)
    found = panel(session, firm, of)
    assert found.stop == "每个单位最多申请 1 件，贵单位已申请 1 件" and not found.can_start


def test_for_me_does_not_promise_beyond_cap_and_budget(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, **policies.INTEREST | {"most": "3", "applicant_cap": "3", "budget": "8"})
    row = policies.sent(session, firm, of, policies.loan(session, firm))
    for _ in range(2):
        act(session, staff, row, Action.APPROVE)
    policies.loan(session, firm)
    found = panel(session, firm, of)
    assert (
        found.stop == "每个申请单位合计最高 3 万元，贵单位已占用 30,000.00 元，没有余额"
        and not found.can_start
    )
    # Somebody else reads what is left of the budget, and in the end that nothing is.
    other = factories.member(session)
    policies.loan(session, other, fen=300_000_000)
    assert "约可申请 3 万元" in panel(session, other, of).sentence
    third = factories.member(session)
    for actor in (other, third):
        policies.sent(session, actor, of, policies.loan(session, actor), asked="25000")
    late = factories.member(session)
    policies.loan(session, late)
    found = panel(session, late, of)
    assert found.stop == "政策预算已用完" and "约可申请" not in found.sentence and not found.can_start


def test_for_me_says_that_the_budget_does_not_hold_all_of_it(session: Session):
    of = policies.published(session, **policies.INTEREST | {"budget": "4"})
    policies.sent(session, (one := factories.member(session)), of, policies.loan(session, one))
    firm = factories.member(session)
    policies.loan(session, firm)
    found = panel(session, firm, of)
    assert "约可申请 0.73 万元（政策预算剩余 7,275.00 元）" in found.sentence and found.can_start


def test_for_me_offers_no_start_with_fewer_records_than_the_policy_asks_for(session: Session):
    of = policies.published(session, **policies.INTEREST | {"record_least": "2"})
    firm = factories.member(session)
    policies.loan(session, firm)
    found = panel(session, firm, of)
    assert found.stop == "每件申请最少选取 2 笔，现有 1 笔符合条件"
    assert "约可申请" not in found.sentence and not found.can_start
    policies.loan(session, firm)
    assert panel(session, firm, of).can_start


def test_for_me_finds_what_is_meant_for_me_behind_many_policies_for_others(session: Session):
    first = policies.published(session, **policies.INTEREST | {"kinds": "DEBT"})
    names = ("version_id", "state", "opens_at", "closes_at")
    for _ in range(policy_open.PANELS):
        session.add(Policy(draft={}, created_by=first.created_by, **{n: getattr(first, n) for n in names}))
    of = policies.published(session, **policies.INTEREST | {"closes_on": "2099-12-31"})
    firm = factories.member(session)
    policies.loan(session, firm)
    assert panel(session, firm, of).can_start


def test_for_me_counts_more_records_than_it_looks_through(session: Session):
    bank = factories.member(session, Kind.DEBT)
    of = policies.published(session, **policies.INTEREST | {"record_from": "2026-03-01"})
    many(session, bank, 30)
    many(session, bank, 510, lent_on=date(2026, 2, 1))
    found = panel(session, bank, of)
    assert "贵单位已备案贷款 542 笔，其中 32 笔符合" in found.sentence and found.good == 32
    assert len(policy_records.parse_keys(found.keys)) == 32
    assert "最近 500 笔中" in found.why[0]
