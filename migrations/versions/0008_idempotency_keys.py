"""Store each Idempotency-Key with a fingerprint of its request and the written row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SCHEMA = "tasks_api"


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("answer", JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name="idempotency_key_pkey"),
        sa.ForeignKeyConstraint(
            ["user_id"], [f"{SCHEMA}.user.id"], name="idempotency_key_user_id_fkey", ondelete="CASCADE"
        ),
        schema=SCHEMA,
    )
    op.create_index("idempotency_key_oldest", "idempotency_key", ["user_id", "created_at"], schema=SCHEMA)


def downgrade() -> None:
    op.drop_table("idempotency_key", schema=SCHEMA)
