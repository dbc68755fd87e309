"""办理安排 of a policy: who acts at each stage and when grants can be redeemed, for everything that was begun (manual §8).

Both follow the policy as it stands, not the version that an application began with: people leave, and money is paid later.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app.access import POLICY_CLAIMS, POLICY_QUEUE, Actor
from cpegi_app.errors import Conflict, FormInvalid
from cpegi_app.models import Policy, PolicyApplication, PolicyClaim, PolicyGrant
from cpegi_app.services import audit, notices, policy, policy_parse
from cpegi_app.services.forms import Day, Form, Widget, input_field
from cpegi_app.services.policy_decision import STAGES
from cpegi_app.services.policy_definition import window_text
from cpegi_app.services.policy_form import PEOPLE, WINDOW
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import GrantState, PolicyState

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
    put_in_force(session, row, people, window)
    audit.record(session, actor, "policy.arrange", f"policy:{row.id}", row.name)
    return row.version


def put_in_force(
    session: Session, row: Policy, people: dict[str, list[int]], window: tuple[Any, Any]
) -> None:
    """Let people and redemption dates hold for everything of a policy, and tell whom it concerns."""
    moved = window[0] is not None and window != (row.redeem_opens_at, row.redeem_closes_at)
    row.redeem_opens_at, row.redeem_closes_at = window
    if people != row.people:
        _hand_on(session, row, people)
    session.add(row)
    session.flush()
    if moved:
        _tell_granted(session, row)


def _hand_on(session: Session, row: Policy, people: dict[str, list[int]]) -> None:
    """Name other people for what was begun: what somebody holds who is named no longer is free again."""
    before, row.people = row.people, people
    once = {"synchronize_session": False}
    for model in (A, PolicyClaim):
        query = update(model).where(col(model.policy_id) == row.id).values(people=people)
        session.exec(query.execution_options(**once))
    for number, stage in enumerate(STAGES):
        if not (named := people.get(stage.value)):
            continue
        waits = (col(A.policy_id) == row.id, col(A.status) == Status.PENDING.value, col(A.stage) == number)
        gone = update(A).where(*waits, col(A.assignee_id).is_not(None), col(A.assignee_id).not_in(named))
        session.exec(gone.values(assignee_id=None).execution_options(**once))
        new = set(named) - set(before.get(stage.value) or [])
        if new and session.exec(select(A.id).where(*waits).limit(1)).first():
            href = f"{POLICY_QUEUE.route}?stage={stage.value}"
            notices.notify(session, new, f"由您办理{stage.label}：{row.name}", "已有申请等待办理。", href)
    session.flush()
    for kept in list(session):
        if isinstance(kept, (A, PolicyClaim)):
            # Written past the session above.
            session.expire(kept)


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
