"""Laws of the migrations: one head, no drift, down and up again, with data, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from cpegi_app import db
from cpegi_app.models import Reviewable
from cpegi_app.vocabulary import Status
from tests import worlds

APPEND_ONLY = {
    "review_event",
    "audit_entry",
    "loan",
    "plan_opening",
    "lead_event",
    "investment_record",
    "question_message",
    "roadshow_change",
    "policy_version",
    "policy_amount",
    "policy_assignment",
    "publicity_entry",
}
# Rows that are frozen from a moment on, with the reviewed thing that they belong to or by their own state.
BOOKED = {"offline_loan", "policy_record", "payment"}
GUARDED = APPEND_ONLY | BOOKED | {str(c.__tablename__) for c in Reviewable.__subclasses__()}
# What the last step itself brought goes when it is undone.
BROUGHT = {"offline_loan", "equity_project", "policy_application"}


def config(address: str) -> Config:
    found = Config(str(db.ROOT / "alembic.ini"))
    found.set_main_option("script_location", str(db.ROOT / "migrations"))
    found.attributes["url"] = address
    return found


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """Return an engine of a fresh database that the migrations have built."""
    found = create_engine(database)
    yield found
    found.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def triggers(connection: Connection) -> set[tuple[str, str]]:
    """Return which table refuses what."""
    if connection.dialect.name == "sqlite":
        query = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
        return {(table, name.rsplit("_", 1)[1]) for table, name in connection.execute(text(query))}
    query = "SELECT event_object_table, event_manipulation FROM information_schema.triggers"
    return {(table, verb.lower()) for table, verb in connection.execute(text(query))}


def rows(connection: Connection) -> dict[str, list[Any]]:
    """Return everything there is."""
    names = sorted(SQLModel.metadata.tables)
    found = {n: connection.execute(text(f'SELECT * FROM "{n}" ORDER BY id')).mappings() for n in names}
    return {n: [dict(row) for row in table] for n, table in found.items()}


def columns(engine: Engine, table: str) -> set[str]:
    """Return the names of a table's columns."""
    return {c["name"] for c in inspect(engine).get_columns(table)}


def test_there_is_one_head_and_one_line_of_revisions():
    script = ScriptDirectory.from_config(config("sqlite://"))
    assert len(script.get_heads()) == 1
    revisions = [r.revision for r in script.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)
    assert all(isinstance(r.down_revision, str | None) for r in script.walk_revisions())


def test_the_tables_are_those_of_the_models(engine: Engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_money_fits_its_columns(engine: Engine):
    found = inspect(engine)
    money = [
        (t, c) for t in SQLModel.metadata.tables for c in found.get_columns(t) if c["name"].endswith("_fen")
    ]
    assert len(money) >= 6
    if engine.dialect.name == "postgresql":
        assert {str(c["type"]) for _, c in money} == {"BIGINT"}


def test_what_must_stay_has_its_triggers(engine: Engine):
    with engine.connect() as connection:
        found = triggers(connection)
    assert {t for t, _ in found} == GUARDED
    assert found == {(table, verb) for table in GUARDED for verb in ("update", "delete")}


def test_down_to_nothing_and_up_again(engine: Engine, database: str):
    before = tables(engine)
    assert before >= set(SQLModel.metadata.tables)
    command.downgrade(config(database), "base")
    assert tables(engine) == {"alembic_version"}
    with engine.connect() as connection:
        assert triggers(connection) == set()
        if engine.dialect.name == "postgresql":
            left = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'cpegi%'"
            assert connection.execute(text(left)).scalar_one() == 0
    command.upgrade(config(database), "head")
    assert tables(engine) == before


def test_the_last_step_down_and_up_keeps_every_row(engine: Engine, database: str):
    with db.transaction() as session:
        for name in worlds.WORLDS.keys() - BROUGHT:
            worlds.WORLDS[name](session).bring_to(session, Status.APPROVED)
    with engine.connect() as connection:
        before, guarded = rows(connection), triggers(connection)
    assert len(before["loan"]) == 1 and len(before["review_event"]) >= 10
    command.downgrade(config(database), "-1")
    # A table or a column that the last step itself brought goes with it and comes back empty.
    kept = {t: columns(engine, t) for t in tables(engine) & before.keys()}
    command.upgrade(config(database), "head")
    with engine.connect() as connection:
        after = rows(connection)
        for table, names in kept.items():
            was, now = (
                [{n: row[n] for n in names} for row in all_rows[table]] for all_rows in (before, after)
            )
            assert was == now, table
        assert triggers(connection) == guarded
        with pytest.raises(DatabaseError, match="immutable"):
            connection.execute(text("DELETE FROM loan"))


def test_migrating_twice_changes_nothing(engine: Engine, database: str):
    before = tables(engine)
    db.migrate(database)
    assert tables(engine) == before
