# Generated from openapi.yaml by specfirst: change the contract, not this file.


"""The routes of `tasks`, bound to an implementation when the application is built."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Security
from specfirst.runtime.routing import Engine

from .. import components, plain
from ..operations import (
    CallerT,
    CreateTask201,
    GetTask200,
    ReplaceTask200,
    TasksOperations,
    ToggleTask200,
    UpdateTask200,
)
from ..schemas import (
    CategoryId,
    Cursor,
    EntityTags,
    IdempotencyKey,
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
    """The tasks of the caller."""
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
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        completed: Annotated[
            TaskCompleted | None,
            Query(description="Only completed tasks (`true`) or only open tasks (`false`)."),
        ] = None,
        priority: Annotated[TaskPriority | None, Query(description="Only tasks with this priority.")] = None,
        category_id: Annotated[
            CategoryId | None,
            Query(
                description="Only tasks in this category. For a category of another user, the list is empty."
            ),
        ] = None,
        limit: Annotated[Limit, Query(description="The maximum number of items on a page.")] = 100,
        cursor: Annotated[
            Cursor | None,
            Query(description="The start of the page. Use the `next_cursor` of the previous page."),
        ] = None,
        offset: Annotated[
            Offset,
            Query(
                description="The number of items to skip, counted from the newest item, or from `cursor` if it is given."
            ),
        ] = 0,
    ) -> TaskListResponse | plain.TaskListResponse:
        """Returns one page of the caller's tasks, newest first. `total` is the number of tasks that
        match the filters, on all pages. For the next page, pass `next_cursor` as `cursor` (keyset
        pagination): no task is repeated or skipped when other tasks are created or deleted in
        between, and every page is as fast as the first."""
        return await operations.list_tasks(
            caller,
            user_id=user_id,
            completed=completed,
            priority=priority,
            category_id=category_id,
            limit=limit,
            cursor=cursor,
            offset=offset,
        )

    @router.post(
        "/api/{user_id}/tasks",
        operation_id="createTask",
        summary="Create a task",
        status_code=201,
        response_model=TaskResponse,
        response_description="The created task.",
        responses={
            201: {
                "headers": {
                    "Location": {
                        "description": "The path of the task.",
                        "required": True,
                        "schema": {"type": "string", "format": "uri-reference"},
                    },
                    "ETag": {
                        "description": "Entity tag of the current version.",
                        "required": True,
                        "schema": {
                            "type": "string",
                            "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
                            "pattern": '^"[0-9a-f]{16}"$',
                        },
                    },
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
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        idempotency_key: Annotated[
            IdempotencyKey | None,
            Header(
                alias="Idempotency-Key",
                description="A unique key for this request, such as a UUID. For 24 hours, the same request with the same key gets the same\nresponse as the first one and changes nothing. Another request with the same key gets 422. The server does not\nstore the key of a request that gets an error response.",
            ),
        ] = None,
        body: Annotated[TaskCreate, Body(description="The task to create.")],
    ) -> CreateTask201:
        """Creates a task. Only `title` is required. The schema describes the default of each other
        property."""
        return await operations.create_task(
            caller,
            user_id=user_id,
            idempotency_key=idempotency_key,
            body=body,
        )

    @router.patch(
        "/api/{user_id}/tasks/{task_id}/complete",
        operation_id="toggleTask",
        summary="Toggle whether a task is completed",
        status_code=200,
        response_model=TaskResponse,
        response_description="The current task.",
        responses={
            200: {
                "headers": {
                    "ETag": {
                        "description": "Entity tag of the current version.",
                        "required": True,
                        "schema": {
                            "type": "string",
                            "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
                            "pattern": '^"[0-9a-f]{16}"$',
                        },
                    }
                }
            },
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_NOT_FOUND,
            412: components.PRECONDITION_FAILED,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def toggle_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        task_id: Annotated[TaskId, Path(description="The id of one of the user's tasks.")],
        if_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-Match",
                description="The request is carried out only if the current `ETag` is in this list, or the field is `*`; otherwise the\nresponse is 412. Compared strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.",
            ),
        ] = None,
        if_none_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-None-Match",
                description="The request is carried out only if the current `ETag` is not in this list, and the field is not `*`; otherwise\nthe response is 304 without a body to GET and HEAD, and 412 to other methods. Compared weakly (RFC 9110,\nsection 13.1.2). If-Match is evaluated first.",
            ),
        ] = None,
        idempotency_key: Annotated[
            IdempotencyKey | None,
            Header(
                alias="Idempotency-Key",
                description="A unique key for this request, such as a UUID. For 24 hours, the same request with the same key gets the same\nresponse as the first one and changes nothing. Another request with the same key gets 422. The server does not\nstore the key of a request that gets an error response.",
            ),
        ] = None,
    ) -> ToggleTask200:
        """Marks an open task as completed and a completed task as open, atomically: two concurrent
        toggles both take effect."""
        return await operations.toggle_task(
            caller,
            user_id=user_id,
            task_id=task_id,
            if_match=if_match,
            if_none_match=if_none_match,
            idempotency_key=idempotency_key,
        )

    @router.get(
        "/api/{user_id}/tasks/{task_id}",
        operation_id="getTask",
        summary="Read a task",
        status_code=200,
        response_model=TaskResponse,
        response_description="The current task.",
        responses={
            200: {
                "headers": {
                    "ETag": {
                        "description": "Entity tag of the current version.",
                        "required": True,
                        "schema": {
                            "type": "string",
                            "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
                            "pattern": '^"[0-9a-f]{16}"$',
                        },
                    }
                }
            },
            304: components.NOT_MODIFIED,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_NOT_FOUND,
            412: components.PRECONDITION_FAILED,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def get_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        task_id: Annotated[TaskId, Path(description="The id of one of the user's tasks.")],
        if_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-Match",
                description="The request is carried out only if the current `ETag` is in this list, or the field is `*`; otherwise the\nresponse is 412. Compared strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.",
            ),
        ] = None,
        if_none_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-None-Match",
                description="The request is carried out only if the current `ETag` is not in this list, and the field is not `*`; otherwise\nthe response is 304 without a body to GET and HEAD, and 412 to other methods. Compared weakly (RFC 9110,\nsection 13.1.2). If-Match is evaluated first.",
            ),
        ] = None,
    ) -> GetTask200:
        """Returns one of the caller's tasks."""
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
        response_description="The current task.",
        responses={
            200: {
                "headers": {
                    "ETag": {
                        "description": "Entity tag of the current version.",
                        "required": True,
                        "schema": {
                            "type": "string",
                            "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
                            "pattern": '^"[0-9a-f]{16}"$',
                        },
                    }
                }
            },
            400: components.BAD_REQUEST,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_OR_CATEGORY_NOT_FOUND,
            412: components.PRECONDITION_FAILED,
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
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        task_id: Annotated[TaskId, Path(description="The id of one of the user's tasks.")],
        if_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-Match",
                description="The request is carried out only if the current `ETag` is in this list, or the field is `*`; otherwise the\nresponse is 412. Compared strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.",
            ),
        ] = None,
        if_none_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-None-Match",
                description="The request is carried out only if the current `ETag` is not in this list, and the field is not `*`; otherwise\nthe response is 304 without a body to GET and HEAD, and 412 to other methods. Compared weakly (RFC 9110,\nsection 13.1.2). If-Match is evaluated first.",
            ),
        ] = None,
        body: Annotated[TaskReplace, Body(description="The new content of the task.")],
    ) -> ReplaceTask200:
        """Replaces the task. `title` is required. An absent property is set to its default."""
        return await operations.replace_task(
            caller,
            user_id=user_id,
            task_id=task_id,
            if_match=if_match,
            if_none_match=if_none_match,
            body=body,
        )

    @router.patch(
        "/api/{user_id}/tasks/{task_id}",
        operation_id="updateTask",
        summary="Change a task",
        status_code=200,
        response_model=TaskResponse,
        response_description="The current task.",
        responses={
            200: {
                "headers": {
                    "ETag": {
                        "description": "Entity tag of the current version.",
                        "required": True,
                        "schema": {
                            "type": "string",
                            "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
                            "pattern": '^"[0-9a-f]{16}"$',
                        },
                    }
                }
            },
            400: components.BAD_REQUEST,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_OR_CATEGORY_NOT_FOUND,
            412: components.PRECONDITION_FAILED,
            413: components.CONTENT_TOO_LARGE,
            415: components.UNSUPPORTED_PATCH_MEDIA_TYPE,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def update_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        task_id: Annotated[TaskId, Path(description="The id of one of the user's tasks.")],
        if_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-Match",
                description="The request is carried out only if the current `ETag` is in this list, or the field is `*`; otherwise the\nresponse is 412. Compared strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.",
            ),
        ] = None,
        if_none_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-None-Match",
                description="The request is carried out only if the current `ETag` is not in this list, and the field is not `*`; otherwise\nthe response is 304 without a body to GET and HEAD, and 412 to other methods. Compared weakly (RFC 9110,\nsection 13.1.2). If-Match is evaluated first.",
            ),
        ] = None,
        body: Annotated[TaskUpdate, Body(description="The properties to change.")],
    ) -> UpdateTask200:
        """Changes only the properties in the body. `null` clears a nullable property."""
        return await operations.update_task(
            caller,
            user_id=user_id,
            task_id=task_id,
            if_match=if_match,
            if_none_match=if_none_match,
            body=body,
        )

    @router.delete(
        "/api/{user_id}/tasks/{task_id}",
        operation_id="deleteTask",
        summary="Delete a task",
        status_code=200,
        response_model=MessageResponse,
        response_description="The task is deleted.",
        responses={
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.TASK_NOT_FOUND,
            412: components.PRECONDITION_FAILED,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def delete_task(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        task_id: Annotated[TaskId, Path(description="The id of one of the user's tasks.")],
        if_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-Match",
                description="The request is carried out only if the current `ETag` is in this list, or the field is `*`; otherwise the\nresponse is 412. Compared strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.",
            ),
        ] = None,
        if_none_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-None-Match",
                description="The request is carried out only if the current `ETag` is not in this list, and the field is not `*`; otherwise\nthe response is 304 without a body to GET and HEAD, and 412 to other methods. Compared weakly (RFC 9110,\nsection 13.1.2). If-Match is evaluated first.",
            ),
        ] = None,
    ) -> MessageResponse | plain.MessageResponse:
        """Permanently deletes the task."""
        return await operations.delete_task(
            caller,
            user_id=user_id,
            task_id=task_id,
            if_match=if_match,
            if_none_match=if_none_match,
        )

    return router
