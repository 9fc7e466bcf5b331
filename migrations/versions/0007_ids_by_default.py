"""Allow the server to set the id of a new row, after it has taken the id from the sequence.

An insert whose response was lost can then be retried: the primary key shows whether it was done.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCHEMA = "tasks_api"
TABLES = ("task", "category")


def upgrade() -> None:
    _generate("BY DEFAULT")


def downgrade() -> None:
    _generate("ALWAYS")


def _generate(when: str) -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {SCHEMA}.{table} ALTER COLUMN id SET GENERATED {when}")
