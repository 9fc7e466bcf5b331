"""The connection breaks after the database has committed a write and before its response arrives.

The service then does not know whether the write was done. Each operation must be executed exactly once, and
its response must be the normal one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest

from generated.schemas import (
    CategoryCreate,
    CategoryReplace,
    CategoryUpdate,
    TaskCreate,
    TaskReplace,
    TaskUpdate,
)
from impl.errors import CategoryNameTaken
from impl.identity.caller import Caller
from impl.identity.tokens import Claims
from impl.postgres.database import Database
from impl.resources.categories import Categories
from impl.resources.tasks import Tasks
from impl.resources.users import Users
from impl.store.profiles import Profiles
from tests.resilience.conftest import Report
from tests.resilience.faults import Postgres, Proxy


class Service:
    """The service and its database, with a proxy in between that can lose a response."""

    def __init__(self, postgres: Postgres, proxy: Proxy) -> None:
        self.postgres, self.proxy = postgres, proxy
        self.database = Database(postgres.url_of("lost", port=proxy.port), pool_size=1)
        self.tasks, self.categories = Tasks(self.database), Categories(self.database)
        self.users = Users(self.database)
        self.ada = Caller("ada")

    async def prepare(self) -> None:
        """Run the statements that are sent once per connection or process, before a response is lost."""
        await Profiles(self.database).write(Claims("ada", 4e9))
        self.task = await self.create_task(title="Old")
        self.category = await self.create_category(name="Old")

    async def create_task(self, **values: Any) -> Any:
        return (await self.tasks.create_task(self.ada, user_id="ada", body=TaskCreate(**values))).body

    async def create_category(self, **values: Any) -> Any:
        body = CategoryCreate(**values)
        return (await self.categories.create_category(self.ada, user_id="ada", body=body)).body

    def stored(self, table: str) -> list[tuple[Any, ...]]:
        columns = "title, priority, completed" if table == "task" else "name, color"
        statement = f"SELECT {columns} FROM tasks_api.{table} ORDER BY id"  # noqa: S608
        return self.postgres.execute(statement, database="lost")


@pytest.fixture
async def service(postgres: Postgres) -> AsyncIterator[Service]:
    postgres.create("lost")
    with closing(Proxy(postgres.port)) as proxy:
        service = Service(postgres, proxy)
        await service.prepare()
        yield service
        await service.database.close()
    postgres.execute("DROP DATABASE lost WITH (FORCE)")


Ask = Callable[[Service], Awaitable[Any]]
TASK, CATEGORY = ("Old", "medium", False), ("Old", "#3B82F6")
OPERATIONS: dict[str, tuple[Ask, dict[str, Any], str, list[tuple[Any, ...]]]] = {
    "createTask": (
        lambda s: s.create_task(title="New"),
        {"title": "New"},
        "task",
        [TASK, ("New", "medium", False)],
    ),
    "replaceTask": (
        lambda s: s.tasks.replace_task(
            s.ada, user_id="ada", task_id=s.task["id"], body=TaskReplace(title="New")
        ),
        {"title": "New"},
        "task",
        [("New", "medium", False)],
    ),
    "updateTask": (
        lambda s: s.tasks.update_task(
            s.ada, user_id="ada", task_id=s.task["id"], body=TaskUpdate(priority="high")
        ),
        {"priority": "high"},
        "task",
        [("Old", "high", False)],
    ),
    "toggleTask": (
        lambda s: s.tasks.toggle_task(s.ada, user_id="ada", task_id=s.task["id"]),
        {"completed": True},
        "task",
        [("Old", "medium", True)],
    ),
    "deleteTask": (
        lambda s: s.tasks.delete_task(s.ada, user_id="ada", task_id=s.task["id"]),
        {"message": "Task deleted successfully"},
        "task",
        [],
    ),
    "createCategory": (
        lambda s: s.create_category(name="New"),
        {"name": "New"},
        "category",
        [CATEGORY, ("New", "#3B82F6")],
    ),
    "replaceCategory": (
        lambda s: s.categories.replace_category(
            s.ada, user_id="ada", category_id=s.category["id"], body=CategoryReplace(name="New")
        ),
        {"name": "New"},
        "category",
        [("New", "#3B82F6")],
    ),
    "updateCategory": (
        lambda s: s.categories.update_category(
            s.ada, user_id="ada", category_id=s.category["id"], body=CategoryUpdate(color="#000000")
        ),
        {"color": "#000000"},
        "category",
        [("Old", "#000000")],
    ),
    "deleteCategory": (
        lambda s: s.categories.delete_category(s.ada, user_id="ada", category_id=s.category["id"]),
        {"message": "Category deleted successfully"},
        "category",
        [],
    ),
    "deleteUser": (
        lambda s: s.users.delete_user(s.ada, user_id="ada"),
        {"message": "User deleted successfully"},
        "task",
        [],
    ),
}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_write_with_a_lost_response_is_not_repeated(service: Service, operation: str) -> None:
    operation_call, expected, table, stored = OPERATIONS[operation]
    service.proxy.lose_responses()
    response = await operation_call(service)
    response = getattr(response, "body", response)
    assert {name: response[name] for name in expected} == expected
    assert service.proxy.lost == 1
    assert service.stored(table) == stored


async def test_batched_requests_get_responses_after_a_lost_response(service: Service, report: Report) -> None:
    service.proxy.lose_responses(3)
    requests = [service.create_task(title=str(number)) for number in range(100)]
    requests += [service.tasks.toggle_task(service.ada, user_id="ada", task_id=service.task["id"])]
    *created, toggled = await asyncio.gather(*requests)
    assert [task["title"] for task in created] == [str(number) for number in range(100)]
    assert toggled.body["completed"] if hasattr(toggled, "body") else toggled["completed"]
    assert sorted(service.stored("task")) == sorted(
        [("Old", "medium", True), *((str(number), "medium", False) for number in range(100))]
    )
    report(
        "Lost response of the database",
        "every write executed once, with its normal response",
        f"{len(OPERATIONS)} operations, and 101 batched writes",
    )


async def test_a_taken_name_still_answers_409_after_a_lost_response(service: Service) -> None:
    service.proxy.lose_responses()
    with pytest.raises(CategoryNameTaken):
        await service.create_category(name="Old")
    assert service.stored("category") == [CATEGORY]
