"""Connections to PostgreSQL, opened as they are needed and handed on in the order of asking.

asyncpg's own pool costs 20 µs a statement, and a newcomer overtakes those who wait, so that under load the
slowest of a hundred lists takes three times as long.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

# An idle connection is closed after so long: Neon can then suspend, and none grows stale.
IDLE_SECONDS = 300.0


class Pool:
    """At most `size` connections. Whoever acquires one releases it, whatever happens in between."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], size: int) -> None:
        self._connect, self._size = connect, size
        # Those that may be open: being opened, in use or idle.
        self._places = 0
        # The one that was used last goes first, so that those that are not needed grow old.
        self._idle: deque[tuple[Any, float]] = deque()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self.connected: set[Any] = set()
        """The connections that are open as far as their sockets know."""
        self.connected_since = -math.inf
        """When the first of them was opened."""

    async def acquire(self) -> Any:
        """A connection that is open as far as its socket knows, which costs no question to the server."""
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._places -= 1
        if self._places < self._size:
            self._places += 1
        else:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                connection = await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._hand_on(waiter.result())
                raise
            if connection is not None:
                return connection
        try:
            connection = await self._connect()
        except BaseException:
            self._hand_on(None)
            raise
        if not self.connected:
            self.connected_since = asyncio.get_running_loop().time()
        self.connected.add(connection)
        connection.add_termination_listener(self.connected.discard)
        return connection

    def release(self, connection: Any) -> None:
        if connection.is_closed():
            # The listener is told only in the loop's next turn.
            self.connected.discard(connection)
            connection = None
        self._hand_on(connection)

    def close_idle(self, unused_since: float = math.inf) -> None:
        """Close what nobody uses, and what was last used before then."""
        while self._idle and self._idle[0][1] <= unused_since:
            connection, _ = self._idle.popleft()
            self._places -= 1
            # Nothing is under way in it, so there is nothing to wait for.
            connection.terminate()
            self.connected.discard(connection)

    async def close(self) -> None:
        """Close what nobody uses; what is in use ends with the process."""
        if self._sweep:
            self._sweep.cancel()
        self.close_idle()
        # Their sockets are closed in the loop's next turn.
        await asyncio.sleep(0)

    def _hand_on(self, connection: Any) -> None:
        """Give a connection, or with None the right to open one, to whoever has waited longest."""
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

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        self.close_idle(loop.time() - IDLE_SECONDS)
        oldest = self._idle[0][1] if self._idle else None
        self._sweep = loop.call_at(oldest + IDLE_SECONDS, self._close_old) if oldest else None
