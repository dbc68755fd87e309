"""The effect oracle: one digest over every table and every stored file; a probe without effect leaves it as it was."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What seeing somebody writes is no effect of the event.
IGNORED = {"login_session": {"last_seen_at"}}


@dataclass(frozen=True)
class Snapshot:
    """All rows by table; the audit trail apart, since a denial has to be there."""

    tables: dict[str, list[tuple[Any, ...]]]
    files: str
    trail: list[tuple[Any, ...]]

    def changes_since(self, before: Snapshot) -> list[str]:
        """Name the tables, or the file store, that are not as they were."""
        found = [name for name, rows in self.tables.items() if rows != before.tables[name]]
        return found + (["files"] if self.files != before.files else [])

    def new_entries(self, before: Snapshot) -> list[tuple[str, str, bool]]:
        """Return action, detail and ok of the entries that the trail gained."""
        assert self.trail[: len(before.trail)] == before.trail
        return [(action, detail, bool(ok)) for _, action, detail, ok in self.trail[len(before.trail) :]]


class Oracle:
    """Looks at one SQLite database and one file store."""

    def __init__(self, address: str, store: Path) -> None:
        self._connection = sqlite3.connect(address.removeprefix("sqlite:///"))
        self._store = store
        names = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'audit_entry' ORDER BY name"
        ).fetchall()
        self._queries = {name: self._query(name) for (name,) in names}

    def _query(self, table: str) -> str:
        columns = [row[1] for row in self._connection.execute(f'PRAGMA table_info("{table}")')]
        kept = ", ".join(f'"{c}"' for c in columns if c not in IGNORED.get(table, ()))
        return f'SELECT {kept} FROM "{table}" ORDER BY 1'

    def look(self) -> Snapshot:
        """Take a snapshot."""
        tables = {name: self._connection.execute(query).fetchall() for name, query in self._queries.items()}
        trail = self._connection.execute("SELECT id, action, detail, ok FROM audit_entry ORDER BY id")
        return Snapshot(tables, self._files(), trail.fetchall())

    def _files(self) -> str:
        names = sorted(f"{p.name}:{p.stat().st_size}" for p in self._store.rglob("*") if p.is_file())
        return hashlib.sha256("\n".join(names).encode()).hexdigest()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()
