"""The ASGI types of the engine (ASGI 3.0), and the function that sends a response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = [
    "CONNECTION_ERROR",
    "STOPPING",
    "ASGIApp",
    "HTTPResponse",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "root_of",
    "send_response",
    "send_stream",
]

STOPPING = "stopping"
"""If the application's lifespan state has this key, its value is called when shutdown begins."""

CONNECTION_ERROR = "specfirst.connection_error"
"""Scope key of a request that the connection cannot read: the `UnreadableRequest` to render as its response.

If the application has already been called for this request, the connection calls it a second time, with
CONNECTION_ERROR. In the scope of the first call, CONNECTION_ERROR is then None.
"""


BODY_READ = "specfirst.body_read"
"""Scope key of an asyncio.Event, for a request body that the implementation reads as a stream."""


class HTTPResponse(NamedTuple):
    """A complete response. Header names are lower-case; Content-Length is added when it is sent.

    If it has a `stream`, that is sent in place of the body, each chunk as soon as it is there.
    """

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    stream: AsyncIterator[bytes] | None = None


async def send_response(response: HTTPResponse, scope: Scope, send: Send) -> None:
    headers = [*response.headers]
    if response.status >= 200 and response.status not in (204, 304):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    # HEAD has the headers of GET and no body (RFC 9110, section 9.3.2).
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.body})


async def send_stream(response: HTTPResponse, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the response's stream; when the client leaves, the stream is closed and the function returns."""
    stream = response.stream
    assert stream is not None
    leaving = asyncio.ensure_future(_disconnected(scope, receive))
    following: asyncio.Future[bytes] | None = None
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers]})
        while scope["method"] != "HEAD":
            following = asyncio.ensure_future(anext(stream, b""))
            await asyncio.wait({following, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                return
            if not (chunk := following.result()):
                break
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        for task in (leaving, following):
            if task is not None and not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if close := getattr(stream, "aclose", None):
            await close()


async def _disconnected(scope: Scope, receive: Receive) -> None:
    if reading := scope.get(BODY_READ):
        # The response may come from the items of the request, which its own reader receives.
        await reading.wait()
    while (await receive())["type"] != "http.disconnect":
        pass


def root_of(scope: Scope) -> str:
    """Return the path prefix of the application in clients' URLs; usually it is ""."""
    return quote(scope.get("root_path", "").rstrip("/"), safe="/!$&'()*+,;=:@")
