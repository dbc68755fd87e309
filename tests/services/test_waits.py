"""From when a thing waits: from its coming to the present stage."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.services import (
    figures_view,
    platform_queue,
    review_desk,
)
from cpegi_app.vocabulary import Action, Status
from tests import factories, worlds


def test_what_another_side_decides_first_waits_from_when_it_came_to_the_platform(
    session: Session,
):
    boss = factories.staff(session)
    filed = worlds.investment_world(session).bring_to(session, Status.PENDING)
    clock.shift(timedelta(days=10))
    product_sent = worlds.product_world(session).bring_to(session, Status.PENDING)
    clock.shift(timedelta(days=10, hours=1))
    filed.act(session, Action.APPROVE)
    rows = platform_queue.queue(session, boss)[0]
    assert [(r.flow, r.waiting, r.late) for r in rows] == [
        ("product", "1 小时", False),
        ("investment", "1 分钟", False),
    ]
    assert rows[1].submitted < rows[0].submitted
    # Pressed, the heading sorts by what it says.
    assert [r.flow for r in platform_queue.queue(session, boss, sort="sent")[0]] == ["investment", "product"]
    desk = review_desk.desk(session, boss, "investment", filed.row_id)
    assert (desk.waited, desk.late) == ("1 分钟", False)
    clock.shift(timedelta(days=12, hours=1))
    tables = figures_view.board(session, boss, "region", "3").figures
    work = next(t for t in tables if t.title.startswith("审核队列"))
    assert next(line.cells for line in work.lines if line.label == filed.flow.label)[:3] == ["1", "2", "2"]
    product_sent.act(session, Action.APPROVE)
    clock.shift(timedelta(days=14, hours=2))
    assert [(r.waiting, r.late) for r in platform_queue.queue(session, boss)[0]] == [("4 天", True)]
