"""Many rows into a table at once: the statement is made once, the values go to the driver as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.types import TypeEngine
from sqlmodel import Session, SQLModel


@lru_cache(64)
def _writer(kind: TypeEngine, dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return how a type writes a value for the driver, remembering what it has written; None where it writes nothing."""
    write = kind.dialect_impl(dialect).bind_processor(dialect)
    return lru_cache(8192)(write) if write else None


def insert(
    session: Session, model: type[SQLModel], same: Mapping[str, Any], columns: Mapping[str, Sequence]
) -> None:
    """Insert rows given column by column, with what is the same in all of them."""
    connection, table = session.connection(), model.__table__  # pyright: ignore[reportAttributeAccessIssue]
    dialect = connection.dialect

    def written(name: str, values: Sequence[Any]) -> Sequence[Any]:
        # What the driver does not know by itself, as its type writes it: on SQLite dates become texts.
        write = _writer(table.c[name].type, dialect)
        return list(map(write, values)) if write else values

    quote, sign = dialect.identifier_preparer.quote, "?" if dialect.paramstyle == "qmark" else "%s"
    names = [*same, *columns]
    statement = (
        f"INSERT INTO {quote(table.name)} ({', '.join(quote(table.c[name].name) for name in names)}) "
        f"VALUES ({', '.join(sign for _ in names)})"
    )
    always = [repeat(written(name, [value])[0]) for name, value in same.items()]
    varying = [written(name, values) for name, values in columns.items()]
    if rows := list(zip(*always, *varying, strict=False)):
        connection.exec_driver_sql(statement, rows)
