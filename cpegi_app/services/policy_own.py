"""The organisation's own policy applications, and 提交前检查 of one (manual §8.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import PolicyApplication
from cpegi_app.services import list_count, lists, policy_application, policy_view, review
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_check import Finding
from cpegi_app.vocabulary import TONES, Status


class ApplicationRow(BaseModel):
    """An own application in the list."""

    id: int
    policy: str
    receipt: str
    status: str
    status_label: str
    tone: str
    computed: str
    asked: str
    reviewed: str
    received: str
    due: str
    reason: str
    editable: bool


def _own(actor: Actor, filters: Filters) -> list[Any]:
    policy_application.require(actor)
    found: list[Any] = [PolicyApplication.org_id == actor.org_id]
    if word := normalise(filters.get("word", "")):
        named = col(PolicyApplication.policy_name).contains(word, autoescape=True)
        found.append(named | (col(PolicyApplication.receipt_no) == word.upper()))
    if (status := filters.get("status", "")) in Status._value2member_map_:
        found.append(PolicyApplication.status == status)
    return found


def _row(r: PolicyApplication) -> ApplicationRow:
    sent = r.status != Status.DRAFT
    return ApplicationRow(
        id=r.id or 0,
        policy=r.policy_name,
        receipt=r.receipt_no or "未提交" if sent else "未提交",
        status=r.status,
        status_label=Status.label_of(r.status),
        tone=TONES[r.status],
        computed=yuan(r.computed_fen) if sent else "—",
        asked=yuan(r.asked_fen) if sent else "—",
        reviewed=yuan(r.reviewed_fen) if r.reviewed_fen is not None else "—",
        received=clock.local(r.received_at) if sent else "—",
        due=policy_view.due(r),
        reason=r.reason if r.status == Status.RETURNED else "",
        editable=r.status in review.EDITABLE,
    )


OWN = lists.register(
    Listing(
        "policy_applications",
        "政策申请",
        _own,
        list_count.Table(PolicyApplication),
        lambda session, actor, filters, found: [_row(r) for r in found],
        {
            "政策": lambda r: r.policy,
            "受理编号": lambda r: r.receipt,
            "系统计算金额（元）": lambda r: r.computed,
            "申请金额（元）": lambda r: r.asked,
            "审核金额（元）": lambda r: r.reviewed,
            "状态": lambda r: r.status_label,
            "受理时间": lambda r: r.received,
            "办理时限": lambda r: r.due,
        },
        {"asked": col(PolicyApplication.asked_fen), "received": col(PolicyApplication.received_at)},
        large=False,
    )
)


class PreCheck(BaseModel):
    """What 提交前检查 found."""

    done: bool = False
    findings: list[Finding] = []
    # What a correction has left as it was: to be looked at, not in the way.
    doubts: list[Finding] = []
    amount: str = ""


def precheck(session: Session, actor: Actor, row_id: int) -> PreCheck:
    """Run every check that the submission runs, and list all of it."""
    _row, found = policy_application.checked(session, actor, row_id)
    asked = yuan(found.asked_fen) if found.asked_fen else ""
    return PreCheck(done=True, findings=found.findings, doubts=found.doubts, amount=asked)
