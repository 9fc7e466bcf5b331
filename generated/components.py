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
    description="A token of the login service (Better Auth), of at most 8192 bytes. Its `sub` is the user's id; `exp` is required.",
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
                "pattern": '^"[0-9a-f]{16}"$',
            },
        }
    },
}
PRECONDITION_FAILED: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The current `ETag` does not satisfy `If-Match` or `If-None-Match`, so nothing was done. Read the resource again.",
}
SERVICE_UNAVAILABLE: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The database cannot be reached or does not answer in time, its migrations are not applied, or the login service's keys cannot be fetched.",
    "headers": {
        "Retry-After": {
            "description": "After how many seconds to try again.",
            "required": True,
            "schema": {
                "type": "integer",
                "description": "A number of seconds.",
                "minimum": 1,
                "maximum": 3600,
            },
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
            "schema": {
                "type": "integer",
                "description": "A number of seconds.",
                "minimum": 1,
                "maximum": 3600,
            },
        }
    },
}
UNAUTHORIZED: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "There is no valid token: none, one that is not valid, or one of more than 8192 bytes. The response does not say\nwhy a token was refused; the server's log does.",
    "headers": {
        "WWW-Authenticate": {
            "description": 'The scheme to authenticate with (RFC 9110, section 11.6.1), with `error="invalid_token"` if the request has a\ntoken (RFC 6750, section 3).',
            "required": True,
            "schema": {"type": "string", "pattern": '^Bearer( error="invalid_token")?$'},
        }
    },
}
UNPROCESSABLE_CONTENT: dict[str, Any] = {
    "model": ValidationErrorResponse,
    "description": "A parameter or the body does not fit its schema, or the `Idempotency-Key` belongs to another request.\nEvery validation error is listed. So is JSON beyond the server's limits: nesting of more than 128 levels, or a\nnumber beyond the range of a double (about 1.8e308).",
}
UNSUPPORTED_MEDIA_TYPE: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The body is not `application/json` in UTF-8, or is compressed.",
    "headers": {
        "Accept": {
            "description": "The media types that the operation takes (RFC 9110, section 12.5.1).",
            "required": True,
            "schema": {"type": "string", "const": "application/json"},
        },
        "Accept-Encoding": {
            "description": "The body must not be compressed; only there if it is (RFC 9110, section 15.5.16).",
            "required": False,
            "schema": {"type": "string", "const": "identity"},
        },
    },
}
UNSUPPORTED_PATCH_MEDIA_TYPE: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The body is not `application/json` in UTF-8, or is compressed.",
    "headers": {
        "Accept-Patch": {
            "description": "The media types that the operation takes (RFC 5789, section 3.1).",
            "required": True,
            "schema": {"type": "string", "const": "application/json"},
        },
        "Accept-Encoding": {
            "description": "The body must not be compressed; only there if it is (RFC 9110, section 15.5.16).",
            "required": False,
            "schema": {"type": "string", "const": "identity"},
        },
    },
}
USER_NOT_FOUND: dict[str, Any] = {"model": ErrorResponse, "description": "The user has been erased."}
USER_OR_CATEGORY_NOT_FOUND: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The user has no category of the id given in `category_id`, or has been erased.",
}
