"""Calls that arrive in the same moment share one statement, one round trip and one commit.

Measured on reads of one task: 38 µs of the server's processor for a statement of its own, 6 µs for a share of
one. A lone call pays nothing: it is sent at once, and later ones gather only while the earlier ones are on
their way.

On a sharded database each call has a statement of its own after all, which concerns one shard.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ARRAY, TableValuedAlias, bindparam, column, func
from sqlalchemy.types import TypeEngine

from impl.errors import DatabaseUnavailable
from impl.postgres.database import Database, Row, Statement

LARGEST = 64
IN_FLIGHT = 2
# Whoever has waited so long behind a batch that the database did not answer is not answered either.
PATIENCE_SECONDS = 0.1

RowT = TypeVar("RowT")


def calls(**parameters: TypeEngine[Any]) -> TableValuedAlias:
    """The calls of a batch as a table: a column for each parameter, and `position` to tell them apart.

    Each parameter becomes an array with a value for each call.
    """
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in parameters.items()]
    columns = [column(name, kind) for name, kind in parameters.items()]
    values = func.unnest(*arrays).table_valued(*columns, with_ordinality="position")
    return values.render_derived(name="call")


@dataclass(slots=True)
class _Call:
    since: float
    parameters: Mapping[str, object]
    row: asyncio.Future[Any]


class Batch(Generic[RowT]):
    """Runs a statement for many calls at once.

    The statement reads from `calls`, and each of its rows has the `position` of the call that it is for; a
    call has one row at the most. `key` names the parameters that say which row is changed: of two calls for
    the same row, the second waits until the first has been answered, for one statement changes a row once.
    """

    def __init__(self, database: Database, statement: Statement[RowT], *, key: Sequence[str] = ()) -> None:
        self._database, self._key = database, key
        self._statement, self._largest, self._in_flight = statement, LARGEST, IN_FLIGHT
        if database.sharded:
            self._statement, self._largest, self._in_flight = statement.for_one_call(), 1, database.pool_size
        self._waiting: deque[_Call] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._locked: set[tuple[object, ...]] = set()
        self._scheduled = False

    async def one(self, **parameters: object) -> RowT | None:
        """The row for these parameters, or None."""
        loop = asyncio.get_running_loop()
        call = _Call(loop.time(), parameters, loop.create_future())
        self._waiting.append(call)
        if not self._scheduled and len(self._running) < self._in_flight:
            # Not at once: what else arrived in this turn of the event loop comes along.
            self._scheduled = True
            loop.call_soon(self._start)
        row: RowT | None = await call.row
        return row

    def _start(self) -> None:
        self._scheduled = False
        while len(self._running) < self._in_flight and (batch := self._take()):
            task = asyncio.create_task(self._answer(batch))
            self._running.add(task)

    def _take(self) -> list[_Call]:
        """The calls that go next, in the order of their keys, so that batches never lock rows crosswise."""
        batch: list[_Call] = []
        passed: list[_Call] = []
        overdue = self._database.overdue()
        while self._waiting and len(batch) < self._largest:
            call = self._waiting.popleft()
            if call.row.done():
                # Whoever asked has gone.
                continue
            if call.since < overdue:
                call.row.set_exception(DatabaseUnavailable())
                continue
            key = self._key_of(call)
            if key in self._locked:
                passed.append(call)
                continue
            if key:
                self._locked.add(key)
            batch.append(call)
        self._waiting.extendleft(reversed(passed))
        return sorted(batch, key=self._key_of) if self._key else batch

    def _key_of(self, call: _Call) -> tuple[Any, ...]:
        return tuple(call.parameters[name] for name in self._key)

    async def _answer(self, batch: list[_Call]) -> None:
        try:
            await self._attempt(batch)
        finally:
            self._locked.difference_update(map(self._key_of, batch))
            task = asyncio.current_task()
            assert task is not None
            self._running.discard(task)
            self._start()

    async def _attempt(self, batch: list[_Call]) -> None:
        try:
            await self._run(batch)
        except DatabaseUnavailable as error:
            _fail(batch, error)
            impatient = asyncio.get_running_loop().time() - PATIENCE_SECONDS
            _fail([call for call in self._waiting if call.since < impatient], error)
        except Exception as error:
            if len(batch) > 1:
                # One of them violates a constraint, so nothing was done. Alone, each has its own answer.
                for call in batch:
                    await self._attempt([call])
            else:
                _fail(batch, error)

    async def _run(self, batch: list[_Call]) -> None:
        parameters = {name: [call.parameters[name] for call in batch] for name in self._statement.names}
        rows: dict[int, Any] = {}
        for row in cast(list[Row], await self._database.all(self._statement, **parameters)):
            rows[row.pop("position")] = row
        for position, call in enumerate(batch, 1):
            if not call.row.done():
                call.row.set_result(rows.get(position))


def _fail(batch: list[_Call], error: Exception) -> None:
    for call in batch:
        if not call.row.done():
            call.row.set_exception(error)
