"""Store when the token of a profile was issued, so that an older token does not restore an older profile."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA = "tasks_api"


def upgrade() -> None:
    op.add_column("user", sa.Column("described_at", sa.DateTime(timezone=True)), schema=SCHEMA)


def downgrade() -> None:
    op.drop_column("user", "described_at", schema=SCHEMA)
