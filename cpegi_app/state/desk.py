"""A reviewer's desk: one thing with its files beside it, what others did to it meanwhile, what became of it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import reflex as rx

from cpegi_app.errors import Withdrawn
from cpegi_app.state.base import int_arg
from cpegi_app.state.form import FormState
from cpegi_app.state.subject import changed, followed


class OpinionState(FormState, mixin=True):
    """A decision on what its submitter may take back and send anew while it is being written.

    A chapter's state says whether it is open (`_is_open`), how what is shown follows others (`_follow`), what a fresh
    form opens with (`_fresh`), and what comes next once there is nothing to decide (`_see_next`).
    """

    # What was decided here; what is said instead of the thing once its submitter has taken it back.
    done: str = ""
    withdrawn: str = ""
    # What it was called when it was sent.
    withdrawn_title: str = ""

    def _is_open(self) -> bool:
        """Tell whether the thing in view waits for its reader's decision."""
        raise NotImplementedError

    def _sent(self) -> int:
        """Tell which submission is in view; 0 where they are not told apart."""
        return 0

    def _fresh(self) -> dict[str, str]:
        """Return what a fresh form opens with."""
        return {}

    async def _follow(self) -> str:
        """Bring what is shown up to date with what others did; return the sentence that says so, if any."""
        return await super()._arrive()

    async def _see_next(self) -> None:
        """Find what comes next; a desk that leads nowhere finds nothing."""

    async def _arrive(self) -> str:
        """Follow what others did; the opinion that is being written stays, and what is sent anew is a new case."""
        gone, sent, was_open = self.withdrawn, self._sent(), self._is_open() and not self.withdrawn
        try:
            told = await self._follow()
        except Withdrawn as refusal:
            await self._taken_back(refusal)
            # Said once.
            return "" if gone else refusal.message
        self.withdrawn = ""
        is_new = self._is_open() and not (was_open and self._sent() == sent)
        if gone or is_new:
            self.done = ""
        if is_new:
            # Decided from a fresh form: a decision of its own, not the last one sent twice.
            self._open(self._fresh())
        return told

    async def _shown(self, showing: Awaitable[Any]) -> None:
        """Await what shows the thing as it stands now; else show that it was taken back."""
        try:
            await showing
            self.withdrawn = ""
        except Withdrawn as refusal:
            await self._taken_back(refusal)

    async def _taken_back(self, refusal: Withdrawn) -> None:
        """Show that its submitter has taken it back, and what comes next."""
        self.withdrawn, self.withdrawn_title = refusal.message, refusal.title
        await self._see_next()


class DeskState(OpinionState, mixin=True):
    """One thing at a reviewer's desk; a chapter's state has the `desk` and says how it is found."""

    shown: int = 0
    loaded: bool = False
    _row_id: int = 0

    def _clear(self, empty: Any) -> None:
        """Show nothing: what cannot be opened leaves nothing of what was open before."""
        self.desk, self.done, self.loaded, self.shown, self.withdrawn = empty, "", False, 0, ""
        self._row_id = 0

    def _is_open(self) -> bool:
        return self.desk.open

    def _sent(self) -> int:
        return self.desk.view.sent

    async def _find(self) -> Any:
        """Return the thing as it stands now."""
        raise NotImplementedError

    async def _look(self) -> None:
        """Show the thing as it stands now, or that it was taken back."""
        sent = self._sent()
        await self._shown(self._put_up())
        if self.loaded and self._sent() != sent:
            # What was written of the submission before is no opinion on this one.
            self._open(self._fresh())
        self.loaded = True
        self._choose()

    def _choose(self) -> None:
        """Show a file that is there."""
        if self.desk.files and not any(f.id == self.shown for f in self.desk.files):
            # What is new is looked at first.
            self.shown = next((f for f in self.desk.files if f.is_new), self.desk.files[0]).id

    async def _put_up(self) -> None:
        self.desk = await self._find()

    def _has_moved(self, found: Any) -> bool:
        """Tell whether somebody else has done something to the thing since it was put up."""
        return found.view.version != self.desk.view.version or bool(self.withdrawn)

    async def _follow(self) -> str:
        if not self.desk.view.id and not self.withdrawn:
            return ""
        found = await self._find()
        return await self._catch_up(found) if self._has_moved(found) else ""

    async def _catch_up(self, found: Any) -> str:
        """Show what has moved; return the sentence that says so."""
        is_same = self._is_open() and not self.withdrawn and found.view.sent == self._sent()
        self.desk = followed(self.desk, found) if is_same else found
        self._choose()
        return changed(found.view) + (found.last_word + "。" if found.last_word else "")

    @rx.event
    def show_file(self, file_id: int):
        """Show a file beside the data."""
        wanted = int_arg(file_id, 0)
        self.shown = wanted if any(f.id == wanted for f in self.desk.files) else self.shown
