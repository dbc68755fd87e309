"""Policies as everybody reads them: open, coming and past; and the templates to download (manual §8.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import NotFound
from cpegi_app.models import Policy, PolicyFile
from cpegi_app.services import conditions, files, policy_budget, policy_check, policy_formats, policy_template
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import normalise, wan
from cpegi_app.services.ids import is_id
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.policy_template import TemplateView
from cpegi_app.vocabulary.policy import (
    WINDOW_TONES,
    BudgetMoment,
    PolicyCategory,
    PolicyState,
    QuestionKind,
    WindowState,
)

SHOWN = (PolicyState.PUBLISHED.value, PolicyState.STOPPED.value)


class PublicPolicy(BaseModel):
    """A policy in short."""

    id: int = 0
    name: str = ""
    category: str = ""
    document_no: str = ""
    state: str = ""
    state_label: str = ""
    tone: str = "grey"
    window: str = ""
    left: str = ""
    who: str = ""
    paid: str = ""
    summary: str = ""
    # When and why it was stopped.
    stopped: str = ""


class PublicMaterial(BaseModel):
    """A material that is asked for."""

    number: int
    name: str
    required: str
    formats: str
    note: str
    template: TemplateView = TemplateView()
    has_template: bool = False
    sample: TemplateView = TemplateView()
    has_sample: bool = False


class PublicDetail(PublicPolicy):
    """Everything that was published of a policy."""

    basis: str = ""
    department: str = ""
    phone: str = ""
    redeem: str = ""
    records: str = ""
    promise: str = ""
    publicity: str = ""
    budget: str = ""
    most: str = ""
    conditions: list[tuple[str, str]] = []
    materials: list[PublicMaterial] = []
    questions: list[str] = []
    open: bool = False
    closed_why: str = ""
    version: str = ""
    published: str = ""


def listing(
    session: Session, *, state: str = "", word: str = "", page: int = 1, size: int = 12
) -> tuple[list[PublicPolicy], int]:
    """Return one page of the published policies in a window state: what ends first comes first, the past last first."""
    now, query = clock.now(), select(Policy)
    if word := normalise(word)[:40]:
        query = query.where(col(Policy.name).contains(word, autoescape=True))
    if state == WindowState.COMING:
        query = query.where(Policy.state == PolicyState.PUBLISHED.value, col(Policy.opens_at) > now)
        order: Any = col(Policy.opens_at)
    elif state == WindowState.PAST:
        over = (col(Policy.state) == PolicyState.STOPPED.value) | (col(Policy.closes_at) <= now)
        query = query.where(col(Policy.state).in_(SHOWN), over)
        order = col(Policy.closes_at).desc()
    else:
        query = query.where(
            Policy.state == PolicyState.PUBLISHED.value,
            col(Policy.opens_at) <= now,
            col(Policy.closes_at) > now,
        )
        order = col(Policy.closes_at)
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    found = session.exec(query.order_by(order, col(Policy.id)).offset((page - 1) * size).limit(size))
    return [short(session, p) for p in found], total


def counts(session: Session, word: str = "") -> dict[str, int]:
    """Return how many policies are open, coming and past."""
    return {s.value: listing(session, state=s.value, word=word, size=1)[1] for s in list(WindowState)[:3]}


def short(session: Session, policy: Policy) -> PublicPolicy:
    """Return a published policy in short."""
    assert policy.version_id
    return _short(policy, definitions.of_version(session, policy.version_id))


def _short(policy: Policy, d: Definition) -> PublicPolicy:
    state = definitions.window(policy.opens_at, policy.closes_at)
    stopped = policy.state == PolicyState.STOPPED
    return PublicPolicy(
        id=policy.id or 0,
        name=d.name,
        category=PolicyCategory.label_of(d.category),
        document_no=d.document_no,
        state=WindowState.PAST.value if stopped else state.value,
        state_label=PolicyState.STOPPED.label if stopped else state.label,
        tone="grey" if stopped else WINDOW_TONES[state],
        window=definitions.window_text(policy.opens_at, policy.closes_at),
        left=definitions.days_left(policy.closes_at) if state is WindowState.OPEN and not stopped else "",
        who=definitions.who_text(d),
        paid=definitions.rule_text(d),
        summary=d.summary,
        stopped=definitions.closed_sentence(policy) if stopped else "",
    )


def detail(session: Session, policy_id: int) -> PublicDetail:
    """Return a published policy whole; any other does not exist."""
    policy = session.get(Policy, policy_id) if is_id(policy_id) else None
    if policy is None or policy.state not in SHOWN or policy.version_id is None:
        raise NotFound("政策")
    d = definitions.of_version(session, policy.version_id)
    return describe(session, policy, d)


def describe(session: Session, policy: Policy, d: Definition, number: int = 0) -> PublicDetail:
    """Return a definition as the public page and the preview show it, or as an application on version `number` does."""
    why = definitions.closed_sentence(policy)
    return PublicDetail(
        **_short(policy, d).model_dump(),
        basis=d.basis,
        department=d.department,
        phone=d.phone,
        redeem=definitions.window_text(policy.redeem_opens_at, policy.redeem_closes_at),
        records=definitions.records_text(d),
        promise=f"{d.promise_days} 个工作日",
        publicity=f"{d.publicity_days} 天",
        budget=_budget(policy_budget.of(session, policy.id or 0).total_fen if number else d.budget_fen, d),
        most=f"{d.most} 件",
        conditions=_conditions(d),
        materials=[_material(session, n, m) for n, m in enumerate(d.materials, 1)],
        questions=[_question(q) for q in d.questions],
        open=not why,
        closed_why=why + "。" if why else "",
        version=f"第 {number or policy.number} 版" if policy.number else "草稿",
        published=clock.local(policy.published_at),
    )


def _budget(total_fen: int | None, d: Definition) -> str:
    if total_fen is None:
        return "不设总额限制"
    return f"{wan(total_fen)} 万元，{BudgetMoment.label_of(d.budget_at)}"


def _conditions(d: Definition) -> list[tuple[str, str]]:
    stated = ((dim, d.conditions.get(dim.code)) for dim in conditions.DIMENSIONS)
    return [(dim.label, conditions.show(dim, c)) for dim, c in stated if c and not c.get("any")]


def _question(q: definitions.Question) -> str:
    kind, limits = QuestionKind.label_of(q.kind), policy_check.span(q)
    parts = [kind, limits or q.unit, "" if q.required else "选填"]
    return f"{q.title}（{'，'.join(p for p in parts if p)}）"


def _material(session: Session, number: int, m: definitions.Material) -> PublicMaterial:
    template, sample = (policy_template.view(session, i) for i in (m.template, m.sample))
    return PublicMaterial(
        number=number,
        name=m.name,
        required="必须提供" if m.required else "如有请提供",
        formats=policy_formats.text(m.formats),
        note=m.note,
        template=template,
        has_template=template.id > 0,
        sample=sample,
        has_sample=sample.id > 0,
    )


def template(session: Session, actor: Actor | None, file_id: int) -> files.Content:
    """Return a template to send: a published one to everybody, a draft's to who manages policies."""
    found = session.get(PolicyFile, file_id) if is_id(file_id) else None
    manages = actor is not None and actor.may(Permission.POLICY_MANAGE)
    if found is None or not (found.published_at or manages):
        raise NotFound("文件")
    return files.Content(files.store().open(found.sha256), found.name, found.kind)
