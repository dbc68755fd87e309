"""Notices to users."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from cpegi_app.models.base import Row, moment


class Notice(Row, table=True):
    """A sentence for one user, leading to the record it speaks of."""

    __table_args__ = (Index("ix_notice_unread", "user_id", "read_at"),)

    user_id: int = Field(foreign_key="user.id")
    title: str = Field(max_length=120)
    text: str = Field(default="", max_length=600)
    href: str = Field(default="", max_length=200)
    tone: str = Field(default="blue", max_length=8)
    read_at: datetime | None = moment()
