"""Who acts on what: the people that a policy's version names for a stage, and accounts that are closed (manual §8.1)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app.access import Actor, Permission, Role
from cpegi_app.errors import Forbidden
from cpegi_app.models import Policy, PolicyVersion, User
from cpegi_app.services import audit, staff
from cpegi_app.vocabulary.policy import PolicyStage

PERMISSION: dict[PolicyStage, Permission] = {
    PolicyStage.FORMAL: Permission.POLICY_REVIEW,
    PolicyStage.BUSINESS: Permission.POLICY_REVIEW,
    PolicyStage.REDEMPTION: Permission.POLICY_REVIEW,
    PolicyStage.FINANCE: Permission.POLICY_PAY,
}


def require(actor: Actor, stage: PolicyStage) -> None:
    """Refuse an actor without the permission of a stage."""
    staff.require(actor, PERMISSION[stage])


def is_in(actor: Actor, people: dict[str, list[int]], stage: PolicyStage) -> bool:
    """Tell whether an actor acts at a stage: named for it, or holding its permission where nobody is named."""
    named = people.get(stage.value, [])
    return actor.may(PERMISSION[stage]) and (not named or actor.user_id in named)


def refuse_outsider(actor: Actor, people: dict[str, list[int]], stage: PolicyStage) -> None:
    """Refuse who is not in a stage, with the way to get in."""
    if not is_in(actor, people, stage):
        raise Forbidden(
            f"“{stage.label}”由政策指定的人员办理，您不在其中。如需办理，请联系政策管理人员调整办理人员。"
        )


# Made once: every page of the staff's asks these.
_VERSIONS = select(PolicyVersion.id, Policy.people).join(Policy, col(Policy.id) == PolicyVersion.policy_id)
_POLICIES = select(Policy.id, Policy.people).where(col(Policy.version_id).is_not(None))


def versions(session: Session, actor: Actor, stage: PolicyStage) -> list[int] | None:
    """Return the versions at whose stage the actor acts, as their policies name people now; None means every version."""
    every = session.exec(_VERSIONS).all()
    mine = [i or 0 for i, people in every if is_in(actor, dict(people or {}), stage)]
    return None if len(mine) == len(every) else mine


def policies(session: Session, actor: Actor, stage: PolicyStage) -> list[int]:
    """Return the published policies at whose stage the actor acts."""
    return [i or 0 for i, people in session.exec(_POLICIES) if is_in(actor, dict(people or {}), stage)]


def colleagues(
    session: Session, actor: Actor, people: dict[str, list[int]], stage: PolicyStage
) -> list[User]:
    """Return the enabled staff who act at a stage, the actor apart."""
    query = select(User).where(User.role == Role.STAFF.value, col(User.disabled_at).is_(None))
    named = people.get(stage.value, [])
    query = query.where(User.id != actor.user_id, *([col(User.id).in_(named)] if named else []))
    return list(session.exec(query.order_by(col(User.id))))


def names(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """Return how lists call users of the staff."""
    wanted = {i for i in ids if i}
    query = select(User.id, User.name).where(col(User.id).in_(wanted))
    return {i or 0: name or f"工作人员 {i}" for i, name in session.exec(query)} if wanted else {}


def closed(session: Session, org_ids: Iterable[int]) -> set[int]:
    """Return the organisations all of whose accounts are disabled: nothing is paid to them."""
    wanted = set(org_ids)
    query = select(User.org_id).where(col(User.org_id).in_(wanted)).group_by(col(User.org_id))
    dead = query.having(func.count(col(User.id)) == func.count(col(User.disabled_at)))
    return {i or 0 for i in session.exec(dead)} if wanted else set()


def note(session: Session, actor: Actor, action: str, subject: str, detail: str = "") -> None:
    """Write an action on the way to the money into the audit trail."""
    audit.record(session, actor, action, subject, detail)
