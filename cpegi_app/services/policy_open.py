"""Which policies are open to an organisation, which are not and why, and what its records would bring (manual §8.1)."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import POLICY_APPLICATION, Actor
from cpegi_app.models import Organisation, Policy, PolicyApplication, PolicyVersion
from cpegi_app.services import (
    lists,
    policy_amount,
    policy_application,
    policy_budget,
    policy_check,
    policy_choice,
    policy_public,
    policy_records,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import normalise, wan
from cpegi_app.services.ids import is_id
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.policy_public import PublicPolicy
from cpegi_app.services.policy_records import Record
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import PolicyState, RecordSource

# The reasons are counted over so many records.
LOOKED_AT = 500
# To this much of 分 an amount is told that is only foreseen: two decimals of 万元.
ROUGH = 10_000
# So many policies are reckoned with the own records.
PANELS = 10


class Offer(PublicPolicy):
    """A policy as its possible applicant sees it."""

    open: bool = False
    reasons: list[str] = []
    begun_id: int = 0
    begun: str = ""
    href: str = ""
    records: str = ""


class ForMe(BaseModel):
    """What an open policy would pay on the organisation's own records."""

    policy_id: int
    policy: str
    sentence: str
    why: list[str]
    keys: str
    good: int
    # Why nothing can be asked for now, although records qualify.
    stop: str
    can_start: bool


def offers(
    session: Session, actor: Actor, *, word: str = "", page: int = 1, size: int = 50
) -> tuple[list[Offer], int]:
    """Return a page of the published policies with their number: those open to the actor on top, what is over last.

    Of the others each says why; what closes first comes first, of what is over the last.
    """
    policy_application.require(actor)
    org = session.get_one(Organisation, actor.org_id)
    word, first, now = normalise(word)[:40], (page - 1) * size, clock.now()
    named = [col(Policy.name).contains(word, autoescape=True)] if word else []
    open_ones, others = list[Policy](), list[Policy]()
    for policy, d in _defined(session, col(Policy.closes_at) > now, *named):
        (others if _whether(session, actor, org, policy, d)[1] else open_ones).append(policy)
    current = [*open_ones, *others]
    over = (col(Policy.state) == PolicyState.STOPPED.value) | (col(Policy.closes_at) <= now)
    past = [col(Policy.state).in_(policy_public.SHOWN), over, *named]
    total = len(current) + session.exec(select(func.count(col(Policy.id))).where(*past)).one()
    shown = current[first : first + size]
    if len(shown) < size:
        query = select(Policy).where(*past).order_by(col(Policy.closes_at).desc(), col(Policy.id).desc())
        shown += session.exec(query.offset(max(0, first - len(current))).limit(size - len(shown)))
    return [_offer(session, actor, org, p) for p in shown], total


def name_of(session: Session, actor: Actor, policy_id: int) -> str:
    """Return what a published policy is called, empty for any other."""
    policy_application.require(actor)
    policy = session.get(Policy, policy_id) if is_id(policy_id) else None
    return policy.name if policy and policy.state in policy_public.SHOWN else ""


def _defined(session: Session, *conditions: Any) -> list[tuple[Policy, Definition]]:
    """Return published policies as they are in force, what closes first on top."""
    query = (
        select(Policy, PolicyVersion)
        .join(PolicyVersion, col(PolicyVersion.id) == Policy.version_id)
        .where(Policy.state == PolicyState.PUBLISHED.value, *conditions)
    )
    found = session.exec(query.order_by(col(Policy.closes_at), col(Policy.id))).all()
    return [(p, definitions.read(version)) for p, version in found]


def _whether(
    session: Session, actor: Actor, org: Organisation, policy: Policy, d: Definition
) -> tuple[PolicyApplication | None, list[str]]:
    """Return what the actor has begun under a policy, and why it is not open to him."""
    begun = policy_application.open_one(session, actor, policy.id or 0)
    # What is on its way is judged no more; a draft can be sent only while the policy is open.
    if begun is not None:
        return begun, _closed(policy) if begun.status == Status.DRAFT else []
    return None, _reasons(session, org, policy, d)


def _offer(session: Session, actor: Actor, org: Organisation, policy: Policy) -> Offer:
    assert policy.version_id
    d = definitions.of_version(session, policy.version_id)
    begun, reasons = _whether(session, actor, org, policy, d)
    return Offer(
        **policy_public.short(session, policy).model_dump(),
        open=not reasons,
        reasons=reasons,
        begun_id=(begun.id or 0) if begun else 0,
        begun=Status.label_of(begun.status) if begun else "",
        href=POLICY_APPLICATION.url(aid=begun.id) if begun else "",
        records=definitions.records_text(d),
    )


def _reasons(session: Session, org: Organisation, policy: Policy, d: Definition) -> list[str]:
    """Return why a policy is not open to an organisation now."""
    return [*_closed(policy), *policy_check.who_not(d, org, org.profile), *_used_up(session, org, policy, d)]


def _closed(policy: Policy) -> list[str]:
    why = definitions.closed_sentence(policy)
    return [why] if why else []


def _used_up(session: Session, org: Organisation, policy: Policy, d: Definition) -> list[str]:
    """Return what is used up of a policy: the applicant's number of applications, the budget."""
    found = []
    _held, count = policy_budget.held_by(session, policy.id or 0, org.id or 0)
    if count >= d.most:
        found.append(f"每个单位最多申请 {d.most} 件，贵单位已申请 {count} 件")
    if policy_budget.left(session, policy.id or 0) == 0:
        found.append("政策预算已用完")
    return found


# --- for me -------------------------------------------------------------------------------------------


def for_me(session: Session, actor: Actor) -> list[ForMe]:
    """Return, for each open policy that stands on records, what the own records would bring under it."""
    policy_application.require(actor)
    org = session.get_one(Organisation, actor.org_id)
    panels = (_panel(session, org, policy, d) for policy, d in _meant_for(session, org) if d.source)
    return list(islice(filter(None, panels), PANELS))


def number(session: Session, actor: Actor) -> int:
    """Return how many policies are open now under which the actor's organisation may apply."""
    policy_application.require(actor)
    return len(_meant_for(session, session.get_one(Organisation, actor.org_id)))


def _meant_for(session: Session, org: Organisation) -> list[tuple[Policy, Definition]]:
    """Return the policies open now whose conditions an organisation meets, what closes first on top."""
    now = clock.now()
    defined = _defined(session, col(Policy.opens_at) <= now, col(Policy.closes_at) > now)
    return [(p, d) for p, d in defined if not policy_check.who_not(d, org, org.profile)]


def _panel(session: Session, org: Organisation, policy: Policy, d: Definition) -> ForMe | None:
    total, good = policy_choice.counts(session, org, d, policy.id or 0, 0)
    if not total:
        return None
    keys = policy_choice.usable(session, org, d, policy.id or 0, 0, d.record_most)
    stop = _stop(session, org, policy, d, len(keys))
    promise = "" if stop or not keys else _promise(session, org, policy, d, good, keys)
    rest = total - good
    text = f"贵单位已备案{RecordSource.label_of(d.source)} {policy_choice.many(total)}，"
    text += f"其中 {policy_choice.many(good)}符合“{d.name}”{promise}"
    return ForMe(
        policy_id=policy.id or 0,
        policy=d.name,
        sentence=text + (f"；{policy_choice.many(rest)}不符合。" if rest else "。"),
        why=_why(session, org, policy, d, total) if rest else [],
        keys=",".join(f"{source}:{i}" for source, i in keys),
        good=good,
        stop=stop,
        can_start=bool(keys) and not stop,
    )


def _stop(session: Session, org: Organisation, policy: Policy, d: Definition, usable: int) -> str:
    """Return why nothing can be asked for now with the records that can be used; empty when something can."""
    if why := _under_way(session, org, policy):
        return why
    if why := _used_up(session, org, policy, d):
        return why[0]
    held, _count = policy_budget.held_by(session, policy.id or 0, org.id or 0)
    cap = d.applicant_cap_fen
    if cap is not None and held >= cap:
        return f"每个申请单位合计最高 {wan(cap)} 万元，贵单位已占用 {yuan(held)} 元，没有余额"
    if 0 < usable < d.record_least:
        return f"每件申请最少选取 {d.record_least} 笔，现有 {usable} 笔符合条件"
    return ""


def _under_way(session: Session, org: Organisation, policy: Policy) -> str:
    """Say that an application has been received and is not decided yet: there is one at a time."""
    query = select(PolicyApplication.receipt_no, PolicyApplication.status).where(
        PolicyApplication.org_id == org.id,
        PolicyApplication.policy_id == policy.id,
        col(PolicyApplication.status).in_((Status.PENDING.value, Status.RETURNED.value)),
    )
    found = session.exec(query).first()
    if found is None:
        return ""
    if found[1] == Status.RETURNED:
        return f"贵单位的申请（受理编号 {found[0]}）正在补正，请在“政策申请”中补正后提交"
    return f"贵单位的申请（受理编号 {found[0]}）正在审核，同一政策须办结后才能再申请"


def _promise(
    session: Session, org: Organisation, policy: Policy, d: Definition, good: int, keys: list[tuple[str, int]]
) -> str:
    """Return what the records would bring now, within the cap and what is left of the budget."""
    held, _count = policy_budget.held_by(session, policy.id or 0, org.id or 0)
    records = [r.facts() for r in policy_records.get(session, keys)]
    found = policy_amount.compute(d, records, {}, held)
    if found.missing:
        return ""
    amount, notes = found.amount_fen, []
    if good > d.record_most:
        notes.append(f"每件最多选取 {d.record_most} 笔")
    left = policy_budget.left(session, policy.id or 0)
    if left is not None and amount > left:
        amount = left
        notes.append(f"政策预算剩余 {yuan(left)} 元")
    about = wan((amount + ROUGH // 2) // ROUGH * ROUGH) if amount >= ROUGH else wan(amount)
    return f"，约可申请 {about} 万元" + (f"（{'，'.join(notes)}）" if notes else "")


def _why(session: Session, org: Organisation, policy: Policy, d: Definition, total: int) -> list[str]:
    """Return the reasons for which records do not qualify, counted over the newest of them."""
    records = policy_choice.newest(session, org, d, LOOKED_AT)
    claims = policy_records.claims(session, policy.id or 0, records)
    bad: Counter[str] = Counter()
    for r in records:
        why = _short_reason(d, r, org)
        claim = claims.get((r.source, r.root_id))
        if not why and claim:
            why = "本单位已在该政策下使用" if claim.org_id == org.id else "对方已在该政策下先行使用"
        if why:
            bad[why] += 1
    among = f"最近 {LOOKED_AT} 笔中 " if total > LOOKED_AT else ""
    return [f"{among}{count} 笔：{why}" for why, count in bad.most_common(5)]


def _short_reason(d: Definition, r: Record, org: Organisation) -> str:
    """Return why not in words that are the same for many records, so that they can be counted."""
    if d.record_from and r.on < d.record_from:
        return f"日期早于 {d.record_from}"
    if d.record_to and r.on > d.record_to:
        return f"日期晚于 {d.record_to}"
    return policy_records.why_not(d, r, org)


OFFERS = lists.paged(
    "policy_offers",
    "可申请的政策",
    Policy,
    {
        "政策": lambda o: o.name,
        "类别": lambda o: o.category,
        "申报时间": lambda o: o.window,
        "适用对象": lambda o: o.who,
        "奖补标准": lambda o: o.paid,
        "能否申请": lambda o: "可以申请" if o.open else "；".join(o.reasons),
        "已开始的申请": lambda o: o.begun,
    },
    {},
    lambda session, actor, filters, page, size: offers(
        session, actor, word=filters.get("word", ""), page=page, size=size
    ),
)
