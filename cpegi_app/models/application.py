"""Applications for credit products (manual §4.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field

from cpegi_app.models.base import fen_field, json_field, moment
from cpegi_app.models.review import Reviewable

OPEN = text("status IN ('DRAFT', 'PENDING', 'RETURNED')")


class Application(Reviewable, table=True):
    """An enterprise's application to an institution's product; profile, figures and terms are frozen at submission."""

    __table_args__ = (
        Index(
            "uq_application_open",
            "org_id",
            "product_id",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        Index("ix_application_waiting", "institution_id", "status", "id"),
        # A list at a million rows: its count and its pages read along the ids; what headings sort by.
        Index("ix_application_list", "institution_id", "id", "status", "submitted_at"),
        Index("ix_application_amount", "institution_id", "amount_fen", "id"),
        Index("ix_application_sent", "institution_id", "submitted_at", "id", "amount_fen", "status"),
        Index("ix_application_updated_at", "updated_at"),
        # What figures are summed up from, month by month: all of it stands in the index.
        Index("ix_application_decided", "institution_id", "decided_at", "status", "approved_fen"),
        Index("ix_application_region_sent", "submitted_at", "amount_fen", "institution_id", "status"),
        Index("ix_application_region_decided", "decided_at", "status", "approved_fen", "institution_id"),
    )

    product_id: int = Field(foreign_key="product.id", index=True)
    institution_id: int = Field(foreign_key="organisation.id")
    product_name: str = Field(default="", max_length=60)
    applicant: str = Field(default="", max_length=100, sa_column_kwargs={"server_default": text("''")})
    amount_fen: int = fen_field()
    term_months: int = 0
    authorised_at: datetime | None = moment()
    profile: dict[str, str] = json_field()
    product_data: dict[str, str] = json_field()
    conditions: dict[str, Any] = json_field()
    approved_fen: int = fen_field()
    approved_months: int = 0
