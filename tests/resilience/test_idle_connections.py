"""Killed idle connections, as when Neon scales to zero, cause no client error."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.api.conftest import existing_person, running
from tests.resilience.conftest import FULL, Report
from tests.resilience.faults import Postgres
from tests.resilience.wire import Client

CLIENTS = 16
ROUNDS = 20 if FULL else 4


async def test_killing_idle_connections_causes_no_client_error(
    postgres: Postgres, tmp_path: Path, report: Report
) -> None:
    responses = []
    killed = 0
    with running(postgres.create("killed"), tmp_path) as server:
        person = existing_person(server)
        clients = [Client(server, person) for _ in range(CLIENTS)]
        for _ in range(ROUNDS):
            killed += postgres.kill_connections("killed")
            # Some requests arrive before the server has noticed the closed connections.
            for request in (("GET", "/tasks?limit=10"), ("POST", "/tasks", {"title": "x"})):
                responses += await asyncio.gather(*(client.request(*request) for client in clients))
        for client in clients:
            await client.close()
    [(stored,)] = postgres.execute("SELECT count(*) FROM tasks_api.task", database="killed")
    assert [response for response in responses if response.status not in (200, 201)] == []
    assert killed >= 2 * ROUNDS
    assert stored == len(responses) / 2
    report(
        "Killed idle connections",
        "0 client errors",
        f"0 of {len(responses)}, {killed} connections killed, each of {stored} tasks stored once",
    )
