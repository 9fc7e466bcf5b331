"""Send reads to a replica, except those of users whose last write it may not have replayed yet.

The replication lag is measured, not assumed. While there are reads, each process regularly queries the WAL
position of the primary and that of the replica. So it knows a time before which all writes have been
replayed, and compares it with the user's last write: every user reads their own writes, whether the lag is
milliseconds or hours. If the replica fails, the primary serves the reads.

The processes of one machine share the times of the users' last writes in a file. Writes through other
machines are not known here; docs/scale.md describes what several machines need.
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

# The minimum interval between two queries of the replica's position.
ASK_SECONDS = 0.5
# The timeout of the replica, after which the primary is used instead.
ANSWER_SECONDS = 1.0
# Users share slots in the table of last writes: of 1,000 users who write in one second, 1.5 % share one.
PLACES = 1 << 16


# Everything that is committed is before this position.
_WRITTEN = Statement(text("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS position"))
# A replica that was promoted to primary has its own timeline, and no position.
_REPLAYED = Statement(
    text(
        "SELECT CASE WHEN pg_is_in_recovery() "
        "THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END AS position"
    )
)
_NOT_WHAT_IT_WAS = "The position of the read replica went back, or it was promoted to primary"


class LastWrites:
    """The monotonic time of each user's last write, shared by all processes of the machine."""

    def __init__(self, database_url: str) -> None:
        # Without the password, which could be guessed from the file's name.
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
            # A time from before the last boot, when the clock restarted.
            if self._times[place] > time.monotonic():
                self._times[place] = 0

    def keep(self) -> None:
        """Keep cleaners of temporary folders from deleting the file; raise if it is gone."""
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
    """The replica's position when it was last queried."""

    async def _repeat(self, method: Any, statement: Any, parameters: Any, error: Interrupted) -> Any:
        # The primary can serve the read.
        raise error

    async def _connect(self, limit: asyncio.Timeout) -> Any:
        connection = await super()._connect(limit)
        try:
            position = await connection.fetchval(_REPLAYED.sql)
            if position is None or position < self.replayed:
                # As after a restart.
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
        # Times with the primary's position at each, which the replica has not reached yet.
        self._written: deque[tuple[float, int]] = deque(maxlen=1000)
        # The replica has all writes from before this time.
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

    async def all_beside(self, statement: Statement[RowT], **parameters: object) -> tuple[list[RowT], Any]:
        both: tuple[list[RowT], Any] = await self._choose(
            super().all_beside, self._replica.all_beside, statement, parameters
        )
        return both

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
            # Note the write before it runs, so that a concurrent reader who sees it is not shown an older
            # state afterwards; and again after it, when all its changes have a position.
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
                # On any error, the primary serves the read.
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
        """Query the replica's position; no request waits for this."""
        try:
            self._writes.keep()
            with suppress(DatabaseUnavailable):  # The primary's own statements log it.
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
        """Stop using the replica until its position is known again."""
        if self._in_use is not False:
            self._in_use = False
            log.warning("The read replica is not in use: %s", str(error) or type(error).__name__)
        self._complete_until = -math.inf
        self._replica.replayed = 0


def create_database(settings: Settings) -> Database:
    """Return the database of the settings, with the read replica if there is one."""
    assert settings.database_url
    url, read_url = settings.database_url.get_secret_value(), settings.database_read_url
    pool_size, sharded = settings.database_pool_size, settings.database_sharded
    if read_url is None:
        return Database(url, pool_size=pool_size, sharded=sharded)
    return ReplicatedDatabase(url, read_url.get_secret_value(), pool_size=pool_size, sharded=sharded)
