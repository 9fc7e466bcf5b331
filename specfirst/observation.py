"""What surrounds each request: its id, the headers that all answers have, and those who are told of it.

It stands around everything that an application answers, so also around errors, CORS and the documentation.
What the engine finds out is left in the scope, under the names that Starlette and FastAPI use: `route` is the
operation's route, `user` the caller.

Which headers all answers have, the contract says in `x-response-headers`, a map like the `headers` of one
response. The value of each is the `const` of its schema, but

    X-Request-ID                 is the request's own if that is sane, or a new one;
    Strict-Transport-Security    is sent only over HTTPS, and only if the application asks for it.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Awaitable, Callable
from time import perf_counter

from opentelemetry import trace

from specfirst.asgi import REFUSAL, ASGIApp, Message, Receive, Scope, Send
from specfirst.document import Document, DocumentError, Operation

Observer = Callable[[Scope, int, float], None]
"""Is told of each request that was answered: its scope, the answer's status, and how many seconds it took.

`scope["request_id"]` is always there, `scope["route"]` and `scope["user"]` if it came so far.
"""

CLIENT_GONE = 499
"""Stands for the status where the client went away before there was an answer; nginx counts it so."""

TRACED = "fastapi.telemetry"
"""Is in the scope of a request for which FastAPI has started a span of OpenTelemetry."""

_REQUEST_ID, _STRICT_TRANSPORT = b"x-request-id", b"strict-transport-security"
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Envelope:
    """Surrounds `app`. Raises DocumentError if the contract promises a header that cannot be supplied."""

    app: ASGIApp

    def __init__(self, document: Document, *, strict_transport: bool) -> None:
        self.observers: list[Observer] = []
        self.in_flight = 0
        """How many requests are being answered."""
        headers = supplied_headers(document)
        self._shows_id = headers.pop(_REQUEST_ID, None) is not None
        strict = headers.pop(_STRICT_TRANSPORT, None)
        self._headers = list(headers.items())
        # In what came by HTTP anybody could have put it there, so it means nothing (RFC 6797, section 7.2).
        self._https_headers = [*self._headers]
        if strict and strict_transport:
            self._https_headers.append((_STRICT_TRANSPORT, strict))
        # No two ids are equal: each process has a prefix of its own. Randomness for each would take longer.
        self._prefix, self._number = secrets.token_hex(6), itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), CLIENT_GONE
        request_id = scope["request_id"] = self._id_of(scope)
        if TRACED in scope:
            _identify_span(scope)

        # It hands on what is to be awaited, which spares a coroutine for each message.
        def send_complete(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ())]
                # What an answer says itself counts: documentation may be kept, for example.
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
            # The connection may respond in the application's place; that call is the one to observe.
            if status != CLIENT_GONE or REFUSAL not in scope:
                seconds = perf_counter() - started
                for observe in self.observers:
                    observe(scope, status, seconds)

    def _id_of(self, scope: Scope) -> str:
        if "request_id" in scope:
            # The application is called for this request a second time, with REFUSAL.
            return str(scope["request_id"])
        for name, value in scope["headers"]:
            if name == _REQUEST_ID and _SANE_ID.fullmatch(value):
                return str(value, "ascii")
        return f"{self._prefix}-{next(self._number):x}"


def name_span(operation: Operation) -> None:
    """Give FastAPI's span of this request the name that it gets where FastAPI's router finds the route."""
    span = trace.get_current_span()
    span.update_name(f"{operation.method.upper()} {operation.path}")
    span.set_attribute("http.route", operation.path)
    span.set_attribute("openapi.operation_id", operation.operation_id)


def _identify_span(scope: Scope) -> None:
    span = trace.get_current_span()
    span.set_attribute("http.response.header.x-request-id", [scope["request_id"]])
    if scope["query_string"]:
        # FastAPI has put it there, and what clients send is nothing to keep.
        span.set_attribute("url.query", "REDACTED")


def supplied_headers(document: Document) -> dict[bytes, bytes]:
    """The headers of every answer with their values, of which that of X-Request-ID is empty here.

    Raises DocumentError if one has no value.
    """
    supplied = {}
    for header in document.response_headers:
        name = header.name.lower().encode()
        schema, where = document.follow(header.schema, ("x-response-headers", header.name, "schema"))
        if name != _REQUEST_ID and not isinstance(schema.get("const"), str):
            raise DocumentError(
                f"nothing supplies the header {header.name}",
                where,
                remedy="give it a `const`, or declare it at the responses whose operations give it",
            )
        supplied[name] = b"" if name == _REQUEST_ID else schema["const"].encode()
    return supplied
