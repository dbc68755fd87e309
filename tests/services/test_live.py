"""Whom a change concerns, and that every process reads it once, whatever the order of the commits (ADR 0005)."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, select

from cpegi_app import clock, db
from cpegi_app.models import LiveChange
from cpegi_app.services import live, notices
from cpegi_app.services.live import Tail
from cpegi_app.vocabulary import Action, Status
from tests import factories, worlds


def test_a_decision_concerns_both_sides_and_their_colleagues(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    ours, theirs = factories.colleague(session, world.owner), factories.colleague(session, world.reviewer)
    nobody = factories.member(session)
    tail = Tail()
    session.flush()
    session.info.pop(live.KEY)
    assert not tail.read(session)
    world.act(session, Action.APPROVE)
    session.flush()
    found = tail.read(session)
    for actor in (world.owner, world.reviewer, ours, theirs):
        assert found.has(actor.user_id)
    assert not found.has(nobody.user_id) and not found.everybody
    assert not tail.read(session)


def test_a_notice_and_its_reading_concern_its_user(session: Session):
    actor, other = factories.member(session), factories.member(session)
    tail = Tail()
    tail.read(session)
    notices.notify(session, [actor.user_id], "推送", "有新的匹配产品", "/console")
    session.flush()
    found = tail.read(session)
    assert found.has(actor.user_id) and not found.has(other.user_id)
    session.info.pop(live.KEY)
    (shown,), _ = notices.listing(session, actor)
    notices.open_notice(session, actor, shown.id)
    session.flush()
    assert tail.read(session).has(actor.user_id)


def test_one_row_a_transaction_and_very_many_users_are_everybody(session: Session):
    session.info.pop(live.KEY, None)
    live.concern(session, [])
    assert not live.is_noted(session)
    for user_id in range(1, 4):
        live.concern(session, [user_id])
    session.flush()
    change = session.info[live.KEY]
    assert change.users == [1, 2, 3] and not change.everybody
    live.concern(session, range(5_000))
    session.flush()
    assert change.everybody and change.users == []


def test_what_is_committed_out_of_turn_is_read_all_the_same(database: str):
    tail = Tail()
    with db.transaction() as session:
        live.concern(session, [1])
    with db.reading() as session:
        tail.read(session)
    with db.transaction() as session:
        # Its number was given before 9's, and it is committed after it.
        session.add(LiveChange(id=9, users=[9]))
    with db.reading() as session:
        assert tail.read(session).users == {9}
    with db.transaction() as session:
        session.add(LiveChange(id=8, users=[8]))
    with db.reading() as session:
        assert tail.read(session).users == {8}
        assert not tail.read(session)
    clock.shift(live.OVERLAP + timedelta(seconds=1))
    with db.transaction() as session:
        session.add(LiveChange(id=10, users=[10]))
    with db.reading() as session:
        assert tail.read(session).users == {10}
        assert len(tail.seen) == 1


def test_what_is_rolled_back_is_told_to_nobody(database: str):
    tail, told = Tail(), []
    db.after_commit.append(lambda session: told.append(live.is_noted(session)))
    try:
        with db.reading() as session:
            tail.read(session)
        try:
            with db.transaction() as session:
                live.concern(session, [1])
                raise RuntimeError
        except RuntimeError:
            pass
        with db.reading() as session:
            assert not tail.read(session) and told == []
        with db.transaction() as session:
            live.concern(session, [2])
        with db.reading() as session:
            assert tail.read(session).users == {2} and told == [True]
    finally:
        db.after_commit.pop()


def test_old_changes_go(database: str):
    with db.transaction() as session:
        live.concern(session, [1])
    clock.shift(live.KEEP + timedelta(seconds=1))
    with db.transaction() as session:
        live.concern(session, [2])
    with db.transaction() as session:
        live.prune(session)
    with db.reading() as session:
        assert [c.users for c in session.exec(select(LiveChange))] == [[2]]
