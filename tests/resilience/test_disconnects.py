"""Clients that disconnect before the response leak no connection, transaction or task."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import nullcontext
from datetime import timedelta

import psycopg2
import uvicorn
import uvloop
from pydantic import SecretStr
from specfirst.serving.connections import Connection

from impl.app import create_app
from impl.identity.tokens import mint_token
from impl.settings import Settings
from impl.tables import SCHEMA
from tests.api.conftest import SECRET, Cluster
from tests.resilience.conftest import FULL, Report

REQUESTS = 1_000 if FULL else 200
POOL_SIZE = 5
TOKEN = mint_token(SECRET, "ada", timedelta(hours=1))


def request(method: str, path: str = "", body: bytes = b"") -> bytes:
    head = f"{method} /api/ada{path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {TOKEN}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return head.encode() + b"\r\n" + body


CREATE = request("POST", "/tasks", b'{"title":"x"}')
REQUESTS_BY_KIND = {
    "half a head": CREATE[:40],
    "half a body": CREATE[:-3],
    "a task": CREATE,
    "a list": request("GET", "/tasks"),
    "two pipelined requests": request("GET", "/tasks") + CREATE,
    "a change": request("PATCH", "/tasks/1", b'{"title":"y"}'),
}


async def leave(port: int, data: bytes, seconds: float, *, reset: bool) -> None:
    """Send a request, and disconnect after this time."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    if reset:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.write(data)
    await asyncio.sleep(seconds)
    writer.close()
    await writer.wait_closed()


async def ask(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    response = await reader.read()
    writer.close()
    await writer.wait_closed()
    return response


def test_aborted_requests_leak_nothing(postgres_url: str, report: Report) -> None:
    cluster = Cluster(postgres_url)
    url = cluster.create("disconnects")
    settings = Settings(
        _env_file=None,
        environment="test",
        database_url=SecretStr(url),
        better_auth_secret=SecretStr(SECRET),
        database_pool_size=POOL_SIZE,
    )
    app = create_app(settings)
    config = uvicorn.Config(app, log_config=None, ws="none", http=Connection)
    server = uvicorn.Server(config)
    # pytest handles the signals in this process.
    server.capture_signals = nullcontext  # type: ignore[assignment, method-assign]

    async def run(listener: socket.socket) -> None:
        running = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it.
            await asyncio.sleep(0.01)
        port = listener.getsockname()[1]
        assert (await ask(port, CREATE)).startswith(b"HTTP/1.1 201 ")
        before = asyncio.all_tasks()
        kinds = list(REQUESTS_BY_KIND.values())
        # Disconnect at once, during the statement, and while waiting for a connection: the table is locked.
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {SCHEMA}.task")
            for start in range(0, REQUESTS, 100):
                clients = [
                    leave(port, kinds[number % len(kinds)], number % 3 * 0.05, reset=number % 2 == 0)
                    for number in range(start, start + 100)
                ]
                await asyncio.gather(*clients)
        connection.close()
        deadline = time.monotonic() + 15
        while server.server_state.connections or asyncio.all_tasks() - before:
            assert time.monotonic() < deadline, (
                server.server_state.connections,
                asyncio.all_tasks() - before,
            )
            await asyncio.sleep(0.05)
        responses = await asyncio.gather(*(ask(port, request("GET", "/tasks")) for _ in range(50)))
        assert all(response.startswith(b"HTTP/1.1 200 ") for response in responses)
        states = cluster.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = 'disconnects' AND state IS NOT NULL"
        )
        assert 1 <= len(states) <= POOL_SIZE
        assert {state for (state,) in states} == {"idle"}
        report(
            f"Client disconnects: {REQUESTS:,} aborted requests",
            "no leaked connection, transaction or task",
            f"0 tasks, 0 client connections, {len(states)} database connections of {POOL_SIZE}, all idle",
        )
        server.should_exit = True
        await running

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        runner.run(run(listener))
