"""Policies: definitions, applications, grants, publication, redemption, payment (manual §8)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Rows that stay as they are, as in 0002: always, or from a moment on.
DECIDED = "OLD.status IN ('APPROVED', 'REJECTED')"
FROZEN = {
    "policy_version": "",
    "policy_amount": "",
    "policy_assignment": "",
    "publicity_entry": "",
    "policy_application": DECIDED,
    "policy_claim": DECIDED,
    "policy_record": "OLD.is_final",
    "payment": "OLD.state = 'PAID'",
}


def _freeze(table: str, verb: str, when: str) -> str:
    name = f"{table}_no_{verb.lower()}"
    if op.get_bind().dialect.name == "postgresql":
        guard = f"WHEN ({when}) " if when else ""
        return (
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW {guard}"
            "EXECUTE FUNCTION cpegi_immutable()"
        )
    guard = f"WHEN {when} " if when else ""
    return (
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table} {guard}"
        f"BEGIN SELECT RAISE(ABORT, 'immutable: {table}'); END"
    )


def upgrade() -> None:
    op.create_table(
        "payment_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("exported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_payment_batch_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_batch")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_batch_number")),
    )
    with op.batch_alter_table("payment_batch", schema=None) as batch_op:
        batch_op.create_index("ix_payment_batch_state", ["state", "id"], unique=False)

    op.create_table(
        "policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("draft", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redeem_opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redeem_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_reason", sa.String(length=500), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_policy_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
    )
    with op.batch_alter_table("policy", schema=None) as batch_op:
        batch_op.create_index("ix_policy_closes", ["state", "closes_at"], unique=False)
        batch_op.create_index("ix_policy_redeem", ["state", "redeem_closes_at"], unique=False)

    op.create_table(
        "payment_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("paid", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("findings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["payment_batch.id"], name=op.f("fk_payment_import_batch_id_payment_batch")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_payment_import_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_import")),
        sa.UniqueConstraint("batch_id", "sha256", name=op.f("uq_payment_import_batch_id_sha256")),
    )
    op.create_table(
        "policy_budget",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=True),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("receipts", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "held_fen >= 0 AND (total_fen IS NULL OR held_fen <= total_fen)",
            name=op.f("ck_policy_budget_held"),
        ),
        sa.CheckConstraint("paid_fen >= 0 AND paid_fen <= held_fen", name=op.f("ck_policy_budget_paid")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_budget_policy_id_policy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_budget")),
        sa.UniqueConstraint("policy_id", name=op.f("uq_policy_budget_policy_id")),
    )
    op.create_table(
        "policy_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_file_policy_id_policy")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["user.id"], name=op.f("fk_policy_file_uploaded_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_file")),
    )
    with op.batch_alter_table("policy_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policy_file_policy_id"), ["policy_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_policy_file_sha256"), ["sha256"], unique=False)

    op.create_table(
        "policy_tally",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("cap_fen", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("count >= 0 AND count <= most", name=op.f("ck_policy_tally_count")),
        sa.CheckConstraint(
            "held_fen >= 0 AND (cap_fen IS NULL OR held_fen <= cap_fen)", name=op.f("ck_policy_tally_held")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_policy_tally_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_tally_policy_id_policy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_tally")),
        sa.UniqueConstraint("policy_id", "org_id", name=op.f("uq_policy_tally_policy_id_org_id")),
    )
    with op.batch_alter_table("policy_tally", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policy_tally_org_id"), ["org_id"], unique=False)

    op.create_table(
        "policy_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=True),
        sa.Column("published_label", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policy.id"], name=op.f("fk_policy_version_policy_id_policy")
        ),
        sa.ForeignKeyConstraint(
            ["published_by"], ["user.id"], name=op.f("fk_policy_version_published_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
        sa.UniqueConstraint("policy_id", "number", name=op.f("uq_policy_version_policy_id_number")),
    )
    op.create_table(
        "publicity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_publicity_policy_id_policy")),
        sa.ForeignKeyConstraint(["published_by"], ["user.id"], name=op.f("fk_publicity_published_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publicity")),
    )
    with op.batch_alter_table("publicity", schema=None) as batch_op:
        batch_op.create_index("ix_publicity_ends", ["closed_at", "ends_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_publicity_policy_id"), ["policy_id"], unique=False)

    op.create_table(
        "policy_application",
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
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("policy_name", sa.String(length=100), nullable=False),
        sa.Column("org_name", sa.String(length=100), nullable=False),
        sa.Column("receipt_no", sa.String(length=30), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("profile", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("calculation", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("asked_fen", sa.BigInteger(), nullable=False),
        sa.Column("computed_fen", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_fen", sa.BigInteger(), nullable=True),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.Column("people", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promise_days", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("paused_on", sa.Date(), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.CheckConstraint("held_fen >= 0", name=op.f("ck_policy_application_held")),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["user.id"], name=op.f("fk_policy_application_assignee_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_policy_application_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policy.id"], name=op.f("fk_policy_application_policy_id_policy")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["user.id"], name=op.f("fk_policy_application_submitted_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["policy_version.id"],
            name=op.f("fk_policy_application_version_id_policy_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_application")),
        sa.UniqueConstraint("receipt_no", name=op.f("uq_policy_application_receipt_no")),
    )
    with op.batch_alter_table("policy_application", schema=None) as batch_op:
        batch_op.create_index(
            "ix_policy_application_assignee", ["assignee_id", "status", "due_on"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_policy_application_org_id"), ["org_id"], unique=False)
        batch_op.create_index(
            "ix_policy_application_policy", ["policy_id", "status", "submitted_at"], unique=False
        )
        batch_op.create_index(
            "ix_policy_application_queue", ["status", "stage", "due_on", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_policy_application_status"), ["status"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_policy_application_submitted_at"), ["submitted_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_policy_application_version_id"), ["version_id"], unique=False)
        batch_op.create_index(
            "uq_policy_application_open",
            ["org_id", "policy_id"],
            unique=True,
            sqlite_where=sa.text("status IN ('DRAFT', 'PENDING', 'RETURNED')"),
            postgresql_where=sa.text("status IN ('DRAFT', 'PENDING', 'RETURNED')"),
        )

    op.create_table(
        "policy_amount",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_label", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_policy_amount_actor_id_user")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["policy_application.id"],
            name=op.f("fk_policy_amount_application_id_policy_application"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_amount")),
    )
    with op.batch_alter_table("policy_amount", schema=None) as batch_op:
        batch_op.create_index("ix_policy_amount_application", ["application_id", "kind", "id"], unique=False)

    op.create_table(
        "policy_assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("move", sa.String(length=12), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=True),
        sa.Column("to_id", sa.Integer(), nullable=True),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_policy_assignment_actor_id_user")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["policy_application.id"],
            name=op.f("fk_policy_assignment_application_id_policy_application"),
        ),
        sa.ForeignKeyConstraint(["from_id"], ["user.id"], name=op.f("fk_policy_assignment_from_id_user")),
        sa.ForeignKeyConstraint(["to_id"], ["user.id"], name=op.f("fk_policy_assignment_to_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_assignment")),
    )
    with op.batch_alter_table("policy_assignment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_policy_assignment_application_id"), ["application_id"], unique=False
        )

    op.create_table(
        "policy_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("org_name", sa.String(length=100), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("publicity_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_policy_grant_amount")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["policy_application.id"],
            name=op.f("fk_policy_grant_application_id_policy_application"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_policy_grant_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_grant_policy_id_policy")),
        sa.ForeignKeyConstraint(
            ["publicity_id"], ["publicity.id"], name=op.f("fk_policy_grant_publicity_id_publicity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_grant")),
        sa.UniqueConstraint("application_id", name=op.f("uq_policy_grant_application_id")),
    )
    with op.batch_alter_table("policy_grant", schema=None) as batch_op:
        batch_op.create_index("ix_policy_grant_org", ["org_id", "state"], unique=False)
        batch_op.create_index("ix_policy_grant_policy", ["policy_id", "state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_policy_grant_publicity_id"), ["publicity_id"], unique=False)

    op.create_table(
        "policy_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_policy_mark_actor_id_user")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["policy_application.id"],
            name=op.f("fk_policy_mark_application_id_policy_application"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_mark")),
        sa.UniqueConstraint(
            "application_id", "round", "target", name=op.f("uq_policy_mark_application_id_round_target")
        ),
    )
    op.create_table(
        "policy_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("base_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("snapshot", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["policy_application.id"],
            name=op.f("fk_policy_record_application_id_policy_application"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_policy_record_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_record_policy_id_policy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_record")),
    )
    with op.batch_alter_table("policy_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policy_record_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_policy_record_org_id"), ["org_id"], unique=False)
        batch_op.create_index("ix_policy_record_source", ["source", "root_id"], unique=False)
        batch_op.create_index(
            "uq_policy_record_held",
            ["policy_id", "source", "root_id"],
            unique=True,
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )

    op.create_table(
        "objection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("publicity_id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=True),
        sa.Column("from_name", sa.String(length=60), nullable=False),
        sa.Column("contact", sa.String(length=60), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("conclusion", sa.String(length=1000), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name=op.f("fk_objection_decided_by_user")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["policy_grant.id"], name=op.f("fk_objection_grant_id_policy_grant")
        ),
        sa.ForeignKeyConstraint(
            ["publicity_id"], ["publicity.id"], name=op.f("fk_objection_publicity_id_publicity")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["user.id"], name=op.f("fk_objection_recorded_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    with op.batch_alter_table("objection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_objection_grant_id"), ["grant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_objection_publicity_id"), ["publicity_id"], unique=False)

    op.create_table(
        "policy_claim",
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
        sa.Column("grant_id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("org_name", sa.String(length=100), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("payee_name", sa.String(length=100), nullable=False),
        sa.Column("bank", sa.String(length=100), nullable=False),
        sa.Column("account_no", sa.String(length=40), nullable=False),
        sa.Column("people", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["policy_application.id"],
            name=op.f("fk_policy_claim_application_id_policy_application"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["policy_grant.id"], name=op.f("fk_policy_claim_grant_id_policy_grant")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_policy_claim_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_claim_policy_id_policy")),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["user.id"], name=op.f("fk_policy_claim_submitted_by_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_claim")),
    )
    with op.batch_alter_table("policy_claim", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policy_claim_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_policy_claim_org_id"), ["org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_policy_claim_policy_id"), ["policy_id"], unique=False)
        batch_op.create_index("ix_policy_claim_queue", ["status", "submitted_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_policy_claim_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_policy_claim_submitted_at"), ["submitted_at"], unique=False)
        batch_op.create_index(
            "uq_policy_claim_grant",
            ["grant_id"],
            unique=True,
            sqlite_where=sa.text("status <> 'REJECTED'"),
            postgresql_where=sa.text("status <> 'REJECTED'"),
        )

    op.create_table(
        "publicity_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("publicity_id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=False),
        sa.Column("org_name", sa.String(length=100), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["policy_grant.id"], name=op.f("fk_publicity_entry_grant_id_policy_grant")
        ),
        sa.ForeignKeyConstraint(
            ["publicity_id"], ["publicity.id"], name=op.f("fk_publicity_entry_publicity_id_publicity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publicity_entry")),
        sa.UniqueConstraint(
            "publicity_id", "grant_id", name=op.f("uq_publicity_entry_publicity_id_grant_id")
        ),
    )
    with op.batch_alter_table("publicity_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_publicity_entry_grant_id"), ["grant_id"], unique=False)

    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("payee_name", sa.String(length=100), nullable=False),
        sa.Column("bank", sa.String(length=100), nullable=False),
        sa.Column("account_no", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("voucher_no", sa.String(length=60), nullable=False),
        sa.Column("failure", sa.String(length=200), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_amount")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["payment_batch.id"], name=op.f("fk_payment_batch_id_payment_batch")
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["policy_claim.id"], name=op.f("fk_payment_claim_id_policy_claim")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["policy_grant.id"], name=op.f("fk_payment_grant_id_policy_grant")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["payment_import.id"], name=op.f("fk_payment_import_id_payment_import")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_payment_org_id_organisation")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_payment_policy_id_policy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_number")),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index("ix_payment_batch", ["batch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_grant_id"), ["grant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_org_id"), ["org_id"], unique=False)
        batch_op.create_index("ix_payment_policy", ["policy_id", "state"], unique=False)
        batch_op.create_index(
            "uq_payment_claim",
            ["claim_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'FAILED'"),
            postgresql_where=sa.text("state <> 'FAILED'"),
        )

    op.create_index("ix_loan_code", "loan", ["borrower_code"])
    for table, when in FROZEN.items():
        for verb in ("UPDATE", "DELETE"):
            op.execute(_freeze(table, verb, when))


def downgrade() -> None:
    op.drop_index("ix_loan_code", "loan")
    for table in (
        "payment",
        "publicity_entry",
        "policy_claim",
        "objection",
        "policy_record",
        "policy_mark",
        "policy_grant",
        "policy_assignment",
        "policy_amount",
        "policy_application",
        "publicity",
        "policy_version",
        "policy_tally",
        "policy_file",
        "policy_budget",
        "payment_import",
        "policy",
        "payment_batch",
    ):
        op.drop_table(table)
