"""What the regulator and the staff see of reports: the approved ones, the matrix, the duties (manual §7)."""

from __future__ import annotations

import secrets

import reflex as rx

from cpegi_app import clock
from cpegi_app.access import REPORT_DUTIES, REPORT_MATRIX, REPORT_READ, REPORTS_READ
from cpegi_app.errors import Conflict
from cpegi_app.services import report_calendar, report_desk, report_duty
from cpegi_app.services.forms import posted
from cpegi_app.services.report import FLOW, Choice
from cpegi_app.services.report_calendar import MatrixColumn, MatrixRow
from cpegi_app.services.report_desk import ReadRow
from cpegi_app.services.report_duty import DutyForm, DutyRow
from cpegi_app.services.review_view import ReviewView
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.form import FormState
from cpegi_app.state.message import on_error, success
from cpegi_app.state.reveal import RevealState
from cpegi_app.state.table import TableState, shows

DUTY_NAMES = frozenset(DutyForm.model_fields) | {"intent"}
DUTY_TITLES = {s.name: s.title for s in DutyForm.specs()}
YEARS = 6


@for_screen(REPORTS_READ)
@shows(report_desk.READ)
class ReportsReadState(TableState, rx.State):
    """报告查阅: the approved reports, and a period as one ZIP."""

    rows: list[ReadRow] = []
    periods: list[Choice] = []
    zip_period: str = ""
    zip_count: int = 0

    async def _fetch(self) -> None:
        self.periods = await self._read(report_desk.period_options)
        await self._choose(self.filters.get("period", ""))
        await super()._fetch()

    async def _choose(self, period: str) -> None:
        self.zip_period, self.zip_count = await self._read(report_desk.pack, period)

    @rx.event
    async def pick_zip(self, period: str):
        """Choose the period to download."""
        chosen = text_arg(period, 8)
        await self._choose(chosen if chosen in {p.value for p in self.periods} else "")


@for_screen(REPORT_READ)
class ReportReadState(RevealState, rx.State):
    """One approved report in full."""

    row: ReadRow = ReadRow()
    view: ReviewView = ReviewView()
    shown: str = ""
    shown_kind: str = ""

    @rx.event
    async def load(self):
        """Open the report named by the address."""
        self.revealed = {}
        found = await self._read(report_desk.one, self._route_id("rid"))
        self.row, self.view = found.row, found.view
        self._preview(next((f.id for f in found.view.files if f.kind != "xlsx"), 0))

    def _record(self) -> tuple[str, int]:
        return FLOW.name, self.view.id

    @rx.event
    def preview(self, file_id: int):
        """Show one of the files beside the data."""
        self._preview(int_arg(file_id, 0))

    def _preview(self, file_id: int) -> None:
        found = next((f for f in self.view.files if f.id == file_id), None)
        self.shown, self.shown_kind = (found.href, found.kind) if found else ("", "")


@for_screen(REPORT_MATRIX)
@shows(report_calendar.MATRIX)
class ReportMatrixState(TableState, rx.State):
    """报送情况: organisation × period."""

    columns: list[MatrixColumn] = []
    rows: list[MatrixRow] = []
    kind_label: str = ""
    year: int = 0
    years: list[Choice] = []

    async def _fetch(self) -> None:
        today = clock.today()
        self.years = [
            Choice(value=str(y), label=f"{y} 年") for y in range(today.year, today.year - YEARS, -1)
        ]
        self.year = int_arg(self.filters.get("year", ""), 0, today.year)
        self.kind_label = report_calendar.wanted_kind(self.filters).label
        await super()._fetch()
        self.columns = await self._read(report_calendar.heads, self._wanted())

    def _wanted(self) -> dict[str, str]:
        return self.filters | {"year": str(self.year or "")}


@for_screen(REPORT_DUTIES)
@shows(report_duty.EVERY)
class ReportDutiesState(TableState, FormState, rx.State):
    """报送要求: who reports what, by when."""

    rows: list[DutyRow] = []
    editing: int = -1
    stopping: int = 0
    stopping_text: str = ""
    # How the duty stood when its form was opened, or when a colleague's change was told.
    _seen: str = ""

    @rx.event
    async def load(self):
        """Show every duty."""
        self.editing, self.stopping = -1, 0
        self._come_back()
        self._open({})
        return await self._refresh()

    @rx.event
    async def edit(self, duty_id: int):
        """Open the form of a duty; 0 adds one."""
        self.editing = int_arg(duty_id, 0)
        fresh = {"due_months": "0", "due_days": "10", "starts_on": clock.today().replace(day=1).isoformat()}
        found = await self._read(report_duty.opened, self.editing) if self.editing else None
        self._seen = found.seen if found else ""
        self._open(found.values if found else fresh)

    @rx.event
    def close(self):
        """Put the form or the question away."""
        self.editing, self.stopping = -1, 0

    @rx.event
    async def save(self, data: dict):
        """Add or change the duty in the form."""
        values = posted(data, DUTY_NAMES)
        values.pop("intent", None)
        saving = self._write(report_duty.save, max(self.editing, 0), values, self._seen)
        try:
            await self._checked(saving, DUTY_TITLES)
        except Conflict as refusal:
            # What was typed stays in the form; the list behind it shows what the colleague has made of the duty.
            self._seen = (await self._read(report_duty.opened, self.editing)).seen
            await self._refresh()
            return on_error(refusal)
        self.editing = -1
        self.form_key = secrets.token_hex(6)
        await self._refresh()
        return success("已保存，机构的报送日历随即更新。")

    @rx.event
    def ask_stop(self, duty_id: int):
        """Ask before a duty is deactivated."""
        self.stopping = int_arg(duty_id, 0)
        self.stopping_text = next(
            (f"{r.applies_to} · {r.kind} · {r.rule}" for r in self.rows if r.id == self.stopping), ""
        )

    @rx.event
    async def stop(self):
        """Deactivate the duty that was asked about."""
        await self._write(report_duty.set_active, self.stopping, active=False)
        self.stopping = 0
        await self._refresh()
        return success("已停用，机构不再看到该项待报送。已报送的报告不受影响。")

    @rx.event
    async def resume(self, duty_id: int):
        """Put a duty in force again."""
        await self._write(report_duty.set_active, int_arg(duty_id, 0), active=True)
        await self._refresh()
        return success("已重新启用。")
