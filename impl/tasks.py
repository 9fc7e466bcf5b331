"""The operations on tasks. Each is one statement, or a share of one: look up, decide, write, return."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args
from urllib.parse import quote

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    TableValuedAlias,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from generated import plain
from generated.operations import CreateTask201
from generated.schemas import TaskCreate, TaskPriority, TaskReplace, TaskUpdate
from impl.auth import Caller
from impl.batching import Batch, calls
from impl.database import Database, Statement, owned
from impl.errors import TaskNotFound
from impl.ids import Ids
from impl.paging import PageStatement, page_statement, read_page
from impl.revisions import new_revision
from impl.tables import Task, TaskRow, properties, task, task_count

# What a property is when it is left out of a new or replaced task.
DEFAULTS = {
    name: Task.model_fields[name].default
    for name in ("description", "completed", "priority", "due_date", "category_id")
}

_KEY = ("user_id", "task_id")


def _this_task(call: TableValuedAlias) -> ColumnElement[bool]:
    return and_(task.c.user_id == call.c.user_id, task.c.id == call.c.task_id)


_CALL = calls(user_id=Text(), task_id=BigInteger())
GET = Statement[TaskRow](select(_CALL.c.position, *properties(task)).join(_CALL, _this_task(_CALL)))

_THIS_TASK = and_(owned(task), task.c.id == bindparam("task_id"))
DELETE = Statement(
    delete(task).where(_THIS_TASK).returning(task.c.id),
    done=Statement(
        select(bindparam("task_id", type_=BigInteger).label("id")).where(~exists().where(_THIS_TASK))
    ),
)

_NEW = calls(**{name: task.c[name].type for name in ("user_id", "id", "title", *DEFAULTS, "revision")})
_THIS_NEW = and_(_NEW.c.user_id == task.c.user_id, _NEW.c.id == task.c.id)
_columns = [column for column in _NEW.c if column.name != "position"]
_CREATED = (
    insert(task)
    .from_select([column.name for column in _columns], select(*_columns))
    .returning(*properties(task))
    .cte("created")
)
CREATE = Statement[TaskRow](
    select(_NEW.c.position, _CREATED).join(
        _NEW, and_(_NEW.c.user_id == _CREATED.c.user_id, _NEW.c.id == _CREATED.c.id)
    ),
    done=Statement(select(_NEW.c.position, *properties(task)).join(_NEW, _THIS_NEW)),
)


@cache
def update_statement(names: frozenset[str]) -> Statement[TaskRow]:
    """Set the named properties."""
    call = _change(**{name: task.c[name].type for name in sorted(names)})
    return _changed(call, **{name: call.c[name] for name in names})


def _change(**values: TypeEngine[Any]) -> TableValuedAlias:
    return calls(user_id=Text(), task_id=BigInteger(), revision=BigInteger(), **values)


def _changed(call: TableValuedAlias, **values: ColumnElement[Any]) -> Statement[TaskRow]:
    """Set these properties of the tasks that are called for.

    `updated_at` is set here rather than by a trigger, which could not tell a change of the task from the
    deletion of its category. clock_timestamp() and not now(), so that of two changes which wait for each
    other the later one has the later time.
    """
    # They were all changed by one statement, or none: one that has its new revision speaks for all.
    found = (
        select(
            call.c.position,
            *properties(task),
            func.bool_or(task.c.revision == call.c.revision).over().label("done"),
        )
        .join(call, _this_task(call))
        .subquery("found")
    )
    return Statement[TaskRow](
        update(task)
        .where(_this_task(call), task.c.revision != call.c.revision)
        .values(**values, updated_at=func.clock_timestamp(), revision=call.c.revision)
        .returning(call.c.position, *properties(task)),
        done=Statement(select(*(column for column in found.c if column.name != "done")).where(found.c.done)),
    )


TOGGLE = _changed(_change(), completed=~task.c.completed)


@cache
def list_statement(
    filters: tuple[str, ...],
    completed: bool | None,
    priority: TaskPriority | None,
    *,
    after_cursor: bool,
    skipping: bool,
) -> PageStatement:
    """One statement per combination of filters, so that each is read from the index made for it."""
    kinds = [
        task_count.c[f"{'done' if done else 'open'}_{level}"]
        for done in (False, True)
        for level in get_args(TaskPriority.__value__)
        if completed in (None, done) and priority in (None, level)
    ]
    category_id: ColumnElement[int] = (
        bindparam("category_id") if "category_id" in filters else literal_column("0")
    )
    counted = select(sum(kinds[1:], kinds[0])).where(
        owned(task_count), task_count.c.category_id == category_id
    )
    total = func.coalesce(counted.scalar_subquery(), literal_column("0"))
    return page_statement(task, filters, total, after_cursor=after_cursor, skipping=skipping)


class Tasks:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._get = Batch(database, GET)
        self._ids = Ids(database, task)
        self._create = Batch(database, CREATE)
        self._toggle = Batch(database, TOGGLE, key=_KEY)
        self._update: dict[frozenset[str], Batch[TaskRow]] = {}

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
        values = {"completed": completed, "priority": priority, "category_id": category_id}
        filters = {name: value for name, value in values.items() if value is not None}
        page = await read_page(
            self._database,
            list_statement(
                tuple(filters), completed, priority, after_cursor=cursor is not None, skipping=offset > 0
            ),
            TaskRow,
            user_id=user_id,
            limit=limit,
            offset=offset,
            cursor=cursor,
            **filters,
        )
        return {
            "items": page.items,
            "total": page.total,
            "next_cursor": page.next_cursor,
        }

    async def create_task(self, caller: Caller, *, user_id: str, body: TaskCreate) -> CreateTask201:
        row = await self._create.one(
            user_id=user_id,
            id=await self._ids.next(),
            revision=new_revision(),
            **(DEFAULTS | body.model_dump()),
        )
        assert row is not None
        created = _answer(row)
        location = f"/api/{quote(user_id, safe=':@+')}/tasks/{created['id']}"
        return CreateTask201(body=created, location=location)

    async def get_task(self, caller: Caller, *, user_id: str, task_id: int) -> plain.TaskResponse:
        row = await self._get.one(user_id=user_id, task_id=task_id)
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
        row = await self._toggle.one(user_id=user_id, task_id=task_id, revision=new_revision())
        if row is None:
            raise TaskNotFound
        return _answer(row)

    async def delete_task(self, caller: Caller, *, user_id: str, task_id: int) -> plain.MessageResponse:
        if await self._database.one(DELETE, user_id=user_id, task_id=task_id) is None:
            raise TaskNotFound
        return {"message": "Task deleted successfully"}

    async def _set(self, user_id: str, task_id: int, values: dict[str, object]) -> plain.TaskResponse:
        names = frozenset(values)
        if names not in self._update:
            self._update[names] = Batch(self._database, update_statement(names), key=_KEY)
        row = await self._update[names].one(
            user_id=user_id, task_id=task_id, revision=new_revision(), **values
        )
        if row is None:
            raise TaskNotFound
        return _answer(row)


def _answer(row: TaskRow) -> plain.TaskResponse:
    """Where type checkers hold the rows of the database to the contract."""
    return {**row}
