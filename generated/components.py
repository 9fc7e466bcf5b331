# Generated from openapi.yaml by scripts/generate: change the contract, not this file.

"""The contract's security schemes and shared responses, as FastAPI describes them."""

from __future__ import annotations

from typing import Any

from fastapi.security import HTTPBearer

from .schemas import ErrorResponse, ValidationErrorResponse

# The engine evaluates the schemes; to FastAPI they only say what the documentation shows.
bearer_auth = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="bearerAuth",
    description="A token of the login service (Better Auth). Its `sub` is the user's id; `exp` is required.",
    auto_error=False,
)


BAD_REQUEST: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The body is not UTF-8 JSON, or names a member twice.",
}
CATEGORY_NAME_TAKEN: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "Another of the user's categories has this name.",
}
CATEGORY_NOT_FOUND: dict[str, Any] = {"model": ErrorResponse, "description": "The user has no such category."}
CONTENT_TOO_LARGE: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The body is larger than 65536 bytes.",
}
FORBIDDEN: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The path names another user than the token.",
}
INTERNAL_SERVER_ERROR: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The server failed. The detail says nothing more; the server's log does.",
}
NOT_MODIFIED: dict[str, Any] = {
    "description": "It still has an `ETag` that the request names, so it is not sent again.",
    "headers": {
        "ETag": {
            "description": "Names this very state; another state has another one.",
            "required": True,
            "schema": {
                "type": "string",
                "description": "The name of a state (RFC 9110, section 8.8.3). Its form may change.",
            },
        }
    },
}
PRECONDITION_FAILED: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "It has none of the `ETag`s that the request names, so nothing was done. Read it again, and decide anew.",
}
SERVICE_UNAVAILABLE: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The database cannot be reached or does not answer in time, its migrations are not applied, or the login service's keys cannot be fetched.",
    "headers": {
        "Retry-After": {
            "description": "After how many seconds to try again.",
            "required": True,
            "schema": {"type": "integer", "description": "A number of seconds."},
        }
    },
}
TASK_NOT_FOUND: dict[str, Any] = {"model": ErrorResponse, "description": "The user has no such task."}
TASK_OR_CATEGORY_NOT_FOUND: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The user has no such task, or no category of the id given in `category_id`.",
}
TOO_MANY_REQUESTS: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The user has sent too many requests within a minute. Where the token is missing or bad, it is the address that\nhas sent too many such requests.",
    "headers": {
        "Retry-After": {
            "description": "After how many seconds to try again.",
            "required": True,
            "schema": {"type": "integer", "description": "A number of seconds."},
        }
    },
}
UNAUTHORIZED: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "There is no valid token. The detail does not say why a token was refused.",
    "headers": {
        "WWW-Authenticate": {
            "description": "The scheme to authenticate with (RFC 9110, section 11.6.1).",
            "required": True,
            "schema": {"type": "string"},
        }
    },
}
UNPROCESSABLE_CONTENT: dict[str, Any] = {
    "model": ValidationErrorResponse,
    "description": "A parameter or the body does not fit its schema, or the `Idempotency-Key` belongs to another request.\nEvery finding is listed.",
}
UNSUPPORTED_MEDIA_TYPE: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The body is not `application/json` in UTF-8, or is compressed.",
}
USER_NOT_FOUND: dict[str, Any] = {"model": ErrorResponse, "description": "The user has been erased."}
USER_OR_CATEGORY_NOT_FOUND: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The user has no category of the id given in `category_id`, or has been erased.",
}
