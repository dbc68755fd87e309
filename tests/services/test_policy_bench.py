"""What the 工作台 and the menu say of policies and of approved applications, to whom it waits for and to nobody else."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import (
    CLAIM_QUEUE,
    PAYMENT_BATCHES,
    POLICY_APPLICATION,
    POLICY_CLAIM,
    POLICY_CLAIMS,
    POLICY_QUEUE,
    POLICY_REVIEW,
    POLICY_START,
    PUBLICITIES,
    REQUEST,
    Actor,
)
from cpegi_app.services import dashboard, policy_publicity, policy_queue
from cpegi_app.vocabulary import Action, Kind, Status
from tests import factories, policies, redemption, worlds


def todos(session: Session, who: Actor) -> list[tuple[str, str, str]]:
    return [(t.tag, t.action, t.href) for t in dashboard.bench(session, who).todos]


def waiting(session: Session, who: Actor) -> dict[str, int]:
    return {route: count for route, count in dashboard.waiting_counts(session, who).items() if count}


def test_an_application_waits_with_whoever_acts_at_its_stage(session: Session):
    world = worlds.policy_world(session)
    world.act(session, Action.SUBMIT)
    review = ("政策申请", "办理", POLICY_REVIEW.url(aid=world.row_id))
    assert world.second
    assert todos(session, world.reviewer) == [review] and todos(session, world.second) == []
    assert waiting(session, world.reviewer) == {POLICY_QUEUE.route: 1}
    assert waiting(session, world.second) == {}
    tiles = {t.label: t.value for t in dashboard.bench(session, world.reviewer).tiles}
    assert (tiles["全部待办理"], tiles["政策形式审查"], tiles["政策业务审核"]) == ("1", "1", "0")
    policy_queue.take(session, world.reviewer, world.row_id)
    assert todos(session, world.reviewer) == [review]
    world.act(session, Action.APPROVE)
    assert todos(session, world.reviewer) == [] and todos(session, world.second) == [review]


def test_what_a_colleague_has_taken_is_counted_but_not_offered(session: Session):
    reviewer, colleague, owner = (
        factories.staff(session),
        factories.staff(session),
        factories.member(session),
    )
    row = policies.sent(session, owner, policies.published(session, reviewer))
    policy_queue.take(session, colleague, row.id or 0)
    assert todos(session, reviewer) == [] and len(todos(session, colleague)) == 1
    assert waiting(session, reviewer) == {POLICY_QUEUE.route: 1}


def test_who_qualifies_sees_that_a_policy_has_opened(session: Session):
    firm, bank = factories.member(session), factories.member(session, Kind.DEBT)

    def told(who: Actor) -> list[tuple[str, str]]:
        tiles = dashboard.bench(session, who).tiles
        return [(t.value, t.href) for t in tiles if t.label == "正在受理的奖补政策"]

    assert told(firm) == [("0", POLICY_START.route)]
    coming = str(clock.today() + timedelta(days=3))
    policies.published(session, kinds="ENTERPRISE")
    policies.published(session, kinds="ENTERPRISE", opens_on=coming)
    assert [told(who) for who in (firm, bank)] == [[("1", POLICY_START.route)], [("0", POLICY_START.route)]]
    redemption.days_pass(4)
    assert told(firm) == [("2", POLICY_START.route)] and told(factories.regulator(session)) == []


def test_what_came_back_waits_with_the_applicant(session: Session):
    world = worlds.policy_world(session).bring_to(session, Status.RETURNED)
    href = POLICY_APPLICATION.url(aid=world.row_id)
    assert todos(session, world.owner) == [("政策申请需补正", "补正", href)]
    assert todos(session, factories.member(session)) == []


def test_a_grant_can_be_followed_from_the_publication_to_the_payment(session: Session):
    staff, owner = factories.staff(session), factories.member(session)
    of = redemption.policy(session, staff)
    row = redemption.received(session, of, owner)
    assert waiting(session, staff) == {POLICY_QUEUE.route: 1}
    redemption.approve(session, staff, row)
    assert waiting(session, staff) == {PUBLICITIES.route: 1}
    publicity = redemption.publish(session, staff, of)
    assert waiting(session, staff) == {} and todos(session, owner) == []
    redemption.days_pass(6)
    policy_publicity.confirm(session, staff, publicity)
    grant = redemption.fresh(session, redemption.grant_of(session, row))
    assert todos(session, owner) == [("政策兑现", "申请兑现", POLICY_CLAIMS.route)]
    begun = redemption.begun(session, owner, grant)
    assert todos(session, owner) == [("兑现申请未提交", "继续填写", POLICY_CLAIM.url(cid=begun.id))]
    claim = redemption.claim(session, owner, grant)
    assert todos(session, owner) == []
    assert waiting(session, staff) == {CLAIM_QUEUE.route: 1}
    assert [t[0] for t in todos(session, staff)] == ["兑现申请"]
    redemption.checked(session, staff, claim)
    assert waiting(session, staff) == {PAYMENT_BATCHES.route: 1}
    assert todos(session, staff) == []


def test_an_approved_application_waits_for_its_payment_with_the_bank(session: Session):
    bank = factories.member(session, Kind.DEBT)
    world = worlds.application_world(session, bank).bring_to(session, Status.APPROVED)
    want = ("待放款", "放款", REQUEST.url(aid=world.row_id))
    assert want in todos(session, bank)
    assert want not in todos(session, world.owner) + todos(session, factories.member(session, Kind.DEBT))
    worlds.disbursement_world(session, world).bring_to(session, Status.PENDING)
    assert want not in todos(session, bank)
