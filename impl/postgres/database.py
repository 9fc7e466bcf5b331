"""Run statements with asyncpg: one statement, one round trip, committed when it returns."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import random
from typing import Any, Literal, TypeAlias, cast

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information.
from specfirst.runtime.errors import APIError

from impl.connection_strings import read_connection_string
from impl.errors import DatabaseUnavailable
from impl.postgres.pool import Pool
from impl.postgres.statement import RowT, Statement
from impl.tables import STORED_REVISION

log = logging.getLogger("impl.postgres.database")

# The timeout for getting a connection and running the statement. After it, a 503 is better for the client
# than waiting.
ANSWER_SECONDS = 2.5
# The timeout if a connection must be opened: Neon needs time to resume.
CONNECT_SECONDS = 4.5
# Statements are retried for this long during an outage, so that clients do not notice a database restart.
OUTAGE_SECONDS = 8.0
# The pause between two attempts: a random part of this, which doubles up to the maximum.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.5


# The server is gone or shutting down, or is no longer the primary.
_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    # asyncpg has read the server's shutdown message and not yet the end of the connection.
    asyncpg.InternalClientError,
)
# PostgreSQL aborted this statement because of concurrent ones, and rolled it back.
_CONFLICT = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# The statement timed out, or the server is out of resources.
_OVERBURDENED = (
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
)
# A retry of the connection cannot succeed.
_REFUSED = (
    TimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
)

_Method: TypeAlias = Literal["fetch", "fetchrow"]
_Parameters: TypeAlias = Mapping[str, object]


class Interrupted(DatabaseUnavailable):
    """The statement was not carried out, or (`unsure`) its outcome is unknown; a retry may succeed."""

    def __init__(self, *, unsure: bool) -> None:
        super().__init__()
        self.unsure = unsure


def asyncpg_options(database_url: str) -> dict[str, Any]:
    """Return the arguments of asyncpg.connect for a connection string of PostgreSQL or Neon."""
    string = read_connection_string(database_url)
    options = string.for_asyncpg
    # Behind a transaction pooler, the next statement may reach another server process, where a named prepared
    # statement may not exist. Unnamed statements cost a second round trip, so the direct host is better for a
    # server with its own connection pool.
    ours = _POOLED if string.pooled else _POOLED | _DIRECT
    return options | {
        "timeout": min(CONNECT_SECONDS, string.connect_seconds or CONNECT_SECONDS),
        "server_settings": options.get("server_settings", {}) | ours,
        "statement_cache_size": 0 if string.pooled else 512,
        # Larger than the number of our statements, and without expiry, so that none is prepared twice on a
        # connection.
        "max_cached_statement_lifetime": 0,
    }


# Settings are sent when the connection is opened: a SET would cost a round trip, and behind a pooler affect
# the next client of that server process. These are among the few that PgBouncer keeps for each client.
_POOLED = {"timezone": "UTC", "datestyle": "ISO"}
_DIRECT = {
    # PostgreSQL estimates a page of unknown length as a tenth of the table, and would plan each list again,
    # which takes longer than reading it. tests/impl/store/test_indexes.py checks these plans.
    "plan_cache_mode": "force_generic_plan",
    # Less than ANSWER_SECONDS, so that the server reports the timeout and the connection stays usable.
    "lock_timeout": "2s",
    "statement_timeout": "2300ms",
    # Close the sessions of disconnected clients, so that they neither work nor hold locks.
    "client_connection_check_interval": "1s",
    "idle_in_transaction_session_timeout": "5s",
}

_REVISION = Statement(STORED_REVISION)


class Database:
    """A connection pool that opens connections on demand, so that the server starts before its database.

    An interrupted statement is retried during an outage if that is safe.
    """

    NAME = "database"

    def __init__(self, database_url: str, *, pool_size: int = 10, sharded: bool = False) -> None:
        self.pool_size, self.sharded = pool_size, sharded
        self._options = asyncpg_options(database_url)
        self._pool = Pool(pool_size)
        self._down_since: float | None = None
        self._up_since = -math.inf

    async def close(self) -> None:
        await self._pool.close()

    @property
    def usage(self) -> Mapping[str, int]:
        """Return the usage of the connections, for metrics."""
        return self._pool.usage

    def overdue(self) -> float:
        """Return a time: requests queued before it have timed out. No request times out during an outage."""
        limit = asyncio.get_running_loop().time() - ANSWER_SECONDS
        return limit if self._down_since is None and self._up_since < limit else -math.inf

    async def one(self, statement: Statement[RowT], **parameters: object) -> RowT | None:
        """Return the first row, or None."""
        try:
            record = await self._attempt("fetchrow", statement, parameters)
        except Interrupted as error:
            record = await self._repeat("fetchrow", statement, parameters, error)
        return None if record is None else cast(RowT, dict(record.items()))

    async def all(self, statement: Statement[RowT], **parameters: object) -> list[RowT]:
        records = await self._fetch(statement, parameters)
        names = tuple(records[0].keys()) if records else ()
        return cast(list[RowT], _dicts(names, records))

    async def all_beside(self, statement: Statement[RowT], **parameters: object) -> tuple[list[RowT], Any]:
        """Return the rows without their last column, and its value, which is the same in all rows.

        Saves 0.06 µs a row, which it takes to put a value into a dict and to remove it.
        """
        records = await self._fetch(statement, parameters)
        if not records:
            return [], None
        return cast(list[RowT], _dicts(tuple(records[0].keys())[:-1], records)), records[0][-1]

    async def _fetch(self, statement: Statement[Any], parameters: _Parameters) -> Any:
        try:
            return await self._attempt("fetch", statement, parameters)
        except Interrupted as error:
            return await self._repeat("fetch", statement, parameters, error)

    async def revision(self) -> str | None:
        """Return the migration revision of the database, or None; do not wait for the end of an outage."""
        record = await self._attempt("fetchrow", _REVISION, {})
        return cast(str, record["version_num"]) if record else None

    async def _attempt(self, method: _Method, statement: Statement[Any], parameters: _Parameters) -> Any:
        """Run one statement; the only place where the driver's errors are translated.

        A connection is used again without a reset, since our statements leave nothing in the session.
        """
        arguments = [parameters[name] for name in statement.names]
        connection = None
        try:
            async with asyncio.timeout(ANSWER_SECONDS) as limit:
                connection = await self._pool.acquire()
                try:
                    if connection is None:
                        connection = await self._connect(limit)
                    return await getattr(connection, method)(statement.sql, *arguments)
                except (*_LOST, asyncio.CancelledError):
                    # The server may still respond to the aborted statement, so this connection cannot be used
                    # again.
                    if connection is not None:
                        connection.terminate()
                    raise
                except asyncpg.InterfaceError as error:
                    if connection and connection.is_closed():
                        raise Interrupted(unsure=False) from error
                    raise
                finally:
                    self._pool.release(connection)
        except asyncpg.IntegrityConstraintViolationError as error:
            # Partitions and shards have constraints of their own, with a number in the name.
            api_error = statement.violations.get(re.sub(r"_\d+", "", cast(Any, error).constraint_name or ""))
            if api_error is None:
                raise
            raise api_error() from None
        except asyncpg.UndefinedTableError as error:
            raise DatabaseUnavailable("The database is not migrated") from error
        except TimeoutError as error:
            if connection is not None:
                # If the network is down, the idle connections are broken too.
                self._pool.close_idle()
            raise DatabaseUnavailable from error
        except _CONFLICT as error:
            raise Interrupted(unsure=False) from error
        except _LOST as error:
            raise Interrupted(unsure=True) from error
        except _OVERBURDENED as error:
            raise DatabaseUnavailable from error

    async def _repeat(
        self, method: _Method, statement: Statement[Any], parameters: _Parameters, error: Interrupted
    ) -> Any:
        """Retry until it succeeds or the outage is too long; never repeat an uncertain write blindly."""
        now = asyncio.get_running_loop().time
        give_up = min(now(), self._down_since or math.inf) + OUTAGE_SECONDS
        pause, unsure = FIRST_PAUSE_SECONDS, False
        while True:
            unsure = unsure or error.unsure
            if now() > give_up or (unsure and not statement.repeatable):
                raise DatabaseUnavailable from error
            await asyncio.sleep(pause * random())  # noqa: S311  # Random, so that not all retry at once.
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            try:
                if unsure and statement.done:
                    return await self._settle(method, statement, statement.done, parameters)
                return await self._attempt(method, statement, parameters)
            except Interrupted as again:
                error = again

    async def _settle(
        self, method: _Method, statement: Statement[Any], done: Statement[Any], parameters: _Parameters
    ) -> Any:
        """Return the result of a statement that may have been committed or may still run."""
        if answer := await self._attempt(method, done, parameters):
            return answer
        try:
            answer = await self._attempt(method, statement, parameters)
        except DatabaseUnavailable:
            raise
        except (APIError, asyncpg.UniqueViolationError):
            # The conflict may be with an earlier attempt of the same statement.
            if answer := await self._attempt(method, done, parameters):
                return answer
            raise
        return answer or await self._attempt(method, done, parameters)

    async def _connect(self, limit: asyncio.Timeout) -> Any:
        """Open a connection; raise DatabaseUnavailable on any failure.

        Extends the caller's timeout by the time that opening takes.
        """
        now = asyncio.get_running_loop().time
        began, until = now(), cast(float, limit.when())
        latest = until + CONNECT_SECONDS - ANSWER_SECONDS
        limit.reschedule(latest)
        try:
            connection = await asyncpg.connect(**self._options)
        except (*_LOST, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if self._down_since is None:
                self._down_since = now()
                log.warning("The %s is not available: %s", self.NAME, error)
            if isinstance(error, _REFUSED):
                raise DatabaseUnavailable from error
            raise Interrupted(unsure=False) from error
        limit.reschedule(min(latest, until + now() - began))
        if self._down_since is not None:
            log.warning("The %s is available again, after %.1f s", self.NAME, now() - self._down_since)
            self._down_since, self._up_since = None, now()
            # Broken connections are reference cycles of 0.1 MB, which the collector would find much later.
            gc.collect()
        # Python's ISO 8601 parser takes 0.2 µs, asyncpg's binary decoder 1 µs: for the timestamps of 100
        # tasks, 200 µs less.
        await connection.set_type_codec(
            "timestamptz",
            schema="pg_catalog",
            encoder=datetime.isoformat,
            decoder=datetime.fromisoformat,
        )
        return connection


def _dicts(names: Sequence[str], records: Sequence[Sequence[object]]) -> list[dict[str, object]]:
    # 0.5 µs per row. dict(record) looks each name up and takes 2.1 µs; `strict` costs 0.15.
    return [dict(zip(names, record)) for record in records]  # noqa: B905
