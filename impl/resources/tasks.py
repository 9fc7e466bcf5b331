"""The operations on tasks."""

from __future__ import annotations

from urllib.parse import quote

from generated import plain
from generated.operations import (
    CreateTask201,
    GetTask200,
    ReplaceTask200,
    ToggleTask200,
    UpdateTask200,
)
from generated.schemas import TaskCreate, TaskPriority, TaskReplace, TaskUpdate
from impl.errors import CategoryNotFound, TaskNotFound
from impl.identity.caller import Caller
from impl.postgres.database import Database
from impl.store.etags import Preconditions
from impl.store.owned_table import OwnedTable
from impl.tables import TASK_COUNTERS, Task, task


class Tasks:
    def __init__(self, database: Database) -> None:
        self._tasks = OwnedTable(
            database,
            Task,
            plain.TaskResponse,
            missing=TaskNotFound,
            violations={"task_user_id_category_id_fkey": CategoryNotFound},
            counters=TASK_COUNTERS,
        )
        self._toggle = self._tasks.computed_change("toggleTask", completed=~task.c.completed)

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
        return await self._tasks.page(
            user_id,
            limit=limit,
            offset=offset,
            cursor=cursor,
            completed=completed,
            priority=priority,
            category_id=category_id,
        )

    async def create_task(
        self, caller: Caller, *, user_id: str, body: TaskCreate, idempotency_key: str | None = None
    ) -> CreateTask201:
        stored = await self._tasks.insert(user_id, body.model_dump(), idempotency_key=idempotency_key)
        location = f"/api/{quote(user_id, safe=':@+')}/tasks/{stored.values['id']}"
        return CreateTask201(location=location, etag=stored.etag, body=stored.values)

    async def get_task(self, caller: Caller, *, user_id: str, task_id: int) -> GetTask200:
        stored = await self._tasks.get(user_id, task_id)
        return GetTask200(etag=stored.etag, body=stored.values)

    async def replace_task(
        self,
        caller: Caller,
        *,
        user_id: str,
        task_id: int,
        body: TaskReplace,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> ReplaceTask200:
        preconditions = Preconditions(if_match, if_none_match)
        stored = await self._tasks.replace(user_id, task_id, body.model_dump(), preconditions)
        return ReplaceTask200(etag=stored.etag, body=stored.values)

    async def update_task(
        self,
        caller: Caller,
        *,
        user_id: str,
        task_id: int,
        body: TaskUpdate,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> UpdateTask200:
        preconditions = Preconditions(if_match, if_none_match)
        stored = await self._tasks.update(user_id, task_id, body.model_dump(), preconditions)
        return UpdateTask200(etag=stored.etag, body=stored.values)

    async def toggle_task(
        self,
        caller: Caller,
        *,
        user_id: str,
        task_id: int,
        if_match: str | None = None,
        if_none_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> ToggleTask200:
        preconditions = Preconditions(if_match, if_none_match)
        stored = await self._tasks.apply(
            self._toggle, user_id, task_id, preconditions, idempotency_key=idempotency_key
        )
        return ToggleTask200(etag=stored.etag, body=stored.values)

    async def delete_task(
        self,
        caller: Caller,
        *,
        user_id: str,
        task_id: int,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> plain.MessageResponse:
        await self._tasks.delete(user_id, task_id, Preconditions(if_match, if_none_match))
        return {"message": "Task deleted successfully"}
