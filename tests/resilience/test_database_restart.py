"""The database is restarted under load, with each shutdown mode."""

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
ROUNDS, DOWN_SECONDS = (5, 3.0) if FULL else (1, 0.5)
WAYS = {"fast": FAST, "immediate": IMMEDIATE, "kill -9": KILL}


async def test_a_database_restart_loses_and_duplicates_nothing(
    postgres: Postgres, tmp_path: Path, report: Report
) -> None:
    away = []
    with running(postgres.create("restarted"), tmp_path) as server:
        users = [User(Client(server, new_person(server))) for _ in range(CLIENTS)]
        done = asyncio.Event()
        working = [asyncio.create_task(user.work(done)) for user in users]
        for way in [*WAYS.values()] * ROUNDS:
            await until_responses(users, 20)
            began = time.monotonic()
            await asyncio.to_thread(postgres.stop, way)
            await asyncio.sleep(DOWN_SECONDS)
            await asyncio.to_thread(postgres.start)
            away.append(time.monotonic() - began)
        await until_responses(users, 20)
        done.set()
        await asyncio.gather(*working)
        assert [failure for user in users for failure in user.failed] == []
        # The database contains exactly the acknowledged writes.
        for user in users:
            await user.compare()
            await user.client.close()
    report(
        f"Database restart under load ({', '.join(WAYS)})",
        "0 acknowledged writes lost, 0 duplicated, 0 client errors if restarted within 5 s",
        f"0, 0 and 0 of {sum(user.responses for user in users)} responses; "
        f"{len(away)} restarts, unavailable for up to {max(away):.1f} s",
    )


async def until_responses(users: list[User], more: int) -> None:
    """Wait until each user has this many further responses, so that no user still waits for the database."""
    enough = [user.responses + more for user in users]
    async with asyncio.timeout(60):
        while any(map(lt, (user.responses for user in users), enough)):  # noqa: ASYNC110  # They only count.
            await asyncio.sleep(0.01)
