"""办理安排 of a policy: who acts at each stage and when grants can be redeemed, for everything that was begun (manual §8).

Both follow the policy as it stands, not the version that an application began with: people leave, and money is paid later.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import CLAIM_QUEUE, POLICY_CLAIMS, POLICY_QUEUE, Actor
from cpegi_app.errors import Conflict, FormInvalid
from cpegi_app.models import Policy, PolicyApplication, PolicyAssignment, PolicyClaim, PolicyGrant
from cpegi_app.services import audit, notices, policy, policy_parse, policy_people, review
from cpegi_app.services.forms import Day, Form, Widget, input_field
from cpegi_app.services.policy_decision import STAGES
from cpegi_app.services.policy_definition import window_text
from cpegi_app.services.policy_form import PEOPLE, WINDOW
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import AssignmentMove, GrantState, PolicyStage, PolicyState

A = PolicyApplication


class RedemptionForm(Form):
    """When grants can be redeemed."""

    redeem_opens_on: Day = input_field("兑现开始日期", WINDOW, widget=Widget.DATE, required=False)
    redeem_closes_on: Day = input_field("兑现截止日期", WINDOW, widget=Widget.DATE, required=False)


NAMES = frozenset({*RedemptionForm.model_fields, *PEOPLE})


def arrange(session: Session, actor: Actor, policy_id: int, version: int, typed: dict[str, str]) -> int:
    """Put people and redemption dates of a stopped policy in force; return the draft's new version."""
    row = policy.load(session, actor, policy_id)
    if row.state != PolicyState.STOPPED:
        raise Conflict("这份政策没有停止受理，请在编辑页面修改办理人员和兑现时间后点击“发布”。")
    values = row.draft["values"] | {k: typed.get(k, "") for k in NAMES}
    errors: dict[str, str] = {}
    form: Any = None
    try:
        form = RedemptionForm.parse({k: values.get(k, "") for k in RedemptionForm.model_fields})
    except FormInvalid as refusal:
        errors |= refusal.fields
    people = policy_parse.people_of(values, policy.staff_names(session), errors)
    window = (
        policy_parse.redemption_of(form.redeem_opens_on, form.redeem_closes_on, errors)
        if form
        else (None, None)
    )
    if errors:
        raise FormInvalid(errors)
    policy.keep_draft(session, row, version, {**row.draft, "values": values}, stopped=True)
    changed = _changes(session, row, people, window)
    put_in_force(session, actor, row, people, window)
    audit.record(session, actor, "policy.arrange", f"policy:{row.id}", f"{row.name}：{changed}")
    return row.version


def _changes(session: Session, row: Policy, people: dict[str, list[int]], window: tuple[Any, Any]) -> str:
    """Return what an arrangement changes, before and after, for the audit trail: no version of a stopped policy keeps it."""
    before = dict(row.people)
    named = policy_people.names(session, {i for of in (before, people) for ids in of.values() for i in ids})

    def who(of: dict[str, list[int]], stage: PolicyStage) -> str:
        return "、".join(named.get(i, str(i)) for i in of.get(stage.value) or []) or "不限"

    found = [(s.label, who(before, s), who(people, s)) for s in PolicyStage]
    until = window_text(row.redeem_opens_at, row.redeem_closes_at)
    found.append(("兑现时间", until, window_text(*window)))
    return "；".join(f"{what}由“{old}”改为“{new}”" for what, old, new in found if old != new) or "没有变化"


def put_in_force(
    session: Session, actor: Actor, row: Policy, people: dict[str, list[int]], window: tuple[Any, Any]
) -> None:
    """Let people and redemption dates hold for everything of a policy, and tell whom it concerns."""
    moved = window[0] is not None and window != (row.redeem_opens_at, row.redeem_closes_at)
    row.redeem_opens_at, row.redeem_closes_at = window
    if people != row.people:
        _hand_on(session, actor, row, people)
    session.add(row)
    session.flush()
    if moved:
        _tell_granted(session, row)


def _hand_on(session: Session, actor: Actor, row: Policy, people: dict[str, list[int]]) -> None:
    """Name other people for what was begun: what somebody holds who is named no longer is free again.

    What is decided is frozen: whose it is follows the policy itself (`policy_decision.people_of`).
    """
    before, row.people = row.people, people
    opened = [s.value for s in review.OPEN]
    for model in (A, PolicyClaim):
        begun = (col(model.policy_id) == row.id, col(model.status).in_(opened))
        query = update(model).where(*begun).values(people=people)
        session.exec(query.execution_options(synchronize_session=False))
    for stage in (*STAGES, PolicyStage.REDEMPTION):
        if named := people.get(stage.value):
            new = set(named) - set(before.get(stage.value) or [])
            _hand_on_stage(session, actor, row, stage, named, new)
    session.flush()
    for kept in list(session):
        if isinstance(kept, (A, PolicyClaim)):
            # Written past the session above.
            session.expire(kept)


def _hand_on_stage(
    session: Session, actor: Actor, row: Policy, stage: PolicyStage, named: list[int], new: set[int]
) -> None:
    model, href = PolicyClaim, CLAIM_QUEUE.route
    waits: list[Any] = [col(PolicyClaim.policy_id) == row.id, PolicyClaim.status == Status.PENDING.value]
    if stage in STAGES:
        model, href = A, f"{POLICY_QUEUE.route}?stage={stage.value}"
        waits = [col(A.policy_id) == row.id, A.status == Status.PENDING.value, A.stage == STAGES.index(stage)]
        _set_free(session, actor, stage, waits, named)
    if new and session.exec(select(model.id).where(*waits).limit(1)).first():
        notices.notify(session, new, f"由您办理{stage.label}：{row.name}", "已有申请等待办理。", href)


def _set_free(session: Session, actor: Actor, stage: PolicyStage, waits: list[Any], named: list[int]) -> None:
    """Let go of what somebody holds who is named no longer, and write it down as any other move."""
    gone = [*waits, col(A.assignee_id).is_not(None), col(A.assignee_id).not_in(named)]
    more = {"stage": stage.value, "move": AssignmentMove.GIVE_BACK.value, "actor_id": actor.user_id}
    for row_id, holder in session.exec(select(A.id, A.assignee_id).where(*gone)).all():
        freed = {"application_id": row_id or 0, "from_id": holder, "reason": "政策的办理人员已调整"}
        session.add(PolicyAssignment(**freed, **more))
    query = update(A).where(*gone).values(assignee_id=None, updated_at=clock.now())
    session.exec(query.execution_options(synchronize_session=False))


def _tell_granted(session: Session, row: Policy) -> None:
    """Tell everybody who has been granted something and not been paid when it can be redeemed."""
    waiting = col(PolicyGrant.state).not_in((GrantState.PAID.value, GrantState.REVOKED.value))
    query = select(PolicyGrant.org_id).where(PolicyGrant.policy_id == row.id, waiting).distinct()
    when = window_text(row.redeem_opens_at, row.redeem_closes_at)
    for org_id in session.exec(query).all():
        users = notices.users_of(session, org_id)
        notices.notify(
            session, users, f"兑现时间：{row.name}", f"兑现时间为 {when}。", POLICY_CLAIMS.route, "orange"
        )
