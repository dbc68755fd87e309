"""Leads: an institution's interest in a project, followed up by the staff (manual §6.1 沟通对接)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from cpegi_app.models.base import Row, moment


class EquityLead(Row, table=True):
    """One lead a project and institution; `version` is what the staff saw, compared at every change."""

    __tablename__ = "equity_lead"
    __table_args__ = (
        UniqueConstraint("project_id", "org_id"),
        Index("ix_equity_lead_board", "stage", "next_on", "id"),
        Index("ix_equity_lead_owner", "owner_id", "stage", "next_on", "id"),
        Index("ix_equity_lead_org", "org_id", "id"),
        Index("ix_equity_lead_closed", "stage", "closed_at", "id"),
        Index("ix_equity_lead_updated_at", "updated_at"),
    )

    project_id: int = Field(foreign_key="equity_project.id")
    # The investing institution.
    org_id: int = Field(foreign_key="organisation.id")
    source: str = Field(max_length=10)
    stage: str = Field(max_length=10)
    owner_id: int | None = Field(default=None, foreign_key="user.id")
    next_step: str = Field(default="", max_length=200)
    next_on: date | None = None
    outcome: str = Field(default="", max_length=24)
    outcome_note: str = Field(default="", max_length=500)
    closed_at: datetime | None = moment()
    updated_at: datetime | None = moment()
    version: int = 1


class LeadEvent(Row, table=True):
    """One entry of a lead's log 沟通对接; append-only, a trigger refuses UPDATE and DELETE."""

    __tablename__ = "lead_event"
    __table_args__ = (Index("ix_lead_event_lead", "lead_id", "id"),)

    lead_id: int = Field(foreign_key="equity_lead.id")
    kind: str = Field(max_length=10)
    actor_id: int = Field(foreign_key="user.id")
    actor_label: str = Field(default="", max_length=120)
    happened_on: date | None = None
    text: str = Field(default="", max_length=1000)
