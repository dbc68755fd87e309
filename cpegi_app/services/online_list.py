"""Online investments as the two sides and the staff find them: lists, one record in full, the leads to record at (manual §6.2)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import or_
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import PUBLIC_PROJECT, Actor, Permission
from cpegi_app.models import EquityLead, EquityProject, OnlineInvestment, Organisation, User
from cpegi_app.services import investment_form, list_count, lists, staff
from cpegi_app.services.forms import normalise, percent, wan
from cpegi_app.services.investment_form import Difference
from cpegi_app.services.investment_list import names_of
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.online_investment import ENTERPRISE, INSTITUTION, SIDES, STAFF, load, side_of
from cpegi_app.vocabulary.equity import (
    ONLINE_TONES,
    LeadStage,
    OnlineState,
    ProjectState,
    Round,
)

LEADS_MAX = 20


class OnlineRow(BaseModel):
    """An online investment in a list."""

    id: int
    project: str
    project_href: str
    institution: str
    enterprise: str
    round: str
    amount: str
    share: str
    agreed_on: str
    state: str
    state_label: str
    tone: str
    waits_for: str
    recorded: str


def _filters(filters: Filters) -> list[Any]:
    found: list[Any] = []
    if (state := filters.get("state", "")) in OnlineState._value2member_map_:
        found.append(OnlineInvestment.state == state)
    if word := normalise(filters.get("word", ""))[:60]:
        named = select(EquityProject.id).where(col(EquityProject.name).contains(word, autoescape=True))
        found.append(col(OnlineInvestment.project_id).in_(named))
    return found


def _own(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.INVESTMENT_SUBMIT)
    return [OnlineInvestment.org_id == (actor.org_id or -1), *_filters(filters)]


def _party(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.INVESTMENT_CONFIRM)
    return [OnlineInvestment.enterprise_id == (actor.org_id or -1), *_filters(filters)]


def _all(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.INVESTMENT_MANAGE)
    return _filters(filters)


def projects_of(session: Session, ids: set[int]) -> dict[int, tuple[str, str]]:
    """Return the names of projects and where they are looked at; what was taken down has no page."""
    project = EquityProject
    query = select(project.id, project.name, project.state).where(col(project.id).in_(ids))
    return {
        i or 0: (name, "" if state == ProjectState.DOWN else PUBLIC_PROJECT.url(pid=i))
        for i, name, state in session.exec(query)
    }


def _rows(session: Session, actor: Actor, filters: Filters, found: list[OnlineInvestment]) -> list[OnlineRow]:
    names = names_of(session, {r.org_id for r in found} | {r.enterprise_id for r in found})
    projects = projects_of(session, {r.project_id for r in found})
    return [_row(r, names, projects) for r in found]


def waits_for(row: OnlineInvestment) -> str:
    """Return who has not confirmed yet."""
    if row.state != OnlineState.WAITING:
        return ""
    sides = [SIDES[s] for s in (INSTITUTION, ENTERPRISE) if getattr(row, f"{s}_at") is None]
    return "待" + "、".join(sides) + "确认"


def _row(
    r: OnlineInvestment, names: dict[int | None, str], projects: dict[int, tuple[str, str]]
) -> OnlineRow:
    project, project_href = projects.get(r.project_id, ("", ""))
    return OnlineRow(
        id=r.id or 0,
        project=project,
        project_href=project_href,
        institution=names.get(r.org_id, ""),
        enterprise=names.get(r.enterprise_id, ""),
        round=Round.label_of(r.round),
        amount=wan(r.amount_fen),
        share=f"{percent(r.share_bp)}%" if r.share_bp else "—",
        agreed_on=r.agreed_on.isoformat(),
        state=r.state,
        state_label=OnlineState.label_of(r.state),
        tone=ONLINE_TONES[r.state],
        waits_for=waits_for(r),
        recorded=clock.local(r.created_at),
    )


_COLUMNS = {
    "项目": lambda r: r.project,
    "投资机构": lambda r: r.institution,
    "项目方": lambda r: r.enterprise,
    "轮次": lambda r: r.round,
    "投资金额（万元）": lambda r: r.amount,
    "持股比例": lambda r: r.share,
    "协议日期": lambda r: r.agreed_on,
    "状态": lambda r: r.state_label,
    "登记时间": lambda r: r.recorded,
}
_TABLE = list_count.Table(OnlineInvestment, touched=list_count.updated(OnlineInvestment))
_SORTS = {"amount": col(OnlineInvestment.amount_fen), "agreed": col(OnlineInvestment.agreed_on)}
OWN = lists.register(Listing("online", "投资记录", _own, _TABLE, _rows, _COLUMNS, _SORTS, large=False))
PARTY_SIDE = lists.register(
    Listing("online_party", "线上投资确认", _party, _TABLE, _rows, _COLUMNS, _SORTS, large=False)
)
EVERY = lists.register(
    Listing(
        "online_all",
        "全平台线上投资记录",
        _all,
        _TABLE,
        _rows,
        _COLUMNS,
        _SORTS,
        slow=frozenset(_SORTS),
    )
)


# --- one record ---------------------------------------------------------------------------------------


class Pair(BaseModel):
    """A label with its value."""

    label: str
    value: str
    wide: bool = False


class OnlineView(BaseModel):
    """A record as its page shows it, with what the actor may do."""

    id: int = 0
    version: int = 0
    project: str = ""
    project_href: str = ""
    institution: str = ""
    enterprise: str = ""
    state: str = ""
    state_label: str = ""
    tone: str = "grey"
    waits_for: str = ""
    lines: list[Pair] = []
    values: dict[str, str] = {}
    step: int = 0
    objected_by: str = ""
    objected_at: str = ""
    objection: str = ""
    differences: list[Difference] = []
    can_confirm: bool = False
    can_object: bool = False
    can_correct: bool = False
    can_void: bool = False


def view(session: Session, actor: Actor, online_id: int) -> OnlineView:
    """Return a record that concerns the actor."""
    row = load(session, actor, online_id)
    side = side_of(actor, row)
    names = names_of(session, {row.org_id, row.enterprise_id})
    project, project_href = projects_of(session, {row.project_id})[row.project_id]
    is_open = row.state in (OnlineState.WAITING, OnlineState.DISPUTED)
    party = side in (INSTITUTION, ENTERPRISE)
    said = {k: v for k, v in row.objection.items() if k in investment_form.NAMES}
    return OnlineView(
        id=row.id or 0,
        version=row.version,
        project=project,
        project_href=project_href,
        institution=names.get(row.org_id, ""),
        enterprise=names.get(row.enterprise_id, ""),
        state=row.state,
        state_label=OnlineState.label_of(row.state),
        tone=ONLINE_TONES[row.state],
        waits_for=waits_for(row),
        lines=_lines(session, row),
        values=investment_form.strings(row) | {"note": row.note},
        step=3 if row.state == OnlineState.DONE else 1,
        objected_by=SIDES.get(row.objection.get("side", ""), ""),
        objected_at=clock.local(row.objected_at),
        objection=row.objection.get("reason", ""),
        differences=investment_form.differences(investment_form.strings(row), said) if said else [],
        can_confirm=party and row.state == OnlineState.WAITING and getattr(row, f"{side}_at") is None,
        can_object=party and is_open,
        can_correct=is_open and side in (INSTITUTION, STAFF),
        can_void=is_open and side in (INSTITUTION, STAFF),
    )


def _lines(session: Session, row: OnlineInvestment) -> list[Pair]:
    figures = investment_form.strings(row)
    found = [
        Pair(label=s.title, value=investment_form.show(s.name, figures[s.name]))
        for s in investment_form.FiguresForm.specs()
    ]
    by = session.get(User, row.recorded_by)
    who = audit_name(by, row) if by else ""
    found.append(Pair(label="登记", value=f"{who} {clock.local(row.created_at)}"))
    for side in (INSTITUTION, ENTERPRISE):
        at = clock.local(getattr(row, f"{side}_at"))
        found.append(Pair(label=f"{SIDES[side]}确认", value=f"已于 {at} 确认" if at else "未确认"))
    if row.note:
        found.append(Pair(label="备注", value=row.note, wide=True))
    return found


def audit_name(user: User, row: OnlineInvestment) -> str:
    """Return as whom a user recorded it, never a number."""
    return SIDES[INSTITUTION] if user.org_id == row.org_id else f"{SIDES[STAFF]} {user.name}".strip()


# --- leads to record at -------------------------------------------------------------------------------


class LeadChoice(BaseModel):
    """A lead at whose end an investment may be recorded."""

    value: str
    label: str


def leads(session: Session, actor: Actor, word: str = "", kept: str = "") -> list[LeadChoice]:
    """Return the newest open leads that the actor may record an investment at, found by a part of a name.

    `kept` is the lead that is chosen already: it stays to be chosen, whatever is looked for."""
    own = actor.may(Permission.INVESTMENT_SUBMIT)
    if not own:
        staff.require(actor, Permission.INVESTMENT_MANAGE)
    query = select(EquityLead, EquityProject.name).join(
        EquityProject, col(EquityProject.id) == EquityLead.project_id
    )
    if own:
        query = query.where(EquityLead.org_id == actor.org_id)
    number = int(kept) if kept.isascii() and kept.isdigit() and len(kept) < 10 else 0
    rows = list(session.exec(query.where(EquityLead.id == number))) if number else []
    query = query.where(
        col(EquityLead.stage) != LeadStage.CLOSED.value,
        EquityLead.id != number,
        col(EquityProject.state).in_([ProjectState.OPEN.value, ProjectState.CLOSED.value]),
    )
    if word := normalise(word)[:60]:
        named = select(Organisation.id).where(col(Organisation.name).contains(word, autoescape=True))
        in_project = col(EquityProject.name).contains(word, autoescape=True)
        query = query.where(or_(in_project, col(EquityLead.org_id).in_(named)))
    rows += session.exec(query.order_by(col(EquityLead.id).desc()).limit(LEADS_MAX))
    names = names_of(session, {lead.org_id for lead, _ in rows})
    return [
        LeadChoice(
            value=str(lead.id),
            label=f"{name}（{LeadStage.label_of(lead.stage)}）"
            if own
            else f"{name} ← {names.get(lead.org_id, '')}",
        )
        for lead, name in rows
    ]
