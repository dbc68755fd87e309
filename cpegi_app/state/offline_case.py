"""One filing batch as its pages follow it: the institution's own and the staff's (manual §5.1)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.services import offline_loan, offline_rounds, offline_rows
from cpegi_app.services.lists import Listing
from cpegi_app.services.offline_loan import FLOW, BatchRow
from cpegi_app.services.offline_rounds import Round
from cpegi_app.services.offline_rows import LoanRow
from cpegi_app.services.review_view import ReviewView, view
from cpegi_app.state.subject import changed
from cpegi_app.state.table import TableState


class Case(BaseModel):
    """A batch as its pages show it."""

    row: BatchRow
    view: ReviewView
    version: int
    values: dict[str, str]
    since: Round


def case(session: Session, actor: Actor, batch_id: int) -> Case:
    """Return a batch that the actor files or reviews."""
    batch, row = offline_loan.one(session, actor, batch_id)
    shown = view(session, FLOW, actor, batch_id)
    return Case(
        row=row,
        view=shown,
        version=batch.version,
        values=batch.data,
        since=offline_rounds.current(session, batch),
    )


class RowsState(TableState, mixin=True):
    """The rows of a batch, shared by the institution's page and the staff's."""

    batch_id: int = 0
    version: int = 0
    row: BatchRow = BatchRow()
    view: ReviewView = ReviewView()
    rows: list[LoanRow] = []
    about: dict[str, str] = {}
    # What this submission brings against the one before; which rows, the rows say.
    since: Round = Round()

    def _listing(self) -> Listing:
        return offline_rows.ROWS

    def _wanted(self) -> dict[str, str]:
        return self.filters | {"batch": str(self.batch_id)}

    async def _arrive(self) -> str:
        """Follow a decision on the batch; while its rows are being edited or decided on, only say so."""
        if not self.batch_id:
            return ""
        found = await self._read(case, self.batch_id)
        if found.view.status == self.view.status:
            return ""
        told = changed(found.view)
        if self._is_writing():
            return told + "本页填写的内容仍在，点击“查看最新”载入最新内容。"
        await self._show()
        return told

    def _is_writing(self) -> bool:
        """Tell whether a form of the page may hold what somebody is typing."""
        return self.view.can_submit or self.view.can_approve

    async def _show(self) -> Case:
        """Show the batch afresh."""
        return await self._enter(self.batch_id)

    async def _enter(self, batch_id: int) -> Case:
        found = await self._read(case, batch_id)
        self.batch_id = batch_id
        self.row, self.view, self.version = found.row, found.view, found.version
        self.about = found.values
        self.since = found.since.model_copy(update={"asked": {}, "new": [], "changed": {}, "gone": []})
        await self._refresh()
        return found
