"""The operations on tasks. Each is one statement: look up, decide, write, return."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from sqlalchemy import bindparam, delete, func, insert, select, update

from generated import plain
from generated.operations import CreateTask201
from generated.schemas import TaskCreate, TaskPriority, TaskReplace, TaskUpdate
from impl.auth import Caller
from impl.database import Database, Statement, owned
from impl.errors import TaskNotFound
from impl.paging import read_page
from impl.tables import Task, TaskRow, task

# What a property is when it is left out of a new or replaced task.
DEFAULTS = {
    name: Task.model_fields[name].default
    for name in ("description", "completed", "priority", "due_date", "category_id")
}

_THIS_TASK = (owned(task), task.c.id == bindparam("task_id"))

GET = Statement[TaskRow](select(task).where(*_THIS_TASK))
CREATE = Statement[TaskRow](
    insert(task).values({name: bindparam(name) for name in ("user_id", "title", *DEFAULTS)}).returning(task)
)
TOGGLE = Statement[TaskRow](
    update(task)
    .where(*_THIS_TASK)
    .values(completed=~task.c.completed, updated_at=func.clock_timestamp())
    .returning(task)
)
DELETE = Statement(delete(task).where(*_THIS_TASK).returning(task.c.id))


@cache
def update_statement(names: frozenset[str]) -> Statement[TaskRow]:
    """Set the named properties.

    `updated_at` is set here rather than by a trigger, which could not tell a change of the task from the
    deletion of its category. clock_timestamp() and not now(), so that of two changes which wait for each
    other the later one has the later time.
    """
    values: dict[str, object] = {name: bindparam(name) for name in sorted(names)}
    return Statement[TaskRow](
        update(task).where(*_THIS_TASK).values(**values, updated_at=func.clock_timestamp()).returning(task)
    )


class Tasks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_tasks(
        self,
        caller: Caller,
        *,
        user_id: str,
        completed: bool | None,
        priority: TaskPriority | None,
        category_id: int | None,
        limit: int,
        offset: int,
        cursor: str | None,
    ) -> plain.TaskListResponse:
        page = await read_page(
            self._database,
            task,
            TaskRow,
            user_id=user_id,
            limit=limit,
            offset=offset,
            cursor=cursor,
            filters={"completed": completed, "priority": priority, "category_id": category_id},
        )
        return {
            "items": [_answer(row) for row in page.items],
            "total": page.total,
            "next_cursor": page.next_cursor,
        }

    async def create_task(self, caller: Caller, *, user_id: str, body: TaskCreate) -> CreateTask201:
        row = await self._database.one(CREATE, user_id=user_id, **(DEFAULTS | body.model_dump()))
        assert row is not None
        created = _answer(row)
        location = f"/api/{quote(user_id, safe=':@+')}/tasks/{created['id']}"
        return CreateTask201(body=created, location=location)

    async def get_task(self, caller: Caller, *, user_id: str, task_id: int) -> plain.TaskResponse:
        row = await self._database.one(GET, user_id=user_id, task_id=task_id)
        if row is None:
            raise TaskNotFound
        return _answer(row)

    async def replace_task(
        self, caller: Caller, *, user_id: str, task_id: int, body: TaskReplace
    ) -> plain.TaskResponse:
        return await self._set(user_id, task_id, DEFAULTS | body.model_dump())

    async def update_task(
        self, caller: Caller, *, user_id: str, task_id: int, body: TaskUpdate
    ) -> plain.TaskResponse:
        changes = body.model_dump()
        if not changes:
            return await self.get_task(caller, user_id=user_id, task_id=task_id)
        return await self._set(user_id, task_id, changes)

    async def toggle_task(self, caller: Caller, *, user_id: str, task_id: int) -> plain.TaskResponse:
        row = await self._database.one(TOGGLE, user_id=user_id, task_id=task_id)
        if row is None:
            raise TaskNotFound
        return _answer(row)

    async def delete_task(self, caller: Caller, *, user_id: str, task_id: int) -> plain.MessageResponse:
        if await self._database.one(DELETE, user_id=user_id, task_id=task_id) is None:
            raise TaskNotFound
        return {"message": "Task deleted successfully"}

    async def _set(self, user_id: str, task_id: int, values: dict[str, object]) -> plain.TaskResponse:
        statement = update_statement(frozenset(values))
        row = await self._database.one(statement, user_id=user_id, task_id=task_id, **values)
        if row is None:
            raise TaskNotFound
        return _answer(row)


def _answer(row: TaskRow) -> plain.TaskResponse:
    """Where type checkers hold the rows of the database to the contract."""
    return {**row}
