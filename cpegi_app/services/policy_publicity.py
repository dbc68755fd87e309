"""公示: approved applications published for the policy's days, objections, confirmation (manual §8.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import (
    POLICY_CLAIMS,
    POLICY_REVIEW,
    POLICY_TRAIL,
    PUBLIC_POLICY,
    PUBLIC_PUBLICITY,
    Actor,
)
from cpegi_app.errors import Conflict, DomainError, NotFound
from cpegi_app.models import Objection, Policy, PolicyApplication, PolicyGrant, Publicity, PublicityEntry
from cpegi_app.services import notices, policy_people, policy_standing
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import normalise
from cpegi_app.services.ids import is_id
from cpegi_app.services.lists import Filters, order_by
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_publicity_rows import Entry, Preview, PublicityRow, WaitingPolicy
from cpegi_app.vocabulary.policy import GRANT_TONES, GrantState, ObjectionState, PolicyStage

A, G = PolicyApplication, PolicyGrant
STAGE = PolicyStage.BUSINESS


def load(session: Session, actor: Actor, publicity_id: int) -> Publicity:
    """Return a publication for the staff who act on it."""
    policy_people.require(actor, STAGE)
    row = session.get(Publicity, publicity_id) if is_id(publicity_id) else None
    if row is None:
        raise NotFound("公示")
    if row.policy_id not in policy_people.policies(session, actor, STAGE):
        raise NotFound("公示")
    return row


def _days(session: Session, versions: Iterable[int]) -> int:
    """Return for how many days to publish: as long as any of the versions applied under has promised."""
    return max(definitions.of_version(session, v).publicity_days for v in versions)


# --- what waits, and publishing -----------------------------------------------------------------------


def waiting(session: Session, actor: Actor) -> list[WaitingPolicy]:
    """Return the policies with approved applications that wait for their publication."""
    policy_people.require(actor, STAGE)
    mine = policy_people.policies(session, actor, STAGE)
    figures: Any = select(G.policy_id, A.version_id, func.count(), func.sum(G.amount_fen))  # pyright: ignore
    query = (
        figures.where(G.state == GrantState.WAITING.value, col(G.policy_id).in_(mine))
        .join(A, A.id == G.application_id)
        .group_by(col(G.policy_id), col(A.version_id))
        .order_by(col(G.policy_id))
    )
    found = []
    for policy_id, rows in groupby(session.exec(query), key=itemgetter(0)):
        _, versions, counts, amounts = zip(*rows, strict=True)
        more = {"count": sum(counts), "amount": yuan(int(sum(amounts))), "days": _days(session, versions)}
        name = session.get_one(Policy, policy_id).name
        found.append(WaitingPolicy(id=policy_id, name=name, **more))
    return found


def unpublished(session: Session, actor: Actor) -> int:
    """Return how many approved applications wait for their publication."""
    policy_people.require(actor, STAGE)
    mine = policy_people.policies(session, actor, STAGE)
    query = select(func.count()).select_from(G)
    return session.exec(query.where(G.state == GrantState.WAITING.value, col(G.policy_id).in_(mine))).one()


def _grants(session: Session, policy_id: int) -> list[PolicyGrant]:
    query = select(G).where(G.policy_id == policy_id, G.state == GrantState.WAITING.value)
    return list(session.exec(query.order_by(col(G.id))))


def _acts_on(session: Session, actor: Actor, policy_id: int) -> Policy:
    policy_people.require(actor, STAGE)
    policy = session.get(Policy, policy_id) if is_id(policy_id) else None
    if policy is None or policy.version_id is None:
        raise NotFound("政策")
    policy_people.refuse_outsider(session, actor, policy.people, STAGE)
    return policy


def preview(session: Session, actor: Actor, policy_id: int) -> Preview:
    """Return what would be published of a policy today."""
    policy, found = _acts_on(session, actor, policy_id), _grants(session, policy_id)
    if not found:
        raise Conflict("该政策没有待公示的申请，请刷新页面查看。")
    total = sum(g.amount_fen for g in found)
    return Preview(
        policy_id=policy_id,
        title=f"{policy.name}拟奖补名单",
        starts_on=f"{clock.today()}",
        ends_on=f"{_last_day(session, policy_id)}",
        rows=[
            Entry(id=g.id or 0, grant_id=g.id or 0, org=g.org_name, amount=yuan(g.amount_fen))
            for g in found[:100]
        ],
        more=max(0, len(found) - 100),
        count=len(found),
        amount=yuan(total),
        total_fen=total,
    )


def _last_day(session: Session, policy_id: int) -> date:
    waits = (G.policy_id == policy_id, G.state == GrantState.WAITING.value)
    query = select(A.version_id).join(G, col(G.application_id) == A.id).where(*waits).distinct()
    return clock.today() + timedelta(days=_days(session, session.exec(query)) - 1)


def publish(session: Session, actor: Actor, policy_id: int, count: int, total_fen: int) -> int:
    """Publish what waits, if it still is what was seen; return the publication's id."""
    policy = _acts_on(session, actor, policy_id)
    one_at_a_time(session, "publicity", policy_id)
    found = _grants(session, policy_id)
    if not found or (len(found), sum(g.amount_fen for g in found)) != (count, total_fen):
        raise Conflict("待公示的名单刚有变化，请重新打开核对后再发布。")
    row = Publicity(
        policy_id=policy_id,
        title=f"{policy.name}拟奖补名单",
        starts_on=clock.today(),
        ends_on=_last_day(session, policy_id),
        published_by=actor.user_id,
    )
    session.add(row)
    session.flush()
    done = session.exec(
        update(G)
        .where(col(G.id).in_([g.id for g in found]), col(G.state) == GrantState.WAITING.value)
        .values(state=GrantState.PUBLIC.value, publicity_id=row.id, updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != len(found):
        raise Conflict("待公示的名单刚有变化，请重新打开核对后再发布。")
    for g in found:
        values = {"org_name": g.org_name, "amount_fen": g.amount_fen}
        session.add(PublicityEntry(publicity_id=row.id or 0, grant_id=g.id or 0, **values))
        text = f"公示期 {row.starts_on} 至 {row.ends_on}，公示无异议后可申请兑现。"
        users, href = notices.users_of(session, g.org_id), PUBLIC_PUBLICITY.url(nid=row.id)
        notices.notify(session, users, f"奖补公示：{policy.name}", text, href, "orange")
    policy_people.note(
        session, actor, "policy.publicity", f"publicity:{row.id}", f"{row.title}，{len(found)} 件"
    )
    session.flush()
    return row.id or 0


# --- lists --------------------------------------------------------------------------------------------


# Where a publication stands, as the query bar offers it.
STANDS = {"OPEN": "公示中", "OVER": "公示期满，待确认", "CLOSED": "公示已结束"}
SORTS = {"starts": col(Publicity.starts_on), "ends": col(Publicity.ends_on)}
NAME_SORTS = {"amount": col(PublicityEntry.amount_fen), "org": col(PublicityEntry.org_name)}


def listing(
    session: Session, actor: Actor, *, filters: Filters | None = None, page: int = 1, size: int = 10
) -> tuple[list[PublicityRow], int]:
    """Return one page of the publications that the actor acts on, newest first; `filters`: word, state, sort."""
    policy_people.require(actor, STAGE)
    mine = policy_people.policies(session, actor, STAGE)
    return _page(session, [col(Publicity.policy_id).in_(mine)], filters or {}, page, size)


def public_listing(
    session: Session, *, filters: Filters | None = None, page: int = 1, size: int = 10
) -> tuple[list[PublicityRow], int]:
    """Return one page of the publications as everybody reads them, newest first."""
    found, total = _page(session, [], filters or {}, page, size)
    return [_for_all(row) for row in found], total


def _for_all(row: PublicityRow) -> PublicityRow:
    """Return a publication without what only the staff reads."""
    return row.model_copy(update={"open_objections": 0})


def _page(
    session: Session, where: list[Any], filters: Filters, page: int, size: int
) -> tuple[list[PublicityRow], int]:
    closed, over = col(Publicity.closed_at).is_not(None), col(Publicity.ends_on) < clock.today()
    if (state := filters.get("state", "")) in STANDS:
        where.append({"OPEN": ~closed & ~over, "OVER": ~closed & over, "CLOSED": closed}[state])
    if word := normalise(filters.get("word", "")):
        where.append(col(Publicity.title).contains(word, autoescape=True))
    total = session.exec(select(func.count()).select_from(Publicity).where(*where)).one()
    query = select(Publicity).where(*where).order_by(*order_by(SORTS, filters.get("sort", ""), Publicity))
    return [row_of(session, p) for p in session.exec(query.offset((page - 1) * size).limit(size))], total


def row_of(session: Session, p: Publicity) -> PublicityRow:
    """Return a publication as lists show it."""
    holds = col(G.state) != GrantState.REVOKED.value
    amounts = func.coalesce(func.sum(col(PublicityEntry.amount_fen)).filter(holds), 0)
    figures: Any = select(func.count(), func.count().filter(holds), amounts)  # pyright: ignore
    query = figures.select_from(PublicityEntry).join(G, col(G.id) == PublicityEntry.grant_id)
    names, count, amount = session.exec(query.where(PublicityEntry.publicity_id == p.id)).one()
    over = not p.closed_at and p.ends_on < clock.today()
    stands = "CLOSED" if p.closed_at else "OVER" if over else "OPEN"
    state, tone = STANDS[stands], {"CLOSED": "grey", "OVER": "blue", "OPEN": "orange"}[stands]
    policy = session.get_one(Policy, p.policy_id)
    d = definitions.of_version(session, policy.version_id or 0)
    return PublicityRow(
        id=p.id or 0,
        title=p.title,
        policy=policy.name,
        department=d.department,
        phone=d.phone,
        policy_href=PUBLIC_POLICY.url(pid=policy.id),
        starts_on=p.starts_on.isoformat(),
        ends_on=p.ends_on.isoformat(),
        state=state,
        tone=tone,
        count=count,
        amount=yuan(int(amount)),
        revoked=names - count,
        open_objections=len(open_objections(session, p.id or 0)),
        open=p.closed_at is None,
        over=over,
        href=PUBLIC_PUBLICITY.url(nid=p.id),
    )


def open_objections(session: Session, publicity_id: int) -> list[Objection]:
    """Return the objections to a publication that nobody has decided yet."""
    query = select(Objection).where(
        Objection.publicity_id == publicity_id, Objection.state == ObjectionState.OPEN.value
    )
    return list(session.exec(query))


def is_disputed(session: Session, grant: PolicyGrant) -> bool:
    """Tell whether an objection to a grant, or to the whole list in which it was published, is not decided yet."""
    found = open_objections(session, grant.publicity_id or 0)
    return any(o.grant_id in (None, grant.id) for o in found)


def public_one(
    session: Session,
    publicity_id: int,
    *,
    filters: Filters | None = None,
    page: int = 1,
    size: int = 20,
    more: Sequence[Any] = (),
) -> tuple[PublicityRow, list[Entry], int]:
    """Return a publication with one page of its names, as everybody reads it; `filters`: word, sort."""
    row = session.get(Publicity, publicity_id) if is_id(publicity_id) else None
    if row is None:
        raise NotFound("公示")
    filters, where = filters or {}, [col(PublicityEntry.publicity_id) == row.id, *more]
    if word := normalise(filters.get("word", "")):
        where.append(col(PublicityEntry.org_name).contains(word, autoescape=True))
    names = select(func.count()).select_from(PublicityEntry).join(G, col(G.id) == PublicityEntry.grant_id)
    total = session.exec(names.where(*where)).one()
    order = order_by(NAME_SORTS, filters.get("sort", ""), PublicityEntry, col(PublicityEntry.id))
    query = select(PublicityEntry, G.state).join(G, col(G.id) == PublicityEntry.grant_id)
    query = query.where(*where).order_by(*order).offset((page - 1) * size).limit(size)
    entries = []
    for e, state in session.exec(query):
        entry = Entry(id=e.id or 0, grant_id=e.grant_id, org=e.org_name, amount=yuan(e.amount_fen))
        if state == GrantState.REVOKED:
            entry.state, entry.tone = GrantState.REVOKED.label, GRANT_TONES[state]
        entries.append(entry)
    return _for_all(row_of(session, row)), entries, total


def entries(
    session: Session,
    actor: Actor,
    publicity_id: int,
    *,
    filters: Filters | None = None,
    page: int = 1,
    size: int = 20,
) -> tuple[list[Entry], int]:
    """Return one page of a publication's names with where each grant stands, for the staff."""
    row = load(session, actor, publicity_id)
    more = policy_standing.where(session, filters or {}, G.publicity_id == row.id)
    _shown, found, total = public_one(session, row.id or 0, filters=filters, page=page, size=size, more=more)
    grants = {g.id: g for g in session.exec(select(G).where(col(G.id).in_([e.grant_id for e in found])))}
    told = policy_standing.told(session, list(grants.values()))
    objected = {o.grant_id for o in open_objections(session, row.id or 0)}
    for e in found:
        grant = grants[e.grant_id]
        e.state, e.tone, _ = told[e.grant_id]
        e.public, e.confirmed = grant.state == GrantState.PUBLIC, grant.state == GrantState.CONFIRMED
        number = grant.application_id
        if e.public and objected & {None, e.grant_id}:
            e.disputed = "有异议待处理" if e.grant_id in objected else "整个名单有异议待处理"
        e.application, e.trail = POLICY_REVIEW.url(aid=number), POLICY_TRAIL.url(aid=number)
    return found, total


# --- confirmation -------------------------------------------------------------------------------------


def confirm(session: Session, actor: Actor, publicity_id: int) -> int:
    """确认 what nobody objects to, once the days are over; return how many grants may be redeemed now."""
    row = load(session, actor, publicity_id)
    one_at_a_time(session, "publicity", row.policy_id)
    session.refresh(row)
    if row.closed_at:
        raise Conflict("这次公示已经确认完毕，无需重复确认。")
    if clock.today() <= row.ends_on:
        raise DomainError(f"公示期至 {row.ends_on} 结束，期满后才能确认。")
    objections = open_objections(session, row.id or 0)
    if any(o.grant_id is None for o in objections):
        raise DomainError("有针对整个名单的异议尚未处理，请先处理异议后再确认。")
    held = {o.grant_id for o in objections}
    query = select(G).where(G.publicity_id == row.id, G.state == GrantState.PUBLIC.value)
    every = list(session.exec(query.order_by(col(G.id))))
    free = [g for g in every if g.id not in held]
    if every and not free:
        raise DomainError("名单中的申请都有未处理的异议，请先处理异议后再确认。")
    _confirmed(session, row, free)
    if len(free) == len(every):
        row.closed_at = clock.now()
        session.add(row)
    policy_people.note(
        session, actor, "policy.confirm", f"publicity:{row.id}", f"{row.title}，{len(free)} 件"
    )
    return len(free)


def _confirmed(session: Session, row: Publicity, grants: list[PolicyGrant]) -> None:
    now = clock.now()
    done = session.exec(
        update(G)
        .where(col(G.id).in_([g.id for g in grants]), col(G.state) == GrantState.PUBLIC.value)
        .values(state=GrantState.CONFIRMED.value, confirmed_at=now, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != len(grants):
        raise Conflict("名单刚有变化，请刷新页面后重新确认。")
    policy = session.get_one(Policy, row.policy_id)
    window = definitions.window_text(policy.redeem_opens_at, policy.redeem_closes_at)
    for g in grants:
        head = f"可以申请兑现：{policy.name} {yuan(g.amount_fen)} 元"
        users = notices.users_of(session, g.org_id)
        notices.notify(session, users, head, f"兑现时间：{window}。", POLICY_CLAIMS.route, "green")
