"""indexes of the loan book for what an import looks up: contracts and borrowers of an institution"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_loan_contract", "loan", ["institution_id", "contract_no"])
    op.create_index("ix_loan_borrower_code", "loan", ["institution_id", "borrower_code"])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_loan_borrower_code", "loan")
    op.drop_index("ix_loan_contract", "loan")
