"""The review engine: one table of moves, one writer of `status`, one trail (design.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import GRANTS, Actor, Permission, Role, Screen
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound, Withdrawn
from cpegi_app.models import Reviewable, ReviewEvent
from cpegi_app.services import audit, live, notices, once
from cpegi_app.services.forms import normalise, too_long
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.review_parts import EDITABLE as EDITABLE
from cpegi_app.services.review_parts import MOVES as MOVES
from cpegi_app.services.review_parts import OPEN as OPEN
from cpegi_app.services.review_parts import Check as Check
from cpegi_app.services.review_parts import Description as Description
from cpegi_app.services.review_parts import Line as Line
from cpegi_app.services.review_parts import Slot as Slot
from cpegi_app.services.review_words import not_there, sent_as, what_happened
from cpegi_app.vocabulary import TONES, Action, Status

# What the reason is called of what is sent back, and of what is refused for good.
WHY = {Action.RETURN: "退回原因", Action.REJECT: "驳回原因"}
COMMENT_MAX = 500
REASON_MAX = 200

Payload = Mapping[str, str]
# A hook returns further column values, which the engine writes together with the status.
Hook = Callable[[Session, Actor, Any, Payload], dict[str, Any] | None]


@dataclass(frozen=True)
class Stage:
    """Who decides: a permission, and whether this very actor is the party that the row names."""

    name: str
    label: str
    permission: Permission
    is_party: Callable[[Actor, Any], bool] = lambda actor, row: actor.role is Role.STAFF
    users: Callable[[Session, Any], list[int]] = lambda session, row: notices.staff(session)


PLATFORM = Stage("platform", "平台审核", Permission.REVIEW_PLATFORM)


@dataclass(frozen=True)
class Flow:
    """One kind of reviewed thing; hooks run inside the engine's transaction."""

    name: str
    label: str
    model: type[Reviewable]
    submit: Permission
    submit_screen: Screen
    review_screen: Screen
    title: Callable[[Session, Any], str]
    describe: Callable[[Session, Any], Description]
    submitter_href: Callable[[Any], str]
    reviewer_href: Callable[[Any], str]
    stages: tuple[Stage, ...] = (PLATFORM,)
    decisions: tuple[Action, ...] = (Action.APPROVE, Action.RETURN)
    before_submit: Hook = lambda session, actor, row, payload: None
    before_approve: Hook = lambda session, actor, row, payload: None
    after_approve: Hook = lambda session, actor, row, payload: None
    outcome: Mapping[Action, str | Callable[[Session, Any], str]] = field(default_factory=dict)
    # What a withdrawal or a rejection gives back; runs before the status changes.
    before_drop: Hook = lambda session, actor, row, payload: None
    # From when on nobody can withdraw: somebody has begun on it.
    has_begun: Callable[[Any], bool] = lambda row: False
    # Whether the owner may give up what was returned, and from when on a reviewer may close it uncorrected.
    gives_up: bool = False
    is_overdue: Callable[[Any], bool] = lambda row: False
    # Whether the owner may delete a draft that was never sent, and what else goes with it.
    discards: bool = False
    before_discard: Hook = lambda session, actor, row, payload: None
    after_discard: Hook = lambda session, actor, row, payload: None
    # Kinds of file beyond `FileSlot`, by the code that the file is kept under.
    slots: Callable[[Session, Any], dict[str, Slot]] = lambda session, row: {}
    # What the trail keeps of a step beside what was sent.
    keeps: Callable[[Session, Any, Action], dict[str, Any]] = lambda session, row, action: {}
    # Who reads without submitting or deciding: what the row must be like is the flow's own rule.
    readers: Callable[[Actor, Any], bool] = lambda actor, row: False


FLOWS: dict[str, Flow] = {}


def register(flow: Flow) -> Flow:
    """Add a flow to those that the queue, the laws and the audit trail know."""
    FLOWS[flow.name] = flow
    return flow


def require(flow: Flow, actor: Actor) -> None:
    """Refuse an actor who may not submit to the flow: services check again what the gate has checked."""
    if not actor.may(flow.submit):
        raise Forbidden()


def is_owner(actor: Actor, row: Reviewable) -> bool:
    """Tell whether the row is the actor's organisation's own."""
    return actor.role is Role.MEMBER and actor.org_id is not None and actor.org_id == row.org_id


def is_reviewer(flow: Flow, actor: Actor, row: Reviewable) -> bool:
    """Tell whether the actor decides on the row at its present stage."""
    stage = flow.stages[min(row.stage, len(flow.stages) - 1)]
    return actor.may(stage.permission) and stage.is_party(actor, row)


def admits(flow: Flow, row: Reviewable, action: Action) -> bool:
    """Tell whether the row as it stands leaves room for an action, whoever takes it."""
    status = Status(row.status)
    if status is Status.RETURNED and action is Action.WITHDRAW:
        return flow.gives_up
    if status is Status.RETURNED and action is Action.REJECT:
        return flow.is_overdue(row)
    return (status, action) in MOVES


def allowed(flow: Flow, row: Reviewable, actor: Actor) -> tuple[Action, ...]:
    """Return the actions that the actor may take on the row now: exactly the buttons offered."""
    found: list[Action] = []
    for action in Action:
        if not admits(flow, row, action):
            continue
        if action in (Action.SUBMIT, Action.WITHDRAW):
            # Once a first stage has approved, withdrawing would undo somebody else's decision.
            held = row.status == Status.PENDING and (row.stage > 0 or flow.has_begun(row))
            if is_owner(actor, row) and actor.may(flow.submit) and not held:
                found.append(action)
        elif action in flow.decisions and is_reviewer(flow, actor, row):
            found.append(action)
    return tuple(found)


def load(session: Session, flow: Flow, actor: Actor, row_id: int) -> Any:
    """Return the row if the actor is its owner, its reviewer or its reader; otherwise it does not exist."""
    row = session.get(flow.model, row_id) if is_id(row_id) else None
    if row is None or not (takes_part(flow, actor, row) or flow.readers(actor, row)):
        raise not_there(session, flow.name, flow.label, row_id, actor)
    if row.status == Status.DRAFT and not is_owner(actor, row):
        # Withdrawn: what the reviewer was allowed to read is the owner's own again.
        said = what_happened(session, flow.name, flow.label, row_id)
        raise Withdrawn(said, sent_as(session, flow.name, row_id))
    return row


def takes_part(flow: Flow, actor: Actor, row: Reviewable) -> bool:
    """Tell whether the actor submits or decides on the row, which is more than to read what came of it."""
    reviews = any(actor.may(s.permission) and s.is_party(actor, row) for s in flow.stages)
    # A draft is the owner's own affair until it has been submitted once.
    return (is_owner(actor, row) and actor.may(flow.submit)) or (reviews and row.submitted_at is not None)


def load_own(session: Session, flow: Flow, actor: Actor, row_id: int) -> Any:
    """Return the row if it is the actor's organisation's own."""
    row = load(session, flow, actor, row_id)
    if not is_owner(actor, row):
        raise NotFound(flow.label)
    return row


def hold(session: Session, flow: Flow, row: Reviewable) -> None:
    """Let nobody else act on the row until this transaction ends, and see what was done to it before."""
    one_at_a_time(session, flow.name, row.id)
    session.refresh(row)


def save_draft(
    session: Session,
    flow: Flow,
    actor: Actor,
    row_id: int,
    seen_version: int,
    data: dict[str, str],
    **more: Any,
) -> Any:
    """Keep what was typed, valid or not, while the row is a draft or returned."""
    row = load_own(session, flow, actor, row_id)
    if row.status not in EDITABLE:
        raise Conflict(_why_not_editable(session, flow, row))
    _write(session, flow, row, seen_version, {"data": data, "updated_at": clock.now(), **more})
    return row


def act(
    session: Session,
    flow: Flow,
    actor: Actor,
    row_id: int,
    action: Action,
    seen_version: int,
    *,
    comment: str = "",
    field_reasons: dict[str, str] | None = None,
    key: str = "",
    payload: Payload | None = None,
    values: dict[str, Any] | None = None,
) -> Any:
    """Take one action or refuse it; `key` makes the same submission, sent twice, count once."""
    row = load(session, flow, actor, row_id)
    # The hooks look before they write: who comes second sees what the first has decided.
    hold(session, flow, row)
    if key and once.done_before(session, actor.user_id, f"{flow.name}:{row_id}.{action.value}", key, row_id):
        session.refresh(row)
        return row
    if action not in allowed(flow, row, actor):
        raise _refusal(session, flow, row, actor, action, seen_version)
    comment, reasons = _reasons(action, comment, field_reasons or {})
    changes, payload = dict(values or {}), payload or {}
    if action is Action.SUBMIT:
        if values:
            _apply(session, row, values)
        changes |= flow.before_submit(session, actor, row, payload) or {}
        changes |= {"submitted_by": actor.user_id, "submitted_at": clock.now(), "stage": 0}
    else:
        changes["decided_at"] = clock.now()
    # Where it waits may depend on the stage that it leaves.
    stage, waited_at = flow.stages[min(row.stage, len(flow.stages) - 1)], flow.reviewer_href(row)
    target = MOVES[Status(row.status), action]
    if action is Action.WITHDRAW:
        changes["stage"] = 0
    if action in (Action.WITHDRAW, Action.REJECT):
        changes |= flow.before_drop(session, actor, row, payload) or {}
    if action is Action.APPROVE:
        changes |= flow.before_approve(session, actor, row, payload) or {}
        if row.stage + 1 < len(flow.stages):
            target = Status.PENDING
            changes["stage"] = row.stage + 1
    changes |= {
        "status": target.value,
        # What its submitter says stands in the history; here stands what was decided, and why.
        "reason": "" if action is Action.SUBMIT else comment,
        "field_reasons": reasons,
        "updated_at": clock.now(),
    }
    _write(session, flow, row, seen_version, changes)
    _trace(session, flow, row, actor, action, stage, comment, reasons)
    if action is not Action.SUBMIT:
        notices.settle(session, _waited(session, stage, row), waited_at)
    if target is Status.APPROVED:
        flow.after_approve(session, actor, row, payload)
    _tell(session, flow, row, action, target, comment)
    live.concern(session, [*notices.users_of(session, row.org_id), *stage.users(session, row)])
    return row


def _waited(session: Session, stage: Stage, row: Any) -> set[int]:
    """Return whom the row may have waited for: who decides now, and of the staff who did when it came in."""
    found = set(stage.users(session, row))
    return found | set(notices.staff(session)) if stage.permission in GRANTS[Role.STAFF] else found


def follow_up(
    session: Session,
    flow: Flow,
    actor: Actor,
    source: Any,
    comment: str,
    fill: Callable[[Any], None],
    **columns: Any,
) -> Any:
    """Add a returned thing, filled by `fill` with what an approval of `source` left out, with its trail and its notice."""
    now, sent = clock.now(), {"submitted_by": source.submitted_by, "submitted_at": source.submitted_at}
    told = {"reason": comment, "decided_at": now, "updated_at": now}
    row = flow.model(org_id=source.org_id, status=Status.RETURNED.value, **sent, **told, **columns)
    session.add(row)
    session.flush()
    fill(row)
    _trace(session, flow, row, actor, Action.RETURN, flow.stages[-1], comment, {})
    _tell(session, flow, row, Action.RETURN, Status.RETURNED, comment)
    return row


def _apply(session: Session, row: Any, values: dict[str, Any]) -> None:
    # Taken out of the session, so that no query of a hook writes it: the compare-and-set alone does.
    session.expunge(row)
    for name, value in values.items():
        setattr(row, name, value)


def _write(session: Session, flow: Flow, row: Any, seen_version: int, changes: dict[str, Any]) -> None:
    """Compare-and-set on the status and the version that the actor saw (security.md, double approval)."""
    model: Any = flow.model
    status, row_id = row.status, row.id
    if row in session:
        session.expunge(row)
    if not is_id(seen_version):
        raise Conflict(what_happened(session, flow.name, flow.label, row_id))
    # The row is read anew below: nothing that the session holds is to be brought up to date.
    done = session.exec(
        update(model)
        .where(model.id == row_id, model.status == status, model.version == seen_version)
        .values(**changes, version=seen_version + 1)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise Conflict(what_happened(session, flow.name, flow.label, row_id))
    fresh = session.get(model, row_id, populate_existing=True)
    row.__dict__.update({k: v for k, v in fresh.__dict__.items() if k != "_sa_instance_state"})


def _reasons(action: Action, comment: str, fields: dict[str, str]) -> tuple[str, dict[str, str]]:
    comment = normalise(comment)
    fields = {normalise(k)[:60]: normalise(v) for k, v in fields.items() if normalise(v)}
    for name, text in fields.items():
        if said := too_long(text, REASON_MAX, WHY[Action.RETURN], f"后再提交：“{text[:20]}…”"):
            raise FormInvalid({f"r_{name}": said}, said)
    if said := too_long(comment, COMMENT_MAX, "意见", "后再提交。"):
        raise FormInvalid({"comment": said})
    if (why := WHY.get(action)) and not comment and not fields:
        use = "对方将据此修改" if action is Action.RETURN else "对方会看到"
        raise FormInvalid({"comment": f"{action.label}时必须填写{why}，{use}。"}, f"请填写{why}后再提交。")
    if not comment and fields:
        comment = f"共 {len(fields)} 处需要更正，原因见各栏目。"
    return comment, fields


def _trace(
    session: Session,
    flow: Flow,
    row: Any,
    actor: Actor,
    action: Action,
    stage: Stage,
    comment: str,
    reasons: dict[str, str],
) -> None:
    from cpegi_app.services.files import ids_of

    snapshot = flow.keeps(session, row, action)
    if action is Action.SUBMIT:
        snapshot |= {"data": row.data, "files": ids_of(session, flow.name, row.id)}
    deciding = action not in (Action.SUBMIT, Action.WITHDRAW)
    session.add(
        ReviewEvent(
            flow=flow.name,
            subject_id=row.id,
            action=action.value,
            stage=stage.name if deciding else "",
            actor_id=actor.user_id,
            actor_label=audit.label_of(actor),
            comment=comment,
            field_reasons=reasons,
            snapshot=snapshot,
        )
    )
    audit.record(session, actor, f"review.{action.value}", f"{flow.name}:{row.id}", flow.title(session, row))


def _tell(session: Session, flow: Flow, row: Any, action: Action, target: Status, comment: str) -> None:
    title = flow.title(session, row)
    if target is Status.PENDING:
        stage = flow.stages[row.stage]
        head = f"{flow.label} · {title}"
        notices.notify_waiting(session, stage.users(session, row), head, flow.reviewer_href(row))
        if action is Action.APPROVE:
            # A further stage decides as well: the owner reads how far it has come.
            done = f"{flow.label}“{flow.stages[row.stage - 1].label}”已通过：{title}"
            users = notices.users_of(session, row.org_id)
            notices.notify(session, users, done, f"下一环节：{stage.label}。", flow.submitter_href(row))
    elif action is not Action.WITHDRAW:
        said = flow.outcome.get(action, "")
        text = comment or (said if isinstance(said, str) else said(session, row))
        users = notices.users_of(session, row.org_id)
        head = f"{flow.label}{action.label}：{title}"
        notices.notify(session, users, head, text, flow.submitter_href(row), TONES[target])


def _why_not_editable(session: Session, flow: Flow, row: Reviewable) -> str:
    if row.status == Status.PENDING:
        return f"这份{flow.label}正在审核中，暂不能修改。如需修改，请先撤回，或等待审核结果。"
    return what_happened(session, flow.name, flow.label, row.id or 0)


def _refusal(
    session: Session, flow: Flow, row: Reviewable, actor: Actor, action: Action, seen_version: int
) -> DomainError:
    if not admits(flow, row, action):
        if action is Action.SUBMIT and row.status == Status.PENDING:
            return Conflict(f"这份{flow.label}已经提交，正在审核中，无需重复提交。")
        return Conflict(what_happened(session, flow.name, flow.label, row.id or 0))
    begun = row.status == Status.PENDING and flow.has_begun(row)
    if action is Action.WITHDRAW and is_owner(actor, row) and begun:
        return Conflict(f"这份{flow.label}已开始办理，不能撤回。如需修改，请联系受理部门退回后再改。")
    if action not in flow.decisions and action not in (Action.SUBMIT, Action.WITHDRAW):
        return Forbidden(f"{flow.label}不支持“{action.label}”。")
    if row.version != seen_version:
        # It was theirs to decide when they opened it.
        return Conflict(what_happened(session, flow.name, flow.label, row.id or 0))
    return Forbidden()
