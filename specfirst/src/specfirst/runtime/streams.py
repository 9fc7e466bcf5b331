"""Streams of items in request bodies: lines, text sequences and server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from specfirst.runtime.errors import MalformedBody


async def lines(chunks: AsyncIterator[bytes], delimiter: bytes) -> AsyncIterator[bytes]:
    """Yield what is between the delimiters: of JSON Lines, or of a JSON text sequence (RFC 7464)."""
    parts: list[bytes] = []
    async for chunk in chunks:
        # A line of many chunks is joined once: joining at each chunk would be quadratic.
        *ended, rest = chunk.split(delimiter)
        for line in ended:
            yield b"".join([*parts, line])
            parts = []
        parts.append(rest)
    yield b"".join(parts)


async def events(chunks: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
    """Yield server-sent events with data (HTML, section 9.2.6): `data`, and `event`, `id` and `retry`.

    Raises MalformedBody for bytes that are not UTF-8.
    """
    event: dict[str, Any] = {}
    data: list[str] = []
    first = True
    async for raw in lines(_with_line_feeds(chunks), b"\n"):
        try:
            line = raw.decode()
        except UnicodeDecodeError:
            raise MalformedBody("The body is not UTF-8") from None
        if first:
            line, first = line.removeprefix("\ufeff"), False
        if not line:
            if data:
                yield event | {"data": "\n".join(data)}
            event, data = {}, []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name in ("event", "id") or (name == "retry" and value.isdecimal() and value.isascii()):
            event[name] = int(value) if name == "retry" else value
    if data:
        # Browsers drop an event without an empty line at its end; here, none is lost silently.
        yield event | {"data": "\n".join(data)}


async def _with_line_feeds(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the chunks with one line feed at the end of each line, which may also end in CR or CR LF."""
    after_return = False
    async for chunk in chunks:
        whole = chunk.removeprefix(b"\n") if after_return else chunk
        after_return = chunk.endswith(b"\r") if chunk else after_return
        yield whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
