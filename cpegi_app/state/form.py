"""Forms: values, messages by field, files; what a chapter's form state adds is which service it calls."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Set
from typing import Any

import reflex as rx
from pydantic import BaseModel

from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.services import files
from cpegi_app.services.files import FileView
from cpegi_app.services.filetypes import MAX_FILE_BYTES, display_name
from cpegi_app.state import lanes
from cpegi_app.state.base import Services, int_arg, text_arg
from cpegi_app.state.message import MessageState, on_error

# What the edge takes in one request (web/edge.py, upload_cap), less the form around the files.
UPLOAD_BYTES = 12 << 20
BROKEN_OFF = "上传中断，文件没有送达。请检查网络，稍候片刻后重新选择文件。"


class Choice(BaseModel):
    """An option of a drop-down."""

    value: str
    label: str


def told_fields(typed: Any, names: Set[str]) -> dict[str, str]:
    """Return the fields that a form tells as it is typed (`data-mirror`); what it should not tell is left out."""
    try:
        found = json.loads(typed) if isinstance(typed, str) and len(typed) < 20_000 else {}
    except ValueError:
        found = {}
    items = found.items() if isinstance(found, dict) else ()
    return {k: v[:200] for k, v in items if k in names and isinstance(v, str)}


class FormState(Services, mixin=True):
    """A form's values as last stored, its messages, and the key that makes a double click harmless.

    Inputs are uncontrolled: a refusal leaves in the browser whatever was typed.
    """

    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    reasons: dict[str, str] = {}
    error_list: list[tuple[str, str]] = []
    form_key: str = ""
    _submit_key: str = ""

    def _open(self, values: dict[str, str], reasons: dict[str, str] | None = None) -> None:
        """Show stored values in a fresh form."""
        self.values, self.reasons = dict(values), dict(reasons or {})
        self._clear_errors()
        self.form_key = secrets.token_hex(6)
        self._submit_key = secrets.token_hex(16)

    def _clear_errors(self) -> None:
        self.errors, self.error_list = {}, []

    def _refuse(self, refusal: FormInvalid, titles: dict[str, str] | None = None) -> None:
        """Put every sentence at its field and in the summary."""
        titles = titles or {}
        self.errors = dict(refusal.fields)
        # In the order of the page, where the files come last.
        place = {name: at for at, name in enumerate(titles)}
        found = sorted(
            refusal.fields.items(), key=lambda item: (item[0].startswith("file_"), place.get(item[0], 999))
        )
        self.error_list = [
            (name, text if titles.get(name, "") in text else f"{titles[name]}：{text}")
            for name, text in found
        ]

    async def _checked(self, call: Awaitable[Any], titles: dict[str, str] | None = None) -> Any:
        """Await a service; a refusal of the form goes to its fields and is told in the message bar as well."""
        try:
            found = await call
        except FormInvalid as refusal:
            self._refuse(refusal, titles)
            raise DomainError(refusal.message) from None
        self._clear_errors()
        (await self.get_state(MessageState))._retract()
        return found


class PickedState(rx.State, mixin=True):
    """Files that a button sends at once: how far they have come, and why some were not even sent."""

    sending: int = 0

    @rx.event
    def on_sending(self, progress: dict):
        """Show how far the files have come; what the edge will not take as a whole is refused here."""
        percent, total = _progress(progress)
        self.sending = percent if percent < 100 else 0
        if total > UPLOAD_BYTES:
            self.sending = 0
            raise DomainError(too_much(total))

    @rx.event
    def break_off(self):
        """Say that files stopped on their way: the browser tells, as they never arrive."""
        self.sending = 0
        raise DomainError(BROKEN_OFF)

    @rx.event
    def refuse_picked(self, most: int):
        """Say why the browser did not even send the files."""
        raise DomainError(f"一次最多选择 {int_arg(most)} 个文件，请分几次上传。")


def too_much(size: int) -> str:
    """Return the refusal of files that are too large together."""
    return f"一次选择的文件合计 {size / (1 << 20):.1f} MB，超过 {UPLOAD_BYTES >> 20} MB，没有上传。请分几次选择。"


def _of_files(problems: dict[str, list[str]]) -> str:
    """Return which of several files were not taken, and why."""
    return "；".join(f"未上传 {'、'.join(names)}：{why.rstrip('。')}" for why, names in problems.items())


def _progress(sent: Any) -> tuple[int, int]:
    """Return per cent and size of an upload under way, whatever a client sends for it."""
    found = sent if isinstance(sent, dict) else {}
    share, total = found.get("progress"), found.get("total")
    percent = round(share * 100) if isinstance(share, int | float) and 0 <= share <= 1 else 0
    return percent, total if type(total) is int else 0


class FilesState(FormState, mixin=True):
    """The files of a reviewed thing's draft."""

    files: list[FileView] = []
    uploading: str = ""
    upload_progress: int = 0

    async def _subject(self) -> tuple[str, int]:
        """Return the flow's name and the id of the draft; a chapter says which."""
        raise NotImplementedError

    @rx.event
    async def upload(self, files_in: list[rx.UploadFile], slot: str = ""):
        """Take files for one slot; each is told apart by content and kept privately."""
        try:
            await self._take(files_in, text_arg(slot, 20))
        except DomainError as refusal:
            # Raised, it would break the upload's own connection in the middle of its answer.
            return on_error(refusal)

    async def _take(self, files_in: Any, slot: str) -> None:
        if not isinstance(files_in, list) or any(not isinstance(f, rx.UploadFile) for f in files_in):
            raise DomainError("请在页面上选择文件后再上传。")
        if not files_in:
            # Everything dropped was refused in the browser: `refuse_files` has said why.
            return
        flow, subject = await self._subject()
        # Sentence → the files that it keeps out; one beyond the limit is told, not dropped.
        problems: dict[str, list[str]] = {}
        for nth, f in enumerate(files_in):
            name, told = f.filename or "文件", [f"每类最多 {files.MAX_A_SLOT} 个文件，请分次选择或合并"]
            if nth < files.MAX_A_SLOT:
                told = await self._problems(flow, subject, slot, name, await f.read(MAX_FILE_BYTES + 1))
            for sentence in told:
                problems.setdefault(sentence, []).append(display_name(name))
        await self._load_files()
        self.uploading, self.upload_progress = "", 0
        which = f"file_{slot}"
        told = _of_files(problems) if len(files_in) > 1 else "；".join(problems)
        self.error_list = [(name, text) for name, text in self.error_list if name != which or told]
        self.errors = {k: v for k, v in self.errors.items() if k != which} | ({which: told} if told else {})

    async def _problems(self, flow: str, subject: int, slot: str, name: str, data: bytes) -> list[str]:
        """Take one file; return why it was not taken."""
        try:
            await self._attach(flow, subject, slot, name, data)
        except FormInvalid as refusal:
            return list(refusal.fields.values())
        except DomainError as refusal:
            return [refusal.message]
        return []

    async def _attach(self, flow: str, subject: int, slot: str, name: str, data: bytes) -> None:
        """Look into a file before the transaction: on SQLite it is everybody's only one that writes."""
        allowed = await self._read(files.taken, flow, subject, slot)
        found = await lanes.run(lanes.FILES, files.examine, name, data, allowed)
        await self._write(files.attach, flow, subject, slot, name, found)

    @rx.event
    def on_upload_progress(self, progress: dict, slot: str = ""):
        """Show how far an upload has come; what the edge will not take as a whole is said here."""
        self.upload_progress, total = _progress(progress)
        self.uploading = text_arg(slot, 20) if self.upload_progress < 100 else ""
        if total > UPLOAD_BYTES:
            self.uploading = ""
            self._refuse_slot(slot, too_much(total))

    @rx.event
    def break_off(self):
        """Say at its slot that a file stopped on its way: the browser tells, as it never arrives."""
        slot, self.uploading, self.upload_progress = self.uploading, "", 0
        if slot:
            self._refuse_slot(slot, BROKEN_OFF)
        raise DomainError(BROKEN_OFF)

    @rx.event
    def refuse_files(self, slot: str):
        """Say why the browser did not even send a file."""
        self._refuse_slot(slot, f"文件超过 {MAX_FILE_BYTES >> 20} MB 上限，请压缩或拆分后重新上传。")

    def _refuse_slot(self, slot: str, sentence: str) -> None:
        self.errors = {**self.errors, f"file_{text_arg(slot, 20)}": sentence}

    @rx.event
    async def remove_file(self, file_id: int):
        """Take a file off the draft."""
        await self._write(files.remove, int_arg(file_id, 0))
        await self._load_files()

    async def _load_files(self) -> None:
        flow, subject = await self._subject()
        self.files = await self._read(files.own_listing, flow, subject)


async def gather(*calls: Awaitable[Any]) -> list[Any]:
    """Await several independent queries together."""
    return list(await asyncio.gather(*calls))
