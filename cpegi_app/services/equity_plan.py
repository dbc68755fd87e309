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
    PlanOpening,
    ProjectFavourite,
    ProjectRecommendation,
    ProjectView,
)
from cpegi_app.services import audit, live, notices
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary.equity import Interest

# A reader of PDF asks for a file in pieces: what follows within a minute is the same opening.
SAME_OPENING = timedelta(minutes=1)


def follow(session: Session, project: EquityProject) -> None:
    """Let the enterprise's open pages follow what is counted of its project."""
    live.concern(session, notices.users_of(session, project.org_id))


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
        follow(session, project)
        audit.record(session, actor, "project.plan", f"equity_project:{project.id}", project.name)
