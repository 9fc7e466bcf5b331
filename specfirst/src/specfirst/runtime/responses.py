"""Responses: encode typed results and errors, and check both against the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
import pydantic_core
from pydantic import BaseModel

from specfirst.contract.document import Document, Operation, Response
from specfirst.runtime.asgi import HTTPResponse
from specfirst.runtime.error_formats import ErrorFormat
from specfirst.runtime.errors import APIError, PreconditionFailed
from specfirst.runtime.etags import conditional_status, conditions
from specfirst.runtime.validation import Schemas, validation_errors


class Result:
    """A typed result: one status of one operation, with its headers as attributes.

    Generated for statuses with headers, and for operations with several success statuses. The body is the
    attribute `body`, if the status has one.
    """

    __slots__ = ()
    status: ClassVar[int]


class ContractViolation(Exception):
    """The response of the implementation or the engine is not declared in the contract."""


def error_response(api_error: APIError, errors: ErrorFormat, media_type: str | None) -> HTTPResponse:
    """Encode an error response. Without a media type, the contract declares no body."""
    status = errors.status_of(api_error)
    headers = [(b"content-type", media_type.encode())] if media_type else []
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in api_error.headers.items()]
    return HTTPResponse(status, headers, orjson.dumps(errors.body(api_error)) if media_type else b"")


class Responder:
    """Encodes the responses of one operation, and rejects undeclared statuses."""

    def __init__(self, operation: Operation, errors: ErrorFormat) -> None:
        self._operation, self._errors = operation, errors
        self._encoders = {
            status: [(h.identifier, h.name.lower().encode(), h.required) for h in response.headers]
            for status, response in operation.responses.items()
        }
        self._content_types = {
            status: [(b"content-type", response.media_type.encode())] if response.media_type else []
            for status, response in operation.responses.items()
        }
        # If an operation has one success status without headers, it returns the body itself.
        only = operation.results[0] if len(operation.results) == 1 else None
        self._plain_status = only.status if only and not only.headers else None

    def result(self, result: Any) -> HTTPResponse:
        """Encode the result of the implementation. Raises ContractViolation if it is not declared."""
        if isinstance(result, Result):
            status, body = result.status, getattr(result, "body", None)
            if status not in self._operation.responses:
                raise ContractViolation(f"the status {status} is not declared")
            headers = [*self._content_types[status], *self._headers(status, result)]
        elif self._plain_status is not None:
            status, body = self._plain_status, result
            headers = self._content_types[status]
        else:
            raise ContractViolation(f"{type(result).__name__} does not have a status")
        if not self._content_types[status]:
            return HTTPResponse(status, headers, b"")
        return HTTPResponse(status, headers, _json(body))

    def _headers(self, status: int, result: Result) -> list[tuple[bytes, bytes]]:
        headers = []
        for identifier, name, required in self._encoders[status]:
            value = getattr(result, identifier)
            if value is None and not required:
                continue
            text = ("true" if value else "false") if isinstance(value, bool) else str(value)
            if not text.isascii() or not text.isprintable():
                raise ContractViolation(f"the header {name.decode()} is not printable ASCII")
            headers.append((name, text.encode()))
        return headers

    def conditional(self, response: HTTPResponse, headers: Iterable[tuple[bytes, bytes]]) -> HTTPResponse:
        """Evaluate the preconditions of a GET on the selected representation (RFC 9110, section 13.2.2).

        Raises PreconditionFailed if If-Match does not match.
        """
        fields = conditions(headers)
        if not fields or response.status >= 300:
            return response
        etag = next((value.decode() for name, value in response.headers if name == b"etag"), None)
        status = conditional_status(fields, etag) if etag is not None else None
        if status not in self._operation.responses:
            return response
        if status != HTTPStatus.NOT_MODIFIED:
            raise PreconditionFailed
        # 304 also has the headers that the 200 declares (section 15.4.5).
        kept = {name for _, name, _ in self._encoders[status]}
        dropped = {name for _, name, _ in self._encoders[response.status]} - kept | {b"content-type"}
        return HTTPResponse(status, [header for header in response.headers if header[0] not in dropped], b"")

    def error_response(self, api_error: APIError) -> HTTPResponse:
        """Encode an error response. Raises ContractViolation if the operation does not declare its status."""
        response = self._operation.responses.get(self._errors.status_of(api_error))
        if response is None:
            raise ContractViolation(f"the status {int(api_error.status)} is not declared")
        return error_response(api_error, self._errors, response.media_type)


class ResponseValidation:
    """Validates complete responses against the contract: status, headers, media type and body.

    It parses and validates each response again, so it is meant for tests and development.
    """

    def __init__(self, document: Document, schemas: Schemas) -> None:
        self._document, self._schemas = document, schemas

    def problems(self, operation: Operation, response: HTTPResponse) -> list[str]:
        """List how the response differs from its declaration."""
        declared = operation.responses.get(response.status)
        if declared is None:
            return [f"the status {response.status} is not declared"]
        headers = {name.decode(): value.decode("latin-1") for name, value in response.headers}
        return [
            *self._header_problems(declared, headers),
            *self._body_problems(declared, headers, response.body),
        ]

    def _header_problems(self, response: Response, headers: Mapping[str, str]) -> list[str]:
        problems = []
        for header in response.headers:
            text = headers.get(header.name.lower())
            if text is None:
                if header.required:
                    problems.append(f"the header {header.name} is missing")
                continue
            schema, _ = self._document.follow(header.schema, response.pointer)
            value: Any = text
            if schema.get("type") in ("integer", "number", "boolean"):
                value = orjson.loads(text) if _is_json(text) else text
            problems += [
                f"the header {header.name}: {detail.msg}"
                for detail in validation_errors(self._schemas.validator(header.schema), value)
            ]
        return problems

    def _body_problems(self, response: Response, headers: Mapping[str, str], body: bytes) -> list[str]:
        if response.schema is None:
            return ["the response has a body that is not declared"] if body else []
        if headers.get("content-type") != response.media_type:
            return [f"the media type is {headers.get('content-type')}, not {response.media_type}"]
        if not _is_json(body):
            return ["the body is not JSON"]
        return [
            f"the body at {list(detail.loc)}: {detail.msg}"
            for detail in validation_errors(self._schemas.validator(response.schema), orjson.loads(body))
        ]


def _json(value: Any) -> bytes:
    if isinstance(value, BaseModel):
        # Pydantic's warnings would print values; response validation reports what does not match.
        return value.__pydantic_serializer__.to_json(value, by_alias=True, warnings=False)
    try:
        # Measured for 100 database rows: 50 µs, and 560 µs with models.
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError:
        # Nested models, integers above 64 bits, and types that only Pydantic can serialize.
        return pydantic_core.to_json(value, by_alias=True)


def _is_json(text: str | bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
