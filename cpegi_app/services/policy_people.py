"""Who acts on what: the people that a policy names for a stage, and accounts that are closed (manual §8.1).

Whose account is closed is named no longer: where nobody else is, the stage is open to all who hold its permission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app.access import POLICIES, Actor, Permission, Role
from cpegi_app.errors import Forbidden
from cpegi_app.models import Policy, PolicyVersion, User
from cpegi_app.services import audit, notices, staff
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


def named(session: Session, people: dict[str, list[int]], stage: PolicyStage) -> list[int]:
    """Return who of those named for a stage is still there; nobody means everybody with its permission."""
    return _named(people, stage, set(notices.staff(session))) if people.get(stage.value) else []


def _named(people: Mapping[str, list[int]], stage: PolicyStage, there: set[int]) -> list[int]:
    return [i for i in people.get(stage.value) or [] if i in there]


def is_in(session: Session, actor: Actor, people: dict[str, list[int]], stage: PolicyStage) -> bool:
    """Tell whether an actor acts at a stage: named for it, or holding its permission where nobody is named."""
    return _is_in(actor, named(session, people, stage), stage)


def _is_in(actor: Actor, found: list[int], stage: PolicyStage) -> bool:
    return actor.may(PERMISSION[stage]) and (not found or actor.user_id in found)


def refuse_outsider(session: Session, actor: Actor, people: dict[str, list[int]], stage: PolicyStage) -> None:
    """Refuse who is not in a stage, with the way to get in."""
    if not is_in(session, actor, people, stage):
        raise Forbidden(
            f"“{stage.label}”由政策指定的人员办理，您不在其中。如需办理，请联系政策管理人员调整办理人员。"
        )


# Made once: every page of the staff's asks these.
_VERSIONS = select(PolicyVersion.id, Policy.people).join(Policy, col(Policy.id) == PolicyVersion.policy_id)
_POLICIES = select(Policy.id, Policy.people).where(col(Policy.version_id).is_not(None))
_NAMES = select(Policy.name, Policy.people).where(col(Policy.version_id).is_not(None))
# So many policies are named in a notice.
TOLD = 3


def versions(session: Session, actor: Actor, stage: PolicyStage) -> list[int] | None:
    """Return the versions at whose stage the actor acts, as their policies name people now; None means every version."""
    every = session.exec(_VERSIONS).all()
    mine = _mine(session, actor, every, stage)
    return None if len(mine) == len(every) else mine


def policies(session: Session, actor: Actor, stage: PolicyStage) -> list[int]:
    """Return the published policies at whose stage the actor acts."""
    return _mine(session, actor, session.exec(_POLICIES).all(), stage)


def _mine(session: Session, actor: Actor, every: Sequence[tuple[Any, Any]], stage: PolicyStage) -> list[int]:
    # Every page of the staff's comes here: who is there is asked only where somebody is named.
    is_named = any((people or {}).get(stage.value) for _, people in every)
    there = set(notices.staff(session)) if is_named else set()
    return [i or 0 for i, people in every if _is_in(actor, _named(dict(people or {}), stage, there), stage)]


def colleagues(
    session: Session, actor: Actor, people: dict[str, list[int]], stage: PolicyStage
) -> list[User]:
    """Return the enabled staff who act at a stage, the actor apart."""
    query = select(User).where(User.role == Role.STAFF.value, col(User.disabled_at).is_(None))
    found = named(session, people, stage)
    query = query.where(User.id != actor.user_id, *([col(User.id).in_(found)] if found else []))
    return list(session.exec(query.order_by(col(User.id))))


def left(session: Session, user: User) -> None:
    """Tell the staff at which stages nobody of those named is there any more, now that an account is closed."""
    there, found = set(notices.staff(session)), []
    for name, people in session.exec(_NAMES.order_by(col(Policy.id).desc())).all():
        stages = [
            s.label
            for s in PolicyStage
            if user.id in people.get(s.value, []) and not _named(people, s, there)
        ]
        if stages:
            found.append(f"“{name}”的{'、'.join(stages)}")
    if found:
        more = f"等 {len(found)} 项政策" if len(found) > TOLD else ""
        notices.notify(
            session,
            there,
            f"政策的办理人员{user.name}已停用",
            f"{'；'.join(found[:TOLD])}{more}已没有指定的办理人员，暂由全体平台管理人员办理。"
            "如需另行指定，请在“政策管理”中编辑该政策。",
            POLICIES.route,
            "orange",
        )


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
