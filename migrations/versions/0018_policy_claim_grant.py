"""redemptions: the claims of a grant are found by it"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index: the unique one holds for what is not rejected only, and was of no use to the question."""
    op.create_index("ix_policy_claim_grant", "policy_claim", ["grant_id", "round"])


def downgrade() -> None:
    """Take the index away."""
    op.drop_index("ix_policy_claim_grant", table_name="policy_claim")
