"""A long run of mixed requests, with faults."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.api.conftest import new_person, running
from tests.impl.store.test_counters import WRONG
from tests.resilience.conftest import Report
from tests.resilience.faults import FAST, KILL, Postgres
from tests.resilience.users import User
from tests.resilience.wire import Client

CLIENTS = 32
REQUESTS, WARM = 500_000, 100_000
# The number of faults: connections are killed, and at every tenth fault the database is restarted.
FAULTS = 100
MEGABYTES_PER_100_000 = 1.0


@pytest.mark.long
async def test_memory_is_constant_and_counters_are_exact(
    postgres: Postgres, tmp_path: Path, report: Report
) -> None:
    began = time.monotonic()
    warm = 0.0
    url = postgres.create("soaked")
    with running(url, tmp_path, settings={"VALIDATE_RESPONSES": "false"}) as server:
        users = [User(Client(server, new_person(server))) for _ in range(CLIENTS)]

        def answered() -> int:
            return sum(user.responses for user in users)

        done = asyncio.Event()
        working = asyncio.gather(*(user.work(done) for user in users))
        for fault in range(1, FAULTS + 1):
            while answered() < fault * REQUESTS / FAULTS and not working.done():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            if warm == 0 and answered() >= WARM:
                warm = resident(server.process.pid)
            if fault % 10 == 0:
                await asyncio.to_thread(postgres.stop, KILL if fault % 20 else FAST)
                await asyncio.to_thread(postgres.start)
            else:
                await asyncio.to_thread(postgres.kill_connections, "soaked")
        done.set()
        await working
        grown = (resident(server.process.pid) - warm) / (answered() - WARM) * 100_000
        assert [failure for user in users for failure in user.failed] == []
        for user in users:
            await user.compare()
            await user.client.close()
        requests = answered()
    assert postgres.execute(WRONG, database="soaked") == []
    assert grown < MEGABYTES_PER_100_000
    report(
        "Long soak",
        f"≥ {REQUESTS:,} requests, memory growth < {MEGABYTES_PER_100_000:g} MB per 100 000, "
        "no error, counts exact",
        f"{requests:,} in {time.monotonic() - began:.0f} s, {grown:.2f} MB per 100 000, 0 errors, all exact; "
        f"{FAULTS - FAULTS // 10} times all connections killed, {FAULTS // 10} restarts",
    )


def resident(pid: int) -> float:
    """Return the memory of a process in megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20
