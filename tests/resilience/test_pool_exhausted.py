"""An exhausted connection pool: more clients with slow queries than connections."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path

import psycopg2

from tests.api.conftest import existing_person, running
from tests.resilience.conftest import FULL, Report
from tests.resilience.faults import Postgres
from tests.resilience.wire import Client, Response

CLIENTS = 200
SECONDS = 20 if FULL else 3
RESPONSE_WITHIN = 3.0
# The small run shares the machine with other tests, so its limit only detects a blocked process.
HEALTHY_WITHIN = 0.1 if FULL else 1.0
REQUESTS = (("GET", "/tasks?limit=10"), ("GET", "/tasks/1"), ("POST", "/tasks", {"title": "x"}))


async def test_an_exhausted_pool_answers_503_and_stays_healthy(
    postgres: Postgres, tmp_path: Path, report: Report
) -> None:
    responses: list[tuple[float, Response]] = []
    health: list[float] = []
    with running(postgres.create("exhausted"), tmp_path) as server:
        person = await asyncio.to_thread(existing_person, server)
        clients = [Client(server, person) for _ in range(CLIENTS)]
        for client in clients:
            await client.connect()
        busy = True

        async def ask(number: int) -> None:
            await asyncio.sleep(number / CLIENTS)
            while busy:
                sent_at = time.monotonic()
                response = await clients[number].request(*REQUESTS[number % len(REQUESTS)])
                responses.append((time.monotonic() - sent_at, response))

        def watch() -> None:
            # In its own thread, so that it does not wait for the other clients.
            while busy:
                sent_at = time.monotonic()
                assert server.request("GET", "/health").status_code == 200
                health.append(time.monotonic() - sent_at)
                time.sleep(0.02)

        with closing(psycopg2.connect(postgres.url_of("exhausted"))) as holder:
            # Every query on tasks waits for this transaction.
            holder.cursor().execute("LOCK TABLE tasks_api.task IN ACCESS EXCLUSIVE MODE")
            watching = asyncio.create_task(asyncio.to_thread(watch))
            asking = [asyncio.create_task(ask(number)) for number in range(CLIENTS)]
            await asyncio.sleep(SECONDS)
            busy = False
            await asyncio.gather(watching, *asking)
            unavailable = list(responses)
        again = await asyncio.gather(*(client.request("GET", "/tasks?limit=10") for client in clients))
        for client in clients:
            await client.close()
    assert {response.status for response in again} == {200}
    slowest = max(seconds for seconds, _ in unavailable)
    for _, response in unavailable:
        assert response.status == 503
        assert response.json == {
            "detail": "The database is not available",
            "code": "database_unavailable",
        }
        assert response.headers["retry-after"] == "1"
    assert slowest <= RESPONSE_WITHIN
    assert max(health) < HEALTHY_WITHIN
    report(
        "Pool exhausted",
        f"503 and Retry-After within {RESPONSE_WITHIN:g} s; /health below {HEALTHY_WITHIN * 1000:g} ms",
        f"{len(unavailable)} × 503, the slowest after {slowest:.1f} s; "
        f"/health at most {max(health) * 1000:.0f} ms",
    )
