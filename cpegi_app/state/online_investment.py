"""线上投资记录: lists and pages of the institution, the project side and the staff (manual §6.2)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import CONFIRM_ONLINE, CONFIRMATIONS, RECORD, RECORDS, STAFF_RECORD, STAFF_RECORDS
from cpegi_app.errors import Conflict
from cpegi_app.services import investment_question, online_investment, online_list
from cpegi_app.services.forms import posted
from cpegi_app.services.investment_form import OnlineForm
from cpegi_app.services.investment_question import ONLINE, QuestionRow
from cpegi_app.services.online_list import LeadChoice, OnlineRow, OnlineView
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.form import FormState
from cpegi_app.state.message import on_error, success
from cpegi_app.state.question import QuestionState
from cpegi_app.state.table import TableState, shows

TITLES = {s.name: s.title for s in OnlineForm.specs()} | {"reason": "原因", "lead": "对接线索"}
FIGURE_NAMES = frozenset(OnlineForm.model_fields)
MODES = ("object", "correct", "void")


class RecordingState(FormState, mixin=True):
    """The form 登记线上投资 beside a list: the lead first, then the figures."""

    recording: bool = False
    leads: list[LeadChoice] = []
    lead: str = ""

    @rx.event
    async def open_record(self):
        """Open the form with the leads that an investment may be recorded at."""
        await self._begin("")

    async def _begin(self, lead: str) -> None:
        self.leads = await self._read(online_list.leads, "", lead)
        self.lead = lead if any(c.value == lead for c in self.leads) else ""
        self.recording = True
        self._open({})

    @rx.event
    async def look_lead(self, word: str):
        """Narrow the leads down to those of a project's or an institution's name."""
        self.leads = await self._read(online_list.leads, text_arg(word, 60), self.lead)

    @rx.event
    def close_record(self):
        """Put the form away."""
        self.recording = False

    @rx.event
    async def record(self, data: dict):
        """Record the investment; both sides, or the other one, confirm it then."""
        values = posted(data, FIGURE_NAMES | {"lead", "intent"})
        values.pop("intent", "")
        lead = int_arg(values.pop("lead", ""), 0)
        row = await self._checked(self._write(online_investment.record, lead, values), TITLES)
        self.recording = False
        return rx.redirect(self._page().url(oid=row.id))

    def _page(self) -> Any:
        """Return the screen of one record."""
        raise NotImplementedError


@for_screen(RECORDS)
@shows(online_list.OWN)
class RecordListState(TableState, RecordingState, rx.State):
    """投资记录, 线上: the institution's records."""

    rows: list[OnlineRow] = []
    tab: str = "online"

    @rx.event
    def show_tab(self, tab: str):
        """Show the online or the offline records."""
        self._turn(tab)
        self._keep_place()

    def _tab(self) -> str:
        return self.tab

    def _turn(self, tab: str) -> None:
        self.tab = "offline" if tab == "offline" else "online"

    def _page(self) -> Any:
        return RECORD


@for_screen(CONFIRMATIONS)
@shows(online_list.PARTY_SIDE)
class PartyRecordsState(TableState, rx.State):
    """The online records in which the own organisation is the project side."""

    rows: list[OnlineRow] = []
    tab: str = "offline"

    @rx.event
    def show_tab(self, tab: str):
        """Show the offline or the online records."""
        self._turn(tab)
        self._keep_place()

    def _tab(self) -> str:
        return self.tab

    def _turn(self, tab: str) -> None:
        self.tab = "online" if tab == "online" else "offline"


@for_screen(STAFF_RECORDS)
@shows(online_list.EVERY)
class StaffRecordsState(TableState, RecordingState, rx.State):
    """投资记录与疑问: every record."""

    rows: list[OnlineRow] = []
    tab: str = "records"

    @rx.event
    def show_tab(self, tab: str):
        """Show the records or the questions."""
        self._turn(tab)
        self._keep_place()

    def _tab(self) -> str:
        return self.tab

    def _turn(self, tab: str) -> None:
        self.tab = "questions" if tab == "questions" else "records"

    @rx.event
    async def load_lead(self):
        """Open the form at once for the lead that the address names."""
        self.recording, wanted = False, text_arg(self.router.url.query_parameters.get("lead", ""), 9)
        if wanted.isascii() and wanted.isdigit():
            await self._begin(wanted)

    def _page(self) -> Any:
        return STAFF_RECORD


@for_screen(STAFF_RECORDS)
@shows(investment_question.QUESTIONS)
class QuestionListState(TableState, rx.State):
    """What was asked about records."""

    rows: list[QuestionRow] = []


class OnlineState(QuestionState, mixin=True):
    """The page of one record; who has to do with it as what is the service's affair."""

    row_id: int = 0
    view: OnlineView = OnlineView()
    mode: str = ""

    @rx.event
    async def load(self):
        """Open the record named by the address."""
        self.row_id, self.view, self.mode, self.threads, self.asking = 0, OnlineView(), "", [], False
        await self._show(self._route_id("oid"))

    async def _show(self, row_id: int) -> None:
        self.view = await self._read(online_list.view, row_id)
        self.row_id = row_id
        await self._load_threads()
        self._open(self.view.values)

    async def _arrive(self) -> str:
        """Follow what the other side does; while a form is open, only say so."""
        if not self.row_id:
            return ""
        found = await self._read(online_list.view, self.row_id)
        if found.version == self.view.version:
            await self._load_threads()
            return ""
        if self.mode:
            return f"该投资记录状态已更新：{found.state_label}。本页填写的内容仍在。"
        await self._show(self.row_id)
        return f"该投资记录状态已更新：{found.state_label}。"

    def _about(self) -> tuple[str, int]:
        return ONLINE, self.row_id

    @rx.event
    def open_form(self, mode: str):
        """Open the form of an objection, of a correction or of taking the record back."""
        self.mode = mode if mode in MODES else ""

    @rx.event
    def close_form(self):
        """Put the form away."""
        self.mode = ""
        self._clear_errors()

    @rx.event
    async def confirm(self):
        """确认无误 for the own side."""
        call = self._write(online_investment.confirm, self.row_id, self.view.version)
        return await self._done(call, "已确认。双方确认后，该投资自动进入股权投资项目库。")

    @rx.event
    async def send(self, data: dict):
        """Send the form that is open."""
        values = posted(data, FIGURE_NAMES | {"reason", "intent"})
        values.pop("intent", "")
        reason = values.pop("reason", "")
        seen = (self.row_id, self.view.version)
        if self.mode == "void":
            call = self._write(online_investment.void, *seen, reason)
            return await self._done(call, "记录已作废，已通知双方。")
        if self.mode == "object":
            values.pop("note", "")
            call = self._write(online_investment.object_to, *seen, values, reason)
            return await self._done(call, "异议已提交，机构或平台更正后再请双方确认。")
        if self.mode == "correct":
            call = self._write(online_investment.correct, *seen, values)
            return await self._done(call, "已更正，请尚未确认的一方重新确认。")
        return None

    async def _done(self, call: Any, sentence: str) -> Any:
        try:
            await self._checked(call, TITLES)
        except Conflict as refusal:
            await self._show(self.row_id)
            return on_error(refusal)
        self.mode = ""
        await self._show(self.row_id)
        return success(sentence)


@for_screen(RECORD)
class RecordState(OnlineState, rx.State):
    """The institution's page of a record."""


@for_screen(CONFIRM_ONLINE)
class ConfirmOnlineState(OnlineState, rx.State):
    """The project side's page of a record."""


@for_screen(STAFF_RECORD)
class StaffRecordState(OnlineState, rx.State):
    """The staff's page of a record."""
