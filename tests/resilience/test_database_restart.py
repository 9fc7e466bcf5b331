"""The database is restarted under load, in each of the ways in which that happens."""

from __future__ import annotations

import asyncio
import time
from operator import lt
from pathlib import Path

from tests.api.conftest import new_person, running
from tests.resilience.conftest import FULL, Report
from tests.resilience.faults import FAST, IMMEDIATE, KILL, Postgres
from tests.resilience.users import User
from tests.resilience.wire import Client

CLIENTS = 16
ROUNDS, AWAY_SECONDS = (5, 3.0) if FULL else (1, 0.5)
WAYS = {"fast": FAST, "immediate": IMMEDIATE, "kill -9": KILL}


async def test_no_write_is_lost_or_doubled_and_no_client_notices(
    postgres: Postgres, tmp_path: Path, report: Report
) -> None:
    away = []
    with running(postgres.create("restarted"), tmp_path) as server:
        users = [User(Client(server, new_person(server))) for _ in range(CLIENTS)]
        done = asyncio.Event()
        working = [asyncio.create_task(user.work(done)) for user in users]
        for way in [*WAYS.values()] * ROUNDS:
            await until_answered(users, 20)
            began = time.monotonic()
            await asyncio.to_thread(postgres.stop, way)
            await asyncio.sleep(AWAY_SECONDS)
            await asyncio.to_thread(postgres.start)
            away.append(time.monotonic() - began)
        await until_answered(users, 20)
        done.set()
        await asyncio.gather(*working)
        assert [failure for user in users for failure in user.failed] == []
        # What was acknowledged is what is there, no more and no less, and as it was answered last.
        for user in users:
            await user.compare()
            await user.client.close()
    report(
        f"The database restarts mid-load ({', '.join(WAYS)})",
        "0 acknowledged lost, 0 duplicated, 0 client errors if it is back in 5 s",
        f"0, 0 and 0 of {sum(user.responses for user in users)} answers; "
        f"{len(away)} restarts, away for up to {max(away):.1f} s",
    )


async def until_answered(users: list[User], more: int) -> None:
    """Each of them has so many more answers, so that nobody still waits for the end of an outage."""
    enough = [user.responses + more for user in users]
    async with asyncio.timeout(60):
        while any(map(lt, (user.responses for user in users), enough)):  # noqa: ASYNC110  # They only count.
            await asyncio.sleep(0.01)
