"""政策兑现: what was granted, the claim's form, the staff's queue and desk (manual §8.2)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import CLAIM_QUEUE, CLAIM_REVIEW, POLICY_CLAIM, POLICY_CLAIMS, POLICY_TRAIL
from cpegi_app.errors import Conflict, DomainError, FormInvalid
from cpegi_app.services import (
    policy_claim,
    policy_claim_list,
    policy_exports,
    policy_standing,
    policy_trail,
    policy_way,
)
from cpegi_app.services.forms import posted
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_claim_list import ClaimDesk, ClaimRow, GrantRow
from cpegi_app.services.policy_trail import Trail
from cpegi_app.services.policy_way import Step
from cpegi_app.state.base import Services, for_screen, int_arg
from cpegi_app.state.desk import DeskState
from cpegi_app.state.message import MessageState, on_error, success
from cpegi_app.state.policy_desk import ACTIONS
from cpegi_app.state.subject import SubjectState, act, edits
from cpegi_app.state.table import TableState, shows
from cpegi_app.vocabulary import Action


@for_screen(POLICY_CLAIMS)
@shows(policy_exports.GRANTS)
class PolicyClaimsState(TableState, rx.State):
    """政策兑现: what was granted to the own organisation, and how far it is."""

    rows: list[GrantRow] = []

    @rx.event
    async def start(self, grant_id: int):
        """申请兑现, or go on with the claim that is begun."""
        row = await self._write(policy_claim.start, int_arg(grant_id, 0))
        return rx.redirect(POLICY_CLAIM.url(cid=row.id))


@for_screen(POLICY_CLAIM)
@edits(policy_claim.NAME, policy_claim.NAMES, policy_claim.TITLES)
class PolicyClaimState(SubjectState, rx.State):
    """The claim's form: amount, payee, receipt; and where the whole thing stands."""

    amount: str = ""
    org: str = ""
    steps: list[Step] = []
    # How long it may still be sent, once the window is over; what it means to withdraw, while that is asked about.
    still: str = ""
    withdrawing: str = ""
    # Why the payment before failed, until one arrives.
    failed: str = ""

    @rx.event
    async def load(self):
        """Open the claim named by the address."""
        self._blank()
        self.amount, self.org, self.steps, self.still, self.withdrawing, self.failed = "", "", [], "", "", ""
        await self._show(self._route_id("cid"))

    async def _show(self, row_id: int) -> None:
        await super()._show(row_id)
        found = await self._read(_around, row_id)
        self.amount, self.org, self.still, self.failed, self.steps = found

    @rx.event
    async def withdraw(self, sure: bool = False):
        """撤回 while it waits for review; asked again once the window is over."""
        means = await self._read(policy_claim.parting, self.row_id)
        self.withdrawing = "" if sure is True else means
        if self.withdrawing:
            return None
        await self._write(act, policy_claim.NAME, self.row_id, Action.WITHDRAW, self.version)
        await self._show(self.row_id)
        return success(f"已撤回。{self.still}。" if self.still else "已撤回，可修改后重新提交。")

    @rx.event
    def stay(self):
        """Leave it sent after all."""
        self.withdrawing = ""


def _around(session, actor, row_id: int) -> tuple[str, str, str, str, list[Step]]:
    from cpegi_app.models import PolicyGrant
    from cpegi_app.services import review

    row = review.load_own(session, policy_claim.FLOW, actor, row_id)
    grant = session.get_one(PolicyGrant, row.grant_id)
    still = policy_claim.still(session, grant, row) if row.status in review.EDITABLE else ""
    steps = policy_way.own_steps(session, actor, row.application_id)
    failed = policy_standing.failure_told(session, grant.id or 0)
    return yuan(row.amount_fen), row.org_name, still, failed, steps


@for_screen(CLAIM_QUEUE)
@shows(policy_exports.CLAIMS)
class ClaimQueueState(TableState, rx.State):
    """兑现审核: the claims that wait."""

    rows: list[ClaimRow] = []


@for_screen(CLAIM_REVIEW)
class ClaimReviewState(DeskState, rx.State):
    """One claim at the reviewer's desk."""

    desk: ClaimDesk = ClaimDesk()

    @rx.event
    async def load(self):
        """Open the claim named by the address."""
        self._clear(ClaimDesk())
        self._row_id = self._route_id("cid")
        await self._show()

    async def _show(self) -> None:
        await self._look()
        self._open({})

    async def _find(self) -> ClaimDesk:
        return await self._read(policy_claim_list.desk, self._row_id)

    @rx.event
    async def decide(self, data: dict):
        """审核通过, 退回 or 审核不通过, by the button that was pressed."""
        names = {*policy_claim.NAMES, f"file_{policy_claim.RECEIPT}"}
        known = {f.name for g in self.desk.groups for f in g.fields} | names
        marks = {f"{prefix}_{name}" for name in known for prefix in "mr"}
        values = posted(data, {"intent", "comment"} | marks)
        self._clear_errors()
        action = ACTIONS.get(values.pop("intent", ""))
        if action is None:
            raise DomainError("请点击“审核通过”、“退回”或“审核不通过”按钮。")
        marked = [n.removeprefix("m_") for n, v in values.items() if n.startswith("m_") and v]
        more = {
            "comment": values.get("comment", ""),
            "marks": {n: values.get(f"r_{n}", "") for n in marked},
            "key": self._submit_key,
        }
        version = self.desk.view.version
        try:
            await self._write(policy_claim_list.decide, self._row_id, action, version, **more)
        except FormInvalid as refusal:
            self._refuse(refusal)
            return on_error(refusal)
        except Conflict as refusal:
            await self._show()
            return on_error(refusal)
        await self._show()
        self.done = action.value
        return [MessageState.close, rx.set_focus("next")]


@for_screen(POLICY_TRAIL)
class PolicyTrailState(Services, rx.State):
    """来龙去脉 of an application."""

    trail: Trail = Trail()
    loading: bool = True

    @rx.event
    async def load(self):
        """Open the application named by the address."""
        self.trail, self.loading = Trail(), True
        try:
            self.trail = await self._read(policy_trail.trail, self._route_id("aid"))
        finally:
            self.loading = False
