"""Compress responses with gzip where the client accepts it (RFC 9110, sections 8.4 and 12.5.3).

docs/decisions/024-compression.md says what is compressed, why with gzip, and what this means for secrets.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Iterable

from specfirst.runtime.asgi import HTTPResponse

COMPRESS_FROM = 1024
"""Smaller bodies are sent uncompressed: a single packet gains little from compression."""

# Measured for 1 000 tasks, with titles of one form and of random words: 250 and 330 KB become 15 and 56 KB in
# 0.5 and 2.2 ms; at level 6 14 and 42 KB in 2.6 and 10 ms.
_LEVEL = 1
# About 1 ms of the event loop. zlib releases the interpreter's lock, so other requests continue meanwhile.
_THREAD_FROM = 128 * 1024

_CODING = re.compile(
    rb"[ \t]*([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
)


def gzip(body: bytes, level: int = _LEVEL) -> bytes:
    return zlib.compress(body, level, wbits=31)


def accepts_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether Accept-Encoding accepts gzip and does not prefer an uncompressed response.

    An invalid member is ignored, so such a client gets an uncompressed response.
    """
    weights: dict[bytes, float] = {}
    for name, value in headers:
        if name == b"accept-encoding":
            for member in value.lower().split(b","):
                if found := _CODING.fullmatch(member):
                    # x-gzip is the same coding (RFC 9110, section 8.4.1.3).
                    weights[found[1].removeprefix(b"x-")] = float(found[2] or 1)
    other = weights.get(b"*", 0)
    return weights.get(b"gzip", other) > 0 and weights.get(b"gzip", other) >= weights.get(b"identity", 0)


async def negotiate(response: HTTPResponse, request_headers: Iterable[tuple[bytes, bytes]]) -> HTTPResponse:
    """Compress a response of at least COMPRESS_FROM bytes if the client accepts that, and add Vary.

    Not compressed:

    - a response with a strong entity tag, which names exactly these bytes (RFC 9110, section 8.8.3.3);
    - one with `Cache-Control: no-transform`, by which an operation keeps a secret out of compression;
    - one that has a content coding already, and a part of a representation.
    """
    vary = b""
    for name, value in response.headers:
        if name in (b"content-encoding", b"content-range"):
            return response
        if name == b"etag" and not value.startswith(b"W/"):
            return response
        if name == b"cache-control" and forbids_transforming(value):
            return response
        if name == b"vary":
            vary += value + b", "
    headers = [field for field in response.headers if field[0] != b"vary"]
    headers.append((b"vary", vary + b"Accept-Encoding"))
    if not accepts_gzip(request_headers):
        return response._replace(headers=headers)
    headers.append((b"content-encoding", b"gzip"))
    if len(response.body) < _THREAD_FROM:
        return HTTPResponse(response.status, headers, gzip(response.body))
    return HTTPResponse(response.status, headers, await asyncio.to_thread(gzip, response.body))


def forbids_transforming(cache_control: bytes) -> bool:
    return b"no-transform" in [directive.strip() for directive in cache_control.lower().split(b",")]
