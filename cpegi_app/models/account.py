"""Users, their logins, and what guards them (manual §2)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from cpegi_app.access import Role
from cpegi_app.models.base import Row, changed, moment


class User(Row, table=True):
    """Somebody who signs in with a mobile number."""

    __table_args__ = (Index("ix_user_created", "created_at", "role"),)

    phone: str = Field(unique=True, max_length=11)
    password_hash: str = Field(max_length=200)
    role: str = Field(default=Role.MEMBER.value, max_length=12)
    name: str = Field(default="", max_length=40)
    org_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    consent_version: str = Field(default="", max_length=20)
    consented_at: datetime | None = moment()
    disabled_at: datetime | None = moment()
    disabled_reason: str = Field(default="", max_length=200)
    password_changed_at: datetime | None = moment()
    updated_at: datetime | None = changed()


class LoginSession(Row, table=True):
    """One browser's login; the cookie's value is kept only as its SHA-256."""

    __tablename__ = "login_session"

    sid_hash: str = Field(unique=True, max_length=64)
    user_id: int = Field(foreign_key="user.id", index=True)
    last_seen_at: datetime = moment(default=...)
    expires_at: datetime = moment(default=...)
    revoked_at: datetime | None = moment()
    address: str = Field(default="", max_length=64)
    # What its user was when it was opened: other rights get another id.
    rights: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": text("''")})


class LoginTicket(Row, table=True):
    """The proof of a checked password, exchanged once for a cookie within a minute."""

    __tablename__ = "login_ticket"

    ticket_hash: str = Field(unique=True, max_length=64)
    user_id: int = Field(foreign_key="user.id")
    expires_at: datetime = moment(default=...)
    used_at: datetime | None = moment()
    # A renewed login ends when the one before would have ended.
    ends_at: datetime | None = moment()


class Attempt(Row, table=True):
    """A try at something that can be guessed: a password, a code; counts survive a restart."""

    what: str = Field(max_length=20)
    subject: str = Field(max_length=80, index=True)
    address: str = Field(default="", max_length=64, index=True)
    ok: bool = False


class SmsCode(Row, table=True):
    """A code sent to a number for one purpose; stored hashed, good once, for ten minutes."""

    __tablename__ = "sms_code"

    phone: str = Field(max_length=11, index=True)
    purpose: str = Field(max_length=12)
    code_hash: str = Field(max_length=64)
    expires_at: datetime = moment(default=...)
    tries: int = 0
    used_at: datetime | None = moment()
    address: str = Field(default="", max_length=64, index=True)


class SmsOutbox(Row, table=True):
    """A text message written in the business transaction and sent afterwards, claimed with a lease."""

    __tablename__ = "sms_outbox"

    phone: str = Field(max_length=11)
    text: str = Field(max_length=300)
    dedupe_key: str = Field(unique=True, max_length=80)
    expires_at: datetime = moment(default=...)
    claimed_until: datetime | None = moment()
    sent_at: datetime | None = moment()
    attempts: int = 0
