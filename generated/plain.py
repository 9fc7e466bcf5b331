# Generated from openapi.yaml by specfirst: change the contract, not this file.

"""Response bodies as plain dicts.

Type checkers check such a dict. It is sent without validation, so it suits values that need none, such as rows
of your own database. A model of `schemas` validates its values when it is made.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, TypedDict

UserId: TypeAlias = str
"""The id of the user at the login service."""


TaskId: TypeAlias = int
"""A task's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly."""


TaskTitle: TypeAlias = str
"""The title of the task."""


TaskDescription: TypeAlias = str
"""Details of the task."""


TaskCompleted: TypeAlias = bool
"""Whether the task is completed."""


TaskPriority: TypeAlias = Literal["low", "medium", "high"]
"""The priority of the task."""


CategoryId: TypeAlias = int
"""A category's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly."""


CategoryName: TypeAlias = str
"""The name of the category, unique among the user's categories."""


CategoryColor: TypeAlias = str
"""A colour as six hexadecimal digits."""


Timestamp: TypeAlias = datetime
"""A timestamp in UTC (RFC 3339)."""


Cursor: TypeAlias = str
"""A position in a list. Use the value of `next_cursor`; its format may change."""


EntityTag: TypeAlias = str
"""An entity tag (RFC 9110, section 8.8.3). Its format may change."""


Total: TypeAlias = int
"""The number of items on all pages."""


class RootResponse(TypedDict):
    """The service and its links."""

    name: str
    """The service's name."""
    version: str
    """The version of this contract."""
    docs: str
    """The path of the documentation."""
    health: str
    """The path of the health check."""


class HealthResponse(TypedDict):
    """The process is alive."""

    status: Literal["healthy"]
    """Always `healthy`."""
    message: str
    """The same as text."""


class ReadinessResponse(TypedDict):
    """The service is ready."""

    status: Literal["ready"]
    """Always `ready`."""


class UserResponse(TypedDict):
    """A user's profile, from the claims of the login service."""

    id: UserId
    email: str | None
    """The e-mail address, if a token contained it."""
    name: str | None
    """The full name, if a token contained it."""
    email_verified: bool
    """Whether the login service has verified the e-mail address."""
    image: str | None
    """The URL of a picture, if a token contained it."""
    created_at: Timestamp
    updated_at: Timestamp


class TaskResponse(TypedDict):
    """A task."""

    id: TaskId
    user_id: UserId
    title: TaskTitle
    description: TaskDescription | None
    """Details of the task, or null."""
    completed: TaskCompleted
    priority: TaskPriority
    due_date: Timestamp | None
    """The due date in UTC, or null."""
    category_id: CategoryId | None
    """The id of the task's category, or null."""
    created_at: Timestamp
    updated_at: Timestamp
    etag: EntityTag


class TaskListResponse(TypedDict):
    """One page of tasks."""

    items: list[TaskResponse]
    """The tasks of this page, newest first."""
    total: Total
    next_cursor: Cursor | None
    """The `cursor` of the next page, or null on the last page."""


class CategoryResponse(TypedDict):
    """A category."""

    id: CategoryId
    user_id: UserId
    name: CategoryName
    color: CategoryColor
    created_at: Timestamp
    etag: EntityTag


class CategoryListResponse(TypedDict):
    """One page of categories."""

    items: list[CategoryResponse]
    """The categories of this page, newest first."""
    total: Total
    next_cursor: Cursor | None
    """The `cursor` of the next page, or null on the last page."""


class MessageResponse(TypedDict):
    """A message as text."""

    message: str
    """The result of the operation, as text."""
