"""What a decision on a policy application moves: amounts, budget, caps, records, the grant (manual §8.1).

The engine calls these hooks inside its own transaction; nothing else changes what an application holds.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import object_session
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.models import Policy, PolicyAmount, PolicyApplication, PolicyGrant, PolicyRecord
from cpegi_app.services import audit, policy_budget, policy_people, workdays
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import normalise, plain_number, too_long
from cpegi_app.services.policy_amount import yuan
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import AmountKind, PolicyStage

STAGES = (PolicyStage.FORMAL, PolicyStage.BUSINESS)
REASON_MAX = 200
# Rows that a trigger keeps as they are.
DECIDED = (Status.APPROVED, Status.REJECTED)


def stage_of(row: PolicyApplication) -> PolicyStage:
    """Return the stage that an application waits at."""
    return STAGES[min(row.stage, len(STAGES) - 1)]


def people_of(row: Any, stage: PolicyStage, session: Session | None = None) -> list[int]:
    """Return who is named for a stage, nobody meaning every reviewer; what is decided follows the policy as it stands."""
    at: Any = session or object_session(row)
    if at is None:
        return list(row.people.get(stage.value, []))
    people = at.get_one(Policy, row.policy_id).people if row.status in DECIDED else row.people
    return policy_people.named(at, people, stage)


def note_amount(
    session: Session, row_id: int, kind: AmountKind, amount_fen: int, actor: Actor | None, reason: str
) -> None:
    """Append an amount with who and why."""
    session.add(
        PolicyAmount(
            application_id=row_id,
            kind=kind.value,
            amount_fen=amount_fen,
            actor_id=actor.user_id if actor else None,
            actor_label=audit.label_of(actor) if actor else "系统",
            reason=reason[:1000],
        )
    )


def reviewed(row: PolicyApplication, payload: Any) -> tuple[int, str]:
    """Return the amount that a reviewer approves, in 分, and why: what stood before unless another is given."""
    before = row.reviewed_fen if row.reviewed_fen is not None else row.asked_fen
    text, reason = normalise(payload.get("reviewed", "")), normalise(payload.get("reviewed_reason", ""))
    if said := too_long(reason, REASON_MAX, "金额调整理由"):
        raise FormInvalid({"reviewed_reason": said})
    if not text:
        return before, reason
    try:
        number = plain_number(text) * 100
    except ValueError:
        raise FormInvalid({"reviewed": "审核金额请填写数字，单位为元"}) from None
    # Nobody is granted more than was asked for.
    most = max(row.asked_fen, before)
    if number <= 0 or number > most or number != number.to_integral_value():
        limit = f"审核金额须大于 0，且不超过申请金额 {yuan(most)} 元，最多两位小数"
        raise FormInvalid({"reviewed": limit})
    amount = int(number)
    if amount != before and not reason:
        raise FormInvalid({"reviewed_reason": "审核金额与申请金额不同，请填写理由，申请单位会看到"})
    return amount, reason


def before_approve(session: Session, actor: Actor, row: Any, payload: Any) -> dict[str, Any]:
    """Fix the reviewed amount; at the last stage hold exactly it of budget and cap."""
    amount, reason = reviewed(row, payload)
    if amount <= 0:
        raise DomainError("审核金额为 0 元，不能通过。请填写审核金额，或选择“审核不通过”。")
    changes: dict[str, Any] = {"reviewed_fen": amount, "assignee_id": None}
    changes["begun_at"] = row.begun_at or clock.now()
    if amount != (row.reviewed_fen if row.reviewed_fen is not None else -1):
        label = stage_of(row).label
        note_amount(session, row.id, AmountKind.REVIEWED, amount, actor, reason or f"{label}通过")
    if row.stage + 1 < len(STAGES):
        return changes
    d = definitions.of_version(session, row.version_id)
    try:
        policy_budget.move(session, d, row.policy_id, row.org_id, amount - row.held_fen)
    except policy_budget.OverLimit as refusal:
        most = row.held_fen + refusal.left_fen
        way = f"请将审核金额核减到 {yuan(most)} 元以内" if most else "没有余额，暂不能通过"
        problem = f"{refusal.fact}，{way}"
        raise FormInvalid({"reviewed": problem}, f"{problem}。") from None
    return changes | {"held_fen": amount}


def after_approve(session: Session, actor: Actor, row: Any, payload: Any) -> None:
    """Make the records final and write down what is granted."""
    session.exec(
        update(PolicyRecord)
        .where(col(PolicyRecord.application_id) == row.id, col(PolicyRecord.released_at).is_(None))
        .values(is_final=True)
        .execution_options(synchronize_session=False)
    )
    session.add(
        PolicyGrant(
            application_id=row.id,
            policy_id=row.policy_id,
            org_id=row.org_id,
            org_name=row.org_name,
            amount_fen=row.reviewed_fen,
        )
    )
    session.flush()


def before_drop(session: Session, actor: Actor, row: Any, payload: Any) -> dict[str, Any]:
    """Give back budget, cap, place and records of an application that is withdrawn or rejected."""
    policy_budget.release(session, row.id)
    if row.is_counted or row.held_fen:
        d = definitions.of_version(session, row.version_id)
        count = -1 if row.is_counted else 0
        policy_budget.move(session, d, row.policy_id, row.org_id, -row.held_fen, count=count)
    return {"held_fen": 0, "is_counted": False, "assignee_id": None, "due_on": None, "paused_on": None}


def clock_of(row: PolicyApplication, action: Action, promise_days: int) -> dict[str, Any]:
    """Return how the promise runs on: due after so many working days, pushed on by the days of a correction."""
    today = clock.today()
    if action is Action.SUBMIT and row.due_on and row.paused_on:
        return {
            "due_on": workdays.after(row.due_on, workdays.between(row.paused_on, today)),
            "paused_on": None,
        }
    return {"due_on": workdays.after(today, promise_days), "paused_on": None, "promise_days": promise_days}
