"""公示, redemption and payment of what was granted (manual §8.2)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from cpegi_app.models.base import Row, fen_field, json_field, moment
from cpegi_app.models.review import Reviewable
from cpegi_app.vocabulary.policy import BatchState, ObjectionState, PaymentState

NOT_REJECTED = text("status <> 'REJECTED'")
NOT_FAILED = text("state <> 'FAILED'")


class Publicity(Row, table=True):
    """A publication of approved applications for a number of days."""

    __table_args__ = (Index("ix_publicity_ends", "closed_at", "ends_on"),)

    policy_id: int = Field(foreign_key="policy.id", index=True)
    title: str = Field(default="", max_length=120)
    starts_on: date
    ends_on: date
    published_by: int = Field(foreign_key="user.id")
    closed_at: datetime | None = moment()


class PublicityEntry(Row, table=True):
    """A name and an amount as published; append-only."""

    __tablename__ = "publicity_entry"
    __table_args__ = (UniqueConstraint("publicity_id", "grant_id"),)

    publicity_id: int = Field(foreign_key="publicity.id")
    grant_id: int = Field(foreign_key="policy_grant.id", index=True)
    org_name: str = Field(max_length=100)
    amount_fen: int = fen_field()


class Objection(Row, table=True):
    """An objection to a publication, and what came of it."""

    publicity_id: int = Field(foreign_key="publicity.id", index=True)
    grant_id: int | None = Field(default=None, foreign_key="policy_grant.id", index=True)
    from_name: str = Field(default="", max_length=60)
    contact: str = Field(default="", max_length=60)
    text: str = Field(default="", max_length=1000)
    received_on: date
    recorded_by: int = Field(foreign_key="user.id")
    state: str = Field(default=ObjectionState.OPEN.value, max_length=12)
    conclusion: str = Field(default="", max_length=1000)
    decided_by: int | None = Field(default=None, foreign_key="user.id")
    decided_at: datetime | None = moment()


class PolicyClaim(Reviewable, table=True):
    """A redemption: the amount confirmed and the payee, with the receipt as a file.

    One a grant and round that is not rejected; a further round begins when the payment of the one before has failed.
    """

    __tablename__ = "policy_claim"
    __table_args__ = (
        Index(
            "uq_policy_claim_round",
            "grant_id",
            "round",
            unique=True,
            sqlite_where=NOT_REJECTED,
            postgresql_where=NOT_REJECTED,
        ),
        Index("ix_policy_claim_queue", "status", "submitted_at", "id"),
        # Whether a claim is its grant's last is asked of every one that may be paid.
        Index("ix_policy_claim_grant", "grant_id", "round"),
    )

    grant_id: int = Field(foreign_key="policy_grant.id")
    round: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    application_id: int = Field(foreign_key="policy_application.id", index=True)
    policy_id: int = Field(foreign_key="policy.id", index=True)
    org_name: str = Field(default="", max_length=100)
    amount_fen: int = fen_field()
    payee_name: str = Field(default="", max_length=100)
    bank: str = Field(default="", max_length=100)
    account_no: str = Field(default="", max_length=40)
    people: dict[str, list[int]] = json_field()
    begun_at: datetime | None = moment()


class PaymentBatch(Row, table=True):
    """A batch for the finance office; its sums are of its payments."""

    __tablename__ = "payment_batch"
    __table_args__ = (Index("ix_payment_batch_state", "state", "id"),)

    number: str = Field(max_length=30, unique=True)
    name: str = Field(default="", max_length=100)
    state: str = Field(default=BatchState.OPEN.value, max_length=12)
    version: int = 1
    count: int = 0
    total_fen: int = fen_field()
    created_by: int = Field(foreign_key="user.id")
    exported_at: datetime | None = moment()
    closed_at: datetime | None = moment()


class Payment(Row, table=True):
    """One payment of a claim; a grant has one that has not failed. Once paid a trigger refuses UPDATE and DELETE."""

    __table_args__ = (
        Index(
            "uq_payment_grant",
            "grant_id",
            unique=True,
            sqlite_where=NOT_FAILED,
            postgresql_where=NOT_FAILED,
        ),
        Index("ix_payment_batch", "batch_id", "id"),
        Index("ix_payment_claim", "claim_id", "id"),
        Index("ix_payment_policy", "policy_id", "state"),
        CheckConstraint("amount_fen > 0", name="amount"),
    )

    batch_id: int = Field(foreign_key="payment_batch.id")
    # The line's number in the file that goes out and comes back.
    number: str = Field(max_length=40, unique=True)
    claim_id: int = Field(foreign_key="policy_claim.id")
    grant_id: int = Field(foreign_key="policy_grant.id", index=True)
    policy_id: int = Field(foreign_key="policy.id")
    org_id: int = Field(foreign_key="organisation.id", index=True)
    amount_fen: int = fen_field()
    payee_name: str = Field(max_length=100)
    bank: str = Field(max_length=100)
    account_no: str = Field(max_length=40)
    state: str = Field(default=PaymentState.WAITING.value, max_length=12)
    paid_on: date | None = None
    voucher_no: str = Field(default="", max_length=60)
    failure: str = Field(default="", max_length=200)
    import_id: int | None = Field(default=None, foreign_key="payment_import.id")
    updated_at: datetime | None = moment()


class PaymentImport(Row, table=True):
    """A returned result file: what it said line by line, and when it counted; the same file counts once."""

    __tablename__ = "payment_import"
    __table_args__ = (UniqueConstraint("batch_id", "sha256"),)

    batch_id: int = Field(foreign_key="payment_batch.id")
    user_id: int = Field(foreign_key="user.id")
    sha256: str = Field(max_length=64)
    name: str = Field(max_length=120)
    paid: int = 0
    failed: int = 0
    wrong: int = 0
    findings: list[dict[str, Any]] = json_field(list)
    done_at: datetime | None = moment()
