"""The editor of a reviewed thing: draft, 暂存, 提交, files, 撤回, 放弃, 删除草稿, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import reflex as rx
from pydantic import BaseModel
from reflex_base.utils.form import FormData
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, FormInvalid
from cpegi_app.services import review, review_draft
from cpegi_app.services.files import FileView
from cpegi_app.services.forms import posted
from cpegi_app.services.review_view import ReviewView, view
from cpegi_app.state.form import FilesState
from cpegi_app.state.message import success
from cpegi_app.vocabulary import Action

S = TypeVar("S")
GIVEN_UP = "已放弃修改，已保存的内容保留为草稿，以后仍可修改后提交。"


@dataclass(frozen=True)
class Edited:
    """What an editor edits: the flow, the names that its form may send, and their titles."""

    flow: str
    names: frozenset[str]
    titles: dict[str, str]
    # What giving up what was returned means beyond that it waits for nobody.
    releases: str = ""


# The editor state's full name → what it edits; class attributes would become vars.
_EDITED: dict[str, Edited] = {}


def edits(
    flow: str, names: frozenset[str], titles: dict[str, str], releases: str = ""
) -> Callable[[type[S]], type[S]]:
    """Say what an editor state edits."""

    def put(state: type[S]) -> type[S]:
        _EDITED[state.get_full_name()] = Edited(flow, names, titles, releases)
        return state

    return put


class Subject(BaseModel):
    """What an editor opens: the stored values, the reviewer's reasons, and the view of it."""

    version: int
    editable: bool
    values: dict[str, str]
    reasons: dict[str, str]
    files: list[FileView]
    view: ReviewView


def subject(session: Session, actor: Actor, flow: str, row_id: int) -> Subject:
    """Return the actor's own reviewed thing for its editor."""
    row = review.load_own(session, review.FLOWS[flow], actor, row_id)
    shown = view(session, review.FLOWS[flow], actor, row_id)
    return Subject(
        version=row.version,
        editable=row.status in review.EDITABLE,
        values=row.data,
        reasons=row.field_reasons,
        files=shown.files,
        view=shown,
    )


def save(session: Session, actor: Actor, flow: str, row_id: int, version: int, data: dict[str, str]) -> int:
    """Keep the draft as typed; return the new version."""
    return review.save_draft(session, review.FLOWS[flow], actor, row_id, version, data).version


def act(
    session: Session, actor: Actor, flow: str, row_id: int, action: Action, version: int, **more: Any
) -> int:
    """Take an action on the own thing; return the new version."""
    return review.act(session, review.FLOWS[flow], actor, row_id, action, version, **more).version


def discard(session: Session, actor: Actor, flow: str, row_id: int, version: int) -> None:
    """Delete the own draft that was never sent."""
    review_draft.discard(session, review.FLOWS[flow], actor, row_id, version)


def parting(shown: ReviewView, count: int, releases: str = "") -> str:
    """Return what leaving a thing in its editor means: 放弃 of what was returned, 删除草稿 of what was never sent."""
    if shown.can_withdraw:
        return (
            f"放弃后，这份{shown.flow_label}不再等待修改，待办事项中的提醒随之消失。{releases}"
            "已保存的内容和附件保留为草稿，以后仍可修改后提交。"
        )
    and_files = f"和 {count} 个附件" if count else ""
    return (
        f"删除后，这份{shown.flow_label}草稿中填写的内容{and_files}一并删除，不能恢复。已生效的内容不受影响。"
    )


def changed(shown: ReviewView) -> str:
    """Return the sentence that a record in view has moved on, and to where."""
    return f"该{shown.flow_label}状态已更新：{shown.status_label}。"


def followed(before: Any, found: Any) -> Any:
    """Return a desk after somebody else's decision: while an opinion is being written, only how it stands is new."""
    if not before.open:
        return found
    seen = found.view
    told = {
        "status": seen.status,
        "status_label": seen.status_label,
        "tone": seen.tone,
        "events": seen.events,
    }
    return before.model_copy(update={"view": before.view.model_copy(update=told)})


class SubjectState(FilesState, mixin=True):
    """An editor; a chapter's state says what by `@edits(…)` and opens the row in its `load`."""

    row_id: int = 0
    version: int = 0
    editable: bool = False
    sent: bool = False
    view: ReviewView = ReviewView()
    # What a dialog says of leaving it, empty while it is closed; whether the draft has been deleted.
    leaving: str = ""
    gone: bool = False
    # What was stored when this page last looked, and up to which version it was told what others changed.
    _base: dict[str, str] = {}
    _told: int = 0

    def _edited(self) -> Edited:
        return _EDITED[type(self).get_full_name()]

    async def _show(self, row_id: int) -> None:
        """Open a row of the actor's own organisation."""
        self._blank()
        found = await self._read(subject, self._edited().flow, row_id)
        self.row_id, self.version, self.editable = row_id, found.version, found.editable
        self.view, self.files, self.sent, self._base = found.view, found.files, False, found.values
        self._open(found.values, found.reasons)

    def _blank(self) -> None:
        """Show nothing: what cannot be opened leaves nothing of what was open before."""
        self.row_id, self.editable, self.sent, self.view, self._told = 0, False, False, ReviewView(), 0
        self.leaving, self.gone = "", False

    async def _arrive(self) -> str:
        """Follow a decision; while the form stands, or its answer does, only say so."""
        if not self.row_id or self.gone:
            return ""
        found = await self._read(subject, self._edited().flow, self.row_id)
        if found.version in (self.version, self.view.version, self._told):
            return ""
        told = changed(found.view)
        if self.editable:
            return told + "本页填写的内容仍在，点击“查看最新”载入最新内容。"
        if not self.sent:
            await self._show(self.row_id)
        return told

    async def _subject(self) -> tuple[str, int]:
        return self._edited().flow, self.row_id

    @rx.event
    async def submit(self, data: FormData):
        """暂存 or 提交, by the button that was pressed."""
        try:
            values = await self._posted(data)
            return await self._press(values.pop("intent", ""), values)
        except Conflict as refusal:
            raise await self._overtaken(refusal) from None

    async def _press(self, intent: str, values: dict[str, str]) -> Any:
        """Do what the button says with what was typed."""
        if intent == "save":
            await self._store(values)
            self._clear_errors()
            return success("已暂存，可随时回来继续填写。")
        if intent == "submit":
            return await self._send(values)
        return await self._help(intent, values)

    async def _send(self, values: dict[str, str], **more: Any) -> Any:
        """提交 what was typed."""
        more |= {"key": self._submit_key, "values": {"data": values}}
        call = self._write(act, self._edited().flow, self.row_id, Action.SUBMIT, self._seen(), **more)
        self.version = await self._checked(call, self._edited().titles)
        self.sent, self.editable = True, False

    async def _store(self, values: dict[str, str]) -> None:
        """暂存 what was typed; from now on it is what others' changes are told from."""
        self.version = await self._keep(values)
        self._base = dict(values)

    async def _keep(self, values: dict[str, str]) -> int:
        """Keep the draft as typed; a chapter with columns that follow the draft says how."""
        return await self._write(save, self._edited().flow, self.row_id, self._seen(), values)

    def _seen(self) -> int:
        """Return the version that the person knows: the form's own, or the later one whose changes were told."""
        return max(self.version, self._told)

    async def _overtaken(self, refusal: Conflict) -> Conflict:
        """Name what another window has changed meanwhile; once that is read, the same button keeps this page's text.

        The form's own version stays behind: for the browser, what was typed is still unsaved.
        """
        found = await self._read(subject, self._edited().flow, self.row_id)
        if not found.editable or found.version == self._seen():
            return refusal
        names = self._base.keys() | found.values.keys()
        others = {n for n in names if found.values.get(n, "") != self._base.get(n, "")}
        self._told, self._base = found.version, found.values
        titles = dict.fromkeys(t for n, t in self._edited().titles.items() if n in others)
        what = f"改动的栏目：{'、'.join(titles)}" if titles else "各栏目的内容没有改动"
        return Conflict(
            f"这份{found.view.flow_label}刚在另一个窗口保存过，{what}。本页填写的内容没有丢失；"
            "请核对后再点一次“暂存”或“提交”，届时以本页内容为准。"
        )

    async def _help(self, intent: str, values: dict[str, str]) -> Any:
        """Answer a further button of the form; a chapter that has one says how."""

    async def _posted(self, data: Any) -> dict[str, str]:
        try:
            return posted(data, self._edited().names | {"intent"})
        except FormInvalid as refusal:
            self._refuse(refusal, self._edited().titles)
            raise

    @rx.event
    async def withdraw(self):
        """撤回 while it waits for review."""
        await self._write(act, self._edited().flow, self.row_id, Action.WITHDRAW, self.version)
        await self._show(self.row_id)
        return success("已撤回，可修改后重新提交。")

    @rx.event
    def ask_leave(self):
        """放弃 of what was returned, 删除草稿 of what was never sent: say first what that means."""
        self.leaving = parting(self.view, len(self.files), self._edited().releases)

    @rx.event
    def stay(self):
        """Go on with it after all."""
        self.leaving = ""

    @rx.event
    async def leave(self):
        """Give up what was returned, or delete the draft that was never sent."""
        flow, row_id, self.leaving = self._edited().flow, self.row_id, ""
        if self.view.can_discard:
            await self._write(discard, flow, row_id, self._seen())
            self._blank()
            # The page still names the draft: the tab's copy of what was typed goes too.
            self.row_id, self.gone = row_id, True
            return None
        await self._write(act, flow, row_id, Action.WITHDRAW, self._seen())
        await self._show(row_id)
        return success(GIVEN_UP)
