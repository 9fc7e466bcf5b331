"""The counters that triggers maintain equal the counted rows, also under concurrent changes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import psycopg2
import pytest
from specfirst.runtime.errors import NotFound

from generated.schemas import CategoryCreate, TaskCreate, TaskReplace, TaskUpdate
from impl.identity.caller import Caller
from impl.identity.tokens import Claims
from impl.postgres.database import Database
from impl.postgres.statement import RowT, Statement
from impl.resources.categories import Categories
from impl.resources.tasks import Tasks
from impl.resources.users import Users
from impl.store.profiles import Profiles

KINDS = [(state, priority) for state in ("open", "done") for priority in ("low", "medium", "high")]
NAMES = ", ".join(f"{state}_{priority}" for state, priority in KINDS)
COUNTED = ", ".join(
    f"count(*) FILTER (WHERE completed = {state == 'done'} AND priority = '{priority}')"
    for state, priority in KINDS
)
WRONG = f"""
WITH counted AS (
    SELECT user_id, 0::bigint AS category_id, {COUNTED} FROM tasks_api.task GROUP BY user_id
    UNION ALL
    SELECT user_id, category_id, {COUNTED} FROM tasks_api.task WHERE category_id IS NOT NULL
    GROUP BY user_id, category_id
), kept AS (
    SELECT user_id, category_id, {NAMES} FROM tasks_api.task_count
), categories AS (
    SELECT user_id, count(*) FROM tasks_api.category GROUP BY user_id
), kept_categories AS (
    SELECT user_id, categories FROM tasks_api.category_count
)
SELECT user_id FROM ((TABLE counted EXCEPT TABLE kept) UNION ALL (TABLE kept EXCEPT TABLE counted)) AS tasks
UNION ALL SELECT user_id FROM (
    (TABLE categories EXCEPT TABLE kept_categories) UNION ALL (TABLE kept_categories EXCEPT TABLE categories)
) AS categories
"""  # noqa: S608


def run(database_url: str, *statements: str) -> list[Any]:
    """Run statements with another client than the service, and return the rows of the last one."""
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows


class WatchedDatabase(Database):
    def __init__(self, database_url: str) -> None:
        super().__init__(database_url, pool_size=6)
        self.errors: list[Exception] = []

    async def all(self, statement: Statement[RowT], **parameters: object) -> list[RowT]:
        try:
            return await super().all(statement, **parameters)
        except Exception as error:
            self.errors.append(error)
            raise


@pytest.fixture
async def servers(database_url: str) -> AsyncIterator[list[WatchedDatabase]]:
    """Two databases, as in two processes whose statements run concurrently."""
    databases = [WatchedDatabase(database_url) for _ in range(2)]
    yield databases
    for database in databases:
        await database.close()


@pytest.mark.parametrize("seed", range(5))
async def test_counters_stay_exact_under_concurrent_changes(
    servers: list[WatchedDatabase], database_url: str, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # Nothing is secret here.
    callers = [Caller(f"counts-{seed}-{n}") for n in range(3)]
    for caller in callers:
        await Profiles(servers[0]).write(Claims(caller.user_id, 4e9))
    made: dict[str, dict[str, list[int]]] = {
        caller.user_id: {"tasks": [], "categories": []} for caller in callers
    }
    sides = [(Tasks(database), Categories(database)) for database in servers]

    async def something(number: int) -> None:
        tasks, categories = chance.choice(sides)
        caller = chance.choice(callers)
        user_id, mine = caller.user_id, made[caller.user_id]
        task_id = chance.choice(mine["tasks"] or [1])
        category_id = chance.choice([None, *mine["categories"]])
        properties: dict[str, Any] = {
            "title": "x",
            "completed": chance.random() < 0.5,
            "priority": chance.choice(["low", "medium", "high"]),
            "category_id": category_id,
        }
        some = {name: properties[name] for name in chance.sample(sorted(properties), 2)}
        match chance.choice("cccctttpprrdgx"):
            case "c":
                new = await tasks.create_task(caller, user_id=user_id, body=TaskCreate(**properties))
                mine["tasks"].append(new.body["id"])
            case "t":
                await tasks.toggle_task(caller, user_id=user_id, task_id=task_id)
            case "p":
                await tasks.update_task(caller, user_id=user_id, task_id=task_id, body=TaskUpdate(**some))
            case "r":
                body = TaskReplace(**properties)
                await tasks.replace_task(caller, user_id=user_id, task_id=task_id, body=body)
            case "d":
                await tasks.delete_task(caller, user_id=user_id, task_id=task_id)
            case "g":
                body = CategoryCreate(name=f"{number}")
                group = await categories.create_category(caller, user_id=user_id, body=body)
                mine["categories"].append(group.body["id"])
            case "x":
                await categories.delete_category(caller, user_id=user_id, category_id=category_id or 1)

    for start in range(0, 600, 60):
        done = await asyncio.gather(
            *(something(number) for number in range(start, start + 60)), return_exceptions=True
        )
        # A row may be deleted concurrently (not found); other failures and deadlocks are not allowed.
        assert [error for error in done if error and not isinstance(error, NotFound)] == []
    assert run(database_url, WRONG) == []
    await asyncio.gather(*(Users(servers[1]).delete_user(who, user_id=who.user_id) for who in callers))
    assert run(database_url, WRONG) == []
    # A counter of zero has no row.
    for table in ("task_count", "category_count"):
        left = run(database_url, f"SELECT user_id FROM tasks_api.{table}")  # noqa: S608
        assert {caller.user_id for caller in callers}.isdisjoint(user_id for (user_id,) in left)


async def test_concurrent_counter_updates_never_deadlock(
    servers: list[WatchedDatabase], database_url: str
) -> None:
    callers = [Caller(f"crosswise-{number}") for number in range(40)]
    for caller in callers:
        await Profiles(servers[0]).write(Claims(caller.user_id, 4e9))
    sides = [Tasks(database) for database in servers]

    async def fill(side: Tasks, order: list[Caller]) -> None:
        body = TaskCreate(title="x")
        for _ in range(60):
            await asyncio.gather(
                *(side.create_task(caller, user_id=caller.user_id, body=body) for caller in order)
            )

    # Different rows of the same users, on both sides in opposite order.
    await asyncio.gather(fill(sides[0], callers), fill(sides[1], callers[::-1]))
    # A batch is retried after a deadlock, so only the duration would show it.
    assert [error for database in servers for error in database.errors] == []
    assert run(database_url, WRONG) == []


def test_triggers_count_writes_of_other_programs(database_url: str) -> None:
    user = """INSERT INTO tasks_api."user" (id) VALUES ('counts-by-hand')"""
    many = """INSERT INTO tasks_api.task (user_id, title, completed, priority)
              SELECT 'counts-by-hand', 'x', n % 2 = 0, (ARRAY['low', 'high'])[1 + n % 2]
              FROM generate_series(1, 3000) n"""
    kept = "SELECT open_high, done_low FROM tasks_api.task_count WHERE user_id = 'counts-by-hand'"
    assert run(database_url, user, many, kept) == [(1500, 1500)]
    moved = "UPDATE tasks_api.task SET completed = true, priority = 'low' WHERE user_id = 'counts-by-hand'"
    assert run(database_url, moved, kept) == [(0, 3000)]
    assert run(database_url, "DELETE FROM tasks_api.\"user\" WHERE id = 'counts-by-hand'", kept) == []


def test_bulk_updates_stay_fast_after_a_single_update(database_url: str) -> None:
    changes = [
        """INSERT INTO tasks_api."user" (id) VALUES ('counts-of-many')""",
        """INSERT INTO tasks_api.task (user_id, title)
           SELECT 'counts-of-many', 'x' FROM generate_series(1, 20000)""",
        "UPDATE tasks_api.task SET title = 'y' WHERE id = (SELECT max(id) FROM tasks_api.task)",
        # The plan for one changed row is quadratic: half as many rows took 5 s.
        "SET LOCAL statement_timeout = '8s'",
        "UPDATE tasks_api.task SET title = 'y' WHERE user_id = 'counts-of-many'",
    ]
    kept = "SELECT open_medium FROM tasks_api.task_count WHERE user_id = 'counts-of-many'"
    assert run(database_url, *changes, kept) == [(20000,)]
    run(database_url, "DELETE FROM tasks_api.\"user\" WHERE id = 'counts-of-many'")
