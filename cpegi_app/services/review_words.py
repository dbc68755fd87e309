"""What a person reads who comes too late: who did what to a reviewed thing meanwhile, and what to do now."""

from __future__ import annotations

from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import ReviewEvent
from cpegi_app.vocabulary import Action


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
