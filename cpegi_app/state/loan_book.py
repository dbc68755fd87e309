"""贷款台账: online and offline loans in one list (manual §5.1)."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from cpegi_app.access import FILING, LOANS, STAFF_LOANS
from cpegi_app.errors import DomainError
from cpegi_app.services import loan_book, offline_rows
from cpegi_app.services.loan_book import BookSums, LoanEntry
from cpegi_app.state.base import for_screen, int_arg, run_as
from cpegi_app.state.table import TableState


class BookState(TableState, mixin=True):
    """A page of the book with its sums; the service knows whose loans the actor may see."""

    rows: list[LoanEntry] = []
    amount: str = "0"
    balance: str = "0"
    counting: bool = False
    export_href: str = ""
    # The filters of the list that is being counted in the background.
    _behind: dict[str, str] | None = None

    async def _fetch(self) -> None:
        found = await self._read(loan_book.page, dict(self.filters), page=self.page, size=self.size)
        self.rows = found.rows
        self._show(found.sums)
        self.export_href = "/exports/loans?" + urlencode({k: v for k, v in self.filters.items() if v})

    def _show(self, sums: BookSums) -> None:
        self.total, self.counting = sums.total, sums.counting
        self.amount, self.balance = sums.amount, sums.balance

    def _rest(self) -> Any:
        if not self.counting or self._behind == self.filters:
            return None
        self._behind = dict(self.filters)
        return type(self).count_rest

    @rx.event(background=True)
    async def count_rest(self):
        """Count the whole list while its page is in view; another search ends it."""
        async with self:
            wanted, who = self._behind, (self._sid(), self._address())
        while wanted is not None:
            try:
                sums = await asyncio.to_thread(run_as, *who, False, loan_book.count_on, (wanted,), {})
            except DomainError:
                # Signed out meanwhile: the next event says so.
                return
            async with self:
                if self._behind != wanted:
                    return
                self._show(sums)
                self._behind = wanted = wanted if sums.counting else None


@for_screen(STAFF_LOANS)
class StaffBookState(BookState, rx.State):
    """Every institution's loans."""


@for_screen(LOANS)
class LoanBookState(BookState, rx.State):
    """The institution's own loans."""

    @rx.event
    async def correct(self, loan_id: int):
        """Begin the correction of an offline loan (更正)."""
        batch = await self._write(offline_rows.correct, int_arg(loan_id, 0))
        return rx.redirect(FILING.url(bid=batch.id))
