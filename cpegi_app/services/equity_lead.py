"""Leads: what an institution's interest leads to, followed up by the staff with stage, log and outcome (manual §6.1)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import LEAD, Actor, Permission, Role
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import EquityLead, EquityProject, LeadEvent, Organisation, User
from cpegi_app.services import audit, notices
from cpegi_app.services.forms import Day, Form, Text, Widget, input_field, normalise
from cpegi_app.services.ids import is_id
from cpegi_app.vocabulary.equity import CONTACT_KINDS, LeadEventKind, LeadOutcome, LeadSource, LeadStage

F, W = input_field, Widget
TEXT_MAX = 1000
LIVE = tuple(s for s in LeadStage if s is not LeadStage.CLOSED)


class NextForm(Form):
    """What is to be done next, and when."""

    next_step: Text = F("下一步", "下一步安排", max_len=200, wide=True)
    next_on: Day = F("计划日期", "下一步安排", widget=W.DATE)


class ContactForm(Form):
    """One entry of the log 沟通对接."""

    kind: Text = F("沟通方式", "沟通记录", widget=W.SELECT, options=LeadEventKind)
    happened_on: Day = F("沟通日期", "沟通记录", widget=W.DATE)
    text: Text = F("沟通内容", "沟通记录", widget=W.AREA, max_len=TEXT_MAX)


class OutcomeForm(Form):
    """How a lead ends."""

    outcome: Text = F("结果", "了结线索", widget=W.SELECT, options=LeadOutcome)
    outcome_note: Text = F("说明", "了结线索", widget=W.AREA, max_len=500)


# --- what institutions cause ------------------------------------------------------------------------


def _of(session: Session, project_id: int, org_id: int) -> EquityLead | None:
    query = select(EquityLead).where(EquityLead.project_id == project_id, EquityLead.org_id == org_id)
    return session.exec(query).first()


def signal(
    session: Session, actor: Actor, project: EquityProject, source: LeadSource, text: str
) -> EquityLead:
    """Make a lead of an institution's 收藏 or 感兴趣, or add it to the lead there is; a closed one is taken up again.

    The caller holds the lock `lead:<project>:<institution>`.
    """
    org_id, now = actor.org_id or 0, clock.now()
    lead = _of(session, project.id or 0, org_id)
    if lead is None:
        lead = EquityLead(
            project_id=project.id or 0,
            org_id=org_id,
            source=source.value,
            stage=LeadStage.NEW.value,
            updated_at=now,
        )
        session.add(lead)
        session.flush()
        log(session, actor, lead, LeadEventKind.BEGUN, text)
        audit.record(session, actor, "lead.begin", f"lead:{lead.id}", project.name)
        _tell_staff(session, actor, project, lead, text)
        return lead
    log(session, actor, lead, LeadEventKind.SIGNAL, text)
    again = lead.stage == LeadStage.CLOSED and lead.outcome != LeadOutcome.INVESTED
    if again:
        lead.stage, lead.outcome, lead.closed_at = LeadStage.NEW.value, "", None
        log(session, actor, lead, LeadEventKind.REOPENED, "机构再次表达意向，自动恢复跟进")
        audit.record(session, actor, "lead.reopen", f"lead:{lead.id}", project.name)
    lead.updated_at, lead.version = now, lead.version + 1
    session.add(lead)
    session.flush()
    _tell_staff(session, actor, project, lead, text)
    return lead


def remark(session: Session, actor: Actor, project_id: int, text: str) -> None:
    """Add an institution's 取消收藏 or 不感兴趣 to the log of the lead, if there is one; the staff decide what follows."""
    lead = _of(session, project_id, actor.org_id or 0)
    if lead is None:
        return
    log(session, actor, lead, LeadEventKind.SIGNAL, text)
    lead.updated_at, lead.version = clock.now(), lead.version + 1
    session.add(lead)
    session.flush()
    if lead.owner_id is not None and lead.stage != LeadStage.CLOSED:
        project = session.get_one(EquityProject, project_id)
        _tell_staff(session, actor, project, lead, text)


def log(
    session: Session, actor: Actor, lead: EquityLead, kind: LeadEventKind, text: str, **more: Any
) -> None:
    """Append an entry to a lead's log."""
    session.add(
        LeadEvent(
            lead_id=lead.id or 0,
            kind=kind.value,
            actor_id=actor.user_id,
            actor_label=_label(session, actor),
            text=text[:TEXT_MAX],
            **more,
        )
    )


def _label(session: Session, actor: Actor) -> str:
    if actor.role is Role.STAFF:
        return audit.label_of(actor)
    org = session.get(Organisation, actor.org_id) if actor.org_id else None
    return org.name if org else audit.label_of(actor)


def _tell_staff(session: Session, actor: Actor, project: EquityProject, lead: EquityLead, text: str) -> None:
    """Tell the lead's owner, everybody of the staff while it has none."""
    org = session.get_one(Organisation, lead.org_id)
    href, head = LEAD.url(lid=lead.id), f"{org.name} → {project.name}"
    if lead.owner_id is None:
        notices.settle(session, notices.staff(session), href)
        notices.notify_waiting(session, notices.staff(session), f"对接线索 · {head}", href)
    else:
        notices.notify(session, [lead.owner_id], f"线索有新反馈：{head}", text, href)


# --- what the staff do ------------------------------------------------------------------------------


def require_staff(actor: Actor) -> None:
    """Refuse everybody but the staff who manage leads."""
    if not actor.may(Permission.LEAD_MANAGE):
        raise Forbidden


def find(session: Session, actor: Actor, lead_id: int) -> EquityLead:
    """Return a lead for the staff."""
    require_staff(actor)
    lead = session.get(EquityLead, lead_id) if is_id(lead_id) else None
    if lead is None:
        raise NotFound("线索")
    return lead


def _change(session: Session, lead: EquityLead, seen_version: int, **changes: Any) -> None:
    """Compare-and-set on the version that the actor saw: of two colleagues the second learns what the first did."""
    done = session.exec(
        update(EquityLead)
        .where(EquityLead.id == lead.id, EquityLead.version == seen_version)  # pyright: ignore
        .values(**changes, version=EquityLead.version + 1, updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    session.refresh(lead)
    if done.rowcount != 1:
        raise Conflict(
            "这条线索刚被其他同事更新过。请刷新页面查看最新记录后再操作，填写的内容仍保留在页面上。"
        )


def _require_live(lead: EquityLead) -> None:
    if lead.stage == LeadStage.CLOSED:
        raise Conflict("这条线索已了结。如需继续跟进，请先点击“重新跟进”。")


def _tell_seen(seen: Any) -> int:
    return seen if type(seen) is int else 0


def assign(session: Session, actor: Actor, lead_id: int, seen: int, owner_id: int) -> EquityLead:
    """Make somebody of the staff the lead's owner."""
    lead = find(session, actor, lead_id)
    _require_live(lead)
    user = session.get(User, owner_id) if is_id(owner_id) else None
    if user is None or user.role != Role.STAFF or user.disabled_at:
        raise FormInvalid({"owner": "请选择一位在用的平台管理人员"})
    if lead.owner_id == owner_id:
        return lead
    _change(session, lead, _tell_seen(seen), owner_id=owner_id)
    name = user.name or "平台管理人员"
    log(session, actor, lead, LeadEventKind.OWNER, f"负责人：{name}")
    audit.record(session, actor, "lead.owner", f"lead:{lead.id}", name)
    href = LEAD.url(lid=lead.id)
    notices.settle(session, notices.staff(session), href)
    if owner_id != actor.user_id:
        notices.notify(session, [owner_id], "您负责一条对接线索", "请查看并安排下一步。", href)
    return lead


def move(session: Session, actor: Actor, lead_id: int, seen: int, stage: str) -> EquityLead:
    """Move a lead to another stage of the board; closing it needs an outcome."""
    lead = find(session, actor, lead_id)
    _require_live(lead)
    if stage not in LIVE:
        raise FormInvalid({"stage": "请选择线索的阶段；了结线索请填写结果"})
    if lead.stage == stage:
        return lead
    before = LeadStage.label_of(lead.stage)
    _change(session, lead, _tell_seen(seen), stage=LeadStage(stage).value)
    log(session, actor, lead, LeadEventKind.STAGE, f"{before} → {LeadStage.label_of(stage)}")
    return lead


def plan(session: Session, actor: Actor, lead_id: int, seen: int, data: dict[str, str]) -> EquityLead:
    """Say what is to be done next, and when."""
    lead = find(session, actor, lead_id)
    _require_live(lead)
    form = NextForm.parse(data)
    if form.next_on < clock.today():
        raise FormInvalid({"next_on": "计划日期不能早于今天，请填写今天或以后的日期"})
    _change(session, lead, _tell_seen(seen), next_step=form.next_step, next_on=form.next_on)
    log(session, actor, lead, LeadEventKind.PLAN, f"{form.next_on.isoformat()} {form.next_step}")
    return lead


def contact(session: Session, actor: Actor, lead_id: int, seen: int, data: dict[str, str]) -> EquityLead:
    """Add a call, a visit, a meeting or a note to the log; what was planned is done with it."""
    lead = find(session, actor, lead_id)
    form = ContactForm.parse(data)
    if form.kind not in CONTACT_KINDS:
        raise FormInvalid({"kind": "请选择沟通方式"})
    happened: date = form.happened_on
    if happened > clock.today():
        raise FormInvalid({"happened_on": "沟通日期不能晚于今天；将来的安排请填写在“下一步”"})
    changes: dict[str, Any] = {}
    if form.kind != LeadEventKind.NOTE:
        changes = {"next_step": "", "next_on": None}
        if lead.stage == LeadStage.NEW:
            changes["stage"] = LeadStage.CONTACTED.value
    _change(session, lead, _tell_seen(seen), **changes)
    log(session, actor, lead, LeadEventKind(form.kind), form.text, happened_on=happened)
    return lead


def close(session: Session, actor: Actor, lead_id: int, seen: int, data: dict[str, str]) -> EquityLead:
    """End a lead with its outcome and a word why."""
    lead = find(session, actor, lead_id)
    _require_live(lead)
    form = OutcomeForm.parse(data)
    _change(
        session,
        lead,
        _tell_seen(seen),
        stage=LeadStage.CLOSED.value,
        outcome=form.outcome,
        outcome_note=form.outcome_note,
        closed_at=clock.now(),
        next_step="",
        next_on=None,
    )
    text = f"{LeadOutcome.label_of(form.outcome)}：{form.outcome_note}"
    log(session, actor, lead, LeadEventKind.CLOSED, text)
    audit.record(session, actor, "lead.close", f"lead:{lead.id}", text)
    notices.settle(session, notices.staff(session), LEAD.url(lid=lead.id))
    return lead


def reopen(session: Session, actor: Actor, lead_id: int, seen: int, why: str) -> EquityLead:
    """Take a closed lead up again, with the reason."""
    lead = find(session, actor, lead_id)
    if lead.stage != LeadStage.CLOSED:
        raise Conflict("这条线索正在跟进中，无需重新跟进。")
    why = normalise(why)
    if not why or len(why) > 200:
        raise FormInvalid({"why": "请填写重新跟进的原因，最多 200 字"})
    changes = {"stage": LeadStage.CONTACTED.value, "outcome": "", "outcome_note": "", "closed_at": None}
    _change(session, lead, _tell_seen(seen), **changes)
    log(session, actor, lead, LeadEventKind.REOPENED, why)
    audit.record(session, actor, "lead.reopen", f"lead:{lead.id}", why)
    return lead
