# Generated from openapi.yaml by scripts/generate: change the contract, not this file.

from __future__ import annotations

from typing import Literal

from pydantic import MISSING, AwareDatetime, BaseModel, ConfigDict
from typing_extensions import TypeAliasType

UserId = TypeAliasType("UserId", str)
"""The user's id as the login service gives it."""


TaskId = TypeAliasType("TaskId", int)
"""A task's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly."""


TaskTitle = TypeAliasType("TaskTitle", str)
"""What is to be done."""


TaskDescription = TypeAliasType("TaskDescription", str)
"""More about it."""


TaskCompleted = TypeAliasType("TaskCompleted", bool)
"""Whether it is done."""


TaskPriority = TypeAliasType("TaskPriority", Literal["low", "medium", "high"])
"""How urgent it is."""


DueDate = TypeAliasType("DueDate", AwareDatetime)
"""Until when, with offset (RFC 3339), from 1900 to 2999 in that offset."""


CategoryId = TypeAliasType("CategoryId", int)
"""A category's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly."""


CategoryName = TypeAliasType("CategoryName", str)
"""What the category is called; unique among the user's categories."""


CategoryColor = TypeAliasType("CategoryColor", str)
"""A colour as six hexadecimal digits."""


Timestamp = TypeAliasType("Timestamp", AwareDatetime)
"""A moment in UTC (RFC 3339), set by the database."""


Limit = TypeAliasType("Limit", int)
"""How many items a page holds at the most."""


Offset = TypeAliasType("Offset", int)
"""How many items to skip."""


Cursor = TypeAliasType("Cursor", str)
"""A place in a list. Take it from `next_cursor`; its form may change."""


EntityTag = TypeAliasType("EntityTag", str)
"""The name of a state (RFC 9110, section 8.8.3). Its form may change."""


EntityTags = TypeAliasType("EntityTags", str)
"""Names of states, separated by commas, or `*`."""


IdempotencyKey = TypeAliasType("IdempotencyKey", str)
"""Visible ASCII characters, compared as they stand; quotation marks are not required and count as part of it."""


Total = TypeAliasType("Total", int)
"""How many items there are in all."""


RetryAfter = TypeAliasType("RetryAfter", int)
"""A number of seconds."""


class TaskCreate(BaseModel):
    """A task to create."""

    model_config = ConfigDict(
        extra="forbid",
    )

    title: TaskTitle
    description: TaskDescription | None | MISSING = MISSING
    """More about it; null when left out."""
    completed: TaskCompleted | MISSING = MISSING
    """Whether it is done; false when left out."""
    priority: TaskPriority | MISSING = MISSING
    """How urgent it is; medium when left out."""
    due_date: DueDate | None | MISSING = MISSING
    """Until when; null when left out."""
    category_id: CategoryId | None | MISSING = MISSING
    """One of the user's categories; null when left out."""


class TaskReplace(BaseModel):
    """A whole task."""

    model_config = ConfigDict(
        extra="forbid",
    )

    title: TaskTitle
    description: TaskDescription | None | MISSING = MISSING
    """More about it; null when left out."""
    completed: TaskCompleted | MISSING = MISSING
    """Whether it is done; false when left out."""
    priority: TaskPriority | MISSING = MISSING
    """How urgent it is; medium when left out."""
    due_date: DueDate | None | MISSING = MISSING
    """Until when; null when left out."""
    category_id: CategoryId | None | MISSING = MISSING
    """One of the user's categories; null when left out."""


class TaskUpdate(BaseModel):
    """Changes to a task; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
    )

    title: TaskTitle | MISSING = MISSING
    description: TaskDescription | None | MISSING = MISSING
    """More about it, or null for nothing."""
    completed: TaskCompleted | MISSING = MISSING
    priority: TaskPriority | MISSING = MISSING
    due_date: DueDate | None | MISSING = MISSING
    """Until when, or null for no date."""
    category_id: CategoryId | None | MISSING = MISSING
    """One of the user's categories, or null for none."""


class CategoryCreate(BaseModel):
    """A category to create."""

    model_config = ConfigDict(
        extra="forbid",
    )

    name: CategoryName
    color: CategoryColor | MISSING = MISSING
    """Its colour; `#3B82F6` when left out."""


class CategoryReplace(BaseModel):
    """A whole category."""

    model_config = ConfigDict(
        extra="forbid",
    )

    name: CategoryName
    color: CategoryColor | MISSING = MISSING
    """Its colour; `#3B82F6` when left out."""


class CategoryUpdate(BaseModel):
    """Changes to a category; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
    )

    name: CategoryName | MISSING = MISSING
    color: CategoryColor | MISSING = MISSING


class RootResponse(BaseModel):
    """What the service is."""

    model_config = ConfigDict(
        extra="forbid",
    )

    name: str
    """The service's name."""
    version: str
    """The version of this contract."""
    docs: str
    """The path of the documentation."""
    health: str
    """The path of the health check."""


class HealthResponse(BaseModel):
    """The process is alive."""

    model_config = ConfigDict(
        extra="forbid",
    )

    status: Literal["healthy"]
    """Always `healthy`."""
    message: str
    """The same for people."""


class ReadinessResponse(BaseModel):
    """The service can do its work."""

    model_config = ConfigDict(
        extra="forbid",
    )

    status: Literal["ready"]
    """Always `ready`."""


class UserResponse(BaseModel):
    """A user's profile, as the login service described it."""

    model_config = ConfigDict(
        extra="forbid",
    )

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


class TaskResponse(BaseModel):
    """A task."""

    model_config = ConfigDict(
        extra="forbid",
    )

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


class TaskListResponse(BaseModel):
    """One page of tasks."""

    model_config = ConfigDict(
        extra="forbid",
    )

    items: list[TaskResponse]
    """The tasks of this page, newest first."""
    total: Total
    next_cursor: Cursor | None
    """Where the next page starts, or null on the last page."""


class CategoryResponse(BaseModel):
    """A category."""

    model_config = ConfigDict(
        extra="forbid",
    )

    id: CategoryId
    user_id: UserId
    name: CategoryName
    color: CategoryColor
    created_at: Timestamp


class CategoryListResponse(BaseModel):
    """One page of categories."""

    model_config = ConfigDict(
        extra="forbid",
    )

    items: list[CategoryResponse]
    """The categories of this page, newest first."""
    total: Total
    next_cursor: Cursor | None
    """Where the next page starts, or null on the last page."""


class MessageResponse(BaseModel):
    """A message for people."""

    model_config = ConfigDict(
        extra="forbid",
    )

    message: str
    """What was done."""


class ErrorResponse(BaseModel):
    """Why the request was not served."""

    model_config = ConfigDict(
        extra="forbid",
    )

    detail: str
    """The reason, for people."""


class ValidationErrorItem(BaseModel):
    """One finding."""

    model_config = ConfigDict(
        extra="forbid",
    )

    loc: list[str | int]
    """Where, from the outside in, such as `["body", "title"]`."""
    msg: str
    """What is wrong, for people."""
    type: str
    """The rule that was broken, for programs."""


class ValidationErrorResponse(BaseModel):
    """Everything about the request that does not fit the contract."""

    model_config = ConfigDict(
        extra="forbid",
    )

    detail: list[ValidationErrorItem]
    """The findings."""
