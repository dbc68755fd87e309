"""reports: a moved deadline leaves the periods whose new day has passed as they were"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cpegi_app.models.base import JsonType

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the deadlines that were; none has been kept so far."""
    op.add_column(
        "report_duty", sa.Column("earlier", JsonType, nullable=False, server_default=sa.text("'{}'"))
    )


def downgrade() -> None:
    """Take the column away."""
    with op.batch_alter_table("report_duty") as table:
        table.drop_column("earlier")
