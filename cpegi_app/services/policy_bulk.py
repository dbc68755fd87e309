"""批量通过: what it would do, row by row, and the approval of one by the checks of a single approval (manual §8.1)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.errors import DomainError
from cpegi_app.models import PolicyApplication
from cpegi_app.services import policy_budget, policy_check, policy_people, policy_review, review
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_application import FLOW
from cpegi_app.services.policy_decision import STAGES, stage_of
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import PolicyStage

# What is only foreseen reads so; what is done reads 已通过.
WILL = "将通过"


class BulkRow(BaseModel):
    """What a bulk approval does with one application, or did."""

    id: int
    version: int
    org: str = ""
    policy: str = ""
    receipt: str = ""
    amount: str = ""
    fen: int = 0
    after: str = ""
    ok: bool = False
    text: str = ""
    # 对补正意见的说明: nobody approves it unread.
    answer: str = ""


def foresee_all(session: Session, actor: Actor, row_ids: list[int]) -> list[BulkRow]:
    """Return what a bulk approval would do with many, in their order: what one takes of budget and cap lacks for the next."""
    found, ahead = [], _Ahead(session)
    for row_id in row_ids:
        try:
            one = foresee(session, actor, row_id)
        except DomainError as refusal:
            # Withdrawn since it was chosen, say: the others are foreseen all the same.
            found.append(BulkRow(id=row_id, version=0, text=refusal.message))
            continue
        if one.ok and (why := ahead.take(session.get_one(PolicyApplication, row_id), one.fen)):
            one.ok, one.text = False, why
        found.append(one)
    return found


class _Ahead:
    """What is left of budgets and caps while approvals are foreseen one after the other; nothing is written."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.budgets: dict[int, int | None] = {}
        self.caps: dict[tuple[int, int], int | None] = {}

    def take(self, row: PolicyApplication, fen: int) -> str:
        """Take what an approval would hold more than before; return why it cannot be had."""
        delta = fen - row.held_fen
        if stage_of(row) is not STAGES[-1] or delta <= 0:
            return ""
        mine = (row.policy_id, row.org_id)
        if row.policy_id not in self.budgets:
            self.budgets[row.policy_id] = policy_budget.left(self.session, row.policy_id)
        if mine not in self.caps:
            d = definitions.of_version(self.session, row.version_id)
            held, _count = policy_budget.held_by(self.session, *mine)
            cap = d.applicant_cap_fen
            self.caps[mine] = None if cap is None else max(0, cap - held)
        budget, cap = self.budgets[row.policy_id], self.caps[mine]
        if cap is not None and delta > cap:
            return f"该单位合计金额将超过政策上限，还可通过 {yuan(cap)} 元，请逐件办理并核减金额"
        if budget is not None and delta > budget:
            return f"政策预算剩余 {yuan(budget)} 元，不足以通过这一件，请逐件办理"
        self.budgets[row.policy_id] = None if budget is None else budget - delta
        self.caps[mine] = None if cap is None else cap - delta
        return ""


def foresee(session: Session, actor: Actor, row_id: int) -> BulkRow:
    """Return what a bulk approval would do with one application: the checks of a single approval, nothing written."""
    row = review.load(session, FLOW, actor, row_id)
    found = BulkRow(id=row_id, version=row.version, org=row.org_name, policy=row.policy_name)
    found.receipt = row.receipt_no or ""
    found.fen = row.reviewed_fen if row.reviewed_fen is not None else row.asked_fen
    found.amount = yuan(found.fen)
    found.answer = row.data.get(policy_check.ANSWER, "")
    found.after = f"{WILL}，{'进入业务审核' if stage_of(row) is PolicyStage.FORMAL else '进入公示'}"
    found.text = _hindrance(session, actor, row)
    found.ok = not found.text
    return found


def _hindrance(session: Session, actor: Actor, row: PolicyApplication) -> str:
    if row.status != Status.PENDING:
        return f"现在是“{Status.label_of(row.status)}”，不能审核"
    if not policy_people.is_in(session, actor, row.people, stage_of(row)):
        return f"“{stage_of(row).label}”由政策指定的其他人员办理"
    if row.assignee_id not in (None, actor.user_id):
        return "已由其他工作人员领取"
    if policy_review.marks_of(session, row):
        return "有尚未发出的补正标记，请逐件办理"
    bad = policy_review.doubts(session, row)
    return f"系统核验发现问题：{bad[0]}，请逐件办理" if bad else ""


def approve_one(session: Session, actor: Actor, row_id: int, version: int, comment: str) -> BulkRow:
    """Approve one application of a bulk, in a transaction of its own, by the checks of a single approval."""
    found = foresee(session, actor, row_id)
    if not found.ok:
        raise DomainError(f"{found.text}。")
    # What the machine doubts is never approved in bulk, whatever the opinion says.
    policy_review.decide(session, actor, row_id, Action.APPROVE, version, comment=comment)
    found.after = found.after.replace(WILL, "已通过", 1)
    return found
