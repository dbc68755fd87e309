"""收藏, 取消收藏, and answers to recommended projects; each becomes a lead at the staff's (manual §6.1)."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import EquityProject, ProjectFavourite, ProjectRecommendation
from cpegi_app.services import equity_lead, equity_plan, equity_project
from cpegi_app.services.forms import normalise, too_long
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary.equity import Interest, LeadSource, ProjectState

WORD_MAX = 200


def require(actor: Actor) -> None:
    """Refuse whoever is no verified equity institution."""
    if not actor.may(Permission.EQUITY_BROWSE):
        raise Forbidden("收藏和反馈融资项目仅对经认证的股权金融机构开放。如有疑问，请致电 400 056 5005。")


def favourite(session: Session, actor: Actor, project_id: int, *, on: bool) -> None:
    """收藏 or 取消收藏 a project; twice is once."""
    require(actor)
    project = equity_project.find(session, project_id)
    one_at_a_time(session, "lead", project_id, actor.org_id)
    query = select(ProjectFavourite).where(
        ProjectFavourite.project_id == project_id, ProjectFavourite.org_id == actor.org_id
    )
    kept = session.exec(query).first()
    if bool(kept) == on:
        return
    equity_plan.follow(session, project)
    if kept is not None:
        session.delete(kept)
        equity_lead.remark(session, actor, project_id, "取消收藏")
        return
    _refuse_closed(project)
    if project.org_id == actor.org_id:
        raise Conflict("这是贵单位自己发布的项目，无需收藏。")
    session.add(ProjectFavourite(project_id=project_id, org_id=actor.org_id or 0, user_id=actor.user_id))
    equity_lead.signal(session, actor, project, LeadSource.FAVOURITE, "收藏了项目")


def _refuse_closed(project: EquityProject) -> None:
    if project.state == ProjectState.DOWN:
        raise Conflict("该项目已被项目方撤下，暂不能收藏或反馈。如仍有意向，请致电 400 056 5005。")
    if project.state == ProjectState.CLOSED:
        raise Conflict("该项目已结项，不能再收藏或反馈。您可以在“股权融资”中查看其他项目。")


def answer(session: Session, actor: Actor, project_id: int, choice: str, word: str = "") -> None:
    """感兴趣 or 不感兴趣 on a recommended project, with a word why; may be changed later."""
    require(actor)
    if choice not in Interest._value2member_map_:
        raise FormInvalid({"answer": "请选择“感兴趣”或“不感兴趣”"})
    word = normalise(word)
    if said := too_long(word, WORD_MAX):
        raise FormInvalid({"why": said})
    query = select(ProjectRecommendation).where(
        ProjectRecommendation.project_id == project_id, ProjectRecommendation.org_id == actor.org_id
    )
    told = session.exec(query).first() if is_id(project_id) else None
    if told is None:
        raise NotFound("推荐的项目")
    project = equity_project.find(session, project_id)
    _refuse_closed(project)
    one_at_a_time(session, "lead", project_id, actor.org_id)
    session.refresh(told)
    if (told.answer, told.answer_word) == (choice, word):
        return
    told.answer, told.answer_word = choice, word
    told.answered_by, told.answered_at = actor.user_id, clock.now()
    session.add(told)
    equity_plan.follow(session, project)
    text = Interest(choice).label + (f"：{word}" if word else "")
    if choice == Interest.INTERESTED:
        equity_lead.signal(session, actor, project, LeadSource.INTEREST, text)
    else:
        equity_lead.remark(session, actor, project_id, text)


def unanswered(session: Session, actor: Actor) -> int:
    """Return how many recommended projects of the institution still wait for an answer."""
    query = select(func.count(col(ProjectRecommendation.id))).where(
        ProjectRecommendation.org_id == actor.org_id, ProjectRecommendation.answer == ""
    )
    return session.exec(query).one()
