"""Policies: what is published, its versions, its money and its templates (manual §8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from cpegi_app.models.base import Row, fen_field, json_field, moment
from cpegi_app.vocabulary.policy import PolicyState


class Policy(Row, table=True):
    """A policy: the definition being written, and what lists need of the version in force.

    Windows, people, budget and stop follow this row; everything else an application follows the version it began with.
    """

    __table_args__ = (
        Index("ix_policy_closes", "state", "closes_at"),
        Index("ix_policy_redeem", "state", "redeem_closes_at"),
    )

    state: str = Field(default=PolicyState.DRAFT.value, max_length=12)
    # Of the definition being written: what is saved over another's change is refused.
    version: int = 1
    draft: dict[str, Any] = json_field()
    version_id: int | None = None
    number: int = 0
    name: str = Field(default="", max_length=100)
    category: str = Field(default="", max_length=16)
    opens_at: datetime | None = moment()
    closes_at: datetime | None = moment()
    redeem_opens_at: datetime | None = moment()
    redeem_closes_at: datetime | None = moment()
    published_at: datetime | None = moment()
    # Those who may apply are told up to this organisation; None when there is nobody left to tell.
    telling: int | None = None
    # Who acts at each stage now; a version keeps whom it named.
    people: dict[str, list[int]] = json_field(server_default=text("'{}'"))
    stopped_at: datetime | None = moment()
    stop_reason: str = Field(default="", max_length=500)
    created_by: int | None = Field(default=None, foreign_key="user.id")
    updated_at: datetime | None = moment()


class PolicyVersion(Row, table=True):
    """A definition as published; append-only, a trigger refuses UPDATE and DELETE."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("policy_id", "number"),)

    policy_id: int = Field(foreign_key="policy.id")
    number: int
    definition: dict[str, Any] = json_field()
    published_by: int | None = Field(default=None, foreign_key="user.id")
    published_label: str = Field(default="", max_length=120)


class PolicyFile(Row, table=True):
    """A template or example of a policy's material; everybody may read it once a published version names it."""

    __tablename__ = "policy_file"

    policy_id: int = Field(foreign_key="policy.id", index=True)
    sha256: str = Field(max_length=64, index=True)
    name: str = Field(max_length=120)
    kind: str = Field(max_length=8)
    size: int
    uploaded_by: int = Field(foreign_key="user.id")
    published_at: datetime | None = moment()


class PolicyBudget(Row, table=True):
    """A policy's money in 分, held by applications and paid; changed by conditional UPDATE only."""

    __tablename__ = "policy_budget"
    __table_args__ = (
        CheckConstraint("held_fen >= 0 AND (total_fen IS NULL OR held_fen <= total_fen)", name="held"),
        CheckConstraint("paid_fen >= 0 AND paid_fen <= held_fen", name="paid"),
    )

    policy_id: int = Field(foreign_key="policy.id", unique=True)
    # None: no limit.
    total_fen: int | None = Field(default=None, sa_type=BigInteger)
    held_fen: int = fen_field()
    paid_fen: int = fen_field()
    # The last receipt number given.
    receipts: int = 0


class PolicyTally(Row, table=True):
    """What one applicant holds of one policy, in 分, and how many applications; changed by conditional UPDATE only."""

    __tablename__ = "policy_tally"
    __table_args__ = (
        UniqueConstraint("policy_id", "org_id"),
        CheckConstraint("held_fen >= 0 AND (cap_fen IS NULL OR held_fen <= cap_fen)", name="held"),
        CheckConstraint("count >= 0 AND count <= most", name="count"),
    )

    policy_id: int = Field(foreign_key="policy.id")
    org_id: int = Field(foreign_key="organisation.id", index=True)
    count: int = 0
    most: int = 1
    held_fen: int = fen_field()
    cap_fen: int | None = Field(default=None, sa_type=BigInteger)
