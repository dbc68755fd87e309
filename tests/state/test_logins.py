"""A remembered login: it saves the table a question, and ends with the next commit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from cpegi_app import access, clock, db
from cpegi_app.errors import SignInRequired
from cpegi_app.services import sessions
from cpegi_app.state import logins
from cpegi_app.state.base import run_as
from tests.state.cast import Cast
from tests.state.rig import running


def _elsewhere_revoked(user_id: int) -> None:
    """End a user's logins as another process of the site would: without a commit of this one."""
    with db.write_engine().begin() as connection:
        connection.exec_driver_sql(
            "UPDATE login_session SET revoked_at = '2026-01-01' WHERE user_id = ?", (user_id,)
        )


async def test_a_login_is_recalled_until_something_is_committed(cast: Cast):
    staff = cast.people["staff"]
    assert logins.recall(staff.sid) is None
    found = await logins.of(staff.sid)
    assert found and logins.recall(staff.sid) == found
    with db.transaction() as session:
        sessions.revoke_all(session, staff.user_id)
    assert logins.recall(staff.sid) is None
    assert await logins.of(staff.sid) is None
    assert logins.recall(staff.sid) is None


async def test_what_another_process_ends_is_noticed_at_once_where_the_database_tells(cast: Cast):
    staff = cast.people["staff"]
    await logins.of(staff.sid)
    _elsewhere_revoked(staff.user_id)
    assert logins.recall(staff.sid) is None


async def test_what_another_process_ends_is_noticed_in_a_moment(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    staff, now = cast.people["staff"], clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(db, "version", lambda: None)
    await logins.of(staff.sid)
    _elsewhere_revoked(staff.user_id)
    assert logins.recall(staff.sid) is not None
    now += logins.MOMENT + timedelta(milliseconds=1)
    assert logins.recall(staff.sid) is None
    # Nor does a clock that was put back keep it alive.
    now -= timedelta(hours=1)
    assert logins.recall(staff.sid) is None


async def test_no_login_is_remembered_for_long(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    staff, now = cast.people["staff"], clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    await logins.of(staff.sid)
    now += logins.LONGEST
    assert logins.recall(staff.sid)
    now += timedelta(milliseconds=1)
    assert logins.recall(staff.sid) is None


async def test_whatever_writes_asks_the_table_itself(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    staff = cast.people["staff"]
    monkeypatch.setattr(db, "version", lambda: None)
    await logins.of(staff.sid)
    _elsewhere_revoked(staff.user_id)
    assert run_as(staff.sid, "", False, lambda _, actor: actor.user_id, (), {}) == staff.user_id
    with pytest.raises(SignInRequired):
        run_as(staff.sid, "", True, lambda _, actor: actor.user_id, (), {})


async def test_a_login_due_to_be_marked_as_seen_is_not_recalled(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    staff = cast.people["staff"]
    later = clock.now() + sessions.TOUCH_EVERY + timedelta(seconds=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    # What nobody pressed does not mark it: the next press does.
    assert await logins.of(staff.sid, seen=False) and logins.recall(staff.sid, seen=False)
    assert logins.recall(staff.sid) is None
    assert await logins.of(staff.sid) and logins.recall(staff.sid)


async def test_what_ends_while_a_login_is_marked_as_seen_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    staff, touch = cast.people["staff"], sessions.touch
    later = clock.now() + sessions.TOUCH_EVERY + timedelta(seconds=5)
    monkeypatch.setattr(clock, "now", lambda: later)

    def after_somebody_ended_it(session: Session, login_id: int) -> None:
        sessions.revoke_all(session, staff.user_id)
        touch(session, login_id)

    monkeypatch.setattr(sessions, "touch", after_somebody_ended_it)
    assert await logins.of(staff.sid) is None
    assert logins.recall(staff.sid) is None


async def test_the_gate_notices_the_end_of_a_login_at_once(cast: Cast):
    staff = cast.people["staff"]
    async with running() as rig:
        await rig.open(access.QUEUE, sid=staff.sid, tab="tab")
        with db.transaction() as session:
            sessions.revoke_all(session, staff.user_id)
        reply = await rig.open(access.QUEUE, sid=staff.sid, tab="tab")
    assert {str(e.payload.get("path")) for e in reply.events if e.name == "_redirect"} == {
        f"/login?next={access.QUEUE.route}"
    }
