"""Applications: the enterprise's form, list and detail; the institution's 企业申请管理 and 办理 (manual §4.2)."""

from __future__ import annotations

import reflex as rx
from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app.access import APPLICATION, APPLICATIONS, APPLY, DISBURSE, REQUEST, REQUESTS, Actor
from cpegi_app.errors import Conflict, DomainError
from cpegi_app.models import Organisation
from cpegi_app.services import (
    application,
    application_list,
    disbursement,
    disbursement_end,
    product_public,
    review,
)
from cpegi_app.services.application import FLOW, ApplicationForm, DecisionForm
from cpegi_app.services.application_list import ApplicationRow
from cpegi_app.services.conditions import ConditionRow
from cpegi_app.services.disbursement import DisbursementRow
from cpegi_app.services.forms import posted
from cpegi_app.services.product_public import PublicProduct
from cpegi_app.services.review_view import ReviewView, view
from cpegi_app.state.base import for_screen, int_arg
from cpegi_app.state.desk import OpinionState
from cpegi_app.state.form import Choice, FormState
from cpegi_app.state.message import on_error, success
from cpegi_app.state.reveal import RevealState
from cpegi_app.state.shell import ShellState
from cpegi_app.state.subject import GIVEN_UP, SubjectState, act, edits
from cpegi_app.state.table import TableState, shows
from cpegi_app.vocabulary import Action, Status

TITLES = {s.name: s.title for s in [*ApplicationForm.specs(), *DecisionForm.specs()]}
DECISIONS = {"approve": Action.APPROVE, "reject": Action.REJECT, "return": Action.RETURN}
DECISION_NAMES = frozenset(DecisionForm.model_fields) | {"comment", "intent"}


@for_screen(APPLICATIONS)
@shows(application_list.OWN)
class ApplicationListState(TableState, rx.State):
    """我的融资申请: the own applications."""

    rows: list[ApplicationRow] = []


@for_screen(REQUESTS)
@shows(application_list.REQUESTS)
class RequestListState(TableState, rx.State):
    """企业申请管理: the applications sent to the own institution."""

    rows: list[ApplicationRow] = []

    @rx.event
    async def disburse(self, application_id: int):
        """Open the draft of a disbursement (放款)."""
        row = await self._write(disbursement.open_disbursement, int_arg(application_id, 0))
        return rx.redirect(DISBURSE.url(did=row.id))


@for_screen(APPLY)
@edits(FLOW.name, frozenset(ApplicationForm.model_fields), TITLES)
class ApplyState(SubjectState, rx.State):
    """The application form for one product."""

    product: PublicProduct = PublicProduct()
    closed_why: str = ""
    # What the product asks for and takes.
    materials: str = ""
    guarantees: list[Choice] = []
    # Whether what is shown is decided, and the product may be applied for again.
    may_repeat: bool = False

    @rx.event
    async def load(self):
        """Open the own latest application for the product named by the address, or begin one."""
        self._blank()
        self.product, self.closed_why, self.may_repeat = PublicProduct(), "", False
        wanted = self._route_id("pid")
        found = await self._read(application.at_hand, wanted)
        await (self._show(found) if found else self._begin(wanted))

    async def _begin(self, product_id: int) -> None:
        row = await self._write(application.open_application, product_id)
        await self._show(row.id or 0)

    @rx.event
    async def again(self):
        """再次申请 once the application before is decided."""
        await self._begin(self._route_id("pid"))

    async def _show(self, row_id: int) -> None:
        self.product, self.closed_why, self.materials, self.guarantees = await self._read(_product, row_id)
        await super()._show(row_id)
        done = self.view.status in (Status.APPROVED, Status.REJECTED)
        self.may_repeat = done and not self.closed_why


def _product(session: Session, actor: Actor, row_id: int) -> tuple[PublicProduct, str, str, list[Choice]]:
    found, why = application.product_for(session, actor, row_id)
    shown = product_public.shown(found, session.get_one(Organisation, found.org_id))
    taken = [Choice(value=value, label=label) for value, label in application.offered(found)]
    return shown, why, found.data.get("materials", ""), taken


class Case(BaseModel):
    """An application as either side's detail page shows it."""

    row: ApplicationRow
    view: ReviewView
    step: int
    conditions: list[ConditionRow]
    disbursements: list[DisbursementRow]
    decision: dict[str, str]
    unmet: int
    missing: int


def case(session: Session, actor: Actor, application_id: int) -> Case:
    """Return an application that the actor made or decides on."""
    found, row = application.one(session, actor, application_id)
    rows = application.condition_rows(found)
    return Case(
        row=row,
        view=view(session, FLOW, actor, application_id),
        step=application_list.step_of(row.progress),
        conditions=[c for c in rows if c.result != "不限制"],
        disbursements=disbursement.of_application(session, actor, application_id),
        decision=application.default_decision(found),
        unmet=sum(c.result == "不满足" for c in rows),
        missing=sum(c.result == "数据缺失" for c in rows),
    )


class CaseState(FormState, mixin=True):
    """What the detail pages of both sides share."""

    row_id: int = 0
    row: ApplicationRow = ApplicationRow()
    view: ReviewView = ReviewView()
    step: int = 0
    conditions: list[ConditionRow] = []
    disbursements: list[DisbursementRow] = []
    unmet: int = 0
    missing: int = 0
    # What a decision begins with: what is asked for now.
    _decision: dict[str, str] = {}
    # Up to where it was told what others did; the version of a form that is being written stays behind.
    _told: int = 0

    async def _show_case(self, application_id: int) -> None:
        if application_id != self.row_id:
            # One that cannot be opened leaves nothing of the one before.
            self.row_id, self.row, self.view = 0, ApplicationRow(), ReviewView()
        found = await self._read(case, application_id)
        self.row_id = application_id
        self._put(found, found.view)
        self._open(self._decision)

    def _put(self, found: Case, shown: ReviewView) -> None:
        """Show a case: the figures, and what the conditions say of the very figures."""
        self.row, self.view, self.step, self._told = found.row, shown, found.step, found.view.version
        self.conditions, self.disbursements = found.conditions, found.disbursements
        self.unmet, self.missing, self._decision = found.unmet, found.missing, found.decision

    async def _arrive(self) -> str:
        """Follow a decision or a disbursement; a decision that is being written stays."""
        if not self.row_id:
            return ""
        found = await self._read(case, self.row_id)
        moved = found.view.version != self._told or found.row.progress != self.row.progress
        if not moved and found.disbursements == self.disbursements:
            return ""
        if self.view.can_approve and found.view.sent == self.view.sent:
            # The form goes with its version: what is sent against an older one is refused and says why.
            self._put(
                found, found.view.model_copy(update={"can_approve": True, "version": self.view.version})
            )
        else:
            self._put(found, found.view)
        return self._moved_on() if moved else ""

    def _moved_on(self) -> str:
        return f"该融资申请状态已更新：{self.row.status_label}，{self.row.progress}。"


@for_screen(APPLICATION)
class ApplicationState(CaseState, rx.State):
    """An own application: where it stands at every step."""

    @rx.event
    async def load(self):
        """Open the application named by the address."""
        await self._show_case(self._route_id("aid"))

    @rx.event
    async def withdraw(self):
        """撤回 while the institution has not decided; 放弃 of what it has returned."""
        given_up = self.view.status == Status.RETURNED
        await self._write(act, FLOW.name, self.row_id, Action.WITHDRAW, self.view.version)
        await self._show_case(self.row_id)
        return success(GIVEN_UP if given_up else "已撤回。修改后可重新提交。")


@for_screen(REQUEST)
class RequestState(OpinionState, CaseState, RevealState, rx.State):
    """办理: the enterprise's page, its figures beside the product's conditions, and the decision."""

    following: ApplicationRow = ApplicationRow()
    left: int = 0
    ending: bool = False

    @rx.event
    async def load(self):
        """Open the application named by the address."""
        self.done, self.withdrawn, self.revealed, self.ending = "", "", {}, False
        await self._look(self._route_id("aid"))

    async def _look(self, row_id: int) -> None:
        """Show the application as it stands now, or that it was taken back."""
        await self._shown(self._show_case(row_id))
        self.row_id = row_id

    async def _see_next(self) -> None:
        rows, self.left = await self._read(
            application_list.listing, inbox=True, status=Status.PENDING.value, size=1
        )
        self.following = rows[0] if rows else ApplicationRow()

    def _is_open(self) -> bool:
        return self.view.can_approve

    def _sent(self) -> int:
        return self.view.sent

    def _fresh(self) -> dict[str, str]:
        return self._decision

    async def _follow(self) -> str:
        if not self.withdrawn:
            return await super()._follow()
        await self._show_case(self.row_id)
        return self._moved_on()

    def _record(self) -> tuple[str, int]:
        return FLOW.name, self.row_id

    @rx.event
    async def decide(self, data: dict):
        """审核通过, 审核不通过 or 退回, by the button that was pressed."""
        values = posted(data, DECISION_NAMES)
        action = DECISIONS.get(values.pop("intent", ""))
        comment = values.pop("comment", "")
        if action is None:
            raise DomainError("请点击“审核通过”“审核不通过”或“退回”按钮。")
        key = self._submit_key
        call = self._write(_decide, self.row_id, action, self.view.version, comment, values, key)
        try:
            await self._checked(call, TITLES | {"comment": "审核意见"})
        except Conflict as refusal:
            # A colleague was faster: show what was decided.
            await self._look(self.row_id)
            return on_error(refusal)
        self.done = action.label
        await self._show_case(self.row_id)
        # The second half of a double click is the same decision.
        self._submit_key = key
        await self._see_next()
        await (await self.get_state(ShellState))._load_frame(REQUEST.route)
        return rx.set_focus("next")

    @rx.event
    async def disburse(self):
        """Open the draft of a disbursement (放款)."""
        row = await self._write(disbursement.open_disbursement, self.row_id)
        return rx.redirect(DISBURSE.url(did=row.id))

    @rx.event
    def ask_end(self):
        """Open the dialog of 结束放款."""
        self._clear_errors()
        self.ending = True

    @rx.event
    def close_end(self):
        """Put the dialog away."""
        self.ending = False

    @rx.event
    async def end(self, data: dict):
        """结束放款: nothing more is paid on the application, for the reason given."""
        reason = posted(data, frozenset({"reason", "intent"})).get("reason", "")
        await self._checked(self._write(disbursement_end.end, self.row_id, reason), {"reason": "结束原因"})
        self.ending = False
        await self._show_case(self.row_id)
        return success("已结束放款，企业会收到通知。")


def _decide(
    session: Session,
    actor: Actor,
    row_id: int,
    action: Action,
    version: int,
    comment: str,
    payload: dict[str, str],
    key: str,
) -> None:
    review.act(session, FLOW, actor, row_id, action, version, comment=comment, payload=payload, key=key)
