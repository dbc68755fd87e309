"""Who holds how much of a policy: budget and caps, changed by conditional UPDATE only (docs/adr/0007-policies.md).

Call `move` last in a transaction: the budget's row stays locked until its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.errors import DomainError
from cpegi_app.models import PolicyBudget, PolicyRecord, PolicyTally
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.policy_records import Record


class OverLimit(DomainError):
    """A budget, a cap or a number of applications that is used up; `field` is where the applicant's form says so.

    `fact` is for everybody, the advice after it for the applicant; `left_fen` could still be held.
    """

    def __init__(self, field: str, fact: str, advice: str = "", left_fen: int = 0) -> None:
        super().__init__(f"{fact}，{advice}。" if advice else f"{fact}。")
        self.field, self.fact, self.left_fen = field, fact, left_fen


def _insert(session: Session) -> Any:
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert


def open_budget(session: Session, policy_id: int, total_fen: int | None) -> None:
    """Make a policy's budget, or change its total; what is held already cannot be taken back."""
    table: Any = PolicyBudget.__table__  # pyright: ignore[reportAttributeAccessIssue]
    zero = {"held_fen": 0, "paid_fen": 0, "receipts": 0, "created_at": clock.now()}
    session.execute(
        _insert(session)(table)
        .values(policy_id=policy_id, total_fen=total_fen, **zero)
        .on_conflict_do_nothing()
    )
    query = update(PolicyBudget).where(col(PolicyBudget.policy_id) == policy_id)
    if total_fen is not None:
        query = query.where(col(PolicyBudget.held_fen) <= total_fen)
    if session.exec(query.values(total_fen=total_fen)).rowcount != 1:
        held = of(session, policy_id).held_fen
        raise OverLimit("budget", f"预算总额不能低于已占用的 {yuan(held)} 元，请调高后再发布")


def of(session: Session, policy_id: int) -> PolicyBudget:
    """Return a policy's budget as it stands."""
    query = select(PolicyBudget).where(PolicyBudget.policy_id == policy_id)
    return session.exec(query.execution_options(populate_existing=True)).one()


def wait(session: Session, policy_id: int) -> None:
    """Let what is being received come in first, and nothing after it until this transaction ends."""
    session.exec(select(PolicyBudget.id).where(PolicyBudget.policy_id == policy_id).with_for_update())


def left(session: Session, policy_id: int) -> int | None:
    """Return what is left of a policy's budget, in 分; None when it has no limit."""
    budget = of(session, policy_id)
    return None if budget.total_fen is None else max(0, budget.total_fen - budget.held_fen)


def held_by(session: Session, policy_id: int, org_id: int) -> tuple[int, int]:
    """Return what an applicant holds of a policy, in 分, and in how many applications."""
    query = select(PolicyTally).where(PolicyTally.policy_id == policy_id, PolicyTally.org_id == org_id)
    found = session.exec(query.execution_options(populate_existing=True)).first()
    return (found.held_fen, found.count) if found else (0, 0)


def move(
    session: Session, d: Definition, policy_id: int, org_id: int, delta_fen: int, *, count: int = 0
) -> None:
    """Hold more or give back, in 分; `count` is +1 for a first submission, -1 when it is taken back."""
    if delta_fen or count:
        move_tally(session, d, policy_id, org_id, delta_fen, count)
    if delta_fen:
        move_budget(session, policy_id, delta_fen)


def move_budget(session: Session, policy_id: int, delta_fen: int) -> None:
    """Hold more of the budget or give back, in 分."""
    _move_budget(session, policy_id, {"held_fen": col(PolicyBudget.held_fen) + delta_fen}, delta_fen)


def receipt(session: Session, policy_id: int, delta_fen: int) -> int:
    """Hold a part of the budget and return the next receipt number, in one UPDATE."""
    more = {
        "held_fen": col(PolicyBudget.held_fen) + delta_fen,
        "receipts": col(PolicyBudget.receipts) + 1,
    }
    return _move_budget(session, policy_id, more, delta_fen)


def move_tally(
    session: Session, d: Definition, policy_id: int, org_id: int, delta_fen: int, count: int
) -> None:
    """Change what an applicant holds, or refuse."""
    table: Any = PolicyTally.__table__  # pyright: ignore[reportAttributeAccessIssue]
    zero = {"count": 0, "held_fen": 0, "created_at": clock.now()}
    limits = {"most": d.most, "cap_fen": d.applicant_cap_fen}
    if count > 0 or delta_fen > 0:
        session.execute(
            _insert(session)(table)
            .values(policy_id=policy_id, org_id=org_id, **limits, **zero)
            .on_conflict_do_nothing()
        )
    query = update(PolicyTally).where(
        col(PolicyTally.policy_id) == policy_id,
        col(PolicyTally.org_id) == org_id,
        col(PolicyTally.held_fen) + delta_fen >= 0,
        col(PolicyTally.count) + count >= 0,
    )
    values: dict[str, Any] = {
        "held_fen": col(PolicyTally.held_fen) + delta_fen,
        "count": col(PolicyTally.count) + count,
    }
    if count > 0:
        query = query.where(col(PolicyTally.count) + count <= d.most)
        values["most"] = d.most
    if delta_fen > 0:
        if d.applicant_cap_fen is not None:
            query = query.where(col(PolicyTally.held_fen) + delta_fen <= d.applicant_cap_fen)
        values["cap_fen"] = d.applicant_cap_fen
    done = session.exec(query.values(**values).execution_options(synchronize_session=False))
    if done.rowcount != 1:
        raise _over_tally(session, d, policy_id, org_id, delta_fen, count)


def release_tallies(session: Session, policy_id: int, parts: Any) -> int:
    """Give back what applicants hold, by a query of `org_id` and `fen`, in one statement; return of how many."""
    part = parts.subquery()
    query = update(PolicyTally).where(
        col(PolicyTally.policy_id) == policy_id,
        col(PolicyTally.org_id) == part.c.org_id,
        col(PolicyTally.held_fen) >= part.c.fen,
    )
    values: dict[str, Any] = {"held_fen": col(PolicyTally.held_fen) - part.c.fen}
    return session.exec(query.values(**values).execution_options(synchronize_session=False)).rowcount


def too_many(d: Definition, count: int) -> str:
    """Say that an applicant's number of applications is used up; empty while it is not."""
    if count < d.most:
        return ""
    return f"每个单位在该政策下最多申请 {d.most} 件，贵单位已有 {count} 件，请在“政策申请”中查看已提交的申请"


def _over_tally(
    session: Session, d: Definition, policy_id: int, org_id: int, delta_fen: int, count: int
) -> DomainError:
    held, number = held_by(session, policy_id, org_id)
    if count > 0 and number + count > d.most:
        return OverLimit("policy", too_many(d, number))
    left = max(0, (d.applicant_cap_fen or 0) - held)
    most = yuan(d.applicant_cap_fen or 0)
    fact = f"每个申请单位在该政策下合计最高 {most} 元，已占用 {yuan(held)} 元，还可占用 {yuan(left)} 元"
    return OverLimit("asked", fact, "请调整申请金额后提交", left)


def _move_budget(session: Session, policy_id: int, values: dict[str, Any], delta_fen: int) -> int:
    budget = PolicyBudget
    query = update(budget).where(
        col(budget.policy_id) == policy_id,
        col(budget.held_fen) + delta_fen >= col(budget.paid_fen),
    )
    if delta_fen > 0:
        query = query.where(
            or_(
                col(budget.total_fen).is_(None),
                col(budget.held_fen) + delta_fen <= col(budget.total_fen),
            )
        )
    query = query.values(**values).returning(col(budget.receipts))
    found = session.execute(query.execution_options(synchronize_session=False)).first()
    if found is not None:
        return int(found[0])
    now = of(session, policy_id)
    left = max(0, (now.total_fen or 0) - now.held_fen)
    advice = "请在“申请金额”中填写不超过剩余预算的金额后再提交"
    gone = "预算已用完，无法继续受理，请关注后续政策"
    fact = f"政策预算剩余 {yuan(left)} 元，不足以支付 {yuan(delta_fen)} 元"
    raise OverLimit("asked", fact, advice if left else gone, left)


# --- records: each once a policy ----------------------------------------------------------------------


def claim(
    session: Session,
    policy_id: int,
    application_id: int,
    org_id: int,
    records: list[tuple[Record, int]],
) -> list[Record]:
    """Claim records (with their part of the amount) for an application; return those that somebody else holds.

    In one order, so that two who want the same records never wait for each other in a circle.
    """
    table: Any = PolicyRecord.__table__  # pyright: ignore[reportAttributeAccessIssue]
    lost = []
    for record, amount_fen in sorted(records, key=lambda pair: (pair[0].source, pair[0].root_id)):
        values = {
            "policy_id": policy_id,
            "application_id": application_id,
            "org_id": org_id,
            "source": record.source,
            "record_id": record.id,
            "root_id": record.root_id,
            "base_fen": record.amount_fen or 0,
            "amount_fen": amount_fen,
            "snapshot": record.snapshot(),
            "is_final": False,
            "created_at": clock.now(),
        }
        done = session.execute(
            _insert(session)(table).values(**values).on_conflict_do_nothing().returning(table.c.id)
        )
        if done.first() is None:
            lost.append(record)
    return lost


def release(session: Session, application_id: int, *, but: Iterable[tuple[str, int]] = ()) -> None:
    """Let go of the records that an application holds, except those named by source and id."""
    kept = set(but)
    ids = [r.id for r in held_records(session, application_id) if (r.source, r.record_id) not in kept]
    if ids:
        session.exec(
            update(PolicyRecord)
            .where(col(PolicyRecord.id).in_(ids))
            .values(released_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def set_amounts(session: Session, application_id: int, amounts: dict[tuple[str, int], int]) -> None:
    """Write each held record's part of the amount, where it has changed."""
    for held in held_records(session, application_id):
        amount = amounts.get((held.source, held.root_id), 0)
        if held.amount_fen != amount:
            session.exec(
                update(PolicyRecord)
                .where(col(PolicyRecord.id) == held.id)
                .values(amount_fen=amount)
                .execution_options(synchronize_session=False)
            )


def held_records(session: Session, application_id: int) -> list[PolicyRecord]:
    """Return the records that an application holds now."""
    query = select(PolicyRecord).where(
        PolicyRecord.application_id == application_id, col(PolicyRecord.released_at).is_(None)
    )
    return list(session.exec(query.order_by(col(PolicyRecord.id))))


def pay(session: Session, policy_id: int, amount_fen: int) -> None:
    """Count an amount as paid: never more than is held."""
    done = session.exec(
        update(PolicyBudget)
        .where(
            col(PolicyBudget.policy_id) == policy_id,
            col(PolicyBudget.paid_fen) + amount_fen <= col(PolicyBudget.held_fen),
        )
        .values(paid_fen=col(PolicyBudget.paid_fen) + amount_fen)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise DomainError("拨付金额超过该政策已占用的预算，未登记任何结果。请联系平台管理人员核对。")
