"""审核线下贷款备案: the staff marks single rows for return and decides on the batch (manual §5.1)."""

from __future__ import annotations

import reflex as rx
from sqlmodel import Session

from cpegi_app.access import FILING_REVIEW, Actor
from cpegi_app.errors import Conflict, DomainError, Withdrawn
from cpegi_app.services import offline_rows, review, review_desk
from cpegi_app.services.forms import posted
from cpegi_app.services.offline_loan import FLOW, BatchRow
from cpegi_app.services.offline_rows import LoanRow
from cpegi_app.services.review_desk import Upcoming
from cpegi_app.services.review_view import ReviewView
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.desk import OpinionState
from cpegi_app.state.message import on_error, success
from cpegi_app.state.offline_case import RowsState
from cpegi_app.state.subject import changed
from cpegi_app.vocabulary import Action

ACTIONS = {"approve": Action.APPROVE, "return": Action.RETURN}


@for_screen(FILING_REVIEW)
class FilingReviewState(OpinionState, RowsState, rx.State):
    """One batch before the staff: the remarkable rows first, proofs, the decision."""

    upcoming: Upcoming = Upcoming()
    marking: int = 0
    marking_label: str = ""
    mark_reason: str = ""
    # The row whose proofs are in the preview, and which of them.
    seen: LoanRow = LoanRow()
    shown: int = 0

    @rx.event
    async def load(self):
        """Open the batch named by the address."""
        self.batch_id, self.row, self.view = 0, BatchRow(), ReviewView()
        self.done, self.marking, self.shown, self.withdrawn = "", 0, 0, ""
        self._come_back()
        wanted = self._route_id("bid")
        await self._shown(self._enter(wanted))
        self.batch_id = wanted
        self._open({})

    async def _taken_back(self, refusal: Withdrawn) -> None:
        self.marking, self.shown = 0, 0
        await super()._taken_back(refusal)

    async def _see_next(self) -> None:
        self.upcoming = await self._read(review_desk.upcoming, FLOW.name)

    def _is_open(self) -> bool:
        return self.view.can_approve

    def _sent(self) -> int:
        return self.view.sent

    async def _follow(self) -> str:
        if not self.withdrawn:
            return await super()._follow()
        await self._show()
        return changed(self.view)

    @rx.event
    def preview(self, file_id: int):
        """Show one of the proofs in view over the page."""
        wanted = int_arg(file_id, 0)
        row = next((r for r in self.rows if any(f.id == wanted for f in r.proofs)), None)
        self.seen, self.shown = (row, wanted) if row else (LoanRow(), 0)

    @rx.event
    def close_preview(self):
        """Put the preview away."""
        self.shown = 0

    @rx.event
    def ask_mark(self, row_id: int, label: str, reason: str):
        """Open the dialog in which a row is marked for return."""
        self._open({})
        self.marking, self.marking_label = int_arg(row_id, 0), text_arg(label, 60)
        self.mark_reason = text_arg(reason, 200)

    @rx.event
    def close_mark(self):
        """Put the dialog away."""
        self.marking = 0

    @rx.event
    async def mark(self, data: dict):
        """Mark the row with a reason, or take its mark back, by the button that was pressed."""
        values = posted(data, frozenset({"reason", "intent"}))
        label, again = self.marking_label, values.get("intent") == "unmark"
        call = (
            self._write(offline_rows.unmark, self.marking)
            if again
            else self._write(offline_rows.mark, self.marking, values.get("reason", ""))
        )
        await self._checked(call, {"reason": "退回原因"})
        self.marking = 0
        await self._show()
        return success(f"已取消借据 {label} 的退回标记。" if again else f"已标记退回借据 {label}。")

    @rx.event
    async def decide(self, data: dict):
        """审核通过 or 退回, by the button that was pressed."""
        values = posted(data, frozenset({"comment", "intent"}))
        action = ACTIONS.get(values.get("intent", ""))
        if action is None:
            raise DomainError("请点击“审核通过”或“退回”按钮。")
        payload = {"returned": str(self.row.returned)}
        more = (self.batch_id, action, self.version, values.get("comment", ""), payload, self._submit_key)
        try:
            await self._checked(self._write(_decide, *more), {"comment": "审核意见"})
        except Withdrawn as refusal:
            await self._taken_back(refusal)
            return on_error(refusal)
        except Conflict as refusal:
            # A colleague was faster: show what was decided.
            await self._show()
            return on_error(refusal)
        self.done = action.label
        await self._show()
        await self._see_next()
        return None


def _decide(
    session: Session,
    actor: Actor,
    batch_id: int,
    action: Action,
    version: int,
    comment: str,
    payload: dict[str, str],
    key: str,
) -> None:
    review.act(session, FLOW, actor, batch_id, action, version, comment=comment, payload=payload, key=key)
