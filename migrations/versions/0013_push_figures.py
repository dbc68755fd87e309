"""pushes: what was read and what fails; applications: the figures leave out what was withdrawn"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
SENT = {
    "ix_application_sent": ["institution_id", "submitted_at", "id", "amount_fen"],
    "ix_application_region_sent": ["submitted_at", "amount_fen", "institution_id"],
}
LOG = "ix_product_push_log"
READ = "ix_product_push_read"


def upgrade() -> None:
    """Let the indexes of what was sent tell the status; count a run's failures; find what was read."""
    for name, columns in SENT.items():
        op.drop_index(name, "application")
        op.create_index(name, "application", [*columns, "status"])
    op.drop_index(LOG, "product_push")
    op.create_index(LOG, "product_push", ["product_id", "id", "read_at", "version"])
    op.create_index(READ, "product_push", ["read_at"])
    op.add_column("push_run", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Put things back."""
    op.drop_column("push_run", "failures")
    op.drop_index(READ, "product_push")
    op.drop_index(LOG, "product_push")
    op.create_index(LOG, "product_push", ["product_id", "id"])
    for name, columns in SENT.items():
        op.drop_index(name, "application")
        op.create_index(name, "application", columns)
