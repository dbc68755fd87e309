"""Ten thousand keys in one query: the keys travel as one value, so that the statement stays short and is compiled once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json
from sqlalchemy import ARRAY, Text, any_, func, literal, select
from sqlmodel import Session


def among(session: Session, column: Any, keys: Iterable[str]) -> Any:
    """Return the condition that a text column holds one of the keys."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(keys), ARRAY(Text)))
    # In order: SQLite puts them into a tree of its own, and walks the index instead of jumping about in it.
    listed = func.json_each(to_json(sorted(keys)).decode()).table_valued("value")
    return column.in_(select(listed.c.value))
