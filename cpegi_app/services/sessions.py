"""Logins: the session table behind the HttpOnly cookie, and the one-time ticket that sets it."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Role
from cpegi_app.models import LoginSession, LoginTicket, Organisation, User
from cpegi_app.services.identifiers import masked
from cpegi_app.settings import get_settings
from cpegi_app.vocabulary import Kind, OrgClass

TICKET_LIFE = timedelta(seconds=60)
TOUCH_EVERY = timedelta(seconds=60)


def cookie_name() -> str:
    """Return the name of the session cookie; `__Host-` binds it to this host over HTTPS."""
    return "cpegi_sid" if get_settings().is_demo else "__Host-cpegi_sid"


def sid_of(cookie_header: str) -> str:
    """Return the session id in a Cookie header, empty when there is none."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(cookie_header or "")
    except CookieError:
        return ""
    found = jar.get(cookie_name())
    return found.value if found else ""


def digest(secret: str) -> str:
    """Return what the tables keep of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def issue_ticket(session: Session, user_id: int, ends_at: datetime | None = None) -> str:
    """Return a ticket that may be exchanged once, within a minute, for a login (which ends at `ends_at` at the latest)."""
    ticket = secrets.token_urlsafe(32)
    until = clock.now() + TICKET_LIFE
    session.add(LoginTicket(ticket_hash=digest(ticket), user_id=user_id, expires_at=until, ends_at=ends_at))
    return ticket


def renewal(session: Session, actor: Actor) -> str:
    """Return the ticket for another id of the actor's own login, as its rights have changed since it was opened.

    Whoever has got hold of the old id holds nothing of the new rights (security.md, session theft).
    """
    login = session.get_one(LoginSession, actor.login_id)
    return issue_ticket(session, actor.user_id, login.expires_at)


def redeem_ticket(session: Session, ticket: str, address: str = "") -> str | None:
    """Return a new session id for a ticket that is unused and in time, else None."""
    claimed = session.exec(
        update(LoginTicket)
        .where(
            col(LoginTicket.ticket_hash) == digest(ticket),
            col(LoginTicket.used_at).is_(None),
            col(LoginTicket.expires_at) > clock.now(),
        )
        .values(used_at=clock.now())
    )
    if claimed.rowcount != 1:
        return None
    found = session.exec(select(LoginTicket).where(LoginTicket.ticket_hash == digest(ticket))).one()
    return open_session(session, found.user_id, address, found.ends_at)


_WHO = (
    select(User.role, Organisation.kind, Organisation.org_class, Organisation.verified_at)
    .join(Organisation, col(Organisation.id) == User.org_id, isouter=True)
    .where(col(User.id) == bindparam("user_id"))
)


def open_session(session: Session, user_id: int, address: str = "", ends_at: datetime | None = None) -> str:
    """Return the id (256 random bits) of a new login."""
    sid = secrets.token_urlsafe(32)
    hours = get_settings().session_max_hours
    session.add(
        LoginSession(
            sid_hash=digest(sid),
            user_id=user_id,
            last_seen_at=clock.now(),
            expires_at=ends_at or clock.now() + timedelta(hours=hours),
            address=address[:64],
            rights=_rights(session.execute(_WHO, {"user_id": user_id}).one()),
        )
    )
    return sid


def _rights(who: Any) -> str:
    """Return what decides on a user's rights, as a login remembers it."""
    return f"{who.role}:{who.kind or ''}:{who.org_class or ''}:{'verified' if who.verified_at else ''}"


_COLUMNS: tuple[Any, ...] = (
    LoginSession.id,
    LoginSession.address,
    LoginSession.revoked_at,
    LoginSession.expires_at,
    LoginSession.last_seen_at,
    LoginSession.user_id,
    LoginSession.rights,
    User.role,
    User.name,
    User.phone,
    User.org_id,
    User.disabled_at,
    col(Organisation.name).label("org_name"),
    Organisation.kind,
    Organisation.org_class,
    Organisation.verified_at,
)
# Made once: making a statement anew at every event costs more than asking it.
_LOGIN = (
    select(*_COLUMNS)
    .join(User, col(User.id) == LoginSession.user_id)
    .join(Organisation, col(Organisation.id) == User.org_id, isouter=True)
    .where(col(LoginSession.sid_hash) == bindparam("sid_hash"))
)


def login_of(session: Session, sid: str) -> tuple[Actor, bool] | None:
    """Return who a session id stands for now, and whether it was last marked as seen over a minute ago.

    None when it is unknown, ended, idle or its user disabled.
    """
    found = session.execute(_LOGIN, {"sid_hash": digest(sid)}).first() if sid else None
    if found is None or found.revoked_at or found.disabled_at or _is_over(found):
        return None
    actor = Actor(
        user_id=found.user_id,
        role=Role(found.role),
        name=found.name or found.org_name or "",
        phone_masked=masked(found.phone),
        org_id=found.org_id,
        kind=Kind(found.kind) if found.kind else None,
        org_class=OrgClass(found.org_class) if found.org_class else None,
        verified=bool(found.verified_at),
        login_id=found.id,
        address=found.address,
        renew=found.rights != _rights(found),
    )
    return actor, clock.now() - found.last_seen_at > TOUCH_EVERY


def actor_of(session: Session, sid: str) -> Actor | None:
    """Return who a session id stands for now; None when it is unknown, ended, idle or its user disabled."""
    found = login_of(session, sid)
    return found[0] if found else None


def touch(session: Session, login_id: int) -> None:
    """Mark a login as seen now, which keeps it from ending as idle."""
    session.exec(
        update(LoginSession).where(col(LoginSession.id) == login_id).values(last_seen_at=clock.now())
    )


def revoke(session: Session, login_id: int) -> None:
    """End one login."""
    session.exec(update(LoginSession).where(col(LoginSession.id) == login_id).values(revoked_at=clock.now()))


def revoke_all(session: Session, user_id: int, *, but: int | None = None) -> None:
    """End every login of a user, except perhaps the one that asks."""
    query = update(LoginSession).where(
        col(LoginSession.user_id) == user_id, col(LoginSession.revoked_at).is_(None)
    )
    if but is not None:
        query = query.where(col(LoginSession.id) != but)
    session.exec(query.values(revoked_at=clock.now()))


def _is_over(login: Any) -> bool:
    settings = get_settings()
    idle = settings.staff_idle_minutes if login.role == Role.STAFF else settings.session_idle_minutes
    return login.expires_at <= clock.now() or clock.now() - login.last_seen_at > timedelta(minutes=idle)
