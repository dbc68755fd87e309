"""Dashboards: each side its own figures, by period, the same on the page and in the workbook (issue 5)."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Forbidden, NotFound
from cpegi_app.models import Application
from cpegi_app.services import figures, figures_member, figures_region, figures_view, matches, product
from cpegi_app.services.figures import Column, Table, period, shown
from cpegi_app.vocabulary import Action, Kind, MatchClass, Status
from tests import factories, worlds
from tests.services import pushes

THIS_YEAR = "THIS"


def lines(tables: list[Table], title: str) -> dict[str, list[Any]]:
    """Return the lines of the table whose title begins so."""
    return dict(next(t for t in tables if t.title.startswith(title)).lines)


@pytest.mark.parametrize(
    ("code", "today", "first", "last", "count"),
    [
        ("3", date(2026, 1, 31), "2025-11", "2026-01", 3),
        ("6", date(2026, 3, 1), "2025-10", "2026-03", 6),
        ("THIS", date(2026, 3, 31), "2026-01", "2026-03", 3),
        ("LAST", date(2026, 3, 31), "2025-01", "2025-12", 12),
        ("24", date(2026, 12, 31), "2025-01", "2026-12", 24),
        ("no period", date(2026, 6, 1), "2026-01", "2026-06", 6),
    ],
)
def test_periods_are_whole_months(monkeypatch, code: str, today: date, first: str, last: str, count: int):
    monkeypatch.setattr(clock, "today", lambda: today)
    found = period(code).months
    assert (found[0].code, found[-1].code, len(found)) == (first, last, count)


def test_charts_share_one_scale_and_say_how_high():
    table = Table("表", "月份", (Column("笔", "笔"), Column("甲", "万元", True), Column("乙", "万元", True)))
    table.by_month = True
    table.lines = [
        ("2026-07", [1, figures.wan(50_000_000), None]),
        ("2026-08", [2, figures.wan(1), figures.wan(10**8)]),
    ]
    found = shown(table)
    assert found.series == ["甲", "乙"] and found.peak == "100 万元"
    assert [line.bars for line in found.lines] == [[50, 0], [1, 100]]
    assert [line.short for line in found.lines] == ["7月", "8月"]
    assert found.lines[0].cells == ["1", "50", "—"]


def test_the_region_counts_business_by_month_and_class(session: Session):
    before = figures_region.tables(session, factories.regulator(session), period("6"))
    month = clock.today().isoformat()[:7]
    was, was_class = lines(before, "融资业务")[month], lines(before, "各类机构")
    worlds.disbursement_world(session).bring_to(session, Status.APPROVED)
    after = figures_region.tables(session, factories.regulator(session), period("6"))
    now, now_class = lines(after, "融资业务")[month], lines(after, "各类机构")
    # One application of 600 万元, 500 approved (worlds.DECISION).
    assert now[0] - was[0] == 1 and now[2] - was[2] == 1 and now[3] - was[3] == 500
    grown = [label for label in now_class if now_class[label] != was_class[label]]
    assert len(grown) == 1
    joined_before, joined_now = lines(before, "注册与认证")[month], lines(after, "注册与认证")[month]
    assert joined_now[0] > joined_before[0] and joined_now[2] == joined_before[2] + 1


def test_the_queue_tells_length_median_and_longest(session: Session):
    boss = factories.staff(session)
    for days in (0, 1, 10):
        clock.shift(timedelta(days=days))
        worlds.product_world(session).bring_to(session, Status.PENDING)
    clock.shift(timedelta(days=34))
    cells = lines(figures_region.tables(session, boss, period("3")), "审核队列")["金融产品"]
    assert cells[:3] == [3, 33, 34]
    clock.shift(timedelta(days=30))
    worlds.product_world(session).bring_to(session, Status.PENDING)
    clock.shift(timedelta(days=34))
    cells = lines(figures_region.tables(session, boss, period("3")), "审核队列")["金融产品"]
    assert cells[:3] == [4, 28.5, 34], "of an even number, the mean of the two in the middle"
    titles = [t.title for t in figures_region.tables(session, factories.regulator(session), period("3"))]
    assert not any(t.startswith("审核队列") for t in titles), "the staff's own work is the staff's"


def test_the_queue_tells_of_the_platforms_own_stages(session: Session):
    boss = factories.staff(session)

    def waiting() -> dict[str, int]:
        found = lines(figures_region.tables(session, boss, period("3")), "审核队列")
        return {label: cells[0] for label, cells in found.items()}

    before = waiting()
    assert set(before) >= {"政策申请·形式审查", "政策申请·业务审核", "兑现申请"}

    def added() -> dict[str, int]:
        return {label: n - before[label] for label, n in waiting().items() if n != before[label]}

    filed = worlds.investment_world(session).bring_to(session, Status.PENDING)
    label = filed.flow.label
    assert added() == {}, "the project side has it first"
    filed.act(session, Action.APPROVE)
    assert added() == {label: 1}
    applied = worlds.policy_world(session).bring_to(session, Status.PENDING)
    assert added() == {label: 1, "政策申请·形式审查": 1}
    applied.act(session, Action.APPROVE)
    assert added() == {label: 1, "政策申请·业务审核": 1}


def test_an_institution_sees_its_funnel_and_its_times(session: Session):
    bank = factories.member(session, Kind.DEBT)
    took = (10, 30, 50)
    for hours in took:
        clock.shift(timedelta())
        world = worlds.application_world(session, bank).bring_to(session, Status.PENDING)
        clock.shift(timedelta(hours=hours))
        world.act(session, Action.REJECT if hours == 50 else Action.APPROVE)
    clock.shift(timedelta(hours=50))
    approved = worlds.application_world(session, bank).bring_to(session, Status.APPROVED)
    worlds.disbursement_world(session, approved).bring_to(session, Status.APPROVED)
    other = worlds.application_world(session).bring_to(session, Status.PENDING)
    found = figures_member.tables(session, bank, period("12"))
    funnel = lines(found, "申请转化")
    assert [funnel[k][0] for k in ("收到申请", "办理中", "审核不通过", "审核通过", "已放款")] == [
        4,
        0,
        1,
        3,
        1,
    ]
    assert funnel["审核通过"][1] == "75.0%" and funnel["审核通过"][2] == 1500
    days = [row[5] for row in lines(found, "申请、审批与放款").values() if row[5] is not None]
    assert days and all(0 <= d <= 3 for d in days)
    products = lines(found, "各产品")
    assert sum(row[0] for row in products.values()) == 4
    theirs = figures_member.tables(session, other.reviewer, period("12"))
    assert lines(theirs, "申请转化")["收到申请"][0] == 1


def test_an_enterprise_sees_its_applications_and_its_matches(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.APPROVED)
    found = figures_member.tables(session, world.owner, period("3"))
    assert [t.title[:4] for t in found] == ["适合我的", "收到的产", "我的融资", "我的融资"]
    counts = matches.counts(session, world.owner, {})
    assert [cells[0] for cells in lines(found, "适合我的产品").values()] == [
        counts.get(c.value, 0) for c in MatchClass
    ]
    assert lines(found, "我的融资申请")["审核通过"][0] == 1
    month = clock.today().isoformat()[:7]
    assert lines(found, "我的融资（按月）")[month][2] == 500


def test_who_may_see_which_figures(session: Session):
    member: Actor = factories.member(session)
    for side, wrong in (
        ("region", member),
        ("own", factories.staff(session)),
        ("own", factories.unverified(member)),
    ):
        for call in (figures_view.board, figures_view.taken, figures_view.workbook):
            with pytest.raises(Forbidden):
                call(session, wrong, side, "6")
    with pytest.raises(NotFound):
        figures_view.taken(session, member, "theirs", "6")


def test_the_workbook_holds_what_the_page_shows(session: Session):
    world = worlds.disbursement_world(session).bring_to(session, Status.APPROVED)
    assert figures_view.taken(session, world.owner, "own", "12").startswith("业务统计-近 12 个月")
    book = load_workbook(io.BytesIO(figures_view.workbook(session, world.owner, "own", "12")))
    board = figures_view.board(session, world.owner, "own", "12")
    assert len(book.sheetnames) == len(board.figures)
    for sheet, figure in zip(book.worksheets, board.figures, strict=True):
        assert [c.value for c in sheet[1]] == [figure.label, *figure.heads]
        assert sheet.max_row == len(figure.lines) + 1


def test_the_workbook_of_the_region_begins_with_the_tiles(session: Session):
    boss = factories.staff(session)
    worlds.disbursement_world(session).bring_to(session, Status.APPROVED)
    sheet = load_workbook(io.BytesIO(figures_view.workbook(session, boss, "region", "3"))).worksheets[0]
    tiles = figures_view.board(session, boss, "region", "3").tiles
    told = {row[0].value: (row[1].value, row[2].value) for row in sheet.iter_rows(min_row=2)}
    assert told == {t.label: (float(t.value.replace(",", "")), t.unit) for t in tiles} and len(told) == 6


def test_sums_are_the_databases_own(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.APPROVED)
    row = session.get_one(Application, world.row_id)
    assert row.applicant
    count, fen = figures.sums(session, Application.id == world.row_id, Application.approved_fen)
    assert (count, fen) == (1, row.approved_fen)


def test_what_was_withdrawn_is_neither_sent_nor_decided(session: Session):
    month, boss = clock.today().isoformat()[:7], factories.staff(session)
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    was = lines(figures_region.tables(session, boss, period("3")), "融资业务")[month]
    tiles = [t.value for t in figures_view.board(session, boss, "region", "3").tiles if t.label == "融资申请"]
    world.act(session, Action.WITHDRAW)
    now = lines(figures_region.tables(session, boss, period("3")), "融资业务")[month]
    assert (now[0], now[1]) == (was[0] - 1, was[1] - 500)
    told = [t.value for t in figures_view.board(session, boss, "region", "3").tiles if t.label == "融资申请"]
    assert int(told[0]) == int(tiles[0]) - 1
    bank = figures_member.tables(session, world.reviewer, period("3"))
    assert [cells[0] for cells in lines(bank, "申请转化").values()] == [0, 0, 0, 0, 0]
    assert lines(bank, "申请、审批与放款")[month][:2] == [0, 0]
    assert [cells[0] for cells in lines(bank, "各产品").values()] == [0]
    own = figures_member.tables(session, world.owner, period("3"))
    assert lines(own, "我的融资（按月）")[month][:2] == [0, 0]
    assert sum(cells[0] for cells in lines(own, "我的融资申请").values()) == 0


def test_a_withdrawal_is_no_work_done_and_a_second_return_is_counted_once(session: Session):
    boss = factories.staff(session)
    world = worlds.product_world(session).bring_to(session, Status.PENDING)
    world.act(session, Action.WITHDRAW)

    def done() -> list[Any]:
        return lines(figures_region.tables(session, boss, period("3")), "审核队列")["金融产品"]

    assert done()[0] == 0 and done()[3:] == [0, None]
    for _ in range(2):
        world.act(session, Action.SUBMIT)
        world.act(session, Action.RETURN)
    assert done()[0] == 0 and done()[3] == 1 and done()[4] is not None


def test_a_product_is_listed_once_however_often_it_is_put_back(session: Session):
    boss, month = factories.staff(session), clock.today().isoformat()[:7]
    bank = factories.member(session, Kind.DEBT)

    def listed() -> list[int]:
        return [
            cells[2]
            for cells in lines(figures_region.tables(session, boss, period("3")), "注册与认证").values()
        ]

    before = listed()
    offered = worlds.listed_product(session, bank)
    assert sum(listed()) == sum(before) + 1
    clock.shift(timedelta(days=40))
    for wanted in (False, True):
        product.delist(session, bank, offered.id, listed=wanted)
    assert clock.today().isoformat()[:7] != month
    found = lines(figures_region.tables(session, boss, period("3")), "注册与认证")
    assert found[month][2] == before[-1] + 1 and found[clock.today().isoformat()[:7]][2] == 0


def test_the_pushes_of_an_enterprise_are_those_of_the_period(session: Session):
    who, bank = factories.member(session), factories.member(session, Kind.DEBT)
    worlds.listed_product(session, bank)
    pushes.run(session)

    def received() -> int:
        return lines(figures_member.tables(session, who, period("3")), "收到的产品推送")["已推送"][0]

    assert received() == 1
    clock.shift(timedelta(days=150))
    assert received() == 0
