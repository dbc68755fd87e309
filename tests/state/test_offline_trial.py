"""导入备案文件 goes on in the background: its clerk may be at another batch, or elsewhere, when it ends."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import reflex as rx
from sqlmodel import Session, col, func, select

from cpegi_app import clock, db
from cpegi_app.access import FILING, WORKBENCH, Actor
from cpegi_app.models import Notice, OfflineLoan
from cpegi_app.services import files, offline_loan, sessions
from cpegi_app.state.offline_import import CUT_SHORT, DEAD, FilingImportState
from tests.state.cast import Cast, Principal
from tests.state.rig import Rig, running
from tests.workbooks.make import book, cells, row

STATE, TAB = FilingImportState.get_full_name(), "clerk"


def batches(clerk: Principal, count: int) -> list[int]:
    """Return so many empty batches of a clerk's."""
    with db.transaction() as session:
        actor = actor_of(session, clerk)
        made = [
            offline_loan.new_batch(session, actor, {"name": f"第{n}批", "period": "2026-11"})
            for n in range(count)
        ]
        return [b.id or 0 for b in made]


def actor_of(session: Session, clerk: Principal) -> Actor:
    found = sessions.actor_of(session, clerk.sid)
    assert found
    return found


def told(clerk: Principal) -> list[tuple[str, str]]:
    with db.reading() as session:
        query = select(Notice.title, Notice.href).where(Notice.user_id == actor_of(session, clerk).user_id)
        return [n for n in session.exec(query.order_by(col(Notice.id))) if n[0].startswith("文件")]


def filed(batch: int) -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).where(OfflineLoan.batch_id == batch)).one()


async def put(rig: Rig, data: bytes) -> Any:
    """Put a workbook where the upload puts it, for the batch in view; return the tab's state."""
    state = await rig.state(TAB, FilingImportState)
    state._pending = {**state._pending, state._batch: ("备案.xlsx", files.store().put(data))}
    state._stands(state._batch, "读取文件", 10)
    return state


async def test_a_trial_shows_at_its_own_batch_only(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    first, second = batches(clerk, 2)
    async with running() as rig:
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=first)
        await put(rig, book([cells(row(1)), cells(row(2))]))
        # On the way to another batch.
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=second)
        assert (await rig.state(TAB, FilingImportState)).stage == ""
        await rig.send(f"{STATE}.run_trial", {}, sid=clerk.sid, tab=TAB)
        await rig.settle()
        state = await rig.state(TAB, FilingImportState)
        assert (state.trial.id, state.rows, state.stage, state.problem) == (0, [], "", "")
        assert told(clerk) == [("文件检查完成：第0批", FILING.url(bid=first))]
        await rig.send(f"{STATE}.import_good", {}, sid=clerk.sid, tab=TAB)
        assert (filed(first), filed(second)) == (0, 0)
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=first)
        assert (await rig.state(TAB, FilingImportState)).trial.good == 2
        await rig.send(f"{STATE}.import_good", {}, sid=clerk.sid, tab=TAB)
        assert (filed(first), filed(second)) == (2, 0)


async def test_a_trial_in_view_needs_no_notice_and_one_that_failed_always_tells_why(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    [batch] = batches(clerk, 1)
    async with running() as rig:
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=batch)
        await put(rig, book([cells(row(1))]))
        # A page that is opened again shows how far the trial is.
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=batch)
        assert (await rig.state(TAB, FilingImportState)).stage == "读取文件"
        await rig.send(f"{STATE}.run_trial", {}, sid=clerk.sid, tab=TAB)
        await rig.settle()
        state = await rig.state(TAB, FilingImportState)
        assert (state.trial.good, state.stage) == (1, "") and told(clerk) == []
        # The tab may be closed: what it is told of a refusal is kept nowhere else.
        await put(rig, b"no workbook")
        await rig.send(f"{STATE}.run_trial", {}, sid=clerk.sid, tab=TAB)
        await rig.settle()
        assert (await rig.state(TAB, FilingImportState)).problem and len(told(clerk)) == 1
        await put(rig, b"no workbook")
        await rig.open(WORKBENCH, sid=clerk.sid, tab=TAB)
        await rig.send(f"{STATE}.run_trial", {}, sid=clerk.sid, tab=TAB)
        await rig.settle()
        assert [title for title, _ in told(clerk)] == ["文件未能检查：第0批"] * 2
        assert rig.unforeseen == []


async def test_a_trial_that_died_with_its_process_holds_nobody_up(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    first, second = batches(clerk, 2)
    data = book([cells(row(1))])
    async with running() as rig:
        for batch in (first, second):
            await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=batch)
            await put(rig, data)
        clock.shift(DEAD)
        # Found out on opening the page, or by the next upload.
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=first)
        state = await rig.state(TAB, FilingImportState)
        assert (state.stage, state.problem) == ("", CUT_SHORT)
        state._batch = second
        sent = {"files_in": [rx.UploadFile(file=io.BytesIO(data), path=Path("备案.xlsx"))]}
        await rig.send(f"{STATE}.upload", sent, sid=clerk.sid, tab=TAB)
        state = await rig.state(TAB, FilingImportState)
        assert (state.trial.good, state.stage, state.problem, state._running) == (1, "", "", {})
        assert rig.raised == []


async def test_what_nobody_foresaw_in_one_trial_leaves_the_others_theirs(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    first, second = batches(clerk, 2)
    async with running() as rig:
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=first)
        state = await put(rig, b"")
        state._pending = {first: ("备案.xlsx", None)}
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=second)
        await put(rig, book([cells(row(1))]))
        reply = await rig.send(f"{STATE}.run_trial", {}, sid=clerk.sid, tab=TAB)
        state = await rig.state(TAB, FilingImportState)
        assert (state.trial.good, state._running) == (1, {})
        assert "编号" in reply.said and len(rig.raised) == 0
