"""Reads go to a replica, except those of users who may have written what it does not have yet.

How far behind the replica is, it is asked, and not assumed. While there are reads, each process asks the
primary now and then how far it has written, and the replica how far it has come. So it knows a moment before
which everything that was written has arrived, and compares it with the user's last write: nobody misses their
own writes, be the replica late by milliseconds or by hours. When it fails, the primary answers.

When users last wrote, the processes of a machine tell each other through a file that they share. Of other
machines nothing is known here: docs/scale.md says what that takes.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import mmap
import os
import tempfile
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import text

from impl.connection_strings import read_connection_string
from impl.errors import DatabaseUnavailable
from impl.postgres.database import Database, Interrupted
from impl.postgres.statement import Row, RowT, Statement
from impl.settings import Settings, SettingsError

log = logging.getLogger("impl.postgres.replica")

# How often a process asks how far the replica has come, at the most.
ASK_SECONDS = 0.5
# How long the replica may take to answer before the primary is asked instead.
ANSWER_SECONDS = 1.0
# Users share a place in the table of last writes with others: of 1,000 who write in a second 1.5 % do.
PLACES = 1 << 16


# All that is committed is before this position.
_WRITTEN = Statement(text("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS position"))
# A replica that has become a primary goes ways of its own, and has no position.
_REPLAYED = Statement(
    text(
        "SELECT CASE WHEN pg_is_in_recovery() "
        "THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END AS position"
    )
)
_NOT_WHAT_IT_WAS = "The read replica is further behind than before, or no replica any more"


class LastWrites:
    """When each user last wrote, by the machine's clock that never goes back, for all its processes."""

    def __init__(self, database_url: str) -> None:
        # Without the password, which could be guessed from the name.
        database = read_connection_string(database_url).address
        name = f"tasks-api-{os.geteuid()}-{sha256(database.encode()).hexdigest()[:16]}"
        try:
            folder = tempfile.gettempdir()
        except OSError as error:
            raise SettingsError(f"DATABASE_READ_URL needs a temporary folder: {error.strerror}") from None
        self._path = path = Path(folder, name)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise SettingsError(f"DATABASE_READ_URL needs the file {path}: {error.strerror}") from None
        try:
            if os.fstat(file).st_uid != os.geteuid():
                raise SettingsError(f"DATABASE_READ_URL needs the file {path}, which is another user's")
            os.ftruncate(file, PLACES * 8)
            self._file = os.fstat(file).st_ino
            self._times = memoryview(mmap.mmap(file, PLACES * 8)).cast("d")
        finally:
            os.close(file)
        for place in range(PLACES):
            # From before the machine was started, when the clock began anew.
            if self._times[place] > time.monotonic():
                self._times[place] = 0

    def keep(self) -> None:
        """Keep the file from those who clean temporary folders; raises if it is not there any more."""
        os.utime(self._path)
        if self._path.stat().st_ino != self._file:
            raise FileNotFoundError(errno.ENOENT, "Another file took its place", str(self._path))

    def note(self, user_id: str) -> None:
        self._times[zlib.crc32(user_id.encode()) % PLACES] = time.monotonic()

    def last(self, user_id: str) -> float:
        return self._times[zlib.crc32(user_id.encode()) % PLACES]


class _Replica(Database):
    NAME = "read replica"
    replayed = 0
    """How far it had come when it was last asked."""

    async def _repeat(self, method: Any, statement: Any, parameters: Any, error: Interrupted) -> Any:
        # There is a primary that can answer.
        raise error

    async def _connect(self, limit: asyncio.Timeout) -> Any:
        connection = await super()._connect(limit)
        try:
            position = await connection.fetchval(_REPLAYED.sql)
            if position is None or position < self.replayed:
                # As when it was started anew.
                raise DatabaseUnavailable(_NOT_WHAT_IT_WAS)
        except BaseException:
            connection.terminate()
            raise
        return connection


class ReplicatedDatabase(Database):
    """A primary and its replica."""

    def __init__(self, database_url: str, read_url: str, *, pool_size: int, sharded: bool) -> None:
        super().__init__(database_url, pool_size=pool_size, sharded=sharded)
        self._replica = _Replica(read_url, pool_size=pool_size, sharded=sharded)
        self._writes = LastWrites(database_url)
        # Moments, and how far the primary had written at each: those that the replica has not come to yet.
        self._written: deque[tuple[float, int]] = deque(maxlen=1000)
        # What was written before then, the replica has.
        self._complete_until = -math.inf
        self._in_use: bool | None = None
        self._asked = -math.inf
        self._asking: asyncio.Task[None] | None = None

    async def close(self) -> None:
        if self._asking:
            self._asking.cancel()
        await self._replica.close()
        await super().close()

    async def one(self, statement: Statement[RowT], **parameters: object) -> RowT | None:
        row: RowT | None = await self._choose(super().one, self._replica.one, statement, parameters)
        return row

    async def all(self, statement: Statement[RowT], **parameters: object) -> list[RowT]:
        rows: list[RowT] = await self._choose(super().all, self._replica.all, statement, parameters)
        return rows

    async def _choose(
        self,
        primary: Callable[..., Awaitable[Any]],
        replica: Callable[..., Awaitable[Any]],
        statement: Statement[Any],
        parameters: Mapping[str, Any],
    ) -> Any:
        given = parameters.get("user_id", ())
        users = (given,) if isinstance(given, str) else given
        if not statement.reads:
            # Before, so that nobody who sees it meanwhile is then shown an older state; and after, when all
            # that it did has a position.
            self._note(users)
            try:
                return await primary(statement, **parameters)
            finally:
                self._note(users)
        if users and self._has_writes_of(users):
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await replica(statement, **parameters)
            except Exception as error:
                # Whatever it is, the primary knows better.
                self._doubt(error)
        return await primary(statement, **parameters)

    def _note(self, users: Any) -> None:
        for user_id in users:
            self._writes.note(user_id)

    def _has_writes_of(self, users: Any) -> bool:
        if self._asking is None and time.monotonic() - self._asked > ASK_SECONDS:
            self._asked = time.monotonic()
            self._asking = asyncio.create_task(self._ask())
        return all(self._writes.last(user_id) < self._complete_until for user_id in users)

    async def _ask(self) -> None:
        """Find out how far the replica has come; no request waits for it."""
        try:
            self._writes.keep()
            with suppress(DatabaseUnavailable):  # Said where the primary is in use.
                row: Row = await self._attempt("fetchrow", _WRITTEN, {})
                self._written.append((self._asked, row["position"]))
            async with asyncio.timeout(ANSWER_SECONDS):
                replayed = (await self._replica.one(_REPLAYED) or {})["position"]
            if replayed is None or replayed < self._replica.replayed:
                raise DatabaseUnavailable(_NOT_WHAT_IT_WAS)
            self._replica.replayed = replayed
            while self._written and self._written[0][1] <= replayed:
                self._complete_until = self._written.popleft()[0]
                if not self._in_use:
                    self._in_use = True
                    log.info("The read replica is in use")
        except Exception as error:
            self._doubt(error)
        finally:
            self._asking = None

    def _doubt(self, error: Exception) -> None:
        """Use the replica no more, until it has said anew how far it has come."""
        if self._in_use is not False:
            self._in_use = False
            log.warning("The read replica is not in use: %s", str(error) or type(error).__name__)
        self._complete_until = -math.inf
        self._replica.replayed = 0


def create_database(settings: Settings) -> Database:
    """The database that the settings name, with its read replica if they name one."""
    assert settings.database_url
    url, read_url = settings.database_url.get_secret_value(), settings.database_read_url
    pool_size, sharded = settings.database_pool_size, settings.database_sharded
    if read_url is None:
        return Database(url, pool_size=pool_size, sharded=sharded)
    return ReplicatedDatabase(url, read_url.get_secret_value(), pool_size=pool_size, sharded=sharded)
