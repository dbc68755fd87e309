"""What every table shares."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from cpegi_app import clock

# Constraint names are fixed by rule, so that migrations can name them on both engines.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

JsonType = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on both engines; SQLite alone would hand back naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values and store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return aware UTC."""
        return clock.aware(value) if value else None


def moment(**options: Any) -> Any:
    """Return a column of aware UTC, empty unless a default is given."""
    options.setdefault("default", None)
    return Field(sa_type=UtcDateTime, **options)  # pyright: ignore[reportArgumentType, reportCallIssue]


def created() -> Any:
    """Return a column that is set to the moment of creation."""
    return Field(default_factory=clock.now, sa_type=UtcDateTime)  # pyright: ignore[reportArgumentType, reportCallIssue]


def changed() -> Any:
    """Return an indexed column that is set to the moment of every change."""
    return moment(index=True, sa_column_kwargs={"onupdate": clock.now})


def json_field(factory: Any = dict, **column: Any) -> Any:
    """Return a JSON column (JSONB on PostgreSQL); `column` is said of it to the database."""
    return Field(default_factory=factory, sa_type=JsonType, sa_column_kwargs=column)  # pyright: ignore[reportArgumentType, reportCallIssue]


def fen_field() -> Any:
    """Return a column of money in 分; 64 bits, as 2,147 万元 would overflow 32."""
    return Field(default=0, sa_type=BigInteger)


class Row(SQLModel):
    """A table's identity and birth."""

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime = created()
