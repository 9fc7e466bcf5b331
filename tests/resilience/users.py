"""Clients that remember the acknowledged writes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.api.conftest import Json
from tests.resilience.wire import Client, Response

# The approximate number of tasks and categories of each client.
MAX_ITEMS = 3


@dataclass
class User:
    """A client with its tasks and categories as they must be stored."""

    client: Client
    tasks: dict[int, Json] = field(default_factory=dict)
    categories: dict[int, Json] = field(default_factory=dict)
    responses: int = 0
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
            for kind, kept in (("tasks", self.tasks), ("categories", self.categories)):
                if len(kept) > MAX_ITEMS and await self._ask("DELETE", f"/{kind}/{min(kept)}", 200):
                    del kept[min(kept)]

    async def compare(self) -> None:
        """Assert that the server has exactly the acknowledged tasks and categories."""
        for kind, kept in (("tasks", self.tasks), ("categories", self.categories)):
            listed = (await self.client.request("GET", f"/{kind}?limit=1000")).json
            assert {item["id"]: item for item in listed["items"]} == kept
            assert listed["total"] == len(kept)

    async def _create(self, kind: str, kept: dict[int, Json], body: Json) -> int:
        response = await self._ask("POST", f"/{kind}", 201, body)
        if response is None:
            return 0
        kept[response.json["id"]] = response.json
        return int(response.json["id"])

    async def _change(
        self, method: str, kind: str, kept: dict[int, Json], id_: int, body: Json, more: str = ""
    ) -> None:
        if id_ in kept and (response := await self._ask(method, f"/{kind}/{id_}{more}", 200, body)):
            kept[id_] = response.json

    async def _ask(self, method: str, path: str, expected: int, body: Json = None) -> Response | None:
        response = await self.client.request(method, path, body)
        self.responses += 1
        if response.status == expected:
            return response
        self.failed.append(f"{method} {path}: {response.status} {response.body!r}")
        return None
