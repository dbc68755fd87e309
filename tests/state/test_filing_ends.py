"""A filing's own end: who deleted or sent it is told nothing as of somebody else, and leaves no denial (manual §5.1)."""

from __future__ import annotations

from sqlmodel import col, func, select

from cpegi_app import db
from cpegi_app.access import FILING, FILING_REVIEW
from cpegi_app.models import AuditEntry, FilingBatch
from cpegi_app.services import offline_import, offline_loan, review
from cpegi_app.state.offline_import import FilingImportState
from cpegi_app.state.offline_loan import FilingState
from cpegi_app.state.offline_review import FilingReviewState
from cpegi_app.state.shell import ShellState
from cpegi_app.vocabulary import Action, Status
from tests import factories
from tests.state.cast import Cast, Principal
from tests.state.rig import running
from tests.state.test_live import arrivals, pumping
from tests.state.test_offline_trial import actor_of
from tests.workbooks.make import book, cells, row
from tests.worlds import World, filing_world

TAB, COLLEAGUE = "filer", "colleague"
NAME = FilingState.get_full_name()
SEND = {"data": {"name": "十月线下贷款备案", "period": "2026-10", "intent": "send"}}


def denials() -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).where(col(AuditEntry.action) == "denied")).one()


def begun(clerk: Principal) -> World:
    with db.transaction() as session:
        return filing_world(session, actor_of(session, clerk))


async def test_who_deletes_a_batch_reads_that_it_is_deleted_and_nothing_else(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    batch, before = begun(clerk).row_id, denials()
    with db.transaction() as session:
        offline_import.trial(session, actor_of(session, clerk), batch, "a.xlsx", book([cells(row(1))]))
    async with running() as rig:
        for tab in (TAB, COLLEAGUE):
            await rig.open(FILING, sid=clerk.sid, tab=tab, bid=batch)
        async with pumping(rig, TAB, COLLEAGUE) as pump:
            await rig.send(f"{NAME}.ask_discard", {}, sid=clerk.sid, tab=TAB, path=FILING.url(bid=batch))
            await rig.send(f"{NAME}.discard", {}, sid=clerk.sid, tab=TAB, path=FILING.url(bid=batch))
            await arrivals(rig, pump, TAB, COLLEAGUE)
        assert (await rig.state(TAB, FilingState)).gone and rig.raised == []
        assert (await rig.state(TAB, ShellState)).moved == ""
        told = (await rig.state(COLLEAGUE, ShellState)).moved
        assert "已由" in told and "删除" in told and "返回" in told
        # Opened again, the page says what became of it, with the way back; nobody's rights were violated.
        reply = await rig.open(FILING, sid=clerk.sid, tab=COLLEAGUE, bid=batch)
        state = await rig.state(COLLEAGUE, FilingState)
        assert "已由" in state.lost and reply.said == ""
        assert (await rig.state(COLLEAGUE, FilingImportState)).trial.id == 0
        assert denials() == before and rig.unforeseen == []


async def test_a_batch_that_never_was_one_s_own_is_not_there_and_leaves_its_denial(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    with db.transaction() as session:
        foreign = filing_world(session)
        deleted = filing_world(session)
        offline_loan.discard(
            session, deleted.owner, deleted.row_id, session.get_one(FilingBatch, deleted.row_id).version, 1
        )
    said = []
    async with running() as rig:
        for wanted in (foreign.row_id, deleted.row_id, 987_654):
            before = denials()
            reply = await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=wanted)
            state = await rig.state(TAB, FilingState)
            said.append((state.lost, reply.said))
            assert denials() > before and state.batch_id == 0
        own = begun(clerk).row_id
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=own)
        assert (await rig.state(TAB, FilingState)).lost == ""
    assert len(set(said)) == 1 and "不存在或已被删除" in said[0][0]


async def test_who_sends_a_batch_is_told_nothing_of_the_own_act_but_of_the_decision(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    world = begun(clerk)
    async with running() as rig:
        for tab in (TAB, COLLEAGUE):
            await rig.open(FILING, sid=clerk.sid, tab=tab, bid=world.row_id)
        async with pumping(rig, TAB, COLLEAGUE) as pump:
            await rig.send(
                f"{NAME}.save_batch", SEND, sid=clerk.sid, tab=TAB, path=FILING.url(bid=world.row_id)
            )
            await arrivals(rig, pump, TAB, COLLEAGUE)
            state = await rig.state(TAB, FilingState)
            assert state.sent and state.view.status == Status.PENDING
            assert (await rig.state(TAB, ShellState)).moved == ""
            assert "待审核" in (await rig.state(COLLEAGUE, ShellState)).moved
            with db.transaction() as session:
                version = session.get_one(FilingBatch, world.row_id).version
                by = factories.staff(session)
                review.act(session, world.flow, by, world.row_id, Action.APPROVE, version)
            await arrivals(rig, pump, TAB)
        assert "本页填写的内容" not in (told := (await rig.state(TAB, ShellState)).moved) and "通过" in told
        assert rig.unforeseen == []


async def test_a_decision_is_said_once(cast: Cast) -> None:
    staff, _ = cast.who_may(FILING_REVIEW)
    with db.transaction() as session:
        clerk, _ = cast.who_may(FILING)
        world = filing_world(session, actor_of(session, clerk)).bring_to(session, Status.PENDING)
    async with running() as rig:
        await rig.open(FILING_REVIEW, sid=staff.sid, tab=TAB, bid=world.row_id)
        data = {"data": {"comment": "", "intent": "approve"}}
        reply = await rig.send(f"{FilingReviewState.get_full_name()}.decide", data, sid=staff.sid, tab=TAB)
        # The card says it, with the next thing to do.
        assert (await rig.state(TAB, FilingReviewState)).done == "审核通过" and reply.said == ""
        assert rig.unforeseen == []
