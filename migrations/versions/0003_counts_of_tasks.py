"""Maintain the number of tasks of each kind with triggers, so that `total` need not count rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHEMA = "tasks_api"
KINDS = [
    (f"{state}_{priority}", f"{'' if state == 'done' else 'NOT '}completed AND priority = '{priority}'")
    for state in ("open", "done")
    for priority in ("low", "medium", "high")
]
NAMES = ", ".join(name for name, _ in KINDS)
SUMS = ", ".join(f"coalesce(sum(n) FILTER (WHERE {condition}), 0) AS {name}" for name, condition in KINDS)
ADDED = "SELECT user_id, category_id, completed, priority, 1 AS n FROM added"
REMOVED = "SELECT user_id, category_id, completed, priority, -1 AS n FROM removed"

# Each task counts twice: for all tasks of its user (category_id 0) and for its category. Counters are updated
# in the order of their keys, as the last step of a statement, so that two statements cannot deadlock. A
# counter that reaches zero is deleted, so that erasing a user leaves no counters.
COUNT = f"""
INSERT INTO {SCHEMA}.task_count AS counted (user_id, category_id, {NAMES})
SELECT user_id, scope.id, {SUMS}
FROM ({{changes}}) AS change, LATERAL (VALUES (0), (change.category_id)) AS scope (id)
WHERE scope.id IS NOT NULL
GROUP BY user_id, scope.id
HAVING {" OR ".join(f"sum(n) FILTER (WHERE {condition}) <> 0" for _, condition in KINDS)}
ORDER BY user_id, scope.id
ON CONFLICT (user_id, category_id) DO UPDATE
SET {", ".join(f"{name} = counted.{name} + excluded.{name}" for name, _ in KINDS)};
"""
FORGET = f"""
DELETE FROM {SCHEMA}.task_count AS counted
USING (SELECT DISTINCT user_id, unnest(ARRAY[0, category_id]) AS category_id FROM removed) AS touched
WHERE counted.user_id = touched.user_id AND counted.category_id = touched.category_id
AND {" + ".join(name for name, _ in KINDS)} = 0;
"""
FUNCTION = f"""
CREATE FUNCTION {SCHEMA}.count_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        {COUNT.format(changes=ADDED)}
    ELSIF TG_OP = 'UPDATE' THEN
        -- Most changes leave the counts alone, and this is the quickest way to see it.
        IF EXISTS (
            SELECT FROM added JOIN removed USING (user_id, id)
            WHERE (added.completed, added.priority) <> (removed.completed, removed.priority)
            OR added.category_id IS DISTINCT FROM removed.category_id
        ) THEN
            {COUNT.format(changes=f"{ADDED} UNION ALL {REMOVED}")}
            {FORGET}
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        {COUNT.format(changes=REMOVED)}
        {FORGET}
    ELSE
        DELETE FROM {SCHEMA}.task_count;
    END IF;
    RETURN NULL;
END
$$
"""
TRIGGERS = {
    "INSERT": "REFERENCING NEW TABLE AS added",
    "UPDATE": "REFERENCING NEW TABLE AS added OLD TABLE AS removed",
    "DELETE": "REFERENCING OLD TABLE AS removed",
    "TRUNCATE": "",
}


def upgrade() -> None:
    op.create_table(
        "task_count",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("category_id", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name, _ in KINDS),
        sa.PrimaryKeyConstraint("user_id", "category_id", name="task_count_pkey"),
        # Free space on each page for new row versions: an update of a counter does not change the index.
        postgresql_with={"fillfactor": "50"},
        schema=SCHEMA,
    )
    op.execute(FUNCTION)
    # The table stays locked until the commit: no task is added between the triggers and the first count.
    for operation, tables in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER task_count_{operation.lower()} AFTER {operation} ON {SCHEMA}.task {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.count_tasks()"
        )
    op.execute(COUNT.format(changes=ADDED.replace("FROM added", f"FROM {SCHEMA}.task")))


def downgrade() -> None:
    for operation in TRIGGERS:
        op.execute(f"DROP TRIGGER task_count_{operation.lower()} ON {SCHEMA}.task")
    op.execute(f"DROP FUNCTION {SCHEMA}.count_tasks()")
    op.drop_table("task_count", schema=SCHEMA)
