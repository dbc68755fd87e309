"""收藏与推荐: an institution's favourites, and what the staff recommended to it (manual §6.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import PUBLIC_PROJECT, Actor
from cpegi_app.models import EquityProject, Organisation, ProjectFavourite, ProjectRecommendation
from cpegi_app.services import equity_interest, lists
from cpegi_app.services.equity_public import card
from cpegi_app.services.forms import normalise
from cpegi_app.services.list_count import Table
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.vocabulary.equity import INTEREST_TONES, PROJECT_TONES, Interest, ProjectState


class DealRow(BaseModel):
    """A project among an institution's favourites or recommendations."""

    id: int
    name: str
    org: str
    industry: str
    round: str
    amount: str
    state: str
    tone: str
    href: str
    at: str
    is_open: bool
    is_favourite: bool
    is_recommended: bool
    reasons: str = ""
    note: str = ""
    answer: str = ""
    answer_label: str = ""
    answer_tone: str = "grey"
    word: str = ""


def _mine(model: Any, actor: Actor, filters: Filters) -> list[Any]:
    equity_interest.require(actor)
    found: list[Any] = [model.org_id == actor.org_id]
    if word := normalise(filters.get("word", "")):
        org = col(Organisation.name).contains(word, autoescape=True)
        named = col(EquityProject.name).contains(word, autoescape=True) | org
        query = select(EquityProject.id).join(Organisation, col(Organisation.id) == col(EquityProject.org_id))
        found.append(query.where(col(EquityProject.id) == model.project_id, named).exists())
    return found


def _recommended(actor: Actor, filters: Filters) -> list[Any]:
    found, answer = _mine(ProjectRecommendation, actor, filters), filters.get("answer", "")
    if answer in (*Interest, "NONE"):
        found.append(ProjectRecommendation.answer == ("" if answer == "NONE" else answer))
    return found


def _rows(session: Session, actor: Actor, filters: Filters, marks: list[Any]) -> list[DealRow]:
    """Return the rows with the marks of the other list: a recommended project may be a favourite too."""
    ids = [m.project_id for m in marks]
    query = select(EquityProject, Organisation.name).where(col(EquityProject.id).in_(ids))
    query = query.join(Organisation, col(Organisation.id) == col(EquityProject.org_id))
    projects = {project.id: (project, org) for project, org in session.exec(query)}
    kept = select(ProjectFavourite.project_id).where(
        ProjectFavourite.org_id == actor.org_id, col(ProjectFavourite.project_id).in_(ids)
    )
    favourites = set(session.exec(kept))
    rows = [_row(m, *projects[m.project_id]) for m in marks]
    return [r.model_copy(update={"is_favourite": r.id in favourites}) for r in rows]


def _row(mark: Any, project: EquityProject, org: str) -> DealRow:
    shown = card(project, org)
    told = mark if isinstance(mark, ProjectRecommendation) else None
    return DealRow(
        id=shown.id,
        name=shown.name,
        org=org,
        industry=shown.industry,
        round=shown.round,
        amount=shown.amount,
        state=ProjectState.label_of(project.state),
        tone=PROJECT_TONES[project.state],
        href="" if project.state == ProjectState.DOWN else PUBLIC_PROJECT.url(pid=project.id),
        at=clock.local(mark.created_at),
        is_open=project.state == ProjectState.OPEN,
        is_favourite=told is None,
        is_recommended=told is not None,
        reasons="；".join(told.reasons) if told else "",
        note=told.note if told else "",
        answer=told.answer if told else "",
        answer_label=(Interest.label_of(told.answer) or "待反馈") if told else "",
        answer_tone=INTEREST_TONES[told.answer] if told else "grey",
        word=told.answer_word if told else "",
    )


def _amount(mark: Any) -> Any:
    """Return what the project of a mark asks for, to sort by."""
    return select(EquityProject.amount_fen).where(EquityProject.id == mark.project_id).scalar_subquery()


_COLUMNS: dict[str, Any] = {
    "项目": lambda r: r.name,
    "企业": lambda r: r.org,
    "行业": lambda r: r.industry,
    "轮次": lambda r: r.round,
    "融资额（万元）": lambda r: r.amount,
    "状态": lambda r: r.state,
}
FAVOURITES = lists.register(
    Listing(
        "deals_favourite",
        "我的收藏",
        lambda actor, filters: _mine(ProjectFavourite, actor, filters),
        Table(ProjectFavourite),
        _rows,
        _COLUMNS | {"收藏时间": lambda r: r.at},
        {"at": col(ProjectFavourite.id), "amount": _amount(ProjectFavourite)},
        large=False,
    )
)
RECOMMENDED = lists.register(
    Listing(
        "deals_recommended",
        "平台推荐的项目",
        _recommended,
        Table(ProjectRecommendation),
        _rows,
        _COLUMNS
        | {
            "推荐时间": lambda r: r.at,
            "推荐说明": lambda r: r.note,
            "推荐理由": lambda r: r.reasons,
            "反馈": lambda r: r.answer_label,
            "反馈说明": lambda r: r.word,
            "是否收藏": lambda r: "是" if r.is_favourite else "否",
        },
        {"at": col(ProjectRecommendation.id), "amount": _amount(ProjectRecommendation)},
        large=False,
    )
)
BY_TAB = {"recommended": RECOMMENDED, "favourite": FAVOURITES}
