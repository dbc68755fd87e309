"""One database with everybody in it, copied for each test; the real processor in front of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from cpegi_app import db
from cpegi_app.settings import get_settings
from tests.factories import clock_restored
from tests.state.cast import Cast, build
from tests.state.oracle import Oracle

__all__ = ["clock_restored"]


@pytest.fixture(scope="session")
def stage(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """Return a folder with the database and the files of the whole cast, and the cast."""
    folder = tmp_path_factory.mktemp("stage")
    shutil.copy(sqlite_template, folder / "cpegi.sqlite3")
    before, files = db._url, get_settings().data_dir
    db.configure(f"sqlite:///{folder / 'cpegi.sqlite3'}")
    get_settings().data_dir = folder
    try:
        with db.transaction() as session:
            cast = build(session)
        with db.write_engine().connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        # Importing the application migrates the database in force.
        from cpegi_app.cpegi_app import app

        if not app._unevaluated_pages:
            # What the server does at its start: routes, their loaders, the names in their addresses.
            app._apply_decorated_pages()
    finally:
        db.configure(before)
        get_settings().data_dir = files
    return folder, cast


@pytest.fixture
def cast(stage: tuple[Path, Cast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """Put the application on a fresh copy of the stage."""
    folder, found = stage
    shutil.copytree(folder, tmp_path / "data")
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path / "data")
    before = db._url
    db.configure(f"sqlite:///{tmp_path / 'data' / 'cpegi.sqlite3'}")
    # A test database need not survive a power cut.
    event.listen(db.write_engine(), "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))
    # Whom a test adds has a login in its own copy alone.
    yield replace(found, people=dict(found.people))
    db.configure(before)


@pytest.fixture
def oracle(cast: Cast) -> Iterator[Oracle]:
    """Look at the copy's tables and files."""
    found = Oracle(db.url(), get_settings().data_dir / "files")
    yield found
    found.close()
