"""The ASGI types of the engine (ASGI 3.0), and the function that sends a response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = [
    "REFUSAL",
    "STOPPING",
    "ASGIApp",
    "Answer",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "root_of",
    "send_answer",
]

STOPPING = "stopping"
"""If the application's lifespan state has this key, its value is called when shutdown begins."""

REFUSAL = "specfirst.refusal"
"""Scope key of a request that the connection cannot read: the `Unreadable` to render as its response.

If the application has already been called for this request, the connection calls it a second time, with
REFUSAL. In the scope of the first call, REFUSAL is then None.
"""


class Answer(NamedTuple):
    """A complete response. Header names are lower-case; Content-Length is added when it is sent."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    headers = [*answer.headers]
    if answer.status >= 200 and answer.status not in (204, 304):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    # HEAD has the headers of GET and no body (RFC 9110, section 9.3.2).
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})


def root_of(scope: Scope) -> str:
    """Return the path prefix of the application in clients' URLs; usually it is ""."""
    return quote(scope.get("root_path", "").rstrip("/"), safe="/!$&'()*+,;=:@")
