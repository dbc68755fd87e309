"""Rows that nobody may change: the trails, the loan book, and whatever has been decided."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("review_event", "audit_entry", "loan")
REVIEWED = ("verification", "profile_change", "product_revision", "application", "disbursement")
DECIDED = "OLD.status IN ('APPROVED', 'REJECTED')"


def _sqlite(table: str, verb: str, when: str) -> str:
    guard = f"WHEN {when} " if when else ""
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {guard}"
        f"BEGIN SELECT RAISE(ABORT, 'immutable: {table}'); END"
    )


def _postgres(table: str, verb: str, when: str) -> str:
    guard = f"WHEN ({when}) " if when else ""
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW {guard}"
        "EXECUTE FUNCTION cpegi_immutable()"
    )


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION cpegi_immutable() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'immutable: %', TG_TABLE_NAME; END $$"
        )
    make = _postgres if postgres else _sqlite
    for table, when in [(t, "") for t in APPEND_ONLY] + [(t, DECIDED) for t in REVIEWED]:
        for verb in ("UPDATE", "DELETE"):
            op.execute(make(table, verb, when))


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for table in APPEND_ONLY + REVIEWED:
        for verb in ("update", "delete"):
            on = f" ON {table}" if postgres else ""
            op.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on}")
    if postgres:
        op.execute("DROP FUNCTION IF EXISTS cpegi_immutable()")
