"""A connection pool that opens connections on demand and hands them out in the order of requests.

asyncpg's own pool costs 20 µs per statement, and is not fair: under load, the slowest of a hundred lists
takes three times as long.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from typing import Any

# An idle connection is closed after this time, so that Neon can suspend and no connection gets stale.
IDLE_SECONDS = 300.0


class Pool:
    """A pool of `size` connections. Every `acquire` must be followed by one `release`."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._places = 0
        # Last in, first out, so that unneeded connections expire.
        self._idle: deque[tuple[Any, float]] = deque()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def usage(self) -> Mapping[str, int]:
        """Return the number of used places, idle connections and waiting requests, for metrics."""
        return {
            "database_connections": self._places,
            "database_connections_idle": len(self._idle),
            "database_connections_awaited": len(self._waiting),
        }

    async def acquire(self) -> Any:
        """Return a connection that is open as far as its socket knows, without a round trip.

        None means that the caller must open one. If that fails, `release(None)` frees the place.
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
        """Give the connection, or the place for one, to the request that has waited longest."""
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
        """Close the idle connections that were last used before `unused_since`."""
        while self._idle and self._idle[0][1] <= unused_since:
            connection, _ = self._idle.popleft()
            self._places -= 1
            # It has no statement in progress, so there is nothing to wait for.
            connection.terminate()

    async def close(self) -> None:
        """Close idle connections; those in use end with the process."""
        if self._sweep:
            self._sweep.cancel()
        self.close_idle()
        # The event loop closes their sockets in its next iteration.
        await asyncio.sleep(0)

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        self.close_idle(loop.time() - IDLE_SECONDS)
        oldest = self._idle[0][1] if self._idle else None
        self._sweep = loop.call_at(oldest + IDLE_SECONDS, self._close_old) if oldest else None
