"""Connections to PostgreSQL, opened as they are needed and handed on in the order of asking.

asyncpg's own pool costs 20 µs a statement, and a newcomer overtakes those who wait, so that under load the
slowest of a hundred lists takes three times as long.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from typing import Any

# An idle connection is closed after so long: Neon can then suspend, and none grows stale.
IDLE_SECONDS = 300.0


class Pool:
    """Places for `size` connections. Whoever acquires one releases it, whatever happens in between."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._places = 0
        # The one that was used last goes first, so that those that are not needed grow old.
        self._idle: deque[tuple[Any, float]] = deque()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def usage(self) -> Mapping[str, int]:
        """For metrics: the places that are taken, the idle connections in them, and who waits for a place."""
        return {
            "database_connections": self._places,
            "database_connections_idle": len(self._idle),
            "database_connections_awaited": len(self._waiting),
        }

    async def acquire(self) -> Any:
        """A connection that is open as far as its socket knows, which costs no question to the server.

        None is the right to open one, and released like one if that fails.
        """
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._places -= 1
        if self._places < self._size:
            self._places += 1
            return None
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release(waiter.result())
            raise

    def release(self, connection: Any) -> None:
        """Give it, or the right to open one, to whoever has waited longest."""
        if connection is not None and connection.is_closed():
            connection = None
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._places -= 1
            return
        loop = asyncio.get_running_loop()
        self._idle.append((connection, loop.time()))
        if self._sweep is None:
            self._sweep = loop.call_later(IDLE_SECONDS, self._close_old)

    def close_idle(self, unused_since: float = math.inf) -> None:
        """Close what nobody uses, and what was last used before then."""
        while self._idle and self._idle[0][1] <= unused_since:
            connection, _ = self._idle.popleft()
            self._places -= 1
            # Nothing is under way in it, so there is nothing to wait for.
            connection.terminate()

    async def close(self) -> None:
        """Close what nobody uses; what is in use ends with the process."""
        if self._sweep:
            self._sweep.cancel()
        self.close_idle()
        # Their sockets are closed in the loop's next turn.
        await asyncio.sleep(0)

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        self.close_idle(loop.time() - IDLE_SECONDS)
        oldest = self._idle[0][1] if self._idle else None
        self._sweep = loop.call_at(oldest + IDLE_SECONDS, self._close_old) if oldest else None
