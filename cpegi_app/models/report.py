"""Reports to the regulator, and which of them are asked for (manual §7)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from cpegi_app.models.base import Row, json_field, moment
from cpegi_app.models.review import Reviewable

SENT = text("status IN ('PENDING', 'APPROVED') AND period <> ''")
ACTIVE = text("active")


class Report(Reviewable, table=True):
    """A report with its files; `statistics` holds each figure beside what the loan book said that day."""

    __table_args__ = (
        Index(
            "uq_report_sent",
            "org_id",
            "kind",
            "period",
            unique=True,
            sqlite_where=SENT,
            postgresql_where=SENT,
        ),
        Index("ix_report_period", "status", "period", "kind"),
        Index("ix_report_decided", "status", "decided_at"),
    )

    kind: str = Field(default="", max_length=12)
    period: str = Field(default="", max_length=8)
    name: str = Field(default="", max_length=100)
    org_class: str = Field(default="", max_length=24)
    handed_in_at: datetime | None = moment()
    statistics: dict[str, Any] = json_field()


class ReportDuty(Row, table=True):
    """A report asked of a class or of a kind of organisation, and when it is due after its period's end."""

    __tablename__ = "report_duty"
    __table_args__ = (
        Index(
            "uq_report_duty_active",
            "applies_to",
            "report_kind",
            unique=True,
            sqlite_where=ACTIVE,
            postgresql_where=ACTIVE,
        ),
    )

    applies_to: str = Field(max_length=24)
    report_kind: str = Field(max_length=12)
    due_months: int = 0
    due_days: int = 0
    starts_on: date
    note: str = Field(default="", max_length=200)
    active: bool = True
    # Deadlines that were: the last day of the periods that they hold for, the months, the days.
    earlier: dict[str, Any] = json_field(server_default=text("'{}'"))
    updated_at: datetime | None = moment()


class ReportReminder(Row, table=True):
    """That an organisation has been reminded of something once; the constraint makes it once."""

    __tablename__ = "report_reminder"
    __table_args__ = (UniqueConstraint("org_id", "report_kind", "period", "stage"),)

    org_id: int = Field(foreign_key="organisation.id")
    report_kind: str = Field(max_length=12)
    period: str = Field(max_length=8)
    stage: str = Field(max_length=8)
