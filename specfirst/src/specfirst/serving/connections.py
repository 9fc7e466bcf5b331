"""HTTP/1.1 connections with limits: uvicorn's, with a strict parser and with timeouts for slow clients.

uvicorn waits forever for the rest of a request and for a client to read, accepts heads of any size and any
number of concurrent requests, reads rejected bodies to the end, and resets connections whose clients are
still sending. Here `specfirst.serving.framing` parses the requests, one after the other, and one timer per
second checks all connections of a process.

An error below the application (400, 408, 413, 414, 417, 431, 501, 503, 505) still goes through the
application, as a request with CONNECTION_ERROR in its scope. So the error response has what the middleware
adds to every response: the request id, the common headers, the CORS headers, the line in the log.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote
from weakref import WeakSet

import orjson
import uvicorn
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from specfirst.runtime.asgi import CONNECTION_ERROR, HTTPResponse, Receive, Scope, Send, send_response
from specfirst.runtime.errors import UnreadableRequest
from specfirst.serving.cycles import Cycle
from specfirst.serving.framing import (
    TOO_LARGE,
    Chunked,
    Head,
    Sized,
    continues_line,
    known,
    read_head,
    without_empty_lines,
)


@dataclass(frozen=True)
class Limits:
    """The limits of the connections of one process. Times are in seconds, sizes in bytes."""

    receive_seconds: float = 8.0
    """A request must arrive within this time after its first byte, and the first byte of the first request
    within this time after the connection was made."""
    stall_seconds: float = 8.0
    stall_bytes: int = 8192
    """A client that reads less than `stall_bytes` of its response in `stall_seconds` is disconnected."""
    linger_seconds: float = 2.0
    """A client that is still sending when the connection is to be closed may read its response so long."""
    unread_bytes: int = 1024 * 1024
    """A client may send this much besides its head and the bodies that are read: chunk framing, trailers, and
    bodies that were refused."""
    connections: int = 4096
    """The maximum of connections; while a body arrives, one may take 100 KB and more."""
    excess: int = 256
    excess_seconds: float = 1.0
    """Of further connections, `excess` get 503 when their request has arrived or after `excess_seconds`, and
    the others get it at once."""
    leaving_idle_seconds: int = 5
    """During shutdown, a connection without requests is closed after this time."""


_RETRY = {"Retry-After": "1"}
_SWEEP_SECONDS = 1.0
_swept: WeakSet[ServerState] = WeakSet()


class Connection(HttpToolsProtocol):
    """One connection. A plain uvicorn uses it with `--http specfirst.serving.connections:Connection`.

    `specfirst.serving.listening.configure` adds the limits to uvicorn's configuration.
    """

    limits = Limits()

    def __init__(self, config: uvicorn.Config, *arguments: Any, **options: Any) -> None:
        super().__init__(config, *arguments, **options)
        if limits := getattr(config, "limits", None):
            self.limits = limits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As in uvicorn.
        self._socket = transport
        super().connection_made(cast(asyncio.Transport, _Transport(self)))
        # When the connection was made, when its request began or when its last response was sent.
        self._since = self.loop.time()
        # Whether a request has begun and not yet arrived completely, the beginning of its head, and its body.
        self._receiving, self._partial = False, b""
        self._body: Sized | Chunked | None = None
        # Whether the connection stays open once the body has arrived.
        self._keep_alive = True
        # How many bytes of its body were not read by the application.
        self._unread = 0
        # What arrived behind a request that has no response yet.
        self._held = b""
        # What the client has not read yet, and since when that has been as much.
        self._unsent, self._unsent_since = 0, 0.0
        # Whether incoming bytes are dropped, and whether that is because the connection is being closed.
        self._deaf = self._lingering = False
        if self.server_state not in _swept:
            _swept.add(self.server_state)
            self.loop.call_later(_SWEEP_SECONDS, _sweep, self.loop, self.server_state)
        self._excess = len(self.connections) > self.limits.connections
        if len(self.connections) > self.limits.connections + self.limits.excess:
            self._refuse_excess()

    def data_received(self, data: bytes) -> None:
        while data:
            if self._deaf:
                self._drop(len(data))
                return
            try:
                if self._body is not None:
                    data = self._receive_body(self._body, data)
                elif self._is_answering():
                    self._held += data
                    self.flow.pause_reading()
                    return
                else:
                    data = self._receive_head(data)
            except UnreadableRequest as error:
                self._reject(error)
                return

    def _receive_head(self, data: bytes) -> bytes:
        """Begin the request at the beginning of `data`, and give the bytes behind its head."""
        if self._partial:
            if self._receiving and continues_line(self._partial, data):
                # Without this, a head that arrives byte by byte would be matched again for each byte.
                self._partial += data
                return b""
            data, self._partial = self._partial + data, b""
        if data.startswith(b"\r\n"):
            data = without_empty_lines(data)
        self._partial = data
        head = read_head(data)
        if head is None:
            if not self._receiving and data not in (b"", b"\r"):
                self._receiving, self._since = True, self.loop.time()
            return b""
        self._partial = b""
        return self._begin(head, data[head.end :])

    def _begin(self, head: Head, data: bytes) -> bytes:
        """Begin the request, and give what follows its body in `data`, which follows its head."""
        scope = self._scope(head.method, head.path, head.query, head.headers)
        scope["http_version"] = head.version
        cycle = self._cycle(scope, keep_alive=head.keep_alive, expects_continue=head.expects_continue)
        length = head.length
        if length is not None and len(data) >= length:
            # Nearly every request arrives completely at once.
            if length:
                cycle.body += data[:length]
                data = data[length:]
            cycle.more_body = self._receiving = False
            cycle.message_event.set()
        else:
            self._body = Chunked() if length is None else Sized(length)
            self._unread = 0
            if not self._receiving:
                self._receiving, self._since = True, self.loop.time()
            self._keep_alive = head.keep_alive
            # If the response is sent before 100 Continue, the body or the next request may follow it, and the
            # server cannot know which. So the connection then closes (RFC 9110, section 10.1.1).
            cycle.keep_alive = head.keep_alive and not head.expects_continue
        limit = self.limit_concurrency
        if self._excess or (limit and max(len(self.connections), len(self.tasks)) >= limit):
            self._receiving = True
            self._refuse_excess()
        else:
            self._start_asgi_task(cycle, cast(Any, self.app))
        return data

    def _receive_body(self, body: Sized | Chunked, data: bytes) -> bytes:
        """Take the content at the beginning of `data`, and give the bytes behind the request."""
        content, rest, ended = body.read(data)
        cycle = self.cycle
        if cycle.response_complete:
            self._unread += len(data) - len(rest)
        else:
            self._unread += len(data) - len(rest) - len(content)
            cycle.body += content
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            if ended:
                cycle.more_body = False
                if not cycle.response_started:
                    cycle.keep_alive = self._keep_alive
            if content or ended:
                cycle.message_event.set()
        if ended:
            self._body, self._receiving = None, False
            if cycle.response_complete:
                self._since = self.loop.time()
        elif self._unread > self.limits.unread_bytes:
            raise UnreadableRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
        return rest

    def _drop(self, size: int) -> None:
        self._unread += size
        if self._unread > self.limits.unread_bytes:
            self._socket.pause_reading()

    def _scope(
        self, method: str, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]]
    ) -> dict[str, Any]:
        text = path.decode("ascii")
        root = self.root_path if text != "*" else ""
        return {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": method,
            "root_path": self.root_path,
            "path": root + (unquote(text) if "%" in text else text),
            "raw_path": root.encode("ascii") + path,
            "query_string": query,
            "headers": headers,
            "state": self.app_state.copy(),
        }

    def _cycle(
        self, scope: dict[str, Any], *, keep_alive: bool, expects_continue: bool = False
    ) -> RequestResponseCycle:
        self.cycle = Cycle(
            scope=cast(Any, scope),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=expects_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        return self.cycle

    # How requests and connections end. --------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """Replace uvicorn's, which sets a timer each time."""
        self.server_state.total_requests += 1
        if not self._receiving:
            self._since = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self._held:
            held, self._held = self._held, b""
            self.data_received(held)

    def _reject(self, api_error: UnreadableRequest) -> None:
        """Respond with an error to the request that is being received, if there is none yet, and close."""
        self._deaf, self._unread, self._held = True, 0, b""
        if self._body is None and not self._is_answering():
            method, fields = known(self._partial)
            scope = self._scope(method, b"", b"", fields)
            self._receiving, self._partial = True, b""
        elif self.cycle.response_complete:
            self.close()
            return
        elif self.cycle.response_started:
            # It closes the connection when it is complete.
            self.cycle.keep_alive = False
            return
        else:
            # To the application, the client has left. A middleware may have changed client and scheme.
            former = cast(Any, self.cycle.scope)
            scope = {**former, "client": self.client, "scheme": self.scheme}
            former[CONNECTION_ERROR] = None
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        scope[CONNECTION_ERROR] = api_error
        self.logger.info("Rejected with %d: %s", api_error.status, api_error.detail)
        app: Any = self.app if _renders_connection_errors(self.app) else _plain
        self._start_asgi_task(self._cycle(scope, keep_alive=False), app)

    def _refuse_excess(self) -> None:
        self._reject(UnreadableRequest(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections", _RETRY))

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def close(self) -> None:
        """Close, and while the client is still sending, let it read its response first.

        Closing a socket with unread bytes resets the connection, and the client may lose the response
        (RFC 9112, section 9.6).
        """
        if not self._receiving or self._lingering or self._socket.is_closing():
            self._socket.close()
            return
        self._deaf = self._lingering = True
        self._since, self._unread = self.loop.time(), 0
        self._socket.write_eof()
        self._socket.resume_reading()

    def is_closing(self) -> bool:
        return self._lingering or self._socket.is_closing()

    def leave(self) -> None:
        """Close after the next response; without a request wait a while, because one may be on its way."""
        self.timeout_keep_alive = min(self.timeout_keep_alive, self.limits.leaving_idle_seconds)
        if self._is_answering() and not self.cycle.response_started:
            self.cycle.keep_alive = self._keep_alive = False

    def abandon(self) -> None:
        """Close now."""
        if self._is_answering() and not self.cycle.response_started and not self._deaf:
            self._reject(
                UnreadableRequest(HTTPStatus.SERVICE_UNAVAILABLE, "The server is shutting down", _RETRY)
            )
        else:
            self._socket.abort()

    def sweep(self, now: float) -> None:
        """Close the connection if it has exceeded a timeout."""
        waited = now - self._since
        unsent = self._socket.get_write_buffer_size()
        if not unsent or not self._unsent or unsent + self.limits.stall_bytes <= self._unsent:
            self._unsent, self._unsent_since = unsent, now
        if now - self._unsent_since > self.limits.stall_seconds or (
            self._lingering and waited > self.limits.linger_seconds
        ):
            self._socket.abort()
        elif self._deaf or self.is_closing():
            return
        elif self._excess and waited > self.limits.excess_seconds:
            self._refuse_excess()
        elif self._receiving:
            if self.flow.read_paused:
                # The application takes its time, not the client.
                self._since = now
            elif waited > self.limits.receive_seconds:
                self._reject(
                    UnreadableRequest(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive")
                )
        elif not self._is_answering() and not unsent and waited > self._idle_seconds():
            self._socket.close()

    def _idle_seconds(self) -> float:
        return (
            self.timeout_keep_alive
            if self.cycle
            else min(self.timeout_keep_alive, self.limits.receive_seconds)
        )


class _Transport:
    """The transport as uvicorn uses it, which leaves it to the connection how it is closed."""

    __slots__ = ("close", "get_extra_info", "is_closing", "pause_reading", "resume_reading", "write")

    def __init__(self, connection: Connection) -> None:
        transport = connection._socket
        self.close, self.is_closing = connection.close, connection.is_closing
        self.get_extra_info, self.write = transport.get_extra_info, transport.write
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading


def _renders_connection_errors(app: Any) -> bool:
    """Return whether the application, or what its middleware surrounds, knows CONNECTION_ERROR."""
    while app is not None:
        if getattr(app, "renders_connection_errors", False):
            return True
        app = getattr(app, "app", None)
    return False


async def _plain(scope: Scope, receive: Receive, send: Send) -> None:
    """Render the api_error for an application that does not know it."""
    api_error: UnreadableRequest = scope[CONNECTION_ERROR]
    headers = [
        (b"content-type", b"application/json"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
        *((name.lower().encode(), value.encode()) for name, value in api_error.headers.items()),
    ]
    body = orjson.dumps({"detail": api_error.detail})
    await send_response(HTTPResponse(api_error.status, headers, body), scope, send)


def _sweep(loop: asyncio.AbstractEventLoop, state: ServerState) -> None:
    now = loop.time()
    for connection in list(state.connections):
        if isinstance(connection, Connection):
            connection.sweep(now)
    loop.call_later(_SWEEP_SECONDS, _sweep, loop, state)
