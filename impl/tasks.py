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
    or_,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from generated import plain
from generated.operations import (
    CreateTask201,
    GetTask200,
    ReplaceTask200,
    ToggleTask200,
    UpdateTask200,
)
from generated.schemas import TaskCreate, TaskPriority, TaskReplace, TaskUpdate
from impl.auth import Caller
from impl.batching import Batch, calls
from impl.database import Database, Statement, owned
from impl.errors import TaskNotFound
from impl.idempotency import Once
from impl.ids import Ids
from impl.paging import PageStatement, page_statement, read_page
from impl.revisions import admits, admitted, is_admitted, new_revision, take_etag
from impl.tables import Task, TaskRow, task, task_count
from specfirst.errors import PreconditionFailed, Refusal

# What a property is when it is left out of a new or replaced task.
DEFAULTS = {
    name: Task.model_fields[name].default
    for name in ("description", "completed", "priority", "due_date", "category_id")
}

_KEY = ("user_id", "task_id")


def _this_task(call: TableValuedAlias) -> ColumnElement[bool]:
    return and_(task.c.user_id == call.c.user_id, task.c.id == call.c.task_id)


_CALL = calls(user_id=Text(), task_id=BigInteger())
GET = Statement[TaskRow](select(_CALL.c.position, task).join(_CALL, _this_task(_CALL)))

_THIS_TASK = and_(owned(task), task.c.id == bindparam("task_id"))
_ADMITTED = is_admitted(task, bindparam("admitted", type_=Text))
DELETE = Statement(
    delete(task).where(_THIS_TASK, _ADMITTED).returning(task.c.id),
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
    .returning(task)
    .cte("created")
)
CREATE = Statement[TaskRow](
    select(_NEW.c.position, _CREATED).join(
        _NEW, and_(_NEW.c.user_id == _CREATED.c.user_id, _NEW.c.id == _CREATED.c.id)
    ),
    done=Statement(select(_NEW.c.position, task).join(_NEW, _THIS_NEW)),
)


@cache
def update_statement(names: frozenset[str]) -> Statement[TaskRow]:
    """Set the named properties."""
    call = _change(**{name: task.c[name].type for name in sorted(names)})
    return _changed(call, **{name: call.c[name] for name in names})


def _change(**values: TypeEngine[Any]) -> TableValuedAlias:
    return calls(user_id=Text(), task_id=BigInteger(), admitted=Text(), revision=BigInteger(), **values)


def _changed(call: TableValuedAlias, **values: ColumnElement[Any]) -> Statement[TaskRow]:
    """Set these properties of the tasks that are called for.

    `updated_at` is set here rather than by a trigger, which could not tell a change of the task from the
    deletion of its category. clock_timestamp() and not now(), so that of two changes which wait for each
    other the later one has the later time.
    """
    # They were all changed by one statement, or none: one that has its new revision speaks for all, but for
    # those that were to be changed only in a certain state.
    found = (
        select(
            call.c.position,
            task,
            func.bool_or(task.c.revision == call.c.revision).over().label("done"),
            or_(call.c.admitted.is_(None), task.c.revision == call.c.revision).label("surely"),
        )
        .join(call, _this_task(call))
        .subquery("found")
    )
    answered = [column for column in found.c if column.name not in ("done", "surely")]
    return Statement[TaskRow](
        update(task)
        .where(_this_task(call), task.c.revision != call.c.revision, is_admitted(task, call.c.admitted))
        .values(**values, updated_at=func.clock_timestamp(), revision=call.c.revision)
        .returning(call.c.position, task),
        done=Statement(select(*answered).where(found.c.done, found.c.surely)),
    )


TOGGLE = _changed(_change(), completed=~task.c.completed)

CREATE_ONCE = Once[TaskRow](
    "createTask",
    task,
    insert(task)
    .values({name: bindparam(name) for name in ("user_id", "title", *DEFAULTS, "revision")})
    .returning(task),
)
TOGGLE_ONCE = Once[TaskRow](
    "toggleTask",
    task,
    update(task)
    .where(_THIS_TASK, _ADMITTED)
    .values(completed=~task.c.completed, updated_at=func.clock_timestamp(), revision=bindparam("revision"))
    .returning(task),
)


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

    async def create_task(
        self, caller: Caller, *, user_id: str, body: TaskCreate, idempotency_key: str | None = None
    ) -> CreateTask201:
        given = body.model_dump()
        values = {"user_id": user_id, "revision": new_revision()} | DEFAULTS | given
        if idempotency_key is None:
            row = await self._create.one(id=await self._ids.next(), **values)
        else:
            row = await CREATE_ONCE.one(self._database, idempotency_key, given, **values)
        assert row is not None
        location = f"/api/{quote(user_id, safe=':@+')}/tasks/{row['id']}"
        return CreateTask201(location=location, etag=take_etag(row), body=_answer(row))

    async def get_task(self, caller: Caller, *, user_id: str, task_id: int) -> GetTask200:
        row = await self._get.one(user_id=user_id, task_id=task_id)
        if row is None:
            raise TaskNotFound
        return GetTask200(etag=take_etag(row), body=_answer(row))

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
        row = await self._set(
            user_id, task_id, DEFAULTS | body.model_dump(), admitted(if_match, if_none_match)
        )
        return ReplaceTask200(etag=take_etag(row), body=_answer(row))

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
        changes = body.model_dump()
        if changes:
            row = await self._set(user_id, task_id, changes, admitted(if_match, if_none_match))
            return UpdateTask200(etag=take_etag(row), body=_answer(row))
        unchanged = await self.get_task(caller, user_id=user_id, task_id=task_id)
        if not admits(if_match, if_none_match, unchanged.etag):
            raise PreconditionFailed
        return UpdateTask200(etag=unchanged.etag, body=unchanged.body)

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
        values = {"user_id": user_id, "task_id": task_id, "revision": new_revision()}
        values["admitted"] = admitted(if_match, if_none_match)
        if idempotency_key is None:
            row = await self._toggle.one(**values)
        else:
            row = await TOGGLE_ONCE.one(self._database, idempotency_key, task_id, **values)
        if row is None:
            raise await self._refusal(user_id, task_id, values["admitted"])
        return ToggleTask200(etag=take_etag(row), body=_answer(row))

    async def delete_task(
        self,
        caller: Caller,
        *,
        user_id: str,
        task_id: int,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> plain.MessageResponse:
        values = {"user_id": user_id, "task_id": task_id, "admitted": admitted(if_match, if_none_match)}
        if await self._database.one(DELETE, **values) is None:
            raise await self._refusal(user_id, task_id, values["admitted"])
        return {"message": "Task deleted successfully"}

    async def _set(
        self, user_id: str, task_id: int, values: dict[str, object], condition: str | None
    ) -> TaskRow:
        names = frozenset(values)
        if names not in self._update:
            self._update[names] = Batch(self._database, update_statement(names), key=_KEY)
        row = await self._update[names].one(
            user_id=user_id, task_id=task_id, admitted=condition, revision=new_revision(), **values
        )
        if row is None:
            raise await self._refusal(user_id, task_id, condition)
        return row

    async def _refusal(self, user_id: str, task_id: int, condition: object) -> Refusal:
        """Why there was nothing to write; only conditional requests need a second query."""
        if condition is None or await self._get.one(user_id=user_id, task_id=task_id) is None:
            return TaskNotFound()
        return PreconditionFailed()


def _answer(row: TaskRow) -> plain.TaskResponse:
    """Where type checkers hold the rows of the database to the contract."""
    return {**row}
