"""贷款台账: online and offline loans in one list (manual §5.1)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import FILING, LOANS, STAFF_LOANS
from cpegi_app.services import loan_book, offline_correction
from cpegi_app.services.lists import Sums
from cpegi_app.services.loan_book import LoanEntry
from cpegi_app.state.base import for_screen, int_arg
from cpegi_app.state.table import TableState, shows


class BookState(TableState, mixin=True):
    """A page of the book with its sums; the service knows whose loans the actor may see."""

    rows: list[LoanEntry] = []
    amount: str = "0"
    balance: str = "0"
    unknown: str = ""

    def _show_sums(self, sums: Sums) -> None:
        found = loan_book.book_sums(sums)
        self.total, self.counting = found.total, found.counting
        self.amount, self.balance, self.unknown = found.amount, found.balance, found.unknown


@for_screen(STAFF_LOANS)
@shows(loan_book.BOOK)
class StaffBookState(BookState, rx.State):
    """Every institution's loans."""


@for_screen(LOANS)
@shows(loan_book.BOOK)
class LoanBookState(BookState, rx.State):
    """The institution's own loans."""

    @rx.event
    async def correct(self, loan_id: int):
        """Begin the correction of an offline loan (更正)."""
        batch = await self._write(offline_correction.correct, int_arg(loan_id, 0))
        return rx.redirect(FILING.url(bid=batch.id))
