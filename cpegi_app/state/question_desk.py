"""A question about an offline filing: the staff's page (manual §6.2)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import STAFF_QUESTION
from cpegi_app.services import question_desk
from cpegi_app.services.investment_question import OFFLINE
from cpegi_app.services.question_desk import QuestionCase
from cpegi_app.state.base import for_screen
from cpegi_app.state.online_investment import StaffRecordsState
from cpegi_app.state.question import QuestionState


@for_screen(STAFF_QUESTION)
class StaffQuestionState(QuestionState, rx.State):
    """The staff's page of a question about a filing: the facts, the thread, the answer."""

    row_id: int = 0
    case: QuestionCase = QuestionCase()

    @rx.event
    async def load(self):
        """Open the question named by the address."""
        self.row_id, self.case, self.threads, self.asking = 0, QuestionCase(), [], False
        # 返回列表 leads to the tab in which the question stands.
        (await self.get_state(StaffRecordsState)).tab = "questions"
        await self._show(self._route_id("qid"))
        self._open({})

    async def _show(self, row_id: int) -> None:
        self.case = await self._read(question_desk.case, row_id)
        self.row_id, self.threads = row_id, self.case.threads

    async def _arrive(self) -> str:
        """Follow what the asker writes and what becomes of the filing."""
        if self.row_id:
            await self._show(self.row_id)
        return ""

    def _about(self) -> tuple[str, int]:
        return OFFLINE, self.row_id

    async def _load_threads(self) -> None:
        await self._show(self.row_id)
