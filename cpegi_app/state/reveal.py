"""Personal numbers on the screens of those who decide: masked, one revealed at a time, each look in the trail."""

from __future__ import annotations

import reflex as rx

from cpegi_app.services import review_view
from cpegi_app.state.base import Services, text_arg


class RevealState(Services, mixin=True):
    """What has been revealed of the record in view."""

    revealed: dict[str, str] = {}

    def _record(self) -> tuple[str, int]:
        """Return the flow and the id of the record in view; a chapter says which."""
        raise NotImplementedError

    @rx.event
    async def reveal_line(self, name: str):
        """Show one number in full; the look is in the audit trail."""
        wanted = text_arg(name, 60)
        number = await self._write(review_view.reveal, *self._record(), wanted)
        self.revealed = {**self.revealed, wanted: number}
