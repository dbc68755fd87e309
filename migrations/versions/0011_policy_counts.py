"""policies: the waiting list and the overview are counted by what has changed"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
INDEX = "ix_policy_application_updated_at"


def upgrade() -> None:
    """Add the index that finds what has changed."""
    op.create_index(INDEX, "policy_application", ["updated_at"])


def downgrade() -> None:
    """Take it away."""
    op.drop_index(INDEX, "policy_application")
