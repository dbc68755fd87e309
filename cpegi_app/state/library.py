"""股权投资项目库 (manual §6.5)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import LIBRARY, STAFF_LIBRARY
from cpegi_app.services import library
from cpegi_app.services.forms import wan
from cpegi_app.services.library import LibraryRow
from cpegi_app.services.lists import Sums
from cpegi_app.state.base import for_screen
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
