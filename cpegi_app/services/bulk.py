"""Many rows into a table at once: the statement is made once, the values go to the driver as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, SQLModel


def insert(session: Session, model: type[SQLModel], names: Sequence[str], rows: list[list[Any]]) -> None:
    """Insert rows whose values stand in the order of the column names; lists are changed on the way."""
    connection, table = session.connection(), model.__table__  # pyright: ignore[reportAttributeAccessIssue]
    dialect = connection.dialect
    for place, name in enumerate(names):
        # What the driver does not know by itself, as its type writes it: on SQLite dates become texts.
        if write := table.c[name].type.dialect_impl(dialect).bind_processor(dialect):
            written = {value: write(value) for value in {row[place] for row in rows}}
            for row in rows:
                row[place] = written[row[place]]
    quote = dialect.identifier_preparer.quote
    listed = ", ".join(quote(table.c[name].name) for name in names)
    signs = ", ".join(["?" if dialect.paramstyle == "qmark" else "%s"] * len(names))
    statement = f"INSERT INTO {quote(table.name)} ({listed}) VALUES ({signs})"
    connection.exec_driver_sql(statement, [tuple(row) for row in rows])
