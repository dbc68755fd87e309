"""Dashboards: the figures of a period, for the platform and for each member."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import EQUITY_FIGURES, FIGURES, STATISTICS
from cpegi_app.services import figures_view
from cpegi_app.services.figures import PERIODS
from cpegi_app.services.figures_view import EQUITY, MEMBER, REGION, Board
from cpegi_app.state.base import Services, for_screen, text_arg


class BoardState(Services, mixin=True):
    """A dashboard; the chapter's state says whose."""

    board: Board = Board()
    loading: bool = True

    def _side(self) -> str:
        raise NotImplementedError

    @rx.event
    async def load(self):
        """Count afresh, for the last months."""
        await self._count(next(iter(PERIODS)))

    @rx.event
    async def pick(self, code: str):
        """Show another period."""
        await self._count(text_arg(code, 8))

    async def _count(self, code: str) -> None:
        self.board = await self._read(figures_view.board, self._side(), code)
        self.loading = False


@for_screen(STATISTICS)
class StatisticsState(BoardState, rx.State):
    """数据概览: the platform's figures, for the staff and the regulator."""

    def _side(self) -> str:
        return REGION


@for_screen(FIGURES)
class MemberFiguresState(BoardState, rx.State):
    """业务统计: a member's own figures."""

    def _side(self) -> str:
        return MEMBER


@for_screen(EQUITY_FIGURES)
class EquityFiguresState(BoardState, rx.State):
    """股权数据: projects and investments, for the staff."""

    def _side(self) -> str:
        return EQUITY
