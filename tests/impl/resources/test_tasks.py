from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select, update

from generated import plain
from generated.schemas import (
    CategoryCreate,
    TaskCreate,
    TaskPriority,
    TaskReplace,
    TaskUpdate,
)
from impl.errors import CategoryNotFound, TaskNotFound, UserNotFound
from impl.identity.caller import Caller
from impl.identity.tokens import Claims
from impl.postgres.database import Database
from impl.postgres.statement import Statement
from impl.resources.categories import Categories
from impl.resources.tasks import Tasks
from impl.resources.users import Users
from impl.store.profiles import Profiles
from impl.store.statements import owned
from impl.tables import task


@pytest.fixture
def tasks(database: Database) -> Tasks:
    return Tasks(database)


async def create(tasks: Tasks, caller: Caller, title: str = "Write", **properties: Any) -> plain.TaskResponse:
    body = TaskCreate(title=title, **properties)
    return (await tasks.create_task(caller, user_id=caller.user_id, body=body)).body


async def read(
    tasks: Tasks,
    caller: Caller,
    *,
    completed: bool | None = None,
    priority: TaskPriority | None = None,
    category_id: int | None = None,
    limit: int = 100,
    offset: int = 0,
    cursor: str | None = None,
) -> plain.TaskListResponse:
    return await tasks.list_tasks(
        caller,
        user_id=caller.user_id,
        completed=completed,
        priority=priority,
        category_id=category_id,
        limit=limit,
        offset=offset,
        cursor=cursor,
    )


def ids(page: plain.TaskListResponse) -> list[int]:
    return [item["id"] for item in page["items"]]


async def new_category(database: Database, caller: Caller, name: str = "Work") -> int:
    categories = Categories(database)
    body = CategoryCreate(name=name)
    return (await categories.create_category(caller, user_id=caller.user_id, body=body)).body["id"]


async def test_a_new_task_has_timestamps_of_the_database(tasks: Tasks, ada: Caller) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    created = await tasks.create_task(ada, user_id=ada.user_id, body=TaskCreate(title="Write"))
    body = created.body
    assert created.location == f"/api/{ada.user_id}/tasks/{body['id']}"
    assert body["created_at"] == body["updated_at"] > before
    assert body["created_at"].tzinfo is UTC
    assert (await tasks.get_task(ada, user_id=ada.user_id, task_id=body["id"])).body == body


async def test_a_due_date_is_returned_in_utc(tasks: Tasks, ada: Caller) -> None:
    due = datetime(2026, 2, 1, 17, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    created = await create(tasks, ada, due_date=due)
    assert created["due_date"] is not None
    assert created["due_date"] == due
    assert created["due_date"].tzinfo is UTC


@pytest.mark.parametrize("due", ["1900-01-01T00:00:00+14:59", "2999-12-31T23:59:59.999999-14:59"])
async def test_the_extreme_due_dates_can_be_stored_and_listed(tasks: Tasks, ada: Caller, due: str) -> None:
    created = await create(tasks, ada, due_date=due)
    assert created["due_date"] == datetime.fromisoformat(due)
    assert (await read(tasks, ada))["items"] == [created]


async def test_the_longest_texts_of_the_contract_can_be_stored(tasks: Tasks, ada: Caller) -> None:
    created = await create(tasks, ada, "😀" * 255, description="😀" * 2000)
    assert (created["title"], created["description"]) == ("😀" * 255, "😀" * 2000)


async def test_the_location_is_percent_encoded(tasks: Tasks, database: Database) -> None:
    user_id = "auth0|a:b@c+d~e"
    await Profiles(database).write(Claims(user_id=user_id, expires_at=0))
    created = await tasks.create_task(Caller(user_id), user_id=user_id, body=TaskCreate(title="x"))
    assert created.location == f"/api/auth0%7Ca:b@c+d~e/tasks/{created.body['id']}"


async def test_replace_resets_omitted_properties_to_defaults(
    tasks: Tasks, database: Database, ada: Caller
) -> None:
    category_id = await new_category(database, ada)
    old = await create(
        tasks,
        ada,
        description="d",
        completed=True,
        priority="high",
        due_date=datetime.now(UTC),
        category_id=category_id,
    )
    new = (
        await tasks.replace_task(ada, user_id=ada.user_id, task_id=old["id"], body=TaskReplace(title="New"))
    ).body
    expected = {
        "title": "New",
        "description": None,
        "completed": False,
        "priority": "medium",
        "due_date": None,
        "category_id": None,
        "updated_at": new["updated_at"],
        "etag": new["etag"],
    }
    assert new == old | expected
    assert new["updated_at"] > old["updated_at"]


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "New"},
        {"description": "d"},
        {"description": None},
        {"completed": True},
        {"priority": "low"},
        {"due_date": datetime(2026, 1, 1, tzinfo=UTC)},
        {"due_date": None},
        {"category_id": None},
        {"title": "New", "completed": True, "description": None},
    ],
)
async def test_an_update_changes_only_the_given_properties(
    tasks: Tasks, database: Database, ada: Caller, changes: dict[str, Any]
) -> None:
    category_id = await new_category(database, ada)
    old = await create(tasks, ada, description="old", due_date=datetime.now(UTC), category_id=category_id)
    new = (
        await tasks.update_task(ada, user_id=ada.user_id, task_id=old["id"], body=TaskUpdate(**changes))
    ).body
    assert new == old | changes | {"updated_at": new["updated_at"], "etag": new["etag"]}
    assert new["updated_at"] > old["updated_at"]
    assert (await tasks.get_task(ada, user_id=ada.user_id, task_id=old["id"])).body == new


async def test_an_empty_update_changes_nothing(tasks: Tasks, ada: Caller) -> None:
    old = await create(tasks, ada)
    assert (
        await tasks.update_task(ada, user_id=ada.user_id, task_id=old["id"], body=TaskUpdate())
    ).body == old


async def test_each_of_fifty_concurrent_toggles_takes_effect(tasks: Tasks, ada: Caller) -> None:
    one = await create(tasks, ada)
    toggles = [tasks.toggle_task(ada, user_id=ada.user_id, task_id=one["id"]) for _ in range(50)]
    responses = await asyncio.gather(*toggles)
    assert sorted(response.body["completed"] for response in responses) == [False] * 25 + [True] * 25
    last = (await tasks.get_task(ada, user_id=ada.user_id, task_id=one["id"])).body
    assert last["completed"] is False
    # updated_at is the time of the execution, not of the arrival, so it never decreases.
    assert last["updated_at"] == max(response.body["updated_at"] for response in responses)


async def test_a_deleted_task_is_not_found(tasks: Tasks, ada: Caller) -> None:
    one = await create(tasks, ada)
    response = await tasks.delete_task(ada, user_id=ada.user_id, task_id=one["id"])
    assert response["message"] == "Task deleted successfully"
    with pytest.raises(TaskNotFound):
        await tasks.delete_task(ada, user_id=ada.user_id, task_id=one["id"])
    assert (await read(tasks, ada))["items"] == []


async def test_a_task_of_another_user_is_not_found(tasks: Tasks, ada: Caller, bob: Caller) -> None:
    hers = await create(tasks, ada)
    this: dict[str, Any] = {"user_id": bob.user_id, "task_id": hers["id"]}
    attempts = [
        tasks.get_task(bob, **this),
        tasks.replace_task(bob, **this, body=TaskReplace(title="Bob's")),
        tasks.update_task(bob, **this, body=TaskUpdate(title="Bob's")),
        tasks.update_task(bob, **this, body=TaskUpdate()),
        tasks.toggle_task(bob, **this),
        tasks.delete_task(bob, **this),
    ]
    for attempt in attempts:
        with pytest.raises(TaskNotFound):
            await attempt
    assert await read(tasks, bob) == {"items": [], "total": 0, "next_cursor": None}
    assert (await tasks.get_task(ada, user_id=ada.user_id, task_id=hers["id"])).body == hers


@pytest.mark.parametrize("whose", ["no user's", "bob's"])
async def test_a_task_can_only_have_a_category_of_its_owner(
    tasks: Tasks, database: Database, ada: Caller, bob: Caller, whose: str
) -> None:
    category_id = await new_category(database, bob) if whose == "bob's" else 9007199254740991
    mine = await create(tasks, ada)
    this: dict[str, Any] = {"user_id": ada.user_id, "task_id": mine["id"]}
    with pytest.raises(CategoryNotFound):
        await create(tasks, ada, category_id=category_id)
    with pytest.raises(CategoryNotFound):
        await tasks.replace_task(ada, **this, body=TaskReplace(title="x", category_id=category_id))
    with pytest.raises(CategoryNotFound):
        await tasks.update_task(ada, **this, body=TaskUpdate(title="x", category_id=category_id))
    assert (await read(tasks, ada))["items"] == [mine]


async def test_an_unknown_task_is_reported_before_its_category(tasks: Tasks, ada: Caller) -> None:
    with pytest.raises(TaskNotFound):
        await tasks.update_task(ada, user_id=ada.user_id, task_id=9, body=TaskUpdate(category_id=9))


async def test_an_erased_user_has_neither_lists_nor_new_tasks(
    tasks: Tasks, database: Database, ada: Caller
) -> None:
    one = await create(tasks, ada)
    await Users(database).delete_user(ada, user_id=ada.user_id)
    with pytest.raises(UserNotFound):
        await read(tasks, ada)
    with pytest.raises(UserNotFound):
        await create(tasks, ada)
    with pytest.raises(TaskNotFound):
        await tasks.get_task(ada, user_id=ada.user_id, task_id=one["id"])


async def test_filters_combine(tasks: Tasks, database: Database, ada: Caller, bob: Caller) -> None:
    category_id = await new_category(database, ada)
    made: list[plain.TaskResponse] = []
    for completed in (False, True):
        for priority in ("low", "high"):
            for category in (None, category_id):
                made.append(
                    await create(tasks, ada, completed=completed, priority=priority, category_id=category)
                )
    await create(tasks, bob, completed=True, priority="high")
    for completed_filter in (None, False, True):
        for priority_filter in (None, "low", "medium", "high"):
            for category_filter in (None, category_id, 9007199254740991):
                page = await read(
                    tasks,
                    ada,
                    completed=completed_filter,
                    priority=priority_filter,
                    category_id=category_filter,
                    limit=1,
                )
                expected = [
                    one
                    for one in reversed(made)
                    if completed_filter in (None, one["completed"])
                    and priority_filter in (None, one["priority"])
                    and category_filter in (None, one["category_id"])
                ]
                assert page["items"] == expected[:1]
                assert page["total"] == len(expected)


async def test_tasks_are_ordered_by_timestamp_and_then_by_id(
    tasks: Tasks, database: Database, ada: Caller
) -> None:
    made = [(await create(tasks, ada))["id"] for _ in range(5)]
    assert ids(await read(tasks, ada)) == made[::-1]
    same_timestamp = Statement(update(task).where(owned(task)).values(created_at=func.now()))
    await database.all(same_timestamp, user_id=ada.user_id)
    seen: list[int] = []
    cursor: str | None = None
    for size in (2, 2, 1):
        page = await read(tasks, ada, limit=2, cursor=cursor)
        assert len(page["items"]) == size
        seen += ids(page)
        cursor = page["next_cursor"]
    assert seen == made[::-1]
    assert cursor is None


async def test_pages_are_stable_while_tasks_are_added_and_deleted(tasks: Tasks, ada: Caller) -> None:
    made = [(await create(tasks, ada))["id"] for _ in range(9)]
    first = await read(tasks, ada, limit=3)
    assert ids(first) == made[:5:-1]
    await create(tasks, ada, "newer")
    # Delete the task of the cursor, the one before it and the one after it.
    for deleted_id in (made[6], made[8], made[4]):
        await tasks.delete_task(ada, user_id=ada.user_id, task_id=deleted_id)
    second = await read(tasks, ada, limit=3, cursor=first["next_cursor"])
    assert ids(second) == [made[5], made[3], made[2]]
    assert second["total"] == 7
    last = await read(tasks, ada, limit=3, cursor=second["next_cursor"])
    assert (ids(last), last["next_cursor"]) == ([made[1], made[0]], None)


async def test_a_full_last_page_has_no_next_cursor(tasks: Tasks, ada: Caller) -> None:
    for _ in range(2):
        await create(tasks, ada)
    assert (await read(tasks, ada, limit=2))["next_cursor"] is None
    assert (await read(tasks, ada, limit=1))["next_cursor"] is not None


async def test_the_offset_counts_from_the_cursor(tasks: Tasks, ada: Caller) -> None:
    made = [(await create(tasks, ada))["id"] for _ in range(6)]
    assert ids(await read(tasks, ada, limit=2, offset=1)) == [made[4], made[3]]
    cursor = (await read(tasks, ada, limit=2))["next_cursor"]
    page = await read(tasks, ada, limit=2, offset=1, cursor=cursor)
    assert ids(page) == [made[2], made[1]]
    beyond = await read(tasks, ada, offset=9007199254740991, cursor=cursor)
    assert beyond == {"items": [], "total": 6, "next_cursor": None}


@pytest.mark.parametrize(
    "cursor", ["0" * 28, "f" * 28, "0" * 14 + "f" * 14, "f" * 14 + "0" * 14, "0123456789abcdef" * 2]
)
async def test_every_well_formed_cursor_is_a_position(tasks: Tasks, ada: Caller, cursor: str) -> None:
    one = await create(tasks, ada)
    page = await read(tasks, ada, cursor=cursor[:28])
    microseconds = (one["created_at"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    is_after = (microseconds, one["id"]) < (int(cursor[:14], 16), int(cursor[14:28], 16))
    assert ids(page) == ([one["id"]] if is_after else [])
    assert page["total"] == 1


async def test_the_database_rejects_what_the_contract_forbids(
    database: Database, tasks: Tasks, ada: Caller
) -> None:
    one = await create(tasks, ada)
    for name, value in [
        ("title", ""),
        ("title", "x" * 256),
        ("description", "x" * 2001),
        ("priority", "urgent"),
    ]:
        change = (
            update(task).where(owned(task), task.c.id == bindparam("task_id")).values({name: bindparam(name)})
        )
        with pytest.raises(Exception, match=f"task_{name}_check"):
            await database.one(Statement(change), user_id=ada.user_id, task_id=one["id"], **{name: value})
    unchanged = await database.one(Statement(select(task).where(owned(task))), user_id=ada.user_id)
    assert unchanged is not None
    assert unchanged["updated_at"] == one["updated_at"]
