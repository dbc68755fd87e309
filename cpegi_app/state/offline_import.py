"""导入备案文件: a trial in the background with progress, its findings, then the good rows (manual §5.1)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from cpegi_app import clock
from cpegi_app.access import FILING
from cpegi_app.errors import Discarded, DomainError
from cpegi_app.services import files, offline_import, offline_trial
from cpegi_app.services.filetypes import MAX_FILE_BYTES
from cpegi_app.services.offline_import import Finding, TrialView
from cpegi_app.state.base import for_screen, int_arg, run_as
from cpegi_app.state.form import PickedState
from cpegi_app.state.message import on_error, success
from cpegi_app.state.offline_loan import FilingState
from cpegi_app.state.shell import ShellState
from cpegi_app.state.table import TableState

# A trial that has not come a step further for so long has died with its process: a step takes seconds.
DEAD = timedelta(minutes=1)
CUT_SHORT = "上一份文件的检查中断了，没有结果。请重新选择文件导入。"


@for_screen(FILING)
class FilingImportState(TableState, PickedState, rx.State):
    """The import panel of a batch."""

    trial: TrialView = TrialView()
    rows: list[Finding] = []
    stage: str = ""
    percent: int = 0
    problem: str = ""
    _batch: int = 0
    # Trials under way in this tab, by their batch: how far each is and since when, and the files that wait for theirs.
    _running: dict[int, tuple[str, int, datetime]] = {}
    _pending: dict[int, tuple[str, str]] = {}

    async def _fetch(self) -> None:
        if not self.trial.id:
            self.rows, self.total = [], 0
            return
        self.rows, self.total = await self._read(
            offline_import.findings,
            self.trial.id,
            kind=self.filters.get("kind", ""),
            field=self.filters.get("field", ""),
            row=int_arg(self.filters.get("row", ""), 0),
            page=self.page,
            size=self.size,
        )

    async def _arrive(self) -> str:
        """Stay: what a trial found never changes, and what becomes of its batch the batch's own state tells."""
        return ""

    @rx.event
    async def load(self):
        """Open the batch's last import."""
        self._batch = self._route_id("bid")
        self.sending = 0
        self.problem = CUT_SHORT if self._is_dead(self._batch) else ""
        self.stage, self.percent, _ = self._running.get(self._batch, ("", 0, None))
        self._come_back()
        try:
            self.trial = await self._read(offline_import.latest, self._batch)
        except Discarded:
            # The batch's own state says what became of it.
            self.trial = TrialView()
        await self._refresh()

    @rx.event
    async def upload(self, files_in: list[rx.UploadFile]):
        """Take the workbook; reading and checking go on in the background."""
        try:
            await self._take(files_in)
        except DomainError as refusal:
            # Raised, it would break the upload's own connection in the middle of its answer.
            return on_error(refusal)
        return FilingImportState.run_trial

    async def _take(self, files_in: list[rx.UploadFile]) -> None:
        if not isinstance(files_in, list) or not all(isinstance(f, rx.UploadFile) for f in files_in):
            raise DomainError("请在页面上选择备案文件后再导入。")
        if len(files_in) != 1:
            raise DomainError("请一次选择一个备案文件。")
        batch = self._batch
        if batch in self._running and not self._is_dead(batch):
            raise DomainError("上一份文件还在检查，请稍候。")
        data = await files_in[0].read(MAX_FILE_BYTES + 1)
        await self._read(lambda s, actor: offline_import.editable(s, actor, batch))
        digest = await asyncio.to_thread(files.store().put, data)
        self._pending = {**self._pending, batch: (files_in[0].filename or "文件", digest)}
        self.problem = ""
        self._stands(batch, "读取文件", 10)

    def _is_dead(self, batch: int) -> bool:
        """Tell whether a trial has died with its process, and forget it."""
        if batch not in self._running or clock.now() - self._running[batch][2] < DEAD:
            return False
        self._running = _without(self._running, batch)
        self._pending = _without(self._pending, batch)
        return True

    @rx.event(background=True)
    async def run_trial(self):
        """Read and check the workbooks that wait without holding anybody up; their clerk may be elsewhere meanwhile."""
        async with self:
            waiting, self._pending = self._pending, {}
            who = (self._sid(), self._address())
        told: list[EventSpec] = []
        for batch, (name, digest) in waiting.items():
            try:
                kept = await self._try(batch, name, digest, who)
            except Exception as problem:
                refusal = problem.message if isinstance(problem, DomainError) else ""
                await self._end(batch, name, who, refusal=refusal)
                # The others that wait are tried all the same.
                told += [] if refusal else [on_error(problem)]
            else:
                await self._end(batch, name, who, kept)
        return told

    async def _try(self, batch: int, name: str, digest: str, who: tuple[str, str]) -> int:
        """Return the id of the trial that was kept."""
        data = await asyncio.to_thread(files.store().open(digest).read_bytes)
        layout = await asyncio.to_thread(offline_import.read, name, data)
        await self._tell(batch, "逐格检查", 45)
        found = await asyncio.to_thread(offline_trial.cells, layout)
        await self._tell(batch, "与已备案数据比对", 75)
        known = await asyncio.to_thread(run_as, *who, False, offline_import.facts, (batch, found), {})
        found = await asyncio.to_thread(offline_trial.finish, found, known, layout)
        args = (batch, name, data, found)
        return await asyncio.to_thread(run_as, *who, True, offline_import.keep, args, {})

    async def _tell(self, batch: int, stage: str, percent: int) -> None:
        async with self:
            self._stands(batch, stage, percent)

    def _stands(self, batch: int, stage: str, percent: int) -> None:
        """Note how far a trial is; only its own batch's page shows it."""
        self._running = {**self._running, batch: (stage, percent, clock.now())}
        if self._batch == batch:
            self.stage, self.percent = stage, percent

    async def _end(
        self, batch: int, name: str, who: tuple[str, str], kept: int = 0, refusal: str = ""
    ) -> None:
        """Show what a trial found where its batch is in view; elsewhere a notice leads back to it.

        A refusal is nowhere kept but in a notice: the tab that shows it may have been closed meanwhile.
        """
        async with self:
            self._running = _without(self._running, batch)
            if self._batch == batch:
                self.stage, self.percent, self.problem = "", 100 if kept else 0, refusal
                if kept:
                    self.trial = await asyncio.to_thread(
                        run_as, *who, False, offline_import.view, (kept,), {}
                    )
                    self._afresh()
                    await self._refresh()
            shell = await self.get_state(ShellState)
            in_view = self._batch == batch and shell._route == FILING.route
        if refusal or (kept and not in_view):
            args = (batch, name, refusal)
            await asyncio.to_thread(run_as, *who, True, offline_import.tell_trial, args, {})

    @rx.event
    async def import_good(self):
        """导入合格行, all in one transaction."""
        self.trial = await self._write(offline_import.import_good, self.trial.id, self._batch)
        filing = await self.get_state(FilingState)
        await filing._show()
        late = self.trial.good - self.trial.imported
        twice = f"另有 {late} 行在试导入之后已由本机构备案或在平台放款，没有重复导入。" if late else ""
        return success(f"已导入 {self.trial.imported} 行，{twice}请为每笔贷款上传放款证明后提交。")


def _without(found: dict[int, Any], batch: int) -> dict[int, Any]:
    return {key: value for key, value in found.items() if key != batch}
