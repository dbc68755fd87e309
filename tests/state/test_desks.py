"""A reviewer's open desk: what comes back is decided anew, what is taken back is said, whatever the chapter."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from cpegi_app import access, db
from cpegi_app.models import ReviewEvent
from cpegi_app.services import (
    application,
    disbursement,
    files,
    investment,
    offline_loan,
    policy_application,
    policy_claim,
    product,
    review,
    sessions,
)
from cpegi_app.state.application import RequestState
from cpegi_app.state.investment import ConfirmState
from cpegi_app.state.offline_review import FilingReviewState
from cpegi_app.state.policy_claim import ClaimReviewState
from cpegi_app.state.policy_desk import PolicyReviewState
from cpegi_app.state.review import ReviewState
from cpegi_app.vocabulary import Action, FileSlot
from tests import factories
from tests.state.cast import Cast
from tests.state.rig import Rig, running
from tests.state.test_live import arrivals, pumping

# Screen, its state, the flow, and the argument of the address that names the row.
DESKS: dict[str, tuple[access.Screen, Any, Any, str]] = {
    "application": (access.REQUEST, RequestState, application.FLOW, "aid"),
    "product": (access.REVIEW, ReviewState, product.FLOW, "rid"),
    "claim": (access.CLAIM_REVIEW, ClaimReviewState, policy_claim.FLOW, "cid"),
    "filing": (access.FILING_REVIEW, FilingReviewState, offline_loan.FLOW, "bid"),
}


def move(flow: Any, row_id: int, action: Action) -> None:
    """Let the submitter send the thing again or take it back, as another tab would."""
    with db.transaction() as session:
        row = session.get_one(flow.model, row_id)
        actor = sessions.actor_of(session, sessions.open_session(session, row.submitted_by or 0))
        assert actor is not None
        values = {"data": row.data} if action is Action.SUBMIT else None
        review.act(session, flow, actor, row_id, action, row.version, values=values)


def returns(flow: Any, row_id: int) -> list[str]:
    """Return the words of every 退回 of the row."""
    with db.reading() as session:
        wanted = select(ReviewEvent).where(ReviewEvent.flow == flow.name, ReviewEvent.subject_id == row_id)
        found = session.exec(wanted.order_by(ReviewEvent.id)).all()  # pyright: ignore[reportArgumentType]
        return [e.comment for e in found if e.action == Action.RETURN]


async def send_back(rig: Rig, desk: str, how: dict[str, Any], comment: str) -> str:
    """Press 退回 at the desk; return what the message bar says."""
    _, state, _, _ = DESKS[desk]
    data = {"intent": "return", "comment": comment}
    reply = await rig.send(f"{state.get_full_name()}.decide", {"data": data}, tab="desk", **how)
    return reply.said


@pytest.mark.parametrize("desk", DESKS)
async def test_what_is_sent_again_is_returned_again_from_the_same_open_desk(cast: Cast, desk: str):
    screen, cls, flow, name = DESKS[desk]
    who, params = cast.rows[screen]
    row_id = params[name]
    how = {"sid": cast.people[who].sid, "path": screen.url(**params), "params": params}
    async with running() as rig:
        await rig.open(screen, sid=how["sid"], tab="desk", **params)
        state = await rig.state("desk", cls)
        await send_back(rig, desk, how, "请补充第一份材料")
        done = getattr(state, "done", "") or getattr(state, "decided", "")
        assert done, "the desk says what was decided"
        async with pumping(rig, "desk") as pump:
            move(flow, row_id, Action.SUBMIT)
            await arrivals(rig, pump, "desk")
        assert not (getattr(state, "done", "") or getattr(state, "decided", "")), "it is no longer decided"
        await send_back(rig, desk, how, "请补充第二份材料")
        assert returns(flow, row_id) == ["请补充第一份材料", "请补充第二份材料"]
        assert rig.unforeseen == []


@pytest.mark.parametrize("desk", DESKS)
async def test_what_is_taken_back_is_said_at_the_open_desk_and_comes_back_to_it(cast: Cast, desk: str):
    screen, cls, flow, name = DESKS[desk]
    who, params = cast.rows[screen]
    row_id, sid = params[name], cast.people[who].sid
    how = {"sid": sid, "path": screen.url(**params), "params": params}
    async with running() as rig:
        await rig.open(screen, sid=sid, tab="desk", **params)
        state = await rig.state("desk", cls)
        move(flow, row_id, Action.WITHDRAW)
        assert "撤回" in await send_back(rig, desk, how, "请补充材料")
        assert "“撤回”" in state.withdrawn and "不再等待办理" in state.withdrawn
        # Who comes by the address from an old notice reads the same, not an empty page.
        await rig.open(screen, sid=sid, tab="later", **params)
        later = await rig.state("later", cls)
        assert later.withdrawn == state.withdrawn and getattr(later, "loaded", True)
        async with pumping(rig, "desk", "later") as pump:
            move(flow, row_id, Action.SUBMIT)
            await arrivals(rig, pump, "desk", "later")
        for found in (state, later):
            assert found.withdrawn == ""
            view = found.desk.view if hasattr(found, "desk") else found.view
            assert view.can_return
        await send_back(rig, desk, how, "请补充材料")
        assert returns(flow, row_id) == ["请补充材料"]
        assert rig.unforeseen == []


async def test_the_project_side_reads_that_a_filing_was_taken_back_and_gets_it_again(cast: Cast):
    """The institution takes it back and sends it anew, while one tab has it open and another opens it meanwhile."""
    who, params = cast.rows[access.CONFIRM]
    flow, row_id, sid = investment.FLOW, params["iid"], cast.people[who].sid
    how = {"sid": sid, "path": access.CONFIRM.url(**params), "params": params}
    async with running() as rig:
        await rig.open(access.CONFIRM, sid=sid, tab="desk", **params)
        state = await rig.state("desk", ConfirmState)
        assert state.case.can_confirm
        move(flow, row_id, Action.WITHDRAW)
        reply = await rig.send(f"{ConfirmState.get_full_name()}.confirm", {}, tab="desk", **how)
        assert "撤回" in reply.said and "“撤回”" in state.withdrawn
        await rig.open(access.CONFIRM, sid=sid, tab="later", **params)
        later = await rig.state("later", ConfirmState)
        assert later.withdrawn == state.withdrawn
        async with pumping(rig, "desk", "later") as pump:
            move(flow, row_id, Action.SUBMIT)
            await arrivals(rig, pump, "desk", "later")
        assert all(found.withdrawn == "" and found.case.can_confirm for found in (state, later))
        assert rig.unforeseen == []


async def test_a_policy_application_opened_after_it_was_taken_back_comes_back_to_its_desk(cast: Cast):
    who, params = cast.rows[access.POLICY_REVIEW]
    flow, row_id, sid = policy_application.FLOW, params["aid"], cast.people[who].sid
    move(flow, row_id, Action.WITHDRAW)
    async with running() as rig:
        await rig.open(access.POLICY_REVIEW, sid=sid, tab="late", **params)
        late = await rig.state("late", PolicyReviewState)
        assert "“撤回”" in late.withdrawn
        async with pumping(rig, "late") as pump:
            move(flow, row_id, Action.SUBMIT)
            await arrivals(rig, pump, "late")
        assert (late.withdrawn, late.desk.view.id) == ("", row_id) and late.desk.view.can_return
        assert rig.unforeseen == []


@pytest.mark.parametrize("desk", DESKS)
async def test_what_was_written_of_the_submission_before_is_not_found_in_the_form_of_the_next(
    cast: Cast, desk: str
):
    screen, cls, flow, name = DESKS[desk]
    who, params = cast.rows[screen]
    row_id, sid = params[name], cast.people[who].sid
    async with running() as rig:
        await rig.open(screen, sid=sid, tab="desk", **params)
        state = await rig.state("desk", cls)
        before, form = _view(state).sent, state.form_key
        assert before, "the draft of the opinion is named by the submission"
        # Taken back and sent again between two looks of the open desk.
        async with pumping(rig, "desk") as pump:
            move(flow, row_id, Action.WITHDRAW)
            move(flow, row_id, Action.SUBMIT)
            await arrivals(rig, pump, "desk")
        if desk != "filing":
            assert _view(state).sent > before and state.form_key != form
        else:
            # Its rows are kept as they are read; what is decided on them is refused, and then they are read anew.
            how = {"sid": sid, "path": screen.url(**params), "params": params}
            assert "被更新" in await send_back(rig, desk, how, "请补充材料")
            assert _view(state).sent > before
        assert rig.unforeseen == []


@pytest.mark.parametrize("desk", DESKS)
async def test_the_head_of_what_was_taken_back_says_which_one_it_was(cast: Cast, desk: str):
    screen, cls, flow, name = DESKS[desk]
    who, params = cast.rows[screen]
    sid = cast.people[who].sid
    async with running() as rig:
        await rig.open(screen, sid=sid, tab="desk", **params)
        title = _view(await rig.state("desk", cls)).title
        move(flow, params[name], Action.WITHDRAW)
        await rig.open(screen, sid=sid, tab="later", **params)
        assert title and (await rig.state("later", cls)).withdrawn_title == title


async def test_a_desk_that_comes_back_shows_a_file_that_is_there(cast: Cast):
    row_id, bank = cast.rows[access.DISBURSE][1]["did"], cast.people["bank"]
    flow, params = disbursement.FLOW, {"rid": row_id, "flow": "disbursement"}
    with db.transaction() as session:
        row = session.get_one(flow.model, row_id)
        actor = sessions.actor_of(session, bank.sid)
        assert actor is not None
        review.act(session, flow, actor, row_id, Action.SUBMIT, row.version, values={"data": row.data})
    async with running() as rig:
        await rig.open(access.REVIEW, sid=cast.people["staff"].sid, tab="desk", **params)
        state = await rig.state("desk", ReviewState)
        gone = next(f for f in state.desk.files if f.id == state.shown)
        async with pumping(rig, "desk") as pump:
            move(flow, row_id, Action.WITHDRAW)
            await arrivals(rig, pump, "desk")
            assert state.withdrawn
            with db.transaction() as session:
                files.remove(session, actor, gone.id)
                factories.upload(session, actor, flow, row_id, FileSlot(gone.slot), shade=9)
            move(flow, row_id, Action.SUBMIT)
            await arrivals(rig, pump, "desk")
        assert not state.withdrawn and state.shown in [f.id for f in state.desk.files if f.is_new]
        assert rig.unforeseen == []


def _view(state: Any) -> Any:
    return state.desk.view if hasattr(state, "desk") else state.view
