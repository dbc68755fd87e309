"""Matching: the typed facts of organisations, the typed limits of products, pushes and their runs (manual §4.1).

Facts and limits have a column or two for every dimension, made from its declaration; ids are those of the organisation
and of the product.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, text
from sqlmodel import Field, SQLModel

from cpegi_app import clock
from cpegi_app.dimensions import DIMENSIONS
from cpegi_app.models.base import Row, UtcDateTime, moment


def _columns(of: str) -> list[Column]:
    """Return what facts and limits share: whose row it is, and under which layout it was written."""
    return [
        Column("id", Integer, ForeignKey(f"{of}.id"), primary_key=True, autoincrement=False),
        Column("created_at", UtcDateTime, nullable=False, default=clock.now),
        Column("layout", String(16), nullable=False),
    ]


# One row a verified organisation; null: the data are missing. `is_live`: an enterprise that can be pushed to.
MatchFact = Table(
    "match_fact",
    SQLModel.metadata,
    *_columns("organisation"),
    Column("is_live", Boolean, nullable=False),
    *(Column(d.code, BigInteger, nullable=True) for d in DIMENSIONS),
)
# One row a published product; null: not limited. `version` counts the changes of its conditions.
ProductLimit = Table(
    "product_limit",
    SQLModel.metadata,
    *_columns("product"),
    Column("version", Integer, nullable=False),
    *(
        Column(f"{d.code}_{part}", BigInteger, nullable=True)
        for d in DIMENSIONS
        for part in (("low", "high") if d.kind == "range" else ("mask",))
    ),
)

OPEN = "finished_at IS NULL AND {} IS NOT NULL"
UNFINISHED = text("finished_at IS NULL")


def _one_open(column: str) -> Index:
    where = text(OPEN.format(column))
    return Index(
        f"uq_push_run_{column}_open", column, unique=True, sqlite_where=where, postgresql_where=where
    )


class PushRun(Row, table=True):
    """A push under way or done: of a product to the enterprises, or of the products to an organisation."""

    __tablename__ = "push_run"
    __table_args__ = (
        _one_open("product_id"),
        _one_open("org_id"),
        Index("ix_push_run_product", "product_id", "id"),
        Index("ix_push_run_open", "touched_at", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    )

    product_id: int | None = Field(default=None, foreign_key="product.id")
    org_id: int | None = Field(default=None, foreign_key="organisation.id")
    version: int = 0
    # Grows with every step and every new start: who has looked at an older one may not go on from it.
    turn: int = 0
    # Everything up to this id of the other side is done; first the pairs that match no longer are noted.
    cursor: int = 0
    swept: bool = False
    total: int | None = None
    done: int = 0
    touched_at: datetime = moment(default=...)
    # Steps that failed one after the other; the run waits the longer, the more there are.
    failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    finished_at: datetime | None = moment()


class ProductPush(Row, table=True):
    """A product brought to an enterprise that fits, once for each version of its conditions."""

    __tablename__ = "product_push"
    __table_args__ = (
        Index("uq_product_push_pair", "product_id", "org_id", "version", unique=True),
        # All that a log's count asks stands in the index.
        Index("ix_product_push_log", "product_id", "id", "read_at", "version"),
        Index("ix_product_push_org", "org_id", "product_id"),
        # A log at a million rows: which of them were read since it was counted.
        Index("ix_product_push_read", "read_at"),
    )

    product_id: int = Field(foreign_key="product.id")
    org_id: int = Field(foreign_key="organisation.id")
    version: int
    read_at: datetime | None = moment()
    # Since when the pair matches no longer; it may be pushed again once it does.
    lapsed_at: datetime | None = moment()
