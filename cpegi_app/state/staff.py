"""The staff's lists: queue, accounts, audit trail."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import ACCOUNTS, AUDIT, QUEUE
from cpegi_app.errors import DomainError
from cpegi_app.services import account_rescue, audit_trail, platform_queue, policy_bench, staff
from cpegi_app.services.audit_trail import AuditRow
from cpegi_app.services.forms import posted
from cpegi_app.services.platform_queue import QueueRow
from cpegi_app.services.policy_bench import Queue
from cpegi_app.services.staff import AccountRow
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.form import FormState
from cpegi_app.state.gate import told
from cpegi_app.state.message import success
from cpegi_app.state.table import TableState, shows


@for_screen(QUEUE)
@shows(platform_queue.QUEUE_LIST)
class QueueState(TableState, rx.State):
    """审核队列: everything that waits for the platform, oldest first."""

    size: int = 20
    rows: list[QueueRow] = []
    tab: str = ""
    counts: dict[str, int] = {}
    all_count: int = 0
    # Lists with rules of their own (taking, promises, payment) in which something waits as well.
    others: list[Queue] = []

    def _wanted(self) -> dict[str, str]:
        return self.filters | {"flow": self.tab}

    def _tab(self) -> str:
        return self.tab

    def _turn(self, tab: str) -> None:
        self.tab = tab

    async def _fetch(self) -> None:
        self.rows, self.total, counts = await self._read(
            platform_queue.queue,
            flow=self.tab,
            filters=self.filters,
            sort=self.sort,
            page=self.page,
            size=self.size,
        )
        self.counts = {c.flow: c.count for c in counts}
        self.all_count = sum(c.count for c in counts)
        self.others = await self._read(policy_bench.queues)

    @rx.event
    async def load(self):
        """Open the queue, at the kind that the address names."""
        self._turn(text_arg(self.router.url.query_parameters.get("flow"), 30))
        self._come_back()
        await self._refresh()

    @rx.event
    async def pick(self, flow: str):
        """Show one kind, or everything."""
        self._turn(text_arg(flow, 30))
        self.page = 1
        await self._refresh()


@for_screen(ACCOUNTS)
@shows(staff.ACCOUNT_LIST)
class AccountsState(TableState, FormState, rx.State):
    """账号管理: look up, disable with a reason, enable, reveal a number, bind another one."""

    rows: list[AccountRow] = []
    # What is asked of the chosen account: disable or rebind.
    asked: str = ""
    chosen: int = 0
    chosen_name: str = ""
    chosen_phone: str = ""
    # The account of which it has just been done: what was typed about it is no longer needed.
    settled: int = 0
    revealed: dict[int, str] = {}

    @rx.event
    async def load(self):
        """Open the list, of the state that the address names."""
        self._come_back(state=text_arg(self.router.url.query_parameters.get("state"), 30))
        await self._refresh()

    async def _arrive(self) -> str:
        """Stay: a number that was revealed is being read."""
        return ""

    async def _fetch(self) -> None:
        self.revealed = {}
        await super()._fetch()

    @rx.event
    def ask_disable(self, user_id: int):
        """Open the dialog that asks for the reason."""
        self._choose(user_id, "disable")

    @rx.event
    def ask_rebind(self, user_id: int):
        """Open the dialog that asks for the new number, and how the identity was checked."""
        self._choose(user_id, "rebind")

    def _choose(self, user_id: int, asked: str) -> None:
        row = next((r for r in self.rows if r.id == int_arg(user_id, 0)), None)
        if row is None:
            raise DomainError("该账号不在当前列表中，请刷新列表后重试。")
        self.chosen, self.chosen_name, self.chosen_phone, self.asked = row.id, row.org, row.phone, asked
        self.settled = 0
        self._open({})

    @rx.event
    def cancel(self):
        """Put the dialog away."""
        self.chosen = 0

    @rx.event
    async def disable(self, data: dict):
        """停用: with a reason, which the other reads at sign-in."""
        if not self.chosen:
            # The second half of a double click.
            return None
        reason = posted(data, {"reason", "intent"}).get("reason", "")
        await self._checked(self._write(staff.disable, self.chosen, reason))
        name, self.settled, self.chosen = self.chosen_name, self.chosen, 0
        await self._refresh()
        return success(f"已停用“{name}”的账号，其登录已全部失效。")

    @rx.event
    async def rebind(self, data: dict):
        """更换手机号 of somebody who has lost the number; the old logins end."""
        if not self.chosen:
            return None
        values = posted(data, account_rescue.NAMES | {"intent"})
        phone, grounds = values.get("new_phone", ""), values.get("grounds", "")
        call = self._write(account_rescue.rebind, self.chosen, phone, grounds)
        number = await self._checked(call, account_rescue.TITLES)
        name, self.settled, self.chosen = self.chosen_name, self.chosen, 0
        await self._refresh()
        return success(f"已将“{name}”的登录手机号更换为 {number}，请对方用新号码通过“忘记密码”设置密码。")

    @rx.event
    async def enable(self, user_id: int):
        """启用 a disabled account."""
        await self._write(staff.enable, int_arg(user_id, 0))
        await self._refresh()
        return success("已启用该账号，对方可以重新登录。")

    @rx.event
    async def reveal(self, user_id: int):
        """Show one number in full; the look is in the audit trail."""
        wanted = int_arg(user_id, 0)
        number = await self._write(staff.reveal, wanted)
        self.revealed = {**self.revealed, wanted: number}


@for_screen(AUDIT)
@shows(audit_trail.AUDIT_LIST)
class AuditState(TableState, rx.State):
    """操作日志: who did what, when; read only."""

    size: int = 20
    rows: list[AuditRow] = []

    def _wanted(self) -> dict[str, str]:
        since, until = self.filters.get("since", ""), self.filters.get("until", "")
        if since and until and since > until:
            raise DomainError("开始日期不能晚于结束日期，请重新选择。")
        return dict(self.filters)

    def _show_rows(self, rows: list[AuditRow]) -> None:
        self.rows = [r if r.ok else r.model_copy(update={"detail": told(r.detail)}) for r in rows]
