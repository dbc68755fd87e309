"""对记录有疑问 on the page of a record, and the staff's answer there (manual §6.2)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.services import investment_question
from cpegi_app.services.forms import posted
from cpegi_app.services.investment_question import Thread
from cpegi_app.state.base import int_arg
from cpegi_app.state.form import FormState
from cpegi_app.state.message import success

QUESTION_NAMES = frozenset({"question", "intent"})
ANSWER_NAMES = frozenset({"question", "thread", "intent"})


class QuestionState(FormState, mixin=True):
    """The questions about the record in view; the page's state says which record by `_about`."""

    threads: list[Thread] = []
    asking: bool = False
    question_key: int = 0

    def _about(self) -> tuple[str, int]:
        """Return the kind and the id of the record in view."""
        raise NotImplementedError

    async def _load_threads(self) -> None:
        self.threads = await self._read(investment_question.threads, *self._about())

    @rx.event
    def open_question(self):
        """Open the form of a question."""
        self.asking = True

    @rx.event
    def close_question(self):
        """Put the form of a question away."""
        self.asking = False
        self._clear_errors()

    @rx.event
    async def ask(self, data: dict):
        """Send a question to the staff."""
        values = posted(data, QUESTION_NAMES)
        call = self._write(investment_question.ask, *self._about(), values.get("question", ""))
        await self._checked(call, {"question": "疑问"})
        return await self._said("已发送，平台管理人员答复后会有消息通知。")

    @rx.event
    async def answer(self, data: dict):
        """Answer in an open thread, or ask further."""
        values = posted(data, ANSWER_NAMES)
        found = self._thread(values.get("thread", ""))
        call = self._write(investment_question.post, found.id, found.version, values.get("question", ""))
        await self._checked(call, {"question": "内容"})
        return await self._said("已发送。")

    @rx.event
    async def solve(self, thread_id: int):
        """Mark a question as solved."""
        found = self._thread(thread_id)
        await self._write(investment_question.close, found.id, found.version)
        return await self._said("已标记为解决。")

    def _thread(self, number: Any) -> Thread:
        wanted = int_arg(number, 0)
        empty = Thread(id=0, version=0, org="", state="", state_label="", tone="", open=False, messages=[])
        return next((t for t in self.threads if t.id == wanted), empty)

    async def _said(self, sentence: str) -> Any:
        self.asking, self.question_key = False, self.question_key + 1
        await self._load_threads()
        return success(sentence)
