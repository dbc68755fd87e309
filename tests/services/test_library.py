"""§6.5 股权投资项目库: each side's own, search, export, choices for a policy; the staff's figures."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.errors import Forbidden
from cpegi_app.services import figures_view, library, list_count, list_export, lists
from cpegi_app.services.list_export import Export
from cpegi_app.vocabulary import Kind, Status
from cpegi_app.vocabulary.equity import LeadStage, Round
from tests import equity, factories, worlds


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    list_count.forget()


def names(session: Session, who: Actor, **filters: str) -> list[str]:
    listing = library.EVERY if who.role == "STAFF" else library.OWN
    return [r.project for r in lists.page(session, who, listing, filters, size=50).rows]


def test_6_5_both_ways_of_investing_end_in_the_library_as_closed(session: Session):
    equity.closed(session)
    worlds.investment_world(session).bring_to(session, Status.APPROVED)
    page = lists.page(session, factories.staff(session), library.EVERY, {})
    assert {(r.source, r.state) for r in page.rows} == {("线上", "已结项"), ("线下", "已结项")}
    assert page.sums.sums == (2_000_000_000,)


def test_each_side_sees_its_own(session: Session):
    for who in equity.closed(session):
        assert len(names(session, who)) == 1
    fund, _ = equity.closed(session)
    for stranger in (factories.member(session), equity.fund(session)):
        assert names(session, stranger) == []
    with pytest.raises(Forbidden):
        names(session, factories.regulator(session))
    with pytest.raises(Forbidden):
        lists.page(session, fund, library.EVERY, {})


def test_the_library_is_searched(session: Session):
    staff = factories.staff(session)
    equity.closed(
        session, round="B", agreed_on="2024-05-01", paid_on="2024-05-02", registered_on="2024-05-03"
    )
    worlds.investment_world(session, agreed_on="2025-05-01", paid_on="2025-05-02").bring_to(
        session, Status.APPROVED
    )
    for filters, count in (
        ({"round": "B"}, 1),
        ({"source": "OFFLINE"}, 1),
        ({"since": "2025-01-01"}, 1),
        ({"until": "2024-12-31", "round": "A"}, 0),
        ({"word": "智能传感器"}, 1),
        ({"word": "%"}, 0),
        ({"round": "x", "since": "never"}, 2),
    ):
        assert len(names(session, staff, **filters)) == count, filters


def test_the_export_is_a_workbook_of_the_filtered_list(session: Session):
    staff = factories.staff(session)
    equity.closed(session)
    worlds.investment_world(session).bring_to(session, Status.APPROVED)
    export = Export("library", {"source": "ONLINE"})
    while not export.whole:
        export.step(session, staff)
    done_ = export.finish(session, staff)
    _, place = list_export.file_of(session, staff, int(done_.href.rsplit("/", 1)[1]))
    head, row, *rest = load_workbook(place)["股权投资项目库"].iter_rows(values_only=True)
    assert (head[0], head[10], head[-1], rest) == ("项目", "投资金额（万元）", "状态", [])
    assert (row[5], row[10], row[11], row[-1]) == ("线上", 1000, 10, "已结项")
    with pytest.raises(Forbidden):
        Export("library", {}).step(session, equity.fund(session))


# --- figures --------------------------------------------------------------------------------------------


def test_the_figures_add_up(session: Session):
    staff = factories.staff(session)

    def board() -> figures_view.Board:
        return figures_view.board(session, staff, figures_view.EQUITY, "3")

    def amount(of: figures_view.Board, label: str) -> str:
        return next(t.value for t in of.tiles if t.label == label)

    def cells(of: figures_view.Board, title: str, line: str) -> list[str]:
        (found,) = (f for f in of.figures if f.title.startswith(title))
        return next(x.cells for x in found.lines if x.label == line)

    before = board()
    agreed = equity.day(12)
    equity.closed(session, round="B", agreed_on=agreed, amount="800")
    equity.closed(session, round="C", agreed_on=equity.day(300), amount="500")
    equity.online(session, by="staff")
    worlds.investment_world(session).bring_to(session, Status.PENDING)
    found = board()
    assert (amount(found, "完成投资"), amount(found, "投资总额")) == ("2", "1,300")
    assert int(amount(found, "待确认投资")) == int(amount(before, "待确认投资")) + 2
    # By period: what was agreed on before is in the tiles only.
    assert cells(found, "各轮次", Round.B.label)[2:] == ["1", "800"]
    assert cells(found, "各轮次", Round.C.label)[2:] == ["0", "0"]
    assert cells(found, "投资与洽谈", agreed[:7])[:3] == ["1", "0", "800"]
    assert [len(f.lines) for f in found.figures] == [3, len(Round), len(LeadStage)]
    assert sum(int(x.cells[0]) for x in found.figures[2].lines) >= 2
    assert figures_view.taken(session, staff, figures_view.EQUITY, "12").startswith("股权数据-近 12 个月")
    data = figures_view.workbook(session, staff, figures_view.EQUITY, "12")
    titles = [f.title for f in found.figures]
    assert load_workbook(io.BytesIO(data)).sheetnames == ["股权数据（当前）", *titles]
    for who in (equity.fund(session), factories.member(session, Kind.DEBT), factories.regulator(session)):
        for call in (figures_view.board, figures_view.taken, figures_view.workbook):
            with pytest.raises(Forbidden):
                call(session, who, figures_view.EQUITY, "3")
