"""The error responses that a request can get.

    APIError
    ├── Unauthenticated       401, with WWW-Authenticate
    ├── Forbidden             403
    ├── NotFound              404
    ├── MethodNotAllowed      405, with Allow
    ├── MalformedBody         400
    ├── PreconditionFailed    412
    ├── ContentTooLarge       413
    ├── UnsupportedMediaType  415
    ├── Invalid               422, with its validation errors
    ├── TooManyRequests       429, with Retry-After
    ├── InternalError         500, without details
    ├── NotImplementedYet     501, only if unimplemented operations are allowed
    └── UnreadableRequest            400, 408, 413, 414, 417, 431, 501, 503 or 505, from the connection

Implementations raise their own subclasses; the engine renders all of them in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class ValidationErrorItem:
    """One validation error of a request.

    `loc` leads from the outside in, such as `("body", "title")`; `type` is the JSON Schema keyword that was
    violated, or a rule of the engine that no schema can express.
    """

    loc: tuple[str | int, ...]
    msg: str
    type: str


_NAMES = {
    413: "content_too_large",
    414: "uri_too_long",
    416: "range_not_satisfiable",
    422: "unprocessable_content",
}
"""The names of RFC 9110 that Python learned in later versions."""


def status_code_name(status: int) -> str:
    """Return the name of a status as an error code: `not_found`; `error` for an unknown status."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        return "error"
    return _NAMES.get(status) or re.sub("[^a-z]+", "_", phrase.lower()).strip("_")


class APIError(Exception):
    """An error response with this status, detail and code. The client can read all three.

        class TaskNotFound(NotFound):
            code = "task_not_found"
            detail = "Task not found"

    `code` is for programs, and does not change with the text. A subclass that sets a `status` and no `code`
    has the name of the status, such as `not_found`; another one has the code of its base class.
    """

    status: int
    code: str = "error"
    detail: str = "Error"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "status" in cls.__dict__ and "code" not in cls.__dict__:
            cls.code = status_code_name(cls.status)
        if "status" in cls.__dict__ and "detail" not in cls.__dict__:
            cls.detail = status_code_name(cls.status).replace("_", " ").capitalize()

    def __init__(self, detail: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Create the error; the default of `detail` is the class's."""
        self.detail = detail or self.detail
        super().__init__(self.detail)
        self.headers: Mapping[str, str] = headers or {}


class Unauthenticated(APIError):
    """The credential is missing or invalid (RFC 9110, section 15.5.2).

    The engine adds the challenge of the security scheme if there is none. `reason` is logged; it must contain
    no part of the credential.
    """

    status = HTTPStatus.UNAUTHORIZED

    def __init__(
        self, detail: str = "Not authenticated", *, challenge: str | None = None, reason: str | None = None
    ) -> None:
        super().__init__(detail, {"WWW-Authenticate": challenge or "Bearer"})
        self.challenge, self.reason = challenge, reason


class Forbidden(APIError):
    status = HTTPStatus.FORBIDDEN


class NotFound(APIError):
    status = HTTPStatus.NOT_FOUND


class MethodNotAllowed(APIError):
    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("Method not allowed", {"Allow": ", ".join(allowed)})


class MalformedBody(APIError):
    status = HTTPStatus.BAD_REQUEST
    code = "malformed_body"


class PreconditionFailed(APIError):
    """A precondition of the request does not hold (RFC 9110, section 13.1)."""

    status = HTTPStatus.PRECONDITION_FAILED
    detail = "The resource's ETag does not satisfy the request's If-Match or If-None-Match"


class ContentTooLarge(APIError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes")


class UnsupportedMediaType(APIError):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Invalid(APIError):
    """The request violates its schemas; all validation errors are listed at once."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_request"

    def __init__(self, validation_errors: Sequence[ValidationErrorItem]) -> None:
        super().__init__("The request does not fit the contract")
        self.validation_errors = validation_errors


class TooManyRequests(APIError):
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many requests", {"Retry-After": str(retry_after)})


class InternalError(APIError):
    status = HTTPStatus.INTERNAL_SERVER_ERROR


class NotImplementedYet(APIError):
    status = HTTPStatus.NOT_IMPLEMENTED

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"The operation {operation_id} is not implemented yet")


class UnreadableRequest(APIError):
    """The connection cannot parse or rejects the request, and cannot parse what follows."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, headers)
        self.status, self.code = status, status_code_name(status)
