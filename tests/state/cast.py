"""Everybody who might send an event, and an example of everything that an event might name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from cpegi_app import access, clock
from cpegi_app.access import GRANTS, NEW_MEMBER_GRANTS, Actor, Permission, Role, Screen
from cpegi_app.models import LoginSession, Organisation, User
from cpegi_app.services import sessions
from cpegi_app.vocabulary import Kind, Status
from tests import factories, worlds


@dataclass(frozen=True)
class Principal:
    """Somebody with a cookie, or without; what they may do is told from the table, not by the gate."""

    name: str
    sid: str = ""
    live: bool = False
    role: Role = Role.MEMBER
    kind: Kind | None = None
    verified: bool = False
    user_id: int = 0
    org_id: int = 0

    def may(self, permission: Permission | None) -> bool:
        """Tell whether the permission is granted; None is everybody's."""
        if permission is None:
            return True
        if not self.live:
            return False
        if self.role is not Role.MEMBER:
            return permission in GRANTS[self.role]
        return permission in (GRANTS[self.kind] if self.verified and self.kind else NEW_MEMBER_GRANTS)


@dataclass
class Cast:
    """Principals by name, and for each screen with an id in its address: whose row, and which."""

    people: dict[str, Principal] = field(default_factory=dict)
    rows: dict[Screen, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    listed: list[int] = field(default_factory=list)

    def who_may(self, screen: Screen) -> tuple[Principal, dict[str, Any]]:
        """Return somebody who may open a screen, and the ids in its address."""
        if screen in self.rows:
            name, params = self.rows[screen]
            return self.people[name], params
        if "[" in screen.route:
            raise AssertionError(f"tests/state/cast.py has no example row for {screen.route}: add one")
        return next(p for p in self.people.values() if p.may(screen.permission)), {}


def build(session: Session) -> Cast:
    """Build everybody through the services."""
    cast = Cast({"anonymous": Principal("anonymous")})
    for kind in Kind:
        _members(session, cast, kind)
    _add(session, cast, "newcomer", factories.member(session, None))
    _add(session, cast, "staff", factories.staff(session))
    _add(session, cast, "regulator", factories.regulator(session))
    _dead_logins(session, cast)
    _stock(session, cast)
    return cast


def _members(session: Session, cast: Cast, kind: Kind) -> None:
    name = kind.value.lower()
    _add(session, cast, f"{name} unverified", factories.member(session, kind, verified=False), kind)
    pending = worlds.verification_world(session, kind).bring_to(session, Status.PENDING)
    _add(session, cast, f"{name} pending", pending.owner, kind)
    _add(session, cast, f"{name} verified", factories.member(session, kind), kind, verified=True)
    disabled = factories.member(session, kind)
    _add(session, cast, f"{name} disabled", disabled, kind, verified=True, live=False)
    session.get_one(User, disabled.user_id).disabled_at = clock.now()


def _dead_logins(session: Session, cast: Cast) -> None:
    """Add logins of the staff, the mightiest there is, that have ended in each way."""
    for name, change in (
        ("revoked", {"revoked_at": clock.now()}),
        ("expired", {"expires_at": clock.now() - timedelta(seconds=1)}),
        ("idle", {"last_seen_at": clock.now() - timedelta(minutes=31)}),
    ):
        person = _add(session, cast, f"staff {name}", factories.staff(session), live=False)
        login = session.exec(
            LoginSession.__table__.select().where(  # pyright: ignore[reportAttributeAccessIssue]
                LoginSession.sid_hash == sessions.digest(person.sid)
            )
        ).one()
        row = session.get_one(LoginSession, login.id)
        for column, value in change.items():
            setattr(row, column, value)
    cast.people["made-up cookie"] = Principal("made-up cookie", sid="A" * 43)


def _add(
    session: Session,
    cast: Cast,
    name: str,
    actor: Actor,
    kind: Kind | None = None,
    *,
    verified: bool = False,
    live: bool = True,
) -> Principal:
    sid = sessions.open_session(session, actor.user_id)
    session.flush()
    person = Principal(name, sid, live, Role(actor.role), kind, verified, actor.user_id, actor.org_id or 0)
    cast.people[name] = person
    return person


def _stock(session: Session, cast: Cast) -> None:
    """Add a bank and an enterprise with a record in every state of affairs."""
    bank = factories.member(session, Kind.DEBT)
    draft = worlds.product_world(session, bank)
    waiting = worlds.product_world(session, bank).bring_to(session, Status.PENDING)
    asked = worlds.application_world(session, bank).bring_to(session, Status.PENDING)
    own = worlds.application_world(session, bank)
    approved = worlds.application_world(session, bank).bring_to(session, Status.APPROVED)
    payment = worlds.disbursement_world(session, approved)
    worlds.profile_change_world(session)
    target = own.row(session)
    pid = target.product_id
    _add(session, cast, "bank", bank, Kind.DEBT, verified=True)
    _add(session, cast, "owner", own.owner, Kind.ENTERPRISE, verified=True)
    cast.listed = [asked.row(session).product_id, pid, approved.row(session).product_id]
    cast.rows = {
        access.PUBLIC_PRODUCT: ("anonymous", {"pid": pid}),
        access.PRODUCT_EDIT: ("bank", {"rid": draft.row_id}),
        access.PRODUCT_PUSHES: ("bank", {"pid": pid}),
        access.REQUEST: ("bank", {"aid": asked.row_id}),
        access.DISBURSE: ("bank", {"did": payment.row_id}),
        access.APPLICATION: ("owner", {"aid": own.row_id}),
        access.APPLY: ("owner", {"pid": pid}),
        access.REVIEW: ("staff", {"flow": "product", "rid": waiting.row_id}),
        access.IDENTITY: ("newcomer", {}),
        access.VERIFICATION: ("enterprise unverified", {}),
    }
    for found in (o for o in (session.get(Organisation, bank.org_id),) if o):
        assert found.verified_at
