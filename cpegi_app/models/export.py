"""Exports of lists that wait to be downloaded."""

from __future__ import annotations

from sqlmodel import Field

from cpegi_app.models.base import Row


class ExportFile(Row, table=True):
    """A finished export: for the user who asked for it, for a day."""

    __tablename__ = "export_file"

    user_id: int = Field(foreign_key="user.id", index=True)
    listing: str = Field(max_length=30)
    title: str = Field(max_length=60)
    rows: int = 0
    name: str = Field(max_length=40)
