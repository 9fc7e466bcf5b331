"""The schema and every statement contain the owner, so that tables can be sharded by owner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest

from devtools.embedded_postgres import EmbeddedPostgres
from impl.postgres.statement import Statement
from impl.tables import metadata
from tests.databases import prepare
from tests.resilience.conftest import FULL, Report
from tests.resilience.suite import run_suite
from tests.resources import RESOURCES, example_values, table_of
from tests.statements import statements

PARTITIONS = 16
USERS = [f"owner-{n}" for n in range(40)]

# Forty users with 8 categories and 400 tasks each.
ROWS = """
INSERT INTO tasks_api."user" (id) SELECT 'owner-' || n FROM generate_series(0, 39) n;
INSERT INTO tasks_api.category (user_id, name)
SELECT u.id, 'Category ' || n FROM tasks_api."user" u, generate_series(1, 8) n;
INSERT INTO tasks_api.task (user_id, title, completed, priority, category_id, created_at)
SELECT c.user_id, 'Task', n % 4 = 0, (ARRAY['low', 'medium', 'high'])[1 + n % 3], c.id,
       now() - n * interval '1 hour'
FROM tasks_api.category c, generate_series(1, 50) n;
ANALYZE;
"""

# Counts every read and write of a partition, including triggers and foreign key checks.
TOUCHED = r"""
SELECT relname::text, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del
FROM pg_stat_xact_user_tables WHERE schemaname = 'tasks_api' AND relname ~ '_\d+$'
"""


class Sharded:
    """A connection to a partitioned database, with values for the parameters of any statement."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor
        self.values: Mapping[str, Mapping[str, object]] = {user: self._values(user) for user in USERS}
        self.cursor.connection.commit()

    def _values(self, user_id: str) -> dict[str, object]:
        def first(table: str) -> int:
            self.cursor.execute(f"SELECT min(id) FROM tasks_api.{table} WHERE user_id = %s", [user_id])  # noqa: S608
            # If there are no rows, the id 1 does not exist.
            return int(self.cursor.fetchone()[0] or 1)

        # The properties of all resources, and the ids of the resources that they refer to.
        values = {name: example_values().get(name) for one in RESOURCES.values() for name in one.references}
        firsts = {name: first(table_of(name).name) for name in RESOURCES}
        return {
            **values,
            **firsts,
            "completed": True,
            "priority": "high",
            "name": "Another",
            "color": "#000000",
            "user_id": user_id,
            "new id": 2**52,
            "limit": 11,
            "offset": 5,
            "after_created_at": datetime(2100, 1, 1, tzinfo=UTC),
            "after_id": 1,
            "email": "ada@example.com",
            "email_verified": True,
            "image": None,
            "issued_at": datetime(2026, 1, 1, tzinfo=UTC),
            "cleared": [],
            "revision": 1,
            "given": 2**30 - 1,
            "preconditions": None,
            "key": "key",
            "fingerprint": b"",
        }

    def touched(self, statement: Statement[Any], mode: str, *users: str) -> dict[str, set[str]]:
        """Run the statement for these users; return the partitions of each table that it reads or changes."""
        rows = [{**self.values[user], "id": self.values[user][id_of(statement)]} for user in users]
        arguments = [
            [row[name] for row in rows] if is_batch(statement) else rows[0][name] for name in statement.names
        ]
        self.cursor.execute(f"SET plan_cache_mode = {mode}; PREPARE it AS {statement.sql}")
        try:
            before = self._counts()
            self.cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE it {marks(arguments)}", arguments)
            plan = self.cursor.fetchone()[0][0]["Plan"]
            after = self._counts()
        finally:
            # Undo the changes, and deallocate the prepared statement.
            self.cursor.connection.rollback()
            self.cursor.execute("DEALLOCATE ALL")
        found = {name for name, count in after.items() if count != before.get(name, 0)}
        found |= {node["Relation Name"] for node in nodes(plan) if executed(node)}
        tables: dict[str, set[str]] = {}
        for name in found:
            tables.setdefault(name.rpartition("_")[0], set()).add(name)
        return tables

    def _counts(self) -> dict[str, int]:
        self.cursor.execute(TOUCHED)
        return dict(self.cursor.fetchall())


def is_batch(statement: Statement[Any]) -> bool:
    return "unnest(" in statement.sql


def id_of(statement: Statement[Any]) -> str:
    """Return the kind of id that the parameter `id` has: of a new row, or of an existing row."""
    tables = {f"tasks_api.{table_of(name).name}": name for name in RESOURCES}
    found = re.search(r"(INSERT INTO|FROM|UPDATE) (tasks_api\.\w+)\b", statement.sql)
    if found and found[1] == "INSERT INTO" and found[2] in tables:
        return "new id"
    named = (tables[table] for table in re.findall(r"tasks_api\.\w+", statement.sql) if table in tables)
    return next(named, "category_id")


def marks(arguments: Sequence[object]) -> str:
    return f"({', '.join(['%s'] * len(arguments))})" if arguments else ""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def executed(node: dict[str, Any]) -> bool:
    # ModifyTable names the first partition, even if it did not change it.
    return bool(node.get("Relation Name") and node["Actual Loops"] and node["Node Type"] != "ModifyTable")


@pytest.fixture(scope="module", params=["as filled", *(["empty"] if FULL else [])])
def sharded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sharded]:
    """A partitioned database, with and without statistics of the tables."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("sharded") / "data", durable=False) as postgres:
        prepare(postgres.url, partitions=PARTITIONS, isolation=None)
        with closing(psycopg2.connect(postgres.url)) as connection, connection.cursor() as cursor:
            cursor.execute(ROWS if request.param == "as filled" else ROWS.replace("ANALYZE;", ""))
            connection.commit()
            yield Sharded(cursor)


@pytest.mark.parametrize("mode", ["force_generic_plan", *(["force_custom_plan"] if FULL else [])])
def test_every_statement_touches_one_partition_per_table(sharded: Sharded, mode: str, report: Report) -> None:
    tables: set[str] = set()
    sent = statements(sharded=True)
    for name, statement in sent.items():
        touched = sharded.touched(statement, mode, USERS[7])
        assert {table for table, partitions in touched.items() if len(partitions) > 1} == set(), name
        tables |= touched.keys()
    # Every table was touched, so the counters work.
    assert tables == {table.name for table in metadata.tables.values()}
    report(
        "Statements and partitions",
        f"1 of {PARTITIONS} partitions of each table",
        f"1 for each of {len(sent)} statements, triggers and foreign keys included ({mode})",
    )


def test_no_statement_is_batched_on_a_sharded_database(
    sharded: Sharded,
) -> None:
    get = statements()["Tasks._tasks._get._statement"]
    touched = sharded.touched(get, "force_generic_plan", *USERS[:3])
    assert len(touched["task"]) > 1


@pytest.mark.long
def test_the_suite_passes_on_partitions(report: Report) -> None:
    passed = run_suite(PARTITIONS=f"{PARTITIONS}")
    report(f"The suite on {PARTITIONS} hash partitions", "0 failures", f"0 of {passed} tests failed")


def test_every_table_is_partitioned_by_its_owner(sharded: Sharded) -> None:
    sharded.cursor.execute(
        "SELECT relname, pg_get_partkeydef(oid), count(inhrelid) FROM pg_class "
        "LEFT JOIN pg_inherits ON inhparent = oid WHERE relnamespace = 'tasks_api'::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relispartition GROUP BY 1, 2"
    )
    found = {name: (key, parts) for name, key, parts in sharded.cursor.fetchall()}
    # Alembic's table has one row and no owner.
    assert found.pop("alembic_version") == (None, 0)
    assert found.pop("user") == found.pop("erased_user") == ("HASH (id)", PARTITIONS)
    assert set(found.values()) == {("HASH (user_id)", PARTITIONS)}
