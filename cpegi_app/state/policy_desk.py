"""政策审核: the queue of a stage with bulk approval, one application at the reviewer's desk, the overview (manual §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import POLICY_OVERVIEW, POLICY_QUEUE, POLICY_REVIEW
from cpegi_app.errors import Conflict, DomainError, FormInvalid
from cpegi_app.services import policy_bulk, policy_exports, policy_queue, policy_review
from cpegi_app.services.forms import posted, too_long
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_application import FLOW
from cpegi_app.services.policy_bulk import BulkRow
from cpegi_app.services.policy_overview import OverviewRow
from cpegi_app.services.policy_queue import QueueRow, StageCount
from cpegi_app.services.policy_review import Desk
from cpegi_app.services.review import COMMENT_MAX
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.desk import DeskState
from cpegi_app.state.form import Choice
from cpegi_app.state.message import MessageState, on_error, success
from cpegi_app.state.reveal import RevealState
from cpegi_app.state.table import TableState, shows
from cpegi_app.vocabulary import Action
from cpegi_app.vocabulary.policy import PolicyStage

ACTIONS = {"approve": Action.APPROVE, "return": Action.RETURN, "reject": Action.REJECT}
STAGES = (PolicyStage.FORMAL.value, PolicyStage.BUSINESS.value)


@for_screen(POLICY_QUEUE)
@shows(policy_exports.QUEUE)
class PolicyQueueState(TableState, rx.State):
    """What waits at a stage; some of it chosen for a bulk approval, which is foreseen before it is done."""

    rows: list[QueueRow] = []
    stages: list[StageCount] = []
    stage: str = STAGES[0]
    policies: list[Choice] = []
    chosen: list[int] = []
    bulk: list[BulkRow] = []
    bulk_amount: str = ""
    bulk_good: int = 0
    bulk_done: bool = False
    bulk_open: bool = False
    comment: str = ""

    def _wanted(self) -> dict[str, str]:
        return self.filters | {"stage": self.stage}

    def _tab(self) -> str:
        return self.stage

    def _turn(self, tab: str) -> None:
        self.stage = tab if tab in STAGES else STAGES[0]

    async def _fetch(self) -> None:
        await super()._fetch()
        self.stages = await self._read(policy_queue.counts)
        shown = {r.id for r in self.rows}
        self.chosen = [i for i in self.chosen if i in shown]

    @rx.event
    async def load(self):
        """Open the queue: at the stage that the address names, or the first at which something waits."""
        self.chosen = []
        self._close()
        self.stages = await self._read(policy_queue.counts)
        waiting = [s.code for s in self.stages if s.count]
        named = text_arg(self.router.url.query_parameters.get("stage"), 20)
        if named in STAGES:
            self.stage = named
        elif self.stage not in waiting:
            self.stage = (waiting or list(STAGES))[0]
        self._come_back()
        names = await self._read(policy_queue.policy_names)
        self.policies = [Choice(value=value, label=label) for value, label in names]
        return await self._refresh()

    @rx.event
    async def show_stage(self, stage: str):
        """Turn to another stage."""
        self._turn(text_arg(stage))
        self.page, self.chosen = 1, []
        self._lose_order()
        return await self._refresh()

    @rx.event
    async def take(self, row_id: int):
        """领取 and open it."""
        wanted = int_arg(row_id, 0)
        await self._write(policy_queue.take, wanted)
        return rx.redirect(POLICY_REVIEW.url(aid=wanted))

    @rx.event
    def choose(self, row_id: int):
        """Choose a row of the page, or leave it out again."""
        wanted = int_arg(row_id, 0)
        if wanted in self.chosen:
            self.chosen = [i for i in self.chosen if i != wanted]
        elif any(r.id == wanted for r in self.rows):
            self.chosen = [*self.chosen, wanted]

    @rx.event
    def choose_page(self):
        """Choose every row of the page, or none."""
        every = [r.id for r in self.rows]
        self.chosen = [] if len(self.chosen) == len(every) else every

    @rx.event
    async def foresee(self):
        """Show what a bulk approval would do, row by row; nothing is written."""
        if not self.chosen:
            raise DomainError("请先勾选要批量通过的申请。")
        self.bulk = await self._read(policy_bulk.foresee_all, sorted(self.chosen))
        self.bulk_good = sum(r.ok for r in self.bulk)
        self.bulk_amount = yuan(sum(r.fen for r in self.bulk if r.ok))
        self.bulk_open, self.bulk_done = True, False

    @rx.event
    async def approve_chosen(self, data: dict):
        """Approve what was foreseen as fit: each by the checks of a single approval, in a transaction of its own."""
        comment = posted(data, frozenset({"bulk_comment", "intent"})).get("bulk_comment", "")
        if said := too_long(comment, COMMENT_MAX, "审核意见", "后再确认通过。"):
            raise DomainError(said)
        # Taken once: a second click finds nothing left to do.
        wanted, self.bulk = self.bulk, []
        if not self.bulk_open or self.bulk_done:
            return
        self.bulk_done, told = True, []
        for row in wanted:
            if row.ok:
                row = await self._approve(row, comment)
            told.append(row)
        self.bulk, self.chosen = told, []
        self.bulk_good = sum(r.ok for r in told)
        await self._refresh()

    async def _approve(self, row: BulkRow, comment: str) -> BulkRow:
        try:
            return await self._write(policy_bulk.approve_one, row.id, row.version, comment)
        except DomainError as refusal:
            return row.model_copy(update={"ok": False, "text": refusal.message})

    @rx.event
    def close(self):
        """Put the bulk approval away."""
        self._close()

    def _close(self) -> None:
        self.bulk, self.bulk_open, self.bulk_done, self.bulk_good = [], False, False, 0


@for_screen(POLICY_REVIEW)
class PolicyReviewState(DeskState, RevealState, rx.State):
    """One application at the reviewer's desk: marks, amount, opinion, decision; hand-over."""

    desk: Desk = Desk()
    handing: bool = False
    closing: bool = False

    @rx.event
    async def load(self):
        """Open the application named by the address."""
        self._clear(Desk())
        self.handing, self.closing, self.revealed = False, False, {}
        self._row_id = self._route_id("aid")
        await self._show()

    async def _find(self) -> Desk:
        return await self._read(policy_review.desk, self._row_id)

    async def _show(self) -> None:
        await self._look()
        self._open(self._fresh())

    def _fresh(self) -> dict[str, str]:
        marks = {f"r_{k}": v for k, v in self.desk.marks.items()} | {f"m_{k}": "yes" for k in self.desk.marks}
        return {"reviewed": self.desk.proposed} | marks

    def _record(self) -> tuple[str, int]:
        return FLOW.name, self._row_id

    def _has_moved(self, found: Desk) -> bool:
        return super()._has_moved(found) or found.holder != self.desk.holder

    async def _catch_up(self, found: Desk) -> str:
        """Say that somebody else has moved the application on; what is being written stays."""
        if self._is_open() and not self.withdrawn and found.view.sent == self._sent():
            return "这份申请刚有新的办理情况，本页填写的内容仍在，点击“查看最新”载入最新内容。"
        self.done = ""
        await self._show()
        return "这份申请刚有新的办理情况，已更新。"

    @rx.event
    async def take(self):
        """领取."""
        await self._write(policy_queue.take, self._row_id)
        await self._show()
        return success("已领取，其他办理人员不能再审核这份申请。")

    @rx.event
    async def give_back(self):
        """退回待领."""
        await self._write(policy_queue.give_back, self._row_id)
        await self._show()
        return success("已退回待领，同一环节的其他人员可以领取。")

    @rx.event
    def ask_hand_over(self):
        """Open the dialog of a hand-over."""
        self.handing = True

    @rx.event
    def close(self):
        """Put the dialogs away."""
        self.handing, self.closing = False, False

    @rx.event
    async def hand_over(self, data: dict):
        """转交 to a colleague with the reason."""
        values = posted(data, frozenset({"to", "reason", "intent"}))
        to_id = int_arg(values.get("to", ""), 0)
        call = self._write(policy_queue.hand_over, self._row_id, to_id, values.get("reason", ""))
        await self._checked(call, {"to": "接手人", "reason": "转交原因"})
        self.handing = False
        await self._show()
        return success("已转交，接手人会收到通知。")

    @rx.event
    def ask_close(self):
        """Open the dialog of 终止办理."""
        self.closing = True

    @rx.event
    async def end(self, data: dict):
        """终止办理 of what was not corrected in time, with the reason."""
        reason = posted(data, frozenset({"reason", "intent"})).get("reason", "")
        call = self._write(policy_review.close, self._row_id, self.desk.view.version, reason)
        await self._checked(call, {"reason": "终止原因"})
        self.closing = False
        await self._show()
        return success("已终止办理，占用的记录和额度已释放，申请单位会收到通知。")

    @rx.event
    async def decide(self, data: dict):
        """保存标记, 审核通过, 退回补正 or 审核不通过, by the button that was pressed."""
        values = posted(data, self._names())
        self._clear_errors()
        intent = values.pop("intent", "")
        marks = {
            name.removeprefix("m_"): values.get(f"r_{name.removeprefix('m_')}", "")
            for name in values
            if name.startswith("m_") and values[name]
        }
        if intent == "mark":
            return await self._keep_marks(marks)
        action = ACTIONS.get(intent)
        if action is None:
            raise DomainError("请点击“审核通过”、“退回补正”或“审核不通过”按钮。")
        payload = {k: values.get(k, "") for k in ("reviewed", "reviewed_reason")}
        more = {"comment": values.get("comment", ""), "marks": marks, "key": self._submit_key}
        version = self.desk.view.version
        try:
            await self._write(policy_review.decide, self._row_id, action, version, payload=payload, **more)
        except FormInvalid as refusal:
            self._refuse(refusal)
            return on_error(refusal)
        except Conflict as refusal:
            await self._show()
            return on_error(refusal)
        await self._show()
        if self.desk.open:
            return success(f"办理完成：已通过，现进入“{self.desk.stage}”，仍可由您继续办理。")
        self.done = action.value
        return [MessageState.close, rx.set_focus("next")]

    async def _keep_marks(self, marks: dict[str, str]) -> Any:
        try:
            count = await self._write(policy_review.save_marks, self._row_id, marks)
        except FormInvalid as refusal:
            self._refuse(refusal)
            return on_error(refusal)
        self.desk = await self._read(policy_review.desk, self._row_id)
        return success(f"已保存 {count} 处标记，尚未发给申请单位；全部标记完后点击“退回补正”一次性告知。")

    def _names(self) -> set[str]:
        names = {f.name for g in self.desk.groups for f in g.fields} | {s.name for s in self.desk.slots}
        marks = {f"{prefix}_{name}" for name in names for prefix in "mr"}
        return {"intent", "comment", "reviewed", "reviewed_reason"} | marks


@for_screen(POLICY_OVERVIEW)
@shows(policy_exports.OVERVIEW)
class PolicyOverviewState(TableState, rx.State):
    """办理概览 by policy."""

    rows: list[OverviewRow] = []
