"""Rolling restarts: new workers replace old ones without client errors."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wire import Client, workers

from tests.api.conftest import Cluster, Server, new_person, running
from tests.resilience.conftest import FULL, Report

CLIENTS = 16
HANDOVERS, REQUESTS, WORKERS = (6, 10_000, 2) if FULL else (1, 400, 1)


@pytest.fixture(scope="module")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(database_url, tmp_path_factory.mktemp("server"), workers=WORKERS) as server:
        yield server


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def times_logged(server: Server, text: str) -> int:
    return server.log.read_text().count(text)


async def healthy(server: Server) -> None:
    async with Client(server) as client:
        assert (await client.request("GET", "/health")).status == 200


async def test_rolling_restarts_under_load_lose_no_request(server: Server, report: Report) -> None:
    await healthy(server)
    person = new_person(server)
    failed: list[str] = []
    answered = created = closed = 0
    busy = True

    async def use() -> None:
        nonlocal answered, created, closed
        async with Client(server, person) as client:
            while busy:
                creates = answered % 10 == 0
                request = ("POST", "/tasks", {"title": "x"}) if creates else ("GET", "")
                try:
                    response = await client.request(*request)
                except (EOFError, ConnectionError) as error:
                    failed.append(repr(error))
                    await client.close()
                    continue
                if response.status != (201 if creates else 200):
                    failed.append(f"{response.status} {response.body!r}")
                answered, created = answered + 1, created + creates
                closed += "connection" in response.headers

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CLIENTS):
            tasks.create_task(use())
        seen, before = workers(server), times_logged(server, "Rolling restart complete")
        for handover in range(1, HANDOVERS + 1):
            server.process.send_signal(signal.SIGHUP)
            await until(lambda: times_logged(server, "Rolling restart complete") == before + handover)  # noqa: B023  # Called here.
            now = workers(server)
            assert len(now - seen) == WORKERS
            seen |= now
        # Each connection was closed after a response of its old worker.
        await until(lambda: answered >= REQUESTS and closed >= CLIENTS)
        busy = False
    assert failed == []
    async with Client(server, person) as client:
        assert (await client.request("GET", "/tasks?limit=1")).json["total"] == created
    # The old workers have exited, because they had no connections left.
    await until(lambda: len(workers(server)) == WORKERS)
    report(
        "Rolling restart",
        f"{HANDOVERS} handovers: 0 failed of ≥ {REQUESTS:,}",
        f"{len(failed)} failed of {answered:,}; {created:,} of {created:,} tasks stored",
    )


async def test_a_failed_rolling_restart_keeps_the_old_workers(server: Server) -> None:
    await healthy(server)
    old = workers(server)
    # New workers read the settings again.
    settings = server.log.parent / ".env"
    settings.write_text("SHUTDOWN_SECONDS=soon")
    server.process.send_signal(signal.SIGHUP)
    await until(lambda: times_logged(server, "the old workers stay") == 1)
    settings.unlink()
    assert "scripts/serve: SHUTDOWN_SECONDS must be" in server.log.read_text()
    assert workers(server) == old
    await healthy(server)


async def test_a_worker_that_dies_is_replaced(server: Server) -> None:
    await healthy(server)
    old = workers(server)
    os.kill(min(old), signal.SIGKILL)
    await until(lambda: len(workers(server)) == WORKERS and workers(server) != old)
    await healthy(server)


@pytest.mark.skipif(not FULL, reason="It takes half a minute.")
async def test_a_worker_that_hangs_is_replaced(server: Server) -> None:
    await healthy(server)
    old = workers(server)
    os.kill(min(old), signal.SIGSTOP)
    await until(lambda: len(workers(server)) == WORKERS and workers(server) != old)
    await healthy(server)


async def test_a_rolling_restart_applies_missing_migrations(postgres_url: str, tmp_path: Path) -> None:
    cluster = Cluster(postgres_url)
    url = cluster.create("handover", migrated=False)
    with running(url, tmp_path, workers=1) as server:
        async with Client(server) as client:
            assert (await client.request("GET", "/ready")).json == {"status": "ready"}


async def test_workers_exit_when_their_supervisor_is_killed(server: Server) -> None:
    """This test is the last one, because it kills the server."""
    await healthy(server)
    left = workers(server)
    server.process.kill()
    server.process.wait()
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))
