"""What a person reads who comes too late: who did what to a reviewed thing meanwhile, and what to do now."""

from __future__ import annotations

from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Discarded, NotFound
from cpegi_app.models import AuditEntry, ReviewEvent, User
from cpegi_app.vocabulary import Action

# What the trail calls the deletion of a draft, and a submission.
DISCARD = "review.DISCARD"
SUBMITTED = "review.SUBMIT"


def what_happened(session: Session, flow: str, label: str, row_id: int) -> str:
    """Return what was last done to a thing, and what its reader can do; `label` is what the flow calls it."""
    query = select(ReviewEvent).where(ReviewEvent.flow == flow, ReviewEvent.subject_id == row_id)
    event = session.exec(query.order_by(col(ReviewEvent.id).desc())).first()
    if event is None:
        return f"这份{label}刚在另一个窗口被修改过。请刷新页面查看最新内容，本页填写的内容仍保留在浏览器中。"
    who, at, what = event.actor_label, clock.local(event.created_at), Action.label_of(event.action)
    if event.action == Action.WITHDRAW:
        return f"这份{label}已由{who}于 {at}“撤回”，不再等待办理；修改后重新提交，会再次出现在待办中。"
    return f"这份{label}已被更新：{who}于 {at}“{what}”。请刷新页面查看最新状态后再操作。"


def sent_as(session: Session, flow: str, row_id: int) -> str:
    """Return what a thing was called when it was last sent: its reviewers have read that, whatever it is called now."""
    query = select(AuditEntry.detail).where(AuditEntry.subject == f"{flow}:{row_id}")
    query = query.where(AuditEntry.action == SUBMITTED).order_by(col(AuditEntry.id).desc())
    return session.exec(query).first() or ""


def not_there(session: Session, flow: str, label: str, row_id: object, actor: Actor) -> NotFound:
    """Return the refusal of a row that is not there for an actor; only the own organisation's deletion is told."""
    query = select(AuditEntry).join(User, col(User.id) == AuditEntry.actor_id)
    query = query.where(AuditEntry.subject == f"{flow}:{row_id}", AuditEntry.action == DISCARD)
    entry = session.exec(query.where(col(User.org_id) == (actor.org_id or -1))).first()
    if entry is None:
        return NotFound(label)
    who, at = entry.actor_label, clock.local(entry.created_at)
    return Discarded(f"这份{label}已由{who}于 {at} 删除，不能再修改或提交。请返回列表查看其他记录。")
