"""offline loans: batches, rows, imports; the loan book takes them and corrections"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite rebuilds the table to change it, and with the old one its triggers are gone.
BOOKED = {"sqlite": "OLD.is_booked = 1", "postgresql": "OLD.is_booked"}


def _guard(table: str, when: dict[str, str] | None = None) -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    guard = f"WHEN ({when[op.get_bind().dialect.name]}) " if when else ""
    for verb in ("UPDATE", "DELETE"):
        head = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW {guard}"
        body = (
            "EXECUTE FUNCTION cpegi_immutable()"
            if postgres
            else f"BEGIN SELECT RAISE(ABORT, 'immutable: {table}'); END"
        )
        op.execute(head + body)


def _unguard(*tables: str) -> None:
    on = " ON {}" if op.get_bind().dialect.name == "postgresql" else ""
    for table in tables:
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on.format(table)}")


def upgrade() -> None:
    op.create_table(
        "filing_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("submitted_by", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("field_reasons", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_filing_batch_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["filing_batch.id"], name=op.f("fk_filing_batch_parent_id_filing_batch")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["user.id"], name=op.f("fk_filing_batch_submitted_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_batch")),
    )
    with op.batch_alter_table("filing_batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_filing_batch_org_id"), ["org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_filing_batch_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_filing_batch_submitted_at"), ["submitted_at"], unique=False)

    op.create_table(
        "filing_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("sheet", sa.String(length=120), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("there", sa.Integer(), nullable=False),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("notes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imported", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["filing_batch.id"], name=op.f("fk_filing_import_batch_id_filing_batch")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_filing_import_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_filing_import_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_import")),
    )
    with op.batch_alter_table("filing_import", schema=None) as batch_op:
        batch_op.create_index("ix_filing_import_batch", ["batch_id", "id"], unique=False)
        batch_op.create_index("ix_filing_import_sha", ["org_id", "sha256"], unique=False)

    op.create_table(
        "offline_loan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("replaces_loan_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_booked", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("warning", sa.String(length=500), nullable=False),
        sa.Column("borrower_name", sa.String(length=100), nullable=False),
        sa.Column("borrower_code", sa.String(length=18), nullable=False),
        sa.Column("industry", sa.String(length=1), nullable=False),
        sa.Column("scale", sa.String(length=8), nullable=False),
        sa.Column("contract_no", sa.String(length=60), nullable=False),
        sa.Column("iou_no", sa.String(length=60), nullable=False),
        sa.Column("contract_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("lent_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("guarantee", sa.String(length=20), nullable=False),
        sa.Column("guarantor", sa.String(length=100), nullable=False),
        sa.Column("guarantee_fee_bp", sa.Integer(), nullable=True),
        sa.Column("repayment", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("is_first", sa.String(length=3), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=True),
        sa.Column("five_class", sa.String(length=12), nullable=False),
        sa.Column("contact", sa.String(length=40), nullable=False),
        sa.Column("contact_phone", sa.String(length=20), nullable=False),
        sa.Column("remark", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["filing_batch.id"], name=op.f("fk_offline_loan_batch_id_filing_batch")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_offline_loan_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_loan")),
    )
    with op.batch_alter_table("offline_loan", schema=None) as batch_op:
        batch_op.create_index("ix_offline_loan_batch", ["batch_id", "id"], unique=False)
        batch_op.create_index("ix_offline_loan_contract", ["org_id", "contract_no"], unique=False)
        batch_op.create_index(
            "uq_offline_loan_iou",
            ["org_id", "iou_no"],
            unique=True,
            sqlite_where=sa.text("replaces_loan_id IS NULL"),
            postgresql_where=sa.text("replaces_loan_id IS NULL"),
        )
        batch_op.create_index(
            "uq_offline_loan_replaces",
            ["replaces_loan_id"],
            unique=True,
            sqlite_where=sa.text("replaces_loan_id IS NOT NULL"),
            postgresql_where=sa.text("replaces_loan_id IS NOT NULL"),
        )

    _unguard("loan")
    with op.batch_alter_table("loan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("offline_loan_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("replaces_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("industry", sa.String(length=1), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("scale", sa.String(length=8), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("guarantor", sa.String(length=100), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("guarantee_fee_bp", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("purpose", sa.String(length=200), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("balance_fen", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("five_class", sa.String(length=12), nullable=False, server_default=""))
        batch_op.drop_constraint(batch_op.f("uq_loan_institution_id_iou_no"), type_="unique")
        batch_op.create_index(
            "uq_loan_iou",
            ["institution_id", "iou_no"],
            unique=True,
            sqlite_where=sa.text("replaces_id IS NULL"),
            postgresql_where=sa.text("replaces_id IS NULL"),
        )
        batch_op.create_unique_constraint(batch_op.f("uq_loan_offline_loan_id"), ["offline_loan_id"])
        batch_op.create_index("ix_loan_book", ["institution_id", "id"], unique=False)
        batch_op.create_index(
            "uq_loan_replaces",
            ["replaces_id"],
            unique=True,
            sqlite_where=sa.text("replaces_id IS NOT NULL"),
            postgresql_where=sa.text("replaces_id IS NOT NULL"),
        )
        batch_op.create_foreign_key(batch_op.f("fk_loan_replaces_id_loan"), "loan", ["replaces_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_loan_offline_loan_id_offline_loan"), "offline_loan", ["offline_loan_id"], ["id"]
        )

    # The defaults filled the rows that were there; the models themselves have none.
    with op.batch_alter_table("loan", schema=None) as batch_op:
        for name in ("industry", "scale", "guarantor", "purpose", "five_class"):
            batch_op.alter_column(name, server_default=None)

    with op.batch_alter_table("stored_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("row_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_stored_file_row_id"), ["row_id"], unique=False)

    decided = "OLD.status IN ('APPROVED', 'REJECTED')"
    _guard("loan")
    _guard("offline_loan", BOOKED)
    _guard("filing_batch", {"sqlite": decided, "postgresql": decided})


def downgrade() -> None:
    _unguard("loan", "offline_loan", "filing_batch")
    # The old loan book knows neither offline loans nor corrections.
    op.execute("DELETE FROM loan WHERE offline_loan_id IS NOT NULL")
    op.execute("DELETE FROM stored_file WHERE row_id IS NOT NULL OR flow = 'offline_loan'")
    with op.batch_alter_table("stored_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stored_file_row_id"))
        batch_op.drop_column("row_id")

    with op.batch_alter_table("loan", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_loan_offline_loan_id_offline_loan"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_loan_replaces_id_loan"), type_="foreignkey")
        batch_op.drop_index("ix_loan_book")
        batch_op.drop_index(
            "uq_loan_replaces",
            sqlite_where=sa.text("replaces_id IS NOT NULL"),
            postgresql_where=sa.text("replaces_id IS NOT NULL"),
        )
        batch_op.drop_constraint(batch_op.f("uq_loan_offline_loan_id"), type_="unique")
        batch_op.drop_index(
            "uq_loan_iou",
            sqlite_where=sa.text("replaces_id IS NULL"),
            postgresql_where=sa.text("replaces_id IS NULL"),
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_loan_institution_id_iou_no"), ["institution_id", "iou_no"]
        )
        batch_op.drop_column("five_class")
        batch_op.drop_column("balance_fen")
        batch_op.drop_column("purpose")
        batch_op.drop_column("guarantee_fee_bp")
        batch_op.drop_column("guarantor")
        batch_op.drop_column("scale")
        batch_op.drop_column("industry")
        batch_op.drop_column("replaces_id")
        batch_op.drop_column("offline_loan_id")
    _guard("loan")

    with op.batch_alter_table("offline_loan", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_offline_loan_replaces",
            sqlite_where=sa.text("replaces_loan_id IS NOT NULL"),
            postgresql_where=sa.text("replaces_loan_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_offline_loan_iou",
            sqlite_where=sa.text("replaces_loan_id IS NULL"),
            postgresql_where=sa.text("replaces_loan_id IS NULL"),
        )
        batch_op.drop_index("ix_offline_loan_contract")
        batch_op.drop_index("ix_offline_loan_batch")

    op.drop_table("offline_loan")
    with op.batch_alter_table("filing_import", schema=None) as batch_op:
        batch_op.drop_index("ix_filing_import_sha")
        batch_op.drop_index("ix_filing_import_batch")

    op.drop_table("filing_import")
    with op.batch_alter_table("filing_batch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_filing_batch_submitted_at"))
        batch_op.drop_index(batch_op.f("ix_filing_batch_status"))
        batch_op.drop_index(batch_op.f("ix_filing_batch_org_id"))

    op.drop_table("filing_batch")
