"""The demo's world: parties that act through the real services while the clock walks through the last months."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel import Session, select

from cpegi_app import clock, demo_paper
from cpegi_app.access import Actor, Role
from cpegi_app.errors import CountedRefusal
from cpegi_app.models import Organisation, StoredFile, User
from cpegi_app.services import account, audit, files, identifiers, review, sessions
from cpegi_app.services.review import Flow
from cpegi_app.vocabulary import Action, FileSlot

# A story yields the moment at which it goes on; what it does then is done under that moment's clock.
Story = Generator[datetime, None, None]
STAFF = ("staff", "staff2")


@dataclass
class World:
    """Who there is, and what they have made so far, by the demo's own short names."""

    session: Session
    password_hash: str
    now: datetime = field(default_factory=clock.now)
    phones: dict[str, str] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)
    orgs: dict[int, str] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    projects: dict[str, int] = field(default_factory=dict)
    policies: dict[str, int] = field(default_factory=dict)
    decisions: int = 0
    # Who acts in the step being told; forgotten with the next step.
    acting: dict[str, Actor] = field(default_factory=dict)

    # --- time -------------------------------------------------------------------------------------

    def at(self, days: float, hour: int = 10, minute: int = 0) -> datetime:
        """Return a moment so many days ago; with 0 days, so many hours before now."""
        if not days:
            return self.now - timedelta(hours=hour, minutes=minute)
        day = self.now.astimezone(clock.SHANGHAI).date() - timedelta(days=int(days))
        return datetime.combine(day, time(hour, minute), clock.SHANGHAI)

    def run(self, stories: Iterable[Story]) -> None:
        """Tell all stories at once, in the order of their moments; the clock is put back afterwards."""
        before = clock._shift
        due = [(next(story), number, story) for number, story in enumerate(stories)]
        heapq.heapify(due)
        try:
            while due:
                moment, number, story = heapq.heappop(due)
                self.acting.clear()
                clock.shift(clock._shift + (min(moment, self.now) - clock.now()))
                following = next(story, None)
                if following is not None:
                    # Nobody does two things in the same minute.
                    heapq.heappush(due, (max(following, moment + timedelta(minutes=1)), number, story))
        finally:
            clock.shift(before)

    # --- people -----------------------------------------------------------------------------------

    def register(self, key: str, phone: str) -> None:
        """Create a member account and its organisation, as a registration does after the SMS code."""
        org = Organisation()
        self.session.add(org)
        self.session.flush()
        self.orgs[org.id or 0] = key
        self._user(key, phone, org_id=org.id)

    def appoint(self, key: str, phone: str, role: Role, name: str) -> None:
        """Create an account of the platform's staff or of the regulator."""
        self._user(key, phone, role=role.value, name=name)

    def _user(self, key: str, phone: str, **more: Any) -> None:
        now = clock.now()
        user = User(
            phone=phone,
            password_hash=self.password_hash,
            consent_version=account.CONSENT_VERSION,
            consented_at=now,
            password_changed_at=now,
            **more,
        )
        self.session.add(user)
        self.session.flush()
        self.phones[key] = phone
        subject, number = f"user:{user.id}", identifiers.masked(phone)
        audit.record(self.session, None, "account.register", subject, number, address=self.address(key))

    def address(self, key: str) -> str:
        """Return the network address that a party comes from, out of the range kept for documentation."""
        return f"203.0.113.{list(self.phones).index(key) + 10 if key in self.phones else 9}"

    def sign_in(self, key: str, identity: str = "ENTERPRISE") -> Actor:
        """Sign in as the login page does: the ticket, the cookie's session, the actor."""
        address = self.address(key)
        ticket = account.sign_in(self.session, self.phones[key], True, identity, address).ticket
        sid = sessions.redeem_ticket(self.session, ticket, address)
        actor = sessions.actor_of(self.session, sid or "")
        assert sid and actor
        self.logins[key] = sid
        return actor

    def mistype(self, key: str) -> None:
        """Try a wrong password once."""
        try:
            account.sign_in(self.session, self.phones[key], False, "", self.address(key))
        except CountedRefusal:
            return

    def actor(self, key: str) -> Actor:
        """Return the actor behind the party's login, signed in again when that has ended."""
        if key not in self.acting:
            found = sessions.actor_of(self.session, self.logins.get(key, ""))
            self.acting[key] = found or self.sign_in(key)
        return self.acting[key]

    def user_id(self, key: str) -> int:
        """Return the id of a party's user."""
        return self.session.exec(select(User.id).where(User.phone == self.phones[key])).one() or 0

    def leave(self) -> None:
        """End every login: the demo leaves no open browser behind."""
        for key in self.phones:
            sessions.revoke_all(self.session, self.user_id(key))

    # --- what everybody does ----------------------------------------------------------------------

    def attach(self, key: str, flow: Flow, row: Any, *slots: FileSlot) -> None:
        """Upload the demo's paper for each slot."""
        for slot in slots:
            name, content = demo_paper.paper(slot)
            files.attach(self.session, self.actor(key), flow.name, row.id, slot.value, name, content)

    def save(self, key: str, flow: Flow, row: Any, data: dict[str, str]) -> Any:
        """Keep a draft (暂存)."""
        return review.save_draft(self.session, flow, self.actor(key), row.id, row.version, data)

    def submit(self, key: str, flow: Flow, row: Any, data: dict[str, str]) -> Any:
        """Send a row to its first stage."""
        once = f"demo-{flow.name}-{row.id}-{row.version}"
        values = {"data": data}
        actor = self.actor(key)
        return review.act(
            self.session, flow, actor, row.id, Action.SUBMIT, row.version, key=once, values=values
        )

    def decide(
        self, key: str, flow: Flow, row_id: int, action: Action, comment: str = "", **more: Any
    ) -> Any:
        """Decide on a row as it stands now."""
        version = self.session.get_one(flow.model, row_id).version
        return review.act(
            self.session, flow, self.actor(key), row_id, action, version, comment=comment, **more
        )

    def staff_decides(self, flow: Flow, row_id: int, action: Action, comment: str = "", **more: Any) -> Any:
        """Let the platform decide: two people take turns, and now and then one opens the first file."""
        key = STAFF[self.decisions % len(STAFF)]
        self.decisions += 1
        if self.decisions % 4 == 1:
            self._read_first_file(key, flow, row_id)
        return self.decide(key, flow, row_id, action, comment, **more)

    def _read_first_file(self, key: str, flow: Flow, row_id: int) -> None:
        query = select(StoredFile.id).where(StoredFile.flow == flow.name, StoredFile.subject_id == row_id)
        found = self.session.exec(query.order_by(StoredFile.id)).first()  # pyright: ignore[reportArgumentType]
        if found:
            files.content(self.session, self.actor(key), found)
