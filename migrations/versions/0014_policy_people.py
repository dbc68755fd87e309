"""policies: who acts at a stage is named by the policy as it stands, for what was begun before as well"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from cpegi_app.models.base import JsonType

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the people in force, as the version in force names them."""
    op.add_column("policy", sa.Column("people", JsonType, nullable=False, server_default=sa.text("'{}'")))
    connection = op.get_bind()
    policy = sa.table("policy", sa.column("id"), sa.column("version_id"), sa.column("people", JsonType))
    version = sa.table("policy_version", sa.column("id"), sa.column("definition", JsonType))
    named = sa.select(policy.c.id, version.c.definition).join(version, version.c.id == policy.c.version_id)
    for policy_id, definition in connection.execute(named).all():
        found = json.loads(definition) if isinstance(definition, str) else definition
        people = (found or {}).get("people") or {}
        connection.execute(sa.update(policy).where(policy.c.id == policy_id).values(people=people))


def downgrade() -> None:
    """Take the column away."""
    with op.batch_alter_table("policy") as table:
        table.drop_column("people")
