"""The staff's board of leads, the closed ones, and one lead with its log (manual §6.1)."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import PUBLIC_PROJECT, Actor, Role
from cpegi_app.models import EquityLead, EquityProject, LeadEvent, Organisation, User
from cpegi_app.services import equity_lead, equity_match, list_count, lists
from cpegi_app.services.equity_lead import LIVE, require_staff
from cpegi_app.services.equity_match import Reason
from cpegi_app.services.equity_public import ProjectCard, card
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.vocabulary import OrgClass
from cpegi_app.vocabulary.equity import (
    LEAD_TONES,
    LeadEventKind,
    LeadOutcome,
    LeadSource,
    LeadStage,
    ProjectState,
)

# So many cards of a column stand on the board at first, and are added by 更多; beyond the most, the list goes on.
CARDS, MOST = 12, 120
EVENT_TONES = {
    LeadEventKind.SIGNAL: "orange",
    LeadEventKind.BEGUN: "blue",
    LeadEventKind.CLOSED: "teal",
    LeadEventKind.REOPENED: "orange",
    LeadEventKind.CALL: "green",
    LeadEventKind.VISIT: "green",
    LeadEventKind.MEETING: "green",
}


class LeadCard(BaseModel):
    """A lead on the board or among the closed ones."""

    id: int
    project: str
    org: str
    source: str
    owner: str
    next_step: str
    next_on: str
    late: bool
    at: str
    stage: str = ""
    tone: str = "grey"
    outcome: str = ""
    outcome_note: str = ""


class Column(BaseModel):
    """A stage of the board with its first cards."""

    stage: str
    label: str
    tone: str
    count: int
    cards: list[LeadCard]
    more: bool


def _named(word: str) -> list[Any]:
    """Return the condition that the project or the institution has a word in its name."""
    if not (word := normalise(word)[:60]):
        return []
    projects = select(EquityProject.id).where(col(EquityProject.name).contains(word, autoescape=True))
    orgs = select(Organisation.id).where(col(Organisation.name).contains(word, autoescape=True))
    return [col(EquityLead.project_id).in_(projects) | col(EquityLead.org_id).in_(orgs)]


def _owned(query: Any, actor: Actor, owner: str, word: str) -> Any:
    query = query.where(*_named(word))
    if owner == "MINE":
        return query.where(EquityLead.owner_id == actor.user_id)
    return query.where(col(EquityLead.owner_id).is_(None)) if owner == "NONE" else query


def board(
    session: Session, actor: Actor, *, owner: str = "", word: str = "", cards: int = CARDS
) -> list[Column]:
    """Return the live stages, each with what is due first; `owner` is MINE, NONE or empty for everybody's."""
    require_staff(actor)
    query = select(EquityLead.stage, func.count(col(EquityLead.id))).where(
        col(EquityLead.stage).in_([s.value for s in LIVE])
    )
    counts: dict[str, int] = dict(
        session.exec(_owned(query, actor, owner, word).group_by(EquityLead.stage)).all()
    )
    found = []
    for stage in LIVE:
        count = counts.get(stage.value, 0)
        mine = _owned(_wide().where(EquityLead.stage == stage.value), actor, owner, word)
        rows = _cards(session, mine, min(cards, count)) if count else []
        found.append(
            Column(
                stage=stage.value,
                label=stage.label,
                tone=LEAD_TONES[stage],
                count=count,
                cards=rows,
                more=count > len(rows),
            )
        )
    return found


def _cards(session: Session, at_stage: Any, most: int) -> list[LeadCard]:
    """Return what is due first, then what has no date, the newest first; each part on the index."""
    next_on = col(EquityLead.next_on)
    dated = at_stage.where(next_on.is_not(None)).order_by(next_on, col(EquityLead.id))
    rows = list(session.exec(dated.limit(most)))
    if len(rows) < most:
        undated = at_stage.where(next_on.is_(None)).order_by(col(EquityLead.id).desc())
        rows += session.exec(undated.limit(most - len(rows)))
    return [_card(*row) for row in rows]


def _wide() -> Any:
    """Return leads with project, institution and owner."""
    query: Any = select(EquityLead, EquityProject.name, Organisation.name, User.name)
    query = query.join(EquityProject, col(EquityProject.id) == EquityLead.project_id)
    query = query.join(Organisation, col(Organisation.id) == EquityLead.org_id)
    return query.join(User, col(User.id) == EquityLead.owner_id, isouter=True)


def _card(lead: EquityLead, project: str, org: str, owner: str | None) -> LeadCard:
    return LeadCard(
        id=lead.id or 0,
        project=project,
        org=org,
        source=LeadSource.label_of(lead.source),
        owner=owner or ("" if lead.owner_id is None else "平台管理人员"),
        next_step=lead.next_step,
        next_on=lead.next_on.isoformat() if lead.next_on else "",
        late=bool(lead.next_on and lead.next_on < clock.today()),
        at=clock.local(lead.closed_at or lead.updated_at or lead.created_at),
        stage=LeadStage.label_of(lead.stage),
        tone=LEAD_TONES[lead.stage],
        outcome=LeadOutcome.label_of(lead.outcome),
        outcome_note=lead.outcome_note,
    )


def untaken(session: Session, actor: Actor) -> int:
    """Return how many live leads nobody has taken."""
    require_staff(actor)
    query = select(func.count(col(EquityLead.id))).where(
        col(EquityLead.owner_id).is_(None), col(EquityLead.stage).in_([s.value for s in LIVE])
    )
    return session.exec(query).one()


def _closed(actor: Actor, filters: Filters) -> list[Any]:
    require_staff(actor)
    found: list[Any] = [EquityLead.stage == LeadStage.CLOSED.value, *_named(filters.get("word", ""))]
    if (outcome := filters.get("outcome", "")) in LeadOutcome._value2member_map_:
        found.append(EquityLead.outcome == outcome)
    return found


def _live(actor: Actor, filters: Filters) -> list[Any]:
    """Return the conditions of the live leads; `owner` is a number or NONE."""
    require_staff(actor)
    stages = [s.value for s in LIVE]
    stage = filters.get("stage", "")
    found: list[Any] = [col(EquityLead.stage).in_([stage] if stage in stages else stages)]
    if filters.get("owner") == "NONE":
        found.append(col(EquityLead.owner_id).is_(None))
    elif owner := lists.int_filter(filters, "owner"):
        found.append(col(EquityLead.owner_id) == owner)
    return [*found, *_named(filters.get("word", ""))]


def _rows(session: Session, leads: list[EquityLead]) -> list[LeadCard]:
    ids = [lead.id for lead in leads]
    rows = session.exec(_wide().where(col(EquityLead.id).in_(ids)))
    found = {row[0].id: _card(*row) for row in rows}
    return [found[i] for i in ids if i in found]


_TABLE = list_count.Table(EquityLead, touched=list_count.updated(EquityLead))
OPEN = lists.register(
    Listing(
        "open_leads",
        "跟进中的对接线索",
        _live,
        _TABLE,
        lambda session, actor, filters, found: _rows(session, found),
        {
            "项目": lambda c: c.project,
            "机构": lambda c: c.org,
            "阶段": lambda c: c.stage,
            "来源": lambda c: c.source,
            "负责人": lambda c: c.owner,
            "下一步": lambda c: c.next_step,
            "计划日期": lambda c: c.next_on,
            "更新时间": lambda c: c.at,
        },
        # What has no date yet is due last.
        {"due": func.coalesce(EquityLead.next_on, date.max), "at": col(EquityLead.updated_at)},
        slow=frozenset({"due"}),
    )
)
CLOSED = lists.register(
    Listing(
        "closed_leads",
        "已了结的对接线索",
        _closed,
        _TABLE,
        lambda session, actor, filters, found: _rows(session, found),
        {
            "项目": lambda c: c.project,
            "机构": lambda c: c.org,
            "来源": lambda c: c.source,
            "结果": lambda c: c.outcome,
            "说明": lambda c: c.outcome_note,
            "负责人": lambda c: c.owner,
            "了结时间": lambda c: c.at,
        },
        {"at": EquityLead.closed_at},
    )
)


# --- one lead ---------------------------------------------------------------------------------------


class EventRow(BaseModel):
    """One entry of a lead's log, as the timeline shows it."""

    at: str
    action: str
    tone: str
    who: str
    text: str


class LeadDetail(BaseModel):
    """A lead as its page shows it."""

    id: int = 0
    version: int = 0
    stage: str = ""
    stage_label: str = ""
    tone: str = "grey"
    closed: bool = False
    outcome: str = ""
    outcome_note: str = ""
    source: str = ""
    begun: str = ""
    owner_id: int = 0
    owner: str = ""
    next_step: str = ""
    next_on: str = ""
    late: bool = False
    project: ProjectCard = ProjectCard()
    project_state: str = ""
    project_href: str = ""
    project_contact: str = ""
    institution: str = ""
    institution_class: str = ""
    institution_contact: str = ""
    wants: str = ""
    reasons: list[Reason] = []
    events: list[EventRow] = []
    people: list[tuple[str, str]] = []
    today: str = ""


def detail(session: Session, actor: Actor, lead_id: int) -> LeadDetail:
    """Return a lead with its project, its institution, why they fit, and the log, newest first."""
    lead = equity_lead.find(session, actor, lead_id)
    project = session.get_one(EquityProject, lead.project_id)
    enterprise = session.get_one(Organisation, project.org_id)
    org = session.get_one(Organisation, lead.org_id)
    want = equity_match.of_org(session, org)
    people = _staff(session)
    owner = dict(people).get(str(lead.owner_id or 0), "")
    log = select(LeadEvent).where(LeadEvent.lead_id == lead.id).order_by(col(LeadEvent.id).desc())
    return LeadDetail(
        id=lead.id or 0,
        version=lead.version,
        stage=lead.stage,
        stage_label=LeadStage.label_of(lead.stage),
        tone=LEAD_TONES[lead.stage],
        closed=lead.stage == LeadStage.CLOSED,
        outcome=LeadOutcome.label_of(lead.outcome),
        outcome_note=lead.outcome_note,
        source=LeadSource.label_of(lead.source),
        begun=clock.local(lead.created_at),
        owner_id=lead.owner_id or 0,
        owner=owner,
        next_step=lead.next_step,
        next_on=lead.next_on.isoformat() if lead.next_on else "",
        late=bool(lead.next_on and lead.next_on < clock.today()),
        project=card(project, enterprise.name),
        project_state=ProjectState.label_of(project.state),
        project_href="" if project.state == ProjectState.DOWN else PUBLIC_PROJECT.url(pid=project.id),
        project_contact=f"{project.data.get('contact', '')} {project.data.get('contact_phone', '')}".strip(),
        institution=org.name,
        institution_class=OrgClass.label_of(org.org_class),
        institution_contact=f"{org.profile.get('contact', '')} {org.profile.get('mobile', '')}".strip(),
        wants=want.told,
        reasons=equity_match.reasons(project, want),
        events=[_event(e) for e in session.exec(log.limit(200))],
        people=people,
        today=clock.today().isoformat(),
    )


def _event(e: LeadEvent) -> EventRow:
    kind = LeadEventKind(e.kind)
    day = f"（{e.happened_on.isoformat()}）" if e.happened_on else ""
    return EventRow(
        at=clock.local(e.created_at),
        action=kind.label + day,
        tone=EVENT_TONES.get(kind, "grey"),
        who=e.actor_label,
        text=e.text,
    )


def _staff(session: Session) -> list[tuple[str, str]]:
    query = select(User).where(User.role == Role.STAFF.value, col(User.disabled_at).is_(None))
    return [(str(u.id), u.name or "平台管理人员") for u in session.exec(query.order_by(col(User.id)))]
