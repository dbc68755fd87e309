"""Notices: every decision and everything that waits for somebody stands in their list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from sqlalchemy import bindparam, func, insert, literal, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Role
from cpegi_app.errors import NotFound
from cpegi_app.models import Notice, User
from cpegi_app.services import list_count, lists, live
from cpegi_app.services.forms import normalise
from cpegi_app.services.ids import is_id

table: Any = Notice.__table__  # pyright: ignore[reportAttributeAccessIssue]
# How the notice of something that waits begins.
WAITING = "待办："


class NoticeView(BaseModel):
    """One notice as a list shows it."""

    id: int
    title: str
    text: str
    href: str
    tone: str
    at: str
    unread: bool


def notify(
    session: Session, users: Iterable[int], title: str, text: str, href: str, tone: str = "blue"
) -> None:
    """Write the same notice to several users, whose open pages follow."""
    wanted = set(users)
    live.concern(session, wanted)
    for user_id in wanted:
        session.add(Notice(user_id=user_id, title=title[:120], text=text[:600], href=href, tone=tone))


def notify_orgs(
    session: Session, org_ids: list[int], title: str, text: str, href: str, tone: str = "blue"
) -> None:
    """Write the same notice to every enabled user of many organisations, in one statement; their open pages follow."""
    row = {"created_at": clock.now(), "title": title[:120], "text": text[:600], "href": href, "tone": tone}
    fixed = [literal(value, table.c[name].type) for name, value in row.items()]
    users = sql_select(*fixed, col(User.id)).where(
        col(User.org_id).in_(org_ids), col(User.disabled_at).is_(None)
    )
    new = insert(table).from_select([*row, "user_id"], users, include_defaults=False)
    told = list(session.scalars(new.returning(table.c.user_id)))
    live.concern(session, told)


def notify_waiting(session: Session, users: Iterable[int], title: str, href: str) -> None:
    """Tell those who may decide that something waits for them."""
    notify(session, users, WAITING + title, "请在待办事项中办理。", href)


def settle(session: Session, users: Iterable[int], href: str) -> None:
    """Mark read that something waits, for everybody it waited for: it does no longer."""
    waited = list(users)
    live.concern(session, waited)
    session.exec(
        update(Notice)
        .where(
            col(Notice.user_id).in_(waited),
            col(Notice.read_at).is_(None),
            col(Notice.href) == href,
            col(Notice.title).startswith(WAITING, autoescape=True),
        )
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )


# Made once: every decision asks these, and making a statement anew costs more than asking it.
_ENABLED = select(col(User.id)).where(col(User.disabled_at).is_(None))
_OF_ORG = _ENABLED.where(col(User.org_id) == bindparam("org_id"))
_OF_ROLE = _ENABLED.where(col(User.role) == bindparam("role"))


def users_of(session: Session, org_id: int) -> list[int]:
    """Return the enabled users of an organisation."""
    return [i for i in session.exec(_OF_ORG, params={"org_id": org_id}) if i is not None]


def _of_role(session: Session, role: Role) -> list[int]:
    return [i for i in session.exec(_OF_ROLE, params={"role": role.value}) if i is not None]


def staff(session: Session) -> list[int]:
    """Return the enabled platform staff."""
    return _of_role(session, Role.STAFF)


def regulators(session: Session) -> list[int]:
    """Return the enabled users of the regulator."""
    return _of_role(session, Role.REGULATOR)


def unread_count(session: Session, actor: Actor) -> int:
    """Return how many notices the actor has not opened."""
    query = select(func.count()).select_from(Notice)
    return session.exec(query.where(Notice.user_id == actor.user_id, col(Notice.read_at).is_(None))).one()


def listing(
    session: Session, actor: Actor, page: int = 1, size: int = 20, unread_only: bool = False
) -> tuple[list[NoticeView], int]:
    """Return one page of the actor's notices, newest first, and how many there are."""
    filters = {"unread": "1" if unread_only else ""}
    found = lists.page(session, actor, NOTICE_LIST, filters, page=page, size=size)
    return found.rows, found.total


def _own(actor: Actor, filters: lists.Filters) -> list[Any]:
    found: list[Any] = [Notice.user_id == actor.user_id]
    if filters.get("unread") == "1":
        found.append(col(Notice.read_at).is_(None))
    if word := normalise(filters.get("word", "")):
        found.append(col(Notice.title).contains(word, autoescape=True))
    return found


def open_notice(session: Session, actor: Actor, notice_id: int) -> str:
    """Mark one notice read and return the route it leads to."""
    notice = session.get(Notice, notice_id) if is_id(notice_id) else None
    if notice is None or notice.user_id != actor.user_id:
        raise NotFound("消息")
    if notice.read_at is None:
        notice.read_at = clock.now()
        live.concern(session, [actor.user_id])
    return notice.href


def read_all(session: Session, actor: Actor) -> None:
    """Mark all of the actor's notices read."""
    live.concern(session, [actor.user_id])
    session.exec(
        update(Notice)
        .where(col(Notice.user_id) == actor.user_id, col(Notice.read_at).is_(None))
        .values(read_at=clock.now())
    )


def _view(n: Notice) -> NoticeView:
    return NoticeView(
        id=n.id or 0,
        title=n.title,
        text=n.text,
        href=n.href,
        tone=n.tone,
        at=clock.local(n.created_at),
        unread=n.read_at is None,
    )


NOTICE_LIST = lists.register(
    lists.Listing(
        "notices",
        "消息通知",
        _own,
        list_count.Table(Notice),
        lambda session, actor, filters, found: [_view(n) for n in found],
        {
            "时间": lambda n: n.at,
            "标题": lambda n: n.title,
            "内容": lambda n: n.text,
            "状态": lambda n: "未读" if n.unread else "已读",
        },
        {"at": col(Notice.id)},
        large=False,
    )
)
