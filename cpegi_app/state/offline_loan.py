"""线下贷款备案: the list of batches, one batch with its rows and proofs (manual §5.1)."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from cpegi_app.access import FILING, FILINGS
from cpegi_app.errors import Discarded, DomainError, NotFound
from cpegi_app.services import files, offline_loan, offline_proof, offline_rows
from cpegi_app.services.files import FileView
from cpegi_app.services.filetypes import MAX_FILE_BYTES
from cpegi_app.services.forms import posted
from cpegi_app.services.offline_form import TITLES, FilingForm, OfflineLoanForm
from cpegi_app.services.offline_loan import BatchRow
from cpegi_app.services.review_view import ReviewView
from cpegi_app.state import lanes
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.form import FormState, PickedState
from cpegi_app.state.message import MessageState, on_error, success
from cpegi_app.state.offline_case import RowsState
from cpegi_app.state.table import TableState, shows
from cpegi_app.vocabulary import FileSlot, Status

BATCH_NAMES = frozenset(FilingForm.model_fields)
ROW_NAMES = frozenset(OfflineLoanForm.model_fields)
BATCH_TITLES = {s.name: s.title for s in FilingForm.specs()}
MANY = 50
# So many names of files that matched nothing are listed, the newest.
LEFT = 500


@for_screen(FILINGS)
@shows(offline_loan.OWN)
class FilingListState(TableState, FormState, rx.State):
    """备案申请: the institution's own batches."""

    rows: list[BatchRow] = []
    adding: bool = False

    @rx.event
    async def load(self):
        """Open the list, nothing being added."""
        self.adding = False
        self._come_back()
        await self._refresh()

    @rx.event
    def add(self):
        """Open the dialog of a new batch (添加备案)."""
        self._open({})
        self.adding = True

    @rx.event
    def close(self):
        """Put the dialog away."""
        self.adding = False

    @rx.event
    async def create(self, data: dict):
        """Begin the batch and go to it."""
        values = posted(data, BATCH_NAMES | {"intent"})
        values.pop("intent", None)
        batch = await self._checked(
            self._write(offline_loan.new_batch, values, self._submit_key), BATCH_TITLES
        )
        self.adding = False
        return rx.redirect(FILING.url(bid=batch.id))


@for_screen(FILING)
class FilingState(RowsState, FormState, PickedState, rx.State):
    """One batch: its rows with 编辑, 删除 and 点击上传, many proofs at once, 提交."""

    editing: bool = False
    row_id: int = 0
    row_version: int = 0
    replaces: str = ""
    proof_row: int = 0
    proof_label: str = ""
    # The proofs of that row: under a filter the row itself may have left the list.
    proofs: list[FileView] = []
    removing: int = 0
    # How many rows the question of 清空明细 names, 0 while nobody asks.
    clearing: int = 0
    discarding: bool = False
    giving_up: bool = False
    gone: bool = False
    # What is said in the page's place where there is no batch of that number, or none any more.
    lost: str = ""
    sent: bool = False
    left: list[str] = []
    closed: bool = False
    _batch_key: str = ""

    @rx.event
    async def load(self):
        """Open the batch named by the address."""
        self.batch_id, self.row, self.view = 0, BatchRow(), ReviewView()
        self.sent, self.left, self.lost = False, [], ""
        self.editing, self.closed, self.proof_row, self.removing = False, False, 0, 0
        self.proofs = []
        self.clearing = self.sending = 0
        self.discarding = self.gone = self.giving_up = False
        self._come_back()
        try:
            await self._enter(self._route_id("bid"))
        except NotFound as refusal:
            self.lost = refusal.message
            if not isinstance(refusal, Discarded):
                raise
        self._open({})
        self._batch_key = self._submit_key

    async def _arrive(self) -> str:
        """Follow what others did to the batch; who deleted it has read so already."""
        return "" if self.gone else await super()._arrive()

    @rx.event
    async def save_batch(self, data: dict):
        """保存备案信息, or 提交 to the platform under what is typed there; says which rows lack a proof."""
        values = posted(data, BATCH_NAMES | {"intent"})
        if values.pop("intent", "") == "send":
            sending = self._write(offline_loan.submit, self.batch_id, self.version, self._batch_key, values)
            try:
                await self._checked(sending, BATCH_TITLES)
            except DomainError:
                if "proof" in self.errors:
                    await self._show_lacking()
                raise
            self.sent = True
            # What arrives now is the own act: the page knows already how it stands.
            await self._show()
            return None
        saving = self._write(offline_loan.save_batch, self.batch_id, self.version, values)
        await self._checked(saving, BATCH_TITLES)
        await self._show()
        return success("已保存备案信息。")

    @rx.event
    async def show_lacking(self):
        """Show the rows that lack a proof, and in the query bar that it is these."""
        await self._show_lacking()

    async def _show_lacking(self) -> None:
        self.page, self.filters = 1, {"only": "proof"}
        self.filter_key += 1
        await self._refresh()

    @rx.event
    async def withdraw(self):
        """撤回 while it waits for review."""
        await self._write(offline_loan.withdraw, self.batch_id, self.version)
        await self._show()
        self._open({})
        self._batch_key = self._submit_key
        return success("已撤回，可修改后重新提交。")

    @rx.event
    def ask_give_up(self):
        """Ask before a returned batch is given up (放弃备案)."""
        self.giving_up = self.view.can_withdraw and self.view.status == Status.RETURNED

    @rx.event
    def keep_returned(self):
        """Think better of it."""
        self.giving_up = False

    @rx.event
    async def give_up(self):
        """放弃备案 as the question named it: its rows are free to be filed elsewhere."""
        self.giving_up = False
        count = await self._write(offline_loan.give_up, self.batch_id, self.version, self.row.rows)
        self.page = 1
        await self._show()
        self._open({})
        self._batch_key = self._submit_key
        return success(f"已放弃备案，{count} 笔明细已移除，借据编号可重新备案。")

    # --- one row

    @rx.event
    async def edit(self, row_id: int):
        """Open a row's editor; 0 adds one."""
        row_id = int_arg(row_id, 0)
        found = await self._read(offline_rows.form_of, row_id) if row_id else offline_rows.RowForm()
        self.row_id, self.row_version, self.replaces = found.id, found.version, found.replaces
        self._open(found.values)
        self.editing, self.closed = True, False

    @rx.event
    def close_editor(self):
        """Put the editor away."""
        self.editing, self.closed = False, True
        self._clear_errors()

    @rx.event
    async def save_row(self, data: dict):
        """Check and keep the row."""
        values = posted(data, ROW_NAMES | {"intent"})
        values.pop("intent", None)
        call = self._write(offline_rows.save, self.batch_id, self.row_id, self.row_version, values)
        await self._checked(call, TITLES)
        self.editing, self.closed = False, True
        await self._show()
        return success("已保存。")

    @rx.event
    async def ask_remove(self, row_id: int):
        """Ask before a row is deleted; 0 thinks better of it."""
        row_id = int_arg(row_id, 0)
        self.removing = (await self._read(offline_rows.form_of, row_id)).id if row_id else 0

    @rx.event
    async def remove(self):
        """Delete the row that was asked about."""
        await self._write(offline_rows.remove, self.removing)
        self.removing = 0
        await self._show()
        return success("已删除。")

    @rx.event
    def ask_clear(self):
        """Ask before every row is deleted."""
        self.clearing = self.row.rows

    @rx.event
    def keep_rows(self):
        """Think better of it."""
        self.clearing = 0

    @rx.event
    async def clear(self):
        """清空明细: delete the rows that the question named."""
        seen, self.clearing = self.clearing, 0
        if not seen:
            return None
        count = await self._write(offline_rows.clear, self.batch_id, seen)
        self.page = 1
        await self._show()
        return success(f"已清空 {count} 笔，可重新导入备案文件。")

    @rx.event
    def ask_discard(self):
        """Ask before a batch that was never sent is deleted."""
        self.discarding = self.view.can_discard

    @rx.event
    def keep_batch(self):
        """Think better of it."""
        self.discarding = False

    @rx.event
    async def discard(self):
        """删除 of the whole batch, as the question named it."""
        self.discarding = False
        await self._write(offline_loan.discard, self.batch_id, self.version, self.row.rows)
        # The page still names the batch: the tab's copy of what was typed goes too.
        self.gone = True

    # --- proofs

    @rx.event
    async def open_proofs(self, row_id: int):
        """Open the upload of a row's proofs (点击上传)."""
        found = await self._read(offline_rows.form_of, int_arg(row_id, 0))
        self.proof_row, self.proof_label = found.id, found.values.get("iou_no", "")
        self.proofs = found.proofs

    @rx.event
    def close_proofs(self):
        """Put the upload away."""
        self.proof_row, self.proofs = 0, []

    @rx.event
    async def upload_proof(self, files_in: list[rx.UploadFile], slot: str = ""):
        """Take files for one row."""
        try:
            return await self._take_proofs(files_in, text_arg(slot, 20))
        except DomainError as refusal:
            # Raised, it would break the upload's own connection in the middle of its answer.
            return on_error(refusal)

    async def _take_proofs(self, files_in: list[rx.UploadFile], slot: str) -> EventSpec | None:
        problems = []
        if not _files(files_in, offline_proof.MAX_A_ROW):
            return None
        for f in files_in:
            data = await f.read(MAX_FILE_BYTES + 1)
            try:
                name = f.filename or "文件"
                found = await lanes.run(lanes.FILES, files.examine, name, data, files.ALLOWED)
                await self._write(offline_proof.attach, self.proof_row, slot, name, found)
            except DomainError as refusal:
                problems.append(refusal.message)
        await self._show_proofs()
        if problems:
            raise DomainError("；".join(problems))
        there = {f.slot for f in self.proofs}
        if lacking := [label for code, label in SLOTS if code not in there]:
            return success(f"放款证明已上传，还可上传{'、'.join(lacking)}；不需要时请点击“完成”。")
        self.proof_row, self.proofs = 0, []
        return success("放款证明已上传。")

    async def _show_proofs(self) -> None:
        """Show the batch afresh, and in the dialog what its row has got."""
        await self._show()
        if self.proof_row:
            self.proofs = (await self._read(offline_rows.form_of, self.proof_row)).proofs

    @rx.event
    async def upload_many(self, files_in: list[rx.UploadFile]):
        """Take many files and match them to rows by the numbers in their names."""
        try:
            return await self._take_many(files_in)
        except DomainError as refusal:
            return on_error(refusal)

    async def _take_many(self, files_in: list[rx.UploadFile]) -> EventSpec | None:
        matched, rows, missed = 0, 0, list[str]()
        if not _files(files_in, MANY):
            # The browser refused every one of them: `refuse_picked` has said why.
            return None
        for f in files_in:
            data = await f.read(MAX_FILE_BYTES + 1)
            try:
                name = f.filename or "文件"
                proof = await lanes.run(lanes.FILES, files.examine, name, data, files.ALLOWED)
                found = await self._write(offline_proof.match, self.batch_id, name, proof)
                matched, rows = matched + found.files, rows + found.rows
                missed += found.left
            except DomainError as refusal:
                missed.append(refusal.message)
        # Files come in several rounds: what an earlier one left over still has to be seen to.
        self.left = list(dict.fromkeys([*self.left, *missed]))[-LEFT:]
        await self._show()
        told = f"{matched} 个文件已匹配到 {rows} 笔贷款，{len(missed)} 个未匹配。"
        return MessageState.tell("warning" if missed else "success", told)  # pyright: ignore

    @rx.event
    def clear_left(self):
        """Put the list of files that matched nothing away."""
        self.left = []

    @rx.event
    async def remove_proof(self, file_id: int):
        """Take a proof off its row."""
        await self._write(files.remove, int_arg(file_id, 0))
        await self._show_proofs()


def _files(files_in: list[rx.UploadFile], most: int) -> list[rx.UploadFile]:
    if not isinstance(files_in, list) or any(not isinstance(f, rx.UploadFile) for f in files_in):
        raise DomainError("请在页面上选择文件后再上传。")
    if len(files_in) > most:
        raise DomainError(f"一次最多上传 {most} 个文件，请分几次上传。")
    return files_in


SLOTS = [(s.value, s.label) for s in (FileSlot.CONTRACT, FileSlot.VOUCHER)]
