"""Engines and the transaction: the only commit in the code base."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from cpegi_app.errors import Busy, DomainError
from cpegi_app.settings import get_settings
from cpegi_app.turns import Turns

ROOT = Path(__file__).resolve().parent.parent
# So long a writer waits for its turn, in seconds.
PATIENCE = 5
_url = ""
_watching = threading.Lock()
# Called in the thread that committed, with the session whose work is now there for all.
after_commit: list[Callable[[Session], None]] = []


def url() -> str:
    """Return the database address in force."""
    return _url or get_settings().db_url


def configure(address: str) -> None:
    """Point the process at another database; for tests and tools."""
    global _url
    for engine in (write_engine, read_engine):
        if engine.cache_info().currsize:
            engine().dispose()
        engine.cache_clear()
    _watcher.cache_clear()
    _url = address


def _make(address: str, *, writes: bool) -> Engine:
    if not address.startswith("sqlite"):
        return create_engine(address, pool_pre_ping=True, pool_size=10, max_overflow=20)
    Path(make_url(address).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        address, connect_args={"timeout": PATIENCE, "check_same_thread": False}, pool_size=10
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection, _record) -> None:
        # The driver must not begin by itself: "begin" below says IMMEDIATE for writers, so that two
        # of them queue at the start instead of failing at the end (security.md: 1,453 of 2,000 lost).
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=5000", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection) -> None:
        if turns and "turn" not in connection.info:
            if not turns.take(PATIENCE):
                raise Busy
            connection.info["turn"] = True
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    # SQLite's own wait is a lottery: of eight busy writers one waited its five seconds in vain. Within the
    # process they queue; its wait remains for what other processes write.
    turns = Turns() if writes else None

    @event.listens_for(engine, "checkin")
    @event.listens_for(engine, "invalidate")
    def _on_return(_connection, record, *_) -> None:
        if turns and record.info.pop("turn", False):
            turns.give()

    return engine


@lru_cache(maxsize=1)
def write_engine() -> Engine:
    """Return the engine whose transactions may write."""
    return _make(url(), writes=True)


@lru_cache(maxsize=1)
def read_engine() -> Engine:
    """Return the engine for reading; on PostgreSQL the same as for writing."""
    return _make(url(), writes=False) if url().startswith("sqlite") else write_engine()


@lru_cache(maxsize=1)
def _watcher(address: str, process: int) -> sqlite3.Connection:
    """Return a connection that only watches; a forked process opens its own."""
    return sqlite3.connect(make_url(address).database or "", isolation_level=None, check_same_thread=False)


def version() -> int | None:
    """Return what changes with every commit of any process (1.5 µs on SQLite); None where nothing tells so exactly."""
    address = url()
    if not address.startswith("sqlite"):
        return None
    with _watching:
        return _watcher(address, os.getpid()).execute("PRAGMA data_version").fetchone()[0]


# PostgreSQL: a deadlock, a lock not got in time, too many connections.
_NO_TURN = {"40P01", "55P03", "53300"}


def _no_turn(error: DBAPIError) -> bool:
    """Tell whether the database had no turn to give; such a transaction has written nothing and may be tried again."""
    code = getattr(error.orig, "sqlstate", None)
    return code in _NO_TURN or getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY")


@contextmanager
def _in_turn() -> Iterator[None]:
    """Say in a sentence that there was no turn; every other failure stays what it is."""
    try:
        yield
    except PoolTimeout as error:
        raise Busy from error
    except DBAPIError as error:
        if _no_turn(error):
            raise Busy from error
        raise


@contextmanager
def transaction() -> Iterator[Session]:
    """Yield a session whose work is committed whole at the end, or not at all.

    A refusal marked `keep` is committed too: otherwise nobody could count wrong passwords.
    """
    with _in_turn(), Session(write_engine(), expire_on_commit=False) as session:
        kept: DomainError | None = None
        try:
            yield session
        except DomainError as refusal:
            if not refusal.keep:
                raise
            kept = refusal
        session.commit()
        for told in after_commit:
            told(session)
        if kept:
            raise kept


@contextmanager
def reading() -> Iterator[Session]:
    """Yield a session for queries only; what it holds is never written.

    Its `info["as_of"]` is the database's version before it began: what was found then holds while that stands.
    """
    as_of = {"as_of": version()}
    with _in_turn(), Session(read_engine(), expire_on_commit=False, info=as_of) as session:
        yield session
        # A rollback would empty the rows that the caller takes along.
        session.expunge_all()
        session.rollback()


def migrate(address: str = "") -> None:
    """Bring the database up to the newest migration."""
    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = address or url()
    command.upgrade(config, "head")
