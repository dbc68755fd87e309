"""Private files: what they are, whose they are, what they belong to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from cpegi_app.models.base import Row, moment


class StoredFile(Row, table=True):
    """An uploaded file; its content lies in the private store under its SHA-256."""

    __tablename__ = "stored_file"
    __table_args__ = (Index("ix_stored_file_subject", "flow", "subject_id"),)

    sha256: str = Field(max_length=64, index=True)
    name: str = Field(max_length=120)
    kind: str = Field(max_length=8)
    size: int
    slot: str = Field(max_length=20)
    flow: str = Field(max_length=30)
    subject_id: int
    # One row of a subject that has many, e.g. a loan of a filing batch.
    row_id: int | None = Field(default=None, index=True)
    # None: the platform's own, such as the papers of a roadshow.
    org_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    uploaded_by: int = Field(foreign_key="user.id")
    removed_at: datetime | None = moment()
