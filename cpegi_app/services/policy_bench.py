"""What the 工作台 and the menu say of policies: what waits at each stage, what came back, what can be redeemed (manual §8)."""

from __future__ import annotations

from itertools import islice

from pydantic import BaseModel
from sqlmodel import Session, col, or_, select

from cpegi_app import clock
from cpegi_app.access import (
    CLAIM_QUEUE,
    PAYMENT_BATCHES,
    POLICY_APPLICATION,
    POLICY_CLAIMS,
    POLICY_QUEUE,
    POLICY_REVIEW,
    POLICY_START,
    PUBLICITIES,
    PUBLICITY,
    Actor,
    Permission,
)
from cpegi_app.models import PolicyApplication, PolicyGrant
from cpegi_app.services import (
    policy_claim_list,
    policy_clock,
    policy_open,
    policy_people,
    policy_publicity,
    policy_queue,
    policy_ready,
    policy_takeback,
)
from cpegi_app.services.bench_parts import MOST, TODOS, Tile, Todo, tile
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_decision import STAGES, stage_of
from cpegi_app.services.policy_takeback import Unredeemed
from cpegi_app.vocabulary import TONES, Status
from cpegi_app.vocabulary.policy import GrantState

A = PolicyApplication
# What a grant offers its owner that is worth a line; the tone of each.
OFFERS = {"申请兑现": "orange", "重新申请兑现": "red", "继续填写": "orange", "修改后重新提交": "orange"}


class Queue(BaseModel):
    """A list of the staff's in which something may wait: for a tile, a way in the menu, a tab."""

    label: str
    count: int
    href: str
    route: str
    unit: str = "件"


def queues(session: Session, actor: Actor) -> list[Queue]:
    """Return the lists of policies at which the actor acts, with how much waits in each."""
    found: list[Queue] = []
    if actor.may(Permission.POLICY_REVIEW):
        route = POLICY_QUEUE.route
        for stage in policy_queue.counts(session, actor):
            found.append(
                Queue(
                    label=f"政策{stage.label}",
                    count=stage.count,
                    href=f"{route}?stage={stage.code}",
                    route=route,
                )
            )
        claims = policy_claim_list.waiting(session, actor)
        found.append(Queue(label="兑现审核", count=claims, href=CLAIM_QUEUE.route, route=CLAIM_QUEUE.route))
        unpublished = policy_publicity.unpublished(session, actor)
        found.append(
            Queue(label="政策待公示", count=unpublished, href=PUBLICITIES.route, route=PUBLICITIES.route)
        )
    if actor.may(Permission.POLICY_PAY):
        ready = policy_ready.waiting(session, actor)
        found.append(
            Queue(
                label="待拨付",
                count=ready,
                href=PAYMENT_BATCHES.route,
                route=PAYMENT_BATCHES.route,
                unit="笔",
            )
        )
    return found


def staff(session: Session, actor: Actor) -> list[tuple[str, Todo]]:
    """Return what the actor should take up first, with when it was sent; what a colleague holds is left out."""
    if not actor.may(Permission.POLICY_REVIEW):
        return []
    found = [(clock.local(row.received_at), _application(row)) for row in _open(session, actor)]
    found += [(clock.local(row.received_at), _overdue(row)) for row in _uncorrected(session, actor)]
    late = policy_takeback.unredeemed(session, actor, TODOS)
    found += [(row.closed, _unredeemed(row)) for row in late]
    claims, _ = policy_claim_list.queue(session, actor, filters={}, size=TODOS)
    for c in claims:
        todo = Todo(
            title=c.policy,
            note=f"{c.org} · {c.amount} 元",
            at=f"已等待 {c.waiting}",
            action="办理",
            href=c.href,
            tone="blue",
            tag="兑现申请",
        )
        found.append((c.submitted, todo))
    return found


def _open(session: Session, actor: Actor) -> list[PolicyApplication]:
    found: list[PolicyApplication] = []
    for stage in STAGES:
        where = policy_queue.at_stage(stage, policy_people.versions(session, actor, stage))
        query = select(A).where(*where, or_(col(A.assignee_id).is_(None), A.assignee_id == actor.user_id))  # pyright: ignore
        found += session.exec(query.order_by(col(A.due_on), col(A.id)).limit(TODOS)).all()
    return found


def _uncorrected(session: Session, actor: Actor) -> list[PolicyApplication]:
    """Return what came back to its applicant and was not corrected in time: it holds its records until it is closed."""
    found: list[PolicyApplication] = []
    over = col(A.paused_on) <= policy_clock.uncorrected_since()
    for stage in STAGES:
        mine = policy_people.versions(session, actor, stage)
        query = select(A).where(*policy_queue.at_stage(stage, mine, Status.RETURNED), over)
        found += session.exec(query.order_by(col(A.due_on), col(A.id)).limit(TODOS)).all()
    return found


def _overdue(row: PolicyApplication) -> Todo:
    return Todo(
        title=f"{row.org_name} · {row.policy_name}",
        note="申请单位未在期限内补正，可以终止办理，释放占用的记录和额度",
        at=f"补正期限 {policy_clock.correct_by(row)}",
        action="办理",
        href=POLICY_REVIEW.url(aid=row.id),
        tone="red",
        tag="逾期未补正",
    )


def _unredeemed(row: Unredeemed) -> Todo:
    return Todo(
        title=row.policy,
        note=f"{row.count} 笔奖补逾期未兑现，合计 {row.amount} 元；核实后可以取消，释放预算",
        at=f"兑现截止 {row.closed}",
        action="办理",
        href=PUBLICITY.url(nid=row.publicity_id),
        tone="orange",
        tag="逾期未兑现",
    )


def _application(row: PolicyApplication) -> Todo:
    return Todo(
        title=f"{row.org_name} · {row.policy_name}",
        note=f"{stage_of(row).label} · 申请 {yuan(row.asked_fen)} 元",
        at=policy_clock.text(row),
        action="办理",
        href=POLICY_REVIEW.url(aid=row.id),
        tone="red" if policy_clock.is_late(row) else "blue",
        tag="政策申请",
    )


def open_now(session: Session, actor: Actor) -> list[Tile]:
    """Return how many policies an actor who may apply could apply under now."""
    if not actor.may(Permission.POLICY_APPLY):
        return []
    count = policy_open.number(session, actor)
    return [tile("正在受理的奖补政策", count, POLICY_START.route, "green" if count else "grey", "项")]


def own(session: Session, actor: Actor) -> list[Todo]:
    """Return the actor's applications that came back for a correction, and the grants that can be redeemed now."""
    if not actor.may(Permission.POLICY_APPLY):
        return []
    returned = select(A).where(A.org_id == actor.org_id, A.status == Status.RETURNED.value)
    found = [
        Todo(
            title=row.policy_name,
            note=row.reason or "请按标记的栏目和材料补正后重新提交",
            at=f"请在 {policy_clock.correct_by(row)} 前补正",
            action="补正",
            href=POLICY_APPLICATION.url(aid=row.id),
            tone=TONES[Status.RETURNED],
            tag="政策申请需补正",
        )
        for row in session.exec(returned.order_by(col(A.id)).limit(MOST))
    ]
    return found + _redeemable(session, actor)


def _redeemable(session: Session, actor: Actor) -> list[Todo]:
    query = select(PolicyGrant).where(
        PolicyGrant.org_id == actor.org_id, PolicyGrant.state == GrantState.CONFIRMED.value
    )
    every = (policy_claim_list.own_row(session, g) for g in session.exec(query.order_by(col(PolicyGrant.id))))
    return [
        Todo(
            title=r.policy,
            note=f"奖补 {r.amount} 元 · {r.note or '请确认金额并填写收款账户'}",
            at=f"兑现时间 {r.window}",
            action=r.action,
            href=r.href or POLICY_CLAIMS.route,
            tone=OFFERS[r.action],
            tag=r.state if r.href else "政策兑现",
        )
        for r in islice((r for r in every if r.action in OFFERS), MOST)
    ]
