"""Who looked at a project: views, favourites, interest as counts; every opening of a business plan by name."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Role
from cpegi_app.models import (
    EquityProject,
    Organisation,
    PlanOpening,
    ProjectFavourite,
    ProjectRecommendation,
    ProjectView,
    User,
)
from cpegi_app.services import audit, identifiers
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary import OrgClass
from cpegi_app.vocabulary.equity import Interest

# A reader of PDF asks for a file in pieces: what follows within a minute is the same opening.
SAME_OPENING = timedelta(minutes=1)


class Counts(BaseModel):
    """How many organisations looked at a project, kept it, marked interest, opened its plan."""

    viewed: int = 0
    favourites: int = 0
    interested: int = 0
    opened: int = 0


def counts(session: Session, project_ids: list[int]) -> dict[int, Counts]:
    """Return the counts of some projects."""
    found = {i: Counts() for i in project_ids}
    orgs = func.count(func.distinct(col(ProjectView.org_id)))
    kept = func.count(col(ProjectFavourite.id))
    wanted = func.count(col(ProjectRecommendation.id))
    read = func.count(func.distinct(col(PlanOpening.org_id)))
    for name, model, number, where in (
        ("viewed", ProjectView, orgs, ()),
        ("favourites", ProjectFavourite, kept, ()),
        (
            "interested",
            ProjectRecommendation,
            wanted,
            (ProjectRecommendation.answer == Interest.INTERESTED.value,),
        ),
        ("opened", PlanOpening, read, ()),
    ):
        query = select(model.project_id, number).where(col(model.project_id).in_(project_ids), *where)
        for project_id, count in session.exec(query.group_by(col(model.project_id))):
            setattr(found[project_id], name, count)
    return found


def note_view(session: Session, actor: Actor, project_id: int) -> None:
    """Note that a verified organisation looked at a project today; the own one and the staff do not count."""
    project = session.get(EquityProject, project_id)
    if project is None or actor.role is not Role.MEMBER or not actor.verified:
        return
    if actor.org_id is None or actor.org_id == project.org_id:
        return
    one_at_a_time(session, "project-view", project_id, actor.org_id)
    today = clock.today()
    query = select(ProjectView.id).where(
        ProjectView.project_id == project_id,
        ProjectView.org_id == actor.org_id,
        ProjectView.viewed_on == today,
    )
    if session.exec(query).first() is None:
        session.add(ProjectView(project_id=project_id, org_id=actor.org_id, viewed_on=today))


def record_opening(session: Session, actor: Actor, project: EquityProject, file_id: int) -> None:
    """Record that somebody opened a business plan, for the enterprise and the audit trail."""
    since = clock.now() - SAME_OPENING
    query = select(PlanOpening.id).where(
        PlanOpening.project_id == project.id,
        PlanOpening.file_id == file_id,
        PlanOpening.user_id == actor.user_id,
        col(PlanOpening.created_at) > since,
    )
    if session.exec(query).first() is None:
        opening = PlanOpening(
            project_id=project.id or 0, file_id=file_id, org_id=actor.org_id or 0, user_id=actor.user_id
        )
        session.add(opening)
        audit.record(session, actor, "project.plan", f"equity_project:{project.id}", project.name)


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


def openings(
    session: Session, actor: Actor, project_id: int, *, page: int = 1, size: int = 10
) -> tuple[Readers, list[OpeningRow], int]:
    """Return who opened the business plan of the actor's own project, newest first, with the counts."""
    from cpegi_app.services import equity_project

    project = equity_project.own(session, actor, project_id)
    query = select(PlanOpening).where(PlanOpening.project_id == project_id)
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    page_of = query.order_by(col(PlanOpening.id).desc()).offset((page - 1) * size).limit(size)
    rows = [_opening(session, o) for o in session.exec(page_of).all()]
    name = project.name or project.data.get("name", "")
    return Readers(name=name, counts=counts(session, [project_id])[project_id]), rows, total


def _opening(session: Session, o: PlanOpening) -> OpeningRow:
    org, user = session.get_one(Organisation, o.org_id), session.get_one(User, o.user_id)
    return OpeningRow(
        id=o.id or 0,
        org=org.name,
        org_class=OrgClass.label_of(org.org_class),
        who=user.name or identifiers.masked(user.phone),
        at=clock.local(o.created_at),
    )
