"""Dashboards: 数据概览 and 股权数据 of the platform, 业务统计 of a member; charts, the numbers behind them, and a workbook."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import EQUITY_FIGURES, FIGURES, STATISTICS
from cpegi_app.pages import ui
from cpegi_app.pages.layout import page
from cpegi_app.services.figures import PERIODS
from cpegi_app.services.figures_view import EQUITY, MEMBER, REGION
from cpegi_app.state.figures import EquityFiguresState, MemberFiguresState, StatisticsState


@page(STATISTICS, StatisticsState.load)
def statistics() -> rx.Component:
    """数据概览."""
    board = _board(StatisticsState, STATISTICS.title, REGION, _tiles(StatisticsState))
    return rx.fragment(ui.crumbs("统计", STATISTICS.title), board)


@page(EQUITY_FIGURES, EquityFiguresState.load)
def equity_figures() -> rx.Component:
    """股权数据."""
    board = _board(EquityFiguresState, EQUITY_FIGURES.title, EQUITY, _tiles(EquityFiguresState))
    return rx.fragment(ui.crumbs(EQUITY_FIGURES.menu, EQUITY_FIGURES.title), board)


@page(FIGURES, MemberFiguresState.load)
def own_figures() -> rx.Component:
    """业务统计."""
    state = MemberFiguresState
    return rx.fragment(ui.crumbs(FIGURES.title), _board(state, FIGURES.title, MEMBER))


def _tiles(state: Any) -> rx.Component:
    return rx.el.div(
        rx.foreach(
            state.board.tiles,
            lambda t: ui.stat_tile(t.label, rx.fragment(t.value, rx.el.small(t.unit)), tone=t.tone),
        ),
        class_name="stats",
    )


def _board(state: Any, title: str, side: str, *above: rx.Component) -> rx.Component:
    board = state.board
    period = rx.el.select(
        *(rx.el.option(label, value=code) for code, label in PERIODS.items()),
        value=board.period,
        on_change=state.pick,
        aria_label="统计期间",
        class_name="input period",
    )
    export = ui.download_link(
        rx.fragment(ui.icon("download"), "导出"),
        f"/exports/figures/{side}?period=" + board.period,
        class_name="btn",
    )
    return rx.fragment(
        ui.page_head(title, period, export, number=rx.cond(board.at != "", "截至 " + board.at, "")),
        *above,
        rx.cond(
            state.loading,
            ui.card("", ui.skeleton(8)),
            rx.el.div(rx.foreach(board.figures, ui.figure), class_name="boards"),
        ),
    )
