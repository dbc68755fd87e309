"""Offline loans: filing batches, their rows, the imports of workbooks (manual §5)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field

from cpegi_app.models.base import Row, fen_field, json_field, moment
from cpegi_app.models.review import Reviewable

FIRST = text("replaces_loan_id IS NULL")
CORRECTION = text("replaces_loan_id IS NOT NULL")


class FilingBatch(Reviewable, table=True):
    """A 备案 batch: name, period and note in `data`; `parent_id` names the batch whose returned rows it holds."""

    __tablename__ = "filing_batch"

    parent_id: int | None = Field(default=None, foreign_key="filing_batch.id")
    row_count: int = 0
    amount_fen: int = fen_field()


class OfflineLoan(Row, table=True):
    """A loan as filed, in 分, 0.01 % and days; once booked a trigger refuses UPDATE and DELETE."""

    __tablename__ = "offline_loan"
    __table_args__ = (
        # One 借据编号 an institution, once; a correction repeats the number of the loan that it replaces.
        Index(
            "uq_offline_loan_iou",
            "org_id",
            "iou_no",
            unique=True,
            sqlite_where=FIRST,
            postgresql_where=FIRST,
        ),
        Index(
            "uq_offline_loan_replaces",
            "replaces_loan_id",
            unique=True,
            sqlite_where=CORRECTION,
            postgresql_where=CORRECTION,
        ),
        Index("ix_offline_loan_batch", "batch_id", "id"),
        Index("ix_offline_loan_contract", "org_id", "contract_no"),
    )

    batch_id: int = Field(foreign_key="filing_batch.id")
    org_id: int = Field(foreign_key="organisation.id")
    # No foreign key: the loan book refers to this table already.
    replaces_loan_id: int | None = None
    version: int = 1
    is_booked: bool = False
    reason: str = Field(default="", max_length=500)
    warning: str = Field(default="", max_length=500)
    borrower_name: str = Field(max_length=100)
    borrower_code: str = Field(max_length=18)
    industry: str = Field(default="", max_length=1)
    scale: str = Field(default="", max_length=8)
    contract_no: str = Field(max_length=60)
    iou_no: str = Field(max_length=60)
    contract_fen: int = fen_field()
    amount_fen: int = fen_field()
    lent_on: date
    due_on: date
    rate_bp: int
    guarantee: str = Field(max_length=20)
    guarantor: str = Field(default="", max_length=100)
    guarantee_fee_bp: int | None = None
    repayment: str = Field(max_length=20)
    purpose: str = Field(default="", max_length=200)
    is_first: str = Field(default="", max_length=3)
    balance_fen: int | None = Field(default=None, sa_type=BigInteger)
    five_class: str = Field(default="", max_length=12)
    contact: str = Field(default="", max_length=40)
    contact_phone: str = Field(default="", max_length=20)
    remark: str = Field(default="", max_length=500)


class FilingImport(Row, table=True):
    """A workbook brought into a batch: what the trial found, and when its good rows went in."""

    __tablename__ = "filing_import"
    __table_args__ = (
        Index("ix_filing_import_batch", "batch_id", "id"),
        Index("ix_filing_import_sha", "org_id", "sha256"),
    )

    batch_id: int = Field(foreign_key="filing_batch.id")
    org_id: int = Field(foreign_key="organisation.id")
    user_id: int = Field(foreign_key="user.id")
    sha256: str = Field(max_length=64)
    name: str = Field(max_length=120)
    sheet: str = Field(default="", max_length=120)
    good: int = 0
    bad: int = 0
    there: int = 0
    warned: int = 0
    # JSON texts written once and read whole: good rows until they are in, findings for the list and the marked file.
    rows: str = Field(default="", sa_type=Text)
    findings: str = Field(default="", sa_type=Text)
    notes: list[str] = json_field(list)
    done_at: datetime | None = moment()
    imported: int = 0
