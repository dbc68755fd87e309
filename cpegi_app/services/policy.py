"""政策管理: policies written by the staff, drafts, templates, publication, versions (manual §8)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import POLICY_APPLICATION, Actor, Permission, Role
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import Policy, PolicyApplication, PolicyFile, PolicyVersion, User
from cpegi_app.services import (
    audit,
    notices,
    once,
    policy_base,
    policy_budget,
    policy_figures,
    policy_form,
    policy_news,
    policy_parse,
    policy_template,
    staff,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.files import Examined
from cpegi_app.services.forms import normalise
from cpegi_app.services.ids import is_id
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.policy_template import TemplateView
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import (
    POLICY_TONES,
    PolicyCategory,
    PolicyState,
)

# What the deletion of a draft and 复制 are noted as.
DISCARD, COPY = "policy.discard", "policy.copy"


class MaterialRow(BaseModel):
    """A material in the editor."""

    code: str
    number: int
    template: TemplateView = TemplateView()
    has_template: bool = False
    sample: TemplateView = TemplateView()
    has_sample: bool = False


class QuestionRow(BaseModel):
    """A question in the editor."""

    code: str
    number: int


class Person(BaseModel):
    """Somebody who may be named for a stage."""

    id: str
    name: str


class Editor(BaseModel):
    """What the editor of a policy opens."""

    id: int = 0
    version: int = 0
    state: str = ""
    state_label: str = ""
    tone: str = "grey"
    name: str = ""
    number: int = 0
    values: dict[str, str] = {}
    materials: list[MaterialRow] = []
    questions: list[QuestionRow] = []
    # What the drop-down of 基数取自问题 follows as it is typed, by name.
    told: list[str] = []
    people: list[Person] = []


def require(actor: Actor) -> None:
    """Refuse who may not manage policies."""
    staff.require(actor, Permission.POLICY_MANAGE)


def load(session: Session, actor: Actor, policy_id: int) -> Policy:
    """Return a policy for the staff."""
    require(actor)
    policy = session.get(Policy, policy_id) if is_id(policy_id) else None
    if policy is None:
        raise NotFound("政策")
    return policy


# --- drafts -------------------------------------------------------------------------------------------


def begin(session: Session, actor: Actor) -> Policy:
    """Return a new policy, or the own one that was begun and never touched."""
    require(actor)
    query = select(Policy).where(
        Policy.state == PolicyState.DRAFT.value,
        Policy.created_by == actor.user_id,
        col(Policy.updated_at).is_(None),
    )
    if found := session.exec(query).first():
        return found
    policy = Policy(id=_unused_id(session), draft=policy_form.fresh(), created_by=actor.user_id)
    session.add(policy)
    session.flush()
    return policy


def _unused_id(session: Session) -> int | None:
    return audit.unused_id(session, Policy, DISCARD, "policy")


def copy(session: Session, actor: Actor, policy_id: int, key: str = "") -> Policy:
    """Return a new draft with an existing policy's contents: the next year's begins with this year's.

    The same `key` again is the same copy.
    """
    source = load(session, actor, policy_id)
    if key and (made := once.subject_of(session, actor.user_id, COPY, key)):
        return session.get_one(Policy, made)
    dates = {k: "" for k in source.draft["values"] if k.endswith(("_on", "_time"))}
    name = f"{source.draft['values'].get('name', '')}（副本）"[:100]
    draft = {k: v for k, v in source.draft.items() if k != "published"}
    empty = {what: {} for what in policy_template.KEPT}
    draft |= {**empty, "values": source.draft["values"] | dates | {"name": name}}
    policy = Policy(id=_unused_id(session), draft=draft, name=name)
    policy.created_by, policy.updated_at = actor.user_id, clock.now()
    session.add(policy)
    session.flush()
    policy.draft = draft | policy_template.copied(session, actor, source.draft, policy)
    if key:
        once.done_before(session, actor.user_id, COPY, key, policy.id or 0)
    audit.record(session, actor, COPY, f"policy:{policy.id}", name)
    return policy


def editor(session: Session, actor: Actor, policy_id: int) -> Editor:
    """Return a policy for its editor."""
    policy = load(session, actor, policy_id)
    draft = policy.draft
    return Editor(
        id=policy.id or 0,
        version=policy.version,
        state=policy.state,
        state_label=PolicyState.label_of(policy.state),
        tone=POLICY_TONES[policy.state],
        # What is published is called as it was published, whatever its draft says.
        name=policy.name,
        number=policy.number,
        values=policy_form.values_of(draft),
        materials=[_material_row(session, draft, code, n) for n, code in enumerate(draft["materials"], 1)],
        questions=[QuestionRow(code=code, number=n) for n, code in enumerate(draft["questions"], 1)],
        told=policy_base.told(draft["questions"]),
        people=[Person(id=str(i), name=name) for i, name in staff_names(session).items()],
    )


def _material_row(session: Session, draft: dict[str, Any], code: str, number: int) -> MaterialRow:
    template, sample = (
        policy_template.view(session, policy_template.id_of(draft, what, code))
        for what in policy_template.KEPT
    )
    return MaterialRow(
        code=code,
        number=number,
        template=template,
        has_template=template.id > 0,
        sample=sample,
        has_sample=sample.id > 0,
    )


def staff_names(session: Session) -> dict[int, str]:
    """Return the enabled staff by id."""
    query = select(User.id, User.name).where(User.role == Role.STAFF.value, col(User.disabled_at).is_(None))
    return {i or 0: name or f"平台管理人员 {i}" for i, name in session.exec(query.order_by(col(User.id)))}


def names_of(session: Session, actor: Actor, policy_id: int) -> tuple[frozenset[str], dict[str, str]]:
    """Return the names that a policy's page may send, and their titles."""
    draft = load(session, actor, policy_id).draft
    return policy_form.names(draft), policy_form.titles(draft)


def save(session: Session, actor: Actor, policy_id: int, version: int, values: dict[str, str]) -> int:
    """Keep what was typed, valid or not; return the draft's new version."""
    policy = load(session, actor, policy_id)
    keep_draft(session, policy, version, {**policy.draft, "values": dict(values)})
    return policy.version


def add_row(
    session: Session, actor: Actor, policy_id: int, version: int, what: str, values: dict[str, str]
) -> None:
    """Add a material or a question, keeping what was typed."""
    policy = load(session, actor, policy_id)
    if what not in ("materials", "questions"):
        raise NotFound("项目")
    draft = policy_form.with_row({**policy.draft, "values": dict(values)}, what)
    keep_draft(session, policy, version, draft)


def drop_row(
    session: Session, actor: Actor, policy_id: int, version: int, code: str, values: dict[str, str]
) -> None:
    """Take a material or a question away, keeping what was typed."""
    policy = load(session, actor, policy_id)
    draft = policy_form.without_row({**policy.draft, "values": dict(values)}, code)
    keep_draft(session, policy, version, draft)


def refuse_file(session: Session, actor: Actor, policy_id: int, what: str, code: str) -> None:
    """Refuse a template or example before it is looked into, as putting it to its material would."""
    _place(load(session, actor, policy_id), what, code)


def _place(policy: Policy, what: str, code: str) -> dict[str, Any]:
    """Return the templates or examples of a draft that has the material."""
    now = policy_template.kept(policy.draft, what)
    if code not in policy.draft["materials"]:
        raise NotFound("材料")
    return now


def attach_file(
    session: Session,
    actor: Actor,
    policy_id: int,
    version: int,
    what: str,
    code: str,
    name: str,
    data: bytes | Examined,
) -> int:
    """Put a template or a filled-in example (`what`: templates, samples) to a material."""
    policy = load(session, actor, policy_id)
    now = _place(policy, what, code)
    stored = policy_template.store(session, actor, policy, name, data)
    entry = {"id": stored.id, "name": stored.name}
    keep_draft(session, policy, version, {**policy.draft, what: now | {code: entry}})
    audit.record(session, actor, "policy.template", f"policy:{policy.id}", stored.name)
    return policy.version


def drop_file(session: Session, actor: Actor, policy_id: int, version: int, what: str, code: str) -> int:
    """Take a material's template or example off the draft; published versions keep theirs."""
    policy = load(session, actor, policy_id)
    now = policy_template.kept(policy.draft, what)
    if code not in now:
        raise NotFound("文件")
    left = {k: v for k, v in now.items() if k != code}
    keep_draft(session, policy, version, {**policy.draft, what: left})
    return policy.version


def keep_draft(
    session: Session, policy: Policy, version: int, draft: dict[str, Any], *, stopped: bool = False
) -> None:
    """Write the draft as compare-and-set on the version that the actor saw; of a stopped policy only if asked to."""
    if policy.state == PolicyState.STOPPED and not stopped:
        raise Conflict("政策已停止受理，不能再修改。如需继续，请复制为新的政策。")
    name = normalise(draft["values"].get("name", ""))[:100]
    values: dict[str, Any] = {"draft": draft, "version": version + 1, "updated_at": clock.now()}
    if policy.state == PolicyState.DRAFT:
        category = draft["values"].get("category", "")
        values |= {
            "name": name,
            "category": category if category in PolicyCategory._value2member_map_ else "",
        }
    done = session.exec(
        update(Policy)
        .where(col(Policy.id) == policy.id, col(Policy.version) == version)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise Conflict(
            "这份政策刚在另一个窗口被修改过。请刷新页面查看最新内容，本页填写的内容仍保留在浏览器中。"
        )
    session.refresh(policy)


# --- publication --------------------------------------------------------------------------------------


def preview(session: Session, actor: Actor, policy_id: int) -> Definition:
    """Return the draft as it would be published, or every mistake."""
    policy = load(session, actor, policy_id)
    return policy_parse.parse(policy.draft, staff_names(session))


def hints(session: Session, actor: Actor, policy_id: int) -> list[str]:
    """Return what the author of a policy that can be published should know: who cannot meet its conditions."""
    return policy_figures.hints(preview(session, actor, policy_id))


def publish(session: Session, actor: Actor, policy_id: int, version: int) -> int:
    """Publish the draft as the next version; applications begun before stay on theirs."""
    policy = load(session, actor, policy_id)
    d = policy_parse.parse(policy.draft, staff_names(session))
    if clock.aware(d.closes_at) <= clock.now() and not _is_over_already(policy, d):
        raise FormInvalid({"closes_on": "申报截止时间已过，请改为以后的时间后再发布"})
    keep_draft(session, policy, version, {**policy.draft, "published": version + 1})
    try:
        policy_budget.open_budget(session, policy.id or 0, d.budget_fen)
    except policy_budget.OverLimit as refusal:
        raise FormInvalid({"budget": refusal.message}) from None
    row = PolicyVersion(
        policy_id=policy.id or 0,
        number=policy.number + 1,
        definition=d.model_dump(mode="json"),
        published_by=actor.user_id,
        published_label=audit.label_of(actor),
    )
    session.add(row)
    session.flush()
    _in_force(session, policy, row, d)
    audit.record(session, actor, "policy.publish", f"policy:{policy.id}", f"{d.name} 第 {row.number} 版")
    if row.number > 1:
        _tell_drafts(session, policy, f"政策“{d.name}”已更新为第 {row.number} 版", _CHANGED)
    # Imported late: 办理安排 stands on this module.
    from cpegi_app.services import policy_arrange

    policy_arrange.put_in_force(session, actor, policy, d.people, (d.redeem_opens_at, d.redeem_closes_at))
    return row.number


def _is_over_already(policy: Policy, d: Definition) -> bool:
    """Tell whether the window stays the one that is past: redemption, budget and the rest may still be changed."""
    before = policy.closes_at
    return policy.number > 0 and before is not None and clock.aware(before) == clock.aware(d.closes_at)


_CHANGED = "您的申请仍按开始填写时的版本办理；尚未提交的，可在申请页选择改用新版本。"


def _in_force(session: Session, policy: Policy, row: PolicyVersion, d: Definition) -> None:
    before = definitions.of_version(session, policy.version_id) if policy.version_id else None
    policy_news.published(policy, d, before)
    policy.state, policy.version_id, policy.number = PolicyState.PUBLISHED.value, row.id, row.number
    policy.name, policy.category = d.name, d.category
    policy.opens_at, policy.closes_at = d.opens_at, d.closes_at
    policy.published_at = policy.published_at or clock.now()
    session.add(policy)
    used = [i for m in d.materials for i in (m.template, m.sample) if i]
    session.exec(
        update(PolicyFile)
        .where(col(PolicyFile.id).in_(used), col(PolicyFile.policy_id) == policy.id)
        .values(published_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def stop(session: Session, actor: Actor, policy_id: int, version: int, reason: str) -> None:
    """Stop a published policy: nothing new comes in, what is in is handled on."""
    policy = load(session, actor, policy_id)
    reason = normalise(reason)
    if not 2 <= len(reason) <= 200:
        raise FormInvalid({"reason": "请填写停止受理的原因，2 至 200 字，申请单位会看到"})
    if policy.state != PolicyState.PUBLISHED:
        raise Conflict("只有已发布的政策可以停止受理。请刷新页面查看最新状态。")
    keep_draft(session, policy, version, policy.draft)
    policy_budget.wait(session, policy_id)
    policy.state, policy.stopped_at = PolicyState.STOPPED.value, clock.now()
    policy.stop_reason = reason
    session.add(policy)
    audit.record(session, actor, "policy.stop", f"policy:{policy.id}", reason)
    text = f"原因：{reason}。尚未提交的申请保留为草稿，不再受理；已提交的申请继续办理。"
    _tell_drafts(session, policy, f"政策“{policy.name}”已停止受理", text)


def _tell_drafts(session: Session, policy: Policy, title: str, text: str) -> None:
    """Tell everybody who has begun an application and not finished it."""
    open_ones = col(PolicyApplication.status).in_((Status.DRAFT.value, Status.RETURNED.value))
    query = select(PolicyApplication.id, PolicyApplication.org_id).where(
        PolicyApplication.policy_id == policy.id, open_ones
    )
    for row_id, org_id in session.exec(query).all():
        href = POLICY_APPLICATION.url(aid=row_id)
        notices.notify(session, notices.users_of(session, org_id), title, text, href, "orange")
