from __future__ import annotations

import asyncio
import os
import re
import signal
from collections import Counter
from typing import Any, cast

import pytest
from sqlalchemy import Integer, bindparam, column, func, insert, make_url, select, table, text

from generated import schemas
from impl.errors import DatabaseUnavailable
from impl.identity.caller import Caller
from impl.postgres import database as database_module
from impl.postgres.database import Database, asyncpg_options
from impl.postgres.migrations import head
from impl.postgres.statement import Statement
from impl.resources.categories import Categories
from impl.resources.tasks import Tasks
from impl.resources.users import Users
from impl.store.statements import owned
from impl.tables import category, task
from tests.statements import statements

SLEEP = Statement(select(func.pg_sleep(bindparam("seconds"))))
KILL = Statement(select(func.pg_terminate_backend(bindparam("pid"))))

NEON = "postgres://ada:p%40ss@ep-cool-1-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require"


# A table that a statement reads or changes, by name or alias; not a table that it inserts into.
TABLE = re.compile(r"""(?<!INTO )(?<![:'])(tasks_api\.(?:"user"|\w+))(?![.\w"])(?: AS ("\w+"))?""")


@pytest.fixture(scope="module")
def every_statement() -> dict[str, Statement]:
    return statements()


def test_every_statement_filters_by_the_owner_of_its_rows(every_statement: dict[str, Statement]) -> None:
    assert every_statement
    assert not [path for path, statement in every_statement.items() if not filters_by_owner(statement)]


def filters_by_owner(statement: Statement) -> bool:
    touched = Counter((name, alias or name) for name, alias in TABLE.findall(statement.sql))
    if not touched:
        return bool("nextval(" in statement.sql or re.search(r"INSERT INTO \S+ \(user_id", statement.sql))
    if "user_id" not in statement.names:
        return False
    number = statement.names.index("user_id") + 1
    # Or one of these, which are bound to the owner: the requests of a batch, the keys of a page.
    owners = (f"${number}::VARCHAR", f"${number}::TEXT", "request.user_id", "found.user_id")
    return all(
        sum(
            statement.sql.count(f"{alias}.{'id' if 'user' in name else 'user_id'} = {owner}")
            for owner in owners
        )
        >= times
        for (name, alias), times in touched.items()
    )


def test_all_statements_fit_in_the_statement_cache(every_statement: dict[str, Statement]) -> None:
    assert 2 * len(every_statement) < asyncpg_options("postgresql://host/app")["statement_cache_size"]


def test_a_statement_on_owned_rows_needs_their_owner() -> None:
    with pytest.raises(TypeError, match="owner"):
        Statement(select(task).where(task.c.id == bindparam("task_id")))
    with pytest.raises(TypeError, match="owner"):
        Statement(select(func.count()).select_from(select(category).subquery()))
    assert Statement(select(task).where(owned(task))).names == ("user_id",)
    assert Statement(select(column("x")).select_from(table("not_ours"))).names == ()


def test_parameters_are_in_the_order_of_their_numbers() -> None:
    statement = Statement(select(bindparam("b"), bindparam("a"), bindparam("b")))
    assert statement.names == ("b", "a")
    assert statement.sql.replace("\n", "").startswith("SELECT $1 AS anon_1, $2 AS anon_2, $1 AS")


def test_the_connection_string_of_neon_is_supported() -> None:
    options = asyncpg_options(NEON)
    assert {name: options[name] for name in ("dsn", "host", "user", "password", "database")} == {
        "dsn": "postgresql://?sslmode=require",
        "host": ["ep-cool-1-pooler.eu-central-1.aws.neon.tech"],
        "user": "ada",
        "password": "p@ss",
        "database": "neondb",
    }
    # With a transaction pooler, a named prepared statement may not exist on the next connection.
    assert options["statement_cache_size"] == 0
    assert asyncpg_options(NEON.replace("-pooler", ""))["statement_cache_size"] > 0


async def test_libpq_only_parameters_are_not_sent_to_the_server(database_url: str) -> None:
    libpq_s = "sslmode=require&channel_binding=require&connect_timeout=5&keepalives_interval=10&sslsni=1"
    prisma_s = "pgbouncer=true&connection_limit=1&schema=public"
    database = Database(f"{database_url}&{libpq_s}&{prisma_s}")
    assert await database.revision() == head()
    await database.close()


@pytest.fixture
def brief_outages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "OUTAGE_SECONDS", 0.1)


@pytest.mark.usefixtures("brief_outages")
async def test_the_pool_opens_without_a_database() -> None:
    database = Database("postgresql://ada:hunter2@127.0.0.1:1/app")
    with pytest.raises(DatabaseUnavailable) as caught:
        await database.revision()
    assert caught.value.status == 503
    assert caught.value.headers == {"Retry-After": "1"}
    await database.close()


async def test_a_missing_database_is_unavailable(database_url: str) -> None:
    url = make_url(database_url).set(database="nowhere").render_as_string(hide_password=False)
    database = Database(url)
    with pytest.raises(DatabaseUnavailable) as caught:
        await database.revision()
    assert "nowhere" not in caught.value.detail
    assert "nowhere" in str(caught.value.__cause__)
    await database.close()


async def pid_of(database: Database) -> int:
    row = await database.one(Statement(select(func.pg_backend_pid().label("pid"))))
    assert row is not None
    return cast(int, row["pid"])


async def test_a_read_is_retried_after_a_lost_connection(database_url: str, database: Database) -> None:
    broken = Database(database_url, pool_size=1)
    pid = await pid_of(broken)
    reading = asyncio.create_task(broken.one(SLEEP, seconds=0.5))
    await asyncio.sleep(0.1)
    await database.one(KILL, pid=pid)
    await reading
    assert await pid_of(broken) != pid
    await broken.close()


async def test_a_write_is_retried_only_if_that_is_safe(database: Database) -> None:
    kill = select(func.pg_terminate_backend(func.pg_backend_pid()).label("id")).cte("kill")
    writing = Statement(
        insert(table("nothing", column("id"), schema="tasks_api")).from_select(["id"], select(kill.c.id))
    )
    assert not writing.repeatable
    await database.one(Statement(text("CREATE TABLE tasks_api.nothing (id bool)")))
    try:
        with pytest.raises(DatabaseUnavailable):
            await asyncio.wait_for(database.one(writing), 1)
        assert await database.all(Statement(text("SELECT * FROM tasks_api.nothing"))) == []
    finally:
        await database.one(Statement(text("DROP TABLE tasks_api.nothing")))


CONFLICT = """
CREATE FUNCTION tasks_api.conflict() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tasks_api.tries') < 4 THEN RAISE SQLSTATE '%s'; END IF;
    RETURN 1;
END $$
"""


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_statement_is_retried_after_a_conflict(database: Database, state: str) -> None:
    await database.one(Statement(text("CREATE SEQUENCE tasks_api.tries")))
    await database.one(Statement(text(CONFLICT % state)))
    try:
        assert await database.one(Statement(text("SELECT tasks_api.conflict()"))) == {"conflict": 1}
        # Three conflicts, and then it succeeded.
        assert await database.one(Statement(text("SELECT nextval('tasks_api.tries')"))) == {"nextval": 5}
    finally:
        await database.one(Statement(text("DROP FUNCTION tasks_api.conflict")))
        await database.one(Statement(text("DROP SEQUENCE tasks_api.tries")))


async def test_statements_and_connection_requests_time_out(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(database_url, pool_size=1)
    assert await database.revision() == head()
    monkeypatch.setattr(database_module, "ANSWER_SECONDS", 0.1)
    waiting = [database.one(SLEEP, seconds=60.0) for _ in range(3)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [DatabaseUnavailable] * 3
    monkeypatch.undo()
    assert await database.revision() == head()
    await database.close()


async def test_a_connection_to_a_hung_server_process_is_abandoned(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "ANSWER_SECONDS", 0.5)
    database = Database(database_url, pool_size=1)
    pid = await pid_of(database)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(DatabaseUnavailable):
            await database.revision()
        assert await database.revision() == head()
    finally:
        os.kill(pid, signal.SIGCONT)
    await database.close()


async def test_other_database_errors_are_not_converted(database: Database) -> None:
    with pytest.raises(Exception, match="division by zero"):
        await database.one(
            Statement(select(bindparam("a", type_=Integer) / bindparam("b", type_=Integer))), a=1, b=0
        )


async def test_each_operation_sends_exactly_one_statement(database_url: str, ada: Caller) -> None:
    database = Database(database_url, pool_size=1)
    await database.revision()
    seen: list[str] = []
    connection = await database._pool.acquire()
    connection.add_query_logger(lambda record: seen.append(record.query))
    database._pool.release(connection)
    user_id, t, c = ada.user_id, Tasks(database), Categories(database)
    page: dict[str, Any] = {"user_id": user_id, "limit": 10, "offset": 0, "cursor": None}
    task_id = (await t.create_task(ada, user_id=user_id, body=schemas.TaskCreate(title="x"))).body["id"]
    one: dict[str, Any] = {"user_id": user_id, "task_id": task_id}
    await t.list_tasks(ada, **page, completed=None, priority=None, category_id=None)
    await t.get_task(ada, **one)
    await t.replace_task(ada, **one, body=schemas.TaskReplace(title="y"))
    await t.update_task(ada, **one, body=schemas.TaskUpdate(title="z"))
    await t.update_task(ada, **one, body=schemas.TaskUpdate())
    await t.toggle_task(ada, **one)
    await t.delete_task(ada, **one)
    await c.create_category(ada, user_id=user_id, body=schemas.CategoryCreate(name="x"))
    await c.list_categories(ada, **page)
    await Users(database).get_user(ada, user_id=user_id)
    await Users(database).delete_user(ada, user_id=user_id)
    await database.close()
    # Once per connection, asyncpg queries the array types. Ids are fetched in batches of hundreds.
    once = ("pg_catalog", "'jit'", "nextval")
    seen = [query for query in seen if not any(word in query for word in once)]
    assert len(seen) == 12
    assert not [query for query in seen if query.startswith(("BEGIN", "COMMIT", "RESET"))]
