"""logins: which rights a login was opened with, so that another id is given when they change"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cpegi_app.models.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is remembered of a login, and the end that a renewed one keeps."""
    op.add_column("login_session", sa.Column("rights", sa.String(80), nullable=False, server_default=""))
    op.add_column("login_ticket", sa.Column("ends_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Take both away."""
    with op.batch_alter_table("login_session") as table:
        table.drop_column("rights")
    with op.batch_alter_table("login_ticket") as table:
        table.drop_column("ends_at")
