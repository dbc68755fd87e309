"""项目路演, who comes and who came: the list of guests, 签到, and the note afterwards (manual §6.3)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, func, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import Organisation, RoadshowInvitation, RoadshowRegistration
from cpegi_app.services import audit, list_count, lists, live, notices, roadshow, staff
from cpegi_app.services.forms import normalise, too_long
from cpegi_app.services.ids import is_id
from cpegi_app.services.investment_list import names_of
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.vocabulary.equity import Attendance, InviteRole, RegistrationState, RoadshowState

NOTE_MAX, SUMMARY_MAX = 200, 2000


class GuestLine(BaseModel):
    """An invited organisation and what became of the invitation."""

    id: int
    org_id: int
    org: str
    role: str
    state: str
    tone: str
    people: int
    visitor: str
    phone: str
    attendance: str
    note: str
    registered: bool


def _guests_where(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.ROADSHOW_MANAGE)
    roadshow_id = lists.int_filter(filters, "roadshow")
    found: list[Any] = [RoadshowInvitation.roadshow_id == roadshow_id]
    if word := normalise(filters.get("word", ""))[:60]:
        found.append(_name_of().contains(word, autoescape=True))
    if filters.get("state", "") == RegistrationState.REGISTERED:
        found.append(col(RoadshowInvitation.org_id).in_(roadshow.registered(roadshow_id)))
    return found


def _name_of() -> Any:
    return select(Organisation.name).where(Organisation.id == RoadshowInvitation.org_id).scalar_subquery()


def _people_of() -> Any:
    """Return how many come of an invited organisation, 0 where it has not registered."""
    query = select(RoadshowRegistration.people).where(
        RoadshowRegistration.roadshow_id == RoadshowInvitation.roadshow_id,
        RoadshowRegistration.org_id == RoadshowInvitation.org_id,
        RoadshowRegistration.state == RegistrationState.REGISTERED.value,
    )
    return func.coalesce(query.scalar_subquery(), 0)


def _guest_rows(
    session: Session, actor: Actor, filters: Filters, found: list[RoadshowInvitation]
) -> list[GuestLine]:
    orgs = names_of(session, {i.org_id for i in found})
    query = select(RoadshowRegistration).where(
        col(RoadshowRegistration.roadshow_id).in_({i.roadshow_id for i in found}),
        col(RoadshowRegistration.org_id).in_([i.org_id for i in found]),
    )
    mine = {r.org_id: r for r in session.exec(query)}
    return [_guest(i, orgs.get(i.org_id, ""), mine.get(i.org_id)) for i in found]


def _guest(i: RoadshowInvitation, org: str, r: RoadshowRegistration | None) -> GuestLine:
    registered = r is not None and r.state == RegistrationState.REGISTERED
    return GuestLine(
        id=r.id or 0 if r else 0,
        org_id=i.org_id,
        org=org,
        role=InviteRole.label_of(i.role),
        state=RegistrationState.label_of(r.state) if r else "未报名",
        tone="green" if registered else "grey",
        people=r.people if r and registered else 0,
        visitor=r.visitor if r else "",
        phone=r.phone if r else "",
        attendance=Attendance.label_of(r.attendance) if r else "",
        note=r.note if r else "",
        registered=registered,
    )


GUESTS = lists.register(
    Listing(
        "roadshow_guests",
        "路演名单",
        _guests_where,
        list_count.Table(RoadshowInvitation),
        _guest_rows,
        {
            "单位": lambda g: g.org,
            "身份": lambda g: g.role,
            "报名": lambda g: g.state,
            "参会人": lambda g: g.visitor,
            "联系电话": lambda g: g.phone,
            "人数": lambda g: g.people,
            "签到": lambda g: g.attendance,
            "备注": lambda g: g.note,
        },
        {"org": _name_of(), "people": _people_of()},
        large=False,
    )
)


def attend(session: Session, actor: Actor, roadshow_id: int, org_id: int, attendance: str, note: str) -> None:
    """Note afterwards whether a registered organisation came (签到), and a remark."""
    row = roadshow.find(session, actor, roadshow_id)
    if row.state != RoadshowState.PUBLISHED or row.starts_at > clock.now():
        raise Conflict(f"路演于 {clock.local(row.starts_at)} 开始，开始后才能登记签到。")
    if attendance not in Attendance._value2member_map_:
        raise FormInvalid({"attendance": "请选择“已签到”或“未到场”"})
    words = normalise(note)
    if said := too_long(words, NOTE_MAX):
        raise FormInvalid({"note": said})
    query = select(RoadshowRegistration).where(
        RoadshowRegistration.roadshow_id == roadshow_id,
        RoadshowRegistration.org_id == (org_id if is_id(org_id) else -1),
        RoadshowRegistration.state == RegistrationState.REGISTERED.value,
    )
    found = session.exec(query).first()
    if found is None:
        raise NotFound("报名")
    found.attendance, found.note, found.updated_at = Attendance(attendance).value, words, clock.now()
    session.add(found)
    label = Attendance.label_of(attendance)
    audit.record(session, actor, "roadshow.attend", f"roadshow:{roadshow_id}", label)
    live.concern(session, notices.users_of(session, found.org_id))


def summarise(session: Session, actor: Actor, roadshow_id: int, text: str) -> None:
    """Keep the note afterwards (路演小结), which the guests see."""
    row = roadshow.find(session, actor, roadshow_id)
    if row.state != RoadshowState.PUBLISHED or row.starts_at > clock.now():
        raise Conflict("路演开始后才能填写小结。")
    words = normalise(text)
    if not words or len(words) > SUMMARY_MAX:
        raise FormInvalid({"summary": f"请填写小结，最多 {SUMMARY_MAX} 字，现有 {len(words)} 字"})
    row.summary, row.updated_at = words, clock.now()
    session.add(row)
    session.flush()
    audit.record(session, actor, "roadshow.summary", f"roadshow:{roadshow_id}", words[:100])
