"""报告管理: the organisation's calendar, list and editor (manual §7)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import LOANS, REPORT_EDIT, REPORTS
from cpegi_app.services import report, report_calendar, report_list, report_reminder
from cpegi_app.services import report_statistics as statistics
from cpegi_app.services.report import FLOW, NAMES, TITLES, Sheet
from cpegi_app.services.report_calendar import Calendar
from cpegi_app.services.report_list import ReportRow
from cpegi_app.services.report_statistics import FigureView
from cpegi_app.state.base import for_screen, text_arg
from cpegi_app.state.place import written
from cpegi_app.state.subject import SubjectState, edits
from cpegi_app.state.table import TableState, shows
from cpegi_app.vocabulary import ReportKind

LONGEST = 5000
RELEASES = "报送日历要求的报告恢复为未报送，仍须在期限前填报，报送时间按重新提交的时间计算。"


@for_screen(REPORTS)
@shows(report_list.OWN)
class ReportListState(TableState, rx.State):
    """报告管理: what is asked for, and the own reports."""

    rows: list[ReportRow] = []
    calendar: Calendar = Calendar()

    @rx.event
    async def load_calendar(self):
        """Show what is due, late and in; whoever opens the page has been reminded."""
        await self._write(report_reminder.remind_own)
        self.calendar = await self._read(report_calendar.calendar)

    @rx.event
    async def publish(self):
        """发布临时报告."""
        row = await self._write(report.begin, ReportKind.INTERIM.value)
        return rx.redirect(REPORT_EDIT.url(rid=row.id))

    @rx.event
    async def begin(self, kind: str, period: str):
        """填报 of a duty."""
        row = await self._write(report.begin, text_arg(kind, 12), text_arg(period, 8))
        return rx.redirect(REPORT_EDIT.url(rid=row.id))


@for_screen(REPORT_EDIT)
@edits(FLOW.name, NAMES, TITLES, RELEASES)
class ReportEditState(SubjectState, rx.State):
    """The editor of a report with its statistics, and what became of it."""

    kind: str = ""
    period: str = ""
    sheet: Sheet = Sheet()
    figures: list[FigureView] = []
    skip: bool = False
    # By figure the way to the loans past their day that it holds, in the own loan book.
    past: dict[str, str] = {}

    @rx.event
    async def load(self):
        """Open the report named by the address."""
        await self._show(self._route_id("rid"))

    async def _show(self, row_id: int) -> None:
        await super()._show(row_id)
        self.kind, self.period = self.values.get("kind", ""), self.values.get("period", "")
        self.skip = bool(self.values.get(statistics.SKIP))
        await self._fill(self.values)

    @rx.event
    async def pick_kind(self, kind: str):
        """Offer the periods of the kind that was chosen; what was typed elsewhere stays in the browser."""
        self.kind, self.period = text_arg(kind, 12), ""
        await self._fill(self.values)

    @rx.event
    async def pick_period(self, period: str):
        """Fetch the loan book's figures of the period that was chosen."""
        self.period = text_arg(period, 8)
        await self._fill(self.values)

    @rx.event
    async def compare(self, name: str, value: str):
        """Show how far a figure that was typed is from the loan book's."""
        name, value = text_arg(name, 40), text_arg(value, LONGEST)
        if name in statistics.NAMES:
            self.values = self.values | {name: value}
            await self._fill(self.values)

    async def _fill(self, values: dict[str, Any]) -> None:
        self.sheet = await self._read(report.sheet, self.kind, self.period, values)
        self.figures = self.sheet.figures
        self.past = {name: _past(filters) for name, filters in self.sheet.past.items()}
        self.values = statistics.typed(self.values, self.figures)

    async def _keep(self, values: dict[str, str]) -> int:
        return await self._write(report.save, self.row_id, self._seen(), values)


def _past(filters: dict[str, str]) -> str:
    place = written("loan_book", {f"f.{name}": value for name, value in filters.items()})
    return f"{LOANS.route}#{place}"
