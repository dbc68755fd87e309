"""The audit trail."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field

from cpegi_app.models.base import Row


class AuditEntry(Row, table=True):
    """Who did what to what; append-only, a trigger refuses UPDATE and DELETE."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_action", "action", "id"),
        Index("ix_audit_entry_actor", "actor_id", "id"),
    )

    action: str = Field(max_length=40)
    actor_id: int | None = Field(default=None, foreign_key="user.id")
    actor_label: str = Field(default="", max_length=120)
    subject: str = Field(default="", max_length=60, index=True)
    detail: str = Field(default="", max_length=500)
    address: str = Field(default="", max_length=64)
    ok: bool = True
