"""policies: how far those who may apply have been told of a policy"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add how far it has come; of what was published before nobody is told any more."""
    op.add_column("policy", sa.Column("telling", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    with op.batch_alter_table("policy") as table:
        table.drop_column("telling")
