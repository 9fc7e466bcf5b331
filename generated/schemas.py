# Generated from openapi.yaml by specfirst: change the contract, not this file.

from __future__ import annotations

from typing import Literal

from pydantic import MISSING, AwareDatetime, BaseModel, ConfigDict
from typing_extensions import TypeAliasType

UserId = TypeAliasType("UserId", str)
"""The id of the user at the login service."""


TaskId = TypeAliasType("TaskId", int)
"""A task's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly."""


TaskTitle = TypeAliasType("TaskTitle", str)
"""The title of the task."""


TaskDescription = TypeAliasType("TaskDescription", str)
"""Details of the task."""


TaskCompleted = TypeAliasType("TaskCompleted", bool)
"""Whether the task is completed."""


TaskPriority = TypeAliasType("TaskPriority", Literal["low", "medium", "high"])
"""The priority of the task."""


DueDate = TypeAliasType("DueDate", AwareDatetime)
"""A date and time with offset (RFC 3339), from 1900 to 2999 in that offset."""


CategoryId = TypeAliasType("CategoryId", int)
"""A category's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly."""


CategoryName = TypeAliasType("CategoryName", str)
"""The name of the category, unique among the user's categories."""


CategoryColor = TypeAliasType("CategoryColor", str)
"""A colour as six hexadecimal digits."""


Timestamp = TypeAliasType("Timestamp", AwareDatetime)
"""A timestamp in UTC (RFC 3339)."""


Limit = TypeAliasType("Limit", int)
"""The maximum number of items on a page."""


Cursor = TypeAliasType("Cursor", str)
"""A position in a list. Use the value of `next_cursor`; its format may change."""


Offset = TypeAliasType("Offset", int)
"""The number of items to skip."""


EntityTag = TypeAliasType("EntityTag", str)
"""An entity tag (RFC 9110, section 8.8.3). Its format may change."""


EntityTags = TypeAliasType("EntityTags", str)
"""Entity tags separated by commas, or `*`. A list may have empty elements, and may be sent in several
field lines (RFC 9110, sections 5.3 and 5.6.1.2)."""


IdempotencyKey = TypeAliasType("IdempotencyKey", str)
"""Visible ASCII characters, compared exactly. Quotation marks are optional and are part of the key."""


Total = TypeAliasType("Total", int)
"""The number of items on all pages."""


ErrorCode = TypeAliasType("ErrorCode", str)
"""The reason, for use by programs. Later versions may add codes: treat an unknown code as its status
says."""


LocationPart = TypeAliasType("LocationPart", str | int)
"""A name, or an index in an array."""


RetryAfter = TypeAliasType("RetryAfter", int)
"""A number of seconds."""


class TaskCreate(BaseModel):
    """A task to create."""

    model_config = ConfigDict(
        extra="forbid",
    )

    title: TaskTitle
    description: TaskDescription | None | MISSING = MISSING
    """Details of the task. Default null."""
    completed: TaskCompleted | MISSING = MISSING
    """Whether the task is completed. Default false."""
    priority: TaskPriority | MISSING = MISSING
    """The priority of the task. Default medium."""
    due_date: DueDate | None | MISSING = MISSING
    """The due date. Default null."""
    category_id: CategoryId | None | MISSING = MISSING
    """The id of one of the user's categories. Default null."""


class TaskReplace(BaseModel):
    """A complete task, which replaces the stored one."""

    model_config = ConfigDict(
        extra="forbid",
    )

    title: TaskTitle
    description: TaskDescription | None | MISSING = MISSING
    """Details of the task. Default null."""
    completed: TaskCompleted | MISSING = MISSING
    """Whether the task is completed. Default false."""
    priority: TaskPriority | MISSING = MISSING
    """The priority of the task. Default medium."""
    due_date: DueDate | None | MISSING = MISSING
    """The due date. Default null."""
    category_id: CategoryId | None | MISSING = MISSING
    """The id of one of the user's categories. Default null."""


class TaskUpdate(BaseModel):
    """Changes to a task. Absent properties stay unchanged."""

    model_config = ConfigDict(
        extra="forbid",
    )

    title: TaskTitle | MISSING = MISSING
    description: TaskDescription | None | MISSING = MISSING
    """Details of the task, or null for none."""
    completed: TaskCompleted | MISSING = MISSING
    priority: TaskPriority | MISSING = MISSING
    due_date: DueDate | None | MISSING = MISSING
    """The due date, or null for none."""
    category_id: CategoryId | None | MISSING = MISSING
    """The id of one of the user's categories, or null for none."""


class CategoryCreate(BaseModel):
    """A category to create."""

    model_config = ConfigDict(
        extra="forbid",
    )

    name: CategoryName
    color: CategoryColor | MISSING = MISSING
    """The colour of the category. Default `#3B82F6`."""


class CategoryReplace(BaseModel):
    """A complete category, which replaces the stored one."""

    model_config = ConfigDict(
        extra="forbid",
    )

    name: CategoryName
    color: CategoryColor | MISSING = MISSING
    """The colour of the category. Default `#3B82F6`."""


class CategoryUpdate(BaseModel):
    """Changes to a category. Absent properties stay unchanged."""

    model_config = ConfigDict(
        extra="forbid",
    )

    name: CategoryName | MISSING = MISSING
    color: CategoryColor | MISSING = MISSING


class RootResponse(BaseModel):
    """The service and its links."""

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
    """The same as text."""


class ReadinessResponse(BaseModel):
    """The service is ready."""

    model_config = ConfigDict(
        extra="forbid",
    )

    status: Literal["ready"]
    """Always `ready`."""


class UserResponse(BaseModel):
    """A user's profile, from the claims of the login service."""

    model_config = ConfigDict(
        extra="forbid",
    )

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


class TaskResponse(BaseModel):
    """A task."""

    model_config = ConfigDict(
        extra="forbid",
    )

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


class TaskListResponse(BaseModel):
    """One page of tasks."""

    model_config = ConfigDict(
        extra="forbid",
    )

    items: list[TaskResponse]
    """The tasks of this page, newest first."""
    total: Total
    next_cursor: Cursor | None
    """The `cursor` of the next page, or null on the last page."""


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
    etag: EntityTag


class CategoryListResponse(BaseModel):
    """One page of categories."""

    model_config = ConfigDict(
        extra="forbid",
    )

    items: list[CategoryResponse]
    """The categories of this page, newest first."""
    total: Total
    next_cursor: Cursor | None
    """The `cursor` of the next page, or null on the last page."""


class MessageResponse(BaseModel):
    """A message as text."""

    model_config = ConfigDict(
        extra="forbid",
    )

    message: str
    """The result of the operation, as text."""


class ErrorResponse(BaseModel):
    """An error response."""

    model_config = ConfigDict(
        extra="forbid",
    )

    detail: str
    """The reason, as text."""
    code: ErrorCode


class ValidationErrorItem(BaseModel):
    """One validation error."""

    model_config = ConfigDict(
        extra="forbid",
    )

    loc: list[LocationPart]
    """The place in the request, from the outside in, such as `["body", "title"]`."""
    msg: str
    """What is wrong, as text that can be shown to a person."""
    type: str
    """The rule that was broken, for use by programs, such as `maxLength` or `pattern`."""


class ValidationErrorResponse(BaseModel):
    """All validation errors of a request."""

    model_config = ConfigDict(
        extra="forbid",
    )

    detail: list[ValidationErrorItem]
    """The validation errors."""
    code: ErrorCode
