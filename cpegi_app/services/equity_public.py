"""股权融资 on the public site: published projects and their details (manual §6.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission, Role
from cpegi_app.errors import NotFound
from cpegi_app.models import EquityProject, Organisation, ProjectFavourite, ProjectRecommendation
from cpegi_app.services import equity_plan, files
from cpegi_app.services.equity_form import PUBLIC, ProjectForm
from cpegi_app.services.forms import normalise, wan
from cpegi_app.services.ids import is_id
from cpegi_app.vocabulary import FileSlot, Industry, InvestStage, Kind, Region
from cpegi_app.vocabulary.equity import INTEREST_TONES, PROJECT_TONES, Interest, ProjectState, Round

FLOW = "equity_project"
# Code → from and to in 万元; what is on the border belongs to the upper band.
AMOUNTS: dict[str, tuple[int, int]] = {
    "500": (0, 500),
    "1000": (500, 1000),
    "3000": (1000, 3000),
    "5000": (3000, 5000),
    "10000": (5000, 10000),
    "MORE": (10000, 10**9),
}
# So many projects a word finds; who needs more adds a filter.
FOUND = 2_000
HEADLINE = {"name", "industry", "region", "stage", "round", "amount", "intro"}
_FEN = 1_000_000


class ProjectCard(BaseModel):
    """A published project as lists show it."""

    id: int = 0
    name: str = ""
    org: str = ""
    industry: str = ""
    round: str = ""
    stage: str = ""
    region: str = ""
    amount: str = ""
    intro: str = ""
    listed: str = ""


class FileLink(BaseModel):
    """A file that a page links to."""

    name: str
    size: str
    href: str


class ProjectDetail(ProjectCard):
    """Everything the detail page tells this visitor."""

    state: str = ""
    tone: str = "grey"
    is_open: bool = False
    texts: list[tuple[str, str]] = []
    pictures: list[FileLink] = []
    # For verified equity institutions, the project's own enterprise and the staff.
    sees_figures: bool = False
    why_hidden: str = ""
    figures: list[tuple[str, str]] = []
    use: str = ""
    plan: list[FileLink] = []
    # What an equity institution has done with it.
    is_investor: bool = False
    is_favourite: bool = False
    is_recommended: bool = False
    answer: str = ""
    answer_label: str = ""
    answer_tone: str = "blue"


def filtered(
    *, industry: str = "", round: str = "", amount: str = "", region: str = "", word: str = ""
) -> list[Any]:
    """Return the conditions of the public list."""
    found: list[Any] = [EquityProject.state == ProjectState.OPEN.value]
    for column, code, term in (
        (EquityProject.industry, industry, Industry),
        (EquityProject.round, round, Round),
        (EquityProject.region, region, Region),
    ):
        if code in term._value2member_map_:
            found.append(column == code)
    if amount in AMOUNTS:
        low, high = AMOUNTS[amount]
        found += [EquityProject.amount_fen >= low * _FEN, EquityProject.amount_fen < high * _FEN]
    if word := normalise(word):
        orgs = select(Organisation.id).where(col(Organisation.name).contains(word, autoescape=True))
        named = col(EquityProject.name).contains(word, autoescape=True)
        found.append(named | col(EquityProject.org_id).in_(orgs))
    return found


def public_count(session: Session, **filters: str) -> int:
    """Return how many published projects fit the filters."""
    query = select(func.count()).select_from(EquityProject).where(*filtered(**filters))
    return session.exec(query).one()


def public_list(
    session: Session, *, sort: str = "", page: int = 1, size: int = 12, **filters: str
) -> list[ProjectCard]:
    """Return one page of the published projects that fit the filters."""
    # The page is found on the index alone; only its own rows are read whole.
    ids = _ordered(sort, filters).offset((page - 1) * size).limit(size)
    return cards(session, list(session.exec(ids)))


def public_found(session: Session, *, sort: str = "", **filters: str) -> list[int]:
    """Return the first projects that fit a word, in their order: no index finds a word, so it is looked for once."""
    return list(session.exec(_ordered(sort, filters).limit(FOUND)))


def _ordered(sort: str, filters: dict[str, str]) -> Any:
    newest = (col(EquityProject.listed_at).desc(), col(EquityProject.id).desc())
    amount = col(EquityProject.amount_fen)
    # The smallest first is the same index walked from its other end.
    least = (amount, col(EquityProject.listed_at), col(EquityProject.id))
    order = {"amount": (amount.desc(), *newest), "least": least}.get(sort, newest)
    return select(EquityProject.id).where(*filtered(**filters)).order_by(*order)


def cards(session: Session, ids: list[int]) -> list[ProjectCard]:
    """Return projects by their ids, in that order; one that has been taken down meanwhile is left out."""
    query = select(EquityProject, Organisation.name).join(
        Organisation, col(Organisation.id) == EquityProject.org_id
    )
    rows = session.exec(query.where(col(EquityProject.id).in_(ids), *filtered()))
    found = {p.id: card(p, org) for p, org in rows}
    return [found[i] for i in ids if i in found]


def card(p: EquityProject, org: str) -> ProjectCard:
    """Return a project as lists show it."""
    return ProjectCard(
        id=p.id or 0,
        name=p.name,
        org=org,
        industry=Industry.label_of(p.industry),
        round=Round.label_of(p.round),
        stage=InvestStage.label_of(p.stage),
        region=Region.label_of(p.region),
        amount=f"{wan(p.amount_fen)} 万元",
        intro=p.intro,
        listed=clock.local_date(p.listed_at),
    )


def detail(session: Session, actor: Actor | None, project_id: int) -> ProjectDetail:
    """Return a published project as this visitor may see it; one that is taken down is absent."""
    project = session.get(EquityProject, project_id) if is_id(project_id) else None
    shown = (ProjectState.OPEN.value, ProjectState.CLOSED.value)
    if project is None or not project.revision_id or project.state not in shown:
        raise NotFound("融资项目")
    org = session.get_one(Organisation, project.org_id)
    data = project.data
    texts = [
        (spec.title, data.get(spec.name, ""))
        for spec in ProjectForm.specs()
        if spec.name in PUBLIC - HEADLINE
    ]
    kept = files.listing(session, FLOW, project.revision_id)
    pictures = [FileLink(name=f.name, size=f.size, href=f.href) for f in kept if f.slot == FileSlot.PICTURE]
    found = ProjectDetail(
        **card(project, org.name).model_dump(exclude={"intro"}),
        intro=data.get("intro", ""),
        state=ProjectState.label_of(project.state),
        tone=PROJECT_TONES[project.state],
        is_open=project.state == ProjectState.OPEN,
        texts=texts,
        pictures=pictures,
    )
    _figures(found, actor, project, [f for f in kept if f.slot == FileSlot.PLAN])
    if actor is not None and actor.may(Permission.EQUITY_BROWSE):
        _own_marks(session, found, actor)
    return found


def _figures(
    found: ProjectDetail, actor: Actor | None, project: EquityProject, plan: list[files.FileView]
) -> None:
    """Add what only verified equity institutions, the own enterprise and the staff may see."""
    is_own = actor is not None and actor.org_id is not None and actor.org_id == project.org_id
    is_staff = actor is not None and actor.role is Role.STAFF
    is_investor = actor is not None and actor.may(Permission.EQUITY_BROWSE)
    found.sees_figures = is_own or is_staff or (is_investor and found.is_open)
    if not found.sees_figures:
        found.why_hidden = why_hidden(actor, found.is_open)
        return
    names = ("pre", "post", "share", "share_note", "contact", "contact_phone")
    specs = [ProjectForm.spec(n) for n in names]
    found.figures = [(s.title, s.show(project.data.get(s.name))) for s in specs if project.data.get(s.name)]
    found.use = project.data.get("use", "")
    found.plan = [FileLink(name=f.name, size=f.size, href=f.href) for f in plan]


def why_hidden(actor: Actor | None, is_open: bool) -> str:
    """Return why the figures and the business plan are not shown, and what to do."""
    if not is_open:
        return "该项目已结项，不再展示估值和商业计划书。"
    if actor is None:
        return (
            "估值、出让比例、资金用途和商业计划书仅向经认证的股权金融机构展示。如属此类机构，请登录后查看。"
        )
    if actor.kind is Kind.EQUITY and not actor.verified:
        return "贵机构尚未完成用户真实性认证，认证通过后即可查看估值、资金用途和商业计划书。"
    return "估值、出让比例、资金用途和商业计划书仅向经认证的股权金融机构展示。"


def _own_marks(session: Session, found: ProjectDetail, actor: Actor) -> None:
    """Add what the institution has done with the project."""
    found.is_investor = True
    kept = select(ProjectFavourite.id).where(
        ProjectFavourite.project_id == found.id, ProjectFavourite.org_id == actor.org_id
    )
    found.is_favourite = session.exec(kept).first() is not None
    told = session.exec(
        select(ProjectRecommendation).where(
            ProjectRecommendation.project_id == found.id, ProjectRecommendation.org_id == actor.org_id
        )
    ).first()
    if told is not None:
        found.is_recommended, found.answer = True, told.answer
        found.answer_label = Interest.label_of(told.answer) or "待反馈"
        found.answer_tone = INTEREST_TONES[told.answer]


def note_view(session: Session, actor: Actor, project_id: int) -> None:
    """Note that a signed-in organisation looked at a project."""
    equity_plan.note_view(session, actor, project_id)
