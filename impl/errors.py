"""The error responses of this service, each with its code.

The engine renders them (specfirst.runtime.errors), so this module does not depend on a web framework.
"""

from __future__ import annotations

import math
from http import HTTPStatus

from specfirst.runtime.errors import APIError, Forbidden, Invalid, NotFound, ValidationErrorItem


class NotTheCaller(Forbidden):
    code = "not_the_caller"
    detail = "Not authorized to access this user's data"


class UserNotFound(NotFound):
    code = "user_not_found"
    detail = "User not found"


class TaskNotFound(NotFound):
    code = "task_not_found"
    detail = "Task not found"


class CategoryNotFound(NotFound):
    code = "category_not_found"
    detail = "Category not found"


class CategoryNameTaken(APIError):
    status = HTTPStatus.CONFLICT
    code = "category_name_taken"
    detail = "A category with this name already exists"


class Stopping(APIError):
    """The service is shutting down; it still answers requests, but clients should use another instance."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "stopping"

    def __init__(self) -> None:
        super().__init__("The service is stopping", {"Retry-After": "1"})


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"

    def __init__(self) -> None:
        message = "The key belongs to another request of the last 24 hours"
        super().__init__([ValidationErrorItem(("header", "Idempotency-Key"), message, "reused")])


class DatabaseUnavailable(APIError):
    """The database cannot be reached in time. The cause is chained for the log and not sent to the client."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "database_unavailable"

    def __init__(self, detail: str = "The database is not available") -> None:
        super().__init__(detail, {"Retry-After": "1"})


class LoginServiceUnavailable(APIError):
    """The token cannot be verified, because the public keys of the login service cannot be fetched."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "login_service_unavailable"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("The login service is not available", {"Retry-After": str(math.ceil(retry_after))})
