"""The staff recommend projects to institutions, with the reasons of a match (manual §6.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import case, func, literal
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import DEALS, Actor
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import (
    EquityProject,
    InvestPreference,
    Organisation,
    ProjectFavourite,
    ProjectRecommendation,
)
from cpegi_app.services import audit, equity_match, equity_plan, equity_project, lists, notices
from cpegi_app.services.equity_lead import require_staff
from cpegi_app.services.equity_match import Reason, Wanted, reasons, score
from cpegi_app.services.equity_public import ProjectCard, card, filtered, public_count, public_list
from cpegi_app.services.forms import normalise, too_long
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary import Kind, OrgClass
from cpegi_app.vocabulary.equity import INTEREST_TONES, Interest, ProjectState

INSTITUTION_SORTS = {"name": col(Organisation.name), "class": col(Organisation.org_class)}
NOTE_MAX, AT_ONCE, POOL = 200, 50, 5_000
# What a project is weighed by; all of it stands in the index of the public list.
_WEIGHED = ("id", "listed_at", "industry", "round", "stage", "region", "amount_fen")


class ProjectLine(ProjectCard):
    """An open project in the staff's list, with what became of it so far."""

    favourites: int = 0
    interested: int = 0
    recommended: int = 0


def projects(
    session: Session, actor: Actor, *, sort: str = "", page: int = 1, size: int = 10, **filters: str
) -> list[ProjectLine]:
    """Return one page of the open projects."""
    require_staff(actor)
    order = {"-amount": "amount", "amount": "least"}.get(sort, "")
    cards = public_list(session, sort=order, page=page, size=size, **filters)
    ids = [c.id for c in cards]
    counts = equity_plan.counts(session, ids)
    number = func.count(col(ProjectRecommendation.id))
    query = select(ProjectRecommendation.project_id, number).where(
        col(ProjectRecommendation.project_id).in_(ids)
    )
    told = dict(session.exec(query.group_by(col(ProjectRecommendation.project_id))).all())
    return [
        ProjectLine(
            **c.model_dump(),
            favourites=counts[c.id].favourites,
            interested=counts[c.id].interested,
            recommended=told.get(c.id, 0),
        )
        for c in cards
    ]


def project_count(session: Session, actor: Actor, **filters: str) -> int:
    """Return how many projects the filters leave."""
    require_staff(actor)
    return public_count(session, **filters)


class InstitutionLine(BaseModel):
    """An equity institution with what it looks for, and how it answered so far."""

    id: int
    name: str
    org_class: str
    wants: str
    stated: bool
    recommended: int = 0
    interested: int = 0


def _investors(word: str = "") -> Any:
    query = select(Organisation, InvestPreference).join(
        InvestPreference, col(InvestPreference.org_id) == Organisation.id, isouter=True
    )
    query = query.where(Organisation.kind == Kind.EQUITY.value, col(Organisation.verified_at).is_not(None))
    if word := normalise(word):
        query = query.where(col(Organisation.name).contains(word, autoescape=True))
    return query


def institutions(
    session: Session, actor: Actor, *, word: str = "", sort: str = "", page: int = 1, size: int = 10
) -> tuple[list[InstitutionLine], int]:
    """Return one page of the verified equity institutions."""
    require_staff(actor)
    query = _investors(word)
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    order = lists.order_by(INSTITUTION_SORTS, sort, Organisation, col(Organisation.id))
    found = session.exec(query.order_by(*order).offset((page - 1) * size).limit(size)).all()
    told = _told(session, [org.id for org, _ in found])
    return [_institution(org, pref, told) for org, pref in found], total


def _told(session: Session, org_ids: list[Any]) -> dict[int, tuple[int, int]]:
    wants = case((ProjectRecommendation.answer == Interest.INTERESTED.value, 1), else_=0)  # pyright: ignore
    query = select(ProjectRecommendation.org_id, func.count(), func.sum(wants))
    query = query.where(col(ProjectRecommendation.org_id).in_(org_ids))
    rows = session.exec(query.group_by(col(ProjectRecommendation.org_id)))
    return {org: (number, int(interested or 0)) for org, number, interested in rows}


def _institution(
    org: Organisation, pref: InvestPreference | None, told: dict[int, tuple[int, int]]
) -> InstitutionLine:
    number, interested = told.get(org.id or 0, (0, 0))
    return InstitutionLine(
        id=org.id or 0,
        name=org.name,
        org_class=OrgClass.label_of(org.org_class),
        wants=equity_match.wanted(pref, org.profile).told,
        stated=pref is not None,
        recommended=number,
        interested=interested,
    )


# --- candidates ---------------------------------------------------------------------------------------


class Candidate(BaseModel):
    """An institution for a project, or a project for an institution, with the reasons of the match."""

    id: int
    name: str
    note: str
    reasons: list[Reason]
    verdict: str
    verdict_tone: str
    done: str = ""
    done_tone: str = "grey"
    said: str = ""


class Candidates(BaseModel):
    """For whom or what one chooses, what it says of itself, and a page of candidates, best first."""

    title: str = ""
    about: str = ""
    rows: list[Candidate] = []
    total: int = 0


def for_project(
    session: Session, actor: Actor, project_id: int, *, word: str = "", page: int = 1, size: int = 10
) -> Candidates:
    """Return the institutions for a project, those that fit best first."""
    require_staff(actor)
    project = equity_project.find(session, project_id)
    org = session.get_one(Organisation, project.org_id)
    shown = card(project, org.name)
    weighed = [
        (inst, want, reasons(project, want))
        for inst, pref in session.exec(_investors(word).where(Organisation.id != project.org_id))
        for want in (equity_match.wanted(pref, inst.profile),)
    ]
    weighed.sort(key=lambda w: (*score(w[2]), -(w[0].id or 0)), reverse=True)
    page_of = weighed[(page - 1) * size : page * size]
    done = _done(session, "org_id", project_ids=[project_id])
    kept = _kept(session, "org_id", project_ids=[project_id])
    rows = [_candidate(inst.id or 0, inst.name, want.told, why, done, kept) for inst, want, why in page_of]
    about = f"{shown.org} · {shown.industry} · {shown.round} · {shown.amount} · {shown.region}"
    return Candidates(title=project.name, about=about, rows=rows, total=len(weighed))


def for_institution(
    session: Session,
    actor: Actor,
    org_id: int,
    *,
    page: int = 1,
    size: int = 10,
    total: int | None = None,
    **filters: str,
) -> Candidates:
    """Return the newest open projects for an institution, those that fit best first, then the newest."""
    require_staff(actor)
    org = _investor(session, org_id)
    want = equity_match.of_org(session, org)
    pool = _newest(org_id, filters)
    if total is None:
        total = session.exec(select(func.count()).select_from(pool)).one()
    order = (_fit(want, pool.c).desc(), pool.c.listed_at.desc(), pool.c.id.desc())
    page_of = session.exec(select(pool.c.id).order_by(*order).offset((page - 1) * size).limit(size))
    wanted = [i for i in page_of if i is not None]
    found = {p.id: p for p in session.exec(select(EquityProject).where(col(EquityProject.id).in_(wanted)))}
    done = _done(session, "project_id", org_id=org_id, project_ids=wanted)
    kept = _kept(session, "project_id", org_id=org_id, project_ids=wanted)
    rows = []
    for i in wanted:
        shown = card(found[i], "")
        note = f"{shown.industry} · {shown.round} · {shown.amount} · {shown.region}"
        rows.append(_candidate(shown.id, shown.name, note, reasons(found[i], want), done, kept))
    return Candidates(title=org.name, about=want.told, rows=rows, total=total)


def _investor(session: Session, org_id: int) -> Organisation:
    org = session.get(Organisation, org_id) if is_id(org_id) else None
    if org is None or org.kind != Kind.EQUITY or org.verified_at is None:
        raise NotFound("股权金融机构")
    return org


def _newest(org_id: int, filters: dict[str, str]) -> Any:
    """Return the newest open projects but the institution's own: two hundred thousand are not weighed for one page.

    Only columns of the list's index: five thousand whole rows took three times as long."""
    project = EquityProject
    columns = [getattr(project, name) for name in _WEIGHED]
    own = select(project.id).where(project.org_id == org_id)
    pool = select(*columns).where(*filtered(**filters), col(project.id).not_in(own))
    return pool.order_by(col(project.listed_at).desc(), col(project.id).desc()).limit(POOL).subquery()


def _fit(want: Wanted, project: Any) -> Any:
    """Return how many stated wishes a project of the pool meets, as an expression."""
    hits: Any = literal(0)
    for column, codes in (
        (project.industry, want.industries),
        (project.round, want.rounds),
        (project.stage, want.stages),
        (project.region, want.regions),
    ):
        if codes:
            hits = hits + case((column.in_(sorted(codes)), 1), else_=0)
    if want.low or want.high:
        fits = project.amount_fen.between(want.low, want.high or 2**62)
        hits = hits + case((fits, 1), else_=0)
    return hits


def _marked(model: Any, project_ids: list[int], org_id: int | None) -> Any:
    query = select(model).where(col(model.project_id).in_(project_ids))
    return query if org_id is None else query.where(model.org_id == org_id)


def _done(
    session: Session, name: str, *, project_ids: list[int], org_id: int | None = None
) -> dict[int, ProjectRecommendation]:
    query = _marked(ProjectRecommendation, project_ids, org_id)
    return {getattr(r, name): r for r in session.exec(query)}


def _kept(session: Session, name: str, *, project_ids: list[int], org_id: int | None = None) -> set[int]:
    query = _marked(ProjectFavourite, project_ids, org_id)
    return {getattr(r, name) for r in session.exec(query)}


def _candidate(
    row_id: int,
    name: str,
    note: str,
    why: list[Reason],
    done: dict[int, ProjectRecommendation],
    kept: set[int],
) -> Candidate:
    misses, hits = -score(why)[0], score(why)[1]
    verdict, tone = ("未说明偏好", "grey") if not why else ("完全符合", "green")
    if misses:
        verdict, tone = (f"{hits} 项符合，{misses} 项不符", "orange") if hits else ("不符合", "grey")
    told = done.get(row_id)
    mark = "已收藏" if row_id in kept else ""
    if told is not None:
        mark = "已推荐 · " + (Interest.label_of(told.answer) or "待反馈")
    return Candidate(
        id=row_id,
        name=name,
        note=note,
        reasons=why,
        verdict=verdict,
        verdict_tone=tone,
        done=mark,
        done_tone=INTEREST_TONES[told.answer] if told else ("teal" if mark else "grey"),
        said=told.answer_word if told else "",
    )


# --- recommending -------------------------------------------------------------------------------------


def recommend(session: Session, actor: Actor, project_ids: list[int], org_ids: list[int], note: str) -> int:
    """Recommend projects to institutions, each pair once; return how many are new."""
    require_staff(actor)
    note = normalise(note)
    if said := too_long(note, NOTE_MAX, "推荐语"):
        raise FormInvalid({"note": said})
    if not project_ids or not org_ids:
        raise FormInvalid({"pick": "请至少勾选一项后再推荐"}, "请至少勾选一项后再推荐。")
    if len(project_ids) * len(org_ids) > AT_ONCE:
        raise FormInvalid({"pick": f"一次最多推荐 {AT_ONCE} 项，请分次推荐"})
    new = 0
    for org_id in dict.fromkeys(org_ids):
        org = _investor(session, org_id)
        for project_id in dict.fromkeys(project_ids):
            new += _recommend(session, actor, project_id, org, note)
    return new


def _recommend(session: Session, actor: Actor, project_id: int, org: Organisation, note: str) -> bool:
    project = equity_project.find(session, project_id)
    if project.state != ProjectState.OPEN:
        label = ProjectState.label_of(project.state)
        raise Conflict(f"项目“{project.name}”{label}，不能推荐。请刷新列表后重新选择。")
    if project.org_id == org.id:
        raise Conflict(f"项目“{project.name}”由该机构自己发布，无需推荐。")
    one_at_a_time(session, "recommend", project_id, org.id)
    twin = select(ProjectRecommendation.id).where(
        ProjectRecommendation.project_id == project_id, ProjectRecommendation.org_id == org.id
    )
    if session.exec(twin).first() is not None:
        return False
    why = [r.text for r in reasons(project, equity_match.of_org(session, org)) if r.ok]
    row = ProjectRecommendation(
        project_id=project_id,
        org_id=org.id or 0,
        recommended_by=actor.user_id,
        reasons=why,
        note=note,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    text = "；".join(filter(None, [note, *why])) or "请查看项目并反馈是否感兴趣。"
    users = notices.users_of(session, org.id or 0)
    notices.notify(session, users, f"平台推荐融资项目：{project.name}", text, DEALS.route)
    audit.record(
        session, actor, "project.recommend", f"equity_project:{project_id}", f"{project.name} → {org.name}"
    )
    return True
