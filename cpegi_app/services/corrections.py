"""What a correction has replaced counts no more, though the loan book keeps it (manual §5.1)."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from cpegi_app.models import Loan


def in_force() -> Any:
    """Return the condition that a loan has not been replaced by a correction."""
    replaced = select(Loan.replaces_id).where(col(Loan.replaces_id).is_not(None))
    return col(Loan.id).not_in(replaced)
