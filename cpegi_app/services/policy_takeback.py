"""取消奖补: what was granted and is not paid goes back to the budget, with a reason (manual §8.1, §8.2)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import false, func, update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import POLICY_CLAIMS, Actor
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import Policy, PolicyApplication, PolicyClaim, PolicyGrant, Publicity
from cpegi_app.services import (
    notices,
    policy_budget,
    policy_claim,
    policy_people,
    policy_publicity,
    policy_standing,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import normalise
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_publicity_rows import Entry
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import GrantState, WindowState

G, C = PolicyGrant, PolicyClaim
REASON_MIN, REASON_MAX, NAMES_SHOWN = 2, 300, 20
# So many organisations are told in one statement.
TOGETHER = 10_000
# A claim that is on its way, or was paid for; one that was withdrawn or rejected asks for nothing any more.
ASKED = (Status.PENDING.value, Status.RETURNED.value, Status.APPROVED.value)
HEAD = "奖补已取消："
MOVED = "逾期未兑现的名单刚有变化，没有取消任何奖补。请刷新页面核对后重试。"


class Overdue(BaseModel):
    """The grants of a publication that nobody redeemed in time; the first of them by name."""

    count: int = 0
    total_fen: int = 0
    amount: str = ""
    rows: list[Entry] = []
    more: int = 0


def revoke(session: Session, grant: PolicyGrant, state: GrantState, reason: str, said: str) -> bool:
    """Take a grant back that stands so and tell its organisation; False when it has moved.

    Its part of the budget is given back by `policy_budget.move_budget`, last in the transaction.
    """
    if _put_off(session, reason, col(G.id) == grant.id, col(G.state) == state.value) != 1:
        return False
    application = session.get_one(PolicyApplication, grant.application_id)
    d = definitions.of_version(session, application.version_id)
    policy_budget.move_tally(session, d, grant.policy_id, grant.org_id, -grant.amount_fen, 0)
    users = notices.users_of(session, grant.org_id)
    notices.notify(session, users, HEAD + application.policy_name, said, POLICY_CLAIMS.route, "red")
    return True


def _put_off(session: Session, reason: str, *which: Any) -> int:
    """Note on grants that they are taken back; return on how many."""
    now = clock.now()
    gone = {"state": GrantState.REVOKED.value, "revoked_at": now, "reason": reason, "updated_at": now}
    query = update(G).where(*which).values(**gone)
    return session.exec(query.execution_options(synchronize_session=False)).rowcount


def _unasked() -> list[Any]:
    asked = select(C.id).where(C.grant_id == G.id, col(C.status).in_(ASKED)).exists()
    return [G.state == GrantState.CONFIRMED.value, ~asked]


def _late(session: Session, row: Publicity) -> list[Any] | None:
    """Return the conditions of what was not redeemed in time; None while there is time."""
    policy = session.get_one(Policy, row.policy_id)
    if definitions.window(policy.redeem_opens_at, policy.redeem_closes_at) != WindowState.PAST:
        return None
    return [G.publicity_id == row.id, *_unasked()]


def _sum(session: Session, late: list[Any]) -> tuple[int, int]:
    figures: Any = select(func.count(col(G.id)), func.coalesce(func.sum(G.amount_fen), 0)).where(*late)  # pyright: ignore
    count, total = session.exec(figures).one()
    return count, int(total)


def overdue(session: Session, actor: Actor, publicity_id: int) -> Overdue:
    """Return what of a publication nobody has asked for before the window of redemption closed."""
    row = policy_publicity.load(session, actor, publicity_id)
    late = _late(session, row)
    if late is None:
        return Overdue()
    count, total = _sum(session, late)
    found = list(session.exec(select(G).where(*late).order_by(col(G.id)).limit(NAMES_SHOWN)))
    told = _standings(session, found)
    names = [
        Entry(
            id=g.id or 0,
            grant_id=g.id or 0,
            org=g.org_name,
            amount=yuan(g.amount_fen),
            state=told[g.id or 0],
        )
        for g in found
    ]
    return Overdue(count=count, total_fen=total, amount=yuan(total), rows=names, more=count - len(names))


def _standings(session: Session, grants: list[PolicyGrant]) -> dict[int, str]:
    """Return how far grants have come that nobody redeemed in time: never asked for, withdrawn, rejected."""
    found = policy_standing.told(session, grants)
    never = (GrantState.CONFIRMED.label, policy_standing.STANDINGS["LATE"])
    return {i: "未申请兑现" if said in never else said for i, (said, _tone, _more) in found.items()}


class Unredeemed(BaseModel):
    """A publication of which something was not redeemed in time."""

    publicity_id: int
    policy: str
    count: int
    amount: str
    closed: str


def unredeemed(session: Session, actor: Actor, most: int) -> list[Unredeemed]:
    """Return the publications that the actor acts on and of which something was not redeemed in time, oldest first."""
    policy_people.require(actor, policy_publicity.STAGE)
    mine = policy_people.policies(session, actor, policy_publicity.STAGE)
    over = [col(Policy.id).in_(mine), col(Policy.redeem_closes_at) <= clock.now()]
    figures: Any = select(
        G.publicity_id, Policy.name, Policy.redeem_closes_at, func.count(), func.sum(G.amount_fen)
    )  # pyright: ignore
    query = figures.join(Policy, col(Policy.id) == G.policy_id).where(*over, *_unasked())
    query = query.group_by(G.publicity_id, Policy.name, Policy.redeem_closes_at).order_by(G.publicity_id)
    return [
        Unredeemed(
            publicity_id=i, policy=name, count=count, amount=yuan(int(total)), closed=definitions.ends(closes)
        )
        for i, name, closes, count, total in session.exec(query.limit(most))
    ]


def _checked(reason: str) -> str:
    reason = normalise(reason)
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        raise FormInvalid({"reason": f"请填写取消的原因，{REASON_MIN} 至 {REASON_MAX} 字，申请单位会看到"})
    return reason


def _held(session: Session, actor: Actor, publicity_id: int) -> Publicity:
    """Return a publication, and let no payment of anybody be made up until this transaction ends."""
    row = policy_publicity.load(session, actor, publicity_id)
    one_at_a_time(session, "payments")
    return row


def take_back(session: Session, actor: Actor, publicity_id: int, grant_id: int, reason: str) -> None:
    """取消 one grant that was confirmed and is neither paid nor on its way to the bank."""
    row, reason = _held(session, actor, publicity_id), _checked(reason)
    grant = session.get(G, grant_id) if is_id(grant_id) else None
    if grant is None or grant.publicity_id != row.id:
        raise NotFound("奖补记录")
    policy_claim.hold(session, grant)
    if why := _why_not(session, grant):
        raise Conflict(why)
    if not revoke(session, grant, GrantState.CONFIRMED, reason, f"原因：{reason}"):
        raise Conflict("该奖补的状态刚有变化，请刷新页面后重试。")
    policy_people.note(session, actor, "policy.takeback", f"grant:{grant.id}", reason)
    policy_budget.move_budget(session, grant.policy_id, -grant.amount_fen)


def _why_not(session: Session, grant: PolicyGrant) -> str:
    if grant.state == GrantState.PUBLIC:
        return "该奖补还在公示，请登记异议并认定成立后取消。"
    if grant.state != GrantState.CONFIRMED:
        return f"该奖补{GrantState.label_of(grant.state)}，不能取消。请刷新页面查看。"
    if policy_claim.living_payment(session, grant.id or 0):
        return "该奖补已编入拨付批次。请先在批次中移出，或等待拨付结果，再取消。"
    claim = policy_claim.latest(session, grant.id or 0)
    if claim is not None and claim.status == Status.PENDING:
        return "该奖补的兑现申请正在审核，请先办结（审核不通过）后再取消。"
    return ""


def take_back_overdue(session: Session, actor: Actor, publicity_id: int, seen: Overdue, reason: str) -> int:
    """取消 everything that nobody redeemed in time, if it still is what was seen; return how many."""
    row, reason = _held(session, actor, publicity_id), _checked(reason)
    policy_claim.hold_all(session, row.policy_id)
    # Behind the lock: a claim may have been sent, or the window moved, while this waited for its turn.
    session.refresh(session.get_one(Policy, row.policy_id))
    late, moved = _late(session, row), Conflict(MOVED)
    which = late or [false()]
    query = select(G, PolicyApplication.policy_name).join(
        PolicyApplication, col(PolicyApplication.id) == G.application_id
    )
    query = query.where(*which).order_by(col(G.id))
    found = session.exec(query.execution_options(populate_existing=True)).all()
    total = sum(g.amount_fen for g, _ in found)
    if not found or (len(found), total) != (seen.count, seen.total_fen):
        raise moved
    told = _standings(session, [g for g, _ in found])
    held: Any = select(col(G.org_id).label("org_id"), func.sum(G.amount_fen).label("fen"))
    parts = held.where(*which).group_by(col(G.org_id))
    released = policy_budget.release_tallies(session, row.policy_id, parts)
    if released != len({g.org_id for g, _ in found}) or _put_off(session, reason, *which) != len(found):
        raise moved
    # Each group of those who read the same in one statement.
    groups: dict[tuple[str, str], set[int]] = {}
    for grant, name in found:
        groups.setdefault((name, told[grant.id or 0]), set()).add(grant.org_id)
    for (name, standing), orgs in groups.items():
        said, every = f"逾期未兑现（{standing}）：{reason}", sorted(orgs)
        for at in range(0, len(every), TOGETHER):
            those = every[at : at + TOGETHER]
            notices.notify_orgs(session, those, HEAD + name, said, POLICY_CLAIMS.route, "red")
    what = f"逾期未兑现 {len(found)} 件，{yuan(total)} 元：{reason}"
    policy_people.note(session, actor, "policy.takeback", f"publicity:{row.id}", what)
    policy_budget.move_budget(session, row.policy_id, -total)
    return len(found)
