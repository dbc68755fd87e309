"""Alembic's environment: the project's own engine address and tables."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine
from sqlmodel import SQLModel

import cpegi_app.models  # noqa: F401  (registers the tables)
from cpegi_app import db

config = context.config
url = config.attributes.get("url") or db.url()


def _render(kind: str, item: object, autogen_context) -> str | bool:
    if type(item).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    if type(item).__name__ == "AutoString":
        return f"sa.String(length={item.length})" if item.length else "sa.String()"  # pyright: ignore
    if kind == "type" and type(item).__name__ == "JSON":
        autogen_context.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def run() -> None:
    """Run the migrations in one transaction."""
    engine = create_engine(url)
    if url.startswith("sqlite"):
        db_file = engine.url.database
        if db_file:
            from pathlib import Path

            Path(db_file).parent.mkdir(parents=True, exist_ok=True)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            compare_type=True,
            render_as_batch=url.startswith("sqlite"),
            render_item=_render,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
