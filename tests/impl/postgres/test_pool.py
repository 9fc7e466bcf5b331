"""The connection pool serves requests in order, and loses no connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from impl.postgres import pool as pool_module
from impl.postgres.pool import Pool

Acquire = Callable[[], Awaitable[Any]]


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(2)
    yield pool
    await pool.close()


@pytest.fixture
def acquire(pool: Pool, database_url: str) -> Acquire:
    """A function that acquires a connection, and opens it if it is new."""

    async def acquire() -> Any:
        return await pool.acquire() or await asyncpg.connect(database_url)

    return acquire


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # The driver has no event for a closed connection.
            await asyncio.sleep(0.001)


async def test_a_released_connection_is_reused(pool: Pool, acquire: Acquire) -> None:
    first = await acquire()
    pool.release(first)
    assert await acquire() is first
    pool.release(first)


async def test_waiting_requests_get_connections_in_order(pool: Pool, acquire: Acquire) -> None:
    taken = [await acquire() for _ in range(2)]
    served: list[int] = []

    async def use(number: int) -> None:
        connection = await acquire()
        served.append(number)
        await connection.fetchval("SELECT 1")
        pool.release(connection)

    waiting = [asyncio.create_task(use(number)) for number in range(20)]
    await asyncio.sleep(0)
    for connection in taken:
        pool.release(connection)
    new_people = [asyncio.create_task(use(number)) for number in range(20, 25)]
    await asyncio.gather(*waiting, *new_people)
    assert served == list(range(25))


async def test_a_closed_connection_is_not_acquired(pool: Pool, acquire: Acquire, database_url: str) -> None:
    first = await acquire()
    pid = first.get_server_pid()
    pool.release(first)
    other = await asyncpg.connect(database_url)
    await other.execute("SELECT pg_terminate_backend($1)", pid)
    await until(first.is_closed)
    second = await acquire()
    assert second is not first
    assert await second.fetchval("SELECT 1") == 1
    pool.release(second)
    await other.close()


async def test_a_cancelled_acquire_leaks_no_connection(pool: Pool, acquire: Acquire) -> None:
    taken = [await acquire() for _ in range(2)]
    cancelled, closed_too_late, staying = (asyncio.create_task(acquire()) for _ in range(3))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.sleep(0)
    pool.release(taken[0])
    # The connection is already assigned to this request.
    closed_too_late.cancel()
    assert await staying is taken[0]
    for connection in taken:
        pool.release(connection)


async def test_a_failed_connection_attempt_frees_its_slot() -> None:
    pool = Pool(1)

    async def fail() -> None:
        assert await pool.acquire() is None
        await asyncio.sleep(0)
        pool.release(None)

    async with asyncio.timeout(10):
        await asyncio.gather(*(fail() for _ in range(5)))


async def test_a_closed_connection_frees_its_slot_for_a_waiter(pool: Pool, acquire: Acquire) -> None:
    taken = [await acquire() for _ in range(2)]
    waiting = asyncio.create_task(acquire())
    await asyncio.sleep(0)
    taken[0].terminate()
    pool.release(taken[0])
    async with asyncio.timeout(10):
        assert await (await waiting).fetchval("SELECT 1") == 1
    pool.release(taken[1])
    pool.release(waiting.result())


async def test_idle_connections_are_closed(
    pool: Pool, acquire: Acquire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "IDLE_SECONDS", 0.05)
    taken = [await acquire() for _ in range(2)]
    for connection in taken:
        pool.release(connection)
    await until(lambda: all(connection.is_closed() for connection in taken))
    # Their slots are free again.
    again = [await acquire() for _ in range(2)]
    assert not set(again) & set(taken)
    for connection in again:
        pool.release(connection)
