"""Exports of lists: written in steps into a file, with progress; memory stays the same at a million rows."""

from __future__ import annotations

import secrets
from contextlib import suppress
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
    counted = lists.page(session, actor, listing_of(name), filters, page=1, size=1).total
    _refuse_too_many(counted)
    return counted


def _refuse_too_many(rows: int) -> None:
    if rows > MOST:
        raise FormInvalid(
            {"word": "导出的条数过多"},
            f"符合条件的超过 {MOST:,} 条，一次最多导出 {MOST:,} 条，请用日期等条件缩小范围后再导出。",
        )


class Export:
    """An export under way: a file that grows, and where it goes on."""

    def __init__(self, name: str, filters: Filters, sort: str = "") -> None:
        self.listing, self._sort = listing_of(name), sort
        self.filters = lists.ordered(self.listing, dict(filters), sort)
        folder().mkdir(parents=True, exist_ok=True)
        self.name = f"{secrets.token_hex(16)}.xlsx"
        self._file = (folder() / self.name).open("wb")
        self._book = sheet_writer.Book(self._file)
        self._book.sheet(self.listing.title, lists.headings(self.listing, self.filters))
        self._below, self.rows, self.whole = 0, 0, False
        self._counted, self._ids = False, None

    def step(self, session: Session, actor: Actor) -> int:
        """Write the next lines; return how many there are now. Nothing is written before all is counted."""
        if not self._counted and not self._count(session, actor):
            return 0
        lines, self._below = lists.export(session, actor, self.listing, self.filters, self._below, self._ids)
        self.rows += len(lines)
        _refuse_too_many(self.rows)
        self._book.add(lines)
        self.whole = not self._below
        return self.rows

    def _count(self, session: Session, actor: Actor) -> bool:
        """Count on, and tell whether everything is counted and put into its order."""
        if self.listing.large and self.listing.pages is None:
            sums = lists.count_on(session, actor, self.listing, self.filters)
            _refuse_too_many(sums.total)
            self._counted = not sums.counting
        else:
            total(session, actor, self.listing.name, self.filters)
            self._counted = True
        if self._counted:
            self._ids = lists.in_order(session, actor, self.listing, self.filters, self._sort)
        return self._counted

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
        """Throw away what was written, be it half a workbook on a full disk."""
        for end in (self._book.close, self._file.close, (folder() / self.name).unlink):
            with suppress(OSError, ValueError):
                end()


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
