"""Exports of lists: written in steps into a file, with progress; memory stays the same at a million rows."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import FormInvalid, NotFound
from cpegi_app.models import ExportFile
from cpegi_app.services import audit, lists, sheet_writer
from cpegi_app.services.lists import LISTINGS, Filters, Listing
from cpegi_app.settings import get_settings

# A finished export waits for its download so long; so many rows go into one.
KEEP, MOST = timedelta(days=1), 1_000_000


class Done(BaseModel):
    """A finished export."""

    href: str
    rows: int


def listing_of(name: str) -> Listing:
    """Return a list by its name."""
    if name not in LISTINGS:
        raise NotFound("列表")
    return LISTINGS[name]


def total(session: Session, actor: Actor, name: str, filters: Filters) -> int:
    """Return how many rows an export would have, as far as they are counted; refuses what the actor may not list."""
    return lists.page(session, actor, listing_of(name), filters, page=1, size=1).total


class Export:
    """An export under way: a file that grows, and where it goes on."""

    def __init__(self, name: str, filters: Filters) -> None:
        self.listing, self.filters = listing_of(name), dict(filters)
        folder().mkdir(parents=True, exist_ok=True)
        self.name = f"{secrets.token_hex(16)}.xlsx"
        self._file = (folder() / self.name).open("wb")
        self._book = sheet_writer.Book(self._file)
        self._book.sheet(self.listing.title, lists.headings(self.listing))
        self._below, self.rows, self.whole = 0, 0, False

    def step(self, session: Session, actor: Actor) -> int:
        """Write the next lines; return how many there are now."""
        lines, self._below = lists.export(session, actor, self.listing, self.filters, self._below)
        self.rows += len(lines)
        if self.rows > MOST:
            raise FormInvalid(
                {"word": "导出的条数过多"},
                f"符合条件的超过 {MOST:,} 条，一次最多导出 {MOST:,} 条，请用日期等条件缩小范围后再导出。",
            )
        self._book.add(lines)
        self.whole = not self._below
        return self.rows

    def finish(self, session: Session, actor: Actor) -> Done:
        """Close the file and keep it for its user."""
        self._book.close()
        self._file.close()
        _sweep(session)
        listing = self.listing
        kept = ExportFile(
            user_id=actor.user_id, listing=listing.name, title=listing.title, rows=self.rows, name=self.name
        )
        session.add(kept)
        session.flush()
        audit.record(session, actor, "list.export", f"export:{kept.id}", f"{listing.title} {self.rows} 条")
        return Done(href=f"/exports/file/{kept.id}", rows=self.rows)

    def discard(self) -> None:
        """Throw away what was written."""
        self._book.close()
        self._file.close()
        (folder() / self.name).unlink(missing_ok=True)


def file_of(session: Session, actor: Actor, export_id: int) -> tuple[str, Path]:
    """Return the name and the place of the actor's own export; anybody else's does not exist."""
    kept = session.get(ExportFile, export_id)
    place = folder() / kept.name if kept else None
    if kept is None or place is None or kept.user_id != actor.user_id or not place.is_file():
        raise NotFound("导出文件")
    return f"{kept.title}-{clock.local_date(kept.created_at)}.xlsx", place


def folder() -> Path:
    """Return where exports wait."""
    return get_settings().data_dir / "exports"


def _sweep(session: Session) -> None:
    """Remove what has waited too long, and what a killed process left half written."""
    old = clock.now() - KEEP
    for kept in session.exec(select(ExportFile).where(col(ExportFile.created_at) < old)):
        (folder() / kept.name).unlink(missing_ok=True)
        session.delete(kept)
    for path in folder().glob("*.xlsx"):
        if path.stat().st_mtime < old.timestamp():
            path.unlink(missing_ok=True)
