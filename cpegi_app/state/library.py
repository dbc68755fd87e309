"""股权投资项目库 and 股权数据 (manual §6.5)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import EQUITY_FIGURES, LIBRARY, STAFF_LIBRARY
from cpegi_app.services import equity_figures, library
from cpegi_app.services.equity_figures import EquityFigures
from cpegi_app.services.forms import wan
from cpegi_app.services.library import LibraryRow
from cpegi_app.services.lists import Sums
from cpegi_app.state.base import Services, for_screen
from cpegi_app.state.table import TableState, shows


class LibraryState(TableState, mixin=True):
    """A page of the library with the sum of the list."""

    rows: list[LibraryRow] = []
    amount: str = "0"

    def _show_sums(self, sums: Sums) -> None:
        super()._show_sums(sums)
        self.amount = wan(sums.sums[0]) if sums.sums else "0"


@for_screen(LIBRARY)
@shows(library.OWN)
class OwnLibraryState(LibraryState, rx.State):
    """The own closed investments, as institution or as project side."""


@for_screen(STAFF_LIBRARY)
@shows(library.EVERY)
class StaffLibraryState(LibraryState, rx.State):
    """Every closed investment."""


@for_screen(EQUITY_FIGURES)
class FiguresState(Services, rx.State):
    """股权数据."""

    figures: EquityFigures = EquityFigures()

    @rx.event
    async def load(self):
        """Show the figures of the moment."""
        self.figures = EquityFigures()
        self.figures = await self._read(equity_figures.figures)
