"""A reviewer's desk: one thing with its files beside it, what others did to it meanwhile, what became of it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.errors import Withdrawn
from cpegi_app.state.base import int_arg
from cpegi_app.state.form import FormState
from cpegi_app.state.subject import changed, followed


class DeskState(FormState, mixin=True):
    """One thing at a reviewer's desk; a chapter's state has the `desk` and says how it is found."""

    shown: int = 0
    done: str = ""
    loaded: bool = False
    # What is said instead of it once its submitter has taken it back.
    withdrawn: str = ""
    _row_id: int = 0

    def _clear(self, empty: Any) -> None:
        """Show nothing: what cannot be opened leaves nothing of what was open before."""
        self.desk, self.done, self.loaded, self.shown, self.withdrawn = empty, "", False, 0, ""
        self._row_id = 0

    async def _find(self) -> Any:
        """Return the thing as it stands now."""
        raise NotImplementedError

    async def _look(self) -> None:
        """Show the thing as it stands now, or that it was taken back."""
        try:
            self.desk, self.withdrawn = await self._find(), ""
        except Withdrawn as refusal:
            self.withdrawn = refusal.message
        self.loaded = True
        if self.desk.files and not any(f.id == self.shown for f in self.desk.files):
            # What is new is looked at first.
            self.shown = next((f for f in self.desk.files if f.is_new), self.desk.files[0]).id

    async def _arrive(self) -> str:
        """Follow what others did; the opinion that is being written stays, and what is sent anew is a new case."""
        if not self.desk.view.id and not self.withdrawn:
            return ""
        try:
            found = await self._find()
        except Withdrawn as refusal:
            return self._taken_back(refusal)
        if found.view.version == self.desk.view.version and not self.withdrawn:
            return ""
        was_open = self.desk.open and not self.withdrawn
        self.desk, self.withdrawn = followed(self.desk, found) if was_open else found, ""
        if found.open and not was_open:
            # Decided from a fresh form: a decision of its own, not the last one sent twice.
            self.done = ""
            self._open({})
        return changed(found.view) + (found.last_word + "。" if found.last_word else "")

    def _taken_back(self, refusal: Withdrawn) -> str:
        """Show that its submitter has taken it back; return the sentence that says so, once."""
        told, self.withdrawn = "" if self.withdrawn else refusal.message, refusal.message
        return told

    @rx.event
    def show_file(self, file_id: int):
        """Show a file beside the data."""
        wanted = int_arg(file_id, 0)
        self.shown = wanted if any(f.id == wanted for f in self.desk.files) else self.shown
