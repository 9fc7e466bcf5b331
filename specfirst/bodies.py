"""Request bodies: from the bytes of a request to JSON values, refusing all that is not plain UTF-8 JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from specfirst.asgi import Receive, Scope
from specfirst.document import RequestBody
from specfirst.errors import ContentTooLarge, MalformedBody, UnsupportedMediaType

DEFAULT_LIMIT = 1024 * 1024
"""Bytes that a body may have where the contract does not say `x-max-body-bytes`."""

ABSENT = object()
"""Stands for a body that was not sent and need not be."""


class ClientDisconnected(Exception):
    """The client went away before it had sent its whole body; there is nobody to answer."""


async def read_json(scope: Scope, receive: Receive, body: RequestBody, limit: int) -> Any:
    """Read and parse the body, or give ABSENT where an optional one was not sent.

    Raises UnsupportedMediaType, ContentTooLarge or MalformedBody, in this order.
    """
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name.startswith(b"content-"):
            # A field that is given twice is one list (RFC 9110, section 5.3), which no media type is.
            headers[name] = headers[name] + b", " + value if name in headers else value
    has_body = headers.get(b"content-length", b"0") != b"0" or any(
        name == b"transfer-encoding" for name, _ in scope["headers"]
    )
    if b"content-range" in headers and scope["method"] == "PUT":
        # A part that is taken for the whole would destroy the rest (RFC 9110, section 14.5).
        raise MalformedBody("The body must be whole, without Content-Range")
    if has_body or b"content-type" in headers:
        _check_media_type(headers, body.media_types)
    data = await _read(receive, headers, limit) if has_body else b""
    if not data and b"content-type" not in headers:
        if body.required:
            raise MalformedBody("The body is missing")
        return ABSENT
    return parse(data)


def _check_media_type(headers: Mapping[bytes, bytes], media_types: Collection[str]) -> None:
    essence, *parameters = headers.get(b"content-type", b"").decode("latin-1").lower().split(";")
    charsets = [p.strip().removeprefix("charset=").strip('"') for p in parameters if "charset" in p]
    if essence.strip() not in media_types or any(charset != "utf-8" for charset in charsets):
        raise UnsupportedMediaType(f"The body must be {' or '.join(media_types)} in UTF-8")
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise UnsupportedMediaType("The body must not be compressed")


async def _read(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    length = headers.get(b"content-length", b"").lstrip(b"0")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise ContentTooLarge(limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        # Nearly every body arrives in one piece.
        data: bytes = message.get("body", b"")
        if len(data) > limit:
            raise ContentTooLarge(limit)
        return data
    parts, size = [], 0
    while True:
        if message["type"] != "http.request":
            raise ClientDisconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise ContentTooLarge(limit)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


class _DuplicateName(ValueError):
    """An object has two members of one name, which parsers read differently (RFC 8259, section 4)."""


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        raise _DuplicateName
    return result


_duplicates = json.JSONDecoder(object_pairs_hook=_unique)


def parse(data: bytes) -> Any:
    """Parse JSON text (RFC 8259) in UTF-8 without byte order mark.

    orjson refuses lone surrogates, NaN, Infinity, too deep nesting and numbers beyond a double, all in
    linear time. It does not see duplicated member names: the standard library's decoder, which can
    tell, then reads the text once more (about 1 µs for a small body).
    """
    try:
        value = orjson.loads(data)
        if b"{" in data:
            _duplicates.decode(data.decode())
    except _DuplicateName:
        raise MalformedBody("The body names a member twice") from None
    except (orjson.JSONDecodeError, RecursionError, ValueError):
        raise MalformedBody("The body is not valid JSON in UTF-8") from None
    return value
