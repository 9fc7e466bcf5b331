"""What can go wrong in this service, as its clients read it.

    Refusal
    ├── Forbidden ── NotTheCaller          403
    ├── NotFound                           404
    │   ├── UserNotFound
    │   ├── TaskNotFound
    │   └── CategoryNotFound
    ├── CategoryNameTaken                  409
    ├── Invalid ── IdempotencyKeyReused    422
    ├── Stopping                           503, with Retry-After
    ├── DatabaseUnavailable                503, with Retry-After
    └── LoginServiceUnavailable            503, with Retry-After

The engine renders them (specfirst.errors); nothing here knows of a web framework.
"""

from __future__ import annotations

import math
from http import HTTPStatus

from specfirst.errors import Finding, Forbidden, Invalid, NotFound, Refusal


class NotTheCaller(Forbidden):
    def __init__(self) -> None:
        super().__init__("Not authorized to access this user's data")


class UserNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("User not found")


class TaskNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Task not found")


class CategoryNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Category not found")


class CategoryNameTaken(Refusal):
    status = HTTPStatus.CONFLICT

    def __init__(self) -> None:
        super().__init__("A category with this name already exists")


class Stopping(Refusal):
    """The service still answers what it is asked, and others should be asked instead."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The service is stopping", {"Retry-After": "1"})


class IdempotencyKeyReused(Invalid):
    def __init__(self) -> None:
        message = "The key belongs to another request of the last 24 hours"
        super().__init__([Finding(("header", "Idempotency-Key"), message, "reused")])


class DatabaseUnavailable(Refusal):
    """The database cannot be reached in time; the cause is chained for the log, not for the client."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str = "The database is not available") -> None:
        super().__init__(detail, {"Retry-After": "1"})


class LoginServiceUnavailable(Refusal):
    """Whether a token is good cannot be said, since the keys that say it cannot be fetched."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("The login service is not available", {"Retry-After": str(math.ceil(retry_after))})
