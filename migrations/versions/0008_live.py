"""open pages that follow, exports in the background, and indexes of lists at a million rows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cpegi_app.models.base import JsonType, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# It gives way to ix_application_waiting, which counts along the ids.
INBOX = ("ix_application_inbox", "application", ["institution_id", "status", "submitted_at"])
INDEXES = (
    ("ix_application_waiting", "application", ["institution_id", "status", "id"]),
    ("ix_application_list", "application", ["institution_id", "id", "status", "submitted_at"]),
    ("ix_application_amount", "application", ["institution_id", "amount_fen", "id"]),
    ("ix_application_sent", "application", ["institution_id", "submitted_at", "id", "amount_fen"]),
    ("ix_application_decided", "application", ["institution_id", "decided_at", "status", "approved_fen"]),
    ("ix_application_region_sent", "application", ["submitted_at", "amount_fen", "institution_id"]),
    (
        "ix_application_region_decided",
        "application",
        ["decided_at", "status", "approved_fen", "institution_id"],
    ),
    ("ix_user_created", "user", ["created_at", "role"]),
    ("ix_verification_decided", "verification", ["decided_at", "status", "submitted_at"]),
    ("ix_application_updated_at", "application", ["updated_at"]),
    ("ix_loan_amount", "loan", ["amount_fen", "id"]),
    ("ix_loan_month", "loan", ["lent_on", "id", "institution_id", "amount_fen"]),
    ("ix_loan_own_amount", "loan", ["institution_id", "amount_fen", "id"]),
    ("ix_user_updated_at", "user", ["updated_at"]),
    ("ix_organisation_updated_at", "organisation", ["updated_at"]),
)
# What has been decided refuses every change, this one too: its guard stands aside for a moment.
DECIDED = "OLD.status IN ('APPROVED', 'REJECTED')"
GUARD = (
    f"CREATE TRIGGER application_no_update BEFORE UPDATE ON application WHEN {DECIDED} "
    "BEGIN SELECT RAISE(ABORT, 'immutable: application'); END"
)
NAMES = (
    "UPDATE application SET applicant = coalesce((SELECT name FROM organisation WHERE "
    "organisation.id = application.org_id), '') WHERE submitted_at IS NOT NULL"
)


def upgrade() -> None:
    """Make tables, columns and indexes."""
    op.create_table(
        "live_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("users", JsonType, nullable=False),
        sa.Column("everybody", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_change"),
    )
    op.create_index("ix_live_change_created_at", "live_change", ["created_at"])
    op.create_table(
        "export_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("listing", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_export_file_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_export_file"),
    )
    op.create_index("ix_export_file_user_id", "export_file", ["user_id"])
    for table in ("user", "organisation"):
        op.add_column(table, sa.Column("updated_at", UtcDateTime(timezone=True), nullable=True))
    name = sa.Column("applicant", sa.String(length=100), nullable=False, server_default=sa.text("''"))
    op.add_column("application", name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE application DISABLE TRIGGER application_no_update")
        op.execute(NAMES)
        op.execute("ALTER TABLE application ENABLE TRIGGER application_no_update")
    else:
        op.execute("DROP TRIGGER application_no_update")
        op.execute(NAMES)
        op.execute(GUARD)
    op.drop_index(INBOX[0], INBOX[1])
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Take them away."""
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table)
    op.create_index(*INBOX)
    op.drop_column("application", "applicant")
    for table in ("organisation", "user"):
        op.drop_column(table, "updated_at")
    op.drop_table("export_file")
    op.drop_table("live_change")
