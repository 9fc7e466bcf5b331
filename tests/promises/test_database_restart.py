"""The database is restarted under load, in each of the ways in which that happens."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.api.conftest import Json, newcomer, running
from tests.promises.conftest import FULL, Report
from tests.promises.faults import FAST, IMMEDIATE, KILL, Postgres
from tests.promises.wire import Answer, Client

CLIENTS = 16
RESTARTS, AWAY_SECONDS = (5, 3.0) if FULL else (1, 0.5)
WAYS = {"fast": FAST, "immediate": IMMEDIATE, "kill -9": KILL}


@dataclass
class User:
    """A client and what it was told: its tasks and its categories as they must be stored."""

    client: Client
    tasks: dict[int, Json] = field(default_factory=dict)
    categories: dict[int, Json] = field(default_factory=dict)
    answers: int = 0
    failed: list[str] = field(default_factory=list)

    async def work(self, until: asyncio.Event) -> None:
        number = 0
        while not until.is_set():
            number += 1
            task = await self._create("tasks", self.tasks, {"title": f"Task {number}"})
            await self._change("PATCH", "tasks", self.tasks, task, {"priority": "high"})
            await self._change("PATCH", "tasks", self.tasks, task, None, "/complete")
            category = await self._create("categories", self.categories, {"name": f"{number}"})
            await self._change("PUT", "categories", self.categories, category, {"name": f"{number}!"})
            await self._ask("GET", "/tasks?limit=5", 200)
            for kind, id_, kept in (("tasks", task, self.tasks), ("categories", category, self.categories)):
                gone = number % 2 and id_ in kept and await self._ask("DELETE", f"/{kind}/{id_}", 200)
                if gone:
                    del kept[id_]

    async def _create(self, kind: str, kept: dict[int, Json], body: Json) -> int:
        answer = await self._ask("POST", f"/{kind}", 201, body)
        if answer is None:
            return 0
        kept[answer.json["id"]] = answer.json
        return int(answer.json["id"])

    async def _change(
        self, method: str, kind: str, kept: dict[int, Json], id_: int, body: Json, more: str = ""
    ) -> None:
        if id_ in kept and (answer := await self._ask(method, f"/{kind}/{id_}{more}", 200, body)):
            kept[id_] = answer.json

    async def _ask(self, method: str, path: str, expected: int, body: Json = None) -> Answer | None:
        answer = await self.client.request(method, path, body)
        self.answers += 1
        if answer.status == expected:
            return answer
        self.failed.append(f"{method} {path}: {answer.status} {answer.body!r}")
        return None


@pytest.mark.parametrize("way", WAYS)
async def test_no_write_is_lost_or_doubled_and_no_client_notices(
    postgres: Postgres, tmp_path: Path, report: Report, way: str
) -> None:
    database = f"restarted_{way.split()[0]}"
    away = []
    with running(postgres.create(database), tmp_path) as server:
        people = [newcomer(server) for _ in range(CLIENTS)]
        users = [User(Client(server, person)) for person in people]
        done = asyncio.Event()
        working = [asyncio.create_task(user.work(done)) for user in users]
        for _ in range(RESTARTS):
            await asyncio.sleep(1)
            began = time.monotonic()
            await asyncio.to_thread(postgres.stop, WAYS[way])
            await asyncio.sleep(AWAY_SECONDS)
            await asyncio.to_thread(postgres.start)
            away.append(time.monotonic() - began)
        await asyncio.sleep(1)
        done.set()
        await asyncio.gather(*working)
        assert [failure for user in users for failure in user.failed] == []
        # What was acknowledged is what is there, no more and no less, and as it was answered last.
        for user in users:
            for kind, kept in (("tasks", user.tasks), ("categories", user.categories)):
                listed = (await user.client.request("GET", f"/{kind}?limit=1000")).json
                assert {item["id"]: item for item in listed["items"]} == kept
                assert listed["total"] == len(kept)
            await user.client.close()
    report(
        f"The database restarts mid-load ({way})",
        "0 acknowledged lost, 0 duplicated, 0 client errors if it is back in 5 s",
        f"0, 0 and 0 of {sum(user.answers for user in users)} answers; "
        f"{RESTARTS} restarts, away for up to {max(away):.1f} s",
    )
