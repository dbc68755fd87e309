"""Equity projects, who looked at them, favourites, recommendations, preferences (manual §6.1)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from cpegi_app.models.base import Row, fen_field, json_field, moment
from cpegi_app.models.review import Reviewable

OPEN = text("status IN ('DRAFT', 'PENDING', 'RETURNED')")


class EquityProject(Row, table=True):
    """A financing project as published: the figures of its latest approved revision, in 分 and 0.01 %."""

    __tablename__ = "equity_project"
    __table_args__ = (
        # The public list, newest first; whatever is filtered stands in the index itself.
        Index(
            "ix_equity_project_list",
            "state",
            "listed_at",
            "id",
            "industry",
            "round",
            "region",
            "stage",
            "amount_fen",
        ),
        Index(
            "ix_equity_project_amount",
            "state",
            "amount_fen",
            "listed_at",
            "id",
            "industry",
            "round",
            "region",
        ),
        Index(
            "ix_equity_project_industry",
            "state",
            "industry",
            "listed_at",
            "id",
            "round",
            "region",
            "amount_fen",
        ),
        Index(
            "ix_equity_project_round", "state", "round", "listed_at", "id", "industry", "region", "amount_fen"
        ),
        Index(
            "ix_equity_project_region",
            "state",
            "region",
            "listed_at",
            "id",
            "industry",
            "round",
            "amount_fen",
        ),
        Index("ix_equity_project_org", "org_id", "id"),
    )

    org_id: int = Field(foreign_key="organisation.id")
    revision_id: int | None = None
    # Empty until the first approval (vocabulary.equity.ProjectState).
    state: str = Field(default="", max_length=8)
    listed_at: datetime | None = moment()
    down_at: datetime | None = moment()
    closed_at: datetime | None = moment()
    name: str = Field(default="", max_length=60)
    intro: str = Field(default="", max_length=200)
    industry: str = Field(default="", max_length=1)
    region: str = Field(default="", max_length=16)
    round: str = Field(default="", max_length=10)
    stage: str = Field(default="", max_length=10)
    amount_fen: int = fen_field()
    share_bp: int = 0
    pre_fen: int = fen_field()
    post_fen: int = fen_field()
    data: dict[str, str] = json_field()


class EquityProjectRevision(Reviewable, table=True):
    """What is reviewed: a new project or a change; copied onto the project when approved."""

    __tablename__ = "equity_project_revision"
    __table_args__ = (
        Index(
            "uq_equity_project_revision_open",
            "project_id",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
    )

    project_id: int = Field(foreign_key="equity_project.id", index=True)


class ProjectView(Row, table=True):
    """That a signed-in organisation looked at a project on a day; counted, never shown by name."""

    __tablename__ = "project_view"
    __table_args__ = (UniqueConstraint("project_id", "org_id", "viewed_on"),)

    project_id: int = Field(foreign_key="equity_project.id")
    org_id: int = Field(foreign_key="organisation.id")
    viewed_on: date


class PlanOpening(Row, table=True):
    """That somebody opened a business plan; append-only, the enterprise sees by whom."""

    __tablename__ = "plan_opening"
    __table_args__ = (Index("ix_plan_opening_project", "project_id", "id"),)

    project_id: int = Field(foreign_key="equity_project.id")
    file_id: int = Field(foreign_key="stored_file.id")
    org_id: int = Field(foreign_key="organisation.id")
    user_id: int = Field(foreign_key="user.id")


class ProjectFavourite(Row, table=True):
    """An institution's 收藏 of a project; 取消收藏 deletes the row, the lead's log remembers."""

    __tablename__ = "project_favourite"
    __table_args__ = (
        UniqueConstraint("project_id", "org_id"),
        Index("ix_project_favourite_own", "org_id", "id"),
    )

    project_id: int = Field(foreign_key="equity_project.id")
    org_id: int = Field(foreign_key="organisation.id")
    user_id: int = Field(foreign_key="user.id")


class ProjectRecommendation(Row, table=True):
    """A project that the staff recommended to an institution, why, and what it answered."""

    __tablename__ = "project_recommendation"
    __table_args__ = (
        UniqueConstraint("project_id", "org_id"),
        Index("ix_project_recommendation_own", "org_id", "id"),
        Index("ix_project_recommendation_answer", "project_id", "answer"),
    )

    project_id: int = Field(foreign_key="equity_project.id")
    org_id: int = Field(foreign_key="organisation.id")
    recommended_by: int = Field(foreign_key="user.id")
    reasons: list[str] = json_field(list)
    note: str = Field(default="", max_length=200)
    answer: str = Field(default="", max_length=16)
    answer_word: str = Field(default="", max_length=200)
    answered_by: int | None = Field(default=None, foreign_key="user.id")
    answered_at: datetime | None = moment()


class InvestPreference(Row, table=True):
    """What an institution looks for; lists of codes bounded by commas, amounts in 分, 0 or empty: no limit."""

    __tablename__ = "invest_preference"

    org_id: int = Field(foreign_key="organisation.id", unique=True)
    industries: str = Field(default="", max_length=60)
    rounds: str = Field(default="", max_length=90)
    stages: str = Field(default="", max_length=60)
    regions: str = Field(default="", max_length=120)
    amount_min_fen: int = fen_field()
    amount_max_fen: int = fen_field()
    note: str = Field(default="", max_length=500)
    updated_by: int | None = Field(default=None, foreign_key="user.id")
    updated_at: datetime | None = moment()
