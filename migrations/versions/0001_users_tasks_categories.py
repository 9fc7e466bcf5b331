"""Users, tasks and categories."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Not imported from impl/tables.py: a migration must stay as it was applied, while the tables change.
SCHEMA = "tasks_api"
NEWEST = (sa.text("created_at DESC"), sa.text("id DESC"))


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True, maxvalue=9_007_199_254_740_991))


def _timestamp(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("email_verified", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("image", sa.Text),
        _timestamp("created_at"),
        _timestamp("updated_at"),
        sa.PrimaryKeyConstraint("id", name="user_pkey"),
        sa.CheckConstraint("char_length(id) BETWEEN 1 AND 128", name=op.f("user_id_check")),
        schema=SCHEMA,
    )
    op.create_table(
        "erased_user",
        sa.Column("id", sa.Text, nullable=False),
        _timestamp("erased_at"),
        sa.PrimaryKeyConstraint("id", name="erased_user_pkey"),
        schema=SCHEMA,
    )
    op.create_table(
        "category",
        sa.Column("user_id", sa.Text, nullable=False),
        _id(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("color", sa.Text, server_default="#3B82F6", nullable=False),
        _timestamp("created_at"),
        sa.PrimaryKeyConstraint("user_id", "id", name="category_pkey"),
        sa.ForeignKeyConstraint(
            ["user_id"], [f"{SCHEMA}.user.id"], name="category_user_id_fkey", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("user_id", "name", name="category_user_id_name_key"),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 100", name=op.f("category_name_check")),
        sa.CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name=op.f("category_color_check")),
        schema=SCHEMA,
    )
    op.create_table(
        "task",
        sa.Column("user_id", sa.Text, nullable=False),
        _id(),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("completed", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("priority", sa.Text, server_default="medium", nullable=False),
        sa.Column("due_date", sa.DateTime(timezone=True)),
        sa.Column("category_id", sa.BigInteger),
        _timestamp("created_at"),
        _timestamp("updated_at"),
        sa.PrimaryKeyConstraint("user_id", "id", name="task_pkey"),
        sa.ForeignKeyConstraint(
            ["user_id"], [f"{SCHEMA}.user.id"], name="task_user_id_fkey", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "category_id"],
            [f"{SCHEMA}.category.user_id", f"{SCHEMA}.category.id"],
            name="task_user_id_category_id_fkey",
            ondelete="SET NULL (category_id)",
        ),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 255", name=op.f("task_title_check")),
        sa.CheckConstraint("char_length(description) <= 2000", name=op.f("task_description_check")),
        sa.CheckConstraint("priority IN ('low', 'medium', 'high')", name=op.f("task_priority_check")),
        schema=SCHEMA,
    )
    op.create_index("category_newest", "category", ["user_id", *NEWEST], schema=SCHEMA)
    op.create_index("task_newest", "task", ["user_id", *NEWEST], schema=SCHEMA)
    op.create_index("task_completed", "task", ["user_id", "completed", *NEWEST], schema=SCHEMA)
    op.create_index("task_priority", "task", ["user_id", "priority", *NEWEST], schema=SCHEMA)
    op.create_index("task_category", "task", ["user_id", "category_id", *NEWEST], schema=SCHEMA)


def downgrade() -> None:
    for table in ("task", "category", "erased_user", "user"):
        op.drop_table(table, schema=SCHEMA)
