"""Investments: offline filings, online records, the 股权投资项目库, questions (manual §6.2, §6.4, §6.5)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field

from cpegi_app.models.base import Row, fen_field, json_field, moment
from cpegi_app.models.review import Reviewable


def fingerprint(enterprise_code: str, institution_code: str, agreed_on: date) -> str:
    """Return what makes an investment the same one, however and by whomever it is filed.

    Amount, round and mode are left out: the same agreement filed with a slip in one of them is no other
    investment. Several agreements that the same two parties sign on one day are filed as one, with their sum.
    """
    return f"{enterprise_code.upper()}|{institution_code.upper()}|{agreed_on.isoformat()}"


class Investment(Reviewable, table=True):
    """An offline investment that `org_id`, the institution, files: project side first, then the platform.

    `project_id` when the project stands on the platform; `enterprise_id`, the project side, always.
    """

    __table_args__ = (
        Index("ix_investment_own", "org_id", "id"),
        Index("ix_investment_party", "enterprise_id", "status", "stage", "id"),
    )

    enterprise_id: int | None = Field(default=None, foreign_key="organisation.id")
    project_id: int | None = Field(default=None, foreign_key="equity_project.id", index=True)
    project_name: str = Field(default="", max_length=60)
    round: str = Field(default="", max_length=10)
    mode: str = Field(default="", max_length=12)
    amount_fen: int = fen_field()
    share_bp: int = 0
    agreed_on: date | None = None
    paid_on: date | None = None
    registered_on: date | None = None
    # The project side's own figures with its last objection, as its form's strings.
    objection: dict[str, str] = json_field()
    objected_at: datetime | None = moment()
    answer: str = Field(default="", max_length=500)
    confirmed_at: datetime | None = moment()
    reminded_at: datetime | None = moment()


class OnlineInvestment(Row, table=True):
    """An investment at the end of a lead, confirmed by both sides; `version` is compared at every change."""

    __tablename__ = "online_investment"
    __table_args__ = (
        Index("ix_online_investment_institution", "org_id", "id"),
        Index("ix_online_investment_enterprise", "enterprise_id", "state", "id"),
        Index("ix_online_investment_state", "state", "id"),
        Index("ix_online_investment_updated_at", "updated_at"),
    )

    # The investing institution.
    org_id: int = Field(foreign_key="organisation.id")
    enterprise_id: int = Field(foreign_key="organisation.id")
    project_id: int = Field(foreign_key="equity_project.id", index=True)
    lead_id: int = Field(foreign_key="equity_lead.id", index=True)
    state: str = Field(max_length=10)
    version: int = 1
    round: str = Field(max_length=10)
    mode: str = Field(max_length=12)
    amount_fen: int = fen_field()
    share_bp: int = 0
    agreed_on: date
    paid_on: date | None = None
    registered_on: date | None = None
    note: str = Field(default="", max_length=500)
    recorded_by: int = Field(foreign_key="user.id")
    # Confirmed by whom and when; a change of the figures empties both.
    institution_by: int | None = Field(default=None, foreign_key="user.id")
    institution_at: datetime | None = moment()
    enterprise_by: int | None = Field(default=None, foreign_key="user.id")
    enterprise_at: datetime | None = moment()
    objection: dict[str, str] = json_field()
    objected_at: datetime | None = moment()
    reminded_at: datetime | None = moment()
    updated_at: datetime | None = moment()


class InvestmentClaim(Row, table=True):
    """That an investment is filed or recorded: its fingerprint once among all that live, online and offline.

    It holds while its filing waits or is filed, while its record is not void; afterwards the next one takes it over.
    """

    __tablename__ = "investment_claim"

    fingerprint: str = Field(max_length=60, unique=True)
    investment_id: int | None = Field(default=None, foreign_key="investment.id", unique=True)
    online_id: int | None = Field(default=None, foreign_key="online_investment.id", unique=True)


class InvestmentRecord(Row, table=True):
    """An entry of the 股权投资项目库, 已结项; immutable, a trigger refuses UPDATE and DELETE."""

    __tablename__ = "investment_record"
    __table_args__ = (
        Index("ix_investment_record_institution", "org_id", "id"),
        Index("ix_investment_record_enterprise", "enterprise_id", "id"),
        Index("ix_investment_record_agreed", "agreed_on", "id"),
        Index("ix_investment_record_round", "round", "id"),
        Index("ix_investment_record_industry", "industry", "id"),
        Index("ix_investment_record_source", "source", "id"),
        Index("ix_investment_record_amount", "amount_fen", "id"),
        # The staff's figures are summed over this alone.
        Index("ix_investment_record_figures", "agreed_on", "round", "source", "amount_fen"),
    )

    source: str = Field(max_length=8)
    fingerprint: str = Field(max_length=60, unique=True)
    investment_id: int | None = Field(default=None, foreign_key="investment.id", unique=True)
    online_id: int | None = Field(default=None, foreign_key="online_investment.id", unique=True)
    # The investing institution; names and codes as they stood that day.
    org_id: int = Field(foreign_key="organisation.id")
    institution_name: str = Field(max_length=100)
    institution_code: str = Field(max_length=18)
    enterprise_id: int = Field(foreign_key="organisation.id")
    enterprise_name: str = Field(max_length=100)
    enterprise_code: str = Field(max_length=18)
    project_id: int | None = Field(default=None, foreign_key="equity_project.id", index=True)
    project_name: str = Field(max_length=60)
    industry: str = Field(default="", max_length=1)
    region: str = Field(default="", max_length=16)
    round: str = Field(max_length=10)
    mode: str = Field(max_length=12)
    amount_fen: int = fen_field()
    share_bp: int = 0
    agreed_on: date
    paid_on: date | None = None
    registered_on: date | None = None


class InvestmentQuestion(Row, table=True):
    """对记录有疑问: a question to the staff about one record, online or offline, of the asker's own."""

    __tablename__ = "investment_question"
    __table_args__ = (
        Index("ix_investment_question_state", "state", "id"),
        Index("ix_investment_question_org", "org_id", "id"),
    )

    org_id: int = Field(foreign_key="organisation.id")
    online_id: int | None = Field(default=None, foreign_key="online_investment.id", index=True)
    investment_id: int | None = Field(default=None, foreign_key="investment.id", index=True)
    state: str = Field(max_length=10)
    version: int = 1
    updated_at: datetime | None = moment()


class QuestionMessage(Row, table=True):
    """One message of a question's thread; append-only."""

    __tablename__ = "question_message"
    __table_args__ = (Index("ix_question_message_thread", "question_id", "id"),)

    question_id: int = Field(foreign_key="investment_question.id")
    actor_id: int = Field(foreign_key="user.id")
    actor_label: str = Field(default="", max_length=120)
    from_staff: bool = False
    text: str = Field(max_length=1000)
