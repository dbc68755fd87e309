"""政策申请: the own list, the policies open to me, the application's form (manual §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_base.utils.form import FormData
from sqlmodel import Session

from cpegi_app.access import POLICY_APPLICATION, POLICY_APPLICATIONS, POLICY_START, Actor
from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.services import (
    policy_adopt,
    policy_application,
    policy_open,
    policy_own,
    policy_record_view,
    policy_view,
    policy_way,
    review_view,
)
from cpegi_app.services.filetypes import MAX_FILE_BYTES
from cpegi_app.services.forms import normalise, posted
from cpegi_app.services.policy_adopt import Change
from cpegi_app.services.policy_application import FLOW
from cpegi_app.services.policy_choice import ALL, CHOSEN, USABLE, Look
from cpegi_app.services.policy_open import ForMe, Offer
from cpegi_app.services.policy_own import ApplicationRow, PreCheck
from cpegi_app.services.policy_record_view import RecordList
from cpegi_app.services.policy_view import Form, Money
from cpegi_app.services.policy_way import Step
from cpegi_app.services.review_view import ReviewView
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.form import FilesState
from cpegi_app.state.message import info, on_error, success
from cpegi_app.state.subject import changed
from cpegi_app.state.table import TableState, shows
from cpegi_app.vocabulary import Status

TOO_LARGE = f"文件超过 {MAX_FILE_BYTES >> 20} MB 上限，请压缩或拆分后重新上传。"


@for_screen(POLICY_APPLICATIONS)
@shows(policy_own.OWN)
class PolicyApplicationsState(TableState, rx.State):
    """政策申请: the own applications, and what open policies would bring."""

    rows: list[ApplicationRow] = []
    for_me: list[ForMe] = []

    @rx.event
    async def load_for_me(self):
        """Show what the own records would bring under the policies that are open."""
        self.for_me = await self._read(policy_open.for_me)

    @rx.event
    async def start_with(self, policy_id: int):
        """Begin the application with the records that qualify."""
        wanted = int_arg(policy_id, 0)
        keys = next((p.keys for p in self.for_me if p.policy_id == wanted), "")
        row = await self._write(policy_application.start, wanted, keys)
        return rx.redirect(POLICY_APPLICATION.url(aid=row.id))


@for_screen(POLICY_START)
@shows(policy_open.OFFERS)
class PolicyStartState(TableState, rx.State):
    """发起政策申请: the policies open to the actor, and those that are not, with the reason."""

    rows: list[Offer] = []

    @rx.event
    async def load(self):
        """Open the list; at one policy where the address names it."""
        wanted = int_arg(self.router.url.query_parameters.get("policy"), 0)
        name = await self._read(policy_open.name_of, wanted) if wanted else ""
        self._come_back(**({"word": name[:40]} if name else {}))
        return await self._refresh()

    @rx.event
    async def start(self, policy_id: int):
        """Begin an application, or go on with the one that is begun."""
        row = await self._write(policy_application.start, int_arg(policy_id, 0))
        return rx.redirect(POLICY_APPLICATION.url(aid=row.id))


def _page(
    session: Session, actor: Actor, row_id: int, look: Look = policy_view.FIRST
) -> tuple[Form, ReviewView, list[Step]]:
    form = policy_view.form(session, actor, row_id, look)
    steps = policy_way.own_steps(session, actor, row_id)
    return form, review_view.view(session, FLOW, actor, row_id), steps


@for_screen(POLICY_APPLICATION)
class PolicyApplicationState(FilesState, rx.State):
    """An own application: its form while it may be changed, and where it stands."""

    row_id: int = 0
    version: int = 0
    editable: bool = False
    sent: bool = False
    form: Form = Form()
    view: ReviewView = ReviewView()
    steps: list[Step] = []
    money: Money = Money()
    record_list: RecordList = RecordList()
    record_show: str = ""
    record_word: str = ""
    precheck: PreCheck = PreCheck()
    saved_at: str = ""
    # What it means to withdraw or to give up, while that is asked about.
    withdrawing: str = ""
    # What the newest version changes, while that is asked about.
    adopting: Change = Change()
    _record_page: int = 1

    @rx.event
    async def load(self):
        """Open the application named by the address."""
        self.row_id, self.editable, self.sent = 0, False, False
        self.form, self.view, self.record_list = Form(), ReviewView(), RecordList()
        self.steps, self.precheck, self.saved_at, self.withdrawing = [], PreCheck(), "", ""
        self.record_show, self.record_word, self._record_page, self.adopting = "", "", 1, Change()
        await self._show(self._route_id("aid"))

    async def _show(self, row_id: int, *, fresh: bool = True) -> None:
        found, self.view, self.steps = await self._read(_page, row_id, self._look())
        self.row_id, self.version, self.editable = row_id, found.version, found.editable
        self.money, self.record_list, self.files = found.money, found.record_list, self.view.files
        # What has a place of its own is not sent twice.
        self.form = found.model_copy(update={"record_list": RecordList(), "money": Money(), "values": {}})
        if fresh:
            self._open(found.values, found.reasons)

    def _look(self) -> Look:
        return Look(self.record_show, self.record_word, self._record_page)

    async def _subject(self) -> tuple[str, int]:
        return FLOW.name, self.row_id

    # --- the form -----------------------------------------------------------------------------------

    @rx.event
    async def keep(self, name: str, value: str | bool):
        """暂存 one field as it is left; what cannot be kept is said, what was typed stays on the page."""
        if not self.editable:
            return None
        text = ("YES" if value else "") if isinstance(value, bool) else value
        place = text_arg(name, 40)
        try:
            typed = posted({place: text}, frozenset({place}))
        except FormInvalid as refusal:
            # What is too long is told at its place, not cut.
            self._refuse(refusal, await self._read(policy_view.titles, self.row_id))
            return on_error(refusal)
        self.version = await self._write(policy_application.save, self.row_id, self.version, typed)
        await self._after_change()
        return None

    async def _after_change(self) -> None:
        """Show the amount anew, and that what was typed is kept."""
        found = await self._read(policy_view.form, self.row_id, self._look())
        self.money, self.record_list = found.money, found.record_list
        self.version, self.saved_at = found.version, found.saved
        await self._recheck()

    async def _recheck(self) -> None:
        """Take back what has been put right since it was told, and tell what the last check would tell now."""
        if not (self.errors or self.precheck.done):
            return
        found = await self._read(policy_own.precheck, self.row_id)
        left = {f.target: f.text for f in found.findings}
        if self.precheck.done:
            self.precheck, self.errors = found, left
        else:
            self.errors = {k: v for k, v in self.errors.items() if k in left}
            self.error_list = [told for told in self.error_list if told[0] in left]

    async def _load_files(self) -> None:
        await super()._load_files()
        await self._recheck()

    @rx.event
    async def submit(self, data: FormData):
        """暂存, 提交前检查 or 提交, by the button that was pressed; all of them keep what was typed first."""
        if self.sent or not self.editable:
            return
        titles = await self._read(policy_view.titles, self.row_id)
        names = await self._read(policy_view.names, self.row_id)
        try:
            values = posted(data, names | {"intent"})
        except FormInvalid as refusal:
            self._refuse(refusal, titles)
            return on_error(refusal)
        intent = values.pop("intent", "")
        if intent not in ("save", "check", "submit"):
            # No button of this form: what it holds would empty the draft.
            return None
        values.setdefault("promise", "")
        self.version = await self._write(policy_application.save, self.row_id, self.version, values)
        await self._after_change()
        if intent == "check":
            return await self._check()
        if intent == "submit":
            return await self._send(values, titles)
        self._clear_errors()
        return success("已暂存，可随时回来继续填写。")

    async def _check(self) -> Any:
        self._clear_errors()
        self.precheck = await self._read(policy_own.precheck, self.row_id)
        self.errors = {f.target: f.text for f in self.precheck.findings}
        return rx.set_focus("precheck")

    async def _send(self, values: dict[str, str], titles: dict[str, str]) -> None:
        call = self._write(policy_application.submit, self.row_id, self.version, values, self._submit_key)
        self.precheck = PreCheck()
        await self._checked(call, titles)
        self.sent, self.editable = True, False
        await self._show(self.row_id, fresh=False)

    # --- records ------------------------------------------------------------------------------------

    @rx.event
    async def choose(self, key: str, chosen: bool):
        """Choose a record, or take it away."""
        self.version = await self._write(
            policy_application.choose, self.row_id, self.version, text_arg(key, 30), chosen=chosen is True
        )
        await self._after_change()

    @rx.event
    async def choose_all(self):
        """Choose every record that can be chosen, as many as the policy takes."""
        left = await self._write(policy_record_view.choose_usable, self.row_id)
        await self._after_change()
        if left:
            return info(
                f"已选取 {self.record_list.chosen} 笔，达到该政策每件申请的上限；另有 {left} 笔符合条件，"
                "如需改选，请先移除已选取的记录。"
            )
        return None

    @rx.event
    async def turn_records(self, page: int):
        """Turn to a page of the records."""
        self._record_page = int_arg(page, 1)
        await self._show_records()

    @rx.event
    async def show_records(self, show: str):
        """Show all records, those that can be chosen, or those that are."""
        self.record_show = show if show in (ALL, USABLE, CHOSEN) else ALL
        self._record_page = 1
        await self._show_records()

    @rx.event
    async def find_records(self, word: str):
        """Look for records by a word, among all of them."""
        self.record_word, self._record_page = normalise(text_arg(word, 60)), 1
        await self._show_records()

    async def _show_records(self) -> None:
        if self.editable:
            self.record_list = await self._read(policy_view.records, self.row_id, self._look())

    # --- files --------------------------------------------------------------------------------------

    @rx.event
    async def upload_nth(self, files_in: list[rx.UploadFile], nth: int = 0):
        """Take files for the material in that place."""
        try:
            await self._take(files_in, self._slot(nth))
        except DomainError as refusal:
            # Raised, it would break the upload's own connection in the middle of its answer.
            return on_error(refusal)

    @rx.event
    def progress_nth(self, progress: dict, nth: int = 0):
        """Show how far an upload has come."""
        share = progress.get("progress", 0) if isinstance(progress, dict) else 0
        self.upload_progress = int_arg(round(share * 100) if isinstance(share, int | float) else 0, 0, 100)
        self.uploading = self._slot(nth) if self.upload_progress < 100 else ""

    @rx.event
    def refuse_nth(self, nth: int):
        """Say why the browser did not even send a file."""
        self._refuse_slot(self._slot(nth), TOO_LARGE)

    def _slot(self, nth: Any) -> str:
        slots, number = self.form.slots, int_arg(nth, -1)
        return slots[number].code if 0 <= number < len(slots) else ""

    # --- what others do -----------------------------------------------------------------------------

    async def _arrive(self) -> str:
        """Follow a decision; while the form stands, or its answer does, only say so."""
        if not self.row_id:
            return ""
        found, view, self.steps = await self._read(_page, self.row_id)
        if found.version in (self.version, self.view.version):
            return ""
        told = changed(view)
        if self.editable:
            return told + "本页填写的内容仍在，点击“查看最新”载入最新内容。"
        if not self.sent:
            await self._show(self.row_id)
        return told

    # --- what else ----------------------------------------------------------------------------------

    @rx.event
    async def adopt(self, sure: bool = False):
        """改用新版本: what changes is shown first, then the draft follows the policy's newest version."""
        shown, self.adopting = self.adopting, Change()
        if sure is not True or not shown.version_id:
            self.adopting = await self._read(policy_adopt.change, self.row_id)
            return None
        await self._write(policy_application.adopt, self.row_id, self.version, of=shown.version_id)
        await self._show(self.row_id)
        return success("已改用新版本，已填写的内容已保留，请核对后提交。")

    @rx.event
    async def withdraw(self, sure: bool = False):
        """撤回 until somebody has begun on it, 放弃 of what was returned; asked again where something is lost by it."""
        closed, means = await self._read(policy_view.parting, self.row_id)
        self.withdrawing = "" if sure is True else means
        if self.withdrawing:
            return None
        given_up = self.form.status == Status.RETURNED
        await self._write(policy_application.withdraw, self.row_id, self.version)
        self.sent = False
        await self._show(self.row_id)
        if given_up:
            return success("已放弃申请，占用的记录和额度已释放，已填写的内容保留为草稿。")
        return success(f"已撤回。{closed}。" if closed else "已撤回，可修改后在申报截止前重新提交。")

    @rx.event
    def stay(self):
        """Leave it as it is after all: sent, or by its version."""
        self.withdrawing, self.adopting = "", Change()
