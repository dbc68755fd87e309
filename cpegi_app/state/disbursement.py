"""放款: the institution's form for one disbursement (manual §4.3)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import DISBURSE
from cpegi_app.services import disbursement
from cpegi_app.services.disbursement import FLOW, Cover
from cpegi_app.services.disbursement_form import DisbursementForm
from cpegi_app.state.base import for_screen
from cpegi_app.state.subject import SubjectState, edits


@for_screen(DISBURSE)
@edits(
    FLOW.name,
    frozenset(DisbursementForm.model_fields),
    {s.name: s.title for s in DisbursementForm.specs()},
)
class DisburseState(SubjectState, rx.State):
    """The form of one disbursement, and what became of it."""

    cover: Cover = Cover()

    @rx.event
    async def load(self):
        """Open the disbursement named by the address."""
        self._blank()
        row_id = self._route_id("did")
        self.cover = await self._read(disbursement.cover, row_id)
        await self._show(row_id)
