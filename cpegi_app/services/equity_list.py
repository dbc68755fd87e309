"""我的融资项目 as its enterprise's list shows them, and who opened a business plan (manual §6.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import EquityProject, EquityProjectRevision, Organisation, PlanOpening, User
from cpegi_app.services import equity_plan, equity_project, identifiers, list_count, lists, review
from cpegi_app.services.equity_form import ProjectForm
from cpegi_app.services.equity_plan import Counts
from cpegi_app.services.equity_project import FLOW
from cpegi_app.services.forms import normalise
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.vocabulary import TONES, OrgClass, Status
from cpegi_app.vocabulary.equity import PROJECT_TONES, ProjectState, Round


class ProjectRow(BaseModel):
    """A project in its enterprise's list; how many organisations looked, kept it, want it, opened its plan."""

    id: int
    revision_id: int
    name: str
    round: str
    amount: str
    status: str
    tone: str
    pending: str
    updated: str
    published: bool
    closed: bool
    open: bool
    editable: bool
    viewed: int = 0
    favourites: int = 0
    interested: int = 0
    opened: int = 0


def own_list(
    session: Session, actor: Actor, *, word: str = "", status: str = "", page: int = 1, size: int = 10
) -> tuple[list[ProjectRow], int]:
    """Return one page of the enterprise's projects with their newest revision."""
    found = lists.page(session, actor, OWN, {"word": word, "status": status}, page=page, size=size)
    return found.rows, found.total


def _own(actor: Actor, filters: Filters) -> list[Any]:
    review.require(FLOW, actor)
    newest = (
        select(func.max(EquityProjectRevision.id))
        .where(EquityProjectRevision.org_id == actor.org_id)
        .group_by(col(EquityProjectRevision.project_id))
    )
    found: list[Any] = [
        EquityProjectRevision.org_id == actor.org_id,
        col(EquityProjectRevision.id).in_(newest),
    ]
    if word := normalise(filters.get("word", "")):
        # A draft's name stands in its data only, until it is published.
        drafted: Any = col(EquityProjectRevision.data)["name"]
        named = drafted.as_string().contains(word, autoescape=True)
        found.append(named | _of(col(EquityProject.name).contains(word, autoescape=True)))
    status = filters.get("status", "")
    if status in ProjectState._value2member_map_:
        found.append(_of(col(EquityProject.state) == status))
    elif status in Status._value2member_map_:
        found.append(EquityProjectRevision.status == status)
    return found


def _of(condition: Any) -> Any:
    """Return the condition that a revision's project fulfils another."""
    query = select(EquityProject.id).where(EquityProject.id == EquityProjectRevision.project_id, condition)
    return query.exists()


def _rows(session: Session, revisions: list[EquityProjectRevision]) -> list[ProjectRow]:
    ids = [r.project_id for r in revisions]
    projects = {p.id: p for p in session.exec(select(EquityProject).where(col(EquityProject.id).in_(ids)))}
    counts = equity_plan.counts(session, ids)
    rows = [_row(r, projects[r.project_id]) for r in revisions]
    return [r.model_copy(update=counts[r.id].model_dump()) for r in rows]


def _row(rev: EquityProjectRevision, project: EquityProject) -> ProjectRow:
    data = rev.data
    published = bool(project.revision_id)
    if published:
        label, tone = ProjectState.label_of(project.state), PROJECT_TONES[project.state]
        pending = "" if rev.status == Status.APPROVED else f"变更{Status.label_of(rev.status)}"
    else:
        label, tone, pending = Status.label_of(rev.status), TONES[rev.status], ""
    return ProjectRow(
        id=project.id or 0,
        revision_id=rev.id or 0,
        name=data.get("name") or "（未命名项目）",
        round=Round.label_of(data.get("round")) or "—",
        amount=ProjectForm.spec("amount").show(data.get("amount")) or "—",
        status=label,
        tone=tone,
        pending=pending,
        updated=clock.local(rev.updated_at or rev.created_at),
        published=published,
        closed=project.state == ProjectState.CLOSED,
        open=project.state == ProjectState.OPEN,
        editable=rev.status in review.EDITABLE,
    )


OWN = lists.register(
    Listing(
        "equity_projects",
        "我的融资项目",
        _own,
        list_count.Table(EquityProjectRevision),
        lambda session, actor, filters, found: _rows(session, found),
        {
            "项目名称": lambda r: r.name,
            "轮次": lambda r: r.round,
            "融资额（万元）": lambda r: r.amount,
            "状态": lambda r: r.status,
            "变更": lambda r: r.pending,
            "浏览机构": lambda r: r.viewed,
            "收藏": lambda r: r.favourites,
            "感兴趣": lambda r: r.interested,
            "查阅计划书": lambda r: r.opened,
            "更新时间": lambda r: r.updated,
        },
        {
            "updated": func.coalesce(
                col(EquityProjectRevision.updated_at), col(EquityProjectRevision.created_at)
            )
        },
        large=False,
    )
)


# --- who opened a business plan -----------------------------------------------------------------------


class OpeningRow(BaseModel):
    """Who opened a business plan, and when."""

    id: int
    org: str
    org_class: str
    who: str
    at: str


class Readers(BaseModel):
    """A project's name and its counts."""

    name: str = ""
    counts: Counts = Counts()


def readers(session: Session, actor: Actor, project_id: int) -> Readers:
    """Return the counts of the actor's own project."""
    project = equity_project.own(session, actor, project_id)
    return Readers(name=project.name, counts=equity_plan.counts(session, [project_id])[project_id])


def _of_own(actor: Actor, filters: Filters) -> list[Any]:
    review.require(FLOW, actor)
    project_id = lists.int_filter(filters, "project")
    own = select(EquityProject.id).where(
        EquityProject.id == PlanOpening.project_id, EquityProject.org_id == actor.org_id
    )
    found: list[Any] = [PlanOpening.project_id == project_id, own.exists()]
    if word := normalise(filters.get("word", "")):
        named = select(Organisation.id).where(col(Organisation.name).contains(word, autoescape=True))
        found.append(col(PlanOpening.org_id).in_(named))
    return found


def _openings(session: Session, found: list[PlanOpening]) -> list[OpeningRow]:
    orgs = select(Organisation).where(col(Organisation.id).in_({o.org_id for o in found}))
    people = select(User).where(col(User.id).in_({o.user_id for o in found}))
    by_org, by_user = {o.id: o for o in session.exec(orgs)}, {u.id: u for u in session.exec(people)}
    return [
        OpeningRow(
            id=o.id or 0,
            org=by_org[o.org_id].name,
            org_class=OrgClass.label_of(by_org[o.org_id].org_class),
            who=by_user[o.user_id].name or identifiers.masked(by_user[o.user_id].phone),
            at=clock.local(o.created_at),
        )
        for o in found
    ]


OPENINGS = lists.register(
    Listing(
        "plan_openings",
        "商业计划书查阅记录",
        _of_own,
        list_count.Table(PlanOpening),
        lambda session, actor, filters, found: _openings(session, found),
        {
            "机构名称": lambda r: r.org,
            "机构类别": lambda r: r.org_class,
            "查阅人": lambda r: r.who,
            "打开时间": lambda r: r.at,
        },
        {"at": col(PlanOpening.id)},
        large=False,
    )
)
