"""HTTP/1.1 connections with limits: uvicorn's, and what it leaves out for slow and hostile clients.

uvicorn waits for ever for the rest of a request and for a client to read, takes heads of any size and any
number of requests at once, reads bodies to the end that were refused, and resets connections whose clients
were still sending. Here one timer a second looks at all connections of a process.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import cast
from weakref import WeakSet

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

# A request has arrived whole so long after its first byte, and the first byte of the first one so long after
# the connection was made.
RECEIVE_SECONDS = 8.0
# A client that reads less than STALL_BYTES of its answer in so long is not waited for.
STALL_SECONDS = 8.0
STALL_BYTES = 8192
# A client that is still sending when it was answered for good has so long to read that.
LINGER_SECONDS = 2.0
# What a client may send besides bodies that are read: request line and headers, and then how chunks are
# framed, trailers, and bodies that were refused.
HEAD_BYTES = 64 * 1024
HEADERS = 256
UNREAD_BYTES = 1024 * 1024
# What is parsed at once. There are some 200 requests in a piece at the most, and further ones wait as bytes.
PIECE_BYTES = 4096
# Connections of a process; while a body arrives, one may take 100 KB and more.
CONNECTIONS = 4096
# When a server leaves, a connection without requests is closed after so long.
LEAVING_IDLE_SECONDS = 5

_SWEEP_SECONDS = 1.0
_swept: WeakSet[ServerState] = WeakSet()


class Connection(HttpToolsProtocol):
    """One connection. A plain uvicorn has it with `--http specfirst.connections:Connection`, too."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # So has uvicorn.
        self._socket = transport
        super().connection_made(cast(asyncio.Transport, _Transport(self)))
        # When it was made, when its request began or when its last answer was given.
        self._since = self.loop.time()
        # Whether a request has begun and not yet arrived whole; its bytes, without those that are read.
        self._receiving, self._unread = False, 0
        # What arrived while earlier requests wait for their answers.
        self._held = b""
        # What the client has not taken yet, and since when that has been as much.
        self._unsent, self._unsent_since = 0, 0.0
        # Whether what arrives is thrown away, and whether it is so because the connection is being closed.
        self._deaf = self._lingering = False
        if self.server_state not in _swept:
            _swept.add(self.server_state)
            self.loop.call_later(_SWEEP_SECONDS, _sweep, self.loop, self.server_state)
        if len(self.connections) > CONNECTIONS:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections", (b"retry-after", b"1"))

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE_BYTES):
            if self._deaf:
                self._throw_away(len(data) - start)
                return
            if self.pipeline or self._held:
                self._held += data[start:]
                self.flow.pause_reading()
                return
            piece = data[start : start + PIECE_BYTES]
            self._parse(piece)
            if self._receiving and not self._deaf:
                self._count(len(piece))

    def _parse(self, piece: bytes) -> None:
        """In place of uvicorn's, which warns twice of each Upgrade and drops what follows it."""
        parser = self.parser
        # It is there for as long as the connection is.
        assert parser
        while piece:
            try:
                parser.feed_data(piece)
                return
            except httptools.HttpParserUpgrade as upgrade:
                # A server may ignore it (RFC 9110, section 7.8).
                piece = piece[upgrade.args[0] :]
            except httptools.HttpParserError:
                self._refuse(HTTPStatus.BAD_REQUEST, "The request is not valid HTTP")
                return

    def _count(self, size: int) -> None:
        self._unread += size
        # Trailers are headers, too.
        if len(self.headers) > HEADERS or (self._unread > HEAD_BYTES and not self._has_head()):
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too large")
        elif self._unread > UNREAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large")

    def _throw_away(self, size: int) -> None:
        self._unread += size
        if self._unread > UNREAD_BYTES:
            self._socket.pause_reading()

    def _has_head(self) -> bool:
        """Whether the head of the request that is being received is there, and so `self.cycle` is its own."""
        return "path" in self.scope

    # What the parser calls. -------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._receiving, self._unread = True, 0
        self._since = self.loop.time()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if not self.cycle.response_complete:
            self._unread -= len(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._receiving = False

    # How requests and connections end. --------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """In place of uvicorn's, which sets a timer each time."""
        self.server_state.total_requests += 1
        if not self._receiving:
            self._since = self.loop.time()
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self.flow.resume_reading()
        if self._held:
            held, self._held = self._held, b""
            self.data_received(held)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Refuse what is being received: nothing that follows it can be understood."""
        if self._receiving and self._has_head():
            if self.pipeline:
                # The answers to earlier requests go first, and one of those may take long.
                self._socket.abort()
            else:
                self._answer(status, detail)
        elif self._is_answering():
            # What it followed was in order, and has its answer first.
            self.cycle.keep_alive = False
            self._deaf = True
        else:
            self._answer(status, detail)

    def _answer(self, status: HTTPStatus, detail: str, *headers: tuple[bytes, bytes]) -> None:
        """Answer in the application's place, in the engine's error shape, and close."""
        started = False
        if self._is_answering():
            # As the application sees it, the client has left.
            started, self.cycle.disconnected = self.cycle.response_started, True
            self.cycle.message_event.set()
        elif self._receiving and self._has_head():
            started = True
        if not started:
            self.logger.info("Refused with %d: %s", status, detail)
            body = orjson.dumps({"detail": detail})
            fields = [
                *(
                    (name, value)
                    for name, value in self.server_state.default_headers
                    if name != b"connection"
                ),
                (b"content-type", b"application/json"),
                (b"x-content-type-options", b"nosniff"),
                (b"cache-control", b"no-store"),
                (b"content-length", b"%d" % len(body)),
                *headers,
                (b"connection", b"close"),
            ]
            head = b"".join(b"%s: %s\r\n" % field for field in fields)
            self._socket.write(STATUS_LINE[status] + head + b"\r\n" + body)
        self.close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def close(self) -> None:
        """Close, and while the client is still sending, let it read its answer first.

        To close a socket with bytes that nobody read resets the connection, and the answer may be lost with
        it (RFC 9112, section 9.6).
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
        """Close after the next answer; without a request stay a while, for one may be on its way."""
        self.timeout_keep_alive = min(self.timeout_keep_alive, LEAVING_IDLE_SECONDS)
        if self._is_answering() and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def abandon(self) -> None:
        """Close now."""
        if self._is_answering() and not self.pipeline:
            self._answer(
                HTTPStatus.SERVICE_UNAVAILABLE, "The server is shutting down", (b"retry-after", b"1")
            )
        else:
            self._socket.abort()

    def sweep(self, now: float) -> None:
        """Close what has taken too long."""
        waited = now - self._since
        unsent = self._socket.get_write_buffer_size()
        if not unsent or not self._unsent or unsent + STALL_BYTES <= self._unsent:
            self._unsent, self._unsent_since = unsent, now
        if now - self._unsent_since > STALL_SECONDS or (self._lingering and waited > LINGER_SECONDS):
            self._socket.abort()
        elif self.is_closing():
            return
        elif self._receiving:
            if self.flow.read_paused:
                # It is not the client who takes its time.
                self._since = now
            elif waited > RECEIVE_SECONDS:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive")
        elif not self._is_answering() and not unsent and waited > self._idle_seconds():
            self._socket.close()

    def _idle_seconds(self) -> float:
        return self.timeout_keep_alive if self.cycle else min(self.timeout_keep_alive, RECEIVE_SECONDS)


class _Transport:
    """The transport as uvicorn uses it, which leaves it to the connection how it is closed."""

    __slots__ = ("close", "get_extra_info", "is_closing", "pause_reading", "resume_reading", "write")

    def __init__(self, connection: Connection) -> None:
        transport = connection._socket
        self.close, self.is_closing = connection.close, connection.is_closing
        self.get_extra_info, self.write = transport.get_extra_info, transport.write
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading


def _sweep(loop: asyncio.AbstractEventLoop, state: ServerState) -> None:
    now = loop.time()
    for connection in list(state.connections):
        if isinstance(connection, Connection):
            connection.sweep(now)
    loop.call_later(_SWEEP_SECONDS, _sweep, loop, state)
