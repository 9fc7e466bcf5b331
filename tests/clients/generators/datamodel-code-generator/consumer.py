"""The generator makes models, which httpx sends and receives."""

from __future__ import annotations

import httpx
from scenario import API_URL, TOKEN, USER_ID, Task, check

from generated import ErrorResponse, TaskCreate, TaskListResponse, TaskPriority, TaskResponse, TaskUpdate

http = httpx.Client(
    base_url=f"{API_URL}/api/{USER_ID}", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
)


class Client:
    def create(self, title: str) -> Task:
        body = TaskCreate(title=title, priority=TaskPriority.high).model_dump_json(exclude_unset=True)
        response = http.post("/tasks", content=body, headers={"Content-Type": "application/json"})
        return TaskResponse.model_validate_json(response.content)

    def page(self, limit: int, cursor: str | None) -> tuple[list[Task], int, str | None]:
        parameters: dict[str, str | int] = {"priority": "high", "limit": limit}
        if cursor:
            parameters["cursor"] = cursor
        page = TaskListResponse.model_validate_json(http.get("/tasks", params=parameters).content)
        return [*page.items], page.total, page.next_cursor

    def get(self, task_id: int) -> Task:
        return TaskResponse.model_validate_json(http.get(f"/tasks/{task_id}").content)

    def missing(self, task_id: int) -> str:
        error = ErrorResponse.model_validate_json(http.get(f"/tasks/{task_id}").content)
        # mypy reads the call `constr(...)` in an annotation as `Any`.
        return str(error.code)

    def toggle(self, task_id: int, key: str) -> Task:
        response = http.patch(f"/tasks/{task_id}/complete", headers={"Idempotency-Key": key})
        return TaskResponse.model_validate_json(response.content)

    def rename(self, task_id: int, title: str, etag: str) -> int:
        body = TaskUpdate(title=title).model_dump_json(exclude_unset=True)
        headers = {"Content-Type": "application/json", "If-Match": etag}
        return http.patch(f"/tasks/{task_id}", content=body, headers=headers).status_code


check(Client())
