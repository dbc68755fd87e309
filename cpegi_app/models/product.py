"""Credit products and their revisions (manual §4.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field

from cpegi_app.models.base import Row, fen_field, json_field, moment
from cpegi_app.models.review import Reviewable

OPEN = text("status IN ('DRAFT', 'PENDING', 'RETURNED')")


class Product(Row, table=True):
    """A credit product as published: the figures of its latest approved revision, in 分, 0.01 % and months."""

    __table_args__ = (
        Index("ix_product_listed", "is_listed", "cost_bp"),
        Index("ix_product_org", "org_id"),
    )

    org_id: int = Field(foreign_key="organisation.id")
    revision_id: int | None = None
    is_listed: bool = False
    listed_at: datetime | None = moment()
    delisted_at: datetime | None = moment()
    name: str = Field(default="", max_length=60)
    product_type: str = Field(default="", max_length=20)
    org_class: str = Field(default="", max_length=24)
    amount_min_fen: int = fen_field()
    amount_max_fen: int = fen_field()
    term_min: int = 0
    term_max: int = 0
    rate_min_bp: int = 0
    rate_max_bp: int = 0
    cost_bp: int = 0
    guarantees: str = Field(default="", max_length=120)
    valid_until: str = Field(default="", max_length=10)
    data: dict[str, str] = json_field()
    conditions: dict[str, Any] = json_field()


class ProductRevision(Reviewable, table=True):
    """What is reviewed: a new product or a 变更; copied onto the product when approved."""

    __tablename__ = "product_revision"
    __table_args__ = (
        Index(
            "uq_product_revision_open", "product_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        ),
    )

    product_id: int = Field(foreign_key="product.id", index=True)
    conditions: dict[str, Any] = json_field()
