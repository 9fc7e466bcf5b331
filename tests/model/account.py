"""A model of a user's account in lists and dictionaries, with which the server is compared.

A task or category is the expected response body, with timestamps as `datetime` instead of text. Only `id`,
`created_at` and `updated_at` are copied from the server, after they were checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.contract import null_properties

Json = dict[str, Any]

TASK_DEFAULTS: Json = {**null_properties("TaskCreate"), "completed": False, "priority": "medium"}
CATEGORY_DEFAULTS: Json = {"color": "#3B82F6"}
TIMESTAMPS = ("due_date", "created_at", "updated_at")


@dataclass
class Account:
    """The data of one user, oldest first."""

    user_id: str
    erased: bool = False
    tasks: list[Json] = field(default_factory=list)
    categories: list[Json] = field(default_factory=list)

    def task(self, task_id: int) -> Json | None:
        return next((task for task in self.tasks if task["id"] == task_id), None)

    def category(self, category_id: int) -> Json | None:
        return next((category for category in self.categories if category["id"] == category_id), None)

    def tasks_that_match(self, filters: Json) -> list[Json]:
        """Return the matching tasks, newest first; an empty filter matches every task."""
        newest_first = reversed(self.tasks)
        return [task for task in newest_first if all(task[name] == filters[name] for name in filters)]

    def has_another_category_named(self, name: str, than: Json | None = None) -> bool:
        return any(category["name"] == name and category is not than for category in self.categories)

    def delete_category(self, category: Json) -> None:
        """Delete the category and remove it from its tasks, without a change of their `updated_at`."""
        self.categories.remove(category)
        for task in self.tasks:
            if task["category_id"] == category["id"]:
                task["category_id"] = None

    def erase(self) -> None:
        self.erased = True
        self.tasks.clear()
        self.categories.clear()


def meaning(body: Json) -> Json:
    """Return the properties of a body without its entity tag, with timestamps as `datetime` in UTC."""
    given = {name: body[name] for name in TIMESTAMPS if body.get(name) is not None}
    body = {name: value for name, value in body.items() if name != "etag"}
    return body | {name: datetime.fromisoformat(text).astimezone(UTC) for name, text in given.items()}
