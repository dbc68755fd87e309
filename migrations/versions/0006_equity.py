"""equity: projects, interest, leads, investments and their library, roadshows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# As in 0002: the trails and the library stay as they are, and so does whatever has been decided.
APPEND_ONLY = ("plan_opening", "lead_event", "investment_record", "question_message", "roadshow_change")
REVIEWED = ("equity_project_revision", "investment")
DECIDED = "OLD.status IN ('APPROVED', 'REJECTED')"


def _guard(table: str, when: str = "") -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    condition = f"WHEN ({when}) " if when else ""
    body = (
        "EXECUTE FUNCTION cpegi_immutable()"
        if postgres
        else f"BEGIN SELECT RAISE(ABORT, 'immutable: {table}'); END"
    )
    for verb in ("UPDATE", "DELETE"):
        name = f"{table}_no_{verb.lower()}"
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW {condition}{body}")


def upgrade() -> None:
    op.create_table(
        "equity_project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("down_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("intro", sa.String(length=200), nullable=False),
        sa.Column("industry", sa.String(length=1), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("round", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.Column("pre_fen", sa.BigInteger(), nullable=False),
        sa.Column("post_fen", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_equity_project_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_project")),
    )
    with op.batch_alter_table("equity_project", schema=None) as batch_op:
        batch_op.create_index(
            "ix_equity_project_list",
            ["state", "listed_at", "id", "industry", "round", "region", "stage", "amount_fen"],
            unique=False,
        )
        batch_op.create_index(
            "ix_equity_project_amount",
            ["state", "amount_fen", "listed_at", "id", "industry", "round", "region"],
            unique=False,
        )
        batch_op.create_index(
            "ix_equity_project_industry",
            ["state", "industry", "listed_at", "id", "round", "region", "amount_fen"],
            unique=False,
        )
        batch_op.create_index(
            "ix_equity_project_round",
            ["state", "round", "listed_at", "id", "industry", "region", "amount_fen"],
            unique=False,
        )
        batch_op.create_index(
            "ix_equity_project_region",
            ["state", "region", "listed_at", "id", "industry", "round", "amount_fen"],
            unique=False,
        )
        batch_op.create_index("ix_equity_project_org", ["org_id", "id"], unique=False)

    op.create_table(
        "equity_lead",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("next_step", sa.String(length=200), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("outcome_note", sa.String(length=500), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_equity_lead_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_equity_lead_owner_id_user")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["equity_project.id"], name=op.f("fk_equity_lead_project_id_equity_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_lead")),
        sa.UniqueConstraint("project_id", "org_id", name=op.f("uq_equity_lead_project_id_org_id")),
    )
    with op.batch_alter_table("equity_lead", schema=None) as batch_op:
        batch_op.create_index("ix_equity_lead_board", ["stage", "next_on", "id"], unique=False)
        batch_op.create_index("ix_equity_lead_org", ["org_id", "id"], unique=False)
        batch_op.create_index("ix_equity_lead_closed", ["stage", "closed_at", "id"], unique=False)
        batch_op.create_index("ix_equity_lead_updated_at", ["updated_at"], unique=False)
        batch_op.create_index("ix_equity_lead_owner", ["owner_id", "stage", "next_on", "id"], unique=False)

    op.create_table(
        "equity_project_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("submitted_by", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("field_reasons", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_equity_project_revision_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["equity_project.id"],
            name=op.f("fk_equity_project_revision_project_id_equity_project"),
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["user.id"], name=op.f("fk_equity_project_revision_submitted_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_project_revision")),
    )
    with op.batch_alter_table("equity_project_revision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_equity_project_revision_org_id"), ["org_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_equity_project_revision_project_id"), ["project_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_equity_project_revision_status"), ["status"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_equity_project_revision_submitted_at"), ["submitted_at"], unique=False
        )
        batch_op.create_index(
            "uq_equity_project_revision_open",
            ["project_id"],
            unique=True,
            sqlite_where=sa.text("status IN ('DRAFT', 'PENDING', 'RETURNED')"),
            postgresql_where=sa.text("status IN ('DRAFT', 'PENDING', 'RETURNED')"),
        )

    op.create_table(
        "invest_preference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("industries", sa.String(length=60), nullable=False),
        sa.Column("rounds", sa.String(length=90), nullable=False),
        sa.Column("stages", sa.String(length=60), nullable=False),
        sa.Column("regions", sa.String(length=120), nullable=False),
        sa.Column("amount_min_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_max_fen", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("updated_by", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_invest_preference_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["user.id"], name=op.f("fk_invest_preference_updated_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invest_preference")),
        sa.UniqueConstraint("org_id", name=op.f("uq_invest_preference_org_id")),
    )
    op.create_table(
        "investment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("submitted_by", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("field_reasons", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("enterprise_id", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("project_name", sa.String(length=60), nullable=False),
        sa.Column("round", sa.String(length=10), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("objection", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("objected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["organisation.id"], name=op.f("fk_investment_enterprise_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_investment_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["equity_project.id"], name=op.f("fk_investment_project_id_equity_project")
        ),
        sa.ForeignKeyConstraint(["submitted_by"], ["user.id"], name=op.f("fk_investment_submitted_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investment")),
    )
    with op.batch_alter_table("investment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_investment_org_id"), ["org_id"], unique=False)
        batch_op.create_index("ix_investment_own", ["org_id", "id"], unique=False)
        batch_op.create_index("ix_investment_party", ["enterprise_id", "status", "stage", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_investment_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_investment_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_investment_submitted_at"), ["submitted_at"], unique=False)

    op.create_table(
        "project_favourite",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_project_favourite_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["equity_project.id"], name=op.f("fk_project_favourite_project_id_equity_project")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_project_favourite_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_favourite")),
        sa.UniqueConstraint("project_id", "org_id", name=op.f("uq_project_favourite_project_id_org_id")),
    )
    with op.batch_alter_table("project_favourite", schema=None) as batch_op:
        batch_op.create_index("ix_project_favourite_own", ["org_id", "id"], unique=False)

    op.create_table(
        "project_recommendation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("recommended_by", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("answer_word", sa.String(length=200), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["user.id"], name=op.f("fk_project_recommendation_answered_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_project_recommendation_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["equity_project.id"],
            name=op.f("fk_project_recommendation_project_id_equity_project"),
        ),
        sa.ForeignKeyConstraint(
            ["recommended_by"], ["user.id"], name=op.f("fk_project_recommendation_recommended_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_recommendation")),
        sa.UniqueConstraint("project_id", "org_id", name=op.f("uq_project_recommendation_project_id_org_id")),
    )
    with op.batch_alter_table("project_recommendation", schema=None) as batch_op:
        batch_op.create_index("ix_project_recommendation_answer", ["project_id", "answer"], unique=False)
        batch_op.create_index("ix_project_recommendation_own", ["org_id", "id"], unique=False)

    op.create_table(
        "project_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("viewed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_project_view_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["equity_project.id"], name=op.f("fk_project_view_project_id_equity_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_view")),
        sa.UniqueConstraint(
            "project_id", "org_id", "viewed_on", name=op.f("uq_project_view_project_id_org_id_viewed_on")
        ),
    )
    op.create_table(
        "roadshow",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("host", sa.String(length=100), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("link", sa.String(length=300), nullable=False),
        sa.Column("agenda", sa.String(length=4000), nullable=False),
        sa.Column("contact", sa.String(length=40), nullable=False),
        sa.Column("contact_phone", sa.String(length=40), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cancel_reason", sa.String(length=500), nullable=False),
        sa.Column("summary", sa.String(length=2000), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("taken >= 0 AND taken <= places", name=op.f("ck_roadshow_places")),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_roadshow_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roadshow")),
    )
    with op.batch_alter_table("roadshow", schema=None) as batch_op:
        batch_op.create_index("ix_roadshow_state", ["state", "starts_at", "id"], unique=False)

    op.create_table(
        "lead_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_label", sa.String(length=120), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_lead_event_actor_id_user")),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["equity_lead.id"], name=op.f("fk_lead_event_lead_id_equity_lead")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_event")),
    )
    with op.batch_alter_table("lead_event", schema=None) as batch_op:
        batch_op.create_index("ix_lead_event_lead", ["lead_id", "id"], unique=False)

    op.create_table(
        "online_investment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("enterprise_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round", sa.String(length=10), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("institution_by", sa.Integer(), nullable=True),
        sa.Column("institution_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enterprise_by", sa.Integer(), nullable=True),
        sa.Column("enterprise_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("objection", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("objected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_by"], ["user.id"], name=op.f("fk_online_investment_enterprise_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["organisation.id"],
            name=op.f("fk_online_investment_enterprise_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_by"], ["user.id"], name=op.f("fk_online_investment_institution_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["equity_lead.id"], name=op.f("fk_online_investment_lead_id_equity_lead")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_online_investment_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["equity_project.id"], name=op.f("fk_online_investment_project_id_equity_project")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["user.id"], name=op.f("fk_online_investment_recorded_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_online_investment")),
    )
    with op.batch_alter_table("online_investment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_online_investment_enterprise", ["enterprise_id", "state", "id"], unique=False
        )
        batch_op.create_index("ix_online_investment_institution", ["org_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_online_investment_lead_id"), ["lead_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_online_investment_project_id"), ["project_id"], unique=False)
        batch_op.create_index("ix_online_investment_state", ["state", "id"], unique=False)

    op.create_table(
        "plan_opening",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_plan_opening_file_id_stored_file")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_plan_opening_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["equity_project.id"], name=op.f("fk_plan_opening_project_id_equity_project")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_plan_opening_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_opening")),
    )
    with op.batch_alter_table("plan_opening", schema=None) as batch_op:
        batch_op.create_index("ix_plan_opening_project", ["project_id", "id"], unique=False)

    op.create_table(
        "roadshow_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("roadshow_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_label", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("changes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_roadshow_change_actor_id_user")),
        sa.ForeignKeyConstraint(
            ["roadshow_id"], ["roadshow.id"], name=op.f("fk_roadshow_change_roadshow_id_roadshow")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roadshow_change")),
    )
    with op.batch_alter_table("roadshow_change", schema=None) as batch_op:
        batch_op.create_index("ix_roadshow_change_roadshow", ["roadshow_id", "id"], unique=False)

    op.create_table(
        "roadshow_invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("roadshow_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_roadshow_invitation_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["roadshow_id"], ["roadshow.id"], name=op.f("fk_roadshow_invitation_roadshow_id_roadshow")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roadshow_invitation")),
        sa.UniqueConstraint("roadshow_id", "org_id", name=op.f("uq_roadshow_invitation_roadshow_id_org_id")),
    )
    with op.batch_alter_table("roadshow_invitation", schema=None) as batch_op:
        batch_op.create_index("ix_roadshow_invitation_own", ["org_id", "roadshow_id"], unique=False)

    op.create_table(
        "roadshow_project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("roadshow_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["equity_project.id"], name=op.f("fk_roadshow_project_project_id_equity_project")
        ),
        sa.ForeignKeyConstraint(
            ["roadshow_id"], ["roadshow.id"], name=op.f("fk_roadshow_project_roadshow_id_roadshow")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roadshow_project")),
        sa.UniqueConstraint(
            "roadshow_id", "project_id", name=op.f("uq_roadshow_project_roadshow_id_project_id")
        ),
    )
    with op.batch_alter_table("roadshow_project", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roadshow_project_project_id"), ["project_id"], unique=False)

    op.create_table(
        "roadshow_registration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("roadshow_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("visitor", sa.String(length=40), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("attendance", sa.String(length=8), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_roadshow_registration_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["roadshow_id"], ["roadshow.id"], name=op.f("fk_roadshow_registration_roadshow_id_roadshow")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_roadshow_registration_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roadshow_registration")),
        sa.UniqueConstraint(
            "roadshow_id", "org_id", name=op.f("uq_roadshow_registration_roadshow_id_org_id")
        ),
    )
    with op.batch_alter_table("roadshow_registration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roadshow_registration_org_id"), ["org_id"], unique=False)
        batch_op.create_index("ix_roadshow_registration_state", ["roadshow_id", "state", "id"], unique=False)

    op.create_table(
        "investment_claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.String(length=60), nullable=False),
        sa.Column("investment_id", sa.Integer(), nullable=True),
        sa.Column("online_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["investment_id"], ["investment.id"], name=op.f("fk_investment_claim_investment_id_investment")
        ),
        sa.ForeignKeyConstraint(
            ["online_id"],
            ["online_investment.id"],
            name=op.f("fk_investment_claim_online_id_online_investment"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investment_claim")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_investment_claim_fingerprint")),
        sa.UniqueConstraint("investment_id", name=op.f("uq_investment_claim_investment_id")),
        sa.UniqueConstraint("online_id", name=op.f("uq_investment_claim_online_id")),
    )
    op.create_table(
        "investment_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("online_id", sa.Integer(), nullable=True),
        sa.Column("investment_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["investment_id"], ["investment.id"], name=op.f("fk_investment_question_investment_id_investment")
        ),
        sa.ForeignKeyConstraint(
            ["online_id"],
            ["online_investment.id"],
            name=op.f("fk_investment_question_online_id_online_investment"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_investment_question_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investment_question")),
    )
    with op.batch_alter_table("investment_question", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_investment_question_investment_id"), ["investment_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_investment_question_online_id"), ["online_id"], unique=False)
        batch_op.create_index("ix_investment_question_org", ["org_id", "id"], unique=False)
        batch_op.create_index("ix_investment_question_state", ["state", "id"], unique=False)

    op.create_table(
        "investment_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("fingerprint", sa.String(length=60), nullable=False),
        sa.Column("investment_id", sa.Integer(), nullable=True),
        sa.Column("online_id", sa.Integer(), nullable=True),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("institution_name", sa.String(length=100), nullable=False),
        sa.Column("institution_code", sa.String(length=18), nullable=False),
        sa.Column("enterprise_id", sa.Integer(), nullable=False),
        sa.Column("enterprise_name", sa.String(length=100), nullable=False),
        sa.Column("enterprise_code", sa.String(length=18), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("project_name", sa.String(length=60), nullable=False),
        sa.Column("industry", sa.String(length=1), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("round", sa.String(length=10), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["organisation.id"],
            name=op.f("fk_investment_record_enterprise_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["investment_id"], ["investment.id"], name=op.f("fk_investment_record_investment_id_investment")
        ),
        sa.ForeignKeyConstraint(
            ["online_id"],
            ["online_investment.id"],
            name=op.f("fk_investment_record_online_id_online_investment"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_investment_record_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["equity_project.id"], name=op.f("fk_investment_record_project_id_equity_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investment_record")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_investment_record_fingerprint")),
        sa.UniqueConstraint("investment_id", name=op.f("uq_investment_record_investment_id")),
        sa.UniqueConstraint("online_id", name=op.f("uq_investment_record_online_id")),
    )
    with op.batch_alter_table("investment_record", schema=None) as batch_op:
        batch_op.create_index("ix_investment_record_agreed", ["agreed_on", "id"], unique=False)
        batch_op.create_index("ix_investment_record_enterprise", ["enterprise_id", "id"], unique=False)
        batch_op.create_index("ix_investment_record_industry", ["industry", "id"], unique=False)
        batch_op.create_index("ix_investment_record_institution", ["org_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_investment_record_project_id"), ["project_id"], unique=False)
        batch_op.create_index("ix_investment_record_round", ["round", "id"], unique=False)
        batch_op.create_index("ix_investment_record_source", ["source", "id"], unique=False)

    op.create_table(
        "question_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_label", sa.String(length=120), nullable=False),
        sa.Column("from_staff", sa.Boolean(), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_question_message_actor_id_user")),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["investment_question.id"],
            name=op.f("fk_question_message_question_id_investment_question"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_message")),
    )
    with op.batch_alter_table("question_message", schema=None) as batch_op:
        batch_op.create_index("ix_question_message_thread", ["question_id", "id"], unique=False)

    for table in APPEND_ONLY:
        _guard(table)
    for table in REVIEWED:
        _guard(table, DECIDED)


def downgrade() -> None:
    with op.batch_alter_table("question_message", schema=None) as batch_op:
        batch_op.drop_index("ix_question_message_thread")

    op.drop_table("question_message")
    with op.batch_alter_table("investment_record", schema=None) as batch_op:
        batch_op.drop_index("ix_investment_record_source")
        batch_op.drop_index("ix_investment_record_round")
        batch_op.drop_index(batch_op.f("ix_investment_record_project_id"))
        batch_op.drop_index("ix_investment_record_institution")
        batch_op.drop_index("ix_investment_record_industry")
        batch_op.drop_index("ix_investment_record_enterprise")
        batch_op.drop_index("ix_investment_record_agreed")

    op.drop_table("investment_record")
    with op.batch_alter_table("investment_question", schema=None) as batch_op:
        batch_op.drop_index("ix_investment_question_state")
        batch_op.drop_index("ix_investment_question_org")
        batch_op.drop_index(batch_op.f("ix_investment_question_online_id"))
        batch_op.drop_index(batch_op.f("ix_investment_question_investment_id"))

    op.drop_table("investment_question")
    op.drop_table("investment_claim")
    with op.batch_alter_table("roadshow_registration", schema=None) as batch_op:
        batch_op.drop_index("ix_roadshow_registration_state")
        batch_op.drop_index(batch_op.f("ix_roadshow_registration_org_id"))

    op.drop_table("roadshow_registration")
    with op.batch_alter_table("roadshow_project", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roadshow_project_project_id"))

    op.drop_table("roadshow_project")
    with op.batch_alter_table("roadshow_invitation", schema=None) as batch_op:
        batch_op.drop_index("ix_roadshow_invitation_own")

    op.drop_table("roadshow_invitation")
    with op.batch_alter_table("roadshow_change", schema=None) as batch_op:
        batch_op.drop_index("ix_roadshow_change_roadshow")

    op.drop_table("roadshow_change")
    with op.batch_alter_table("plan_opening", schema=None) as batch_op:
        batch_op.drop_index("ix_plan_opening_project")

    op.drop_table("plan_opening")
    with op.batch_alter_table("online_investment", schema=None) as batch_op:
        batch_op.drop_index("ix_online_investment_state")
        batch_op.drop_index(batch_op.f("ix_online_investment_project_id"))
        batch_op.drop_index(batch_op.f("ix_online_investment_lead_id"))
        batch_op.drop_index("ix_online_investment_institution")
        batch_op.drop_index("ix_online_investment_enterprise")

    op.drop_table("online_investment")
    with op.batch_alter_table("lead_event", schema=None) as batch_op:
        batch_op.drop_index("ix_lead_event_lead")

    op.drop_table("lead_event")
    with op.batch_alter_table("roadshow", schema=None) as batch_op:
        batch_op.drop_index("ix_roadshow_state")

    op.drop_table("roadshow")
    op.drop_table("project_view")
    with op.batch_alter_table("project_recommendation", schema=None) as batch_op:
        batch_op.drop_index("ix_project_recommendation_own")
        batch_op.drop_index("ix_project_recommendation_answer")

    op.drop_table("project_recommendation")
    with op.batch_alter_table("project_favourite", schema=None) as batch_op:
        batch_op.drop_index("ix_project_favourite_own")

    op.drop_table("project_favourite")
    with op.batch_alter_table("investment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_investment_submitted_at"))
        batch_op.drop_index(batch_op.f("ix_investment_status"))
        batch_op.drop_index(batch_op.f("ix_investment_project_id"))
        batch_op.drop_index("ix_investment_party")
        batch_op.drop_index("ix_investment_own")
        batch_op.drop_index(batch_op.f("ix_investment_org_id"))

    op.drop_table("investment")
    op.drop_table("invest_preference")
    with op.batch_alter_table("equity_project_revision", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_equity_project_revision_open",
            sqlite_where=sa.text("status IN ('DRAFT', 'PENDING', 'RETURNED')"),
            postgresql_where=sa.text("status IN ('DRAFT', 'PENDING', 'RETURNED')"),
        )
        batch_op.drop_index(batch_op.f("ix_equity_project_revision_submitted_at"))
        batch_op.drop_index(batch_op.f("ix_equity_project_revision_status"))
        batch_op.drop_index(batch_op.f("ix_equity_project_revision_project_id"))
        batch_op.drop_index(batch_op.f("ix_equity_project_revision_org_id"))

    op.drop_table("equity_project_revision")
    with op.batch_alter_table("equity_lead", schema=None) as batch_op:
        batch_op.drop_index("ix_equity_lead_owner")
        batch_op.drop_index("ix_equity_lead_closed")
        batch_op.drop_index("ix_equity_lead_updated_at")
        batch_op.drop_index("ix_equity_lead_org")
        batch_op.drop_index("ix_equity_lead_board")

    op.drop_table("equity_lead")
    with op.batch_alter_table("equity_project", schema=None) as batch_op:
        batch_op.drop_index("ix_equity_project_amount")
        batch_op.drop_index("ix_equity_project_industry")
        batch_op.drop_index("ix_equity_project_round")
        batch_op.drop_index("ix_equity_project_region")
        batch_op.drop_index("ix_equity_project_org")
        batch_op.drop_index("ix_equity_project_list")

    op.drop_table("equity_project")
