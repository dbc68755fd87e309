"""Disbursements and the loan book (manual §4.3)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field

from cpegi_app.models.base import Row, fen_field
from cpegi_app.models.review import Reviewable

ORIGINAL = text("replaces_id IS NULL")
CORRECTION = text("replaces_id IS NOT NULL")


class Disbursement(Reviewable, table=True):
    """A payment under an approved application, in 分; several sum up to at most the approved amount."""

    application_id: int = Field(foreign_key="application.id", index=True)
    borrower_id: int = Field(foreign_key="organisation.id", index=True)
    contract_no: str = Field(default="", max_length=60)
    iou_no: str = Field(default="", max_length=60)
    amount_fen: int = fen_field()
    lent_on: date | None = None


class DisbursementEnd(Row, table=True):
    """That nothing more is paid on an approved application (结束放款), with who said so and why."""

    __tablename__ = "disbursement_end"

    application_id: int = Field(foreign_key="application.id", unique=True)
    user_id: int = Field(foreign_key="user.id")
    reason: str = Field(max_length=200)


class Loan(Row, table=True):
    """An entry of the loan book; immutable, a trigger refuses UPDATE and DELETE.

    A correction is a further entry: the one that it `replaces_id` no longer counts.
    """

    __table_args__ = (
        Index(
            "uq_loan_iou",
            "institution_id",
            "iou_no",
            unique=True,
            sqlite_where=ORIGINAL,
            postgresql_where=ORIGINAL,
        ),
        Index(
            "uq_loan_replaces",
            "replaces_id",
            unique=True,
            sqlite_where=CORRECTION,
            postgresql_where=CORRECTION,
        ),
        Index("ix_loan_lent_on", "institution_id", "lent_on"),
        Index("ix_loan_book", "institution_id", "id"),
        # What headings sort by; the second holds all that a month's figures are summed up from.
        Index("ix_loan_amount", "amount_fen", "id"),
        Index("ix_loan_month", "lent_on", "id", "institution_id", "amount_fen"),
        Index("ix_loan_own_amount", "institution_id", "amount_fen", "id"),
        # An import asks for ten thousand contracts and borrowers at once.
        Index("ix_loan_contract", "institution_id", "contract_no"),
        Index("ix_loan_borrower_code", "institution_id", "borrower_code"),
        # A borrower looks for what was filed before it had an account.
        Index("ix_loan_code", "borrower_code"),
    )

    source: str = Field(max_length=8)
    institution_id: int = Field(foreign_key="organisation.id")
    borrower_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    borrower_name: str = Field(max_length=100)
    borrower_code: str = Field(max_length=18)
    disbursement_id: int | None = Field(default=None, foreign_key="disbursement.id", unique=True)
    contract_no: str = Field(max_length=60)
    iou_no: str = Field(max_length=60)
    contract_fen: int = fen_field()
    amount_fen: int = fen_field()
    lent_on: date
    due_on: date
    rate_bp: int
    guarantee: str = Field(max_length=20)
    repayment: str = Field(max_length=20)
    is_first: str = Field(default="", max_length=3)
    offline_loan_id: int | None = Field(default=None, foreign_key="offline_loan.id", unique=True)
    replaces_id: int | None = Field(default=None, foreign_key="loan.id")
    industry: str = Field(default="", max_length=1)
    scale: str = Field(default="", max_length=8)
    guarantor: str = Field(default="", max_length=100)
    guarantee_fee_bp: int | None = None
    purpose: str = Field(default="", max_length=200)
    balance_fen: int | None = Field(default=None, sa_type=BigInteger)
    five_class: str = Field(default="", max_length=12)
