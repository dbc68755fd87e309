"""A draft of each flow with everybody who has to do with it, and the ways to every status."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.services import (
    application,
    deal_list,
    disbursement,
    equity_project,
    files,
    investment,
    lists,
    offline_loan,
    offline_proof,
    offline_rows,
    policy_application,
    policy_claim,
    product,
    report,
    review,
    verification,
)
from cpegi_app.services.review import Flow
from cpegi_app.vocabulary import Action, FileSlot, Kind, OrgClass, Status
from tests import policies, redemption
from tests.equity import figures
from tests.factories import (
    application_data,
    disbursement_data,
    member,
    offline_data,
    pdf,
    png,
    product_data,
    profile,
    project_data,
    report_data,
    staff,
    upload,
)

REASON = "营业执照照片不清晰，请重新上传。"
# Said once more, so that a rule taken out of the engine is missed here.
REASON_NEEDED = (Action.RETURN, Action.REJECT)
DECISION = {"approved_amount": "500", "approved_term": "12"}


@dataclass
class World:
    """A reviewed thing, who sends it, who decides, and the data with which it passes."""

    flow: Flow
    owner: Actor
    reviewer: Actor
    row_id: int
    data: dict[str, str]
    payload: dict[str, str] = dataclasses.field(default_factory=dict)
    # Who decides after the first, where a flow has two stages.
    second: Actor | None = None

    def row(self, session: Session) -> Any:
        """Return the row as it stands."""
        session.flush()
        session.expire_all()
        return session.get_one(self.flow.model, self.row_id)

    def act(self, session: Session, action: Action, actor: Actor | None = None, **more: Any) -> Any:
        """Take an action with what it needs, as the one whose action it is unless another is named."""
        mine = action in (Action.SUBMIT, Action.WITHDRAW)
        more.setdefault("values", {"data": self.data} if action is Action.SUBMIT else None)
        more.setdefault("payload", self.payload if action is Action.APPROVE else None)
        more.setdefault("comment", REASON if action in REASON_NEEDED else "")
        row = self.row(session)
        version = more.pop("version") if "version" in more else row.version
        decider = self.second if self.second and row.stage == 1 else self.reviewer
        return review.act(
            session,
            self.flow,
            actor or (self.owner if mine else decider),
            self.row_id,
            action,
            version,
            **more,
        )

    def bring_to(self, session: Session, status: Status) -> World:
        """Move the draft to a status by the engine's own moves."""
        for action in PATHS[status]:
            self.act(session, action)
            while action is Action.APPROVE and self.row(session).status == Status.PENDING:
                # A further stage decides as well.
                self.act(session, action)
        session.expire_all()
        return self


PATHS: dict[Status, tuple[Action, ...]] = {
    Status.DRAFT: (),
    Status.PENDING: (Action.SUBMIT,),
    Status.RETURNED: (Action.SUBMIT, Action.RETURN),
    Status.APPROVED: (Action.SUBMIT, Action.APPROVE),
    Status.REJECTED: (Action.SUBMIT, Action.REJECT),
}


def verification_world(session: Session, kind: Kind = Kind.ENTERPRISE, **changes: str) -> World:
    """Return a new account's 真实性认证, filled in and with its files."""
    owner = member(session, kind, verified=False)
    row = verification.open_verification(session, owner)
    slots = [FileSlot.LICENCE, FileSlot.LEGAL_REP_ID] + (
        [FileSlot.PERMIT] if kind is not Kind.ENTERPRISE else []
    )
    upload(session, owner, verification.VERIFY, row.id or 0, *slots)
    return World(verification.VERIFY, owner, staff(session), row.id or 0, profile(kind, **changes))


def profile_change_world(session: Session, kind: Kind = Kind.ENTERPRISE) -> World:
    """Return a verified organisation's change of its address."""
    first = verification_world(session, kind).bring_to(session, Status.APPROVED)
    owner = dataclasses.replace(first.owner, verified=True)
    row = verification.open_change(session, owner)
    data = {k: v for k, v in row.data.items() if k != "scale"} | {"office": "郑州市金水区花园路 9 号"}
    return World(verification.CHANGE, owner, first.reviewer, row.id or 0, data)


def product_world(session: Session, owner: Actor | None = None, **changes: str) -> World:
    """Return a debt institution's new product."""
    owner = owner or member(session, Kind.DEBT, org_class=OrgClass.BANK.value)
    row = product.new_draft(session, owner)
    return World(product.FLOW, owner, staff(session), row.id or 0, product_data(**changes))


def listed_product(session: Session, owner: Actor | None = None, **changes: str) -> Any:
    """Return a product that the public sees."""
    world = product_world(session, owner, **changes).bring_to(session, Status.APPROVED)
    found = session.get_one(product.Product, world.row(session).product_id)
    return found


def application_world(session: Session, bank: Actor | None = None, **changes: str) -> World:
    """Return an enterprise's application to a bank's listed product."""
    bank = bank or member(session, Kind.DEBT, org_class=OrgClass.BANK.value)
    target = listed_product(session, bank)
    owner = member(session)
    row = application.open_application(session, owner, target.id or 0)
    return World(application.FLOW, owner, bank, row.id or 0, application_data(**changes), dict(DECISION))


def disbursement_world(session: Session, approved: World | None = None, **changes: str) -> World:
    """Return a bank's disbursement under an approved application, with its files."""
    approved = approved or application_world(session).bring_to(session, Status.APPROVED)
    row = disbursement.open_disbursement(session, approved.reviewer, approved.row_id)
    upload(session, approved.reviewer, disbursement.FLOW, row.id or 0, FileSlot.CONTRACT, FileSlot.VOUCHER)
    return World(
        disbursement.FLOW, approved.reviewer, staff(session), row.id or 0, disbursement_data(**changes)
    )


def filing_world(session: Session, owner: Actor | None = None, rows: int = 1, **changes: str) -> World:
    """Return a bank's filing batch with rows and a proof at each."""
    owner = owner or member(session, Kind.DEBT, org_class=OrgClass.BANK.value)
    data = {"name": "十月线下贷款备案", "period": "2026-10", "note": ""}
    batch = offline_loan.new_batch(session, owner, data)
    for _ in range(rows):
        row = offline_rows.save(session, owner, batch.id or 0, 0, 0, offline_data(**changes))
        offline_proof.attach(session, owner, row.id or 0, FileSlot.CONTRACT.value, "合同.png", png())
    return World(offline_loan.FLOW, owner, staff(session), batch.id or 0, data)


def report_world(
    session: Session, owner: Actor | None = None, asked: str = "", of: str = "", **changes: str
) -> World:
    """Return a verified organisation's report with its file: the asked kind of a period, or a 临时报告."""
    owner = owner or member(session)
    row = report.begin(session, owner, asked or "INTERIM", of)
    upload(session, owner, report.FLOW, row.id or 0, FileSlot.REPORT)
    data = row.data | changes if asked else report_data(**changes)
    return World(report.FLOW, owner, staff(session), row.id or 0, data)


def project_world(session: Session, owner: Actor | None = None, **changes: str) -> World:
    """Return a verified enterprise's financing project with its business plan."""
    owner = owner or member(session)
    row = equity_project.new_draft(session, owner)
    name = equity_project.FLOW.name
    files.attach(session, owner, name, row.id or 0, FileSlot.PLAN.value, "商业计划书.pdf", pdf())
    files.attach(session, owner, name, row.id or 0, FileSlot.PICTURE.value, "产品.png", png(7))
    return World(equity_project.FLOW, owner, staff(session), row.id or 0, project_data(**changes))


def listed_project(session: Session, owner: Actor | None = None, **changes: str) -> Any:
    """Return a project that the public sees."""
    world = project_world(session, owner, **changes).bring_to(session, Status.APPROVED)
    return session.get_one(equity_project.EquityProject, world.row(session).project_id)


def investment_world(
    session: Session, owner: Actor | None = None, party: Actor | None = None, **changes: str
) -> World:
    """Return an equity institution's offline filing of an investment in a verified enterprise, with its files."""
    owner, party = owner or member(session, Kind.EQUITY), party or member(session)
    row = investment.new_draft(session, owner)
    row = investment.choose(session, owner, row.id or 0, row.version, party.org_id or 0, 0)
    upload(session, owner, investment.FLOW, row.id or 0, *investment.REQUIRED)
    data = figures(project_name="智能传感器产业化", **changes)
    return World(investment.FLOW, owner, party, row.id or 0, data, second=staff(session))


def policy_world(session: Session) -> World:
    """Return an enterprise's policy application on one loan, with its material; each stage has a reviewer of its own."""
    owner, reviewer, second = member(session), staff(session), staff(session)
    named = {"people_FORMAL": str(reviewer.user_id), "people_BUSINESS": str(second.user_id)}
    material = {"name": "申请表", "required": "YES"}
    of = policies.published(session, materials=(material,), **policies.INTEREST, **named)
    row, loan = policies.begun(session, owner, of), policies.loan(session, owner)
    data = row.data | policies.answers() | {"records": f"LOAN:{loan.id}"}
    return World(policy_application.FLOW, owner, reviewer, row.id or 0, data, second=second)


def policy_claim_world(session: Session) -> World:
    """Return an enterprise's claim of a grant, with its receipt; one reviewer acts at every stage."""
    owner, reviewer = member(session), staff(session)
    named = {f"people_{s}": str(reviewer.user_id) for s in ("FORMAL", "BUSINESS", "REDEMPTION", "FINANCE")}
    grant = redemption.granted(session, owner, reviewer, **named)
    row = redemption.begun(session, owner, grant)
    data = redemption.claim_data(grant.org_name)
    return World(policy_claim.FLOW, owner, reviewer, row.id or 0, data)


WORLDS: dict[str, Callable[[Session], World]] = {
    "verification": verification_world,
    "profile_change": profile_change_world,
    "product": product_world,
    "application": application_world,
    "disbursement": disbursement_world,
    "offline_loan": filing_world,
    "report": report_world,
    "equity_project": project_world,
    "investment": investment_world,
    "policy_application": policy_world,
    "policy_claim": policy_claim_world,
}


def deals(session: Session, actor: Actor, *, tab: str = "recommended", **filters: str) -> tuple[list, int]:
    """Return the first page of an institution's recommended projects or favourites, and how many there are."""
    found = lists.page(session, actor, deal_list.BY_TAB[tab], filters)
    return found.rows, found.total
