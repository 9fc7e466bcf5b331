"""The requests of the benchmark: for each operation a few thousand, with valid tokens."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from benchmarks.dataset import BIG, SIZES, SMALLEST, WRITERS, cursor_at, task_id, user_id
from impl.identity.tokens import mint_token

NUMBER = 10_000
READERS, CHANGERS = range(5, 305), range(305, 605)
"""The users whose tasks are read, and those whose tasks are changed: tasks that are read never change."""
DEPTHS = range(90_000, 91_000, 100)


class Request(NamedTuple):
    method: str
    path: str
    token: str = ""
    body: str = ""


LABELS: Mapping[str, str] = {
    "health": "health",
    "get": "get one",
    "list20": "list 20",
    "list100": "list 100",
    "size2": "list 20 of 100 tasks",
    "size3": "list 20 of 1 000",
    "size4": "list 20 of 10 000",
    "size5": "list 20 of 100 000",
    "first": "list 100 of 100 000",
    "offset": "… at offset 90 000",
    "cursor": "… by cursor at 90 000",
    "patch": "patch",
    "toggle": "toggle",
    "create": "create",
}
"""The operations in the order of measurement: writes come last."""

QUICK = ("get", "list20", "list100", "first", "cursor", "patch", "toggle", "create")


def prepare(
    database_url: str, secret: str, *, users: int = 300, depths: range = DEPTHS
) -> dict[str, list[Request]]:
    """Return each operation's requests for at most `users` users. Only the tokens differ between runs."""
    dice = random.Random(2)  # noqa: S311  # The same requests each time are the point.
    tokens: dict[int, str] = {}

    def request(method: str, user: int, rest: str = "", body: Mapping[str, object] | None = None) -> Request:
        if user not in tokens:
            tokens[user] = mint_token(secret, user_id(user), timedelta(hours=12))
        path = f"/api/{user_id(user)}/tasks{rest}"
        return Request(method, path, tokens[user], json.dumps(body) if body else "")

    def many(make: Callable[[int, int], Request], whose: range = READERS) -> list[Request]:
        return [make(dice.choice(whose[:users]), dice.randint(1, SMALLEST)) for _ in range(NUMBER)]

    sizes = {f"size{len(str(size)) - 1}": [request("GET", user, "?limit=20")] for user, size in SIZES.items()}
    return sizes | {
        "health": [Request("GET", "/health")],
        "get": many(lambda user, k: request("GET", user, f"/{task_id(user, k)}")),
        "list20": many(lambda user, _: request("GET", user, "?limit=20")),
        "list100": many(lambda user, _: request("GET", user, "?limit=100")),
        "first": [request("GET", BIG, "?limit=100")],
        "offset": [request("GET", BIG, f"?limit=100&offset={depth}") for depth in depths],
        "cursor": [
            request("GET", BIG, f"?limit=100&cursor={cursor_at(database_url, BIG, depth)}")
            for depth in depths
        ],
        "patch": many(
            lambda user, k: request(
                "PATCH",
                user,
                f"/{task_id(user, k)}",
                {"title": f"Changed {k}", "priority": dice.choice(["low", "medium", "high"])},
            ),
            CHANGERS,
        ),
        "toggle": many(lambda user, k: request("PATCH", user, f"/{task_id(user, k)}/complete"), CHANGERS),
        "create": many(
            lambda user, k: request(
                "POST",
                user,
                "",
                {
                    "title": f"Created {k}",
                    "description": "What has to be done, and why.",
                    "priority": "high",
                    "due_date": "2027-01-01T12:00:00Z",
                },
            ),
            WRITERS,
        ),
    }
