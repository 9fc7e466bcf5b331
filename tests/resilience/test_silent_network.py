"""A silent network to the database: connections are not refused, but no data arrives."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path

from tests.api.conftest import Server, existing_person, running
from tests.resilience.conftest import FULL, Report, wait_until
from tests.resilience.faults import Postgres, Proxy
from tests.resilience.wire import Client, Response

CLIENTS = 64
ROUNDS = 5 if FULL else 1
# First queries wait for their response, then requests wait for a connection.
QUESTIONS = 2 if FULL else 1
RESPONSE_WITHIN = 5.0
# Lists have a statement each, reads of single tasks are batched, and some requests write.
REQUESTS = (("GET", "/tasks?limit=10"), ("GET", "/tasks/1"), ("POST", "/tasks", {"title": "x"}))


async def test_a_silent_network_causes_503_until_it_recovers(
    postgres: Postgres, tmp_path: Path, report: Report
) -> None:
    postgres.create("silent")
    slowest, unavailable = 0.0, 0
    with (
        closing(Proxy(postgres.port)) as proxy,
        running(postgres.url_of("silent", port=proxy.port), tmp_path) as server,
    ):
        person = existing_person(server)
        clients = [Client(server, person) for _ in range(CLIENTS)]
        await ask_all(clients)
        open_before = open_files_of(server)
        for _ in range(ROUNDS):
            proxy.silence()
            for _ in range(QUESTIONS):
                responses = await ask_all(clients)
                slowest = max(slowest, *(seconds for seconds, _ in responses))
                unavailable += len(responses)
                for _, response in responses:
                    assert response.status == 503
                    assert response.json == {
                        "detail": "The database is not available",
                        "code": "database_unavailable",
                    }
                    assert response.headers["retry-after"] == "1"
            proxy.resume()
            assert {response.status for _, response in await ask_all(clients)} <= {200, 201, 404}
        # Abandoned connections are closed at both ends: the pool is not larger than its limit.
        wait_until(lambda: proxy.open <= 10 and open_files_of(server) <= open_before)
        for client in clients:
            await client.close()
    assert slowest <= RESPONSE_WITHIN
    report(
        "Silent network",
        f"503 within {RESPONSE_WITHIN:g} s, the pool recovers, nothing leaks",
        f"{unavailable} × 503, the slowest after {slowest:.1f} s; then no errors, no leaked connection",
    )


async def ask_all(clients: list[Client]) -> list[tuple[float, Response]]:
    async def ask(number: int, client: Client) -> tuple[float, Response]:
        # Some requests arrive while others already wait.
        await asyncio.sleep(number / len(clients))
        sent_at = time.monotonic()
        response = await client.request(*REQUESTS[number % len(REQUESTS)])
        return time.monotonic() - sent_at, response

    return await asyncio.gather(*(ask(number, client) for number, client in enumerate(clients)))


def open_files_of(server: Server) -> int:
    """Return the number of open files and sockets of the server."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
