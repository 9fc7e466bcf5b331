"""Statements compiled once and run by asyncpg: one statement, one round trip, committed when it returns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, Literal, TypeAlias, cast

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information.
from sqlalchemy import ColumnElement, Table, bindparam, column, make_url, select, table
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.visitors import iterate
from typing_extensions import TypeVar

from impl.errors import CategoryNameTaken, CategoryNotFound, DatabaseUnavailable, UserNotFound
from impl.pool import Pool
from impl.tables import SCHEMA, user
from specfirst.errors import Refusal

# How long a request may wait for a connection and for its statement together, and how long of that for
# opening a connection. Beyond it the client is better served by 503 than by waiting.
STATEMENT_SECONDS = 10.0
CONNECT_SECONDS = 5.0

# What it means when a statement violates a constraint: the database decides and we give it a name, instead
# of asking first and racing with others afterwards.
REFUSALS: Mapping[str, Callable[[], Refusal]] = {
    "task_user_id_fkey": UserNotFound,
    "category_user_id_fkey": UserNotFound,
    "task_user_id_category_id_fkey": CategoryNotFound,
    "category_user_id_name_key": CategoryNameTaken,
}

# Parameters of libpq that asyncpg would send to the server as if they were settings of the session. Of these
# Neon gives `channel_binding`, which asyncpg cannot do; `sslmode=verify-full` is the way to know the server.
_LIBPQ_ONLY = ("channel_binding", "connect_timeout", "gssencmode", "keepalives", "keepalives_idle")

_DIALECT = dialect()  # type: ignore[no-untyped-call]

# The server is gone, or going: the same statement may succeed in a moment. TimeoutError is an OSError.
_LOST = (OSError, asyncpg.PostgresConnectionError, asyncpg.exceptions.OperatorInterventionError)

Row: TypeAlias = dict[str, Any]


def owned(rows: Table) -> ColumnElement[bool]:
    """Only those rows that belong to the user given as `user_id`."""
    owner = rows.c.id if rows is user else rows.c.user_id
    return owner == bindparam("user_id")


RowT = TypeVar("RowT", default=Row)


class Statement(Generic[RowT]):
    """A statement in SQL for asyncpg; `names` are its parameters in the order of $1, $2 and so on.

    `Statement[TaskRow]` says what a row of its result looks like.

    It is refused when it concerns rows of users and does not take a `user_id`: see `owned`.
    """

    __slots__ = ("names", "sql")

    def __init__(self, statement: ClauseElement) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=_DIALECT))
        self.sql = str(compiled)
        self.names = tuple(compiled.positiontup or ())
        if "user_id" not in self.names and any(isinstance(part, Table) for part in iterate(statement)):
            raise TypeError(f"A statement on owned rows must name their owner: {self.sql}")


def asyncpg_options(database_url: str) -> dict[str, Any]:
    """What asyncpg.connect needs to know for a connection string of PostgreSQL or Neon."""
    url = make_url(database_url).set(drivername="postgresql").difference_update_query(_LIBPQ_ONLY)
    # Behind a transaction pooler the next statement may reach another server process, where a statement
    # prepared by name need not exist. Without names each call costs a second round trip, so the direct
    # host is the better choice for a server that keeps a pool of its own.
    pooled = "-pooler" in (url.host or "")
    return {
        "dsn": url.render_as_string(hide_password=False),
        "timeout": CONNECT_SECONDS,
        # Also the limit for cancelling a statement: a server that hangs does not answer to that either.
        "command_timeout": STATEMENT_SECONDS,
        # Above the number of our statements and for ever, so that none is prepared twice on a connection.
        "statement_cache_size": 0 if pooled else 512,
        # Both are among the few settings that PgBouncer keeps for each client.
        "server_settings": {"timezone": "UTC", "datestyle": "ISO"},
        "max_cached_statement_lifetime": 0,
    }


_REVISION = Statement(select(column("version_num")).select_from(table("alembic_version", schema=SCHEMA)))


class Database:
    """A pool of connections, opened as they are needed, so that the server starts before its database."""

    def __init__(self, database_url: str, *, pool_size: int = 10) -> None:
        options = asyncpg_options(database_url)
        self._pool = Pool(lambda: _connect(**options), pool_size)

    async def close(self) -> None:
        await self._pool.close()

    async def one(self, statement: Statement[RowT], **parameters: object) -> RowT | None:
        """The first row, or None."""
        arguments = [parameters[name] for name in statement.names]
        record = await self._run("fetchrow", statement.sql, arguments)
        return None if record is None else cast(RowT, dict(record.items()))

    async def all(self, statement: Statement[RowT], **parameters: object) -> list[RowT]:
        arguments = [parameters[name] for name in statement.names]
        records = await self._run("fetch", statement.sql, arguments)
        names = tuple(records[0].keys()) if records else ()
        # 0.5 µs a row. dict(record) looks each name up and takes 2.1 µs; saying `strict` costs 0.15.
        return cast(list[RowT], [dict(zip(names, record)) for record in records])  # noqa: B905

    async def revision(self) -> str | None:
        """The revision that the database was migrated to, or None."""
        row = await self.one(_REVISION)
        return cast(str, row["version_num"]) if row else None

    async def _run(self, method: Literal["fetch", "fetchrow"], sql: str, arguments: list[Any]) -> Any:
        """Run one statement; the only place where errors of the driver get our names.

        A connection is used again without resetting it, since our statements leave nothing in the session.
        """
        try:
            async with asyncio.timeout(STATEMENT_SECONDS):
                connection = await self._pool.acquire()
                try:
                    return await getattr(connection, method)(sql, *arguments)
                except (TimeoutError, asyncio.CancelledError):
                    # What the server is still doing for it, it may answer at any time: to nobody.
                    connection.terminate()
                    raise
                finally:
                    self._pool.release(connection)
        except asyncpg.IntegrityConstraintViolationError as error:
            refusal = REFUSALS.get(cast(Any, error).constraint_name)
            if refusal is None:
                raise
            raise refusal() from None
        except asyncpg.UndefinedTableError as error:
            raise DatabaseUnavailable("The database is not migrated") from error
        except _LOST as error:
            raise DatabaseUnavailable from error


async def _connect(**options: Any) -> Any:
    """Open a connection for the pool; whatever prevents it, the database is not available."""
    try:
        connection = await asyncpg.connect(**options)
        if options["statement_cache_size"]:
            # PostgreSQL takes a page of unknown length for a tenth of the table, and would plan each list
            # anew, which takes longer than reading it. tests/impl/test_indexes.py looks at these plans.
            await connection.execute("SET plan_cache_mode = force_generic_plan")
        # Python's own parser of ISO 8601 takes 0.2 µs, asyncpg's decoder of the binary form 1 µs: for the
        # times of 100 tasks, 200 µs less.
        await connection.set_type_codec(
            "timestamptz",
            schema="pg_catalog",
            encoder=datetime.isoformat,
            decoder=datetime.fromisoformat,
        )
        return connection
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable from error
