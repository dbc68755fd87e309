"""Logins: how long they live, what ends them, and the ticket that opens one (security.md)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor, Role
from cpegi_app.models import LoginSession, LoginTicket, Organisation, User
from cpegi_app.services import sessions
from cpegi_app.vocabulary import Kind
from tests import factories

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIVES = [(Role.MEMBER, 120 * MINUTE), (Role.REGULATOR, 120 * MINUTE), (Role.STAFF, 30 * MINUTE)]


def login(session: Session, role: Role = Role.MEMBER) -> tuple[str, User]:
    org = factories.organisation(session) if role is Role.MEMBER else None
    user = factories.user(session, org, role)
    sid = sessions.open_session(session, user.id or 0, "203.0.113.9")
    session.flush()
    return sid, user


def actor(session: Session, sid: str) -> Actor | None:
    session.flush()
    session.expire_all()
    return sessions.actor_of(session, sid)


@pytest.mark.parametrize(("role", "idle"), LIVES)
def test_an_idle_login_ends(session: Session, role: Role, idle: timedelta):
    sid, _ = login(session, role)
    clock.shift(idle - MINUTE)
    assert actor(session, sid)
    clock.shift(idle + MINUTE)
    assert actor(session, sid) is None


@pytest.mark.parametrize(("role", "idle"), LIVES)
def test_a_login_in_use_ends_after_twelve_hours(session: Session, role: Role, idle: timedelta):
    sid, _ = login(session, role)
    step, now = idle - MINUTE, timedelta()
    while now + step < 12 * HOUR:
        now += step
        clock.shift(now)
        found = actor(session, sid)
        assert found is not None and found.login_id is not None
        sessions.touch(session, found.login_id)
    clock.shift(12 * HOUR + MINUTE)
    assert actor(session, sid) is None


def test_a_login_is_marked_as_seen_at_most_once_a_minute(session: Session):
    sid, _ = login(session)

    def due() -> bool:
        found = sessions.login_of(session, sid)
        assert found is not None
        return found[1]

    assert not due()
    clock.shift(timedelta(seconds=61))
    assert due()
    sessions.touch(session, actor(session, sid).login_id or 0)  # pyright: ignore
    session.expire_all()
    assert not due()


def test_a_revoked_login_is_refused_at_once(session: Session):
    sid, _ = login(session)
    found = actor(session, sid)
    assert found is not None and found.login_id is not None
    sessions.revoke(session, found.login_id)
    assert actor(session, sid) is None


def test_a_disabled_user_is_refused_at_once(session: Session):
    sid, user = login(session)
    user.disabled_at = clock.now()
    assert actor(session, sid) is None


def test_all_logins_of_a_user_end_but_the_own_and_nobody_elses(session: Session):
    own, user = login(session)
    others = [sessions.open_session(session, user.id or 0) for _ in range(3)]
    foreign, _ = login(session)
    found = actor(session, own)
    assert found is not None
    sessions.revoke_all(session, found.user_id, but=found.login_id)
    assert actor(session, own)
    assert [actor(session, sid) for sid in others] == [None, None, None]
    assert actor(session, foreign)
    sessions.revoke_all(session, found.user_id)
    assert actor(session, own) is None


def test_rights_that_change_count_from_the_next_event(session: Session):
    sid, user = login(session)
    before = actor(session, sid)
    assert before is not None and before.verified and before.kind is Kind.ENTERPRISE
    org = session.get_one(Organisation, user.org_id)
    org.verified_at = None
    after = actor(session, sid)
    assert after is not None and not after.verified
    assert after.grants < before.grants
    session.get_one(User, user.id).role = Role.REGULATOR.value
    last = actor(session, sid)
    assert last is not None and last.role is Role.REGULATOR


@pytest.mark.parametrize("sid", ["", "x", "' OR 1=1 --", "\x00", "\ud800", "秘密", "x" * 10_000])
def test_a_made_up_session_id_is_nobody(session: Session, sid: str):
    login(session)
    assert actor(session, sid) is None
    assert sessions.redeem_ticket(session, sid) is None


def test_the_tables_keep_no_secret(session: Session):
    sid, user = login(session)
    ticket = sessions.issue_ticket(session, user.id or 0)
    session.flush()
    rows = [*session.exec(select(LoginSession)), *session.exec(select(LoginTicket))]
    assert sid not in str(rows) and ticket not in str(rows)
    assert len(sid) >= 43 and len(ticket) >= 43


def test_a_ticket_is_exchanged_once(session: Session):
    _, user = login(session)
    ticket = sessions.issue_ticket(session, user.id or 0)
    sid = sessions.redeem_ticket(session, ticket, "203.0.113.9")
    assert sid is not None
    found = actor(session, sid)
    assert found is not None and (found.user_id, found.address) == (user.id, "203.0.113.9")
    assert sessions.redeem_ticket(session, ticket) is None


def test_a_ticket_lives_a_minute(session: Session):
    _, user = login(session)
    ticket = sessions.issue_ticket(session, user.id or 0)
    clock.shift(timedelta(seconds=61))
    assert sessions.redeem_ticket(session, ticket) is None


def test_a_login_opened_by_a_ticket_of_a_disabled_user_is_worth_nothing(session: Session):
    _, user = login(session)
    ticket = sessions.issue_ticket(session, user.id or 0)
    user.disabled_at = clock.now()
    session.flush()
    sid = sessions.redeem_ticket(session, ticket)
    assert actor(session, sid or "") is None


def test_other_rights_get_another_id_that_lives_no_longer(session: Session):
    sid, user = login(session)
    org = session.get_one(Organisation, user.org_id)
    before = actor(session, sid)
    assert before and not before.renew
    org.kind, org.org_class = Kind.INTERMEDIARY.value, "LAW"
    session.add(org)
    changed = actor(session, sid)
    assert changed and changed.renew
    clock.shift(HOUR)
    new = sessions.redeem_ticket(session, sessions.renewal(session, changed)) or ""
    session.flush()
    ends = {
        row.sid_hash: row.expires_at
        for row in session.exec(select(LoginSession).where(LoginSession.user_id == user.id))
    }
    assert new != sid and ends[sessions.digest(new)] == ends[sessions.digest(sid)]
    after = actor(session, new)
    assert after and not after.renew
