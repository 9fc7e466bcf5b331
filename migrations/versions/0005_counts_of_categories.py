"""Maintain the number of categories of each user with triggers, like the numbers of tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SCHEMA = "tasks_api"
COUNT = f"""
INSERT INTO {SCHEMA}.category_count AS counted (user_id, categories)
SELECT user_id, count(*) FROM {{added}} GROUP BY user_id ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE SET categories = counted.categories + excluded.categories;
"""
FUNCTION = f"""
CREATE FUNCTION {SCHEMA}.count_categories() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        {COUNT.format(added="added")}
    ELSIF TG_OP = 'DELETE' THEN
        FOR change IN
            SELECT user_id, count(*) AS categories FROM removed GROUP BY user_id ORDER BY user_id
        LOOP
            UPDATE {SCHEMA}.category_count SET categories = category_count.categories - change.categories
            WHERE user_id = change.user_id;
            DELETE FROM {SCHEMA}.category_count WHERE user_id = change.user_id AND categories = 0;
        END LOOP;
    ELSE
        DELETE FROM {SCHEMA}.category_count;
    END IF;
    RETURN NULL;
END
$$
"""
TRIGGERS = {
    "INSERT": "REFERENCING NEW TABLE AS added",
    "DELETE": "REFERENCING OLD TABLE AS removed",
    "TRUNCATE": "",
}


def upgrade() -> None:
    op.create_table(
        "category_count",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("categories", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="category_count_pkey"),
        schema=SCHEMA,
    )
    op.execute(FUNCTION)
    # The table stays locked until the commit: no category is added between the triggers and the first count.
    for operation, tables in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER category_count_{operation.lower()} "
            f"AFTER {operation} ON {SCHEMA}.category {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.count_categories()"
        )
    op.execute(COUNT.format(added=f"{SCHEMA}.category"))


def downgrade() -> None:
    for operation in TRIGGERS:
        op.execute(f"DROP TRIGGER category_count_{operation.lower()} ON {SCHEMA}.category")
    op.execute(f"DROP FUNCTION {SCHEMA}.count_categories()")
    op.drop_table("category_count", schema=SCHEMA)
