"""放款: the institution's form for one disbursement (manual §4.3)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import DISBURSE
from cpegi_app.errors import Doubtful, FormInvalid
from cpegi_app.services import disbursement
from cpegi_app.services.disbursement import FLOW, WEIGH, Cover
from cpegi_app.services.disbursement_form import DisbursementForm
from cpegi_app.services.forms import posted
from cpegi_app.services.review_view import CheckView
from cpegi_app.state.base import for_screen, text_arg
from cpegi_app.state.message import warning
from cpegi_app.state.subject import SubjectState, edits

# The fields that the staff's checks look at, and the button that sends what they will be asked to look at.
WEIGHED = frozenset({"rate", "lent_on"})
ANYWAY = "anyway"


@for_screen(DISBURSE)
@edits(
    FLOW.name,
    frozenset(DisbursementForm.model_fields),
    {s.name: s.title for s in DisbursementForm.specs()},
)
class DisburseState(SubjectState, rx.State):
    """The form of one disbursement, and what became of it."""

    cover: Cover = Cover()
    # What the staff will be asked to look at; the same by field; how often 提交 was held to show it.
    doubts: list[CheckView] = []
    doubtful: dict[str, str] = {}
    held: int = 0
    # What was typed into the fields that are weighed, since the form was opened or stored.
    _typed: dict[str, str] = {}

    @rx.event
    async def load(self):
        """Open the disbursement named by the address."""
        self._blank()
        row_id = self._route_id("did")
        self.cover = await self._read(disbursement.cover, row_id)
        await self._show(row_id)

    def _blank(self) -> None:
        super()._blank()
        self.doubts, self.doubtful, self.held, self._typed = [], {}, 0, {}

    async def _show(self, row_id: int) -> None:
        await super()._show(row_id)
        if self.editable:
            await self._weigh(self.values)

    @rx.event
    async def weigh(self, name: str, value: str):
        """Tell what the staff will be asked to look at, as a field is left."""
        place = text_arg(name, 20)
        if not self.editable or place not in WEIGHED:
            return
        try:
            self._typed |= posted({place: value}, WEIGHED)
        except FormInvalid:
            # What cannot be read is refused where it is stored or sent.
            return
        await self._weigh(self.values | self._typed)

    async def _weigh(self, values: dict[str, str]) -> None:
        self.doubts = await self._read(disbursement.doubts, self.row_id, values)
        self.doubtful = {c.field: c.text for c in self.doubts if c.field}
        self.held = self.held if self.doubts else 0

    async def _store(self, values: dict[str, str]) -> None:
        await super()._store(values)
        await self._weigh(values)

    async def _send(self, values: dict[str, str], **more: Any) -> Any:
        """提交; what the staff would be asked to look at is shown first, once it is complete."""
        try:
            return await super()._send(values, payload={WEIGH: "yes"}, **more)
        except Doubtful as asked:
            self._clear_errors()
            await self._weigh(values)
            self.held += 1
            return warning(asked.message)

    async def _help(self, intent: str, values: dict[str, str]) -> Any:
        """仍然提交: sent as it is."""
        return await super()._send(values) if intent == ANYWAY else None
