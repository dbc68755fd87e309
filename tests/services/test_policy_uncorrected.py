"""What is returned and never corrected holds nothing for ever: given up by its owner, closed by the staff (manual §8.1)."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.errors import Conflict, DomainError, FormInvalid
from cpegi_app.services import (
    files,
    policy_application,
    policy_bench,
    policy_budget,
    policy_clock,
    policy_queue,
    policy_review,
    policy_view,
    review_view,
    workdays,
)
from cpegi_app.vocabulary import Action, Status
from tests import factories, policies, redemption

MATERIAL = ({"name": "申请表", "required": "YES"},)


def decide(session: Session, who, row, action: Action, **more):
    row = redemption.fresh(session, row)
    policy_review.decide(session, who, row.id, action, row.version, **more)
    return redemption.fresh(session, row)


def returned_with_a_loan(session: Session):
    """Return an application that holds a loan and a part of the budget and came back for a correction."""
    boss, owner = factories.staff(session), factories.member(session)
    more = {"materials": MATERIAL, "budget": "8", "budget_at": "SUBMIT", "most": "1"}
    of = policies.published(session, boss, **(policies.INTEREST | more))
    row = policies.sent(session, owner, of, policies.loan(session, owner))
    return boss, owner, of, decide(session, boss, row, Action.RETURN, marks={"file_m1": "缺少公章"})


def test_what_is_returned_can_be_given_up_and_holds_nothing_then(session: Session):
    _, owner, of, row = returned_with_a_loan(session)
    assert policies.held(session, of)[0] > 0 and policy_budget.held_records(session, row.id)
    assert "放弃后不再办理" in policy_view.parting(session, owner, row.id)[1]
    typed = dict(row.data)
    policy_application.withdraw(session, owner, row.id, row.version)
    row = redemption.fresh(session, row)
    assert (row.status, row.stage, row.held_fen, row.data) == (Status.DRAFT, 0, 0, typed)
    assert policies.held(session, of)[0] == 0 and not policy_budget.held_records(session, row.id)
    assert policy_budget.held_by(session, of.id or 0, owner.org_id or 0) == (0, 0)
    last = review_view.history(session, policies.FLOW.name, row.id)[-1]
    assert (last.action, last.comment) == ("WITHDRAW", "放弃补正")
    # While the window is open it may come again, as a draft that is open in all its places.
    row = policy_application.submit(session, owner, row.id, row.version, policies.answers(), "again")
    assert row.status == Status.PENDING and policies.held(session, of)[0] > 0


def test_what_a_later_stage_returned_can_be_given_up_too(session: Session):
    boss, owner, of, row = returned_with_a_loan(session)
    files.attach(session, owner, policies.FLOW.name, row.id, "m1", "新.png", factories.png(5))
    row = policy_application.submit(session, owner, row.id, row.version, policies.answers(), "again")
    row = decide(session, boss, row, Action.APPROVE)
    row = decide(session, boss, row, Action.RETURN, marks={"file_m1": "仍缺公章"})
    assert row.stage == 1
    policy_application.withdraw(session, owner, row.id, row.version)
    assert redemption.fresh(session, row).stage == 0 and policies.held(session, of)[0] == 0


def test_what_is_not_corrected_in_time_is_told_to_both_sides_and_may_be_closed(session: Session):
    boss, owner, of, row = returned_with_a_loan(session)
    last = workdays.after(clock.today(), policy_clock.CORRECTION_DAYS)
    overdue = {"whose": "OVERDUE"}
    assert f"请在 {last} 前补正" in policy_view.form(session, owner, row.id).warning
    assert policy_bench.own(session, owner)[0].at == f"请在 {last} 前补正"
    assert not policy_review.desk(session, boss, row.id).overdue
    with pytest.raises(DomainError, match=f"补正期限至 {last}"):
        policy_review.close(session, boss, row.id, row.version, "电话催告未回复")
    redemption.days_pass((last - clock.today()).days)
    assert policy_queue.listing(session, boss, filters=overdue)[1] == 0
    redemption.days_pass(3)
    assert policy_queue.listing(session, boss, filters=overdue)[1] == 1
    assert [t.tag for _, t in policy_bench.staff(session, boss)] == ["逾期未补正"]
    assert policy_review.desk(session, boss, row.id).overdue
    with pytest.raises(FormInvalid) as refusal:
        policy_review.close(session, boss, row.id, row.version, " ")
    assert "终止办理的原因" in refusal.value.fields["reason"]
    policy_review.close(session, boss, row.id, row.version, "电话催告未回复")
    row = redemption.fresh(session, row)
    assert (row.status, row.reason) == (Status.REJECTED, "逾期未补正，终止办理：电话催告未回复")
    assert policies.held(session, of)[0] == 0 and not policy_budget.held_records(session, row.id)
    # The place is free: the applicant may begin anew.
    assert policy_application.start(session, owner, of.id or 0).id != row.id
    with pytest.raises(Conflict):
        policy_review.close(session, boss, row.id, row.version, "再次终止")


def test_only_who_is_in_the_stage_closes(session: Session):
    first, second = factories.staff(session, "甲"), factories.staff(session, "乙")
    of = policies.published(session, second, materials=MATERIAL, people_FORMAL=str(first.user_id))
    owner = factories.member(session)
    row = decide(session, first, policies.sent(session, owner, of), Action.RETURN, marks={"file_m1": "缺章"})
    redemption.days_pass(60)
    for who in (second, owner):
        with pytest.raises(DomainError):
            policy_review.close(session, who, row.id, row.version, "逾期未补正")
    assert redemption.fresh(session, row).status == Status.RETURNED
    policy_review.close(session, first, row.id, row.version, "逾期未补正")
