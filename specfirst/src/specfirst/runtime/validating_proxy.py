"""A proxy before any server: it validates requests and responses with the contract, and reports violations.

Each violation is a line in the log and a part of the response header `X-Contract-Violation`. With `fail`, a
request that violates the contract is not forwarded and gets the engine's error response, and a response that
does gets 502.

Bodies are validated up to a limit; larger ones, and streams of events, pass without validation of the body.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.responses import StreamingResponse

from specfirst.contract.document import Document, Operation, essence_of
from specfirst.runtime.asgi import HTTPResponse, Message, Receive, Scope, Send, send_response
from specfirst.runtime.bodies import ClientDisconnected
from specfirst.runtime.errors import APIError, Invalid, MethodNotAllowed, NotFound
from specfirst.runtime.mock_server import accept_all
from specfirst.runtime.routing import Engine, OperationHandler, allowed_methods, find, raw_segments

log = logging.getLogger("specfirst")

VIOLATION = "X-Contract-Violation"
"""The response header with the violations of a request and its response."""

DEFAULT_LIMIT = 10 * 1024 * 1024
_LONGEST_HEADER = 2000
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)

_HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)
"""Header fields that are for one connection (RFC 9110, section 7.6.1)."""

_CODINGS = (b"gzip", b"deflate")
"""The content codings that can be read for validation."""

Observe = Callable[[Operation, int, bytes], None]
"""Records the status of an operation, and the query of the request, for the contract coverage."""


class BadGateway(APIError):
    """The server cannot be reached, or its response violates the contract."""

    status = 502


class UpstreamTimeout(APIError):
    status = 504


@dataclass
class _Exchange:
    """What is known about a request while it is forwarded."""

    operation: Operation | None = None
    error: APIError | None = None
    """The engine's response to the request, if it violates the contract."""
    violations: list[str] = field(default_factory=list)

    def refuse(self, error: APIError) -> None:
        """Keep the engine's response to the request, and its reasons."""
        self.error = error
        if isinstance(error, Invalid):
            for item in error.validation_errors:
                self.violate(f"request {' '.join(map(str, item.loc))}: {item.msg}")
        else:
            self.violate(f"request: {error.detail} ({int(error.status)})")

    def violate(self, text: str) -> None:
        # Names in it may be the client's, with any character; it becomes a header and a line of the log.
        self.violations.append("".join(one if one.isascii() and one.isprintable() else "?" for one in text))


class _Inspection(OperationHandler):
    """Validates the requests of one operation, and calls nothing."""

    async def inspect(self, scope: Scope, receive: Receive, segments: Sequence[str]) -> None:
        """Raise the APIError that the engine would respond with."""
        if not self.prepared:
            self.prepare()
        await self._result(scope, receive, segments)


async def _nothing(**values: Any) -> None:
    """Stand in for the implementation."""


class ValidatingProxy:
    """An ASGI application. `upstream` is the URL of the server; its path precedes those of requests.

    If `upstream` ends with the path of the contract's server, that path is not repeated. Raises DocumentError
    if the contract cannot be executed.
    """

    def __init__(
        self,
        document: Document,
        upstream: str,
        *,
        fail: bool = False,
        limit: int = DEFAULT_LIMIT,
        observe: Observe | None = None,
        **policies: Any,
    ) -> None:
        self.engine: Engine[str] = Engine(
            document,
            authenticate=accept_all(document),
            authorize=lambda caller, values: None,
            validate_responses=True,
            client_certificate=lambda scope: "proxy",
            **policies,
        )
        for operation in self.engine.operations.values():
            _Inspection(self.engine, operation, _nothing)
        self._limit = min(limit, self.engine.body_limit) if "x-max-body-bytes" in document.content else limit
        self.engine.body_limit = self._limit
        self._upstream, self._fail, self._observe = upstream.rstrip("/"), fail, observe
        self._client: httpx.AsyncClient | None = None
        self.requests = self.violations = 0
        """The number of requests, and of those with a violation."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._exchange(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        # No redirects and no cookies: clients get what the server sends. No proxy of the environment either.
        async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
            self._client = client
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        try:
            body, ended = await _beginning(receive, self._limit)
        except ClientDisconnected:
            return
        exchange, base = await self._inspect(scope, body, ended and len(body) <= self._limit)
        if self._fail and exchange.error:
            await self._refuse(exchange, exchange.error, scope, send)
            return
        rest = _chunks(body, None if ended else receive)
        try:
            response = await self._forward(scope, base, rest, has_body=bool(body))
        except ClientDisconnected:
            return
        except httpx.TimeoutException:
            error: APIError = UpstreamTimeout(f"{self._upstream} does not respond in time")
            await self._refuse(exchange, error, scope, send)
            return
        except httpx.HTTPError as problem:
            reason = str(problem) or type(problem).__name__
            await self._refuse(exchange, BadGateway(f"{self._upstream}: {reason}"), scope, send)
            return
        try:
            await self._respond(exchange, response, scope, receive, send)
        finally:
            await response.aclose()

    # The request. -----------------------------------------------------------------------------------------

    async def _inspect(self, scope: Scope, body: bytes, is_whole: bool) -> tuple[_Exchange, list[str]]:
        exchange = _Exchange()
        match = find(self.engine, raw_segments(scope))
        if match is None:
            if scope["method"] != "OPTIONS":
                exchange.refuse(NotFound("The contract has no such path"))
            return exchange, []
        base, routes, values = match
        method = scope["method"]
        handler = routes.get("GET" if method == "HEAD" and "HEAD" not in routes else method)
        if handler is None:
            if method != "OPTIONS":
                exchange.refuse(MethodNotAllowed(allowed_methods(routes)))
            return exchange, base
        exchange.operation = handler.operation
        if not is_whole:
            log.info("%s: the request is larger than %d bytes, and is not validated", method, self._limit)
            return exchange, base
        try:
            assert isinstance(handler, _Inspection)
            await handler.inspect(dict(scope), _replay(body), values)
        except APIError as error:
            exchange.refuse(error)
        return exchange, base

    async def _forward(
        self, scope: Scope, base: Sequence[str], body: AsyncIterator[bytes], *, has_body: bool
    ) -> httpx.Response:
        assert self._client is not None, "the lifespan has not started"
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        prefix = urlsplit(self._upstream).path
        repeated = "".join(f"/{segment}" for segment in base)
        url = (
            self._upstream.removesuffix(repeated)
            if repeated and prefix.endswith(repeated)
            else self._upstream
        )
        query = scope["query_string"].decode("latin-1")
        # The target as the client wrote it: `%2F` must stay.
        target = f"{urlsplit(url).path}{raw}{'?' if query else ''}{query}".encode("latin-1")
        request = self._client.build_request(
            scope["method"],
            httpx.URL(url).copy_with(raw_path=target),
            headers=_forwarded(scope, urlsplit(url).netloc),
            content=body if has_body else None,
        )
        return await self._client.send(request, stream=True)

    # The response. ----------------------------------------------------------------------------------------

    async def _respond(
        self, exchange: _Exchange, response: httpx.Response, scope: Scope, receive: Receive, send: Send
    ) -> None:
        operation, status = exchange.operation, response.status_code
        headers = _end_to_end(response.headers.raw)
        streams = response.headers.get("content-type", "").lower().startswith("text/event-stream")
        raw = response.aiter_raw()
        beginning, is_whole = (b"", False) if streams else await _read(raw, self._limit)
        if operation is not None:
            for problem in self._problems(operation, response, beginning, is_whole, scope["method"]):
                exchange.violate(f"response: {problem}")
            if self._observe:
                self._observe(operation, status, scope["query_string"])
        if self._fail and exchange.violations and is_whole:
            problems = "; ".join(exchange.violations)
            error = BadGateway(f"The response of the server does not match the contract: {problems}")
            await self._refuse(exchange, error, scope, send)
            return
        self._report(exchange, scope, status)
        headers += _violation_headers(exchange.violations)
        if is_whole:
            headers = [field for field in headers if field[0] != b"content-length"]
            if scope["method"] == "HEAD":
                # The length is that of the response to GET.
                headers = _end_to_end(response.headers.raw) + _violation_headers(exchange.violations)
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": b""})
                return
            await send_response(HTTPResponse(status, headers, beginning), scope, send)
            return
        streaming = StreamingResponse(_joined(beginning, raw), status)
        streaming.raw_headers = headers
        await streaming(scope, receive, send)

    def _problems(
        self, operation: Operation, response: httpx.Response, body: bytes, is_whole: bool, method: str
    ) -> list[str]:
        validation = self.engine.validation
        assert validation is not None
        declared = operation.response(response.status_code)
        if declared is None or method == "HEAD" or not is_whole:
            return [] if declared else [f"the status {response.status_code} is not declared"]
        coding = response.headers.get("content-encoding", "identity").lower().encode()
        if coding not in (*_CODINGS, b"identity"):
            log.info("%s: the body is encoded, and is not validated", operation.operation_id)
            return []
        try:
            content = httpx.Response(response.status_code, headers=response.headers, content=body).content
        except httpx.DecodingError:
            return ["the body does not have its Content-Encoding"]
        names = {media_type.essence: media_type.name for media_type in declared.content}
        headers = [
            (name.lower(), value if name.lower() != b"content-type" else _without_parameters(value, names))
            for name, value in response.headers.raw
        ]
        try:
            return validation.problems(operation, HTTPResponse(response.status_code, headers, content))
        except UnicodeDecodeError:
            return ["the body is not UTF-8 text"]

    async def _refuse(self, exchange: _Exchange, error: APIError, scope: Scope, send: Send) -> None:
        response = self.engine.error_response(error)
        self._report(exchange, scope, response.status)
        headers = [*response.headers, *_violation_headers(exchange.violations)]
        await send_response(response._replace(headers=headers), scope, send)

    def _report(self, exchange: _Exchange, scope: Scope, status: int) -> None:
        self.violations += bool(exchange.violations)
        name = exchange.operation.operation_id if exchange.operation else scope["path"]
        for violation in exchange.violations:
            log.warning("%s %s -> %d: %s", scope["method"], name, status, violation)


async def _beginning(receive: Receive, limit: int) -> tuple[bytes, bool]:
    """Read the body of a request up to the limit, or a little more, and return whether it ends there."""
    parts, size, more = [], 0, True
    while more and size <= limit:
        chunk, more = await _chunk(receive)
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts), not more


async def _read(chunks: AsyncIterator[bytes], limit: int) -> tuple[bytes, bool]:
    """Read the body of a response up to the limit, and return whether it ends there."""
    parts, size = [], 0
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            return b"".join(parts), False
    return b"".join(parts), True


async def _chunks(beginning: bytes, receive: Receive | None) -> AsyncIterator[bytes]:
    """Yield the body of a request: what has been read, and what is still to come."""
    yield beginning
    more = receive is not None
    while more and receive:
        chunk, more = await _chunk(receive)
        yield chunk


async def _chunk(receive: Receive) -> tuple[bytes, bool]:
    """Return a part of a request's body, and whether more follows. Raises ClientDisconnected."""
    message = await receive()
    if message["type"] != "http.request":
        raise ClientDisconnected
    return message.get("body", b""), message.get("more_body", False)


async def _joined(beginning: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if beginning:
        yield beginning
    async for chunk in rest:
        yield chunk


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _forwarded(scope: Scope, host: str) -> list[tuple[bytes, bytes]]:
    """Return the header fields for the server: the client's, and where the request is from."""
    headers = [
        (name, value)
        for name, value in _end_to_end(scope["headers"])
        if name not in (b"host", b"accept-encoding", b"expect")
    ]
    fields: Mapping[bytes, bytes] = dict(scope["headers"])
    accepted = fields.get(b"accept-encoding", b"").lower()
    codings = b", ".join(coding for coding in _CODINGS if coding in accepted)
    client = scope.get("client")
    return [
        (b"host", host.encode()),
        *headers,
        (b"accept-encoding", codings or b"identity"),
        *([(b"x-forwarded-for", client[0].encode())] if client else []),
        *([(b"x-forwarded-host", fields[b"host"])] if b"host" in fields else []),
        (b"x-forwarded-proto", scope.get("scheme", "http").encode()),
    ]


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the header fields that are not for one connection."""
    fields = [(name.lower(), value) for name, value in headers]
    named = b",".join(value for name, value in fields if name == b"connection").lower().split(b",")
    dropped = _HOP_BY_HOP | {name.strip() for name in named}
    return [(name, value) for name, value in fields if name not in dropped]


def _without_parameters(value: bytes, declared: Mapping[str, str]) -> bytes:
    """Return the declared media type that this one is, whatever its parameters are, such as a charset."""
    essence = essence_of(value.decode("latin-1"))
    return declared[essence].encode() if essence in declared else value


def _violation_headers(violations: Sequence[str]) -> list[tuple[bytes, bytes]]:
    if not violations:
        return []
    text = "; ".join(violations)
    short = text if len(text) <= _LONGEST_HEADER else f"{text[:_LONGEST_HEADER]}..."
    return [(VIOLATION.lower().encode(), short.encode())]
