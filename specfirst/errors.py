"""What a request can be refused with.

    Refusal
    ├── Unauthenticated       401, with WWW-Authenticate
    ├── Forbidden             403
    ├── NotFound              404
    ├── MethodNotAllowed      405, with Allow
    ├── MalformedBody         400
    ├── PreconditionFailed    412
    ├── ContentTooLarge       413
    ├── UnsupportedMediaType  415
    ├── Invalid               422, with its findings
    ├── TooManyRequests       429, with Retry-After
    ├── InternalError         500, says nothing more
    ├── NotImplementedYet     501, only where unimplemented operations are served on purpose
    └── Unreadable            400, 408, 413, 414, 417, 431, 501, 503 or 505, by the connection

Implementations raise their own subclasses; the engine renders all of them in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a request that does not fit the contract.

    `loc` leads from the outside in, such as `("body", "title")`; `type` is the JSON Schema keyword
    that was broken, or the engine's own rule where no schema can say it.
    """

    loc: tuple[str | int, ...]
    msg: str
    type: str


class Refusal(Exception):
    """The request is answered with this status and detail, which the client may read."""

    status: int

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers: Mapping[str, str] = headers or {}


class Unauthenticated(Refusal):
    """No credential, or one that is not valid (RFC 9110, section 15.5.2).

    The engine makes the challenge of the security scheme, where none is given. `reason` says for the log what
    is wrong with a credential; it must hold nothing of the credential itself.
    """

    status = HTTPStatus.UNAUTHORIZED

    def __init__(
        self, detail: str = "Not authenticated", *, challenge: str | None = None, reason: str | None = None
    ) -> None:
        super().__init__(detail, {"WWW-Authenticate": challenge or "Bearer"})
        self.challenge, self.reason = challenge, reason


class Forbidden(Refusal):
    status = HTTPStatus.FORBIDDEN


class NotFound(Refusal):
    status = HTTPStatus.NOT_FOUND

    def __init__(self, detail: str = "Not found") -> None:
        super().__init__(detail)


class MethodNotAllowed(Refusal):
    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("Method not allowed", {"Allow": ", ".join(allowed)})


class MalformedBody(Refusal):
    status = HTTPStatus.BAD_REQUEST


class PreconditionFailed(Refusal):
    """The representation does not meet a condition of the request (RFC 9110, section 13.1)."""

    status = HTTPStatus.PRECONDITION_FAILED

    def __init__(self) -> None:
        super().__init__("The resource's ETag does not satisfy the request's If-Match or If-None-Match")


class ContentTooLarge(Refusal):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes")


class UnsupportedMediaType(Refusal):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Invalid(Refusal):
    """The request does not fit its schemas; every finding is listed at once."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("The request does not fit the contract")
        self.findings = findings


class TooManyRequests(Refusal):
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many requests", {"Retry-After": str(retry_after)})


class InternalError(Refusal):
    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self) -> None:
        super().__init__("Internal server error")


class NotImplementedYet(Refusal):
    status = HTTPStatus.NOT_IMPLEMENTED

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"The operation {operation_id} is not implemented yet")


class Unreadable(Refusal):
    """The connection cannot read the request, or refuses to, and so cannot read what follows it either."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, headers)
        self.status = status
