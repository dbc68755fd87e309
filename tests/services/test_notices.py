"""Notices: counted at the bell, opened once, nobody else's business."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, select

from cpegi_app.errors import NotFound
from cpegi_app.models import Notice
from cpegi_app.services import notices
from cpegi_app.vocabulary import Action, Status
from tests import factories, worlds


def test_a_notice_is_counted_until_it_is_opened(session: Session):
    actor = factories.member(session)
    notices.notify(session, [actor.user_id], "标题", "内容", "/console")
    session.flush()
    (shown,), total = notices.listing(session, actor)
    assert (total, shown.unread, notices.unread_count(session, actor)) == (1, True, 1)
    assert notices.open_notice(session, actor, shown.id) == "/console"
    assert notices.open_notice(session, actor, shown.id) == "/console"
    session.flush()
    assert notices.unread_count(session, actor) == 0
    assert not notices.listing(session, actor)[0][0].unread
    assert notices.listing(session, actor, unread_only=True) == ([], 0)


def test_a_notice_of_somebody_else_does_not_exist(session: Session):
    actor, other = factories.member(session), factories.member(session)
    notices.notify(session, [actor.user_id], "标题", "内容", "/console")
    session.flush()
    (shown,), _ = notices.listing(session, actor)
    with pytest.raises(NotFound) as foreign:
        notices.open_notice(session, other, shown.id)
    with pytest.raises(NotFound) as absent:
        notices.open_notice(session, other, 2**31 - 1)
    assert foreign.value.message == absent.value.message
    assert notices.listing(session, other) == ([], 0)
    notices.read_all(session, other)
    assert notices.unread_count(session, actor) == 1


@pytest.mark.parametrize("notice_id", [0, -1, 2**31, 2**70, "1", "abc", None, True, 1.5, [1], {"id": 1}])
def test_a_malformed_number_is_an_absent_notice(session: Session, notice_id: Any):
    with pytest.raises(NotFound):
        notices.open_notice(session, factories.member(session), notice_id)


def test_all_notices_can_be_read_at_once_and_are_listed_newest_first(session: Session):
    actor = factories.member(session)
    for n in range(25):
        notices.notify(session, [actor.user_id, actor.user_id], f"第 {n} 条", "", "")
        session.flush()
    rows, total = notices.listing(session, actor, page=2, size=20)
    assert (total, [r.title for r in rows]) == (25, [f"第 {n} 条" for n in (4, 3, 2, 1, 0)])
    notices.read_all(session, actor)
    assert notices.unread_count(session, actor) == 0


def test_over_long_notices_are_cut_to_their_columns(session: Session):
    actor = factories.member(session)
    notices.notify(session, [actor.user_id], "题" * 300, "文" * 900, "")
    session.flush()
    (shown,), _ = notices.listing(session, actor)
    assert (len(shown.title), len(shown.text)) == (120, 600)


@pytest.mark.parametrize("action", [Action.APPROVE, Action.RETURN, Action.WITHDRAW])
@pytest.mark.parametrize("name", list(worlds.WORLDS))
def test_what_waits_no_longer_is_not_counted_at_the_bell(session: Session, name: str, action: Action):
    """Everybody's notice that something waits is settled by one person's decision; the result stays unread."""
    world = worlds.WORLDS[name](session).bring_to(session, Status.PENDING)
    other = factories.member(session)
    notices.notify_waiting(session, [other.user_id], "别的事项", "/console")
    notices.read_all(session, world.owner)
    waiting = notices.unread_count(session, world.reviewer)
    world.act(session, action)
    session.flush()
    assert notices.unread_count(session, world.reviewer) == waiting - 1
    assert notices.unread_count(session, other) == 1
    # Taking something back oneself is no news.
    assert (notices.unread_count(session, world.owner) > 0) == (action is not Action.WITHDRAW)


@pytest.mark.parametrize("name", list(worlds.WORLDS))
def test_every_notice_of_a_flow_leads_to_a_page_of_its_reader(session: Session, name: str):
    from cpegi_app.access import PAGES

    world = worlds.WORLDS[name](session).bring_to(session, Status.RETURNED)
    world.bring_to(session, Status.PENDING)
    world.act(session, worlds.Action.APPROVE)
    routes = [s.route.split("/[")[0] for s in PAGES]
    for notice in session.exec(select(Notice)):
        assert any(notice.href == r or notice.href.startswith(f"{r}/") for r in routes), notice.href
        assert "[" not in notice.href
