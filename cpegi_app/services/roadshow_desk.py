"""项目路演, what the staff arrange around it: projects, invitations, who comes, who came, the list (manual §6.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from sqlalchemy import delete, func, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Conflict, NotFound
from cpegi_app.models import (
    EquityProject,
    Organisation,
    Roadshow,
    RoadshowInvitation,
    RoadshowProject,
    RoadshowRegistration,
)
from cpegi_app.services import list_count, lists, roadshow, roadshow_guest, staff
from cpegi_app.services.forms import normalise
from cpegi_app.services.ids import is_id
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.roadshow_guest import ChangeLine, ProjectLine
from cpegi_app.vocabulary import Kind, OrgClass
from cpegi_app.vocabulary.equity import (
    InviteRole,
    ProjectState,
    RoadshowState,
    Round,
)

FOUND_MAX, WORD_MIN, PROJECTS_MAX, INVITED_MAX = 10, 2, 20, 2_000


class Choice(BaseModel):
    """An organisation or a project that may be added."""

    id: int
    name: str
    note: str


class DeskView(BaseModel):
    """Everything that the staff's page of a roadshow shows."""

    id: int = 0
    version: int = 0
    title: str = ""
    state: str = ""
    state_label: str = ""
    tone: str = "grey"
    when: str = ""
    taken: int = 0
    places: int = 0
    values: dict[str, str] = {}
    projects: list[ProjectLine] = []
    invited: int = 0
    registered: int = 0
    changes: list[ChangeLine] = []
    summary: str = ""
    cancel_reason: str = ""
    is_draft: bool = False
    can_edit: bool = False
    can_cancel: bool = False
    has_begun: bool = False


def desk(session: Session, actor: Actor, roadshow_id: int) -> DeskView:
    """Return a roadshow as the staff arrange it."""
    row = roadshow.find(session, actor, roadshow_id)
    label, tone = roadshow_guest.label_of(row)
    draft, begun = row.state == RoadshowState.DRAFT, row.starts_at <= clock.now()
    return DeskView(
        id=row.id or 0,
        version=row.version,
        title=row.title or "新建路演",
        state=row.state,
        state_label=label,
        tone=tone,
        when="" if draft else roadshow_guest.when(row),
        taken=row.taken,
        places=row.places,
        values=roadshow.values(row),
        projects=roadshow_guest.projects_of(session, roadshow_id),
        invited=_count(session, select(RoadshowInvitation).where(RoadshowInvitation.roadshow_id == row.id)),
        registered=_count(session, roadshow.registered(roadshow_id)),
        changes=roadshow_guest.changes_of(session, roadshow_id),
        summary=row.summary,
        cancel_reason=row.cancel_reason,
        is_draft=draft,
        can_edit=draft or (row.state == RoadshowState.PUBLISHED and not begun),
        can_cancel=row.state == RoadshowState.PUBLISHED and not begun,
        has_begun=row.state == RoadshowState.PUBLISHED and begun,
    )


def _count(session: Session, query: Any) -> int:
    return session.exec(select(func.count()).select_from(query.subquery())).one()


# --- projects and invitations -------------------------------------------------------------------------


def _arrangeable(session: Session, actor: Actor, roadshow_id: int) -> Roadshow:
    row = roadshow.find(session, actor, roadshow_id)
    one_at_a_time(session, "roadshow", roadshow_id)
    session.refresh(row)
    if row.state == RoadshowState.CANCELLED:
        raise Conflict("该路演已取消，不能再修改。如需举办，请新建一场路演。")
    if row.state == RoadshowState.PUBLISHED and row.ends_at <= clock.now():
        raise Conflict("该路演已结束，不能再增减参与项目和邀请对象。")
    return row


def find_projects(session: Session, actor: Actor, word: str) -> list[Choice]:
    """Return projects that are looking for money, by a part of the project's or the enterprise's name."""
    staff.require(actor, Permission.ROADSHOW_MANAGE)
    if len(word := normalise(word)[:60]) < WORD_MIN:
        return []
    query = (
        select(EquityProject, Organisation.name)
        .join(Organisation, col(Organisation.id) == EquityProject.org_id)
        .where(
            EquityProject.state == ProjectState.OPEN.value,
            or_(
                col(EquityProject.name).contains(word, autoescape=True),
                col(Organisation.name).contains(word, autoescape=True),
            ),
        )
    )
    rows = session.exec(query.order_by(col(EquityProject.id).desc()).limit(FOUND_MAX))
    return [Choice(id=p.id or 0, name=p.name, note=f"{org} · {Round.label_of(p.round)}") for p, org in rows]


def add_project(session: Session, actor: Actor, roadshow_id: int, project_id: int) -> None:
    """Add a project to present; its enterprise is invited with it."""
    row = _arrangeable(session, actor, roadshow_id)
    project = session.get(EquityProject, project_id) if is_id(project_id) else None
    if project is None or project.state != ProjectState.OPEN:
        raise NotFound("融资项目")
    shown = roadshow_guest.projects_of(session, roadshow_id)
    if len(shown) >= PROJECTS_MAX:
        raise Conflict(f"一场路演最多 {PROJECTS_MAX} 个项目，请先移除不需要的项目。")
    if project_id not in {p.id for p in shown}:
        session.add(RoadshowProject(roadshow_id=roadshow_id, project_id=project_id, position=len(shown)))
        session.flush()
        roadshow.note_programme(session, actor, roadshow_id, f"新增参与项目“{project.name}”")
    _invite(session, row, [project.org_id], InviteRole.PROJECT)


def remove_project(session: Session, actor: Actor, roadshow_id: int, project_id: int) -> None:
    """Take a project off; its enterprise stays invited until it is taken off as well."""
    _arrangeable(session, actor, roadshow_id)
    table: Any = RoadshowProject
    done = session.exec(delete(table).where(table.roadshow_id == roadshow_id, table.project_id == project_id))
    if done.rowcount:
        name = session.get_one(EquityProject, project_id).name
        roadshow.note_programme(session, actor, roadshow_id, f"移除参与项目“{name}”")


def find_guests(session: Session, actor: Actor, word: str) -> list[Choice]:
    """Return verified organisations by a part of the name."""
    staff.require(actor, Permission.ROADSHOW_MANAGE)
    if len(word := normalise(word)[:60]) < WORD_MIN:
        return []
    query = select(Organisation).where(
        col(Organisation.verified_at).is_not(None), col(Organisation.name).contains(word, autoescape=True)
    )
    rows = session.exec(query.order_by(col(Organisation.id)).limit(FOUND_MAX))
    return [Choice(id=o.id or 0, name=o.name, note=OrgClass.label_of(o.org_class)) for o in rows]


def invite(session: Session, actor: Actor, roadshow_id: int, org_id: int) -> None:
    """Invite a verified organisation: an equity institution as investor, anybody else as guest."""
    row = _arrangeable(session, actor, roadshow_id)
    org = session.get(Organisation, org_id) if is_id(org_id) else None
    if org is None or org.verified_at is None:
        raise NotFound("已认证机构或企业")
    role = InviteRole.INVESTOR if org.kind == Kind.EQUITY else InviteRole.GUEST
    _invite(session, row, [org_id], role)


def invite_investors(session: Session, actor: Actor, roadshow_id: int) -> int:
    """Invite every verified equity institution; return how many were new."""
    row = _arrangeable(session, actor, roadshow_id)
    query = select(Organisation.id).where(
        Organisation.kind == Kind.EQUITY.value, col(Organisation.verified_at).is_not(None)
    )
    ids = [i or 0 for i in session.exec(query.limit(INVITED_MAX))]
    return _invite(session, row, ids, InviteRole.INVESTOR)


def _invite(session: Session, row: Roadshow, org_ids: Iterable[int], role: InviteRole) -> int:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table: Any = RoadshowInvitation.__table__  # pyright: ignore[reportAttributeAccessIssue]
    new = []
    for org_id in org_ids:
        added = session.execute(
            insert(table)
            .values(roadshow_id=row.id, org_id=org_id, role=role.value, created_at=clock.now())
            .on_conflict_do_nothing()
            .returning(table.c.id)
        )
        new += [org_id] if added.first() else []
    roadshow.tell_invited(session, row, new)
    return len(new)


def uninvite(session: Session, actor: Actor, roadshow_id: int, org_id: int) -> None:
    """Take an invitation back while the organisation is not registered."""
    _arrangeable(session, actor, roadshow_id)
    going = roadshow.registered(roadshow_id).where(RoadshowRegistration.org_id == org_id)
    if session.exec(going).first() is not None:
        raise Conflict("该单位已报名，不能移除邀请。请先与对方联系，由对方取消报名。")
    table: Any = RoadshowInvitation
    session.exec(delete(table).where(table.roadshow_id == roadshow_id, table.org_id == org_id))


# --- the staff's list ---------------------------------------------------------------------------------


class StaffRoadshowRow(BaseModel):
    """A roadshow in the staff's list."""

    id: int
    title: str
    when: str
    where: str
    deadline: str
    taken: str
    state_label: str
    tone: str


def _where(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.ROADSHOW_MANAGE)
    found: list[Any] = []
    if word := normalise(filters.get("word", ""))[:60]:
        found.append(col(Roadshow.title).contains(word, autoescape=True))
    if (state := filters.get("state", "")) in RoadshowState._value2member_map_:
        found.append(Roadshow.state == state)
    return found


def _row(r: Roadshow) -> StaffRoadshowRow:
    label, tone = roadshow_guest.label_of(r)
    blank = not r.title
    return StaffRoadshowRow(
        id=r.id or 0,
        title=r.title or "（未命名路演）",
        when="—" if blank else roadshow_guest.when(r),
        where="—" if blank else roadshow_guest.where(r),
        deadline="—" if blank else clock.local(r.deadline_at),
        taken=f"{r.taken} / {r.places}",
        state_label=label,
        tone=tone,
    )


EVERY = lists.register(
    Listing(
        "roadshows_all",
        "路演管理",
        _where,
        list_count.Table(Roadshow),
        lambda session, actor, filters, found: [_row(r) for r in found],
        {
            "路演主题": lambda r: r.title,
            "时间": lambda r: r.when,
            "地点": lambda r: r.where,
            "报名截止": lambda r: r.deadline,
            "已报名/名额": lambda r: r.taken,
            "状态": lambda r: r.state_label,
        },
        {"when": col(Roadshow.starts_at)},
        large=False,
    )
)
