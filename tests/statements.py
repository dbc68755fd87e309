"""What a database is asked, for tests of how often and where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event


@contextmanager
def said_to(asked: Any) -> Iterator[list[str]]:
    """Collect the statements that an engine or a connection is given."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(asked, "before_cursor_execute", note)
    yield statements
    event.remove(asked, "before_cursor_execute", note)
