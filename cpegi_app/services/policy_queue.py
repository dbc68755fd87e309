"""政策审核: what waits at a stage, oldest promise first; who takes it, hands it over, gives it back (manual §8.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import POLICY_REVIEW, Actor
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import PolicyApplication, PolicyAssignment, User
from cpegi_app.services import list_count, lists, notices, policy_clock, policy_people, review
from cpegi_app.services.forms import normalise, too_long
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_application import FLOW
from cpegi_app.services.policy_decision import STAGES, stage_of
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import AssignmentMove, PolicyStage

# Which part of a stage's queue is looked at.
WHOSE = {
    "": "全部",
    "MINE": "我领取的",
    "FREE": "待领取",
    "LATE": "已超期",
    "RETURNED": "补正中",
    "OVERDUE": "逾期未补正",
}
A = PolicyApplication
# The index of the queue holds the first alone: a long queue is sorted by no other.
SORTS = {"due": col(A.due_on), "received": col(A.received_at), "asked": col(A.asked_fen)}
REASON_MAX = 500
TABLE = list_count.Table(A, touched=list_count.updated(A))


class QueueRow(BaseModel):
    """An application in the queue."""

    id: int
    version: int
    receipt: str
    policy: str
    org: str
    asked: str
    computed: str
    # What the stage before has reviewed, empty before any has.
    reviewed: str
    received: str
    waiting: str
    late: bool
    holder: str
    mine: bool
    free: bool
    again: bool
    href: str


class StageCount(BaseModel):
    """How much waits at a stage for the actor."""

    code: str
    label: str
    count: int


def at_stage(stage: PolicyStage, mine: list[int] | None, status: Status = Status.PENDING) -> list[Any]:
    """Return the conditions that an application is at a stage, of the versions that `policy_people.versions` gave."""
    found: list[Any] = [A.status == status.value, A.stage == STAGES.index(stage)]
    return found if mine is None else [*found, col(A.version_id).in_(mine)]


def _where(actor: Actor, stage: PolicyStage, mine: list[int] | None, filters: dict[str, str]) -> list[Any]:
    whose = filters.get("whose", "")
    found = at_stage(stage, mine, Status.RETURNED if whose in ("RETURNED", "OVERDUE") else Status.PENDING)
    if whose == "MINE":
        found.append(A.assignee_id == actor.user_id)
    elif whose == "FREE":
        found.append(col(A.assignee_id).is_(None))
    elif whose == "LATE":
        found.append(col(A.due_on) < clock.today())
    elif whose == "OVERDUE":
        found.append(col(A.paused_on) <= policy_clock.uncorrected_since())
    if (policy := filters.get("policy", "")).isascii() and policy.isdigit():
        found.append(A.policy_id == int(policy[:9]))
    return [*found, *lists.named(filters, col(A.org_name), col(A.receipt_no))]


def listing(
    session: Session, actor: Actor, *, filters: dict[str, str], page: int = 1, size: int = 20
) -> tuple[list[QueueRow], int]:
    """Return one page of a stage's queue, what is due first on top; `filters`: stage, whose, policy, word, sort."""
    stage = STAGES[0] if filters.get("stage") != STAGES[1] else STAGES[1]
    policy_people.require(actor, stage)
    mine = policy_people.versions(session, actor, stage)
    where = _where(actor, stage, mine, filters)
    total = _count(session, actor, stage, mine, filters)
    sort = filters.get("sort") or "due"
    if sort.lstrip("-") != "due":
        lists.refuse_to_sort(total)
    ids = _page_ids(session, where, (page - 1) * size, size, total, sort)
    found = {r.id: r for r in session.exec(select(A).where(col(A.id).in_(ids)))}
    holders = policy_people.names(session, (r.assignee_id for r in found.values()))
    return [_row(actor, found[i], holders) for i in ids if i in found], total


def _page_ids(session: Session, where: list[Any], offset: int, size: int, total: int, sort: str) -> list[Any]:
    """Return the ids of a page: it walks the index only, and from whichever end of the queue is nearer."""
    size, after = max(0, min(size, total - offset)), max(0, total - offset - size)
    turned = after < offset
    query = select(A.id).where(*where).order_by(*lists.order_by(SORTS, sort, A, turned=turned))
    found = list(session.exec(query.offset(after if turned else offset).limit(size)))
    return found[::-1] if turned else found


def _count(
    session: Session, actor: Actor, stage: PolicyStage, mine: list[int] | None, filters: dict[str, str]
) -> int:
    """Count a part of the queue; what was counted before is only brought up to date."""
    used = tuple(sorted((k, v) for k, v in filters.items() if v and k not in ("stage", "sort")))
    # Whose stages these are depends on the actor, what is late on the day.
    whose = None if mine is None else tuple(mine)
    key = ("policy_queue", actor.user_id, stage.value, whose, used, clock.today())
    where = _where(actor, stage, mine, filters)
    return list_count.counted(session, TABLE, key, where, list_count.WHOLE).count


def counts(session: Session, actor: Actor) -> list[StageCount]:
    """Return how much waits at each stage for the actor."""
    policy_people.require(actor, PolicyStage.FORMAL)
    found = []
    for stage in STAGES:
        count = _count(session, actor, stage, policy_people.versions(session, actor, stage), {})
        found.append(StageCount(code=stage.value, label=stage.label, count=count))
    return found


def policy_names(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Return the policies that may be chosen in the query bar."""
    from cpegi_app.models import Policy

    policy_people.require(actor, PolicyStage.FORMAL)
    query = select(Policy.id, Policy.name).where(col(Policy.version_id).is_not(None))
    return [(str(i), name) for i, name in session.exec(query.order_by(col(Policy.id).desc()).limit(100))]


def _row(actor: Actor, r: PolicyApplication, named: dict[int, str]) -> QueueRow:
    return QueueRow(
        id=r.id or 0,
        version=r.version,
        receipt=r.receipt_no or "",
        policy=r.policy_name,
        org=r.org_name,
        asked=yuan(r.asked_fen),
        computed=yuan(r.computed_fen),
        reviewed="" if r.reviewed_fen is None else yuan(r.reviewed_fen),
        received=clock.local(r.received_at),
        waiting=policy_clock.text(r),
        late=policy_clock.is_late(r),
        holder=named.get(r.assignee_id or 0, ""),
        mine=r.assignee_id == actor.user_id,
        free=r.assignee_id is None,
        again=r.rounds > 0,
        href=POLICY_REVIEW.url(aid=r.id),
    )


# --- assignment ---------------------------------------------------------------------------------------


def locked(session: Session, actor: Actor, row_id: int) -> PolicyApplication:
    """Return an application that waits at a stage of the actor's, held until this transaction ends."""
    row = review.load(session, FLOW, actor, row_id)
    if review.is_owner(actor, row):
        raise NotFound(FLOW.label)
    one_at_a_time(session, FLOW.name, row_id)
    session.refresh(row)
    if row.status != Status.PENDING:
        raise Conflict(
            f"这份政策申请现在是“{Status.label_of(row.status)}”，不在待审核状态，请返回队列刷新后再办理。"
        )
    policy_people.refuse_outsider(session, actor, row.people, stage_of(row))
    return row


def mine(session: Session, actor: Actor, row_id: int) -> PolicyApplication:
    """Return the same, taken by the actor: taken now when it was free, refused when a colleague has it."""
    row = locked(session, actor, row_id)
    if row.assignee_id == actor.user_id:
        return row
    if row.assignee_id is not None:
        holder = policy_people.names(session, [row.assignee_id]).get(row.assignee_id, "其他工作人员")
        raise Conflict(f"这份申请已由{holder}领取办理。如需由您办理，请其在办理页面点击“转交”。")
    _move(session, actor, row, AssignmentMove.TAKE, actor.user_id, "")
    return row


def take(session: Session, actor: Actor, row_id: int) -> None:
    """领取."""
    mine(session, actor, row_id)


def hand_over(session: Session, actor: Actor, row_id: int, to_id: int, reason: str) -> None:
    """转交 to a colleague of the same stage; of somebody whose account is closed anyone of the stage may."""
    row = locked(session, actor, row_id)
    _held(session, actor, row)
    allowed = {u.id for u in policy_people.colleagues(session, actor, row.people, stage_of(row))}
    allowed |= {actor.user_id} if row.assignee_id != actor.user_id else set()
    if to_id not in allowed:
        raise FormInvalid({"to": "请从列表中选择同一环节的办理人员"})
    reason = normalise(reason)
    if not reason:
        raise FormInvalid({"reason": "请填写转交原因，接手人会看到"})
    if said := too_long(reason, REASON_MAX, "转交原因"):
        raise FormInvalid({"reason": said})
    _move(session, actor, row, AssignmentMove.HAND_OVER, to_id, reason)
    head = f"政策申请转交给您：{row.org_name} · {row.policy_name}"
    notices.notify_waiting(session, [to_id], head, FLOW.reviewer_href(row))


def give_back(session: Session, actor: Actor, row_id: int) -> None:
    """退回待领: somebody else of the stage may take it."""
    row = locked(session, actor, row_id)
    _held(session, actor, row)
    _move(session, actor, row, AssignmentMove.GIVE_BACK, None, "")


def _held(session: Session, actor: Actor, row: PolicyApplication) -> None:
    if row.assignee_id == actor.user_id:
        return
    holder = session.get(User, row.assignee_id) if row.assignee_id else None
    if holder is None:
        raise Conflict("这份申请还没有人领取，请先点击“领取”。")
    if holder.disabled_at is None:
        raise Forbidden(f"这份申请由{holder.name or '其他工作人员'}办理，只能由其本人转交或退回。")


def _move(
    session: Session,
    actor: Actor,
    row: PolicyApplication,
    move: AssignmentMove,
    to_id: int | None,
    reason: str,
) -> None:
    """Write the assignment where it still is as it was seen; from the first one on nobody withdraws."""
    holder = col(A.assignee_id)
    seen = holder.is_(None) if row.assignee_id is None else holder == row.assignee_id
    done = session.exec(
        update(A)
        .where(col(A.id) == row.id, col(A.status) == Status.PENDING.value, col(A.stage) == row.stage, seen)
        .values(assignee_id=to_id, begun_at=row.begun_at or clock.now(), updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise Conflict("这份申请刚被其他工作人员领取或转交，请刷新页面查看。")
    session.add(
        PolicyAssignment(
            application_id=row.id or 0,
            stage=stage_of(row).value,
            move=move.value,
            from_id=row.assignee_id,
            to_id=to_id,
            actor_id=actor.user_id,
            reason=reason,
        )
    )
    policy_people.note(session, actor, f"policy.{move.value.lower()}", f"{FLOW.name}:{row.id}", reason)
    session.flush()
    session.refresh(row)
