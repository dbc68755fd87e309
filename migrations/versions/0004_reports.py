"""Reports to the regulator, the duties to report, and the reminders of them (manual §7)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_duty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applies_to", sa.String(length=24), nullable=False),
        sa.Column("report_kind", sa.String(length=12), nullable=False),
        sa.Column("due_months", sa.Integer(), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_duty")),
    )
    with op.batch_alter_table("report_duty", schema=None) as batch_op:
        batch_op.create_index(
            "uq_report_duty_active",
            ["applies_to", "report_kind"],
            unique=True,
            sqlite_where=sa.text("active"),
            postgresql_where=sa.text("active"),
        )

    op.create_table(
        "report_reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("report_kind", sa.String(length=12), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_report_reminder_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_reminder")),
        sa.UniqueConstraint(
            "org_id",
            "report_kind",
            "period",
            "stage",
            name=op.f("uq_report_reminder_org_id_report_kind_period_stage"),
        ),
    )
    op.create_table(
        "report",
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
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("org_class", sa.String(length=24), nullable=False),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("statistics", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_report_org_id_organisation")),
        sa.ForeignKeyConstraint(["submitted_by"], ["user.id"], name=op.f("fk_report_submitted_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.create_index("ix_report_decided", ["status", "decided_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_report_org_id"), ["org_id"], unique=False)
        batch_op.create_index("ix_report_period", ["status", "period", "kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_report_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_report_submitted_at"), ["submitted_at"], unique=False)
        batch_op.create_index(
            "uq_report_sent",
            ["org_id", "kind", "period"],
            unique=True,
            sqlite_where=sa.text("status IN ('PENDING', 'APPROVED') AND period <> ''"),
            postgresql_where=sa.text("status IN ('PENDING', 'APPROVED') AND period <> ''"),
        )
    # What has been decided stays as it is, as in 0002.
    when = "OLD.status IN ('APPROVED', 'REJECTED')"
    for verb in ("UPDATE", "DELETE"):
        name = f"report_no_{verb.lower()}"
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON report FOR EACH ROW WHEN ({when}) "
                "EXECUTE FUNCTION cpegi_immutable()"
            )
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON report WHEN {when} "
                "BEGIN SELECT RAISE(ABORT, 'immutable: report'); END"
            )


def downgrade() -> None:
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_report_sent",
            sqlite_where=sa.text("status IN ('PENDING', 'APPROVED') AND period <> ''"),
            postgresql_where=sa.text("status IN ('PENDING', 'APPROVED') AND period <> ''"),
        )
        batch_op.drop_index(batch_op.f("ix_report_submitted_at"))
        batch_op.drop_index(batch_op.f("ix_report_status"))
        batch_op.drop_index("ix_report_period")
        batch_op.drop_index(batch_op.f("ix_report_org_id"))
        batch_op.drop_index("ix_report_decided")

    op.drop_table("report")
    op.drop_table("report_reminder")
    with op.batch_alter_table("report_duty", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_report_duty_active", sqlite_where=sa.text("active"), postgresql_where=sa.text("active")
        )

    op.drop_table("report_duty")
