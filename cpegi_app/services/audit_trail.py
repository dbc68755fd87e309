"""操作日志: who did what, when; read only, for the platform's staff."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.models import AuditEntry
from cpegi_app.services import audit, figures_view, list_count, lists, review
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.staff import require


class AuditRow(BaseModel):
    """An entry of the audit trail."""

    id: int
    at: str
    who: str
    action: str
    subject: str
    thing: str
    detail: str
    ok: bool


def audit_trail(
    session: Session,
    actor: Actor,
    *,
    action: str = "",
    word: str = "",
    since: date | None = None,
    until: date | None = None,
    page: int = 1,
    size: int = 20,
) -> tuple[list[AuditRow], int]:
    """Return one page of the audit trail, newest first; dates are days in Asia/Shanghai, both included."""
    filters = {"action": action, "word": word}
    filters |= {name: day.isoformat() for name, day in (("since", since), ("until", until)) if day}
    found = lists.page(session, actor, AUDIT_LIST, filters, page=page, size=size)
    return found.rows, found.total


def _audit(actor: Actor, filters: Filters) -> list[Any]:
    require(actor, Permission.AUDIT_READ)
    found: list[Any] = []
    if (action := filters.get("action", "")) in audit.ACTIONS:
        found.append(AuditEntry.action == action)
    if word := normalise(filters.get("word", "")):
        named = col(AuditEntry.actor_label).contains(word, autoescape=True)
        named |= col(AuditEntry.detail).contains(word, autoescape=True)
        found.append(named | (col(AuditEntry.subject) == _subject_code(word)))
    since, until = lists.day(filters.get("since", "")), lists.day(filters.get("until", ""))
    if since:
        found.append(AuditEntry.created_at >= clock.midnight(since))
    if until:
        found.append(AuditEntry.created_at < clock.midnight(until + timedelta(days=1)))
    return found


def _audit_row(e: AuditEntry) -> AuditRow:
    return AuditRow(
        id=e.id or 0,
        # A dozen acts share a minute.
        at=clock.local(e.created_at, seconds=True),
        who=e.actor_label,
        action=audit.ACTIONS.get(e.action, e.action),
        subject=e.subject,
        thing=subject_label(e.subject),
        detail=e.detail,
        ok=e.ok,
    )


def _things() -> dict[str, str]:
    """Return the label of each kind of thing that the trail names."""
    flows = {f.name: f.label for f in review.FLOWS.values()}
    return flows | {
        "user": "账号",
        "org": "机构",
        "product": "金融产品",
        "file": "附件",
        "export": "导出文件",
        "figures": "统计数据",
        "lead": "对接线索",
        "library": "股权投资项目库",
        "online": "线上投资记录",
        "policy": "奖补政策",
        "question": "投资记录疑问",
        "report_duty": "报送要求",
        "roadshow": "路演",
    }


def subject_label(code: str) -> str:
    """Return `verification:12` as people read it: 真实性认证 12."""
    kind, colon, number = code.partition(":")
    which = figures_view.TITLES.get(number, number) if kind == "figures" else number
    return f"{_things().get(kind, kind)} {which}" if colon else code


def _subject_code(word: str) -> str:
    """Return what the trail keeps for a label that was read off the list, else the word itself."""
    label, blank, number = word.rpartition(" ")
    number = next((code for code, title in figures_view.TITLES.items() if title == number), number)
    return next((f"{k}:{number}" for k, v in _things().items() if blank and v == label), word)


AUDIT_LIST = lists.register(
    Listing(
        "audit",
        "操作日志",
        _audit,
        list_count.Table(AuditEntry),
        lambda session, actor, filters, entries: [_audit_row(e) for e in entries],
        {
            "时间": lambda r: r.at,
            "操作人": lambda r: r.who,
            "操作": lambda r: r.action,
            "对象": lambda r: r.thing or r.subject,
            "说明": lambda r: r.detail,
            "结果": lambda r: "成功" if r.ok else "已拒绝",
        },
        {"at": col(AuditEntry.id)},
    )
)
