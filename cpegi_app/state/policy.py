"""政策管理: the staff's list, the editor of a policy, the preview (manual §8)."""

from __future__ import annotations

import secrets
from typing import Any

import reflex as rx
from reflex_base.utils.form import FormData

from cpegi_app.access import POLICIES, POLICY_EDIT, POLICY_PREVIEW
from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.services import (
    files,
    policy,
    policy_arrange,
    policy_base,
    policy_discard,
    policy_list,
    policy_template,
    policy_view,
)
from cpegi_app.services.filetypes import MAX_FILE_BYTES
from cpegi_app.services.forms import posted
from cpegi_app.services.policy import Editor
from cpegi_app.services.policy_base import BaseChoice
from cpegi_app.services.policy_list import PolicyRow
from cpegi_app.services.policy_template import SAMPLES, TEMPLATES
from cpegi_app.services.policy_view import Form
from cpegi_app.state import lanes
from cpegi_app.state.base import Services, for_screen, int_arg
from cpegi_app.state.form import FormState, told_fields
from cpegi_app.state.message import info, on_error, success
from cpegi_app.state.table import TableState, shows


@for_screen(POLICIES)
@shows(policy_list.ALL)
class PolicyListState(TableState, rx.State):
    """政策管理: all policies; begin, copy, stop."""

    rows: list[PolicyRow] = []
    # Made anew whenever the list is opened: what is copied twice from one list is one copy.
    _copy_key: str = ""

    @rx.event
    async def load(self):
        """Open the list, as it was left where the browser goes back to it."""
        self._copy_key = secrets.token_hex(16)
        self._come_back()
        return await self._refresh()

    @rx.event
    async def add(self):
        """Begin a policy (新建政策)."""
        row = await self._write(policy.begin)
        return rx.redirect(POLICY_EDIT.url(pid=row.id))

    @rx.event
    async def copy_policy(self, policy_id: int):
        """Begin a policy with another's contents (复制)."""
        wanted = int_arg(policy_id, 0)
        row = await self._write(policy.copy, wanted, f"{self._copy_key}:{wanted}")
        return rx.redirect(POLICY_EDIT.url(pid=row.id))


class PolicyAskState(FormState, mixin=True):
    """A dialog of the list about one policy, as it was when it was asked about; `policy_id` is 0 while it is closed."""

    policy_id: int = 0
    name: str = ""
    version: int = 0

    @rx.event
    async def ask(self, policy_id: int):
        """Ask before something is done to a policy that cannot be undone."""
        found = await self._read(policy.editor, int_arg(policy_id, 0))
        self.policy_id, self.name, self.version = found.id, found.name or "（未命名政策）", found.version
        self._open({})

    @rx.event
    def keep(self):
        """Leave the policy as it is."""
        self.policy_id = 0

    async def _done(self, said: str) -> Any:
        """Close the dialog, show the list as it is now, say what was done."""
        self.policy_id = 0
        await (await self.get_state(PolicyListState))._refresh()
        return success(said)


@for_screen(POLICIES)
class PolicyDiscardState(PolicyAskState, rx.State):
    """删除草稿 of a policy that was never published, asked about first."""

    @rx.event
    async def discard(self):
        """Delete it."""
        wanted, self.policy_id = self.policy_id, 0
        if not wanted:
            return None
        await self._write(policy_discard.discard, wanted, self.version)
        return await self._done("已删除草稿。")


@for_screen(POLICIES)
class PolicyStopState(PolicyAskState, rx.State):
    """停止受理: asks for the reason that applicants read."""

    @rx.event
    async def stop(self, data: FormData):
        """Stop it."""
        if not self.policy_id:
            # Pressed twice: the first has said what was done.
            return None
        reason = posted(data, frozenset({"reason", "intent"})).get("reason", "")
        await self._checked(self._write(policy.stop, self.policy_id, self.version, reason))
        return await self._done("已停止受理。尚未提交的申请保留为草稿，已提交的继续办理。")


@for_screen(POLICY_EDIT)
class PolicyEditState(FormState, rx.State):
    """The editor of a policy: draft, materials, questions, templates, publication."""

    row_id: int = 0
    version: int = 0
    editor: Editor = Editor()
    uploading: int = -1
    bases: list[BaseChoice] = []

    @rx.event
    async def load(self):
        """Open the policy named by the address."""
        self.row_id, self.editor = 0, Editor()
        await self._show(self._route_id("pid"))

    async def _show(self, row_id: int, *, fresh: bool = True) -> None:
        self.editor = await self._read(policy.editor, row_id)
        self.row_id, self.version = row_id, self.editor.version
        if fresh:
            # An upload leaves the form as it is being typed, and what it offers with it.
            self._offer(self.editor.values)
            self._open(self.editor.values)

    def _offer(self, values: dict[str, str]) -> None:
        self.bases = policy_base.choices([q.code for q in self.editor.questions], values)

    @rx.event
    def follow(self, typed: str):
        """Offer the number questions as they are typed for 基数取自问题."""
        self._offer(self.editor.values | told_fields(typed, frozenset(self.editor.told)))

    @rx.event
    async def submit(self, data: FormData):
        """暂存, 发布, or a row more or less, by the button that was pressed; all of them keep what was typed."""
        names, titles = await self._read(policy.names_of, self.row_id)
        try:
            values = posted(data, names | {"intent"})
        except FormInvalid as refusal:
            self._refuse(refusal, titles)
            return on_error(refusal)
        intent = values.pop("intent", "")
        if intent.startswith(("add_", "drop_")):
            return await self._rows(intent, values)
        if intent not in ("save", "preview", "publish"):
            # No button of this form: what it holds would empty the draft.
            return None
        self.version = await self._write(policy.save, self.row_id, self.version, values)
        self.editor = self.editor.model_copy(update={"version": self.version})
        if intent == "publish":
            return await self._publish(titles)
        if intent == "preview":
            return rx.redirect(POLICY_PREVIEW.url(pid=self.row_id))
        self._clear_errors()
        return success("已暂存，可随时回来继续填写。")

    @rx.event
    async def arrange(self, data: FormData):
        """Put people and redemption dates of a stopped policy in force."""
        values = posted(data, policy_arrange.NAMES | {"intent"})
        call = self._write(policy_arrange.arrange, self.row_id, self.version, values)
        titles = (await self._read(policy.names_of, self.row_id))[1]
        await self._checked(call, titles)
        await self._show(self.row_id)
        return success("办理人员和兑现时间已生效。")

    async def _rows(self, intent: str, values: dict[str, str]) -> Any:
        verb, _, what = intent.partition("_")
        call = policy.add_row if verb == "add" else policy.drop_row
        await self._checked(self._write(call, self.row_id, self.version, what, values))
        await self._show(self.row_id)
        return info("已添加一项，请填写。" if verb == "add" else "已删除。")

    async def _publish(self, titles: dict[str, str]) -> Any:
        number = await self._checked(self._write(policy.publish, self.row_id, self.version), titles)
        await self._show(self.row_id, fresh=False)
        told = "已发布，申报时间内申请单位即可申请。"
        if number > 1:
            told = f"已发布第 {number} 版。此前开始填写的申请仍按原版本办理。"
        hints = await self._read(policy.hints, self.row_id)
        return success(told + "".join(f"提醒：{hint}" for hint in hints))

    @rx.event
    async def upload_template(self, files_in: list[rx.UploadFile], nth: int = 0):
        """Take a template for the material in that place."""
        return await self._file(files_in, TEMPLATES, nth)

    @rx.event
    async def upload_sample(self, files_in: list[rx.UploadFile], nth: int = 0):
        """Take a filled-in example for the material in that place."""
        return await self._file(files_in, SAMPLES, nth)

    async def _file(self, files_in: Any, what: str, nth: Any) -> Any:
        try:
            await self._take(files_in, what, self._material(nth))
        except DomainError as refusal:
            # Raised, it would break the upload's own connection in the middle of its answer.
            return on_error(refusal)
        return None

    async def _take(self, files_in: Any, what: str, code: str) -> None:
        if not isinstance(files_in, list) or any(not isinstance(f, rx.UploadFile) for f in files_in):
            raise DomainError("请在页面上选择文件后再上传。")
        for f in files_in[:1]:
            data = await f.read(MAX_FILE_BYTES + 1)
            name = f.filename or "文件"
            # Looked into before the transaction: on SQLite it is everybody's only one that writes.
            await self._read(policy.refuse_file, self.row_id, what, code)
            found = await lanes.run(lanes.FILES, files.examine, name, data, policy_template.ALLOWED)
            self.version = await self._write(
                policy.attach_file, self.row_id, self.version, what, code, name, found
            )
        await self._show(self.row_id, fresh=False)

    @rx.event
    async def drop_template(self, nth: int):
        """Take a material's template away."""
        await self._drop(TEMPLATES, nth)

    @rx.event
    async def drop_sample(self, nth: int):
        """Take a material's example away."""
        await self._drop(SAMPLES, nth)

    async def _drop(self, what: str, nth: Any) -> None:
        code = self._material(nth)
        self.version = await self._write(policy.drop_file, self.row_id, self.version, what, code)
        await self._show(self.row_id, fresh=False)

    @rx.event
    def refuse_template(self):
        """Say why the browser did not even send a file."""
        return on_error(DomainError(f"文件超过 {MAX_FILE_BYTES >> 20} MB 上限，请压缩或拆分后重新上传。"))

    def _material(self, nth: Any) -> str:
        rows, number = self.editor.materials, int_arg(nth, -1)
        return rows[number].code if 0 <= number < len(rows) else ""


def _named(title: str, text: str) -> str:
    """Return a problem with the place it belongs to, unless it names the place itself."""
    return text if not title or title in text else f"{title}：{text}"


@for_screen(POLICY_PREVIEW)
class PolicyPreviewState(Services, rx.State):
    """A draft as its applicant will see it."""

    policy_id: int = 0
    form: Form = Form()
    problems: list[str] = []
    hints: list[str] = []
    loading: bool = True

    @rx.event
    async def load(self):
        """Open the preview of the policy named by the address."""
        self.form, self.problems, self.hints = Form(), [], []
        self.policy_id, self.loading = 0, True
        asked = self._route_id("pid")
        try:
            self.form = await self._read(policy_view.preview, asked)
            self.hints = await self._read(policy.hints, asked)
        except FormInvalid as refusal:
            _names, titles = await self._read(policy.names_of, asked)
            self.problems = [_named(titles.get(n, ""), text) for n, text in refusal.fields.items()]
        self.policy_id, self.loading = asked, False
