# Generated from openapi.yaml by specfirst: change the contract, not this file.

"""The contract's security schemes and shared responses, as FastAPI describes them."""

from __future__ import annotations

from typing import Any

from fastapi.security import HTTPBearer

from .schemas import ErrorResponse, ValidationErrorResponse

# The engine evaluates the schemes; to FastAPI they only say what the documentation shows.
bearer_auth = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="bearerAuth",
    description="A token of the login service (Better Auth), at most 8192 bytes long. Its `sub` is the id of the user. `exp` is\nrequired.",
    auto_error=False,
)


BAD_REQUEST: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The body is not UTF-8 JSON, or repeats a member name.",
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
    "description": "The `user_id` in the path is not the subject of the token.",
}
INTERNAL_SERVER_ERROR: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "An internal error. The detail is always the same; the server's log has the cause.",
}
NOT_MODIFIED: dict[str, Any] = {
    "description": "The current `ETag` matches `If-None-Match`, so the response has no body.",
    "headers": {
        "ETag": {
            "description": "Entity tag of the current version.",
            "required": True,
            "schema": {
                "type": "string",
                "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
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
    "description": "The database is not available or does not answer in time, its migrations are not applied, or the login service's keys cannot be fetched.",
    "headers": {
        "Retry-After": {
            "description": "The number of seconds to wait before a retry.",
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
    "description": "The user has no such task, or no category with the id in `category_id`.",
}
TOO_MANY_REQUESTS: dict[str, Any] = {
    "model": ErrorResponse,
    "description": "The user has sent too many requests within a minute. Without a valid token, the client's address has sent too\nmany such requests.",
    "headers": {
        "Retry-After": {
            "description": "The number of seconds to wait before a retry.",
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
    "description": "The request has no valid token: it has none, an invalid one, or one of more than 8192 bytes. The detail does not\nsay why a token is invalid. The server's log does.",
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
    "description": "A parameter or the body does not match its schema, or the `Idempotency-Key` was used for another request.\nThe response lists all validation errors. JSON beyond the limits of the server gets this response too: more than\n128 levels of nesting, or a number beyond the range of a double (about 1.8e308).",
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
    "description": "The user has no category with the id in `category_id`, or has been erased.",
}
