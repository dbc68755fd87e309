"""The effect oracle: one digest over every table and every stored file; a probe without effect leaves it as it was."""

from __future__ import annotations

import hashlib
import os
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
        return [(action, detail, bool(ok)) for _, action, detail, ok in self.trail[len(before.trail) :]]


class Oracle:
    """Looks at one SQLite database and one file store; dumps again only what a trigger saw being written."""

    def __init__(self, address: str, store: Path) -> None:
        self._connection = sqlite3.connect(address.removeprefix("sqlite:///"), timeout=10)
        self._store = store
        names = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'audit_entry' ORDER BY name"
        ).fetchall()
        self._queries = {name: self._query(name) for (name,) in names}
        self._watch()
        self._seen: dict[str, int] = {}
        self._tables: dict[str, list[tuple[Any, ...]]] = {}
        self._trail: list[tuple[Any, ...]] = []

    def _query(self, table: str) -> str:
        columns = [row[1] for row in self._connection.execute(f'PRAGMA table_info("{table}")')]
        kept = ", ".join(f'"{c}"' for c in columns if c not in IGNORED.get(table, ()))
        return f'SELECT {kept} FROM "{table}" ORDER BY 1'

    def _watch(self) -> None:
        """Let triggers count the writes to each table."""
        self._connection.execute("CREATE TABLE _writes (name TEXT PRIMARY KEY, n INTEGER)")
        for name in self._queries:
            self._connection.execute("INSERT INTO _writes VALUES (?, 0)", (name,))
            for verb in ("INSERT", "UPDATE", "DELETE"):
                self._connection.execute(
                    f'CREATE TRIGGER "_{verb}_{name}" AFTER {verb} ON "{name}" '
                    f"BEGIN UPDATE _writes SET n = n + 1 WHERE name = '{name}'; END"
                )
        self._connection.commit()

    def look(self) -> Snapshot:
        """Take a snapshot."""
        writes: dict[str, int] = dict(self._connection.execute("SELECT name, n FROM _writes").fetchall())
        fresh = {
            name: self._connection.execute(self._queries[name]).fetchall()
            for name in writes
            if writes[name] != self._seen.get(name)
        }
        self._tables, self._seen = self._tables | fresh, writes
        last = self._trail[-1][0] if self._trail else 0
        query = "SELECT id, action, detail, ok FROM audit_entry WHERE id > ? ORDER BY id"
        self._trail = self._trail + self._connection.execute(query, (last,)).fetchall()
        return Snapshot(self._tables, self._files(), self._trail)

    def _files(self) -> str:
        # Named after their content: the names tell everything.
        names = sorted(name for _, _, files in os.walk(self._store) for name in files)
        return hashlib.sha256("\n".join(names).encode()).hexdigest()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()
