"""项目路演, the guests' side: who is invited sees it, registers and withdraws; places are never oversold (manual §6.3)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Conflict, NotFound
from cpegi_app.models import (
    EquityProject,
    Organisation,
    Roadshow,
    RoadshowChange,
    RoadshowInvitation,
    RoadshowProject,
    RoadshowRegistration,
)
from cpegi_app.services import audit, files, list_count, lists, live, notices, staff
from cpegi_app.services.files import FileView
from cpegi_app.services.forms import Form, Text, Whole, Widget, input_field, normalise, wan
from cpegi_app.services.ids import is_id
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.roadshow import HOLDER, TOLD, is_over
from cpegi_app.vocabulary.equity import (
    ROADSHOW_TONES,
    Attendance,
    InviteRole,
    ProjectState,
    RegistrationState,
    RoadshowState,
    Round,
)

F, W = input_field, Widget
PEOPLE_MAX = 20


class RegisterForm(Form):
    """报名: who comes, and how many."""

    visitor: Text = F("参会人姓名", "报名信息", max_len=40)
    phone: Text = F("联系电话", "报名信息", max_len=20)
    people: Whole = F("参会人数", "报名信息", widget=W.NUMBER, unit="人", low=1, high=PEOPLE_MAX)


def load(session: Session, actor: Actor, roadshow_id: int) -> Roadshow:
    """Return a roadshow to which the actor's organisation is invited; any other does not exist."""
    staff.require(actor, Permission.ROADSHOW_ATTEND)
    row = session.get(Roadshow, roadshow_id, populate_existing=True) if is_id(roadshow_id) else None
    if row is None or row.state == RoadshowState.DRAFT or _invitation(session, actor, roadshow_id) is None:
        raise NotFound("路演")
    return row


def _invitation(session: Session, actor: Actor, roadshow_id: int) -> RoadshowInvitation | None:
    query = select(RoadshowInvitation).where(
        RoadshowInvitation.roadshow_id == roadshow_id, RoadshowInvitation.org_id == (actor.org_id or -1)
    )
    return session.exec(query).first()


def _registration(session: Session, actor: Actor, roadshow_id: int) -> RoadshowRegistration | None:
    query = select(RoadshowRegistration).where(
        RoadshowRegistration.roadshow_id == roadshow_id, RoadshowRegistration.org_id == actor.org_id
    )
    return session.exec(query.execution_options(populate_existing=True)).first()


def register(session: Session, actor: Actor, roadshow_id: int, data: dict[str, str]) -> RoadshowRegistration:
    """Register the actor's organisation, or change how many come; of the last places nobody gets one too many."""
    row = load(session, actor, roadshow_id)
    form = RegisterForm.parse(data)
    # One organisation at a time; between organisations the places' own condition decides.
    one_at_a_time(session, "roadshow-guest", roadshow_id, actor.org_id)
    found, now = _registration(session, actor, roadshow_id), clock.now()
    before = found.people if found and found.state == RegistrationState.REGISTERED else 0
    _take(session, row, form.people - before, open_only=True)
    if found is None:
        found = RoadshowRegistration(
            roadshow_id=roadshow_id,
            org_id=actor.org_id or 0,
            user_id=actor.user_id,
            state=RegistrationState.REGISTERED.value,
        )
    found.state, found.user_id, found.withdrawn_at = RegistrationState.REGISTERED.value, actor.user_id, None
    found.people, found.visitor, found.phone, found.updated_at = form.people, form.visitor, form.phone, now
    session.add(found)
    session.flush()
    audit.record(session, actor, "roadshow.register", f"roadshow:{roadshow_id}", f"{form.people} 人")
    live.concern(session, [*notices.users_of(session, actor.org_id or 0), *notices.staff(session)])
    return found


def withdraw(session: Session, actor: Actor, roadshow_id: int) -> None:
    """Give the places back (取消报名), until the roadshow begins."""
    row = load(session, actor, roadshow_id)
    one_at_a_time(session, "roadshow-guest", roadshow_id, actor.org_id)
    found = _registration(session, actor, roadshow_id)
    if found is None or found.state != RegistrationState.REGISTERED:
        raise Conflict("贵单位没有报名，或已取消报名，无需再次取消。")
    if row.starts_at <= clock.now():
        raise Conflict(
            f"路演已于 {clock.local(row.starts_at)} 开始，不能取消报名。如不能到场，请致电主办方。"
        )
    _take(session, row, -found.people, open_only=False)
    found.state, found.withdrawn_at = RegistrationState.WITHDRAWN.value, clock.now()
    found.updated_at = clock.now()
    session.add(found)
    session.flush()
    audit.record(session, actor, "roadshow.withdraw", f"roadshow:{roadshow_id}", f"{found.people} 人")
    live.concern(session, [*notices.users_of(session, actor.org_id or 0), *notices.staff(session)])


def _take(session: Session, row: Roadshow, people: int, *, open_only: bool) -> None:
    """Take places, or give them back, in one conditional update; say why when there is none."""
    table: Any = Roadshow
    wanted = update(table).where(table.id == row.id, table.taken + people <= table.places)
    if open_only:
        wanted = wanted.where(table.state == RoadshowState.PUBLISHED.value, table.deadline_at > clock.now())
    done = session.exec(
        wanted.values(taken=table.taken + people).execution_options(synchronize_session=False)
    )
    session.refresh(row)
    if done.rowcount == 1:
        return
    raise Conflict(closed_why(row) or _full(row, people))


def closed_why(row: Roadshow) -> str:
    """Return why nobody can register any more, empty while one can."""
    if row.state == RoadshowState.CANCELLED:
        return f"该路演已取消：{row.cancel_reason}"
    if row.deadline_at <= clock.now():
        return f"报名已于 {clock.local(row.deadline_at)} 截止。如需参加，请致电 {row.contact_phone} 与主办方联系。"
    return ""


def _full(row: Roadshow, people: int) -> str:
    left = row.places - row.taken
    if left <= 0:
        return f"名额已满（共 {row.places} 人）。如有单位取消报名，名额会重新放开，请稍后再试。"
    return f"剩余名额 {left} 人，少于本次报名的 {people} 人，请减少参会人数后再报名。"


# --- what guests see ----------------------------------------------------------------------------------


class RoadshowRow(BaseModel):
    """A roadshow in the guests' list."""

    id: int
    title: str
    host: str
    when: str
    where: str
    deadline: str
    left: str
    state_label: str
    tone: str
    mine: str
    mine_tone: str


class ProjectLine(BaseModel):
    """A project that is presented."""

    id: int
    name: str
    note: str
    shown: bool


class ChangeLine(BaseModel):
    """What was changed after the publication."""

    key: str
    action: str
    at: str
    who: str
    text: str
    tone: str


class RoadshowView(BaseModel):
    """A roadshow as its guests see it."""

    id: int = 0
    title: str = ""
    host: str = ""
    when: str = ""
    place: str = ""
    link: str = ""
    deadline: str = ""
    agenda: str = ""
    contact: str = ""
    contact_phone: str = ""
    places: int = 0
    left: int = 0
    state: str = ""
    state_label: str = ""
    tone: str = "grey"
    cancel_reason: str = ""
    summary: str = ""
    role: str = ""
    projects: list[ProjectLine] = []
    files: list[FileView] = []
    changes: list[ChangeLine] = []
    registered: bool = False
    mine: str = ""
    attendance: str = ""
    note: str = ""
    values: dict[str, str] = {}
    why_closed: str = ""
    can_register: bool = False
    can_withdraw: bool = False
    calendar: str = ""


def label_of(row: Roadshow) -> tuple[str, str]:
    """Return where a roadshow stands by its state and the clock, and the tone."""
    now = clock.now()
    if row.state != RoadshowState.PUBLISHED:
        return RoadshowState.label_of(row.state), ROADSHOW_TONES[row.state]
    if is_over(row):
        return "已结束", "teal"
    if row.starts_at <= now:
        return "进行中", "blue"
    return ("报名中", "green") if row.deadline_at > now else ("报名截止", "orange")


def when(row: Roadshow) -> str:
    """Return the time of a roadshow as screens show it."""
    return f"{clock.local(row.starts_at)}–{clock.local(row.ends_at)[11:]}"


def where(row: Roadshow) -> str:
    """Return where a roadshow takes place."""
    return row.place or "线上路演"


def projects_of(session: Session, roadshow_id: int) -> list[ProjectLine]:
    """Return what a roadshow presents, in order."""
    query = (
        select(EquityProject, Organisation.name)
        .join(RoadshowProject, col(RoadshowProject.project_id) == EquityProject.id)
        .join(Organisation, col(Organisation.id) == EquityProject.org_id)
        .where(RoadshowProject.roadshow_id == roadshow_id)
        .order_by(col(RoadshowProject.position), col(RoadshowProject.id))
    )
    return [
        ProjectLine(
            id=p.id or 0,
            name=p.name,
            note=f"{name} · {Round.label_of(p.round)} · 融资 {wan(p.amount_fen)} 万元",
            shown=p.state in (ProjectState.OPEN, ProjectState.CLOSED),
        )
        for p, name in session.exec(query)
    ]


def changes_of(session: Session, roadshow_id: int) -> list[ChangeLine]:
    """Return what was changed, the newest first."""
    query = select(RoadshowChange).where(RoadshowChange.roadshow_id == roadshow_id)
    return [
        ChangeLine(
            key=str(c.id),
            action="取消路演" if "state" in c.changes else "变更安排",
            at=clock.local(c.created_at),
            who=c.actor_label,
            text=c.reason
            + "".join(
                f"；{TOLD[n]}：{old or '无'} → {new or '无'}"
                for n, (old, new) in c.changes.items()
                if n in TOLD and n != "agenda"
            ),
            tone="red" if "state" in c.changes else "orange",
        )
        for c in session.exec(query.order_by(col(RoadshowChange.id).desc()))
    ]


def view(session: Session, actor: Actor, roadshow_id: int) -> RoadshowView:
    """Return a roadshow to an invited organisation, with its own registration."""
    row = load(session, actor, roadshow_id)
    invitation, mine = _invitation(session, actor, roadshow_id), _registration(session, actor, roadshow_id)
    registered = mine is not None and mine.state == RegistrationState.REGISTERED
    label, tone = label_of(row)
    why = closed_why(row)
    org = session.get(Organisation, actor.org_id)
    profile = org.profile if org else {}
    contact = {"visitor": profile.get("contact", ""), "phone": profile.get("mobile", ""), "people": "1"}
    own = {"visitor": mine.visitor, "phone": mine.phone, "people": str(mine.people)} if mine else {}
    shown = {
        n: getattr(row, n) for n in ("title", "host", "place", "link", "agenda", "contact", "contact_phone")
    }
    return RoadshowView(
        id=row.id or 0,
        **shown,
        when=when(row),
        deadline=clock.local(row.deadline_at),
        places=row.places,
        left=row.places - row.taken,
        state=row.state,
        state_label=label,
        tone=tone,
        cancel_reason=row.cancel_reason,
        summary=row.summary,
        role=InviteRole.label_of(invitation.role) if invitation else "",
        projects=projects_of(session, roadshow_id),
        files=files.listing(session, HOLDER, roadshow_id),
        changes=changes_of(session, roadshow_id),
        registered=registered,
        mine=f"已报名 {mine.people} 人（{mine.visitor}）" if mine and registered else "",
        attendance=Attendance.label_of(mine.attendance) if mine else "",
        values=contact | own,
        why_closed=why,
        can_register=not why,
        can_withdraw=registered and row.starts_at > clock.now() and row.state == RoadshowState.PUBLISHED,
        calendar=f"/roadshows/{row.id}.ics",
    )


def _where(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.ROADSHOW_ATTEND)
    invited = select(RoadshowInvitation.roadshow_id).where(RoadshowInvitation.org_id == (actor.org_id or -1))
    found: list[Any] = [col(Roadshow.id).in_(invited), Roadshow.state != RoadshowState.DRAFT.value]
    if word := normalise(filters.get("word", ""))[:60]:
        found.append(col(Roadshow.title).contains(word, autoescape=True))
    now = clock.now()
    period = {"COMING": col(Roadshow.ends_at) > now, "PAST": col(Roadshow.ends_at) <= now}
    return found + [period[p] for p in [filters.get("period", "")] if p in period]


def _rows(session: Session, actor: Actor, filters: Filters, found: list[Roadshow]) -> list[RoadshowRow]:
    query = select(RoadshowRegistration).where(
        RoadshowRegistration.org_id == actor.org_id,
        col(RoadshowRegistration.roadshow_id).in_([r.id for r in found]),
    )
    mine = {r.roadshow_id: r for r in session.exec(query)}
    return [_row(r, mine.get(r.id or 0)) for r in found]


def _row(r: Roadshow, mine: RoadshowRegistration | None) -> RoadshowRow:
    label, tone = label_of(r)
    registered = mine is not None and mine.state == RegistrationState.REGISTERED
    said = RegistrationState.label_of(mine.state) if mine else "未报名"
    if mine and registered and mine.attendance:
        said = Attendance.label_of(mine.attendance)
    return RoadshowRow(
        id=r.id or 0,
        title=r.title,
        host=r.host,
        when=when(r),
        where=where(r),
        deadline=clock.local(r.deadline_at),
        left=f"{r.places - r.taken} / {r.places}",
        state_label=label,
        tone=tone,
        mine=said,
        mine_tone="green" if registered else "grey",
    )


OWN = lists.register(
    Listing(
        "roadshows",
        "项目路演",
        _where,
        list_count.Table(Roadshow),
        _rows,
        {
            "路演主题": lambda r: r.title,
            "主办方": lambda r: r.host,
            "时间": lambda r: r.when,
            "地点": lambda r: r.where,
            "报名截止": lambda r: r.deadline,
            "状态": lambda r: r.state_label,
            "我的报名": lambda r: r.mine,
        },
        {"when": col(Roadshow.starts_at)},
        order=(col(Roadshow.starts_at).desc(),),
        large=False,
    )
)
