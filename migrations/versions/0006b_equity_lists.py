"""equity: lists and sums of investments on indexes; files of the platform's own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cpegi_app.models.base import UtcDateTime

revision = "0006b"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_investment_record_amount", "investment_record", ["amount_fen", "id"]),
    ("ix_investment_record_figures", "investment_record", ["agreed_on", "round", "source", "amount_fen"]),
    ("ix_online_investment_updated_at", "online_investment", ["updated_at"]),
)


def upgrade() -> None:
    """Add what the lists, the figures and the reminders need."""
    op.add_column("online_investment", sa.Column("reminded_at", UtcDateTime(timezone=True), nullable=True))
    with op.batch_alter_table("stored_file") as batch:
        batch.alter_column("org_id", existing_type=sa.Integer(), nullable=True)
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Take it away; files of the platform's own go with their roadshows."""
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table)
    op.execute("DELETE FROM stored_file WHERE org_id IS NULL")
    with op.batch_alter_table("stored_file") as batch:
        batch.alter_column("org_id", existing_type=sa.Integer(), nullable=False)
    op.drop_column("online_investment", "reminded_at")
