"""What every reviewed thing shares, and the append-only record of what happened to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from cpegi_app.models.base import Row, json_field, moment
from cpegi_app.vocabulary import Status


class Reviewable(Row):
    """Columns of a reviewed thing; `status`, `stage` and `version` are written by the review engine only."""

    status: str = Field(default=Status.DRAFT.value, max_length=12, index=True)
    stage: int = 0
    version: int = 1
    org_id: int = Field(foreign_key="organisation.id", index=True)
    submitted_by: int | None = Field(default=None, foreign_key="user.id")
    submitted_at: datetime | None = moment(index=True)
    decided_at: datetime | None = moment()
    updated_at: datetime | None = moment()
    reason: str = Field(default="", max_length=1000)
    field_reasons: dict[str, str] = json_field()
    data: dict[str, str] = json_field()


class ReviewEvent(Row, table=True):
    """One step in the life of a reviewed thing; append-only, a trigger refuses UPDATE and DELETE."""

    __tablename__ = "review_event"
    __table_args__ = (Index("ix_review_event_subject", "flow", "subject_id"),)

    flow: str = Field(max_length=30)
    subject_id: int
    action: str = Field(max_length=12)
    stage: str = Field(default="", max_length=30)
    actor_id: int | None = Field(default=None, foreign_key="user.id")
    actor_label: str = Field(default="", max_length=120)
    comment: str = Field(default="", max_length=1000)
    field_reasons: dict[str, str] = json_field()
    snapshot: dict[str, Any] = json_field()


class IdempotencyKey(Row, table=True):
    """The key made when a form opened: the same submission sent twice is done once."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("user_id", "action", "key"),)

    user_id: int = Field(foreign_key="user.id")
    action: str = Field(max_length=60)
    key: str = Field(max_length=64)
    subject_id: int
