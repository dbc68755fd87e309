"""redemptions: the claims of a grant and the payments of a claim are found by these"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes: the unique ones hold for some rows only, and were of no use to the questions."""
    op.create_index("ix_policy_claim_grant", "policy_claim", ["grant_id", "round"])
    op.create_index("ix_payment_claim", "payment", ["claim_id", "id"])


def downgrade() -> None:
    """Take the indexes away."""
    op.drop_index("ix_payment_claim", table_name="payment")
    op.drop_index("ix_policy_claim_grant", table_name="policy_claim")
