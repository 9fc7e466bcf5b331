"""Update the counters user by user, so that partitioned tables read only that user's partition.

A join with the changed rows may read all partitions; a statement for one user reads one partition.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCHEMA = "tasks_api"
TOGETHER = f"""
DELETE FROM {SCHEMA}.task_count AS counted
USING (SELECT DISTINCT user_id, unnest(ARRAY[0, category_id]) AS category_id FROM removed) AS touched
WHERE counted.user_id = touched.user_id AND counted.category_id = touched.category_id
AND open_low + open_medium + open_high + done_low + done_medium + done_high = 0;
"""
ONE_BY_ONE = f"""
FOR owner IN SELECT DISTINCT user_id FROM removed LOOP
    DELETE FROM {SCHEMA}.task_count AS counted
    WHERE counted.user_id = owner
    AND counted.category_id IN (SELECT unnest(ARRAY[0, category_id]) FROM removed WHERE user_id = owner)
    AND open_low + open_medium + open_high + done_low + done_medium + done_high = 0;
END LOOP;
"""


def upgrade() -> None:
    _replace({"\nBEGIN\n": "\nDECLARE\n    owner text;\nBEGIN\n", TOGETHER: ONE_BY_ONE})


def downgrade() -> None:
    _replace({ONE_BY_ONE: TOGETHER, "\nDECLARE\n    owner text;\nBEGIN\n": "\nBEGIN\n"})


def _replace(words: dict[str, str]) -> None:
    """Replace parts of the function that 0003 created."""
    connection = op.get_bind()
    function = f"SELECT pg_get_functiondef('{SCHEMA}.count_tasks()'::regprocedure)"
    definition: str = connection.exec_driver_sql(function).scalar_one()
    for old, new in words.items():
        assert old in definition
        definition = definition.replace(old, new)
    connection.exec_driver_sql(definition)
