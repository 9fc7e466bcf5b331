"""Batched requests have the same results as single requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import BigInteger, Text, func, literal_column, select

from generated.schemas import TaskCreate, TaskUpdate
from impl.errors import CategoryNotFound, DatabaseUnavailable, TaskNotFound
from impl.identity.caller import Caller
from impl.postgres import database as database_module
from impl.postgres.database import Database
from impl.postgres.statement import Statement
from impl.resources.tasks import Tasks
from impl.store.batching import LARGEST, Batch, batched_parameters

_REQUEST = batched_parameters({"user_id": Text(), "number": BigInteger()})
# One row for each request: its number, and an id of the statement.
ECHO = Statement[Any](
    select(_REQUEST["position"], _REQUEST["number"], func.count().over().label("together")).where(
        _REQUEST["number"] > literal_column("0")
    )
)


@pytest.fixture
async def echo(database: Database) -> Batch[Any]:
    return Batch(database, ECHO)


async def ask(batch: Batch[Any], *numbers: int) -> list[Any]:
    return await asyncio.gather(*(batch.one(user_id="ada", number=number) for number in numbers))


async def test_concurrent_requests_share_a_statement(echo: Batch[Any]) -> None:
    assert await ask(echo, 3, 1, 2) == [{"number": number, "together": 3} for number in (3, 1, 2)]


async def test_a_request_without_a_row_gets_none(echo: Batch[Any]) -> None:
    assert await ask(echo, 1, -1, 2) == [{"number": 1, "together": 2}, None, {"number": 2, "together": 2}]


async def test_a_single_request_does_not_wait_for_others(echo: Batch[Any]) -> None:
    assert await ask(echo, 1) == [{"number": 1, "together": 1}]


async def test_a_batch_has_a_maximum_size(echo: Batch[Any]) -> None:
    rows = await ask(echo, *range(1, 4 * LARGEST))
    assert [row["number"] for row in rows] == list(range(1, 4 * LARGEST))
    assert {row["together"] for row in rows} == {LARGEST, LARGEST - 1}


async def test_an_array_of_nulls_has_an_element_per_request(echo: Batch[Any]) -> None:
    assert await echo.one(user_id="ada", number=None) is None
    rows = await asyncio.gather(*(echo.one(user_id=None, number=n) for n in (1, 2)))
    assert rows == [{"number": 1, "together": 2}, {"number": 2, "together": 2}]


async def test_a_cancelled_request_does_not_cancel_its_batch(echo: Batch[Any]) -> None:
    going, staying = (asyncio.create_task(echo.one(user_id="ada", number=n)) for n in (1, 2))
    await asyncio.sleep(0)
    going.cancel()
    assert (await staying)["number"] == 2
    assert await ask(echo, 3) == [{"number": 3, "together": 1}]


async def test_a_failing_request_does_not_fail_its_batch(database: Database, ada: Caller) -> None:
    tasks = Tasks(database)

    async def create(title: str, **properties: Any) -> Any:
        return await tasks.create_task(ada, user_id=ada.user_id, body=TaskCreate(title=title, **properties))

    first, failed, last = await asyncio.gather(
        create("a"), create("b", category_id=2**53 - 1), create("c"), return_exceptions=True
    )
    assert (first.body["title"], last.body["title"]) == ("a", "c")
    assert isinstance(failed, CategoryNotFound)
    page = await tasks.list_tasks(
        ada,
        user_id=ada.user_id,
        completed=None,
        priority=None,
        category_id=None,
        limit=9,
        offset=0,
        cursor=None,
    )
    assert (page["total"], {item["title"] for item in page["items"]}) == (2, {"a", "c"})


async def test_each_batched_creation_returns_its_own_task(
    database: Database, ada: Caller, bob: Caller
) -> None:
    tasks = Tasks(database)
    creations = [(ada if n % 2 else bob, f"{n}") for n in range(50)]
    created = await asyncio.gather(
        *(
            tasks.create_task(who, user_id=who.user_id, body=TaskCreate(title=title))
            for who, title in creations
        )
    )
    assert [(response.body["user_id"], response.body["title"]) for response in created] == [
        (who.user_id, title) for who, title in creations
    ]


async def test_batched_updates_of_one_task_are_applied_in_order(database: Database, ada: Caller) -> None:
    tasks = Tasks(database)
    task_id = (await tasks.create_task(ada, user_id=ada.user_id, body=TaskCreate(title="x"))).body["id"]
    responses = await asyncio.gather(
        *(
            tasks.update_task(ada, user_id=ada.user_id, task_id=task_id, body=TaskUpdate(title=f"{n}"))
            for n in range(20)
        )
    )
    # Each request saw its own change, and the last change was stored.
    assert [response.body["title"] for response in responses] == [f"{n}" for n in range(20)]
    assert (await tasks.get_task(ada, user_id=ada.user_id, task_id=task_id)).body["title"] == "19"


async def test_batched_reads_return_no_task_of_another_user(
    database: Database, ada: Caller, bob: Caller
) -> None:
    tasks = Tasks(database)
    hers = (await tasks.create_task(ada, user_id=ada.user_id, body=TaskCreate(title="x"))).body
    this: dict[str, Any] = {"task_id": hers["id"]}
    found = await asyncio.gather(
        tasks.get_task(bob, user_id=bob.user_id, **this),
        tasks.get_task(ada, user_id=ada.user_id, **this),
        tasks.toggle_task(bob, user_id=bob.user_id, **this),
        return_exceptions=True,
    )
    assert found[1].body == hers
    assert isinstance(found[0], TaskNotFound)
    assert isinstance(found[2], TaskNotFound)


async def test_an_unavailable_database_fails_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "OUTAGE_SECONDS", 0.1)
    database = Database("postgresql://ada:hunter2@127.0.0.1:1/app")
    batch = Batch(database, ECHO)
    responses = await asyncio.gather(
        *(batch.one(user_id="ada", number=n) for n in range(LARGEST * 3)), return_exceptions=True
    )
    assert {type(response) for response in responses} == {DatabaseUnavailable}
    await database.close()
