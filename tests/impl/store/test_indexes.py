from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, combinations, product
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Table

from impl.postgres.database import Database
from impl.postgres.statement import Statement
from impl.store.pages import PageStatement
from impl.tables import category, task
from tests.databases import PARTITIONS
from tests.statements import owned_tables, resources

USER = "user-with-many-tasks"

# tests/resilience/test_partitions.py tests the plans on partitions, which are small.
pytestmark = pytest.mark.skipif(bool(PARTITIONS), reason="tests the plans on unpartitioned tables")

VALUES: Mapping[str, object] = {
    "user_id": USER,
    "completed": False,
    "priority": "high",
    "category_id": 1,
    "limit": 11,
    "offset": 0,
    "after_created_at": datetime(2026, 1, 1, tzinfo=UTC),
    "after_id": 1,
}

# Enough rows and users to make a sequential scan the worse plan.
ROWS = f"""
INSERT INTO tasks_api."user" (id) SELECT 'many-' || n FROM generate_series(1, 10) n;
INSERT INTO tasks_api."user" (id) SELECT 'other-' || n FROM generate_series(1, 1000) n;
INSERT INTO tasks_api.category (user_id, name) SELECT id, 'One' FROM tasks_api."user" WHERE id LIKE 'other-%';
INSERT INTO tasks_api."user" (id) VALUES ('{USER}');
INSERT INTO tasks_api.category (user_id, name, created_at)
SELECT id, 'Category ' || n, now() - n * interval '1 hour' FROM tasks_api."user", generate_series(1, 200) n
WHERE id LIKE 'many-%' OR id = '{USER}';
INSERT INTO tasks_api.task (user_id, title, completed, priority, category_id, created_at)
SELECT c.user_id, 'Task', n % 4 = 0, (ARRAY['low', 'medium', 'high'])[1 + n % 3], c.id,
       now() - n * interval '1 hour'
FROM tasks_api.category c, generate_series(1, 10) n WHERE c.user_id LIKE 'many-%' OR c.user_id = '{USER}';
ANALYZE tasks_api.task; ANALYZE tasks_api.category; ANALYZE tasks_api."user";
ANALYZE tasks_api.task_count; ANALYZE tasks_api.category_count;
"""  # noqa: S608


def lists() -> Iterator[tuple[Table, tuple[str, ...], bool, bool]]:
    names = ("completed", "priority", "category_id")
    for after_cursor, skipping in product((False, True), (False, True)):
        yield category, (), after_cursor, skipping
        for filters in chain.from_iterable(combinations(names, size) for size in range(4)):
            yield task, filters, after_cursor, skipping


TABLES = owned_tables(resources(Database("postgresql://nowhere/app")).values())


def list_statement(
    table: Table, filters: tuple[str, ...], *, after_cursor: bool, skipping: bool
) -> PageStatement:
    values = {name: VALUES[name] for name in filters}
    return TABLES[table.name]._pages.statement(values, after_cursor=after_cursor, skipping=skipping)


@pytest.fixture(scope="module")
def cursor(database_url: str) -> Iterator[Any]:
    connection = psycopg2.connect(database_url)
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        yield cursor
    connection.rollback()
    connection.close()


def plans(cursor: Any, statement: Statement) -> list[dict[str, Any]]:
    """Return the custom plan and the generic plan, which PostgreSQL may use after five runs."""
    values = [VALUES[name] for name in statement.names]
    found = []
    cursor.execute(f"PREPARE list AS {statement.sql}")
    for mode in ("force_custom_plan", "force_generic_plan"):
        cursor.execute(f"SET LOCAL plan_cache_mode = {mode}")
        cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE list ({', '.join(['%s'] * len(values))})", values)
        found.append(cursor.fetchone()[0][0]["Plan"])
    cursor.execute("DEALLOCATE list")
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


@pytest.mark.parametrize("way", ["rows", "anyway"])
@pytest.mark.parametrize(("table", "filters", "after_cursor", "skipping"), list(lists()), ids=str)
def test_every_list_uses_an_index_on_the_owner(
    cursor: Any, table: Table, filters: tuple[str, ...], after_cursor: bool, skipping: bool, way: str
) -> None:
    statement = list_statement(table, filters, after_cursor=after_cursor, skipping=skipping)
    for plan in plans(cursor, getattr(statement, way)):
        scans = [node for node in nodes(plan) if node["Node Type"].endswith("Scan")]
        assert not [node for node in scans if node["Node Type"] == "Seq Scan"]
        indexed = [node for node in scans if node.get("Index Name", "").startswith(table.name)]
        # One scan for the page and one for the total.
        assert len(indexed) >= 2
        for node in indexed:
            assert "user_id" in node["Index Cond"]
        if len(filters) < 2:
            # The index has the order of the list, so the page needs no sort.
            page = next(node for node in nodes(plan) if node["Node Type"] == "Limit")
            assert not [node for node in nodes(page) if "Sort" in node["Node Type"]]
