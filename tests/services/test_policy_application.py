"""政策申请: begin, keep, choose, check, send, withdraw, windows, corrections (manual §8.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Policy, PolicyAmount, User
from cpegi_app.services import (
    files,
    lists,
    policy_application,
    policy_budget,
    policy_open,
    policy_own,
    policy_review,
    policy_view,
    review,
)
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import PolicyState
from tests import factories, policies
from tests.policies import AUDIT, FEE, ON, SORT, act, fresh, held

# --- begin, keep --------------------------------------------------------------------------------------


def test_an_application_begins_prefilled_and_only_once(session: Session):
    firm = factories.member(session)
    of = policies.published(session)
    row = policy_application.start(session, firm, of.id or 0)
    assert row.data == {"contact": "李敏", "phone": "13800001234"}
    assert policy_application.start(session, firm, of.id or 0).id == row.id
    colleague = factories.colleague(session, firm)
    assert policy_application.start(session, colleague, of.id or 0).id == row.id


def test_what_is_typed_is_kept_field_by_field(session: Session):
    firm = factories.member(session)
    of = policies.published(session, questions=(FEE, ON), **AUDIT)
    row = policy_application.start(session, firm, of.id or 0)
    version = policy_application.save(session, firm, row.id or 0, row.version, {"a_q1": "20,000"})
    version = policy_application.save(session, firm, row.id or 0, version, {"a_q2": "昨天"})
    form = policy_view.form(session, firm, row.id or 0)
    assert [f.value for f in form.fields[:4]] == ["李敏", "13800001234", "20,000", "昨天"]
    assert form.money.computed == "10,000.00"
    # Saving the same again is no change; names that the form does not have are left out.
    assert policy_application.save(session, firm, row.id or 0, version, {"a_q1": "20,000"}) == version
    policy_application.save(session, firm, row.id or 0, version, {"status": "APPROVED", "records": "LOAN:1"})
    assert set(fresh(session, row).data) == {"contact", "phone", "a_q1", "a_q2"}
    with pytest.raises(Conflict):
        policy_application.save(session, firm, row.id or 0, version - 1, {"a_q1": "1"})


def test_another_organisations_application_does_not_exist(session: Session):
    firm, other = factories.member(session), factories.member(session)
    row = policies.begun(session, firm, policies.published(session))
    for call in (
        lambda a: policy_application.save(session, a, row.id or 0, row.version, {}),
        lambda a: policy_application.submit(session, a, row.id or 0, row.version, {}, "k"),
        lambda a: policy_application.withdraw(session, a, row.id or 0, row.version),
        lambda a: policy_application.adopt(session, a, row.id or 0, row.version),
        lambda a: policy_application.choose(session, a, row.id or 0, row.version, "LOAN:1", chosen=True),
        lambda a: policy_view.form(session, a, row.id or 0),
        lambda a: policy_own.precheck(session, a, row.id or 0),
    ):
        with pytest.raises(NotFound):
            call(other)
        with pytest.raises(NotFound):
            call(factories.staff(session))
    assert lists.page(session, other, policy_own.OWN, {}).total == 0
    assert lists.page(session, firm, policy_own.OWN, {}).total == 1
    with pytest.raises(Forbidden):
        policy_open.offers(session, factories.unverified(firm))


# --- 提交前检查 ---------------------------------------------------------------------------------------


def test_everything_missing_is_told_at_once_each_with_its_place(session: Session):
    firm = factories.member(session)
    of = policies.published(
        session,
        materials=({"name": "申请表", "required": "YES"}, {"name": "补充", "required": ""}),
        questions=(FEE, ON, SORT),
        c_revenue_free="",
        c_revenue_low="5000",
        c_patents_free="",
        c_patents_low="1",
        **AUDIT,
    )
    row = policy_application.start(session, firm, of.id or 0)
    data = {"contact": "", "a_q3": "999", "a_q5": "没有这个选项"}
    policy_application.save(session, firm, row.id or 0, row.version, data)
    found = policy_own.precheck(session, firm, row.id or 0)
    places = [f.target for f in found.findings]
    assert places == ["profile", "profile", "contact", "a_q3", "a_q4", "a_q5", "promise", "file_m1"]
    assert {f.href for f in found.findings if f.target == "a_q4"} == {"#f-a_q4"}
    assert "贵单位为2,600 万元" in found.findings[0].text.replace(" 为", "为")
    assert "资料中没有此项数据" in found.findings[1].text
    # The submission refuses for the same reasons, at the same places.
    with pytest.raises(FormInvalid) as refusal:
        policy_application.submit(session, firm, row.id or 0, row.version, {}, "k")
    assert list(refusal.value.fields) == list(dict.fromkeys(places))


def test_what_was_checked_can_be_sent_and_has_a_receipt(session: Session):
    firm = factories.member(session)
    of = policies.published(session, materials=({"name": "申请表", "required": "YES"},), budget="20")
    row = policies.begun(session, firm, of)
    policy_application.save(session, firm, row.id or 0, row.version, policies.answers())
    assert policy_own.precheck(session, firm, row.id or 0).findings == []
    row = policy_application.submit(session, firm, row.id or 0, row.version, {}, "once")
    assert row.status == Status.PENDING
    assert row.receipt_no == f"ZC{of.id:04d}-{clock.today().year}-000001"
    assert (row.asked_fen, row.computed_fen, row.held_fen) == (5_000_000, 5_000_000, 5_000_000)
    assert held(session, of) == (5_000_000, 1)
    assert row.due_on and row.due_on > clock.today()
    # Sent a second time with the same key, it is the same submission.
    again = policy_application.submit(session, firm, row.id or 0, row.version, {}, "once")
    assert again.receipt_no == row.receipt_no and held(session, of) == (5_000_000, 1)
    with pytest.raises(DomainError, match="最多申请 1 件"):
        act(session, factories.staff(session), row, Action.APPROVE)
        act(session, factories.staff(session), row, Action.APPROVE)
        policy_application.start(session, firm, of.id or 0)


def test_amounts_have_who_and_why(session: Session):
    firm = factories.member(session)
    row = policies.sent(session, firm, policies.published(session), asked="1,234.56")
    found = session.exec(select(PolicyAmount).where(PolicyAmount.application_id == row.id)).all()
    assert sorted((a.kind, a.amount_fen, a.actor_id) for a in found)[::-1] == [
        ("COMPUTED", 5_000_000, None),
        ("ASKED", 123_456, firm.user_id),
    ]
    assert any("固定金额" in a.reason for a in found)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("50000.01", "不能超过"),
        ("0", "大于 0"),
        ("-5", "大于 0"),
        ("1.001", "两位小数"),
        ("很多", "数字"),
        ("1e99", "不能超过"),
    ],
)
def test_what_is_asked_is_checked(session: Session, asked: str, text: str):
    with pytest.raises(FormInvalid) as refusal:
        policies.sent(session, factories.member(session), policies.published(session), asked=asked)
    assert text in refusal.value.fields["asked"]


# --- windows ------------------------------------------------------------------------------------------


def test_the_window_closes_while_the_form_is_open(session: Session):
    firm = factories.member(session)
    of = policies.published(session)
    row = policies.begun(session, firm, of)
    clock.shift(timedelta(days=40))
    # What was typed is kept still, it just cannot be sent.
    version = policy_application.save(
        session, firm, row.id or 0, row.version, policies.answers(note="写了很多")
    )
    [told] = policy_own.precheck(session, firm, row.id or 0).findings
    assert (told.target, told.href) == ("policy", "#f-policy")
    with pytest.raises(FormInvalid) as refusal:
        policy_application.submit(session, firm, row.id or 0, version, policies.answers(), "k")
    assert "截止" in refusal.value.fields["policy"] and "草稿" in refusal.value.fields["policy"]
    form = policy_view.form(session, firm, row.id or 0)
    assert "截止" in form.warning and form.values["note"] == "写了很多"
    with pytest.raises(DomainError, match="截止"):
        policy_application.start(session, factories.member(session), of.id or 0)
    clock.shift(-timedelta(days=40))
    with pytest.raises(DomainError, match="将于"):
        policy_application.start(session, factories.member(session), of.id or 0)


def test_the_clock_is_read_again_once_the_budgets_row_is_ours(session: Session, monkeypatch):
    of = policies.published(session)
    row = policies.begun(session, factories.member(session), of)
    firm = factories.sign_in(session, session.exec(select(User).where(User.org_id == row.org_id)).one())
    real = policy_budget.receipt

    def slow(*args):
        number = real(*args)
        clock.shift(timedelta(days=40))
        return number

    monkeypatch.setattr(policy_budget, "receipt", slow)
    point = session.begin_nested()
    with pytest.raises(FormInvalid, match="未能受理"):
        policy_application.submit(session, firm, row.id or 0, row.version, policies.answers(), "k")
    point.rollback()
    assert held(session, of) == (0, 0)


def during_the_wait(session: Session, monkeypatch: pytest.MonkeyPatch, of: Policy, **changed: Any) -> None:
    """Let somebody else change the policy while a submission waits for the budget's row."""
    real = policy_budget.receipt
    change = update(Policy).where(col(Policy.id) == of.id).values(**changed)

    def slow(*args: Any) -> int:
        number = real(*args)
        session.exec(change.execution_options(synchronize_session=False))
        return number

    monkeypatch.setattr(policy_budget, "receipt", slow)


@pytest.mark.parametrize("changed", ["stopped", "shorter"])
def test_a_policy_that_closes_during_the_wait_takes_nothing_in(session: Session, monkeypatch, changed: str):
    of, firm = policies.published(session), factories.member(session)
    row = policies.begun(session, firm, of)
    now = clock.now()
    values = {
        "stopped": {"state": PolicyState.STOPPED.value, "stopped_at": now, "stop_reason": "资金调整"},
        "shorter": {"closes_at": now},
    }
    during_the_wait(session, monkeypatch, of, **values[changed])
    point = session.begin_nested()
    with pytest.raises(FormInvalid, match="未能受理"):
        policy_application.submit(session, firm, row.id or 0, row.version, policies.answers(), "k")
    point.rollback()
    assert held(session, of) == (0, 0)


def test_who_is_named_during_the_wait_acts_on_it(session: Session, monkeypatch):
    of, firm, clerk = policies.published(session), factories.member(session), factories.staff(session)
    row = policies.begun(session, firm, of)
    during_the_wait(session, monkeypatch, of, people={"FORMAL": [clerk.user_id]})
    sent = policy_application.submit(session, firm, row.id or 0, row.version, policies.answers(), "k")
    assert sent.people == {"FORMAL": [clerk.user_id]}


def test_a_correction_may_come_back_after_the_window(session: Session):
    # Young enough on the day of the receipt, too old when the correction is sent and reviewed.
    young = {"established_on": str(clock.today() - timedelta(days=36 * 30 + 10))}
    firm, staff = factories.member(session, **young), factories.staff(session)
    age = {"c_age_free": "", "c_age_high": "36"}
    of = policies.published(session, questions=(FEE, ON), **AUDIT, **age)
    row = policies.sent(session, firm, of, a_q1="20000", a_q2="2026-05-01")
    act(session, staff, row, Action.RETURN, field_reasons={"a_q1": "与发票不符"})
    clock.shift(timedelta(days=60))
    number = row.receipt_no
    row = policy_application.submit(session, firm, row.id or 0, row.version + 1, {"a_q1": "18000"}, "k2")
    assert (row.status, row.receipt_no, row.computed_fen) == (Status.PENDING, number, 900_000)
    assert held(session, of) == (900_000, 1)
    assert policy_review.doubts(session, row) == []


def test_a_correction_changes_only_what_was_marked(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    material = {"name": "申请表", "required": "YES"}
    of = policies.published(session, materials=(material, {"name": "发票"}), questions=(FEE, ON), **AUDIT)
    row = policies.begun(session, firm, of)
    typed = policies.answers(a_q3="20000", a_q4="2026-05-01")
    row = policy_application.submit(session, firm, row.id or 0, row.version, typed, "k")
    act(session, staff, row, Action.RETURN, field_reasons={"a_q4": "日期不符", "file_m2": "不清晰"})
    row = fresh(session, row)
    typed |= {"a_q3": "90000", "a_q4": "2026-05-02", "contact": "别人"}
    policy_application.save(session, firm, row.id or 0, row.version, typed)
    row = fresh(session, row)
    assert (row.data["a_q3"], row.data["a_q4"], row.data["contact"]) == ("20000", "2026-05-02", "李敏")
    with pytest.raises(Conflict, match="补正期间"):
        files.attach(session, firm, policies.FLOW.name, row.id or 0, "m1", "新.png", factories.png(9))
    files.attach(session, firm, policies.FLOW.name, row.id or 0, "m2", "新.png", factories.png(9))
    form = policy_view.form(session, firm, row.id or 0)
    assert {f.name for f in form.fields if not f.locked} == {"a_q4", "answer"}
    # Sent past the form as well: what is not open stays as it was.
    done = policies.FLOW
    values = {"data": {**row.data, "a_q3": "90000"}}
    row = review.act(session, done, firm, row.id or 0, Action.SUBMIT, row.version, values=values)
    assert row.data["a_q3"] == "20000" and row.computed_fen == 1_000_000
