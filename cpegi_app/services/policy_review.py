"""办理政策申请: what the reviewer reads, the marks of a 补正, the decision with the reviewed amount (manual §8.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.models import PolicyAmount, PolicyApplication, PolicyAssignment, PolicyMark, User
from cpegi_app.services import (
    policy_check,
    policy_clock,
    policy_people,
    policy_places,
    policy_queue,
    review,
    review_desk,
    review_view,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import normalise
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_application import FLOW
from cpegi_app.services.policy_decision import stage_of
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.review_desk import DeskFile, DeskGroup, DeskSlot
from cpegi_app.services.review_view import ReviewView
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import AmountKind, AssignmentMove, PolicyStage, QuestionKind

COMMENT_MAX, REASON_MAX = review.COMMENT_MAX, 200
# What a 补正 may name beyond the questions and materials; what the platform computes is corrected by its sources.
MARKABLE = ("contact", "phone", "note", "asked", "records", "amount", "profile")


class AmountView(BaseModel):
    """One amount of an application, with who and why."""

    key: str
    kind: str
    amount: str
    who: str
    at: str
    reason: str


class Colleague(BaseModel):
    """Somebody to hand over to."""

    id: str
    name: str


class Desk(BaseModel):
    """Everything that the reviewer's page shows."""

    view: ReviewView = ReviewView()
    stage: str = ""
    number: str = ""
    org: str = ""
    received: str = ""
    waiting: str = ""
    late: bool = False
    rounds: int = 0
    # How often a correction was asked for, or came back, in words.
    corrections: str = ""
    holder: str = ""
    mine: bool = False
    free: bool = False
    can_release: bool = False
    open: bool = False
    step: int = 0
    is_bad: bool = False
    groups: list[DeskGroup] = []
    files: list[DeskFile] = []
    slots: list[DeskSlot] = []
    marks: dict[str, str] = {}
    markable: list[str] = []
    amounts: list[AmountView] = []
    moves: list[AmountView] = []
    colleagues: list[Colleague] = []
    computed: str = ""
    asked: str = ""
    proposed: str = ""
    last_word: str = ""
    # What the applicant says to what was asked for.
    answer: str = ""
    # Returned and not corrected in time: it may be closed, so that it holds nothing any more.
    overdue: bool = False


def desk(session: Session, actor: Actor, row_id: int) -> Desk:
    """Return an application as its reviewers read it."""
    policy_people.require(actor, PolicyStage.FORMAL)
    view = review_view.view(session, FLOW, actor, row_id)
    row = session.get_one(PolicyApplication, row_id)
    d = definitions.of_version(session, row.version_id)
    events = review_view.history(session, FLOW.name, row_id)
    asked = review_desk.asked_of(events)
    files = review_desk.desk_files(view, asked)
    stage, waits = stage_of(row), row.status == Status.PENDING
    mine = row.assignee_id == actor.user_id
    others = policy_people.colleagues(session, actor, row.people, stage) if waits else []
    may = waits and view.can_approve
    status = Status(row.status)
    at = {Status.PENDING: 1 + row.stage, Status.RETURNED: 0, Status.APPROVED: 4}
    return Desk(
        view=view,
        stage=stage.label if waits else "",
        number=row.receipt_no or "",
        org=row.org_name,
        received=clock.local(row.received_at),
        waiting=policy_clock.text(row),
        late=policy_clock.is_late(row),
        rounds=row.rounds,
        corrections=_corrections(row),
        holder=policy_people.names(session, [row.assignee_id]).get(row.assignee_id or 0, ""),
        mine=may and mine,
        free=may and row.assignee_id is None,
        can_release=may and (mine or _is_gone(session, row.assignee_id)),
        open=may and (mine or row.assignee_id is None),
        step=at.get(status, 1 + row.stage),
        is_bad=status in (Status.RETURNED, Status.REJECTED),
        groups=[review_desk.desk_group(g, asked) for g in view.groups],
        files=files,
        slots=_slots(d, row),
        marks=marks_of(session, row) if may else {},
        markable=[n for n in targets(d) if not n.startswith("file_")],
        amounts=amounts(session, row_id),
        moves=moves(session, row_id),
        colleagues=[Colleague(id=str(u.id), name=u.name or f"工作人员 {u.id}") for u in others],
        computed=yuan(row.computed_fen),
        asked=yuan(row.asked_fen),
        proposed=yuan(row.reviewed_fen if row.reviewed_fen is not None else row.asked_fen).replace(",", ""),
        last_word=review_desk.last_word(events),
        answer=row.data.get(policy_check.ANSWER, "") if waits else "",
        overdue=status is Status.RETURNED and view.can_reject,
    )


def _corrections(row: PolicyApplication) -> str:
    # The promise stands still until what was asked for has come back.
    asked = "已要求补正" if row.paused_on else "已补正"
    return f"{asked} {row.rounds} 次" if row.rounds else ""


def targets(d: Definition) -> dict[str, str]:
    """Return what a reviewer may mark, with its title: fields, questions, materials."""
    titles = policy_places.titles(d)
    files = [f"file_{m.code}" for m in d.materials]
    files += [f"file_{q.code}" for q in d.questions if q.kind == QuestionKind.FILE]
    answers = [f"a_{q.code}" for q in d.questions if q.kind != QuestionKind.FILE]
    names = [n for n in MARKABLE if n != "records" or d.source]
    return {n: titles.get(n, n) for n in (*names, *answers, *files)}


def _slots(d: Definition, row: PolicyApplication) -> list[DeskSlot]:
    found = [n for n in targets(d) if n.startswith("file_")]
    titles = policy_places.titles(d)
    return [DeskSlot(name=n, title=titles[n], reason=row.field_reasons.get(n, "")) for n in found]


def _is_gone(session: Session, holder_id: int | None) -> bool:
    """Tell whether the account of the one who holds an application is closed: anyone of the stage may move it on."""
    holder = session.get(User, holder_id) if holder_id else None
    return holder is not None and holder.disabled_at is not None


def amounts(session: Session, row_id: int) -> list[AmountView]:
    """Return the amounts of an application that the caller may read, oldest first."""
    query = select(PolicyAmount).where(PolicyAmount.application_id == row_id)
    return [
        AmountView(
            key=str(a.id),
            kind=AmountKind.label_of(a.kind),
            amount=yuan(a.amount_fen),
            who=a.actor_label,
            at=clock.local(a.created_at),
            reason=a.reason,
        )
        for a in session.exec(query.order_by(col(PolicyAmount.id)))
    ]


def moves(session: Session, row_id: int) -> list[AmountView]:
    """Return who took an application, handed it over or gave it back, oldest first."""
    query = select(PolicyAssignment).where(PolicyAssignment.application_id == row_id)
    found = list(session.exec(query.order_by(col(PolicyAssignment.id))))
    named = policy_people.names(session, [i for m in found for i in (m.from_id, m.to_id, m.actor_id)])
    return [
        AmountView(
            key=str(m.id),
            kind=f"{PolicyStage.label_of(m.stage)} · {AssignmentMove.label_of(m.move)}",
            amount=named.get(m.to_id or 0, ""),
            who=named.get(m.actor_id, ""),
            at=clock.local(m.created_at),
            reason=m.reason,
        )
        for m in found
    ]


# --- marks --------------------------------------------------------------------------------------------


def marks_of(session: Session, row: PolicyApplication) -> dict[str, str]:
    """Return the marks collected in the present round."""
    query = select(PolicyMark).where(
        PolicyMark.application_id == row.id, PolicyMark.round == row.rounds, col(PolicyMark.sent_at).is_(None)
    )
    return {m.target: m.reason for m in session.exec(query.order_by(col(PolicyMark.id)))}


def _checked_marks(d: Definition, marks: dict[str, str]) -> dict[str, str]:
    """Return the marks with their reasons, or say which one lacks its own."""
    known, wrong, found = targets(d), {}, {}
    for target, reason in marks.items():
        reason = normalise(reason)
        if target not in known:
            raise DomainError("标记的栏目不在这份申请中，请刷新页面后重新标记。")
        if not reason:
            wrong[f"r_{target}"] = f"请填写“{known[target]}”需要补正的原因"
        elif len(reason) > REASON_MAX:
            wrong[f"r_{target}"] = f"“{known[target]}”的原因最多 {REASON_MAX} 字，请精简"
        found[target] = reason
    if wrong:
        raise FormInvalid(wrong)
    return found


def save_marks(session: Session, actor: Actor, row_id: int, marks: dict[str, str]) -> int:
    """Keep the marks of the present round; nothing is sent yet. Return how many there are."""
    row = policy_queue.mine(session, actor, row_id)
    d = definitions.of_version(session, row.version_id)
    found = _checked_marks(d, marks)
    _keep(session, actor, row, found)
    return len(found)


def _keep(session: Session, actor: Actor, row: PolicyApplication, marks: dict[str, str]) -> None:
    mine = (PolicyMark.application_id == row.id, PolicyMark.round == row.rounds)
    session.exec(delete(PolicyMark).where(*mine, col(PolicyMark.sent_at).is_(None)))  # pyright: ignore
    for target, reason in marks.items():
        values: dict[str, Any] = {"application_id": row.id or 0, "round": row.rounds}
        session.add(PolicyMark(**values, target=target, reason=reason, actor_id=actor.user_id))
    session.flush()


# --- decisions ----------------------------------------------------------------------------------------


def decide(
    session: Session,
    actor: Actor,
    row_id: int,
    action: Action,
    version: int,
    *,
    comment: str = "",
    marks: dict[str, str] | None = None,
    payload: dict[str, str] | None = None,
    key: str = "",
) -> None:
    """Take the decision at the present stage, as the one who works on it."""
    if action not in FLOW.decisions:
        raise DomainError("请点击“审核通过”、“退回补正”或“审核不通过”按钮。")
    row = policy_queue.mine(session, actor, row_id)
    d = definitions.of_version(session, row.version_id)
    marks = _checked_marks(d, marks or {})
    values: dict[str, Any] = {}
    if action is Action.RETURN:
        values = _returned(session, actor, row, marks)
    elif marks:
        raise DomainError(
            f"您标记了 {len(marks)} 处需补正的内容：如需对方修改请点“退回补正”；否则请先清空标记。"
        )
    if action is Action.APPROVE:
        _doubts(session, row, comment)
    review.act(
        session,
        FLOW,
        actor,
        row_id,
        action,
        version,
        comment=comment,
        field_reasons=marks if action is Action.RETURN else {},
        payload=payload or {},
        values=values,
        key=key,
    )


def close(session: Session, actor: Actor, row_id: int, version: int, reason: str) -> None:
    """终止办理 of what was returned and not corrected in time: records, budget and place are free again."""
    policy_people.require(actor, PolicyStage.FORMAL)
    row = review.load(session, FLOW, actor, row_id)
    if row.status == Status.RETURNED and not policy_clock.is_uncorrected(row):
        last = policy_clock.correct_by(row)
        raise DomainError(f"补正期限至 {last}，期满仍未补正的才能终止办理。请等待申请单位补正。")
    reason = normalise(reason)
    if not 2 <= len(reason) <= REASON_MAX:
        raise FormInvalid({"reason": f"请填写终止办理的原因，2 至 {REASON_MAX} 字，申请单位会看到"})
    comment = f"逾期未补正，终止办理：{reason}"
    review.act(session, FLOW, actor, row_id, Action.REJECT, version, comment=comment)


def _returned(
    session: Session, actor: Actor, row: PolicyApplication, marks: dict[str, str]
) -> dict[str, Any]:
    """Send all marks at once; the promise stands still from today on."""
    if not marks:
        raise FormInvalid(
            {"comment": "退回补正时请至少标记一处需要补正的内容并写明原因"},
            "请在需要补正的栏目或材料旁勾选并写明原因，一次性告知申请单位。",
        )
    _keep(session, actor, row, marks)
    session.exec(
        update(PolicyMark)
        .where(col(PolicyMark.application_id) == row.id, col(PolicyMark.round) == row.rounds)
        .values(sent_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    # A correction begins again at the first stage: who asked for it there goes on with it.
    holder = row.assignee_id if stage_of(row) is PolicyStage.FORMAL else None
    # What was said to the correction before stands in the history; this one gets an answer of its own.
    data = {k: v for k, v in row.data.items() if k != policy_check.ANSWER}
    return {"paused_on": clock.today(), "rounds": row.rounds + 1, "assignee_id": holder, "data": data}


def _doubts(session: Session, row: PolicyApplication, comment: str) -> None:
    bad = doubts(session, row)
    if bad and not normalise(comment):
        raise FormInvalid(
            {"comment": "系统核验发现问题，通过时请在审核意见中说明理由"},
            f"系统核验发现问题：{bad[0]}。请填写审核意见说明理由后再通过。",
        )


def doubts(session: Session, row: PolicyApplication) -> list[str]:
    """Return what the machine's checks find wrong."""
    return [c.text for c in FLOW.describe(session, row).checks if c.level == "bad"]
