"""People for the browser tests, made by the services in the site's own database and signed in by cookie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlmodel import Session, select

from cpegi_app import db
from cpegi_app.access import Role
from cpegi_app.models import Organisation, User
from cpegi_app.services import review, sessions, verification
from cpegi_app.services.profile_forms import required_files
from cpegi_app.settings import get_settings
from cpegi_app.vocabulary import KIND_OF, Action, Kind, OrgClass
from tests import factories
from tests.e2e.harness import Walk


class People:
    """Makes accounts; each signs in the given walk."""

    def __init__(self, data_dir: Path, address: str) -> None:
        self.data_dir, self.address = data_dir, address

    @contextmanager
    def _database(self) -> Iterator[Session]:
        """Write into the database and the private files of the running site."""
        settings, before, folder = get_settings(), db._url, get_settings().data_dir
        db.configure(f"sqlite:///{self.data_dir / 'cpegi.sqlite3'}")
        settings.data_dir = self.data_dir
        try:
            with db.transaction() as session:
                yield session
        finally:
            settings.data_dir = folder
            db.configure(before)

    def newcomer(self, walk: Walk, phone: str, org_class: OrgClass = OrgClass.ENTERPRISE) -> Walk:
        """Sign in somebody who has registered and stated a class, and has not been verified."""
        with self._database() as session:
            org = Organisation(kind=KIND_OF[org_class].value, org_class=org_class.value)
            session.add(org)
            session.flush()
            sid = self._user(session, phone, org=org)
        return self._enter(walk, sid)

    def verified(self, walk: Walk, phone: str, org_class: OrgClass, **changes: str) -> Walk:
        """Sign in a verified organisation, with the files that its verification was approved with."""
        kind = KIND_OF[org_class]
        with self._database() as session:
            org = Organisation(kind=kind.value, org_class=org_class.value)
            session.add(org)
            session.flush()
            sid = self._user(session, phone, org=org)
            actor = sessions.actor_of(session, sid)
            assert actor is not None
            row = verification.open_verification(session, actor)
            data = factories.profile(kind, org_class=org_class.value, mobile=phone, **changes)
            for slot in required_files(kind, data):
                factories.upload(session, actor, verification.VERIFY, row.id or 0, slot)
            row = verification.submit(session, verification.VERIFY, actor, row.id or 0, row.version, data, "")
            reviewer = factories.sign_in(session, self._reviewer(session))
            review.act(session, verification.VERIFY, reviewer, row.id, Action.APPROVE, row.version)
        return self._enter(walk, sid)

    def staff(self, walk: Walk, phone: str, name: str) -> Walk:
        """Sign in a member of the platform's staff."""
        with self._database() as session:
            sid = self._user(session, phone, role=Role.STAFF, name=name)
        return self._enter(walk, sid)

    def regulator(self, walk: Walk, phone: str) -> Walk:
        """Sign in the regulator."""
        with self._database() as session:
            sid = self._user(session, phone, role=Role.REGULATOR, name="市金融局")
        return self._enter(walk, sid)

    def login_of(self, phone: str) -> str:
        """Return the cookie of a new login of somebody who is known; no number's is empty."""
        with self._database() as session:
            user_id = session.exec(select(User.id).where(User.phone == phone)).first()
            return sessions.open_session(session, user_id) if user_id else ""

    def anew(self, walk: Walk, phone: str) -> Walk:
        """End every login of the number behind the walk's back, and sign in again in the same tab."""
        with self._database() as session:
            user = session.exec(select(User).where(User.phone == phone)).one()
            sessions.revoke_all(session, user.id or 0)
            sid = sessions.open_session(session, user.id or 0)
        return self._enter(walk, sid)

    def _reviewer(self, session: Session) -> User:
        phone = "13800039999"
        found = session.exec(select(User).where(User.phone == phone)).first()
        return found or factories.user(session, None, Role.STAFF, name="郑审核", phone=phone)

    def _user(
        self,
        session: Session,
        phone: str,
        *,
        org: Organisation | None = None,
        role: Role = Role.MEMBER,
        name: str = "",
    ) -> str:
        user = User(
            phone=phone, password_hash="!", role=role.value, org_id=org.id if org else None, name=name
        )
        session.add(user)
        session.flush()
        return sessions.open_session(session, user.id or 0)

    def _enter(self, walk: Walk, sid: str) -> Walk:
        walk.carry(sid)
        return walk


@pytest.fixture(scope="session")
def people(site: str, tmp_path_factory: pytest.TempPathFactory) -> People:
    """Return the maker of people for the running site."""
    return People(tmp_path_factory.getbasetemp() / "site0", site)


def enterprise_form(**changes: str) -> dict[str, str]:
    """Return what an enterprise types into 真实性认证."""
    return _typed(factories.profile(Kind.ENTERPRISE), **changes)


def bank_form(**changes: str) -> dict[str, str]:
    """Return what a bank types into 真实性认证."""
    data = factories.profile(Kind.DEBT, org_class=OrgClass.BANK.value)
    return _typed(data, **changes)


def _typed(data: dict[str, str], **changes: str) -> dict[str, str]:
    """Return the data without the groups of boxes, which are ticked."""
    boxes = ("business_regions", "invest_industries", "invest_stages", "qualifications")
    return {k: v for k, v in data.items() if k not in boxes} | changes
