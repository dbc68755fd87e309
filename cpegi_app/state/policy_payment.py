"""拨付批次: what is ready, batches, their export, the returned result (manual §8.2)."""

from __future__ import annotations

import asyncio

import reflex as rx

from cpegi_app.access import PAYMENT_BATCH, PAYMENT_BATCHES
from cpegi_app.errors import DomainError
from cpegi_app.services import (
    policy_exports,
    policy_payment,
    policy_payment_file,
    policy_payment_result,
    policy_ready,
)
from cpegi_app.services.forms import posted
from cpegi_app.services.lists import Listing
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_payment import BatchRow, PaymentRow
from cpegi_app.services.policy_payment_result import Outcome
from cpegi_app.services.policy_ready import FailedRow, ReadyRow
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.form import FormState, PickedState
from cpegi_app.state.message import on_error, success
from cpegi_app.state.policy_desk import Choice
from cpegi_app.state.table import TableState, shows

TABS = {
    "ready": policy_exports.READY,
    "again": policy_exports.AGAIN,
    "failed": policy_exports.UNPAID,
    "batches": policy_exports.BATCHES,
}


@for_screen(PAYMENT_BATCHES)
class PaymentBatchesState(TableState, FormState, rx.State):
    """待拨付, what waits for its applicant (须重新申请, 拨付失败), and the batches, each a tab."""

    tab: str = "ready"
    rows: list[ReadyRow] = []
    failed: list[FailedRow] = []
    batches: list[BatchRow] = []
    policies: list[Choice] = []
    amount: str = "0.00"
    chosen: list[int] = []
    chosen_amount: str = "0.00"
    making: bool = False
    # What each claim chosen amounts to, in 分; pages that were left are remembered.
    _fen: dict[int, int] = {}

    async def _fetch(self) -> None:
        await super()._fetch()
        if self.tab in ("ready", "again"):
            found = await self._read(policy_ready.policies, again=self.tab == "again")
            self.policies = [Choice(value=i, label=name) for i, name in found]
        if self.tab == "ready":
            _, _, self.amount = await self._read(policy_ready.ready, filters=self._wanted(), size=1)

    def _listing(self) -> Listing:
        return TABS[self.tab]

    def _tab(self) -> str:
        return self.tab

    def _turn(self, tab: str) -> None:
        self.tab = tab if tab in TABS else "ready"

    def _show_rows(self, rows: list) -> None:
        if self.tab == "failed":
            self.failed = rows
            return
        if self.tab == "batches":
            self.batches = rows
            return
        self.rows = rows
        self._fen |= {r.id: r.fen for r in rows}

    @rx.event
    async def load(self):
        """Open the lists, 待拨付 first."""
        self.tab, self.making = "ready", False
        self._choose([])
        self._fen = {}
        self._come_back()
        return await self._refresh()

    @rx.event
    async def show_tab(self, tab: str):
        """Turn to the other list."""
        self._turn(text_arg(tab))
        self._afresh()
        return await self._refresh()

    def _choose(self, ids: list[int]) -> None:
        self.chosen = ids
        self.chosen_amount = yuan(sum(self._fen.get(i, 0) for i in ids))

    @rx.event
    def choose(self, claim_id: int):
        """Choose a claim of the page, or leave it out again."""
        wanted = int_arg(claim_id, 0)
        if wanted in self.chosen:
            self._choose([i for i in self.chosen if i != wanted])
        elif any(r.id == wanted and not r.why for r in self.rows):
            self._choose([*self.chosen, wanted])

    @rx.event
    async def choose_all(self):
        """Choose everything that the query bar leaves and that may be paid, as far as one batch takes it; or nothing."""
        if self.chosen:
            self._choose([])
            return
        found = await self._read(policy_ready.choosable, self.filters)
        self._fen |= found
        self._choose(list(found))
        if len(found) < self.total and len(found) == policy_payment.MOST:
            return success(f"每个批次最多 {policy_payment.MOST} 笔，已选择最早审核通过的 {len(found)} 笔。")

    @rx.event
    def ask_name(self):
        """Open the dialog in which the batch gets its name."""
        if not self.chosen:
            raise DomainError("请先勾选要拨付的兑现申请。")
        self._open({})
        self.making = True

    @rx.event
    def close(self):
        """Put the dialog away."""
        self.making = False

    @rx.event
    async def make(self, data: dict):
        """编制批次 of what is chosen."""
        name = posted(data, frozenset({"name", "intent"})).get("name", "")
        call = self._write(policy_payment.make, list(self.chosen), name)
        batch = await self._checked(call, {"name": "批次名称"})
        self._choose([])
        self.making = False
        return [success("批次已编制，请核对后导出。"), rx.redirect(PAYMENT_BATCH.url(bid=batch))]


@for_screen(PAYMENT_BATCH)
@shows(policy_exports.LINES)
class PaymentBatchState(TableState, PickedState, rx.State):
    """One batch: its lines, its files, what came back."""

    rows: list[PaymentRow] = []
    batch: BatchRow = BatchRow()
    imports: list[Outcome] = []
    outcome: Outcome = Outcome()
    problem: str = ""
    xlsx_href: str = ""
    csv_href: str = ""
    _row_id: int = 0

    def _wanted(self) -> dict[str, str]:
        return self.filters | {"batch": str(self._row_id)}

    async def _fetch(self) -> None:
        if not self._row_id:
            self.rows, self.total = [], 0
            return
        await super()._fetch()
        self.batch = await self._read(
            lambda s, a: policy_payment.row_of(s, policy_payment.load(s, a, self._row_id))
        )
        self.imports = await self._read(policy_payment_result.latest, self._row_id)
        base = f"/exports/payments/{self._row_id}"
        self.xlsx_href, self.csv_href = (f"{base}.xlsx", f"{base}.csv") if self.batch.out else ("", "")

    @rx.event
    async def load(self):
        """Open the batch named by the address."""
        self._row_id, self.batch, self.rows, self.imports = 0, BatchRow(), [], []
        self.outcome, self.problem = Outcome(), ""
        self._come_back()
        self.xlsx_href = self.csv_href = ""
        self._row_id = self._route_id("bid")
        return await self._refresh()

    @rx.event
    async def remove(self, payment_id: int):
        """Take a line out of the batch."""
        why = await self._write(policy_payment.remove, self._row_id, int_arg(payment_id, 0))
        await self._refresh()
        where = f"该兑现申请暂不能拨付：{why}" if why else "该兑现申请回到待拨付"
        empty = "" if self.batch.count else "批次中已没有付款明细，可以作废。"
        return success(f"已移出批次，{where}。{empty}")

    @rx.event
    async def void(self):
        """作废 a batch from which everything was taken out."""
        await self._write(policy_payment.void, self._row_id)
        await self._refresh()
        return success("批次已作废。可在“待拨付”中重新编制。")

    @rx.event
    async def send_out(self):
        """确认并导出: from now on the batch stays as it is."""
        await self._write(policy_payment.send_out, self._row_id, self.batch.version)
        await self._refresh()
        return success("批次已确认，请下载文件交财务部门办理，办理后导入结果。")

    @rx.event
    async def upload(self, files_in: list[rx.UploadFile]):
        """导入拨付结果: judged whole, written whole or not at all."""
        self.outcome, self.problem = Outcome(), ""
        try:
            await self._take(files_in)
        except DomainError as refusal:
            # Raised, it would break the upload's own connection in the middle of its answer.
            self.problem = refusal.message
            return on_error(refusal)

    async def _take(self, files_in: list[rx.UploadFile]) -> None:
        if not isinstance(files_in, list) or any(not isinstance(f, rx.UploadFile) for f in files_in):
            raise DomainError("请在页面上选择结果文件后再导入。")
        if len(files_in) != 1:
            raise DomainError("请一次选择一个结果文件。")
        name = files_in[0].filename or "文件"
        data = await files_in[0].read(policy_payment_file.MOST_BYTES + 1)
        lines = await asyncio.to_thread(policy_payment_file.read, name, data)
        self.outcome = await self._write(policy_payment_result.take, self._row_id, name, data, lines)
        await self._refresh()
