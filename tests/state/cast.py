"""Everybody who might send an event, and an example of everything that an event might name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from cpegi_app import access, clock
from cpegi_app.access import GRANTS, NEW_MEMBER_GRANTS, Actor, Permission, Role, Screen
from cpegi_app.models import EquityLead, EquityProject, LoginSession, Policy, Product, Publicity, User
from cpegi_app.services import (
    equity_interest,
    equity_recommend,
    files,
    investment_question,
    online_investment,
    review,
    roadshow_guest,
    sessions,
)
from cpegi_app.vocabulary import FileSlot, Kind, Status
from tests import equity, factories, worlds
from tests.state import cast_policy


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
    projects: list[int] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    publicities: list[int] = field(default_factory=list)

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
        query = select(LoginSession).where(LoginSession.sid_hash == sessions.digest(person.sid))
        row = session.exec(query).one()
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
    """Add a bank and an enterprise with a record in every state of affairs, and a rival with records too."""
    bank = factories.member(session, Kind.DEBT)
    draft = _typed(session, worlds.product_world(session, bank))
    waiting = worlds.product_world(session, bank).bring_to(session, Status.PENDING)
    asked = worlds.application_world(session, bank).bring_to(session, Status.PENDING)
    own = _typed(session, worlds.application_world(session, bank))
    approved = worlds.application_world(session, bank).bring_to(session, Status.APPROVED)
    payment = _typed(session, worlds.disbursement_world(session, approved))
    change = _typed(session, worlds.profile_change_world(session))
    newcomer = _typed(session, worlds.verification_world(session))
    reported = _typed(session, worlds.report_world(session, bank))
    readable = worlds.report_world(session, bank).bring_to(session, Status.APPROVED)
    filing = worlds.filing_world(session, bank, rows=2)
    filed = worlds.filing_world(session, bank).bring_to(session, Status.PENDING)
    rival = worlds.disbursement_world(session).bring_to(session, Status.PENDING)
    project = _typed(session, worlds.project_world(session, own.owner))
    listed = worlds.listed_project(session, own.owner)
    fund = factories.member(session, Kind.EQUITY)
    equity_recommend.recommend(session, factories.staff(session), [listed.id], [fund.org_id or 0], "")
    equity_interest.favourite(session, fund, listed.id, on=True)
    lead = session.exec(select(EquityLead)).one()
    removed = factories.upload(session, bank, draft.flow, draft.row_id, FileSlot.ATTACHMENT)
    files.remove(session, bank, removed[0].id)
    factories.upload(session, bank, draft.flow, draft.row_id, FileSlot.ATTACHMENT, shade=1)
    _add(session, cast, "bank", bank, Kind.DEBT, verified=True)
    _add(session, cast, "rival bank", rival.owner, Kind.DEBT, verified=True)
    _add(session, cast, "owner", own.owner, Kind.ENTERPRISE, verified=True)
    _add(session, cast, "fund", fund, Kind.EQUITY, verified=True)
    _add(session, cast, "changer", change.owner, Kind.ENTERPRISE, verified=True)
    _add(session, cast, "applicant", newcomer.owner, Kind.ENTERPRISE)
    target = own.row(session)
    pid = target.product_id
    cast.listed = [
        p.id for p in session.exec(select(Product).where(col(Product.is_listed))) if p.id is not None
    ]
    cast.projects = [i for i in session.exec(select(EquityProject.id)) if i is not None]
    cast.rows = {
        access.PUBLIC_PRODUCT: ("anonymous", {"pid": pid}),
        access.PRODUCT_EDIT: ("bank", {"rid": draft.row_id}),
        access.PRODUCT_PUSHES: ("bank", {"pid": pid}),
        access.REQUEST: ("bank", {"aid": asked.row_id}),
        access.DISBURSE: ("bank", {"did": payment.row_id}),
        access.APPLICATION: ("owner", {"aid": own.row_id}),
        access.APPLY: ("owner", {"pid": pid}),
        access.MATCH: ("owner", {"pid": pid}),
        access.REVIEW: ("staff", {"flow": "product", "rid": waiting.row_id}),
        access.FILING: ("bank", {"bid": filing.row_id}),
        access.FILING_REVIEW: ("staff", {"bid": filed.row_id}),
        access.REPORT_EDIT: ("bank", {"rid": reported.row_id}),
        access.REPORT_READ: ("regulator", {"rid": readable.row_id}),
        access.PUBLIC_PROJECT: ("fund", {"pid": listed.id}),
        access.PROJECT_EDIT: ("owner", {"rid": project.row_id}),
        access.PROJECT_READERS: ("owner", {"pid": listed.id}),
        access.RECOMMEND_PROJECT: ("staff", {"pid": listed.id}),
        access.RECOMMEND_TO: ("staff", {"oid": fund.org_id}),
        access.LEAD: ("staff", {"lid": lead.id}),
        access.IDENTITY: ("newcomer", {}),
        access.VERIFICATION: ("applicant", {}),
        access.PROFILE: ("changer", {}),
        access.PROFILE_EDIT: ("changer", {}),
        **_investments(session, fund, own.owner, lead.id or 0),
    }
    people, rows = cast_policy.stock(session)
    shown = select(Policy.id).where(col(Policy.version_id).is_not(None))
    cast.published = [i for i in session.exec(shown) if i is not None]
    cast.publicities = [i for i in session.exec(select(Publicity.id)) if i is not None]
    for name, actor in people.items():
        _add(session, cast, name, actor, Kind.ENTERPRISE, verified=True)
    cast.rows |= rows


def _investments(
    session: Session, fund: Actor, owner: Actor, lead_id: int
) -> dict[Screen, tuple[str, dict[str, Any]]]:
    """Add investments of the fund in the owner, and a roadshow to which it is invited."""
    draft = _typed(session, worlds.investment_world(session, fund, owner))
    waiting = worlds.investment_world(session, fund, owner).bring_to(session, Status.PENDING)
    record = online_investment.record(session, fund, lead_id, equity.figures())
    investment_question.ask(session, fund, "online", record.id or 0, "请核对协议日期")
    asked = investment_question.ask(session, fund, "offline", waiting.row_id, "请核对到账日期")
    show = equity.published(session, fund)
    paper = (FileSlot.ATTACHMENT.value, "议程.png", factories.png(3))
    files.attach(session, factories.staff(session), "roadshow", show.id or 0, *paper)
    roadshow_guest.register(session, fund, show.id or 0, equity.guest_data())
    return {
        access.INVESTMENT_EDIT: ("fund", {"iid": draft.row_id}),
        access.CONFIRM: ("owner", {"iid": waiting.row_id}),
        access.RECORD: ("fund", {"oid": record.id}),
        access.CONFIRM_ONLINE: ("owner", {"oid": record.id}),
        access.STAFF_RECORD: ("staff", {"oid": record.id}),
        access.STAFF_QUESTION: ("staff", {"qid": asked.id}),
        access.ROADSHOW: ("fund", {"mid": show.id}),
        access.STAFF_ROADSHOW: ("staff", {"mid": show.id}),
    }


def _typed(session: Session, world: worlds.World) -> worlds.World:
    """Keep the data with which the draft would pass."""
    row = world.row(session)
    review.save_draft(session, world.flow, world.owner, world.row_id, row.version, world.data)
    return world
