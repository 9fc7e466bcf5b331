"""A table of users' rows for operations: every method takes the owner and returns the stored values.

Each method runs one statement in one round trip, batched with concurrent requests. A second query is needed
for a conditional request that wrote nothing, to tell 404 from 412, and before a write to a row below a
parent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Generic, NamedTuple, TypeAlias, cast

from specfirst.runtime.errors import APIError, NotFound, PreconditionFailed
from sqlalchemy import ColumnElement, Delete, Select, Table, UniqueConstraint, Update
from sqlmodel import SQLModel

from impl.errors import UserNotFound
from impl.postgres.database import Database
from impl.postgres.statement import Row, RowT, Statement, Violations
from impl.store import statements
from impl.store.batching import Batch, batched_parameters
from impl.store.etags import Preconditions, entity_tag, new_revision
from impl.store.idempotency import IdempotentWrite
from impl.store.ids import Ids
from impl.store.pages import Page, Pages, Parent
from impl.store.rows import properties
from impl.store.statements import CHANGE, GIVEN, PRECONDITIONS, REVISION, THIS_ROW, Given, Kinds, parameters
from impl.tables import Counters

# Columns that the store or the database sets.
_MANAGED = frozenset({"user_id", "id", "created_at", "updated_at", "revision"})

UNCONDITIONAL = Preconditions()

_Send: TypeAlias = Callable[..., Awaitable[Any]]
"""Runs a statement for one request: takes its parameters, and returns its row or None."""


class Stored(NamedTuple, Generic[RowT]):
    """The properties of a stored row, and the entity tag of this version."""

    values: RowT
    etag: str


class ComputedChange(NamedTuple):
    """See OwnedTable.computed_change."""

    send: _Send
    once: IdempotentWrite[Any]


class OwnedTable(Generic[RowT]):
    """`OwnedTable(database, Task, plain.TaskResponse, missing=TaskNotFound)` reads and writes users' tasks.

    `parents` of methods are the other ids in the path of a row, such as `task_id=42`: the row must have them.
    Rows do not move to other parents, so it is enough to read them before a write.

    Methods return rows as the generated dict says: columns that it does not have are not returned, and if the
    table lacks one of its required properties, the constructor raises StartupError.

    - `missing` is the error if the user has no such row.
    - `parent` is the column that refers to the row to which a row belongs, and the error of lists and
      insertions if the user has no such row: `("task_id", TaskNotFound)`.
    - `violations` maps constraints of the table to the errors of writes that violate them.
    - `counters` declares the filters, and provides the totals of lists. Without it, every column is a filter,
      and totals are counted.
    - `batched` lets concurrent requests share statements. Under load, that takes a fraction of the time; a
      single request takes some 50 µs more. A table with a unique constraint must not be batched: two batches
      with the same names in different orders would deadlock.
    """

    def __init__(
        self,
        database: Database,
        model: type[SQLModel],
        row: type[RowT],
        *,
        missing: Callable[[], NotFound],
        parent: Parent | None = None,
        violations: Violations | None = None,
        counters: Counters | None = None,
        batched: bool = True,
    ) -> None:
        self._database, self._missing, self._batched = database, missing, batched
        self._table = table = cast(Table, model.__dict__["__table__"])
        if batched and any(isinstance(constraint, UniqueConstraint) for constraint in table.constraints):
            raise TypeError(f"{model.__name__} has a unique constraint: pass batched=False to OwnedTable")
        # Without the user, there is no parent either. The database checks the two keys in any order.
        column, no_owner = parent or ("", UserNotFound)
        keys = [f"{table.name}_user_id_fkey", *([f"{table.name}_user_id_{column}_fkey"] if parent else [])]
        self._violations = {**dict.fromkeys(keys, no_owner), **(violations or {})}
        fields = {name: field for name, field in model.model_fields.items() if name not in _MANAGED}
        self._defaults = {name: field.default for name, field in fields.items() if not field.is_required()}
        self._absent: dict[str, Any] = dict.fromkeys(fields)
        self._bits = {name: 1 << place for place, name in enumerate(fields)}
        kinds = {name: table.c[name].type for name in fields}
        inserted = THIS_ROW | REVISION | kinds
        sent = properties(model, row)
        read = sent - {"etag"} | {"user_id", "id", "created_at", "revision", *([column] if column else [])}
        self._columns = [column for column in table.c if column.key in read]
        self._unsent = tuple((read - {"revision"} | {"etag"}) - sent)

        self._ids = Ids(database, table)
        self._pages = Pages[RowT](database, table, self._columns, counters, parent, unsent=self._unsent)
        self._get = self._send(THIS_ROW, partial(statements.read, table, self._columns))
        self._create = self._send(
            inserted, partial(statements.create, table, self._columns, self._violations)
        )
        self._create_once = self._idempotent(
            f"create{model.__name__}", statements.insertion(table, parameters(inserted))
        )
        update = partial(statements.update_given, table, self._columns, self._bits, self._violations)
        self._update = self._send(CHANGE | GIVEN | kinds, update, key=THIS_ROW)
        self._delete = partial(database.one, statements.remove(table, parameters(THIS_ROW | PRECONDITIONS)))

    async def get(self, user_id: str, row_id: int, **parents: int) -> Stored[RowT]:
        row: Any = await self._get(user_id=user_id, id=row_id)
        if row is None or (parents and any(row[name] != parent for name, parent in parents.items())):
            raise self._missing()
        return self._stored(row)

    async def page(
        self, user_id: str, *, limit: int, offset: int, cursor: str | None, **filters: object
    ) -> Page[RowT]:
        """Read a page of the matching rows, newest first; a filter that is None is ignored.

        Raises UserNotFound, or the error of the parent if it is among the filters and the user has none such.
        """
        return await self._pages.read(user_id, filters, limit=limit, offset=offset, cursor=cursor)

    async def insert(
        self, user_id: str, values: dict[str, Any], *, idempotency_key: str | None = None
    ) -> Stored[RowT]:
        """Insert a row with these properties, and the table's defaults for all others."""
        send: _Send = self._create
        if idempotency_key is not None:
            send = partial(self._create_once.run, idempotency_key, values)
        row_id, revision = await self._ids.next(), new_revision()
        row: Any = await send(user_id=user_id, id=row_id, revision=revision, **self._defaults | values)
        return self._stored(row)

    async def update(
        self,
        user_id: str,
        row_id: int,
        changes: dict[str, Any],
        preconditions: Preconditions = UNCONDITIONAL,
        **parents: int,
    ) -> Stored[RowT]:
        """Change only these properties; without any, the row keeps its version."""
        if parents or not changes:
            stored = await self.get(user_id, row_id, **parents)
            if not changes:
                preconditions.check(stored.etag)
                return stored
        given = 0
        for name in changes:
            given |= self._bits[name]
        values = {**self._absent, **changes, "given": given}
        return await self._change(self._update, user_id, row_id, preconditions, values)

    async def replace(
        self,
        user_id: str,
        row_id: int,
        values: dict[str, Any],
        preconditions: Preconditions = UNCONDITIONAL,
        **parents: int,
    ) -> Stored[RowT]:
        """Set these properties, and reset all others to their defaults."""
        values = self._defaults | values
        return await self.update(user_id, row_id, values, preconditions, **parents)

    async def delete(
        self, user_id: str, row_id: int, preconditions: Preconditions = UNCONDITIONAL, **parents: int
    ) -> None:
        if parents:
            await self.get(user_id, row_id, **parents)
        if await self._delete(user_id=user_id, id=row_id, preconditions=preconditions.revisions) is None:
            raise await self._nothing_written(user_id, row_id, preconditions)

    def computed_change(self, name: str, **values: ColumnElement[Any]) -> ComputedChange:
        """Return a change to values that PostgreSQL computes from the stored row, for `apply`.

        `name` distinguishes it from other writes with an idempotency key.
        """
        change = partial(statements.change, self._table, self._columns, values, self._violations)
        return ComputedChange(
            self._send(CHANGE, change, key=THIS_ROW),
            self._idempotent(name, statements.modification(self._table, values, parameters(CHANGE))),
        )

    async def apply(
        self,
        change: ComputedChange,
        user_id: str,
        row_id: int,
        preconditions: Preconditions = UNCONDITIONAL,
        *,
        idempotency_key: str | None = None,
    ) -> Stored[RowT]:
        send = change.send
        if idempotency_key is not None:
            send = partial(change.once.run, idempotency_key, row_id)
        return await self._change(send, user_id, row_id, preconditions, {})

    def prepare(self, statement: Select[Any] | Update | Delete) -> Callable[..., Awaitable[list[Row]]]:
        """Return a function that runs a resource's statement, limited to the rows of `user_id`."""
        limited = statement.where(statements.owned(self._table))
        return partial(self._database.all, Statement(limited, violations=self._violations))

    async def _change(
        self, send: _Send, user_id: str, row_id: int, preconditions: Preconditions, values: dict[str, Any]
    ) -> Stored[RowT]:
        values |= {"user_id": user_id, "id": row_id, "revision": new_revision()}
        row = await send(**values, preconditions=preconditions.revisions)
        if row is None:
            raise await self._nothing_written(user_id, row_id, preconditions)
        return self._stored(row)

    async def _nothing_written(self, user_id: str, row_id: int, preconditions: Preconditions) -> APIError:
        """Return the error for a statement that wrote nothing; conditional requests need a query."""
        if preconditions.revisions is None or await self._get(user_id=user_id, id=row_id) is None:
            return self._missing()
        return PreconditionFailed()

    def _idempotent(self, name: str, write: Any) -> IdempotentWrite[Any]:
        return IdempotentWrite(self._database, name, self._table, self._columns, write, self._violations)

    def _send(
        self, kinds: Kinds, build: Callable[[Given], Statement[RowT]], *, key: Iterable[str] = ()
    ) -> _Send:
        """Send requests for this statement in batches, or each alone."""
        # On a sharded database, a batch would span several shards.
        if self._batched and not self._database.sharded:
            return Batch(self._database, build(batched_parameters(kinds)), key=tuple(key)).one
        return partial(self._database.one, build(parameters(kinds)))

    def _stored(self, row: dict[str, Any]) -> Stored[Any]:
        """Replace the revision of a row by its entity tag. Changes the given dict."""
        etag = row["etag"] = entity_tag(row.pop("revision"))
        for name in self._unsent:
            del row[name]
        return Stored(row, etag)
