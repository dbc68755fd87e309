"""Redemption: further rounds after a failed payment, one living payment a grant, indexes of queue and overview."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NOT_REJECTED, NOT_FAILED = sa.text("status <> 'REJECTED'"), sa.text("state <> 'FAILED'")
OVERVIEW = ["policy_id", "status", "stage", "due_on", "asked_fen", "reviewed_fen"]


def _unique(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    """Add the round, and move the rules of once to the grant."""
    op.add_column(
        "policy_claim", sa.Column("round", sa.Integer(), nullable=False, server_default=sa.text("1"))
    )
    op.drop_index("uq_policy_claim_grant", "policy_claim")
    _unique("uq_policy_claim_round", "policy_claim", ["grant_id", "round"], NOT_REJECTED)
    op.drop_index("uq_payment_claim", "payment")
    _unique("uq_payment_grant", "payment", ["grant_id"], NOT_FAILED)
    op.create_index("ix_policy_application_overview", "policy_application", OVERVIEW)
    op.create_index("ix_policy_grant_state", "policy_grant", ["state", "id"])


def downgrade() -> None:
    """Go back to one claim a grant; further rounds must have been settled before."""
    op.drop_index("ix_policy_grant_state", "policy_grant")
    op.drop_index("ix_policy_application_overview", "policy_application")
    op.drop_index("uq_payment_grant", "payment")
    _unique("uq_payment_claim", "payment", ["claim_id"], NOT_FAILED)
    op.drop_index("uq_policy_claim_round", "policy_claim")
    _unique("uq_policy_claim_grant", "policy_claim", ["grant_id"], NOT_REJECTED)
    op.drop_column("policy_claim", "round")
