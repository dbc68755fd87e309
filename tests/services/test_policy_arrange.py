"""办理安排 holds for what was begun: who acts at a stage, when grants are redeemed, though the policy is stopped (manual §8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, Notice, Policy, User
from cpegi_app.services import (
    notices,
    policy,
    policy_arrange,
    policy_claim,
    policy_people,
    policy_publicity,
    policy_queue,
    policy_review,
    staff,
)
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import PolicyStage
from tests import factories, policies, redemption
from tests.policies import fresh


def day(days: int) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()


def heads(session: Session, who: Actor) -> list[str]:
    return list(session.exec(select(Notice.title).where(Notice.user_id == who.user_id)))


def stopped(session: Session, boss: Actor, of: Policy) -> Policy:
    session.refresh(of)
    policy.stop(session, boss, of.id or 0, of.version, "资金调整")
    session.refresh(of)
    return of


def waiting(session: Session, who: Actor) -> list[int]:
    return [r.id for r in policy_queue.listing(session, who, filters={"stage": "FORMAL"})[0]]


def begun(session: Session, boss: Actor, named: Actor) -> tuple[Policy, Any]:
    of = policies.published(session, boss, people_FORMAL=str(named.user_id))
    row = policies.sent(session, factories.member(session), of)
    policy_queue.take(session, named, row.id or 0)
    return of, row


def test_who_is_named_anew_takes_over_what_was_begun(session: Session):
    boss, gone, new = (factories.staff(session, n) for n in ("政策", "离职", "接任"))
    of, row = begun(session, boss, gone)
    assert waiting(session, new) == []
    staff.disable(session, boss, gone.user_id, "离职")
    of = stopped(session, boss, of)
    values = {"people_FORMAL": str(new.user_id)}
    policy_arrange.arrange(session, boss, of.id or 0, of.version, values)
    assert waiting(session, new) == [row.id]
    row = fresh(session, row)
    assert (row.assignee_id, row.people["FORMAL"]) == (None, [new.user_id])
    policy_review.decide(session, new, row.id or 0, Action.APPROVE, row.version)
    assert fresh(session, row).stage == 1
    assert any(h.startswith("由您办理形式审查") for h in heads(session, new))


def test_a_stage_whose_people_are_gone_is_open_to_everybody_until_they_are_back(session: Session):
    boss, gone, other = (factories.staff(session, n) for n in ("政策", "离职", "同事"))
    stages = ("FORMAL", "BUSINESS", "REDEMPTION", "FINANCE")
    of = redemption.policy(session, boss, **{f"people_{s}": str(gone.user_id) for s in stages})
    row = policies.sent(session, factories.member(session), of)
    session.get_one(User, gone.user_id).disabled_at = clock.now()
    session.flush()
    assert waiting(session, other) == [row.id]
    # What comes in reaches somebody, whatever way the account was closed.
    late = policies.sent(session, factories.member(session), of)
    assert any(h.startswith("待办：政策申请") for h in heads(session, other))
    redemption.approve(session, other, late)
    redemption.publish(session, other, of)
    session.get_one(User, gone.user_id).disabled_at = None
    session.flush()
    assert waiting(session, other) == []
    assert not policy_people.policies(session, other, PolicyStage.FINANCE)
    # The staff read at once which stages nobody named is left for.
    staff.disable(session, boss, gone.user_id, "离职")
    query = select(Notice.text).where(Notice.user_id == other.user_id, col(Notice.title).contains("离职"))
    assert f"“{of.name}”的形式审查、业务审核、兑现审核、财务拨付" in session.exec(query).one()
    assert policy_people.policies(session, other, PolicyStage.FINANCE) == [of.id]


def test_a_new_version_names_people_for_earlier_applications_too(session: Session):
    boss, first, second = (factories.staff(session) for _ in range(3))
    of, row = begun(session, boss, first)
    values = of.draft["values"] | {"people_FORMAL": str(second.user_id)}
    policy.save(session, boss, of.id or 0, of.version, values)
    session.refresh(of)
    policy.publish(session, boss, of.id or 0, of.version)
    assert waiting(session, first) == [] and waiting(session, second) == [row.id]
    with pytest.raises(Forbidden):
        policy_queue.take(session, first, row.id or 0)
    # What comes back from a correction waits with those named now.
    policy_review.decide(
        session, second, row.id or 0, Action.RETURN, fresh(session, row).version, marks={"phone": "打不通"}
    )
    row = fresh(session, row)
    assert row.status == Status.RETURNED and row.people["FORMAL"] == [second.user_id]
    # Nobody's bell goes on ringing for it, whoever was named when it came in.
    assert [notices.unread_count(session, who) for who in (first, second)] == [0, 1]
    assert (
        session.exec(select(Notice.title).where(Notice.user_id == second.user_id))
        .one()
        .startswith("由您办理")
    )


def test_redemption_of_a_stopped_policy_can_be_fixed(session: Session):
    boss, owner = factories.staff(session), factories.member(session)
    of = redemption.policy(session, boss, redeem_opens_on="", redeem_closes_on="")
    [grant] = redemption.confirmed(session, boss, of, redemption.received(session, of, owner))
    of = stopped(session, boss, of)
    for wrong in ({"redeem_opens_on": day(3)}, {"redeem_opens_on": day(3), "redeem_closes_on": day(1)}):
        with pytest.raises(FormInvalid):
            policy_arrange.arrange(session, boss, of.id or 0, of.version, wrong)
    right = {"redeem_opens_on": day(0), "redeem_closes_on": day(30)}
    policy_arrange.arrange(session, boss, of.id or 0, of.version, right)
    assert policy_claim.start(session, owner, grant.id or 0).id
    assert any(h.startswith("兑现时间：") for h in heads(session, owner))


def test_what_is_not_right_is_refused(session: Session):
    boss, owner = factories.staff(session), factories.member(session)
    of = policies.published(session, boss)
    with pytest.raises(Conflict, match="没有停止受理"):
        policy_arrange.arrange(session, boss, of.id or 0, of.version, {})
    of = stopped(session, boss, of)
    for who in (owner, factories.regulator(session)):
        with pytest.raises(Forbidden):
            policy_arrange.arrange(session, who, of.id or 0, of.version, {})
    with pytest.raises(FormInvalid) as refusal:
        policy_arrange.arrange(session, boss, of.id or 0, of.version, {"people_FINANCE": str(owner.user_id)})
    assert set(refusal.value.fields) == {"people_FINANCE"}
    with pytest.raises(Conflict):
        policy_arrange.arrange(session, boss, of.id or 0, of.version - 1, {})


def test_the_trail_tells_that_other_people_were_named(session: Session):
    boss, gone, new = (factories.staff(session, n) for n in ("政策", "离职", "接任"))
    of, row = begun(session, boss, gone)
    of = stopped(session, boss, of)
    policy_arrange.arrange(session, boss, of.id or 0, of.version, {"people_FORMAL": str(new.user_id)})
    last = policy_review.moves(session, row.id or 0)[-1]
    assert (last.kind, last.who, last.amount) == ("形式审查 · 退回待领", "政策", "")
    assert "办理人员" in last.reason
    query = select(AuditEntry.detail).where(AuditEntry.action == "policy.arrange")
    assert session.exec(query).one() == f"{of.name}：形式审查由“离职”改为“接任”"
    window = {"redeem_opens_on": "2030-01-01", "redeem_closes_on": "2030-01-31"}
    policy_arrange.arrange(session, boss, of.id or 0, of.version, window | {"people_FORMAL": ""})
    told = session.exec(query.order_by(col(AuditEntry.id).desc())).first() or ""
    assert "形式审查由“接任”改为“不限”；兑现时间由“时间待定”改为“2030-01-01" in told


def test_who_is_named_for_redemptions_reads_that_some_wait(session: Session):
    boss, first, new = (factories.staff(session) for _ in range(3))
    owner = factories.member(session)
    grant = redemption.granted(session, owner, boss, people_REDEMPTION=str(first.user_id))
    claim = redemption.claim(session, owner, grant)
    of = stopped(session, boss, session.get_one(Policy, grant.policy_id))
    values = of.draft["values"] | {"people_REDEMPTION": str(new.user_id)}
    policy_arrange.arrange(session, boss, of.id or 0, of.version, values)
    assert any(h.startswith("由您办理兑现审核") for h in heads(session, new))
    assert redemption.checked(session, new, claim).status == Status.APPROVED


def test_what_is_decided_follows_the_people_named_now(session: Session):
    """A decided application is frozen, yet its papers, its trail and its redemption are somebody's work."""
    boss, first, new = (factories.staff(session) for _ in range(3))
    owner = factories.member(session)
    named = {f"people_{s}": str(first.user_id) for s in ("FORMAL", "BUSINESS", "REDEMPTION")}
    grant = redemption.granted(session, owner, first, **named)
    of = session.get_one(Policy, grant.policy_id)
    assert policy_queue.counts(session, new)[0].count == 0
    values = of.draft["values"] | {k: str(new.user_id) for k in named}
    policy.save(session, boss, of.id or 0, of.version, values)
    session.refresh(of)
    policy.publish(session, boss, of.id or 0, of.version)
    [entry] = policy_publicity.entries(session, new, grant.publicity_id or 0)[0]
    assert entry.application.endswith(f"/{grant.application_id}")
    assert policy_review.desk(session, new, grant.application_id).org == grant.org_name
    with pytest.raises(NotFound):
        policy_review.desk(session, first, grant.application_id)
    claim = redemption.claim(session, owner, grant)
    assert redemption.checked(session, new, claim).status == Status.APPROVED


def test_the_queue_of_who_is_named_anew_is_counted_anew(session: Session):
    boss, first, second = (factories.staff(session) for _ in range(3))
    of = policies.published(session, boss, people_FORMAL=str(first.user_id))
    policies.sent(session, factories.member(session), of)
    assert [policy_queue.counts(session, who)[0].count for who in (first, second)] == [1, 0]
    # Long enough for what was counted to stay counted: no row of the list changes.
    redemption.days_pass(0.02)
    assert [policy_queue.counts(session, who)[0].count for who in (first, second)] == [1, 0]
    redemption.days_pass(0.02)
    of = stopped(session, boss, of)
    policy_arrange.arrange(session, boss, of.id or 0, of.version, {"people_FORMAL": str(second.user_id)})
    assert [policy_queue.counts(session, who)[0].count for who in (first, second)] == [0, 1]
