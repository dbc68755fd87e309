"""Review in stages: queue, assignment, the promise, 补正, amounts, bulk approval (manual §8.1)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import PolicyAssignment, PolicyBudget, PolicyMark, User
from cpegi_app.services import (
    files,
    policy_application,
    policy_bulk,
    policy_clock,
    policy_overview,
    policy_queue,
    policy_review,
    policy_view,
    review,
    workdays,
)
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import PolicyStage
from tests import factories, policies, redemption

MATERIAL = ({"name": "申请表", "required": "YES"},)
QUESTION = ({"title": "就业人数", "kind": "NUMBER", "required": "YES", "unit": "人"},)


def decide(session: Session, who, row, action: Action, **more):
    row = redemption.fresh(session, row)
    policy_review.decide(session, who, row.id, action, row.version, **more)
    return redemption.fresh(session, row)


# --- the calendar -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "number", "then"),
    [
        ("2026-11-26", 1, "2026-11-27"),
        ("2026-11-27", 1, "2026-11-30"),
        ("2026-09-24", 1, "2026-09-28"),
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-14", 1, "2026-02-24"),
        ("2026-12-31", 1, "2027-01-04"),
        ("2025-09-26", 1, "2025-09-28"),
    ],
)
def test_working_days_know_weekends_holidays_and_worked_weekends(day: str, number: int, then: str):
    first, last = date.fromisoformat(day), date.fromisoformat(then)
    assert workdays.after(first, number) == last
    assert workdays.between(first, last) == number == -workdays.between(last, first)


def test_the_promise_stands_still_while_the_applicant_corrects(session: Session):
    staff, owner = factories.staff(session), factories.member(session)
    of = policies.published(session, staff, materials=MATERIAL)
    row = policies.sent(session, owner, of)
    due = row.due_on
    assert due == workdays.after(clock.today(), 10)
    redemption.days_pass(7)
    used = policy_clock.used(redemption.fresh(session, row))
    row = decide(session, staff, row, Action.RETURN, marks={"file_m1": "缺少公章"})
    assert "补正期间暂停计时" in policy_view.due(row) and row.paused_on == clock.today()
    redemption.days_pass(14)
    assert policy_clock.used(redemption.fresh(session, row)) == used
    files.attach(session, owner, policies.FLOW.name, row.id, "m1", "新.png", factories.png(5))
    row = policy_application.submit(session, owner, row.id, row.version, policies.answers(), "again")
    assert policy_clock.used(row) == used and row.due_on > due and row.paused_on is None
    redemption.days_pass(60)
    row = redemption.fresh(session, row)
    assert policy_clock.is_late(row) and "已超期" in policy_clock.text(row) == policy_view.due(row)


def test_what_is_decided_tells_how_long_it_took_for_good(session: Session):
    staff, boss, owner = factories.staff(session), factories.staff(session, "乙"), factories.member(session)
    row = policies.sent(session, owner, policies.published(session, staff))
    redemption.days_pass(7)
    row = decide(session, staff, row, Action.APPROVE)
    assert "前办结" in policy_view.due(row)
    row = decide(session, boss, row, Action.APPROVE)
    told = policy_view.due(row)
    assert told == f"已办结，用时 {policy_clock.used(row)} 个工作日（承诺 10 个工作日）"
    redemption.days_pass(30)
    assert policy_view.due(redemption.fresh(session, row)) == told


# --- queue and assignment -----------------------------------------------------------------------------


def test_the_queue_shows_what_is_due_first_and_each_stage_its_own_people(session: Session):
    first, second, boss = (factories.staff(session, name) for name in ("甲", "乙", "丙"))
    named = {"people_FORMAL": str(first.user_id), "people_BUSINESS": str(second.user_id)}
    of = policies.published(session, boss, **named)
    late, soon = (policies.sent(session, factories.member(session), of) for _ in range(2))
    assert [r.id for r in policy_queue.listing(session, first, filters={})[0]] == [late.id, soon.id]
    assert policy_queue.listing(session, second, filters={})[1] == 0
    assert policy_queue.listing(session, boss, filters={})[1] == 0
    decide(session, first, late, Action.APPROVE)
    rows, total = policy_queue.listing(session, second, filters={"stage": "BUSINESS"})
    assert total == 1 and rows[0].id == late.id and rows[0].free
    assert [c.count for c in policy_queue.counts(session, first)] == [1, 0]
    with pytest.raises((NotFound, Forbidden)):
        policy_queue.take(session, boss, soon.id or 0)
    with pytest.raises(Forbidden, match="业务审核"):
        policy_queue.take(session, first, late.id or 0)


def test_every_page_of_the_queue_holds_its_part_from_whichever_end_it_is_found(session: Session):
    boss = factories.staff(session)
    of = policies.published(session, boss)
    every = [policies.sent(session, factories.member(session), of).id for _ in range(7)]
    for size in (1, 2, 3, 7, 10):
        pages = [
            policy_queue.listing(session, boss, filters={}, page=page, size=size)[0] for page in range(1, 10)
        ]
        assert [r.id for rows in pages for r in rows] == every
        turned = [
            policy_queue.listing(session, boss, filters={"sort": "-due"}, page=page, size=size)[0]
            for page in range(1, 10)
        ]
        assert [r.id for rows in turned for r in rows] == every[::-1]
        assert all(len(rows) <= size for rows in pages)


def test_the_counts_of_queue_and_overview_follow_every_move(session: Session):
    boss, owner = factories.staff(session), factories.member(session)
    of = policies.published(session, boss)

    def seen() -> tuple[list[int], tuple[int, ...]]:
        row = policy_overview.listing(session, boss)[0][0]
        counts = [c.count for c in policy_queue.counts(session, boss)]
        free = policy_queue.listing(session, boss, filters={"whose": "FREE"})[1]
        back = policy_queue.listing(session, boss, filters={"whose": "RETURNED"})[1]
        return [*counts, free, back], (row.total, row.formal, row.business, row.returned, row.approved)

    assert seen() == ([0, 0, 0, 0], (0, 0, 0, 0, 0))
    row = policies.sent(session, owner, of)
    assert seen() == ([1, 0, 1, 0], (1, 1, 0, 0, 0))
    policy_queue.take(session, boss, row.id or 0)
    assert seen() == ([1, 0, 0, 0], (1, 1, 0, 0, 0))
    decide(session, boss, row, Action.APPROVE)
    assert seen() == ([0, 1, 0, 0], (1, 0, 1, 0, 0))
    decide(session, factories.staff(session), row, Action.APPROVE)
    assert seen() == ([0, 0, 0, 0], (1, 0, 0, 0, 1))


def test_a_stage_is_not_skipped_by_calling_its_handler_directly(session: Session):
    first, second = factories.staff(session, "甲"), factories.staff(session, "乙")
    named = {"people_FORMAL": str(first.user_id), "people_BUSINESS": str(second.user_id)}
    row = policies.sent(session, factories.member(session), policies.published(session, **named))
    for call in (
        lambda: decide(session, second, row, Action.APPROVE),
        lambda: review.act(session, policies.FLOW, second, row.id or 0, Action.APPROVE, row.version),
        lambda: policy_bulk.approve_one(session, second, row.id or 0, row.version, ""),
        lambda: policy_review.save_marks(session, second, row.id or 0, {"phone": "x"}),
    ):
        with pytest.raises(DomainError):
            call()
    assert redemption.fresh(session, row).stage == 0


@pytest.mark.parametrize("who", ["owner", "regulator", "stranger", "another"])
def test_nobody_else_reaches_the_desk(session: Session, who: str):
    owner = factories.member(session)
    row = policies.sent(session, owner, policies.published(session))
    actor = {
        "owner": owner,
        "regulator": factories.regulator(session),
        "stranger": factories.stranger(),
        "another": factories.member(session),
    }[who]
    for call in (
        lambda: policy_queue.listing(session, actor, filters={}),
        lambda: policy_review.desk(session, actor, row.id or 0),
        lambda: policy_queue.take(session, actor, row.id or 0),
        lambda: decide(session, actor, row, Action.APPROVE),
        lambda: policy_overview.listing(session, actor),
    ):
        with pytest.raises(DomainError):
            call()


def test_who_has_taken_it_decides_until_it_is_handed_over_or_given_back(session: Session):
    one, two = factories.staff(session, "甲"), factories.staff(session, "乙")
    owner = factories.member(session)
    row = policies.sent(session, owner, policies.published(session))
    policy_queue.take(session, one, row.id or 0)
    policy_queue.take(session, one, row.id or 0)
    with pytest.raises(Conflict, match="已由甲领取"):
        policy_queue.take(session, two, row.id or 0)
    with pytest.raises(Conflict, match="已由甲领取"):
        decide(session, two, row, Action.APPROVE)
    with pytest.raises(Forbidden):
        policy_queue.hand_over(session, two, row.id or 0, two.user_id, "我来")
    with pytest.raises(Conflict, match="已开始办理"):
        policy_application.withdraw(session, owner, row.id or 0, redemption.fresh(session, row).version)
    with pytest.raises(FormInvalid):
        policy_queue.hand_over(session, one, row.id or 0, two.user_id, " ")
    with pytest.raises(FormInvalid):
        policy_queue.hand_over(session, one, row.id or 0, owner.user_id, "不是工作人员")
    with pytest.raises(FormInvalid) as refusal:
        policy_queue.hand_over(session, one, row.id or 0, two.user_id, "长" * 501)
    assert "最多 500 字，现有 501 字" in refusal.value.fields["reason"]
    with pytest.raises(FormInvalid) as refusal:
        decide(session, one, row, Action.APPROVE, payload={"reviewed": "1", "reviewed_reason": "长" * 201})
    assert "最多 200 字，现有 201 字" in refusal.value.fields["reviewed_reason"]
    policy_queue.hand_over(session, one, row.id or 0, two.user_id, "出差")
    with pytest.raises(Conflict, match="已由乙领取"):
        decide(session, one, row, Action.APPROVE)
    policy_queue.give_back(session, two, row.id or 0)
    decide(session, one, row, Action.APPROVE)
    moves = session.exec(select(PolicyAssignment).where(PolicyAssignment.application_id == row.id)).all()
    assert [m.move for m in moves] == ["TAKE", "HAND_OVER", "GIVE_BACK", "TAKE"]
    assert redemption.fresh(session, row).assignee_id is None


def test_what_a_colleague_with_a_closed_account_holds_can_be_taken_over(session: Session):
    one, two = factories.staff(session, "甲"), factories.staff(session, "乙")
    row = policies.sent(session, factories.member(session), policies.published(session))
    policy_queue.take(session, one, row.id or 0)
    session.get_one(User, one.user_id).disabled_at = clock.now()
    session.flush()
    policy_queue.hand_over(session, two, row.id or 0, two.user_id, "账号已停用，接手办理")
    assert decide(session, two, row, Action.APPROVE).stage == 1


# --- 补正 ---------------------------------------------------------------------------------------------


def test_marks_are_collected_and_told_at_once_and_only_those_can_be_changed(session: Session):
    staff, owner = factories.staff(session), factories.member(session)
    of = policies.published(session, staff, materials=MATERIAL, questions=QUESTION)
    q = policies.definition(session, of).questions[0].code
    m = policies.definition(session, of).materials[0].code
    row = policies.sent(session, owner, of, **{f"a_{q}": "12"})
    marks = {f"a_{q}": "与社保人数不一致", f"file_{m}": "缺少公章"}
    with pytest.raises(FormInvalid) as refusal:
        policy_review.save_marks(session, staff, row.id or 0, {f"a_{q}": ""})
    assert "就业人数" in refusal.value.fields[f"r_a_{q}"]
    with pytest.raises(DomainError):
        policy_review.save_marks(session, staff, row.id or 0, {"held_fen": "x"})
    assert policy_review.save_marks(session, staff, row.id or 0, {f"a_{q}": "先记一处"}) == 1
    assert policy_review.desk(session, staff, row.id or 0).marks == {f"a_{q}": "先记一处"}
    with pytest.raises(FormInvalid, match="一次性告知"):
        decide(session, staff, row, Action.RETURN, comment="请修改")
    with pytest.raises(DomainError, match="标记了 2 处"):
        decide(session, staff, row, Action.APPROVE, marks=marks)
    row = decide(session, staff, row, Action.RETURN, marks=marks)
    assert row.field_reasons == marks and row.rounds == 1 and row.status == Status.RETURNED
    sent = session.exec(select(PolicyMark).where(PolicyMark.application_id == row.id)).all()
    assert {s.target for s in sent} == set(marks) and all(s.sent_at for s in sent)
    typed = policies.answers(phone="13900009999") | {f"a_{q}": "15"}
    row = policy_application.submit(session, owner, row.id, row.version, typed, "again")
    assert row.data["phone"] != "13900009999" and row.data[f"a_{q}"] == "15"
    desk = policy_review.desk(session, staff, row.id)
    changed = {f.name: (f.old, f.value, f.asked) for g in desk.groups for f in g.fields if f.changed}
    assert set(changed) == {f"a_{q}"} and changed[f"a_{q}"][2] == marks[f"a_{q}"]
    assert desk.mine and desk.marks == {} and desk.rounds == 1
    # The reviewer goes on with it: what was begun is not withdrawn by the way of a correction.
    assert Action.WITHDRAW not in review.allowed(policy_application.FLOW, row, owner)
    with pytest.raises(Conflict, match="已开始办理"):
        policy_application.withdraw(session, owner, row.id, row.version)


def test_a_reason_too_long_is_named(session: Session):
    staff = factories.staff(session)
    row = policies.sent(session, factories.member(session), policies.published(session))
    with pytest.raises(FormInvalid) as refusal:
        decide(session, staff, row, Action.RETURN, marks={"phone": "长" * 201})
    assert "最多 200 字" in refusal.value.fields["r_phone"]


# --- amounts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "fen"), [("49999.99", 4_999_999), ("0.01", 1), ("50,000.00", 5_000_000), ("", 5_000_000)]
)
def test_the_reviewed_amount_is_exact_to_the_fen_and_held(session: Session, typed: str, fen: int):
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    row = redemption.received(session, of)
    row = decide(session, staff, row, Action.APPROVE)
    row = decide(
        session, staff, row, Action.APPROVE, payload={"reviewed": typed, "reviewed_reason": "按发票核减"}
    )
    assert row.reviewed_fen == row.held_fen == redemption.grant_of(session, row).amount_fen == fen
    budget = session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == of.id)).one()
    session.refresh(budget)
    assert budget.held_fen == fen
    last = policy_review.amounts(session, row.id)[-1]
    if typed and fen != 5_000_000:
        assert last.kind == "审核金额" and last.reason == "按发票核减" and "赵审核" in last.who


@pytest.mark.parametrize("typed", ["0", "-1", "50000.01", "0.001", "1e5", "NaN", "=1+1", "一万", "1" * 40])
def test_hostile_amounts_are_refused(session: Session, typed: str):
    staff = factories.staff(session)
    row = redemption.received(session, redemption.policy(session, staff))
    with pytest.raises(FormInvalid) as refusal:
        decide(session, staff, row, Action.APPROVE, payload={"reviewed": typed, "reviewed_reason": "x"})
    assert refusal.value.fields.keys() == {"reviewed"}


def test_another_amount_needs_its_reason(session: Session):
    staff = factories.staff(session)
    row = redemption.received(session, redemption.policy(session, staff))
    with pytest.raises(FormInvalid) as refusal:
        decide(session, staff, row, Action.APPROVE, payload={"reviewed": "100"})
    assert "reviewed_reason" in refusal.value.fields


def test_nobody_is_granted_more_than_was_asked(session: Session):
    staff = factories.staff(session)
    row = redemption.received(session, redemption.policy(session, staff), asked="10000")
    with pytest.raises(FormInvalid) as refusal:
        payload = {"reviewed": "10000.01", "reviewed_reason": "按系统计算金额"}
        decide(session, staff, row, Action.APPROVE, payload=payload)
    assert "不超过申请金额 10,000.00 元" in refusal.value.fields["reviewed"]
    payload = {"reviewed": "9000", "reviewed_reason": "核减"}
    row = decide(session, staff, row, Action.APPROVE, payload=payload)
    # The next stage may go back to what was asked.
    payload = {"reviewed": "10000", "reviewed_reason": "恢复"}
    assert decide(session, staff, row, Action.APPROVE, payload=payload).reviewed_fen == 1_000_000


# --- many at once -------------------------------------------------------------------------------------


def test_a_bulk_approval_runs_the_same_checks_row_by_row(session: Session):
    staff, other = factories.staff(session, "甲"), factories.staff(session, "乙")
    of = redemption.policy(session, staff)
    good, taken, closed, marked, foreign = (redemption.received(session, of) for _ in range(5))
    policy_queue.take(session, other, taken.id or 0)
    session.exec(select(User).where(User.org_id == closed.org_id)).one().disabled_at = clock.now()
    policy_review.save_marks(session, staff, marked.id or 0, {"phone": "打不通"})
    foreign = decide(session, staff, foreign, Action.REJECT, comment="不符合")
    session.flush()
    seen = {
        r.id: policy_bulk.foresee(session, staff, r.id or 0) for r in (good, taken, closed, marked, foreign)
    }
    assert [seen[r.id].ok for r in (good, taken, closed, marked, foreign)] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert "已由其他工作人员领取" in seen[taken.id].text and "停用" in seen[closed.id].text
    assert redemption.fresh(session, good).stage == 0, "looking ahead writes nothing"
    for row in (taken, closed, marked, foreign):
        with pytest.raises(DomainError):
            policy_bulk.approve_one(session, staff, row.id or 0, seen[row.id].version, "同意")
    done = policy_bulk.approve_one(session, staff, good.id or 0, seen[good.id].version, "同意")
    assert done.ok and redemption.fresh(session, good).stage == 1
    with pytest.raises(Conflict):
        policy_bulk.approve_one(session, staff, good.id or 0, seen[good.id].version, "同意")


def test_a_doubtful_application_is_approved_only_with_an_opinion(session: Session):
    staff = factories.staff(session)
    row = redemption.received(session, redemption.policy(session, staff))
    session.exec(select(User).where(User.org_id == row.org_id)).one().disabled_at = clock.now()
    session.flush()
    with pytest.raises(FormInvalid, match="说明理由"):
        decide(session, staff, row, Action.APPROVE)
    assert decide(session, staff, row, Action.APPROVE, comment="已电话核实").stage == 1


def test_the_overview_counts_where_everything_stands(session: Session):
    staff = factories.staff(session)
    of = redemption.policy(session, staff, budget="100")
    rows = [redemption.received(session, of) for _ in range(5)]
    redemption.approve(session, staff, rows[0])
    decide(session, staff, rows[1], Action.APPROVE)
    decide(session, staff, rows[2], Action.RETURN, marks={"phone": "打不通"})
    decide(session, staff, rows[3], Action.REJECT, comment="不符合")
    [found] = [r for r in policy_overview.listing(session, staff)[0] if r.id == of.id]
    assert (found.formal, found.business, found.returned, found.approved, found.rejected) == (1, 1, 1, 1, 1)
    assert (found.total, found.late, found.asked, found.granted) == (5, 0, "250,000.00", "50,000.00")
    assert (found.held, found.budget, found.paid) == ("200,000.00", "1,000,000.00", "0.00")
    clock.shift(timedelta(days=40))
    assert policy_overview.listing(session, staff)[0][0].late == 2


def test_people_of_every_stage_hold_its_permission():
    from cpegi_app.services import policy_people

    assert set(policy_people.PERMISSION) == set(PolicyStage)
