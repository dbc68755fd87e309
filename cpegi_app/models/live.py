"""What has changed for whom: the rows that bring open pages up to date (ADR 0005)."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field

from cpegi_app.models.base import Row, json_field


class LiveChange(Row, table=True):
    """One transaction that concerns some users, or everybody; kept for minutes only."""

    __tablename__ = "live_change"
    __table_args__ = (Index("ix_live_change_created_at", "created_at"),)

    users: list[int] = json_field(list)
    everybody: bool = Field(default=False)
