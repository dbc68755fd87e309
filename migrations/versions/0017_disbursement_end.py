"""disbursements: an institution says that nothing more is paid on an application"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing has been ended so far."""
    op.create_table(
        "disbursement_end",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_disbursement_end_application_id_application"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_disbursement_end_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursement_end")),
        sa.UniqueConstraint("application_id", name=op.f("uq_disbursement_end_application_id")),
    )


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("disbursement_end")
