"""Graceful shutdown: the server completes its requests, /ready answers 503, and the server exits in time."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from wire import Client, Response

from impl.tables import SCHEMA
from tests.api.conftest import Person, Server, new_person, running
from tests.resilience.conftest import FULL, Report

REQUESTS = 20


@contextmanager
def locked(database_url: str) -> Iterator[None]:
    """Lock the table, so that no task can be written."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {SCHEMA}.task IN EXCLUSIVE MODE")
        yield
    finally:
        connection.close()


async def create(server: Server, person: Person, received: asyncio.Queue[None]) -> Response:
    async with Client(server, person) as client:
        await client.send("POST", "/tasks", {"title": "x"}, headers="Expect: 100-continue\r\n")
        # The server sends 100 Continue when the application reads the body.
        assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        received.put_nowait(None)
        return await client.response()


async def ended(server: Server) -> tuple[int, float]:
    """Stop the server, and return its exit status and the duration."""
    since = time.monotonic()
    return await asyncio.to_thread(server.process.wait, 20), time.monotonic() - since


@pytest.mark.parametrize("workers", [0, 1] if FULL else [0])
async def test_a_graceful_shutdown_completes_requests_in_progress(
    database_url: str, tmp_path: Path, report: Report, workers: int
) -> None:
    received: asyncio.Queue[None] = asyncio.Queue()
    with running(database_url, tmp_path, workers=workers) as server:
        person = new_person(server)
        async with asyncio.TaskGroup() as tasks, Client(server) as idle:
            assert (await idle.request("GET", "/ready")).json == {"status": "ready"}
            with locked(database_url):
                in_progress = [tasks.create_task(create(server, person, received)) for _ in range(REQUESTS)]
                for _ in range(REQUESTS):
                    await received.get()
                server.process.send_signal(signal.SIGTERM)
                deadline = time.monotonic() + 5
                while True:
                    async with Client(server) as client:
                        ready = await client.request("GET", "/ready")
                    if ready.status == 503:
                        break
                    assert time.monotonic() < deadline
                assert ready.json == {"detail": "The service is stopping", "code": "stopping"}
                assert (ready.headers["retry-after"], ready.headers["connection"]) == ("1", "close")
                async with Client(server) as client:
                    assert (await client.request("GET", "/health")).status == 200
                # A request on an idle connection is answered too.
                assert (await idle.request("GET", "/health")).headers["connection"] == "close"
                assert not any(task.done() for task in in_progress)
        responses = [task.result() for task in in_progress]
        assert [(response.status, response.headers["connection"]) for response in responses] == [
            (201, "close")
        ] * REQUESTS
        status, seconds = await ended(server)
        assert status == 0
    report(
        f"SIGTERM drains ({'supervised' if workers else 'alone'})",
        f"/ready 503, /health 200, {REQUESTS} of {REQUESTS} answered, exit 0",
        f"{len(responses)} of {REQUESTS} answered, exit {status} after {seconds:.1f} s",
    )


async def test_requests_beyond_the_shutdown_timeout_get_503(database_url: str, tmp_path: Path) -> None:
    received: asyncio.Queue[None] = asyncio.Queue()
    with running(database_url, tmp_path, settings={"SHUTDOWN_SECONDS": "1"}) as server, locked(database_url):
        in_progress = asyncio.create_task(create(server, new_person(server), received))
        await received.get()
        server.process.send_signal(signal.SIGTERM)
        status, seconds = await ended(server)
        response = await in_progress
        assert (response.status, response.json) == (
            503,
            {"detail": "The server is shutting down", "code": "service_unavailable"},
        )
        assert (response.headers["retry-after"], response.headers["connection"]) == ("1", "close")
        assert status == 0
        assert 1 <= seconds < 8


async def test_connections_are_accepted_during_the_shutdown_notice(database_url: str, tmp_path: Path) -> None:
    settings = {"SHUTDOWN_NOTICE_SECONDS": "2"}
    with running(database_url, tmp_path, settings=settings) as server:
        async with Client(server) as client:
            await client.request("GET", "/health")
        server.process.send_signal(signal.SIGTERM)
        since, statuses = time.monotonic(), []
        while time.monotonic() < since + 20:
            try:
                async with Client(server) as client:
                    statuses.append((await client.request("GET", "/ready")).status)
            except ConnectionError:
                # Refused, or reset if the connection was not accepted yet.
                break
        assert time.monotonic() >= since + 2
        assert statuses[-1] == 503
        assert (await ended(server))[0] == 0


@pytest.mark.parametrize("workers", [0, 1] if FULL else [1])
async def test_ctrl_c_does_not_wait_for_idle_connections(
    database_url: str, tmp_path: Path, workers: int
) -> None:
    settings = {"KEEP_ALIVE_SECONDS": "60", "SHUTDOWN_NOTICE_SECONDS": "60"}
    with running(database_url, tmp_path, workers=workers, settings=settings) as server:
        async with Client(server) as client:
            await client.request("GET", "/health")
            server.process.send_signal(signal.SIGINT)
            status, seconds = await ended(server)
            assert status == 0
            assert seconds < 5
            assert await client.reader.read() == b""
