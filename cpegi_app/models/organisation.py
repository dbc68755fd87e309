"""Organisations, their verification and the changes of their profile (manual §3)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from cpegi_app.models.base import Row, changed, json_field, moment
from cpegi_app.models.review import Reviewable

OPEN = text("status IN ('DRAFT', 'PENDING', 'RETURNED')")


class Organisation(Row, table=True):
    """An enterprise or institution; `profile` is the approved data in force."""

    kind: str = Field(default="", max_length=16, index=True)
    org_class: str = Field(default="", max_length=24)
    name: str = Field(default="", max_length=100, index=True)
    credit_code: str | None = Field(default=None, max_length=18, unique=True)
    region: str = Field(default="", max_length=16)
    verified_at: datetime | None = moment()
    profile: dict[str, str] = json_field()
    profile_at: datetime | None = moment()
    updated_at: datetime | None = changed()


class Verification(Reviewable, table=True):
    """真实性认证 of a new account (manual §3.1); one an organisation, returned until it is right."""

    __table_args__ = (
        Index("uq_verification_org_id", "org_id", unique=True),
        Index("ix_verification_decided", "decided_at", "status", "submitted_at"),
    )


class ProfileChange(Reviewable, table=True):
    """A change to an approved profile (manual §3.2); one open at a time."""

    __tablename__ = "profile_change"
    __table_args__ = (
        Index("uq_profile_change_open", "org_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    )

    base: dict[str, str] = json_field()
