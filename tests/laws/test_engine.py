"""The review engine's law: a button is offered exactly where the action is accepted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from sqlmodel import Session

from cpegi_app.access import Actor, Permission
from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.services import review, review_draft, review_view, verification
from cpegi_app.services.review import FLOWS, PLATFORM, Flow, Stage
from cpegi_app.vocabulary import Action, Kind, Status
from tests import factories, worlds
from tests.laws.test_static import calls, place, sources
from tests.worlds import REASON_NEEDED, WORLDS, World

FIRST = Stage(
    "party", "项目方确认", Permission.APPLICATION_REVIEW, lambda actor, row: actor.kind is Kind.DEBT
)


def two_stages(session: Session) -> World:
    """Return a verification that a debt institution confirms before the platform decides."""
    world = worlds.verification_world(session)
    decisions = (Action.APPROVE, Action.RETURN, Action.REJECT)
    world.flow = dataclasses.replace(verification.VERIFY, stages=(FIRST, PLATFORM), decisions=decisions)
    world.reviewer = factories.member(session, Kind.DEBT)
    return world


def second_stage(session: Session) -> World:
    """Return the same, confirmed by the institution: the platform is next."""
    world = two_stages(session)
    world.act(session, Action.SUBMIT)
    world.act(session, Action.APPROVE)
    world.reviewer = factories.staff(session)
    return world


# What was returned may be given up, and a draft that was never sent deleted; said once more, beside the flows.
DELETED = {
    "profile_change",
    "product",
    "application",
    "disbursement",
    "equity_project",
    "investment",
    "offline_loan",
    "report",
}
GIVEN_UP = DELETED | {"policy_application"}

# (flow, which stage) → how its draft is made; every registered flow is here by itself.
CASES: dict[str, Callable[[Session], World]] = {**WORLDS, "two_stages": two_stages}


def people(session: Session, world: World) -> dict[str, Actor]:
    """Return every kind of actor, seen from the row."""
    owner_kind = world.owner.kind
    others = {f"another {kind.value}": factories.member(session, kind) for kind in Kind}
    return {
        "owner": world.owner,
        "colleague": dataclasses.replace(
            factories.colleague(session, world.owner), verified=world.owner.verified
        ),
        "owner, unverified": factories.unverified(world.owner),
        "reviewer": world.reviewer,
        "reviewer, unverified": factories.unverified(world.reviewer),
        "another of the owner's kind, unverified": factories.member(session, owner_kind, verified=False),
        "staff": factories.staff(session),
        "regulator": factories.regulator(session),
        "newcomer": factories.member(session, None),
        "stranger": factories.stranger(),
        **others,
    }


def expected(world: World, status: Status, stage: int, who: str, actor: Actor) -> set[Action]:
    """Say, independently of the engine, what the actor may do."""
    flow, found = world.flow, set()
    owns = who in ("owner", "colleague", "owner, unverified")
    if owns and flow.submit in actor.grants:
        found |= {Action.SUBMIT} if status in (Status.DRAFT, Status.RETURNED) else set()
        found |= {Action.WITHDRAW} if status is Status.PENDING and stage == 0 else set()
        found |= {Action.WITHDRAW} if status is Status.RETURNED and flow.name in GIVEN_UP else set()
    decider = flow.stages[stage]
    if decider is PLATFORM:
        decides = who in ("staff",) or (who.startswith("reviewer") and actor.role == "STAFF")
    elif decider.permission is Permission.POLICY_REVIEW:
        # The people whom the policy names for the stage.
        decides = who.startswith("reviewer") and (stage == 0 or world.second is None)
    elif decider is FIRST:
        decides = actor.kind is Kind.DEBT and actor.verified
    else:
        decides = who == "reviewer"
    return found | (set(flow.decisions) if decides and status is Status.PENDING else set())


def attempt(session: Session, world: World, actor: Actor, action: Action, **more) -> str:
    """Try an action and take it back; return the refusal, empty when accepted."""
    return refused(session, lambda: world.act(session, action, actor, **more))


def discarded(session: Session, world: World, actor: Actor, version: int) -> str:
    """Try to delete the draft and take it back; return the refusal, empty when accepted."""
    return refused(session, lambda: review_draft.discard(session, world.flow, actor, world.row_id, version))


def refused(session: Session, call: Callable[[], object]) -> str:
    """Try something inside a savepoint that is always taken back; return the refusal, empty when accepted."""
    point = session.begin_nested()
    try:
        call()
        session.flush()
        return ""
    except DomainError as refusal:
        return refusal.message
    finally:
        point.rollback()
        session.expire_all()


def check(session: Session, world: World) -> int:
    """Compare buttons, engine and expectation for every actor and action; return how many were compared."""
    row = world.row(session)
    status, stage, version = Status(row.status), row.stage, row.version
    everybody = people(session, world)
    for who, actor in everybody.items():
        offered = review.allowed(world.flow, world.row(session), actor)
        assert set(offered) == expected(world, status, stage, who, actor), (who, status)
        for action in Action:
            refusal = attempt(session, world, actor, action, version=version)
            assert (refusal == "") == (action in offered), (who, status, action, refusal)
            assert not refusal or refusal.endswith("。"), refusal
        deletes = review_draft.may_discard(world.flow, world.row(session), actor)
        owns = who in ("owner", "colleague", "owner, unverified") and world.flow.submit in actor.grants
        unsent = status is Status.DRAFT and world.row(session).submitted_at is None
        assert deletes == (owns and unsent and world.flow.name in DELETED), (who, status)
        assert deletes == (not discarded(session, world, actor, version)), (who, status)
    return len(everybody) * len(Action)


def reachable(flow: Flow, status: Status) -> bool:
    """Tell whether a flow has a way to a status."""
    return status is not Status.REJECTED or Action.REJECT in flow.decisions


def test_every_registered_flow_is_under_the_law():
    assert set(FLOWS) == set(WORLDS)


# What the law says hangs on no database; that the engine's statements do what they should on either, three flows show.
EITHER = ("verification", "policy_application", "two_stages")
ON = [("sqlite", name) for name in CASES] + [("postgresql", name) for name in EITHER]


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize(("session", "name"), ON, indirect=["session"])
def test_a_button_is_offered_exactly_where_the_action_is_accepted(
    session: Session, name: str, status: Status
):
    world = CASES[name](session)
    if not reachable(world.flow, status):
        assert all(
            to is not status or action not in world.flow.decisions for (_, action), to in review.MOVES.items()
        )
        return
    if name == "two_stages" and status is Status.APPROVED:
        world = second_stage(session)
        world.act(session, Action.APPROVE)
    else:
        world.bring_to(session, status)
    assert check(session, world) == 70


def test_the_second_stage_belongs_to_its_own_party(session: Session):
    world = second_stage(session)
    assert world.row(session).stage == 1
    check(session, world)


@pytest.mark.parametrize("name", [f.name for f in FLOWS.values() if len(f.stages) > 1])
def test_the_second_stage_of_a_registered_flow_is_under_the_law_too(session: Session, name: str):
    """Neither party skips the other: the first has no button at the second stage, the second none at the first."""
    world = WORLDS[name](session).bring_to(session, Status.PENDING)
    assert world.second is not None
    assert review.allowed(world.flow, world.row(session), world.second) == ()
    world.act(session, Action.APPROVE)
    row = world.row(session)
    assert (row.status, row.stage) == (Status.PENDING, 1)
    assert review.allowed(world.flow, row, world.reviewer) == ()
    check(session, world)
    world.act(session, Action.RETURN)
    world.act(session, Action.SUBMIT)
    assert world.row(session).stage == 0


def test_a_row_of_two_stages_is_approved_by_both_in_turn(session: Session):
    world = second_stage(session)
    row = world.row(session)
    assert (row.status, row.stage) == (Status.PENDING, 1)
    world.act(session, Action.APPROVE)
    assert world.row(session).status == Status.APPROVED
    events = review_view.history(session, world.flow.name, world.row_id)
    assert [(e.action, e.stage) for e in events] == [
        ("SUBMIT", ""),
        ("APPROVE", "party"),
        ("APPROVE", "platform"),
    ]


def test_a_returned_row_begins_again_at_the_first_stage(session: Session):
    world = second_stage(session)
    world.act(session, Action.RETURN)
    world.act(session, Action.SUBMIT)
    assert world.row(session).stage == 0


@pytest.mark.parametrize("name", list(WORLDS))
def test_a_withdrawn_row_is_a_draft_again(session: Session, name: str):
    world = WORLDS[name](session).bring_to(session, Status.PENDING)
    world.act(session, Action.WITHDRAW)
    assert world.row(session).status == Status.DRAFT
    assert set(review.allowed(world.flow, world.row(session), world.owner)) == {Action.SUBMIT}


@pytest.mark.parametrize("name", list(CASES))
def test_a_return_and_a_rejection_demand_a_reason(session: Session, name: str):
    world = CASES[name](session).bring_to(session, Status.PENDING)
    for action in REASON_NEEDED:
        for blank in ("", "   ", "\u200b\u3000\n"):
            if action not in world.flow.decisions:
                assert "不支持" in attempt(session, world, world.reviewer, action, comment=blank)
                continue
            with pytest.raises(FormInvalid) as refusal:
                world.act(session, action, comment=blank)
            assert "原因" in refusal.value.fields["comment"]
    assert world.row(session).status == Status.PENDING


@pytest.mark.parametrize("name", sorted(n for n, f in FLOWS.items() if f.discards))
def test_no_draft_ever_bears_the_number_of_one_that_was_deleted(session: Session, name: str):
    first = WORLDS[name](session)
    review_draft.discard(session, first.flow, first.owner, first.row_id, first.row(session).version)
    assert WORLDS[name](session).row_id > first.row_id


def test_every_draft_that_can_be_deleted_is_begun_at_the_one_place_that_knows_the_numbers():
    models = {flow.model.__name__ for flow in FLOWS.values() if flow.discards}
    assert len(models) == len(DELETED)
    made = [place(p, node) for p in sources("cpegi_app") for node, name in calls(p) if name in models]
    assert made == []
