"""News of a policy: every organisation that may apply is told once at the bell, in steps that a crash cannot tear (manual §8.1).

`Policy.telling` says how far it has come. A step looks at the next organisations in a reading transaction and writes
their notices in a short one of its own, together with how far it has come; who looked at an older state writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app.access import PUBLIC_POLICY
from cpegi_app.models import Notice, Organisation, Policy, User
from cpegi_app.services import notices, policy_check
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.policy_definition import Definition
from cpegi_app.vocabulary.policy import PolicyState, WindowState

BATCH = 200


def published(policy: Policy, d: Definition, before: Definition | None) -> None:
    """Begin to tell of a policy that has just been published for the first time, or for others than before."""
    if before is None or _audience(before) != _audience(d):
        policy.telling = 0


def _audience(d: Definition) -> tuple[object, ...]:
    return set(d.kinds), set(d.classes), d.conditions


@dataclass(frozen=True)
class Look:
    """What the next step would tell of a policy, as it stood: who may apply, and the last organisation looked at."""

    policy_id: int
    telling: int
    org_ids: list[int]
    # None at the end.
    after: int | None


def waiting(session: Session) -> list[int]:
    """Return the policies of which there is somebody left to tell."""
    query = select(Policy.id).where(col(Policy.telling).is_not(None))
    return [i or 0 for i in session.exec(query.order_by(col(Policy.id)))]


def look(session: Session, policy_id: int) -> Look | None:
    """Return the next step of a policy's news, None when everybody has been told."""
    policy = session.get_one(Policy, policy_id)
    if policy.telling is None or policy.version_id is None:
        return None
    over = definitions.window(policy.opens_at, policy.closes_at) is WindowState.PAST
    if over or policy.state != PolicyState.PUBLISHED:
        # Nobody can apply any more: there is nothing to tell.
        return Look(policy_id, policy.telling, [], None)
    query = select(Organisation).where(
        col(Organisation.verified_at).is_not(None), col(Organisation.id) > policy.telling
    )
    orgs = list(session.exec(query.order_by(col(Organisation.id)).limit(BATCH)))
    d = definitions.of_version(session, policy.version_id)
    meant = [o.id or 0 for o in orgs if not policy_check.who_not(d, o, o.profile)]
    after = orgs[-1].id if len(orgs) == BATCH else None
    return Look(policy_id, policy.telling, meant, after)


def tell(session: Session, seen: Look) -> int:
    """Write the notices of what was looked at, if nobody has been at it since; return how many organisations were told."""
    mine = update(Policy).where(col(Policy.id) == seen.policy_id, col(Policy.telling) == seen.telling)
    taken = session.exec(mine.values(telling=seen.after).execution_options(synchronize_session=False))
    if taken.rowcount != 1:
        return 0
    href = PUBLIC_POLICY.url(pid=seen.policy_id)
    known = select(User.org_id).join(Notice, col(Notice.user_id) == User.id)
    known = known.where(col(User.org_id).in_(seen.org_ids), col(Notice.href) == href)
    told = set(session.exec(known))
    new = [i for i in seen.org_ids if i not in told]
    policy = session.get_one(Policy, seen.policy_id)
    if new and policy.version_id:
        d = definitions.of_version(session, policy.version_id)
        window = definitions.window_text(policy.opens_at, policy.closes_at)
        text = (
            f"{d.department}发布，申报时间 {window}。贵单位符合申报对象的要求，点击查看政策内容和所需材料。"
        )
        notices.notify_orgs(session, new, f"新的奖补政策：{d.name}", text, href, "green")
    return len(new)
