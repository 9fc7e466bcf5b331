# Generated from openapi.yaml by scripts/generate: change the contract, not this file.
"""What operations answer, as plain dicts: for what needs no check, such as rows of one's own database.

Type checkers hold such a dict to the contract, and it goes out as it is. A model of `schemas` does as well,
and checks its values when it is made.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, TypedDict

UserId: TypeAlias = str
"""The user's id as the login service gives it."""


TaskId: TypeAlias = int
"""A task's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly."""


TaskTitle: TypeAlias = str
"""What is to be done."""


TaskDescription: TypeAlias = str
"""More about it."""


TaskCompleted: TypeAlias = bool
"""Whether it is done."""


TaskPriority: TypeAlias = Literal["low", "medium", "high"]
"""How urgent it is."""


CategoryId: TypeAlias = int
"""A category's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly."""


CategoryName: TypeAlias = str
"""What the category is called; unique among the user's categories."""


CategoryColor: TypeAlias = str
"""A colour as six hexadecimal digits."""


Timestamp: TypeAlias = datetime
"""A moment in UTC (RFC 3339), set by the database."""


Cursor: TypeAlias = str
"""A place in a list. Take it from `next_cursor`; its form may change."""


Total: TypeAlias = int
"""How many items there are in all."""


class RootResponse(TypedDict):
    """What the service is."""

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
    """The same for people."""


class ReadinessResponse(TypedDict):
    """The service can do its work."""

    status: Literal["ready"]
    """Always `ready`."""


class UserResponse(TypedDict):
    """A user's profile, as the login service described it."""

    id: UserId
    email: str | None
    """The address, where the token told it."""
    name: str | None
    """The full name, where the token told it."""
    email_verified: bool
    """Whether the login service has verified the address."""
    image: str | None
    """The address of a portrait, where the token told it."""
    created_at: Timestamp
    updated_at: Timestamp


class TaskResponse(TypedDict):
    """A task."""

    id: TaskId
    user_id: UserId
    title: TaskTitle
    description: TaskDescription | None
    """More about it, or null."""
    completed: TaskCompleted
    priority: TaskPriority
    due_date: Timestamp | None
    """Until when, in UTC, or null."""
    category_id: CategoryId | None
    """The category it belongs to, or null."""
    created_at: Timestamp
    updated_at: Timestamp


class TaskListResponse(TypedDict):
    """One page of tasks."""

    items: list[TaskResponse]
    """The tasks of this page, newest first."""
    total: Total
    next_cursor: Cursor | None
    """Where the next page starts, or null on the last page."""


class CategoryResponse(TypedDict):
    """A category."""

    id: CategoryId
    user_id: UserId
    name: CategoryName
    color: CategoryColor
    created_at: Timestamp


class CategoryListResponse(TypedDict):
    """One page of categories."""

    items: list[CategoryResponse]
    """The categories of this page, newest first."""
    total: Total
    next_cursor: Cursor | None
    """Where the next page starts, or null on the last page."""


class MessageResponse(TypedDict):
    """A message for people."""

    message: str
    """What was done."""
