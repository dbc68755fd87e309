"""The staff's list of policies (manual §8)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Policy, PolicyBudget
from cpegi_app.services import list_count, lists
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.policy import require
from cpegi_app.vocabulary.policy import POLICY_TONES, PolicyCategory, PolicyState, WindowState


class PolicyRow(BaseModel):
    """A policy in the staff's list."""

    id: int
    name: str
    category: str
    state: str
    state_label: str
    tone: str
    window: str
    window_state: str
    number: str
    applications: int
    changed: bool
    updated: str
    can_stop: bool
    # Never published: it can be deleted.
    can_discard: bool


def _all(actor: Actor, filters: Filters) -> list[Any]:
    require(actor)
    found: list[Any] = []
    if word := normalise(filters.get("word", "")):
        found.append(col(Policy.name).contains(word, autoescape=True))
    if (state := filters.get("state", "")) in PolicyState._value2member_map_:
        found.append(Policy.state == state)
    return found


def _views(session: Session, actor: Actor, filters: Filters, found: list[Policy]) -> list[PolicyRow]:
    counts = _received(session, [p.id or 0 for p in found])
    return [_row(p, counts.get(p.id or 0, 0)) for p in found]


def _received(session: Session, ids: list[int]) -> dict[int, int]:
    """Return how many applications each policy has received: its receipts, not a count of rows."""
    query = select(PolicyBudget.policy_id, PolicyBudget.receipts)
    return dict(session.exec(query.where(col(PolicyBudget.policy_id).in_(ids))).all())


def _row(p: Policy, received: int) -> PolicyRow:
    state = definitions.window(p.opens_at, p.closes_at)
    published = p.state == PolicyState.PUBLISHED
    return PolicyRow(
        id=p.id or 0,
        name=p.name or "（未命名政策）",
        category=PolicyCategory.label_of(p.category) or "—",
        state=p.state,
        state_label=PolicyState.label_of(p.state),
        tone=POLICY_TONES[p.state],
        window=definitions.window_text(p.opens_at, p.closes_at),
        window_state=WindowState.label_of(state) if published else "",
        number=f"第 {p.number} 版" if p.number else "未发布",
        applications=received,
        changed=published and p.updated_at is not None and _is_ahead(p),
        updated=clock.local(p.updated_at or p.created_at),
        # A window that is past takes nothing in any more: there is nothing to stop.
        can_stop=published and state is not WindowState.PAST,
        can_discard=p.state == PolicyState.DRAFT and p.version_id is None,
    )


def _is_ahead(p: Policy) -> bool:
    """Tell whether the draft was touched after the version in force was published."""
    return p.version > p.draft.get("published", p.version)


ALL = lists.register(
    Listing(
        "policies",
        "政策",
        _all,
        list_count.Table(Policy),
        _views,
        {
            "政策名称": lambda r: r.name,
            "类别": lambda r: r.category,
            "状态": lambda r: r.state_label,
            "申报时间": lambda r: r.window,
            "已受理": lambda r: r.applications,
            "版本": lambda r: r.number,
            "更新时间": lambda r: r.updated,
        },
        {"closes": col(Policy.closes_at)},
        large=False,
    )
)
