"""Alembic's entry: run the migrations on the connection that impl/postgres/migrations.py hands over."""

from __future__ import annotations

from alembic import context

from impl.tables import SCHEMA, metadata


def ours(name: str | None, type_: str, parent_names: object) -> bool:
    """Select our own schema: Better Auth may have its tables in the same database."""
    return type_ != "schema" or name == SCHEMA


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=ours,
    # For scripts/migration, which compares the database with the tables.
    compare_server_default=True,
    autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
)
with context.begin_transaction():
    context.run_migrations()
