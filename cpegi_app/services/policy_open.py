"""Which policies are open to an organisation, which are not and why, and what its records would bring (manual §8.1)."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import POLICY_APPLICATION, Actor
from cpegi_app.models import Organisation, Policy, PolicyRecord
from cpegi_app.services import (
    policy_amount,
    policy_application,
    policy_budget,
    policy_check,
    policy_public,
    policy_records,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import wan
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.policy_public import PublicPolicy
from cpegi_app.services.policy_records import LOOKED_AT, Record
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import AmountRule, PolicyState, RecordSource

# Of policies whose window is over, or not there yet, so many are named with the reason.
MOST = 50


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


def offers(session: Session, actor: Actor) -> list[Offer]:
    """Return every current policy, those open to the actor first; the others with the reason."""
    policy_application.require(actor)
    org = session.get_one(Organisation, actor.org_id)
    query = select(Policy).where(Policy.state == PolicyState.PUBLISHED.value)
    found = list(session.exec(query.order_by(col(Policy.closes_at).desc()).limit(MOST)))
    listed = [_offer(session, actor, org, p) for p in found]
    return sorted(listed, key=lambda o: not o.open)


def _offer(session: Session, actor: Actor, org: Organisation, policy: Policy) -> Offer:
    assert policy.version_id
    d = definitions.of_version(session, policy.version_id)
    begun = policy_application.open_one(session, actor, policy.id or 0)
    reasons = [] if begun else _reasons(session, org, policy, d)
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
    found = []
    if why := definitions.closed_sentence(policy):
        found.append(why)
    found += policy_check.who_not(d, org, org.profile)
    _held, count = policy_budget.held_by(session, policy.id or 0, org.id or 0)
    if count >= d.most:
        found.append(f"每个单位最多申请 {d.most} 件，贵单位已申请 {count} 件")
    budget = policy_budget.of(session, policy.id or 0)
    if budget.total_fen is not None and budget.held_fen >= budget.total_fen:
        found.append("政策预算已用完")
    return found


# --- for me -------------------------------------------------------------------------------------------


def for_me(session: Session, actor: Actor) -> list[ForMe]:
    """Return, for each open policy that stands on records, what the own records would bring under it."""
    policy_application.require(actor)
    org, now = session.get_one(Organisation, actor.org_id), clock.now()
    query = select(Policy).where(
        Policy.state == PolicyState.PUBLISHED.value, col(Policy.opens_at) <= now, col(Policy.closes_at) > now
    )
    found = []
    for policy in session.exec(query.order_by(col(Policy.closes_at)).limit(10)).all():
        assert policy.version_id
        d = definitions.of_version(session, policy.version_id)
        if d.source and not policy_check.who_not(d, org, org.profile):
            panel = _panel(session, org, policy, d)
            if panel:
                found.append(panel)
    return found


def _panel(session: Session, org: Organisation, policy: Policy, d: Definition) -> ForMe | None:
    # All records, those outside the policy's dates too: they are told with their reason.
    everything = d.model_copy(update={"record_from": None, "record_to": None})
    records = policy_records.own(session, org, everything)
    if not records:
        return None
    claims = policy_records.claims(session, policy.id or 0, records)
    good, bad = _sorted(session, org, d, records, claims)
    held, _count = policy_budget.held_by(session, policy.id or 0, org.id or 0)
    amount = policy_amount.compute(d, [r.facts() for r in good[: d.record_most]], {}, held)
    return ForMe(
        policy_id=policy.id or 0,
        policy=d.name,
        sentence=_sentence(d, records, good, amount),
        why=[f"{count} 笔：{why}" for why, count in bad.most_common(5)],
        keys=",".join(r.key for r in good[: d.record_most]),
        good=len(good),
    )


def _sorted(
    session: Session,
    org: Organisation,
    d: Definition,
    records: list[Record],
    claims: dict[tuple[str, int], PolicyRecord],
) -> tuple[list[Record], Counter[str]]:
    good: list[Record] = []
    bad: Counter[str] = Counter()
    for r in records:
        why = _short_reason(d, r, org)
        claim = claims.get((r.source, r.root_id))
        if not why and claim:
            mine = claim.org_id == org.id
            why = "本单位已在该政策下使用" if mine else "对方已在该政策下先行使用"
        if not why and d.rule != AmountRule.FIXED and (line := policy_amount.line_of(d, r.facts())).missing:
            why = line.missing
        if why:
            bad[why] += 1
        else:
            good.append(r)
    return good, bad


def _short_reason(d: Definition, r: Record, org: Organisation) -> str:
    """Return why not in words that are the same for many records, so that they can be counted."""
    if d.record_from and r.on < d.record_from:
        return f"日期早于 {d.record_from}"
    if d.record_to and r.on > d.record_to:
        return f"日期晚于 {d.record_to}"
    return policy_records.why_not(d, r, org)


def _sentence(
    d: Definition, records: list[Record], good: list[Record], amount: policy_amount.Calculation
) -> str:
    what = RecordSource.label_of(d.source)
    many = f"最近 {LOOKED_AT} 笔" if len(records) >= LOOKED_AT else f"{len(records)} 笔"
    rest = len(records) - len(good)
    text = f"贵单位已备案{what} {many}，其中 {len(good)} 笔符合“{d.name}”"
    if good and not amount.missing:
        text += f"，约可申请 {wan(amount.amount_fen)} 万元"
        if len(good) > d.record_most:
            text += f"（每件最多选取 {d.record_most} 笔）"
    return text + (f"；{rest} 笔不符合。" if rest else "。")
