"""Runs statements with asyncpg: one statement, one round trip, committed when it returns."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import Mapping
from datetime import datetime
from random import random
from typing import Any, Literal, TypeAlias, cast

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information.
from sqlalchemy import column, select, table

from impl.connection_strings import read_connection_string
from impl.errors import DatabaseUnavailable
from impl.postgres.pool import Pool
from impl.postgres.statement import RowT, Statement
from impl.tables import SCHEMA
from specfirst.errors import Refusal

log = logging.getLogger("impl.postgres.database")

# How long a request waits for a connection and for its statement together. Beyond it the client is better
# served by 503 than by waiting.
ANSWER_SECONDS = 2.5
# If a connection must be opened: Neon takes its time to wake up.
CONNECT_SECONDS = 4.5
# How long an outage is bridged by trying again, so that a restart of the database is no client's concern.
OUTAGE_SECONDS = 8.0
# How long to wait between two attempts: a random part of this, which doubles up to the longest.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.5


# The server is gone, or going, or is not the one that writes any more.
_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    # asyncpg has read the server's farewell and not yet the end of the connection.
    asyncpg.InternalClientError,
)
# Of several statements that could not all succeed PostgreSQL ended this one, and undid what it had done.
_CONFLICT = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# It took too long, or there is no room.
_OVERBURDENED = (
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
)
# No second attempt to connect would change it.
_REFUSED = (
    TimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
)

_Method: TypeAlias = Literal["fetch", "fetchrow"]
_Parameters: TypeAlias = Mapping[str, object]


class Interrupted(DatabaseUnavailable):
    """The database did not carry a statement out, or (`unsure`) nobody knows; in a moment it may."""

    def __init__(self, *, unsure: bool) -> None:
        super().__init__()
        self.unsure = unsure


def asyncpg_options(database_url: str) -> dict[str, Any]:
    """What asyncpg.connect needs to know for a connection string of PostgreSQL or Neon."""
    string = read_connection_string(database_url)
    options = string.for_asyncpg
    # Behind a transaction pooler the next statement may reach another server process, where a statement
    # prepared by name need not exist. Without names each call costs a second round trip, so the direct
    # host is the better choice for a server that keeps a pool of its own.
    ours = _POOLED if string.pooled else _POOLED | _DIRECT
    return options | {
        "timeout": min(CONNECT_SECONDS, string.connect_seconds or CONNECT_SECONDS),
        "server_settings": options.get("server_settings", {}) | ours,
        "statement_cache_size": 0 if string.pooled else 512,
        # Above the number of our statements and for ever, so that none is prepared twice on a connection.
        "max_cached_statement_lifetime": 0,
    }


# Settings go along with the request for a connection: a SET would cost a round trip, and behind a pooler
# reach whoever gets that server process next. These are among the few that PgBouncer keeps for each client.
_POOLED = {"timezone": "UTC", "datestyle": "ISO"}
_DIRECT = {
    # PostgreSQL takes a page of unknown length for a tenth of the table, and would plan each list anew,
    # which takes longer than reading it. tests/impl/store/test_indexes.py looks at these plans.
    "plan_cache_mode": "force_generic_plan",
    # Less than ANSWER_SECONDS, so that the server says it and the connection can be used again.
    "lock_timeout": "2s",
    "statement_timeout": "2300ms",
    # Whoever has gone neither works on nor holds locks.
    "client_connection_check_interval": "1s",
    "idle_in_transaction_session_timeout": "5s",
}

_REVISION = Statement(select(column("version_num")).select_from(table("alembic_version", schema=SCHEMA)))


class Database:
    """A pool of connections, opened as they are needed, so that the server starts before its database.

    A statement that was interrupted is repeated, for as long as an outage may last, where that is safe.
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
        """How its connections are used, for metrics."""
        return self._pool.usage

    def overdue(self) -> float:
        """Whoever has been waiting since before then has waited for too long; nobody during an outage."""
        limit = asyncio.get_running_loop().time() - ANSWER_SECONDS
        return limit if self._down_since is None and self._up_since < limit else -math.inf

    async def one(self, statement: Statement[RowT], **parameters: object) -> RowT | None:
        """The first row, or None."""
        try:
            record = await self._attempt("fetchrow", statement, parameters)
        except Interrupted as error:
            record = await self._repeat("fetchrow", statement, parameters, error)
        return None if record is None else cast(RowT, dict(record.items()))

    async def all(self, statement: Statement[RowT], **parameters: object) -> list[RowT]:
        try:
            records = await self._attempt("fetch", statement, parameters)
        except Interrupted as error:
            records = await self._repeat("fetch", statement, parameters, error)
        names = tuple(records[0].keys()) if records else ()
        # 0.5 µs a row. dict(record) looks each name up and takes 2.1 µs; saying `strict` costs 0.15.
        return cast(list[RowT], [dict(zip(names, record)) for record in records])  # noqa: B905

    async def revision(self) -> str | None:
        """The revision that the database was migrated to, or None; does not wait for the end of an outage."""
        record = await self._attempt("fetchrow", _REVISION, {})
        return cast(str, record["version_num"]) if record else None

    async def _attempt(self, method: _Method, statement: Statement[Any], parameters: _Parameters) -> Any:
        """Run one statement; the only place where errors of the driver get our names.

        A connection is used again without resetting it, since our statements leave nothing in the session.
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
                    # What the server is still doing for it, it may answer at any time: to nobody.
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
            # Partitions and shards have constraints of their own, with a number in their names.
            refusal = statement.violations.get(re.sub(r"_\d+", "", cast(Any, error).constraint_name or ""))
            if refusal is None:
                raise
            raise refusal() from None
        except asyncpg.UndefinedTableError as error:
            raise DatabaseUnavailable("The database is not migrated") from error
        except TimeoutError as error:
            if connection is not None:
                # If it is the network that is silent, those that are idle would not be heard either.
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
        """Try until it succeeds or the outage lasts too long; what may have been done is not done twice."""
        now = asyncio.get_running_loop().time
        give_up = min(now(), self._down_since or math.inf) + OUTAGE_SECONDS
        pause, unsure = FIRST_PAUSE_SECONDS, False
        while True:
            unsure = unsure or error.unsure
            if now() > give_up or (unsure and not statement.repeatable):
                raise DatabaseUnavailable from error
            await asyncio.sleep(pause * random())  # noqa: S311  # So that not all come back at once.
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
        """The answer of a statement that may have been carried out, or may be just now by a lost process."""
        if answer := await self._attempt(method, done, parameters):
            return answer
        try:
            answer = await self._attempt(method, statement, parameters)
        except DatabaseUnavailable:
            raise
        except (Refusal, asyncpg.UniqueViolationError):
            # Perhaps it is the statement's own earlier self that it met.
            if answer := await self._attempt(method, done, parameters):
                return answer
            raise
        return answer or await self._attempt(method, done, parameters)

    async def _connect(self, limit: asyncio.Timeout) -> Any:
        """Open a connection; whatever prevents it, the database is not available.

        It extends the time limit of whoever asks for it by the time that it takes.
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
        # Python's own parser of ISO 8601 takes 0.2 µs, asyncpg's decoder of the binary form 1 µs: for the
        # times of 100 tasks, 200 µs less.
        await connection.set_type_codec(
            "timestamptz",
            schema="pg_catalog",
            encoder=datetime.isoformat,
            decoder=datetime.fromisoformat,
        )
        return connection
