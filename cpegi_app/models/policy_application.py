"""Applications under a policy, the records they stand on, who works on them, and what was granted (manual §8.1)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from cpegi_app.models.base import Row, fen_field, json_field, moment
from cpegi_app.models.review import Reviewable
from cpegi_app.vocabulary.policy import GrantState

OPEN = text("status IN ('DRAFT', 'PENDING', 'RETURNED')")
HELD = text("released_at IS NULL")


class PolicyApplication(Reviewable, table=True):
    """An organisation's application; it stays on the version it began with, its profile is frozen at submission.

    `data` holds answers and chosen records as typed; `field_reasons` the marks of a 补正 by field or material.
    """

    __tablename__ = "policy_application"
    __table_args__ = (
        Index(
            "uq_policy_application_open",
            "org_id",
            "policy_id",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        Index("ix_policy_application_queue", "status", "stage", "due_on", "id"),
        Index("ix_policy_application_policy", "policy_id", "status", "submitted_at"),
        Index("ix_policy_application_assignee", "assignee_id", "status", "due_on"),
        # What has changed since the queue and the overview were counted.
        Index("ix_policy_application_updated_at", "updated_at"),
        # The queue of one policy, what is due first on top: 18 ms over the counter without it, 8 with it.
        Index(
            "ix_policy_application_overview",
            "policy_id",
            "status",
            "stage",
            "due_on",
            "asked_fen",
            "reviewed_fen",
        ),
        CheckConstraint("held_fen >= 0", name="held"),
    )

    policy_id: int = Field(foreign_key="policy.id")
    version_id: int = Field(foreign_key="policy_version.id", index=True)
    policy_name: str = Field(default="", max_length=100)
    org_name: str = Field(default="", max_length=100)
    receipt_no: str | None = Field(default=None, max_length=30, unique=True)
    received_at: datetime | None = moment()
    profile: dict[str, str] = json_field()
    calculation: dict[str, Any] = json_field()
    asked_fen: int = fen_field()
    computed_fen: int = fen_field()
    reviewed_fen: int | None = Field(default=None, sa_type=BigInteger)
    # What it holds of the budget and of the applicant's cap.
    held_fen: int = fen_field()
    # Whether it counts among the applicant's applications under the policy.
    is_counted: bool = False
    # Who acts at which stage, from the version: {"FORMAL": [user ids]}; an empty list means every reviewer.
    people: dict[str, list[int]] = json_field()
    assignee_id: int | None = Field(default=None, foreign_key="user.id")
    # The moment somebody began: from then on the applicant cannot withdraw.
    begun_at: datetime | None = moment()
    # The promise in working days: due on that day, pushed on by the days that the applicant corrects.
    promise_days: int = 0
    due_on: date | None = None
    paused_on: date | None = None
    # How often it has been returned for correction.
    rounds: int = 0


class PolicyRecord(Row, table=True):
    """A loan or investment that an application stands on: each once a policy, whoever of its two sides came first.

    `root_id` is the first of a chain of corrections, so that a corrected loan is no second one.
    Final from the approval on; a trigger refuses UPDATE and DELETE then.
    """

    __tablename__ = "policy_record"
    __table_args__ = (
        Index(
            "uq_policy_record_held",
            "policy_id",
            "source",
            "root_id",
            unique=True,
            sqlite_where=HELD,
            postgresql_where=HELD,
        ),
        Index("ix_policy_record_source", "source", "root_id"),
    )

    policy_id: int = Field(foreign_key="policy.id")
    application_id: int = Field(foreign_key="policy_application.id", index=True)
    org_id: int = Field(foreign_key="organisation.id", index=True)
    source: str = Field(max_length=12)
    # No foreign key: the source says which table.
    record_id: int
    root_id: int
    base_fen: int = fen_field()
    amount_fen: int = fen_field()
    # What the record said that day, and how the amount followed.
    snapshot: dict[str, Any] = json_field()
    released_at: datetime | None = moment()
    is_final: bool = False


class PolicyAmount(Row, table=True):
    """An amount of an application, in 分, with who and why; append-only, the newest of a kind counts."""

    __tablename__ = "policy_amount"
    __table_args__ = (Index("ix_policy_amount_application", "application_id", "kind", "id"),)

    application_id: int = Field(foreign_key="policy_application.id")
    kind: str = Field(max_length=12)
    amount_fen: int = fen_field()
    actor_id: int | None = Field(default=None, foreign_key="user.id")
    actor_label: str = Field(default="", max_length=120)
    reason: str = Field(default="", max_length=1000)


class PolicyAssignment(Row, table=True):
    """Who took an application, handed it over or gave it back; append-only."""

    __tablename__ = "policy_assignment"

    application_id: int = Field(foreign_key="policy_application.id", index=True)
    stage: str = Field(max_length=12)
    move: str = Field(max_length=12)
    from_id: int | None = Field(default=None, foreign_key="user.id")
    to_id: int | None = Field(default=None, foreign_key="user.id")
    actor_id: int = Field(foreign_key="user.id")
    reason: str = Field(default="", max_length=500)


class PolicyMark(Row, table=True):
    """What a reviewer found wrong with a field or a material, collected until all of it is sent at once."""

    __tablename__ = "policy_mark"
    __table_args__ = (UniqueConstraint("application_id", "round", "target"),)

    application_id: int = Field(foreign_key="policy_application.id")
    round: int = 0
    target: str = Field(max_length=60)
    reason: str = Field(max_length=200)
    actor_id: int = Field(foreign_key="user.id")
    sent_at: datetime | None = moment()


class PolicyGrant(Row, table=True):
    """What an approval granted, in 分; one an application, and what 公示, redemption and payment follow."""

    __tablename__ = "policy_grant"
    __table_args__ = (
        Index("ix_policy_grant_policy", "policy_id", "state", "id"),
        Index("ix_policy_grant_org", "org_id", "state"),
        Index("ix_policy_grant_state", "state", "id"),
        CheckConstraint("amount_fen >= 0", name="amount"),
    )

    application_id: int = Field(foreign_key="policy_application.id", unique=True)
    policy_id: int = Field(foreign_key="policy.id")
    org_id: int = Field(foreign_key="organisation.id")
    org_name: str = Field(default="", max_length=100)
    amount_fen: int = fen_field()
    state: str = Field(default=GrantState.WAITING.value, max_length=12)
    publicity_id: int | None = Field(default=None, foreign_key="publicity.id", index=True)
    confirmed_at: datetime | None = moment()
    revoked_at: datetime | None = moment()
    reason: str = Field(default="", max_length=500)
    updated_at: datetime | None = moment()
