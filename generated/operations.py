# Generated from openapi.yaml by scripts/generate: change the contract, not this file.

"""What Tasks API 1.0.0 asks of an implementation.

There is a Protocol for each tag with a method for each operation. An implementation satisfies it by its
shape and inherits nothing. Arguments have passed the contract's schemas; a result goes out as it is.
Anything else is said by raising: a subclass of `specfirst.errors.Refusal` whose status the operation
declares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from specfirst.responses import Result

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
"""Who is calling: the type that the implementation's authentication gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask201(Result):
    """createTask answers 201. The task as it was stored."""

    status: ClassVar[int] = 201
    body: TaskResponse | plain.TaskResponse
    location: str
    """The header Location. The path of the task."""
    etag: str
    """The header ETag. Names this very state; another state has another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTask200(Result):
    """getTask answers 200. The task as it now is."""

    status: ClassVar[int] = 200
    body: TaskResponse | plain.TaskResponse
    etag: str
    """The header ETag. Names this very state; another state has another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTask200(Result):
    """replaceTask answers 200. The task as it now is."""

    status: ClassVar[int] = 200
    body: TaskResponse | plain.TaskResponse
    etag: str
    """The header ETag. Names this very state; another state has another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTask200(Result):
    """updateTask answers 200. The task as it now is."""

    status: ClassVar[int] = 200
    body: TaskResponse | plain.TaskResponse
    etag: str
    """The header ETag. Names this very state; another state has another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToggleTask200(Result):
    """toggleTask answers 200. The task as it now is."""

    status: ClassVar[int] = 200
    body: TaskResponse | plain.TaskResponse
    etag: str
    """The header ETag. Names this very state; another state has another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCategory201(Result):
    """createCategory answers 201. The category as it was stored."""

    status: ClassVar[int] = 201
    body: CategoryResponse | plain.CategoryResponse
    location: str
    """The header Location. The path of the category."""
    etag: str
    """The header ETag. Names this very state; another state has another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCategory200(Result):
    """getCategory answers 200. The category as it now is."""

    status: ClassVar[int] = 200
    body: CategoryResponse | plain.CategoryResponse
    etag: str
    """The header ETag. Names this very state; another state has another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceCategory200(Result):
    """replaceCategory answers 200. The category as it now is."""

    status: ClassVar[int] = 200
    body: CategoryResponse | plain.CategoryResponse
    etag: str
    """The header ETag. Names this very state; another state has another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCategory200(Result):
    """updateCategory answers 200. The category as it now is."""

    status: ClassVar[int] = 200
    body: CategoryResponse | plain.CategoryResponse
    etag: str
    """The header ETag. Names this very state; another state has another one."""


class HealthOperations(Protocol):
    """What the service is, and whether it is well."""

    async def get_root(
        self,
    ) -> RootResponse | plain.RootResponse:
        """GET /: Name the service.

        Says what this service is and where its documentation and health stand.

        Errors: 422, 500.
        """
        ...

    async def get_health(
        self,
    ) -> HealthResponse | plain.HealthResponse:
        """GET /health: Liveness.

        Answers as long as the process runs. Touches no database; see `/ready` for that.

        Errors: 422, 500.
        """
        ...

    async def get_readiness(
        self,
    ) -> ReadinessResponse | plain.ReadinessResponse:
        """GET /ready: Readiness.

        Answers 200 while the database can be reached and its migrations are applied, and 503
        otherwise, and as soon as the service is asked to stop.

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

        The profile as the login service last described it. It is created when a valid token is
        first seen, so there is nothing to post.

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

        Erases the caller with every task and category that they own, at once and for good. The
        account stays erased until a token that was issued after the erasure arrives; until then all
        of the caller's paths answer 404.

        Errors: 401, 403, 404, 422, 429, 500, 503.
        """
        ...


class TasksOperations(Protocol[CallerT]):
    """What is to be done."""

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
        offset: Offset,
        cursor: Cursor | None,
    ) -> TaskListResponse | plain.TaskListResponse:
        """GET /api/{user_id}/tasks: List tasks.

        The caller's tasks, newest first. `total` counts all tasks that the filters let through,
        whatever the page. To read on, pass `next_cursor` as `cursor`: the pages then neither repeat
        nor skip a task when others are created or deleted in between, and a late page costs no more
        than the first.

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

        Creates a task. Only `title` is required; each other property says what it is when left out.

        Errors: 400, 401, 403, 404, 413, 415, 422, 429, 500, 503.
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

        One of the caller's tasks.

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

        Replaces the task. `title` is required, and a property that is left out returns to its
        default.

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

        Changes only the properties that are given; `null` clears a property that can be null.

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

        Deletes the task for good.

        Errors: 401, 403, 404, 412, 422, 429, 500, 503.
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
        """PATCH /api/{user_id}/tasks/{task_id}/complete: Toggle whether a task is done.

        Marks an open task as done and a done task as open, in one step: of two toggles at the same
        moment, each takes effect.

        Errors: 401, 403, 404, 412, 422, 429, 500, 503.
        """
        ...


class CategoriesOperations(Protocol[CallerT]):
    """Names and colours that group tasks."""

    async def list_categories(
        self,
        caller: CallerT,
        /,
        *,
        user_id: UserId,
        limit: Limit,
        offset: Offset,
        cursor: Cursor | None,
    ) -> CategoryListResponse | plain.CategoryListResponse:
        """GET /api/{user_id}/categories: List categories.

        The caller's categories, newest first, paged as tasks are.

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

        One of the caller's categories.

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

        Replaces the category. `name` is required, and a colour that is left out returns to its
        default.

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

        Changes only the properties that are given.

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

        Deletes the category for good. Its tasks stay, with `category_id` null.

        Errors: 401, 403, 404, 412, 422, 429, 500, 503.
        """
        ...
