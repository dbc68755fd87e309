"""An export in the background: it tells how far it is, one a tab, and ends when it is cancelled or its login ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cpegi_app import db
from cpegi_app.access import STAFF_LOANS
from cpegi_app.services import list_export, lists, sessions
from cpegi_app.state.export import ExportState
from cpegi_app.state.loan_book import StaffBookState
from tests.state.cast import Cast, Principal
from tests.state.rig import Reply, Rig, running
from tests.state.test_loan_book import fill

BOOK, EXPORT = StaffBookState.get_full_name(), ExportState.get_full_name()
ROWS = 100
TAB = "staff"


@pytest.fixture
def staff(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Principal:
    """Somebody who may export a book of a hundred loans and more, which takes twenty steps."""
    monkeypatch.setattr(lists, "CHUNK", 5)
    fill(ROWS, next(p.org_id for p in cast.people.values() if p.org_id))
    return cast.who_may(STAFF_LOANS)[0]


def files() -> set[str]:
    return {path.name for path in list_export.folder().glob("*.xlsx")}


async def begin(rig: Rig, staff: Principal) -> ExportState:
    """Ask for the export; return once it has come some way."""
    await rig.open(STAFF_LOANS, sid=staff.sid, tab=TAB)
    rig.replies[TAB] = Reply()
    await rig.enqueue(TAB, f"{BOOK}.export", {}, sid=staff.sid)
    state: Any = await rig.state(TAB, ExportState)
    await until(lambda: state.done > 0)
    return state


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


async def test_it_tells_how_far_it_is_and_then_where_its_file_is(staff: Principal):
    async with running() as rig:
        await rig.open(STAFF_LOANS, sid=staff.sid, tab=TAB)
        reply = await rig.post(TAB, f"{BOOK}.export", {}, sid=staff.sid)
        told = [
            d[EXPORT]["percent_rx_state_"] for d in reply.deltas if "percent_rx_state_" in d.get(EXPORT, {})
        ]
        state = await rig.state(TAB, ExportState)
    assert told == sorted(told) and len(set(told)) > 5 and told[-1] == 100
    assert (state.running, state.failed, state.done) == (False, "", state.total) and state.done >= ROWS
    with db.reading() as session:
        actor = sessions.actor_of(session, staff.sid)
        assert actor is not None
        _, place = list_export.file_of(session, actor, int(state.href.rsplit("/", 1)[1]))
        assert place.is_file()


async def test_it_is_one_a_tab_and_leaves_nothing_when_it_is_cancelled(staff: Principal):
    before = files()
    async with running() as rig:
        state = await begin(rig, staff)
        await rig.enqueue(TAB, f"{BOOK}.export", {}, sid=staff.sid)
        await rig.enqueue(TAB, f"{EXPORT}.cancel", {}, sid=staff.sid)
        await rig.settle()
        assert "正在导出，请等待完成或取消" in rig.replies.pop(TAB).said
    assert (state.running, state.href, state.failed) == (False, "", "") and state.percent < 100
    assert files() == before


async def test_a_login_that_ends_stops_it(staff: Principal):
    before = files()
    async with running() as rig:
        state = await begin(rig, staff)
        with db.transaction() as session:
            sessions.revoke_all(session, staff.user_id)
        await rig.settle()
    assert not state.running and not state.href and "登录已失效" in state.failed
    assert files() == before


async def test_what_nobody_foresaw_ends_it_with_a_sentence_and_the_next_one_works(
    staff: Principal, caplog: pytest.LogCaptureFixture
):
    async with running() as rig:
        await rig.open(STAFF_LOANS, sid=staff.sid, tab=TAB)
        with nowhere_to_write():
            await rig.post(TAB, f"{BOOK}.export", {}, sid=staff.sid)
        state = await rig.state(TAB, ExportState)
        assert not state.running and state.failed.startswith("导出没有完成（编号 ")
        assert "FileExistsError" in caplog.text
        await rig.post(TAB, f"{BOOK}.export", {}, sid=staff.sid)
        assert not state.running and state.href and not state.failed


@contextmanager
def nowhere_to_write() -> Iterator[None]:
    """Put a file in the place of the folder of the exports."""
    folder = list_export.folder()
    folder.mkdir(parents=True, exist_ok=True)
    away = folder.rename(folder.with_name("away"))
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


async def test_one_whose_process_was_killed_can_be_cancelled(staff: Principal):
    async with running() as rig:
        await rig.open(STAFF_LOANS, sid=staff.sid, tab=TAB)
        state = await rig.state(TAB, ExportState)
        # As a store outside the process keeps it.
        state.title, state.running, state._key = "全部放款", True, "gone"
        await rig.post(TAB, f"{EXPORT}.cancel", {}, sid=staff.sid)
        assert not state.running and not state.title
        await rig.post(TAB, f"{BOOK}.export", {}, sid=staff.sid)
        assert state.href and state.done == state.total
