"""Roadshows: projects in them, invitations, registrations, what was changed (manual §6.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from cpegi_app.models.base import Row, created, json_field, moment


class Roadshow(Row, table=True):
    """A roadshow that the staff publishes; `taken` counts the live registrations and never passes `places`."""

    __table_args__ = (
        CheckConstraint("taken >= 0 AND taken <= places", name="places"),
        Index("ix_roadshow_state", "state", "starts_at", "id"),
    )

    title: str = Field(default="", max_length=60)
    host: str = Field(default="", max_length=100)
    starts_at: datetime = created()
    ends_at: datetime = created()
    deadline_at: datetime = created()
    place: str = Field(default="", max_length=200)
    link: str = Field(default="", max_length=300)
    agenda: str = Field(default="", max_length=4000)
    contact: str = Field(default="", max_length=40)
    contact_phone: str = Field(default="", max_length=40)
    places: int = 0
    taken: int = 0
    state: str = Field(default="DRAFT", max_length=10)
    cancel_reason: str = Field(default="", max_length=500)
    summary: str = Field(default="", max_length=2000)
    # Counts what guests must know of: the SEQUENCE of the calendar file.
    version: int = 1
    created_by: int = Field(foreign_key="user.id")
    published_at: datetime | None = moment()
    updated_at: datetime | None = moment()


class RoadshowProject(Row, table=True):
    """A project that a roadshow presents, in the order of `position`."""

    __tablename__ = "roadshow_project"
    __table_args__ = (UniqueConstraint("roadshow_id", "project_id"),)

    roadshow_id: int = Field(foreign_key="roadshow.id")
    project_id: int = Field(foreign_key="equity_project.id", index=True)
    position: int = 0


class RoadshowInvitation(Row, table=True):
    """Who may see a roadshow and register."""

    __tablename__ = "roadshow_invitation"
    __table_args__ = (
        UniqueConstraint("roadshow_id", "org_id"),
        Index("ix_roadshow_invitation_own", "org_id", "roadshow_id"),
    )

    roadshow_id: int = Field(foreign_key="roadshow.id")
    org_id: int = Field(foreign_key="organisation.id")
    role: str = Field(max_length=10)


class RoadshowRegistration(Row, table=True):
    """An invited organisation's 报名, one row an organisation: withdrawn and registered again it stays one."""

    __tablename__ = "roadshow_registration"
    __table_args__ = (
        UniqueConstraint("roadshow_id", "org_id"),
        Index("ix_roadshow_registration_state", "roadshow_id", "state", "id"),
    )

    roadshow_id: int = Field(foreign_key="roadshow.id")
    org_id: int = Field(foreign_key="organisation.id", index=True)
    user_id: int = Field(foreign_key="user.id")
    state: str = Field(max_length=10)
    # How many come: each takes a place.
    people: int = 1
    visitor: str = Field(default="", max_length=40)
    phone: str = Field(default="", max_length=20)
    attendance: str = Field(default="", max_length=8)
    note: str = Field(default="", max_length=200)
    withdrawn_at: datetime | None = moment()
    updated_at: datetime | None = moment()


class RoadshowChange(Row, table=True):
    """What a change or the cancellation altered, old and new, for everybody registered; append-only."""

    __tablename__ = "roadshow_change"
    __table_args__ = (Index("ix_roadshow_change_roadshow", "roadshow_id", "id"),)

    roadshow_id: int = Field(foreign_key="roadshow.id")
    version: int
    actor_id: int = Field(foreign_key="user.id")
    actor_label: str = Field(default="", max_length=120)
    reason: str = Field(default="", max_length=500)
    changes: dict[str, Any] = json_field()
