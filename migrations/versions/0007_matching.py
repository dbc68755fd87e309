"""matching: facts of organisations, limits of products, pushes and their runs (manual §4.1)"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "match_fact",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("layout", sa.String(length=16), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("revenue", sa.BigInteger(), nullable=True),
        sa.Column("revenue_growth", sa.BigInteger(), nullable=True),
        sa.Column("net_profit", sa.BigInteger(), nullable=True),
        sa.Column("profit_years", sa.BigInteger(), nullable=True),
        sa.Column("tax", sa.BigInteger(), nullable=True),
        sa.Column("tax_rating", sa.BigInteger(), nullable=True),
        sa.Column("age", sa.BigInteger(), nullable=True),
        sa.Column("debt_ratio", sa.BigInteger(), nullable=True),
        sa.Column("current_ratio", sa.BigInteger(), nullable=True),
        sa.Column("staff", sa.BigInteger(), nullable=True),
        sa.Column("insured", sa.BigInteger(), nullable=True),
        sa.Column("research_ratio", sa.BigInteger(), nullable=True),
        sa.Column("patents", sa.BigInteger(), nullable=True),
        sa.Column("ip_total", sa.BigInteger(), nullable=True),
        sa.Column("qualifications", sa.BigInteger(), nullable=True),
        sa.Column("region", sa.BigInteger(), nullable=True),
        sa.Column("industry", sa.BigInteger(), nullable=True),
        sa.Column("scale", sa.BigInteger(), nullable=True),
        sa.Column("owner_type", sa.BigInteger(), nullable=True),
        sa.Column("debt_outstanding", sa.BigInteger(), nullable=True),
        sa.Column("first_loan", sa.BigInteger(), nullable=True),
        sa.Column("no_overdue", sa.BigInteger(), nullable=True),
        sa.Column("no_enforcement", sa.BigInteger(), nullable=True),
        sa.Column("no_penalty", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["organisation.id"], name=op.f("fk_match_fact_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_fact")),
    )
    op.create_table(
        "product_limit",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("layout", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revenue_low", sa.BigInteger(), nullable=True),
        sa.Column("revenue_high", sa.BigInteger(), nullable=True),
        sa.Column("revenue_growth_low", sa.BigInteger(), nullable=True),
        sa.Column("revenue_growth_high", sa.BigInteger(), nullable=True),
        sa.Column("net_profit_low", sa.BigInteger(), nullable=True),
        sa.Column("net_profit_high", sa.BigInteger(), nullable=True),
        sa.Column("profit_years_low", sa.BigInteger(), nullable=True),
        sa.Column("profit_years_high", sa.BigInteger(), nullable=True),
        sa.Column("tax_low", sa.BigInteger(), nullable=True),
        sa.Column("tax_high", sa.BigInteger(), nullable=True),
        sa.Column("tax_rating_mask", sa.BigInteger(), nullable=True),
        sa.Column("age_low", sa.BigInteger(), nullable=True),
        sa.Column("age_high", sa.BigInteger(), nullable=True),
        sa.Column("debt_ratio_low", sa.BigInteger(), nullable=True),
        sa.Column("debt_ratio_high", sa.BigInteger(), nullable=True),
        sa.Column("current_ratio_low", sa.BigInteger(), nullable=True),
        sa.Column("current_ratio_high", sa.BigInteger(), nullable=True),
        sa.Column("staff_low", sa.BigInteger(), nullable=True),
        sa.Column("staff_high", sa.BigInteger(), nullable=True),
        sa.Column("insured_low", sa.BigInteger(), nullable=True),
        sa.Column("insured_high", sa.BigInteger(), nullable=True),
        sa.Column("research_ratio_low", sa.BigInteger(), nullable=True),
        sa.Column("research_ratio_high", sa.BigInteger(), nullable=True),
        sa.Column("patents_low", sa.BigInteger(), nullable=True),
        sa.Column("patents_high", sa.BigInteger(), nullable=True),
        sa.Column("ip_total_low", sa.BigInteger(), nullable=True),
        sa.Column("ip_total_high", sa.BigInteger(), nullable=True),
        sa.Column("qualifications_mask", sa.BigInteger(), nullable=True),
        sa.Column("region_mask", sa.BigInteger(), nullable=True),
        sa.Column("industry_mask", sa.BigInteger(), nullable=True),
        sa.Column("scale_mask", sa.BigInteger(), nullable=True),
        sa.Column("owner_type_mask", sa.BigInteger(), nullable=True),
        sa.Column("debt_outstanding_low", sa.BigInteger(), nullable=True),
        sa.Column("debt_outstanding_high", sa.BigInteger(), nullable=True),
        sa.Column("first_loan_mask", sa.BigInteger(), nullable=True),
        sa.Column("no_overdue_mask", sa.BigInteger(), nullable=True),
        sa.Column("no_enforcement_mask", sa.BigInteger(), nullable=True),
        sa.Column("no_penalty_mask", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["product.id"], name=op.f("fk_product_limit_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_limit")),
    )
    op.create_table(
        "product_push",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_product_push_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_push_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_push")),
    )
    with op.batch_alter_table("product_push", schema=None) as batch_op:
        batch_op.create_index("ix_product_push_log", ["product_id", "id"], unique=False)
        batch_op.create_index("ix_product_push_org", ["org_id", "product_id"], unique=False)
        batch_op.create_index("uq_product_push_pair", ["product_id", "org_id", "version"], unique=True)

    op.create_table(
        "push_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("org_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("swept", sa.Boolean(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_push_run_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_push_run_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_run")),
    )
    with op.batch_alter_table("push_run", schema=None) as batch_op:
        batch_op.create_index("ix_push_run_product", ["product_id", "id"], unique=False)
        batch_op.create_index(
            "ix_push_run_open",
            ["touched_at"],
            unique=False,
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )
        batch_op.create_index(
            "uq_push_run_org_id_open",
            ["org_id"],
            unique=True,
            sqlite_where=sa.text("finished_at IS NULL AND org_id IS NOT NULL"),
            postgresql_where=sa.text("finished_at IS NULL AND org_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_push_run_product_id_open",
            ["product_id"],
            unique=True,
            sqlite_where=sa.text("finished_at IS NULL AND product_id IS NOT NULL"),
            postgresql_where=sa.text("finished_at IS NULL AND product_id IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("push_run", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_push_run_product_id_open",
            sqlite_where=sa.text("finished_at IS NULL AND product_id IS NOT NULL"),
            postgresql_where=sa.text("finished_at IS NULL AND product_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_push_run_org_id_open",
            sqlite_where=sa.text("finished_at IS NULL AND org_id IS NOT NULL"),
            postgresql_where=sa.text("finished_at IS NULL AND org_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_push_run_product")
        batch_op.drop_index(
            "ix_push_run_open",
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )

    op.drop_table("push_run")
    with op.batch_alter_table("product_push", schema=None) as batch_op:
        batch_op.drop_index("uq_product_push_pair")
        batch_op.drop_index("ix_product_push_org")
        batch_op.drop_index("ix_product_push_log")

    op.drop_table("product_push")
    op.drop_table("product_limit")
    op.drop_table("match_fact")
