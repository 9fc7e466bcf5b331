"""The outermost middleware: request ids, the headers of every response, and observers of requests.

It surrounds all responses of the application, including errors, CORS and the documentation. The engine stores
its results in the scope, under the names that Starlette and FastAPI use: `route` is the operation's route,
`user` the caller.

The contract lists the headers of every response in `x-response-headers`, a map like the `headers` of one
response. The value of each is the `const` of its schema, except:

    X-Request-ID                 the request's own if it is valid, or a new one;
    Strict-Transport-Security    only over HTTPS, and only if the application enables it.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Awaitable, Callable
from time import perf_counter

from specfirst.contract.document import Document, DocumentError, Operation
from specfirst.runtime.asgi import CONNECTION_ERROR, ASGIApp, Message, Receive, Scope, Send

Observer = Callable[[Scope, int, float], None]
"""Called for each completed request: its scope, the response status, and the duration in seconds.

`scope["request_id"]` is always set, `scope["route"]` and `scope["user"]` if the request got so far.
"""

CLIENT_GONE = 499
"""The status of a request whose client disconnected before there was a response, as in nginx."""

TRACED = "fastapi.telemetry"
"""Scope key of a request for which FastAPI has started an OpenTelemetry span."""

_REQUEST_ID, _STRICT_TRANSPORT = b"x-request-id", b"strict-transport-security"
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class ObservationMiddleware:
    """Surrounds `app`. Raises DocumentError if the contract declares a header without a known value."""

    app: ASGIApp

    def __init__(self, document: Document, *, strict_transport: bool) -> None:
        self.observers: list[Observer] = []
        self.in_flight = 0
        """The number of requests in progress."""
        headers = supplied_headers(document)
        self._shows_id = headers.pop(_REQUEST_ID, None) is not None
        strict = headers.pop(_STRICT_TRANSPORT, None)
        self._headers = list(headers.items())
        # Over plain HTTP, anyone could have inserted the header, so browsers ignore it (RFC 6797, section
        # 7.2).
        self._https_headers = [*self._headers]
        if strict and strict_transport:
            self._https_headers.append((_STRICT_TRANSPORT, strict))
        # Request ids are unique: each process has its own prefix. A random number for each request would be
        # slower.
        self._prefix, self._number = secrets.token_hex(6), itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), CLIENT_GONE
        request_id = scope["request_id"] = self._id_of(scope)
        if TRACED in scope:
            _identify_span(scope)

        # Returns the awaitable instead of awaiting it, which saves a coroutine for each message.
        def send_complete(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ())]
                # The response's own header takes precedence: documentation may be cached, for example.
                said = [name for name, _ in headers]
                for header in self._https_headers if scope.get("scheme") == "https" else self._headers:
                    if header[0] not in said:
                        headers.append(header)
                if self._shows_id:
                    headers.append((_REQUEST_ID, request_id.encode()))
                message["headers"] = headers
            return send(message)

        self.in_flight += 1
        try:
            await self.app(scope, receive, send_complete)
        finally:
            self.in_flight -= 1
            # The connection may respond instead of the application; then that call is observed.
            if status != CLIENT_GONE or CONNECTION_ERROR not in scope:
                seconds = perf_counter() - started
                for observe in self.observers:
                    observe(scope, status, seconds)

    def _id_of(self, scope: Scope) -> str:
        if "request_id" in scope:
            # The application is called for this request a second time, with CONNECTION_ERROR.
            return str(scope["request_id"])
        for name, value in scope["headers"]:
            if name == _REQUEST_ID and _SANE_ID.fullmatch(value):
                return str(value, "ascii")
        return f"{self._prefix}-{next(self._number):x}"


def name_span(operation: Operation) -> None:
    """Name FastAPI's span of this request as FastAPI's own router would."""
    # Optional, so it is imported here: where there is a span, it is installed.
    from opentelemetry import trace

    span = trace.get_current_span()
    span.update_name(f"{operation.method.upper()} {operation.path}")
    span.set_attribute("http.route", operation.path)
    span.set_attribute("openapi.operation_id", operation.operation_id)


def _identify_span(scope: Scope) -> None:
    from opentelemetry import trace

    span = trace.get_current_span()
    span.set_attribute("http.response.header.x-request-id", [scope["request_id"]])
    if scope["query_string"]:
        # FastAPI added the client's value, which must not be stored.
        span.set_attribute("url.query", "REDACTED")


def supplied_headers(document: Document) -> dict[bytes, bytes]:
    """Return the headers of every response with their values; X-Request-ID is empty here.

    Raises DocumentError if one has no value.
    """
    supplied = {}
    for header in document.response_headers:
        name = header.name.lower().encode()
        schema, where = document.follow(header.schema, ("x-response-headers", header.name, "schema"))
        if name != _REQUEST_ID and not isinstance(schema.get("const"), str):
            raise DocumentError(
                f"the header {header.name} has no value",
                where,
                remedy="add a `const`, or declare it at the responses of the operations that set it",
            )
        supplied[name] = b"" if name == _REQUEST_ID else schema["const"].encode()
    return supplied
