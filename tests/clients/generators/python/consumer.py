from __future__ import annotations

from typing import TypeVar

from openapi_client import (
    ApiClient,
    Configuration,
    ErrorResponse,
    TaskCreate,
    TaskPriority,
    TasksApi,
    TaskUpdate,
)
from openapi_client.exceptions import ApiException, NotFoundException
from scenario import API_URL, TOKEN, USER_ID, Task, check

api = TasksApi(ApiClient(Configuration(host=API_URL, access_token=TOKEN)))


T = TypeVar("T")


def needed(found: object, kind: type[T]) -> T:
    assert isinstance(found, kind), found
    return found


class Client:
    def create(self, title: str) -> Task:
        return api.create_task(USER_ID, TaskCreate(title=title, priority=TaskPriority.HIGH))

    def page(self, limit: int, cursor: str | None) -> tuple[list[Task], int, str | None]:
        page = api.list_tasks(USER_ID, priority=TaskPriority.HIGH, limit=limit, cursor=cursor)
        return [*page.items], page.total, page.next_cursor

    def get(self, task_id: int) -> Task:
        return api.get_task(USER_ID, task_id)

    def missing(self, task_id: int) -> str:
        try:
            api.get_task(USER_ID, task_id)
        except NotFoundException as error:
            # The data of an error is not typed.
            return needed(error.data, ErrorResponse).code
        return "no error"

    def toggle(self, task_id: int, key: str) -> Task:
        return api.toggle_task(USER_ID, task_id, idempotency_key=key)

    def rename(self, task_id: int, title: str, etag: str) -> int:
        try:
            return api.update_task_with_http_info(
                USER_ID, task_id, TaskUpdate(title=title), if_match=etag
            ).status_code
        except ApiException as error:
            return needed(error.status, int)


check(Client())
