# Generated from openapi.yaml by specfirst: change the contract, not this file.

"""The operations of Tasks API 1.0.0, for an implementation.

Each tag has a Protocol, and each operation a method of it. A class satisfies a Protocol by its shape and need
not inherit from it; `specfirst generate --skeleton` writes the methods that are missing. The engine has
validated the arguments with the contract's schemas. To send an error, raise a subclass of
`specfirst.runtime.errors.APIError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from specfirst.runtime.responses import Result

from . import plain
from .schemas import (
    CategoryCreate,
    CategoryId,
    CategoryListResponse,
    CategoryReplace,
    CategoryResponse,
    CategoryUpdate,
    Cursor,
    EntityTags,
    HealthResponse,
    IdempotencyKey,
    Limit,
    MessageResponse,
    Offset,
    ReadinessResponse,
    RootResponse,
    TaskCompleted,
    TaskCreate,
    TaskId,
    TaskListResponse,
    TaskPriority,
    TaskReplace,
    TaskResponse,
    TaskUpdate,
    UserId,
    UserResponse,
)

CallerT = TypeVar("CallerT", contravariant=True)
"""The type of the caller, which the functions of `authenticate` return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask201(Result):
    """Response 201 of createTask. The created task."""

    status: ClassVar[int] = 201
    body: TaskResponse | plain.TaskResponse
    location: str
    """The header Location. The path of the task."""
    etag: str
    """The header ETag. Entity tag of the current version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToggleTask200(Result):
    """Response 200 of toggleTask. The current task."""

    status: ClassVar[int] = 200
    body: TaskResponse | plain.TaskResponse
    etag: str
    """The header ETag. Entity tag of the current version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTask200(Result):
    """Response 200 of getTask. The current task."""

    status: ClassVar[int] = 200
    body: TaskResponse | plain.TaskResponse
    etag: str
    """The header ETag. Entity tag of the current version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTask200(Result):
    """Response 200 of replaceTask. The current task."""

    status: ClassVar[int] = 200
    body: TaskResponse | plain.TaskResponse
    etag: str
    """The header ETag. Entity tag of the current version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTask200(Result):
    """Response 200 of updateTask. The current task."""

    status: ClassVar[int] = 200
    body: TaskResponse | plain.TaskResponse
    etag: str
    """The header ETag. Entity tag of the current version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCategory201(Result):
    """Response 201 of createCategory. The created category."""

    status: ClassVar[int] = 201
    body: CategoryResponse | plain.CategoryResponse
    location: str
    """The header Location. The path of the category."""
    etag: str
    """The header ETag. Entity tag of the current version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCategory200(Result):
    """Response 200 of getCategory. The current category."""

    status: ClassVar[int] = 200
    body: CategoryResponse | plain.CategoryResponse
    etag: str
    """The header ETag. Entity tag of the current version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceCategory200(Result):
    """Response 200 of replaceCategory. The current category."""

    status: ClassVar[int] = 200
    body: CategoryResponse | plain.CategoryResponse
    etag: str
    """The header ETag. Entity tag of the current version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCategory200(Result):
    """Response 200 of updateCategory. The current category."""

    status: ClassVar[int] = 200
    body: CategoryResponse | plain.CategoryResponse
    etag: str
    """The header ETag. Entity tag of the current version."""


class HealthOperations(Protocol):
    """Name and version of the service, and its health checks."""

    async def get_root(
        self,
    ) -> RootResponse | plain.RootResponse:
        """GET /: Describe the service.

        Returns the name and version of the service, and the paths of its documentation and health
        check.

        Errors: 422, 500.
        """
        ...

    async def get_health(
        self,
    ) -> HealthResponse | plain.HealthResponse:
        """GET /health: Liveness.

        Answers 200 as long as the process runs. It does not use the database; `/ready` does.

        Errors: 422, 500.
        """
        ...

    async def get_readiness(
        self,
    ) -> ReadinessResponse | plain.ReadinessResponse:
        """GET /ready: Readiness.

        Answers 200 while the database is available and its migrations are applied, and 503
        otherwise. It also answers 503 as soon as the service begins to shut down.

        Errors: 422, 500, 503.
        """
        ...


class UsersOperations(Protocol[CallerT]):
    """The caller's own account."""

    async def get_user(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
    ) -> UserResponse | plain.UserResponse:
        """GET /api/{user_id}: Read the caller's profile.

        The profile from the claims of the most recently issued token. The server creates it when it
        first receives a valid token of the user, so there is no operation to create a user.

        Errors: 401, 403, 404, 422, 429, 500, 503.
        """
        ...

    async def delete_user(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
    ) -> MessageResponse | plain.MessageResponse:
        """DELETE /api/{user_id}: Erase the caller's account.

        Permanently deletes the caller's account with all tasks and categories. The account stays
        erased until the server receives a token that was issued after the erasure. Until then, all
        paths of the caller answer 404.

        Errors: 401, 403, 404, 422, 429, 500, 503.
        """
        ...


class TasksOperations(Protocol[CallerT]):
    """The tasks of the caller."""

    async def list_tasks(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        completed: TaskCompleted | None,
        priority: TaskPriority | None,
        category_id: CategoryId | None,
        limit: Limit,
        cursor: Cursor | None,
        offset: Offset,
    ) -> TaskListResponse | plain.TaskListResponse:
        """GET /api/{user_id}/tasks: List tasks.

        Returns one page of the caller's tasks, newest first. `total` is the number of tasks that
        match the filters, on all pages. For the next page, pass `next_cursor` as `cursor` (keyset
        pagination): no task is repeated or skipped when other tasks are created or deleted in
        between, and every page is as fast as the first.

        Errors: 401, 403, 404, 422, 429, 500, 503.
        """
        ...

    async def create_task(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        idempotency_key: IdempotencyKey | None,
        body: TaskCreate,
    ) -> CreateTask201:
        """POST /api/{user_id}/tasks: Create a task.

        Creates a task. Only `title` is required. The schema describes the default of each other
        property.

        Errors: 400, 401, 403, 404, 413, 415, 422, 429, 500, 503.
        """
        ...

    async def toggle_task(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        task_id: TaskId,
        if_match: EntityTags | None,
        if_none_match: EntityTags | None,
        idempotency_key: IdempotencyKey | None,
    ) -> ToggleTask200:
        """PATCH /api/{user_id}/tasks/{task_id}/complete: Toggle whether a task is completed.

        Marks an open task as completed and a completed task as open, atomically: two concurrent
        toggles both take effect.

        Errors: 401, 403, 404, 412, 422, 429, 500, 503.
        """
        ...

    async def get_task(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        task_id: TaskId,
    ) -> GetTask200:
        """GET /api/{user_id}/tasks/{task_id}: Read a task.

        Returns one of the caller's tasks.

        Errors: 401, 403, 404, 412, 422, 429, 500, 503.
        """
        ...

    async def replace_task(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        task_id: TaskId,
        if_match: EntityTags | None,
        if_none_match: EntityTags | None,
        body: TaskReplace,
    ) -> ReplaceTask200:
        """PUT /api/{user_id}/tasks/{task_id}: Replace a task.

        Replaces the task. `title` is required. An absent property is set to its default.

        Errors: 400, 401, 403, 404, 412, 413, 415, 422, 429, 500, 503.
        """
        ...

    async def update_task(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        task_id: TaskId,
        if_match: EntityTags | None,
        if_none_match: EntityTags | None,
        body: TaskUpdate,
    ) -> UpdateTask200:
        """PATCH /api/{user_id}/tasks/{task_id}: Change a task.

        Changes only the properties in the body. `null` clears a nullable property.

        Errors: 400, 401, 403, 404, 412, 413, 415, 422, 429, 500, 503.
        """
        ...

    async def delete_task(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        task_id: TaskId,
        if_match: EntityTags | None,
        if_none_match: EntityTags | None,
    ) -> MessageResponse | plain.MessageResponse:
        """DELETE /api/{user_id}/tasks/{task_id}: Delete a task.

        Permanently deletes the task.

        Errors: 401, 403, 404, 412, 422, 429, 500, 503.
        """
        ...


class CategoriesOperations(Protocol[CallerT]):
    """Categories with a name and a colour, which group tasks."""

    async def list_categories(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        limit: Limit,
        cursor: Cursor | None,
        offset: Offset,
    ) -> CategoryListResponse | plain.CategoryListResponse:
        """GET /api/{user_id}/categories: List categories.

        Returns one page of the caller's categories, newest first. Pages work as in `listTasks`.

        Errors: 401, 403, 404, 422, 429, 500, 503.
        """
        ...

    async def create_category(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        idempotency_key: IdempotencyKey | None,
        body: CategoryCreate,
    ) -> CreateCategory201:
        """POST /api/{user_id}/categories: Create a category.

        Creates a category. Its name must differ from those of the caller's other categories.

        Errors: 400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503.
        """
        ...

    async def get_category(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        category_id: CategoryId,
    ) -> GetCategory200:
        """GET /api/{user_id}/categories/{category_id}: Read a category.

        Returns one of the caller's categories.

        Errors: 401, 403, 404, 412, 422, 429, 500, 503.
        """
        ...

    async def replace_category(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        category_id: CategoryId,
        if_match: EntityTags | None,
        if_none_match: EntityTags | None,
        body: CategoryReplace,
    ) -> ReplaceCategory200:
        """PUT /api/{user_id}/categories/{category_id}: Replace a category.

        Replaces the category. `name` is required. An absent colour is set to its default.

        Errors: 400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503.
        """
        ...

    async def update_category(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        category_id: CategoryId,
        if_match: EntityTags | None,
        if_none_match: EntityTags | None,
        body: CategoryUpdate,
    ) -> UpdateCategory200:
        """PATCH /api/{user_id}/categories/{category_id}: Change a category.

        Changes only the properties in the body.

        Errors: 400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503.
        """
        ...

    async def delete_category(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        category_id: CategoryId,
        if_match: EntityTags | None,
        if_none_match: EntityTags | None,
    ) -> MessageResponse | plain.MessageResponse:
        """DELETE /api/{user_id}/categories/{category_id}: Delete a category.

        Permanently deletes the category. Its tasks are kept, and their `category_id` becomes null.

        Errors: 401, 403, 404, 412, 422, 429, 500, 503.
        """
        ...
