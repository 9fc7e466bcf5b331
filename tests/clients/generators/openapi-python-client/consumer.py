from __future__ import annotations

from typing import TypeVar

from scenario import API_URL, TOKEN, USER_ID, Task, check
from tasks_api_client import AuthenticatedClient
from tasks_api_client.api.tasks import create_task, get_task, list_tasks, toggle_task, update_task
from tasks_api_client.models import (
    ErrorResponse,
    TaskCreate,
    TaskListResponse,
    TaskPriority,
    TaskResponse,
    TaskUpdate,
)
from tasks_api_client.types import UNSET

client = AuthenticatedClient(base_url=API_URL, token=TOKEN)
T = TypeVar("T")


def needed(found: object, kind: type[T]) -> T:
    assert isinstance(found, kind), found
    return found


class Client:
    def create(self, title: str) -> Task:
        body = TaskCreate(title=title, priority=TaskPriority.HIGH)
        return needed(create_task.sync(USER_ID, client=client, body=body), TaskResponse)

    def page(self, limit: int, cursor: str | None) -> tuple[list[Task], int, str | None]:
        page = needed(
            list_tasks.sync(
                USER_ID, client=client, priority=TaskPriority.HIGH, limit=limit, cursor=cursor or UNSET
            ),
            TaskListResponse,
        )
        return [*page.items], page.total, page.next_cursor

    def get(self, task_id: int) -> Task:
        return needed(get_task.sync(USER_ID, task_id, client=client), TaskResponse)

    def missing(self, task_id: int) -> str:
        return needed(get_task.sync(USER_ID, task_id, client=client), ErrorResponse).code

    def toggle(self, task_id: int, key: str) -> Task:
        return needed(toggle_task.sync(USER_ID, task_id, client=client, idempotency_key=key), TaskResponse)

    def rename(self, task_id: int, title: str, etag: str) -> int:
        body = TaskUpdate(title=title)
        return update_task.sync_detailed(
            USER_ID, task_id, client=client, body=body, if_match=etag
        ).status_code


check(Client())
