"""The network to the database goes silent: nothing is refused, nothing arrives."""

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
# First queries are sent and wait, then connections are asked for and wait.
QUESTIONS = 2 if FULL else 1
ANSWERED_WITHIN = 5.0
# Lists have a statement each, single tasks share one, and some write.
REQUESTS = (("GET", "/tasks?limit=10"), ("GET", "/tasks/1"), ("POST", "/tasks", {"title": "x"}))


async def test_a_silent_network_is_answered_503_and_forgotten_once_it_speaks_again(
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
        held = held_by(server)
        for _ in range(ROUNDS):
            proxy.silence()
            for _ in range(QUESTIONS):
                responses = await ask_all(clients)
                slowest = max(slowest, *(seconds for seconds, _ in responses))
                unavailable += len(responses)
                for _, response in responses:
                    assert response.status == 503
                    assert response.json == {"detail": "The database is not available"}
                    assert response.headers["retry-after"] == "1"
            proxy.speak()
            assert {response.status for _, response in await ask_all(clients)} <= {200, 201, 404}
        # What was given up is closed at both ends: the pool is as large as it may be, and no larger.
        wait_until(lambda: proxy.open <= 10 and held_by(server) <= held)
        for client in clients:
            await client.close()
    assert slowest <= ANSWERED_WITHIN
    report(
        "The network goes silent",
        f"503 within {ANSWERED_WITHIN:g} s, the pool recovers, nothing leaks",
        f"{unavailable} × 503, the slowest after {slowest:.1f} s; then all served, no connection left over",
    )


async def ask_all(clients: list[Client]) -> list[tuple[float, Response]]:
    async def ask(number: int, client: Client) -> tuple[float, Response]:
        # Some come while others wait already.
        await asyncio.sleep(number / len(clients))
        asked = time.monotonic()
        response = await client.request(*REQUESTS[number % len(REQUESTS)])
        return time.monotonic() - asked, response

    return await asyncio.gather(*(ask(number, client) for number, client in enumerate(clients)))


def held_by(server: Server) -> int:
    """How many files and sockets the server has open."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
