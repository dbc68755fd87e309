"""政策申请: begin, keep, choose records, send, withdraw; the flow (manual §8.1)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import POLICY_APPLICATION, POLICY_REVIEW, Actor, Permission, Role
from cpegi_app.errors import Conflict, DomainError, FormInvalid, NotFound
from cpegi_app.models import Organisation, Policy, PolicyApplication
from cpegi_app.services import (
    files,
    notices,
    policy_budget,
    policy_check,
    policy_clock,
    policy_decision,
    policy_describe,
    policy_formats,
    policy_records,
    policy_untouched,
    review,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.ids import is_id
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_check import Checked
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.policy_places import LOCKED, merged, places, said_to
from cpegi_app.services.policy_records import Record
from cpegi_app.services.review import Flow, Slot, Stage
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import AmountKind, BudgetMoment, PolicyStage, PolicyState, QuestionKind

NAME = policy_check.FLOW
DROPPED = "该申请现在按政策的新版本办理，不再需要这项材料，请刷新页面后重试。"


def require(actor: Actor) -> None:
    """Refuse who may not apply."""
    review.require(FLOW, actor)


# --- begin and keep -----------------------------------------------------------------------------------


def published(session: Session, policy_id: int) -> Policy:
    """Return a policy that has been published; any other does not exist."""
    policy = session.get(Policy, policy_id) if is_id(policy_id) else None
    if policy is None or policy.version_id is None or policy.state == PolicyState.DRAFT:
        raise NotFound("政策")
    return policy


def open_one(session: Session, actor: Actor, policy_id: int) -> PolicyApplication | None:
    """Return the organisation's open application under a policy."""
    query = select(PolicyApplication).where(
        PolicyApplication.org_id == actor.org_id,
        PolicyApplication.policy_id == policy_id,
        col(PolicyApplication.status).in_([s.value for s in review.OPEN]),
    )
    return session.exec(query).first()


def start(session: Session, actor: Actor, policy_id: int, keys: str = "") -> PolicyApplication:
    """Return the open application under a policy, begun when there is none; `keys` are records to begin with."""
    require(actor)
    policy = published(session, policy_id)
    row = open_one(session, actor, policy_id)
    if row is None:
        if why := definitions.closed_sentence(policy):
            raise DomainError(f"{why}。请在“奖补政策”中查看其他开放的政策。")
        row = _begin(session, actor, policy)
    if keys and row.status in review.EDITABLE:
        add_records(session, actor, row, keys)
    return row


def _begin(session: Session, actor: Actor, policy: Policy) -> PolicyApplication:
    assert policy.version_id
    d = definitions.of_version(session, policy.version_id)
    _held, count = policy_budget.held_by(session, policy.id or 0, actor.org_id or 0)
    if why := policy_budget.too_many(d, count):
        raise DomainError(f"{why}。")
    org = session.get_one(Organisation, actor.org_id)
    profile = org.profile
    row = PolicyApplication(
        org_id=actor.org_id or 0,
        policy_id=policy.id or 0,
        version_id=policy.version_id,
        policy_name=d.name,
        org_name=org.name,
        promise_days=d.promise_days,
        people=policy.people,
        data={"contact": profile.get("contact", ""), "phone": profile.get("mobile", "")},
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        # A colleague began at the same moment: theirs is the one.
        found = open_one(session, actor, policy.id or 0)
        if found is None:
            raise
        return found
    return row


def load_own(session: Session, actor: Actor, row_id: int) -> tuple[PolicyApplication, Policy, Definition]:
    """Return an own application with its policy and the definition it follows."""
    row = review.load_own(session, FLOW, actor, row_id)
    policy = session.get_one(Policy, row.policy_id)
    return row, policy, definitions.of_version(session, row.version_id)


def save(session: Session, actor: Actor, row_id: int, version: int, typed: dict[str, str]) -> int:
    """Keep what was typed (the whole form, or one field that was left); return the new version."""
    row, _policy, d = load_own(session, actor, row_id)
    data = merged(session, row, d, row.data, {k: v for k, v in typed.items() if k != "records"})
    if data == row.data and row.status in review.EDITABLE and row.version == version:
        return row.version
    return review.save_draft(session, FLOW, actor, row_id, version, data).version


def adopt(session: Session, actor: Actor, row_id: int, version: int, *, of: int = 0) -> int:
    """Move a draft to the policy's newest version (改用新版本); the page has said what changes, by the version `of`."""
    row, policy, _d = load_own(session, actor, row_id)
    if row.status != Status.DRAFT or policy.version_id in (None, row.version_id):
        raise Conflict("只有尚未提交的申请可以改用新版本。请刷新页面查看最新状态。")
    if of and of != policy.version_id:
        raise Conflict("政策又有更新，请再次点击“改用新版本”查看变化后确认。")
    new = definitions.of_version(session, policy.version_id or 0)
    lost = unwanted(session, row, policy)
    for kept in files.own_listing(session, actor, NAME, row_id):
        if kept.slot in lost:
            files.remove(session, actor, kept.id)
    more = {"version_id": policy.version_id, "policy_name": new.name, "people": policy.people}
    return review.save_draft(session, FLOW, actor, row_id, version, row.data, **more).version


def unwanted(session: Session, row: PolicyApplication, policy: Policy) -> dict[str, str]:
    """Return the uploads of a draft for which the policy's newest version has no place, by code, with their names."""
    now = definitions.of_version(session, row.version_id).uploads()
    new = definitions.of_version(session, policy.version_id or 0).uploads()
    present = files.slots_of(session, NAME, row.id or 0)
    return {code: now.get(code, code) for code in sorted(present - set(new))}


# --- records ------------------------------------------------------------------------------------------


def choose(session: Session, actor: Actor, row_id: int, version: int, keys: str, *, chosen: bool) -> int:
    """Choose records or take them away; return the new version."""
    row, _policy, d = load_own(session, actor, row_id)
    if places(session, row, d).locked("records"):
        raise Conflict(LOCKED)
    now = policy_records.parse_keys(row.data.get("records", ""))
    named = policy_records.parse_keys(keys)
    if chosen:
        _choosable(session, actor, row, d, [k for k in named if k not in now])
        now += [k for k in named if k not in now]
    else:
        now = [k for k in now if k not in named]
    if now == policy_records.parse_keys(row.data.get("records", "")):
        return row.version
    if len(now) > max(d.record_most, 1):
        raise DomainError(f"该政策每件申请最多选取 {d.record_most} 笔记录，请先移除不需要的记录。")
    return _keep_records(session, actor, row, version, now)


def _keep_records(
    session: Session, actor: Actor, row: PolicyApplication, version: int, keys: list[tuple[str, int]]
) -> int:
    data = row.data | {"records": ",".join(f"{s}:{i}" for s, i in keys)}
    return review.save_draft(session, FLOW, actor, row.id or 0, version, data).version


def _choosable(
    session: Session, actor: Actor, row: PolicyApplication, d: Definition, keys: list[tuple[str, int]]
) -> None:
    """Refuse records that cannot be chosen, with the reason; a foreign one reads like an absent one."""
    org = session.get_one(Organisation, actor.org_id)
    found = policy_records.get(session, keys)
    if len(found) != len(keys) or any(not policy_records.is_own(r, org, "EITHER") for r in found):
        raise NotFound("记录")
    claims = policy_records.claims(session, row.policy_id, found)
    for record in found:
        why = policy_records.why_not(d, record, org)
        claim = claims.get((record.source, record.root_id))
        if not why and claim:
            why = policy_records.used_sentence(session, claim, record, org.id or 0, row.id or 0)
        if why:
            raise DomainError(f"{record.title}不能选取：{why}。")


def add_records(session: Session, actor: Actor, row: PolicyApplication, keys: str) -> None:
    """Begin with records: what cannot be chosen is left out, what is over the limit too."""
    d = definitions.of_version(session, row.version_id)
    if places(session, row, d).locked("records"):
        raise Conflict(LOCKED)
    org = session.get_one(Organisation, actor.org_id)
    now = policy_records.parse_keys(row.data.get("records", ""))
    found = policy_records.get(session, [k for k in policy_records.parse_keys(keys) if k not in now])
    claims = policy_records.claims(session, row.policy_id, found, but=row.id or 0)
    good = [
        (r.source, r.id)
        for r in found
        if not policy_records.why_not(d, r, org) and (r.source, r.root_id) not in claims
    ]
    if good:
        _keep_records(session, actor, row, row.version, (now + good)[: d.record_most])


# --- check, send --------------------------------------------------------------------------------------


def checked(session: Session, actor: Actor, row_id: int) -> tuple[PolicyApplication, Checked]:
    """Return an own application with everything that it lacks: 提交前检查."""
    row, policy, d = load_own(session, actor, row_id)
    return row, _check(session, row, policy, d, row.data)


def _check(
    session: Session, row: PolicyApplication, policy: Policy, d: Definition, data: dict[str, str]
) -> Checked:
    org = session.get_one(Organisation, row.org_id)
    found = policy_check.check(session, row, policy, d, org, data)
    policy_untouched.judge(session, row, d, org, data, found)
    return found


def submit(session: Session, actor: Actor, row_id: int, version: int, typed: dict[str, str], key: str) -> Any:
    """Send the application with what is on the page."""
    row, _policy, d = load_own(session, actor, row_id)
    data = merged(session, row, d, row.data, {k: v for k, v in typed.items() if k != "records"})
    more: dict[str, Any] = {"values": {"data": data}, "comment": said_to(data)}
    return review.act(session, FLOW, actor, row_id, Action.SUBMIT, version, key=key, **more)


def withdraw(session: Session, actor: Actor, row_id: int, version: int) -> None:
    """撤回 until somebody has begun; 放弃申请 of what was returned: it holds nothing any more."""
    row = review.load_own(session, FLOW, actor, row_id)
    comment = "放弃补正" if row.status == Status.RETURNED else ""
    review.act(session, FLOW, actor, row_id, Action.WITHDRAW, version, comment=comment)


def _before_submit(session: Session, actor: Actor, row: Any, payload: review.Payload) -> dict[str, Any]:
    policy = session.get_one(Policy, row.policy_id)
    session.refresh(policy)
    d = definitions.of_version(session, row.version_id)
    org = session.get_one(Organisation, row.org_id)
    stored = session.exec(select(PolicyApplication.data).where(PolicyApplication.id == row.id)).one()
    data = merged(session, row, d, dict(stored), row.data)
    found = _check(session, row, policy, d, data)
    if found.findings:
        raise FormInvalid(found.errors())
    try:
        changes = _take(session, row, policy, d, found)
    except policy_budget.OverLimit as refusal:
        raise FormInvalid({refusal.field: refusal.message}, refusal.message) from None
    computed, asked = found.calculation.amount_fen, found.asked_fen
    steps = "；".join([*(x.text for x in found.calculation.lines[:5]), *found.calculation.steps])
    policy_decision.note_amount(session, row.id, AmountKind.COMPUTED, computed, None, steps)
    policy_decision.note_amount(session, row.id, AmountKind.ASKED, asked, actor, f"申请 {yuan(asked)} 元")
    return changes | {
        "data": data,
        "profile": dict(org.profile) | {"name": org.name, "credit_code": org.credit_code or ""},
        "org_name": org.name,
        "calculation": policy_check.summary_of(found) | policy_describe.kept_before(row, org),
        "asked_fen": asked,
        "computed_fen": computed,
        "reviewed_fen": None,
        # Who asked for a correction has begun: it stays so when the application comes back.
        "begun_at": row.begun_at if row.status == Status.RETURNED else None,
    }


def _take(session: Session, row: Any, policy: Policy, d: Definition, found: Checked) -> dict[str, Any]:
    """Claim the records, the applicant's place and the budget's part; the budget comes last."""
    _claim(session, row, found)
    first = row.status == Status.DRAFT
    hold = found.asked_fen if d.budget_at == BudgetMoment.SUBMIT else 0
    delta = hold - row.held_fen
    count = 0 if row.is_counted else 1
    policy_budget.move_tally(session, d, row.policy_id, row.org_id, delta, count)
    changes: dict[str, Any] = {"held_fen": hold, "is_counted": True}
    changes |= policy_decision.clock_of(row, Action.SUBMIT, d.promise_days)
    if not first:
        if delta:
            policy_budget.move_budget(session, row.policy_id, delta)
        return changes
    number = _received(session, row, delta)
    # Those before us held the budget's row: what counts is the policy and the moment at which it was ours.
    session.refresh(policy)
    now = clock.now()
    if why := definitions.closed_sentence(policy, now):
        raise FormInvalid(
            {"policy": f"{why}。已填写的内容保留为草稿"}, f"{why}，未能受理。已填写的内容保留为草稿。"
        )
    # Who is named later is written to what has been received by who names them.
    return changes | {"receipt_no": number, "received_at": now, "people": policy.people}


def _received(session: Session, row: Any, delta_fen: int) -> str:
    """Hold the budget's part; return the receipt number: the old one for what was withdrawn and is sent again."""
    if row.receipt_no:
        policy_budget.move_budget(session, row.policy_id, delta_fen)
        return row.receipt_no
    number = policy_budget.receipt(session, row.policy_id, delta_fen)
    return f"ZC{row.policy_id:04d}-{clock.today().year}-{number:06d}"


def _claim(session: Session, row: Any, found: Checked) -> None:
    amounts = {line.key: line.amount_fen for line in found.calculation.lines}
    held = {(r.source, r.record_id) for r in policy_budget.held_records(session, row.id)}
    wanted = {(r.source, r.id) for r in found.records}
    # What was corrected meanwhile is let go and taken anew: the trail shows what was said before and what holds.
    policy_budget.release(session, row.id, but=held & wanted)
    new = [(r, amounts.get(r.key, 0)) for r in found.records if (r.source, r.id) not in held]
    lost = policy_budget.claim(session, row.policy_id, row.id, row.org_id, new)
    policy_budget.set_amounts(
        session, row.id, {(r.source, r.root_id): amounts.get(r.key, 0) for r in found.records}
    )
    if lost:
        raise FormInvalid({"records": "；".join(_lost(session, row, r) for r in lost)})


def _lost(session: Session, row: Any, record: Record) -> str:
    claim = policy_records.claims(session, row.policy_id, [record]).get((record.source, record.root_id))
    if claim is None:
        return f"{record.title}：刚被另一份申请使用，请移除后再提交"
    why = policy_records.used_sentence(session, claim, record, row.org_id, row.id)
    return f"{record.title}：{why}"


# --- the flow -----------------------------------------------------------------------------------------


def stage(of: PolicyStage) -> Stage:
    """Return a stage in which the people named by the policy act, or every reviewer when nobody is named."""

    def is_party(actor: Actor, row: Any) -> bool:
        named = policy_decision.people_of(row, of)
        return actor.role is Role.STAFF and (not named or actor.user_id in named)

    def users(session: Session, row: Any) -> list[int]:
        return policy_decision.people_of(row, of, session) or notices.staff(session)

    return Stage(of.value, of.label, Permission.POLICY_REVIEW, is_party, users)


def _slots(session: Session, row: Any) -> dict[str, Slot]:
    d = definitions.of_version(session, row.version_id)
    at = places(session, row, d)

    def closed(code: str) -> str:
        return LOCKED if at.locked(f"file_{code}") else ""

    found = {m.code: Slot(m.name, closed(m.code), policy_formats.kinds(m.formats)) for m in d.materials}
    asked = (q for q in d.questions if q.kind == QuestionKind.FILE)
    found |= {q.code: Slot(q.title, closed(q.code)) for q in asked}
    # What was sent under an earlier version keeps its name.
    dropped = definitions.dropped_uploads(session, row.version_id)
    return found | {code: Slot(name, DROPPED) for code, name in dropped.items()}


FLOW = review.register(
    Flow(
        name=NAME,
        label="政策申请",
        model=PolicyApplication,
        submit=Permission.POLICY_APPLY,
        submit_screen=POLICY_APPLICATION,
        review_screen=POLICY_REVIEW,
        title=lambda s, row: row.policy_name,
        describe=policy_describe.describe,
        submitter_href=lambda row: POLICY_APPLICATION.url(aid=row.id),
        reviewer_href=lambda row: POLICY_REVIEW.url(aid=row.id),
        stages=(stage(PolicyStage.FORMAL), stage(PolicyStage.BUSINESS)),
        decisions=(Action.APPROVE, Action.RETURN, Action.REJECT),
        before_submit=_before_submit,
        before_approve=policy_decision.before_approve,
        after_approve=policy_decision.after_approve,
        before_drop=policy_decision.before_drop,
        has_begun=lambda row: row.begun_at is not None,
        gives_up=True,
        is_overdue=policy_clock.is_uncorrected,
        slots=_slots,
        outcome={Action.APPROVE: "申请已通过审核，公示无异议后可申请兑现。"},
    )
)
