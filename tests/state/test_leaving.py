"""Leaving an editor: asked first, then the draft is deleted or what was returned given up."""

from __future__ import annotations

from sqlmodel import func, select

from cpegi_app import db
from cpegi_app.access import APPLY, FILING, PRODUCT_EDIT, PROFILE_EDIT, REPORT_EDIT
from cpegi_app.models import Application, Product, ProductRevision, ProfileChange
from cpegi_app.services import application, product, sessions
from cpegi_app.state.application import ApplyState
from cpegi_app.state.offline_loan import FilingState
from cpegi_app.state.product import ProductEditState
from cpegi_app.state.report import ReportEditState
from cpegi_app.state.verification import ProfileEditState
from cpegi_app.vocabulary import Action, Status
from tests import worlds
from tests.state.cast import Cast
from tests.state.rig import HYDRATE, running
from tests.state.test_offline_trial import actor_of

TAB = "owner"


async def test_a_draft_is_deleted_once_its_owner_has_read_what_goes(cast: Cast) -> None:
    lender, _ = cast.who_may(PRODUCT_EDIT)
    with db.transaction() as session:
        row = product.new_draft(session, actor_of(session, lender))
    name = ProductEditState.get_full_name()
    async with running() as rig:
        await rig.open(PRODUCT_EDIT, sid=lender.sid, tab=TAB, rid=row.id)
        state = await rig.state(TAB, ProductEditState)
        await rig.send(f"{name}.ask_leave", {}, sid=lender.sid, tab=TAB)
        assert "不能恢复" in state.leaving
        await rig.send(f"{name}.stay", {}, sid=lender.sid, tab=TAB)
        assert (state.leaving, state.editable) == ("", True)
        await rig.send(f"{name}.leave", {}, sid=lender.sid, tab=TAB)
        assert (state.gone, state.editable, state.row_id) == (True, False, row.id)
        with db.reading() as session:
            assert session.get(ProductRevision, row.id) is None
        # A second press finds nothing, and says so.
        reply = await rig.send(f"{name}.leave", {}, sid=lender.sid, tab=TAB)
        assert "已由" in reply.said and "删除，不能再修改或提交" in reply.said
        assert rig.unforeseen == []


async def test_a_returned_application_is_given_up_in_its_form(cast: Cast) -> None:
    with db.transaction() as session:
        world = worlds.application_world(session).bring_to(session, Status.RETURNED)
        sid = sessions.open_session(session, world.owner.user_id)
        target = world.row(session).product_id
    name = ApplyState.get_full_name()
    async with running() as rig:
        await rig.open(APPLY, sid=sid, tab=TAB, pid=target)
        await rig.send(f"{name}.ask_leave", {}, sid=sid, tab=TAB)
        state = await rig.state(TAB, ApplyState)
        assert "待办事项" in state.leaving
        reply = await rig.send(f"{name}.leave", {}, sid=sid, tab=TAB)
        assert reply.said.startswith("已放弃修改")
        assert (state.gone, state.editable, state.view.can_discard) == (False, True, False)
        with db.reading() as session:
            assert session.get_one(application.Application, world.row_id).status == Status.DRAFT
        assert rig.unforeseen == []


async def test_a_decided_change_of_the_profile_is_read_where_it_was_sent_from(cast: Cast):
    with db.transaction() as session:
        world = worlds.profile_change_world(session).bring_to(session, Status.PENDING)
        sid = sessions.open_session(session, world.owner.user_id)
    made = select(func.count()).select_from(ProfileChange)
    async with running() as rig:
        await rig.open(PROFILE_EDIT, sid=sid, tab=TAB)
        state = await rig.state(TAB, ProfileEditState)
        with db.transaction() as session:
            world.act(session, Action.APPROVE)
            count = session.exec(made).one()
        await rig.open(PROFILE_EDIT, sid=sid, tab=TAB)
        assert (state.row_id, state.view.status, state.editable) == (world.row_id, "APPROVED", False)
        with db.reading() as session:
            assert session.exec(made).one() == count
        # 修改资料: begun, and the address is plain again.
        new = f"{PROFILE_EDIT.route}?new=1"
        reply = await rig.send(HYDRATE, {}, sid=sid, tab=TAB, path=new, params={"new": "1"})
        assert any("_redirect" in e.name and e.payload["replace"] for e in reply.events)
        await rig.open(PROFILE_EDIT, sid=sid, tab=TAB)
        assert state.editable and state.row_id != world.row_id
        begun = state.row_id
        await rig.send(HYDRATE, {}, sid=sid, tab=TAB, path=new, params={"new": "1"})
        await rig.open(PROFILE_EDIT, sid=sid, tab=TAB)
        assert state.row_id == begun
        assert rig.unforeseen == []


async def test_the_form_of_a_decided_application_shows_the_decision_and_begins_anew_when_asked(cast: Cast):
    with db.transaction() as session:
        world = worlds.application_world(session).bring_to(session, Status.PENDING)
        sid = sessions.open_session(session, world.owner.user_id)
        target = world.row(session).product_id
    name, made = ApplyState.get_full_name(), select(func.count()).select_from(Application)
    how = {"sid": sid, "path": APPLY.url(pid=target), "params": {"pid": target}}
    async with running() as rig:
        await rig.open(APPLY, sid=sid, tab=TAB, pid=target)
        state = await rig.state(TAB, ApplyState)
        assert not state.may_repeat
        with db.transaction() as session:
            world.act(session, Action.REJECT)
            count = session.exec(made).one()
        # F5, or 查看最新: the decision, nothing begun.
        await rig.open(APPLY, sid=sid, tab=TAB, pid=target)
        assert (state.row_id, state.view.status, state.editable) == (world.row_id, "REJECTED", False)
        assert state.may_repeat
        with db.reading() as session:
            assert session.exec(made).one() == count
        await rig.send(f"{name}.again", {}, tab=TAB, **how)
        assert state.editable and state.row_id != world.row_id and not state.may_repeat
        begun = state.row_id
        await rig.send(f"{name}.again", {}, tab=TAB, **how)
        await rig.open(APPLY, sid=sid, tab=TAB, pid=target)
        assert (state.row_id, state.editable) == (begun, True)
        # Off the list, what was decided is still read; only that it cannot be asked for again is said.
        with db.transaction() as session:
            session.get_one(Application, begun).status = Status.REJECTED.value
            session.get_one(Product, target).is_listed = False
        await rig.open(APPLY, sid=sid, tab=TAB, pid=target)
        assert (state.row_id, state.editable, state.may_repeat) == (begun, False, False) and state.closed_why
        assert rig.unforeseen == []


async def test_giving_up_a_returned_report_says_that_it_is_due_again(cast: Cast) -> None:
    clerk, _ = cast.who_may(REPORT_EDIT)
    with db.transaction() as session:
        world = worlds.report_world(session, actor_of(session, clerk)).bring_to(session, Status.PENDING)
        world.act(session, Action.RETURN, comment="附件不清晰")
    name = ReportEditState.get_full_name()
    async with running() as rig:
        await rig.open(REPORT_EDIT, sid=clerk.sid, tab=TAB, rid=world.row_id)
        state = await rig.state(TAB, ReportEditState)
        await rig.send(f"{name}.ask_leave", {}, sid=clerk.sid, tab=TAB)
        assert "恢复为未报送" in state.leaving
        reply = await rig.send(f"{name}.leave", {}, sid=clerk.sid, tab=TAB)
        assert "已放弃修改" in reply.said and state.view.status == Status.DRAFT and state.editable
        assert rig.unforeseen == []


async def test_a_returned_batch_is_given_up_once_its_meaning_was_read(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    with db.transaction() as session:
        world = worlds.filing_world(session, actor_of(session, clerk), rows=2)
        world.bring_to(session, Status.PENDING)
    name = FilingState.get_full_name()
    async with running() as rig:
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=world.row_id)
        state = await rig.state(TAB, FilingState)
        # It waits: there is nothing to give up.
        await rig.send(f"{name}.ask_give_up", {}, sid=clerk.sid, tab=TAB)
        assert not state.giving_up
        with db.transaction() as session:
            world.act(session, Action.RETURN, comment="不在备案范围内")
        # The button of a page that is behind gives nothing up.
        reply = await rig.send(f"{name}.withdraw", {}, sid=clerk.sid, tab=TAB)
        assert "放弃备案" in reply.said
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=world.row_id)
        await rig.send(f"{name}.ask_give_up", {}, sid=clerk.sid, tab=TAB)
        assert state.giving_up
        reply = await rig.send(f"{name}.give_up", {}, sid=clerk.sid, tab=TAB)
        assert "2 笔明细已移除" in reply.said and (state.row.rows, state.view.status) == (0, Status.DRAFT)
        assert rig.unforeseen == []
