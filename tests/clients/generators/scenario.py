"""What each generated client must be able to do. `check` runs it against a server."""

from __future__ import annotations

import os
from typing import Protocol

API_URL, USER_ID, TOKEN = (os.environ[name] for name in ("API_URL", "USER_ID", "TOKEN"))


class Task(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def completed(self) -> bool: ...
    @property
    def etag(self) -> str: ...


class Client(Protocol):
    def create(self, title: str) -> Task:
        """Create a task with this title and the priority high."""
        ...

    def page(self, limit: int, cursor: str | None) -> tuple[list[Task], int, str | None]:
        """Return a page of the tasks with the priority high, their total, and the next cursor."""
        ...

    def get(self, task_id: int) -> Task: ...
    def missing(self, task_id: int) -> str:
        """Return the error code of the 404, whose body is typed."""
        ...

    def toggle(self, task_id: int, key: str) -> Task: ...
    def rename(self, task_id: int, title: str, etag: str) -> int:
        """Change the task if it has this entity tag, and return the status."""
        ...


def check(client: Client) -> None:
    for title in ("One", "Two", "Three"):
        client.create(title)
    (newest, second), total, cursor = client.page(2, None)
    assert ([newest.title, second.title], total) == (["Three", "Two"], 3)
    assert cursor is not None
    (task,), _, last = client.page(2, cursor)
    assert (task.title, last) == ("One", None)
    assert client.get(task.id).etag == task.etag
    assert client.missing(newest.id + 1_000_000) == "task_not_found"
    assert [client.toggle(task.id, "once").completed for _ in range(2)] == [True, True]
    assert client.rename(task.id, "Late", task.etag) == 412
    assert client.rename(newest.id, "New", newest.etag) == 200
    print("works")
