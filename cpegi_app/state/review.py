"""审核办理: one page on which the platform decides on whatever waits for it."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import QUEUE, REVIEW
from cpegi_app.errors import Conflict, DomainError, FormInvalid
from cpegi_app.services import review_desk
from cpegi_app.services.forms import posted
from cpegi_app.services.review_desk import Desk, Upcoming
from cpegi_app.state.base import for_screen, text_arg
from cpegi_app.state.desk import DeskState
from cpegi_app.state.message import MessageState, on_error
from cpegi_app.state.reveal import RevealState
from cpegi_app.state.shell import ShellState
from cpegi_app.vocabulary import Action

# A line that was only ticked says this to its submitter.
UNSAID = "请核对后更正"
ACTIONS = {"approve": Action.APPROVE, "return": Action.RETURN, "reject": Action.REJECT}


@for_screen(REVIEW)
class ReviewState(DeskState, RevealState, rx.State):
    """One thing at the reviewer's desk, the decision on it, and the next one."""

    desk: Desk = Desk()
    upcoming: Upcoming = Upcoming()
    back: str = QUEUE.route
    _flow: str = ""

    @rx.event
    async def load(self):
        """Open the thing that the address names."""
        self._clear(Desk())
        self.revealed = {}
        self._flow = text_arg(self.router.url.query_parameters.get("flow") or self.flow, 30)
        self._row_id = self._route_id("rid")
        await self._read_desk()
        self._open({})

    def _record(self) -> tuple[str, int]:
        return self._flow, self._row_id

    async def _find(self) -> Desk:
        return await self._read(review_desk.desk, self._flow, self._row_id)

    async def _read_desk(self) -> None:
        self.back = f"{QUEUE.route}?flow={self._flow}"
        await self._look()
        await self._go_on()

    async def _see_next(self) -> None:
        self.upcoming = await self._read(review_desk.upcoming, self._flow)

    async def _go_on(self) -> None:
        """Say what comes next once the thing in view is decided; of what was taken back it has been said."""
        if not self.withdrawn and not self.desk.open:
            await self._see_next()

    async def _arrive(self) -> str:
        told = await super()._arrive()
        if told:
            await self._go_on()
        return told

    @rx.event
    async def decide(self, data: dict):
        """审核通过, 退回 or 审核不通过, by the button that was pressed."""
        values = posted(data, self._names())
        self._clear_errors()
        action = ACTIONS.get(values.pop("intent", ""))
        comment = values.pop("comment", "")
        if action is None:
            raise DomainError("请点击“审核通过”或“退回”按钮。")
        marked = [name.removeprefix("m_") for name in values if name.startswith("m_")]
        reasons = {name: values.get(f"r_{name}", "") or UNSAID for name in marked}
        call = self._write(
            review_desk.decide,
            self._flow,
            self._row_id,
            action,
            self.desk.view.version,
            comment,
            reasons,
            self._submit_key,
        )
        try:
            await call
        except FormInvalid as refusal:
            self._refuse(refusal)
            return on_error(refusal)
        except Conflict as refusal:
            # Somebody else was faster: show what they decided.
            await self._read_desk()
            await self._recount()
            return on_error(refusal)
        await self._read_desk()
        self.done = action.value
        await self._recount()
        return [MessageState.close, rx.set_focus("next")]

    async def _recount(self) -> None:
        """Count again what waits, for the menu and the bell."""
        shell = await self.get_state(ShellState)
        await shell._load_frame(REVIEW.route)

    def _names(self) -> set[str]:
        names = {f.name for g in self.desk.groups for f in g.fields} | {s.name for s in self.desk.slots}
        return {"intent", "comment"} | {f"{prefix}_{name}" for name in names for prefix in "mr"}
