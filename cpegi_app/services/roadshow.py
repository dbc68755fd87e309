"""项目路演, the staff's side: draft, publication, changes and cancellation that reach everybody registered (manual §6.3)."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any

from pydantic import field_validator
from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import ROADSHOW, Actor, Permission
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import (
    Roadshow,
    RoadshowChange,
    RoadshowInvitation,
    RoadshowRegistration,
    User,
)
from cpegi_app.services import audit, files, notices, staff
from cpegi_app.services.files import Holder
from cpegi_app.services.forms import (
    Day,
    Form,
    Text,
    Whole,
    Widget,
    half_width,
    input_field,
    normalise,
    too_long,
)
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary.equity import RegistrationState, RoadshowState

HOLDER = "roadshow"
BASIC, WHEN, ENTRY = "路演信息", "时间与地点", "报名"
F, W = input_field, Widget
_TIME = re.compile(r"([01]?\d|2[0-3])[:：]?([0-5]\d)")
_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
REASON_MAX = 500


def _clock_time(value: str | None) -> str | None:
    """Return a time of day as HH:MM, however it was typed."""
    if not value:
        return value
    match = _TIME.fullmatch(half_width(value).replace("：", ":"))
    if match is None:
        raise ValueError("请填写 24 小时制的时间，格式如 14:30")
    return f"{int(match[1]):02d}:{match[2]}"


class RoadshowForm(Form):
    """A roadshow; days and times as they are in Shanghai."""

    title: Text = F("路演主题", BASIC, max_len=60, wide=True)
    host: Text = F("主办方", BASIC, max_len=100)
    places: Whole = F("名额", BASIC, widget=W.NUMBER, unit="人", low=1, high=10_000)
    agenda: Text = F("议程", BASIC, widget=W.AREA, max_len=4000)
    day: Day = F("路演日期", WHEN, widget=W.DATE)
    begins: Text = F("开始时间", WHEN, max_len=8, placeholder="如 14:30")
    ends: Text = F("结束时间", WHEN, max_len=8, placeholder="如 17:00")
    place: Text = F(
        "地点", WHEN, max_len=200, required=False, help="现场路演填写地点，线上路演填写链接，至少填一项"
    )
    link: Text = F("线上链接", WHEN, max_len=300, required=False, placeholder="https://")
    deadline: Day = F("报名截止日期", ENTRY, widget=W.DATE)
    deadline_time: Text = F("报名截止时间", ENTRY, max_len=8, placeholder="如 18:00")
    contact: Text = F("联系人", ENTRY, max_len=40)
    contact_phone: Text = F("联系电话", ENTRY, max_len=40)

    @field_validator("begins", "ends", "deadline_time", mode="after")
    @classmethod
    def _times(cls, value: str | None) -> str | None:
        return _clock_time(value)

    @field_validator("link", mode="after")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value and not _LINK.fullmatch(value):
            raise ValueError("请填写以 https:// 或 http:// 开头的完整网址")
        return value


TITLES = {s.name: s.title for s in RoadshowForm.specs()}
# What guests must know of when it changes, in the order of telling.
TOLD = {
    "title": "主题",
    "host": "主办方",
    "starts_at": "开始时间",
    "ends_at": "结束时间",
    "place": "地点",
    "link": "线上链接",
    "deadline_at": "报名截止",
    "agenda": "议程",
    "contact": "联系人",
    "contact_phone": "联系电话",
    "places": "名额",
}
# For what kind of change the calendar file is a new one: everything but the number of places.
MOMENTS = ("starts_at", "ends_at", "deadline_at")


def find(session: Session, actor: Actor, roadshow_id: int) -> Roadshow:
    """Return a roadshow to the staff."""
    staff.require(actor, Permission.ROADSHOW_MANAGE)
    row = session.get(Roadshow, roadshow_id, populate_existing=True) if is_id(roadshow_id) else None
    if row is None:
        raise NotFound("路演")
    return row


def new_draft(session: Session, actor: Actor) -> Roadshow:
    """Begin a roadshow, or go on with the own one that was begun and never written in."""
    staff.require(actor, Permission.ROADSHOW_MANAGE)
    one_at_a_time(session, "roadshow-draft", actor.user_id)
    query = select(Roadshow).where(
        Roadshow.created_by == actor.user_id,
        Roadshow.state == RoadshowState.DRAFT.value,
        Roadshow.title == "",
    )
    if found := session.exec(query).first():
        return found
    row = Roadshow(created_by=actor.user_id, state=RoadshowState.DRAFT.value, updated_at=clock.now())
    session.add(row)
    session.flush()
    return row


def values(row: Roadshow) -> dict[str, str]:
    """Return a roadshow as its form's strings."""
    if not row.title:
        return {"host": "中原中小企业成长指数服务平台"}
    found = {
        n: getattr(row, n) for n in ("title", "host", "place", "link", "agenda", "contact", "contact_phone")
    }
    day, begins = _local(row.starts_at)
    deadline, until = _local(row.deadline_at)
    ends = _local(row.ends_at)[1]
    moments = {"day": day, "begins": begins, "ends": ends, "deadline": deadline, "deadline_time": until}
    return found | moments | {"places": str(row.places)}


def _local(moment: datetime) -> tuple[str, str]:
    day, _, hour = clock.local(moment).partition(" ")
    return day, hour


def save(
    session: Session,
    actor: Actor,
    roadshow_id: int,
    seen: int,
    data: dict[str, str],
    *,
    publish: bool = False,
    reason: str = "",
) -> Roadshow:
    """Keep a draft, publish it, or change what is published; a change reaches everybody registered."""
    find(session, actor, roadshow_id)
    one_at_a_time(session, "roadshow", roadshow_id)
    row = session.get_one(Roadshow, roadshow_id, populate_existing=True)
    if row.state == RoadshowState.CANCELLED:
        raise Conflict("该路演已取消，不能再修改。如需举办，请新建一场路演。")
    published = row.state == RoadshowState.PUBLISHED
    if published and row.starts_at <= clock.now():
        raise Conflict("该路演已经开始或结束，不能再修改安排。可在下方登记签到和路演小结。")
    wanted = _checked(data, row)
    if publish and not published:
        _ready(session, roadshow_id)
    changed = {n: (getattr(row, n), wanted[n]) for n in TOLD if getattr(row, n) != wanted[n]}
    if published and not changed:
        return row
    if published and not normalise(reason):
        raise FormInvalid({"reason": "请填写变更原因，会通知已报名单位"}, "请填写变更原因后再保存。")
    if published and (said := too_long(normalise(reason), REASON_MAX, "变更原因")):
        raise FormInvalid({"reason": said})
    more: dict[str, Any] = {}
    if publish and not published:
        more = {"state": RoadshowState.PUBLISHED.value, "published_at": clock.now()}
    _write(session, row, seen, **wanted, **more)
    if more:
        audit.record(session, actor, "roadshow.publish", f"roadshow:{row.id}", row.title)
        invited = select(RoadshowInvitation.org_id).where(RoadshowInvitation.roadshow_id == row.id)
        _tell(session, row, invited, f"路演邀请：{row.title}", _when(row) + "，请在报名截止前报名。", "blue")
    elif published:
        _note_change(session, actor, row, changed, normalise(reason))
    return row


def _checked(data: dict[str, str], row: Roadshow) -> dict[str, Any]:
    """Return the columns that a form states, or everything that is wrong with it."""
    form = RoadshowForm.parse(data)
    errors: dict[str, str] = {}
    starts, ends = _moment(form.day, form.begins), _moment(form.day, form.ends)
    deadline, now = _moment(form.deadline, form.deadline_time), clock.now()
    if starts <= now:
        errors["day"] = f"路演时间须晚于现在（{clock.local(now)}），请填写将来的日期和时间"
    if ends <= starts:
        errors["ends"] = "结束时间应晚于开始时间，请核对"
    if deadline > starts:
        errors["deadline"] = "报名截止不能晚于路演开始，请核对"
    elif deadline <= now and deadline != row.deadline_at:
        errors["deadline"] = f"报名截止须晚于现在（{clock.local(now)}）"
    if not form.place and not form.link:
        errors["place"] = "请填写地点或线上链接，至少填一项"
    if form.places < row.taken:
        errors["places"] = f"已有 {row.taken} 人报名，名额不能少于已报名人数"
    if errors:
        raise FormInvalid(errors)
    texts = {
        n: getattr(form, n) or ""
        for n in ("title", "host", "place", "link", "agenda", "contact", "contact_phone")
    }
    return texts | {"starts_at": starts, "ends_at": ends, "deadline_at": deadline, "places": form.places}


def _moment(day: date, hour: str) -> datetime:
    return clock.aware(datetime.combine(day, time.fromisoformat(hour), clock.SHANGHAI))


def _ready(session: Session, roadshow_id: int) -> None:
    invited = select(RoadshowInvitation.id).where(RoadshowInvitation.roadshow_id == roadshow_id)
    if session.exec(invited.limit(1)).first() is None:
        raise FormInvalid(
            {"invited": "请先邀请至少一家机构或企业"}, "请先邀请至少一家机构或企业，再发布路演。"
        )


def _write(session: Session, row: Roadshow, seen: Any, **changes: Any) -> None:
    """Compare-and-set on the version that the actor saw; `taken` is the registrations' own affair."""
    version = seen if type(seen) is int else 0
    table: Any = Roadshow
    places = changes.get("places", 0)
    done = session.exec(
        update(table)
        .where(table.id == row.id, table.version == version, table.taken <= (places or table.places))
        .values(**changes, version=version + 1, updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    if done.rowcount == 1:
        return
    if row.version == version:
        raise FormInvalid({"places": f"已有 {row.taken} 人报名，名额不能少于已报名人数"})
    raise Conflict("该路演刚被其他同事修改过。请刷新页面查看最新内容，填写的内容仍保留在页面上。")


def _note_change(
    session: Session, actor: Actor, row: Roadshow, changed: dict[str, tuple[Any, Any]], reason: str
) -> None:
    told = {n: [_shown(n, old), _shown(n, new)] for n, (old, new) in changed.items()}
    _trace(session, actor, row, reason, told)
    audit.record(session, actor, "roadshow.change", f"roadshow:{row.id}", reason)
    text = f"{reason}。变更：" + "；".join(
        TOLD[n] if n == "agenda" else f"{TOLD[n]}由“{old or '无'}”改为“{new or '无'}”"
        for n, (old, new) in told.items()
    )
    _tell(session, row, registered(row.id or 0), f"路演变更：{row.title}", text, "orange")


def note_programme(session: Session, actor: Actor, roadshow_id: int, text: str) -> None:
    """Trace what was added or taken off after the publication, and tell everybody registered."""
    row = find(session, actor, roadshow_id)
    if row.state != RoadshowState.PUBLISHED:
        return
    _trace(session, actor, row, text, {})
    audit.record(session, actor, "roadshow.change", f"roadshow:{row.id}", text)
    _tell(session, row, registered(roadshow_id), f"路演变更：{row.title}", text, "orange")


def _shown(name: str, value: Any) -> str:
    return clock.local(value) if name in MOMENTS else str(value)


def _trace(session: Session, actor: Actor, row: Roadshow, reason: str, changes: dict[str, Any]) -> None:
    session.add(
        RoadshowChange(
            roadshow_id=row.id or 0,
            version=row.version,
            actor_id=actor.user_id,
            actor_label=audit.label_of(actor),
            reason=reason[:REASON_MAX],
            changes=changes,
        )
    )


def cancel(session: Session, actor: Actor, roadshow_id: int, seen: int, reason: str) -> Roadshow:
    """Call a published roadshow off, with the reason; everybody registered is told."""
    row = find(session, actor, roadshow_id)
    why = normalise(reason)
    if not why or len(why) > REASON_MAX:
        raise FormInvalid(
            {"why": f"请填写取消原因，最多 {REASON_MAX} 字，会通知已报名单位"}, "请填写取消原因。"
        )
    one_at_a_time(session, "roadshow", roadshow_id)
    session.refresh(row)
    if row.state != RoadshowState.PUBLISHED:
        raise Conflict("只有报名中的路演可以取消；草稿可直接修改。请刷新页面查看最新状态。")
    if row.starts_at <= clock.now():
        raise Conflict("该路演已经开始或结束，不能取消。")
    _write(session, row, seen, state=RoadshowState.CANCELLED.value, cancel_reason=why)
    _trace(
        session, actor, row, why, {"state": [RoadshowState.PUBLISHED.label, RoadshowState.CANCELLED.label]}
    )
    audit.record(session, actor, "roadshow.cancel", f"roadshow:{row.id}", why)
    invited = select(RoadshowInvitation.org_id).where(RoadshowInvitation.roadshow_id == row.id)
    _tell(session, row, invited, f"路演取消：{row.title}", f"{_when(row)}的路演已取消。原因：{why}", "red")
    return row


def registered(roadshow_id: int) -> Any:
    """Return the query of the organisations that are registered."""
    return select(RoadshowRegistration.org_id).where(
        RoadshowRegistration.roadshow_id == roadshow_id,
        RoadshowRegistration.state == RegistrationState.REGISTERED.value,
    )


def _tell(session: Session, row: Roadshow, orgs: Any, title: str, text: str, tone: str) -> None:
    query = select(User.id).where(col(User.org_id).in_(orgs), col(User.disabled_at).is_(None))
    users = [i for i in session.exec(query) if i is not None]
    notices.notify(session, users, title, text, ROADSHOW.url(mid=row.id), tone)


def _when(row: Roadshow) -> str:
    return f"{clock.local(row.starts_at)}–{_local(row.ends_at)[1]}"


def tell_invited(session: Session, row: Roadshow, org_ids: list[int]) -> None:
    """Tell organisations that are invited after the publication."""
    if row.state == RoadshowState.PUBLISHED and org_ids:
        _tell(session, row, org_ids, f"路演邀请：{row.title}", _when(row) + "，请在报名截止前报名。", "blue")


def is_over(row: Roadshow) -> bool:
    """Tell whether a roadshow has ended."""
    return row.state == RoadshowState.PUBLISHED and row.ends_at <= clock.now()


def _papers(session: Session, actor: Actor, roadshow_id: int) -> None:
    if find(session, actor, roadshow_id).state == RoadshowState.CANCELLED:
        raise Conflict("该路演已取消，不能再修改附件。")


def _reads(session: Session, actor: Actor, roadshow_id: int) -> None:
    from cpegi_app.services import roadshow_guest

    if actor.may(Permission.ROADSHOW_MANAGE):
        find(session, actor, roadshow_id)
    else:
        roadshow_guest.load(session, actor, roadshow_id)


files.keep_for(HOLDER, Holder(read=_reads, change=_papers, changed=note_programme))
