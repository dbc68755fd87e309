"""线下投资备案: the institution's list and editor, the project side's confirmation (manual §6.4)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import CONFIRM, CONFIRMATIONS, INVESTMENT_EDIT, RECORDS
from cpegi_app.errors import Conflict, Withdrawn
from cpegi_app.services import investment, investment_case, investment_list
from cpegi_app.services.forms import posted
from cpegi_app.services.investment import FLOW, TITLES
from cpegi_app.services.investment_case import FilingCase
from cpegi_app.services.investment_form import NAMES, InvestmentForm
from cpegi_app.services.investment_list import FilingRow, Target
from cpegi_app.services.investment_question import OFFLINE
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.desk import OpinionState
from cpegi_app.state.message import on_error, success
from cpegi_app.state.online_investment import RecordListState
from cpegi_app.state.question import QuestionState
from cpegi_app.state.subject import SubjectState, edits
from cpegi_app.state.table import TableState, shows

OBJECTION_NAMES = frozenset(NAMES) | {"comment", "intent"}


@for_screen(RECORDS)
@shows(investment_list.OWN)
class FilingListState(TableState, rx.State):
    """投资记录, 线下: the institution's filings."""

    rows: list[FilingRow] = []

    @rx.event
    async def add(self):
        """添加线下投资记录."""
        row = await self._write(investment.new_draft)
        return rx.redirect(INVESTMENT_EDIT.url(iid=row.id))

    @rx.event
    async def remind(self, row_id: int):
        """Call a waiting filing to the project side's mind."""
        await self._write(investment_list.remind, int_arg(row_id, 0))
        return success("已提醒项目方确认。")


@for_screen(CONFIRMATIONS)
@shows(investment_list.PARTY_SIDE)
class PartyFilingsState(TableState, rx.State):
    """线下投资确认: the filings in which the own organisation is the project side."""

    rows: list[FilingRow] = []


@for_screen(INVESTMENT_EDIT)
@edits(FLOW.name, frozenset(InvestmentForm.model_fields), TITLES)
class InvestmentEditState(SubjectState, QuestionState, rx.State):
    """The editor of a filing, and what became of it."""

    case: FilingCase = FilingCase()
    target: Target = Target(enterprise_id=0, name="", kind="", note="")
    found: list[Target] = []
    looked: str = ""

    @rx.event
    async def load(self):
        """Open the filing named by the address."""
        self.case, self.found, self.looked, self.threads = FilingCase(), [], "", []
        self.target, self.asking = _NOTHING, False
        # 返回列表 leads to the tab in which this filing stands.
        (await self.get_state(RecordListState)).tab = "offline"
        await self._show(self._route_id("iid"))

    async def _show(self, row_id: int) -> None:
        await super()._show(row_id)
        self.case = await self._read(investment_case.case, row_id)
        self.threads = self.case.threads
        self.target = await self._read(investment_list.target_of, row_id) or _NOTHING

    async def _arrive(self) -> str:
        """Follow a decision, and what the staff answer to a question."""
        told = await super()._arrive()
        if self.row_id and self.case.can_ask:
            await self._load_threads()
        return told

    def _about(self) -> tuple[str, int]:
        return OFFLINE, self.row_id

    @rx.event
    async def look(self, data: dict):
        """Look for the project or the enterprise."""
        word = text_arg(data.get("word", "") if isinstance(data, dict) else "", 60)
        self.found = await self._read(investment_list.find, word)
        short = len(word) < investment_list.WORD_MIN
        self.looked = "请至少输入两个字" if short else ("" if self.found else "没有找到，请核对名称或代码")

    @rx.event
    async def pick(self, enterprise_id: int, project_id: int):
        """Say in what was invested; what is typed below stays."""
        call = self._write(
            investment.choose, self.row_id, self._seen(), int_arg(enterprise_id, 0), int_arg(project_id, 0)
        )
        self.version = (await self._checked(call, TITLES)).version
        self.target = await self._read(investment_list.target_of, self.row_id) or _NOTHING
        self.found, self.looked = [], ""

    @rx.event
    async def remind(self):
        """Call the waiting filing to the project side's mind."""
        await self._write(investment_list.remind, self.row_id)
        return success("已提醒项目方确认。")


_NOTHING = Target(enterprise_id=0, name="", kind="", note="")


@for_screen(CONFIRM)
class ConfirmState(OpinionState, QuestionState, rx.State):
    """The project side's page of a filing: confirm, or object with the own figures."""

    row_id: int = 0
    case: FilingCase = FilingCase()
    objecting: bool = False

    @rx.event
    async def load(self):
        """Open the filing named by the address."""
        self.row_id, self.case, self.objecting, self.done, self.withdrawn = 0, FilingCase(), False, "", ""
        self.threads, self.asking = [], False
        await self._look(self._route_id("iid"))

    async def _look(self, row_id: int) -> None:
        """Show the filing as it stands now, or that the institution has taken it back."""
        await self._shown(self._show(row_id))
        self.row_id = row_id

    async def _show(self, row_id: int) -> None:
        found = await self._read(investment_case.case, row_id)
        self.row_id, self.case, self.threads = row_id, found, found.threads
        self._open(found.values)

    def _is_open(self) -> bool:
        return self.case.can_confirm

    def _sent(self) -> int:
        return self.case.view.sent

    def _fresh(self) -> dict[str, str]:
        return self.case.values

    async def _taken_back(self, refusal: Withdrawn) -> None:
        """Show that the institution has taken it back; what was being answered is gone with it."""
        self.objecting = False
        await super()._taken_back(refusal)

    async def _follow(self) -> str:
        """Follow what the other side and the platform do; while the own figures are typed, only say so."""
        if not self.row_id:
            return ""
        found = await self._read(investment_case.case, self.row_id)
        if found.version == self.case.version and not self.withdrawn:
            self.threads = found.threads
            return ""
        if self.objecting:
            return f"该线下投资备案状态已更新：{found.state_label}。本页填写的内容仍在。"
        await self._show(self.row_id)
        return f"该线下投资备案状态已更新：{found.state_label}。"

    def _about(self) -> tuple[str, int]:
        return OFFLINE, self.row_id

    @rx.event
    def open_objection(self):
        """Open the form of the own figures."""
        self.objecting = True

    @rx.event
    def close_objection(self):
        """Put the form of the own figures away."""
        self.objecting = False
        self._clear_errors()

    @rx.event
    async def confirm(self):
        """确认无误."""
        call = self._write(investment.confirm, self.row_id, self.case.version, self._submit_key)
        return await self._decided(call, "已确认，等待平台确认备案。")

    @rx.event
    async def object_to(self, data: dict):
        """提出异议 with the own figures."""
        values = posted(data, OBJECTION_NAMES)
        values.pop("intent", "")
        comment = values.pop("comment", "")
        call = self._write(
            investment.object_to, self.row_id, self.case.version, values, comment, self._submit_key
        )
        return await self._decided(call, "异议已提交，投资机构更正或答复后再请贵单位确认。")

    async def _decided(self, call: Any, sentence: str) -> Any:
        key = self._submit_key
        try:
            await self._checked(call, TITLES | {"comment": "异议说明"})
        except Withdrawn as refusal:
            await self._taken_back(refusal)
            return on_error(refusal)
        except Conflict as refusal:
            await self._look(self.row_id)
            return on_error(refusal)
        self.objecting, self.done = False, sentence
        await self._show(self.row_id)
        # The second half of a double click is the same decision.
        self._submit_key = key
        return success(sentence)
