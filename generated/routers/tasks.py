# Generated from openapi.yaml by scripts/generate: change the contract, not this file.

"""The routes of `tasks`, bound to an implementation when the application is built."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Security

from specfirst.routing import Engine

from .. import components, plain
from ..operations import CallerT, CreateTask201, TasksOperations
from ..schemas import (
    CategoryId,
    Cursor,
    Limit,
    MessageResponse,
    Offset,
    TaskCompleted,
    TaskCreate,
    TaskId,
    TaskListResponse,
    TaskPriority,
    TaskReplace,
    TaskResponse,
    TaskUpdate,
    UserId,
)


def tasks_router(engine: Engine[CallerT], operations: TasksOperations[CallerT]) -> APIRouter:
    """What is to be done."""
    router = engine.router("tasks")

    @router.get(
        "/api/{user_id}/tasks",
        operation_id="listTasks",
        summary="List tasks",
        status_code=200,
        response_model=TaskListResponse,
        response_description="One page of tasks.",
        responses={
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.USER_NOT_FOUND,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def list_tasks(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[UserId, Path(description="Whose data. It must be the subject of the token.")],
        completed: Annotated[
            TaskCompleted | None,
            Query(description="Only tasks that are done (`true`) or still open (`false`)."),
        ] = None,
        priority: Annotated[TaskPriority | None, Query(description="Only tasks of this priority.")] = None,
        category_id: Annotated[
            CategoryId | None,
            Query(
                description="Only tasks of this category. A category that is not the caller's has no tasks."
            ),
        ] = None,
        limit: Annotated[Limit, Query(description="How many items a page holds at the most.")] = 100,
        offset: Annotated[
            Offset,
            Query(
                description="How many items to skip, counted from the newest or, where `cursor` is given, from there."
            ),
        ] = 0,
        cursor: Annotated[
            Cursor | None, Query(description="Where to go on, the `next_cursor` of the page before.")
        ] = None,
    ) -> TaskListResponse | plain.TaskListResponse:
        """The caller's tasks, newest first. `total` counts all tasks that the filters let through,
        whatever the page. To read on, pass `next_cursor` as `cursor`: the pages then neither repeat
        nor skip a task when others are created or deleted in between, and a late page costs no more
        than the first."""
        return await operations.list_tasks(
            caller,
            user_id=user_id,
            completed=completed,
            priority=priority,
            category_id=category_id,
            limit=limit,
            offset=offset,
            cursor=cursor,
        )

    @router.post(
        "/api/{user_id}/tasks",
        operation_id="createTask",
        summary="Create a task",
        status_code=201,
        response_model=TaskResponse,
        response_description="The task as it was stored.",
        responses={
            201: {
                "headers": {
                    "Location": {
                        "description": "The path of the task.",
                        "required": True,
                        "schema": {"type": "string", "format": "uri-reference"},
                    }
                }
            },
            400: components.BAD_REQUEST,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.USER_OR_CATEGORY_NOT_FOUND,
            413: components.CONTENT_TOO_LARGE,
            415: components.UNSUPPORTED_MEDIA_TYPE,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def create_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[UserId, Path(description="Whose data. It must be the subject of the token.")],
        body: Annotated[TaskCreate, Body(description="The task to create.")],
    ) -> CreateTask201:
        """Creates a task. Only `title` is required; each other property says what it is when left out."""
        return await operations.create_task(
            caller,
            user_id=user_id,
            body=body,
        )

    @router.get(
        "/api/{user_id}/tasks/{task_id}",
        operation_id="getTask",
        summary="Read a task",
        status_code=200,
        response_model=TaskResponse,
        response_description="The task as it now is.",
        responses={
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_NOT_FOUND,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def get_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[UserId, Path(description="Whose data. It must be the subject of the token.")],
        task_id: Annotated[TaskId, Path(description="Which of the user's tasks.")],
    ) -> TaskResponse | plain.TaskResponse:
        """One of the caller's tasks."""
        return await operations.get_task(
            caller,
            user_id=user_id,
            task_id=task_id,
        )

    @router.put(
        "/api/{user_id}/tasks/{task_id}",
        operation_id="replaceTask",
        summary="Replace a task",
        status_code=200,
        response_model=TaskResponse,
        response_description="The task as it now is.",
        responses={
            400: components.BAD_REQUEST,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_OR_CATEGORY_NOT_FOUND,
            413: components.CONTENT_TOO_LARGE,
            415: components.UNSUPPORTED_MEDIA_TYPE,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def replace_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[UserId, Path(description="Whose data. It must be the subject of the token.")],
        task_id: Annotated[TaskId, Path(description="Which of the user's tasks.")],
        body: Annotated[TaskReplace, Body(description="The task as it shall be from now on.")],
    ) -> TaskResponse | plain.TaskResponse:
        """Replaces the task. `title` is required, and a property that is left out returns to its
        default."""
        return await operations.replace_task(
            caller,
            user_id=user_id,
            task_id=task_id,
            body=body,
        )

    @router.patch(
        "/api/{user_id}/tasks/{task_id}",
        operation_id="updateTask",
        summary="Change a task",
        status_code=200,
        response_model=TaskResponse,
        response_description="The task as it now is.",
        responses={
            400: components.BAD_REQUEST,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_OR_CATEGORY_NOT_FOUND,
            413: components.CONTENT_TOO_LARGE,
            415: components.UNSUPPORTED_MEDIA_TYPE,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def update_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[UserId, Path(description="Whose data. It must be the subject of the token.")],
        task_id: Annotated[TaskId, Path(description="Which of the user's tasks.")],
        body: Annotated[TaskUpdate, Body(description="What shall be different.")],
    ) -> TaskResponse | plain.TaskResponse:
        """Changes only the properties that are given; `null` clears a property that can be null."""
        return await operations.update_task(
            caller,
            user_id=user_id,
            task_id=task_id,
            body=body,
        )

    @router.delete(
        "/api/{user_id}/tasks/{task_id}",
        operation_id="deleteTask",
        summary="Delete a task",
        status_code=200,
        response_model=MessageResponse,
        response_description="The task is gone.",
        responses={
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_NOT_FOUND,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def delete_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[UserId, Path(description="Whose data. It must be the subject of the token.")],
        task_id: Annotated[TaskId, Path(description="Which of the user's tasks.")],
    ) -> MessageResponse | plain.MessageResponse:
        """Deletes the task for good."""
        return await operations.delete_task(
            caller,
            user_id=user_id,
            task_id=task_id,
        )

    @router.patch(
        "/api/{user_id}/tasks/{task_id}/complete",
        operation_id="toggleTask",
        summary="Toggle whether a task is done",
        status_code=200,
        response_model=TaskResponse,
        response_description="The task as it now is.",
        responses={
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_NOT_FOUND,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def toggle_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[UserId, Path(description="Whose data. It must be the subject of the token.")],
        task_id: Annotated[TaskId, Path(description="Which of the user's tasks.")],
    ) -> TaskResponse | plain.TaskResponse:
        """Marks an open task as done and a done task as open, in one step: of two toggles at the same
        moment, each takes effect."""
        return await operations.toggle_task(
            caller,
            user_id=user_id,
            task_id=task_id,
        )

    return router
