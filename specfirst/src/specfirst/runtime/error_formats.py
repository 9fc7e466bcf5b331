"""The format of error responses: `detail`, `problem+json`, or a function of the application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import orjson

from specfirst.contract.document import Document, MediaType, Operation, pointer_text
from specfirst.contract.shapes import shape_of
from specfirst.runtime.errors import APIError, Invalid, MalformedBody, ValidationErrorItem

ErrorBody = Callable[[APIError], Any]
"""Returns the JSON body of an error response, in the contract's format."""

NamedErrorBody = Literal["detail", "problem+json"]
"""The error bodies that need no function."""


def detail_body(api_error: APIError) -> dict[str, Any]:
    """Return FastAPI's error format: `detail` is a text, or for 422 a list of `{loc, msg, type}`."""
    if isinstance(api_error, Invalid):
        return {"detail": [{"loc": f.loc, "msg": f.msg, "type": f.type} for f in api_error.validation_errors]}
    return {"detail": api_error.detail}


def problem_body(api_error: APIError) -> dict[str, Any]:
    """Return a problem details object (RFC 9457).

    Validation errors are its extension member `errors`, as in section 3 of the RFC: an error in the body has
    a `pointer`, any other one the `parameter` and where it is (`in`).
    """
    status = int(api_error.status)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": api_error.detail,
    }
    if isinstance(api_error, Invalid):
        body["errors"] = [_problem(error) for error in api_error.validation_errors]
    return body


def _problem(error: ValidationErrorItem) -> dict[str, Any]:
    place, path = str(error.loc[0]) if error.loc else "body", tuple(map(str, error.loc[1:]))
    where = {"pointer": pointer_text(path)} if place == "body" else {"in": place, "parameter": ".".join(path)}
    return {"detail": error.msg, "type": error.type, **where}


@dataclass(frozen=True)
class ErrorFormat:
    """The format of all error responses of an engine.

    `media_type` is that of errors for which the contract declares none. `validation_status` is the status of
    validation errors; without it, the operation decides. With `adds_code`, a body gets the member `code`
    where the contract declares it.
    """

    body: ErrorBody
    media_type: str = "application/json"
    validation_status: int | None = None
    adds_code: bool = False

    def content(self, api_error: APIError, *, coded: bool) -> bytes:
        """Return the JSON of the body. `coded` says that its schema has the property `code`."""
        body = self.body(api_error)
        return orjson.dumps({**body, "code": api_error.code} if coded and self.adds_code else body)

    def status_of(self, api_error: APIError, operation: Operation | None = None) -> int:
        """Return the response status, and set it in the error, where the body finds it.

        Some contracts declare 400 for all invalid requests, and others 422. Of the two, an operation that
        declares only one gets that one.
        """
        if isinstance(api_error, Invalid) and api_error.status == _INVALID and self.validation_status:
            api_error.status = HTTPStatus(self.validation_status)
        elif isinstance(api_error, Invalid | MalformedBody) and operation is not None:
            other = _MALFORMED if api_error.status == _INVALID else _INVALID
            if not operation.response(int(api_error.status)) and operation.response(other):
                api_error.status = other
        return int(api_error.status)


_INVALID, _MALFORMED = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST


def error_format(body: ErrorBody | NamedErrorBody, validation_status: int | None) -> ErrorFormat:
    """Return the format with this body, named or as a function. Raises ValueError for an unknown name."""
    if body == "problem+json":
        return ErrorFormat(problem_body, "application/problem+json", validation_status, adds_code=True)
    if body == "detail":
        return ErrorFormat(detail_body, "application/json", validation_status, adds_code=True)
    if isinstance(body, str):
        raise ValueError(f"error_body is {body!r}; use 'detail', 'problem+json' or a function")
    return ErrorFormat(body, "application/json", validation_status)


def declares_code(document: Document, media_type: MediaType) -> bool:
    """Return whether the schema of an error body has the property `code`, as a text."""
    shape = shape_of(document, media_type.schema, (*media_type.pointer, "schema"))
    return "code" in shape.properties and "string" in shape.properties["code"].types
