"""Connections to PostgreSQL, opened as they are needed and handed on in the order of asking.

asyncpg's own pool costs 20 µs a statement, and a newcomer overtakes those who wait, so that under load the
slowest of a hundred lists takes three times as long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

# An idle connection is closed after so long: Neon can then suspend, and none grows stale.
IDLE_SECONDS = 300.0


class Pool:
    """At most `size` connections. Whoever acquires one releases it, whatever happens in between."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], size: int) -> None:
        self._connect, self._size = connect, size
        self._open = 0
        # The one that was used last goes first, so that those that are not needed grow old.
        self._idle: deque[tuple[Any, float]] = deque()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._closing: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None

    async def acquire(self) -> Any:
        """A connection that is open as far as its socket knows, which costs no question to the server."""
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._open -= 1
        if self._open < self._size:
            self._open += 1
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
            return await self._connect()
        except BaseException:
            self._hand_on(None)
            raise

    def release(self, connection: Any) -> None:
        self._hand_on(None if connection.is_closed() else connection)

    def _hand_on(self, connection: Any) -> None:
        """Give a connection, or with None the right to open one, to whoever has waited longest."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._open -= 1
            return
        loop = asyncio.get_running_loop()
        self._idle.append((connection, loop.time()))
        if self._sweep is None:
            self._sweep = loop.call_later(IDLE_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[0][1] <= loop.time() - IDLE_SECONDS:
            connection, _ = self._idle.popleft()
            self._open -= 1
            task = loop.create_task(connection.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        oldest = self._idle[0][1] if self._idle else None
        self._sweep = loop.call_at(oldest + IDLE_SECONDS, self._close_idle) if oldest else None

    async def close(self) -> None:
        """Close what nobody uses; what is in use ends with the process."""
        if self._sweep:
            self._sweep.cancel()
        idle = [connection for connection, _ in self._idle]
        self._idle.clear()
        self._open -= len(idle)
        await asyncio.gather(*(connection.close() for connection in idle), *self._closing)
