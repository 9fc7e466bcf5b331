"""Request bodies: parse bytes into JSON values, and reject everything that is not plain UTF-8 JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from itertools import accumulate
from typing import Any

import orjson

from specfirst.contract.document import RequestBody
from specfirst.runtime.asgi import Receive, Scope
from specfirst.runtime.errors import (
    ContentTooLarge,
    Invalid,
    MalformedBody,
    UnsupportedMediaType,
    ValidationErrorItem,
)

DEFAULT_LIMIT = 1024 * 1024
"""The size limit of a body in bytes, if the contract has no `x-max-body-bytes`."""

ABSENT = object()
"""The value of an optional body that was not sent."""


class ClientDisconnected(Exception):
    """The client disconnected before it had sent its whole body, so no response is possible."""


async def read_json(scope: Scope, receive: Receive, body: RequestBody, limit: int) -> Any:
    """Read and parse the body, or return ABSENT if an optional body was not sent.

    Raises UnsupportedMediaType, ContentTooLarge, MalformedBody or Invalid, in this order.
    """
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name.startswith(b"content-"):
            # A repeated field is one list (RFC 9110, section 5.3), which is not a media type.
            headers[name] = headers[name] + b", " + value if name in headers else value
    has_body = headers.get(b"content-length", b"0") != b"0" or any(
        name == b"transfer-encoding" for name, _ in scope["headers"]
    )
    if b"content-range" in headers and scope["method"] == "PUT":
        # Storing a part as if it were the whole would destroy the rest (RFC 9110, section 14.5).
        raise MalformedBody("The body must be whole, without Content-Range")
    if has_body or b"content-type" in headers:
        _check_media_type(headers, body.media_types, scope["method"])
    data = await _read(receive, headers, limit) if has_body else b""
    if not data and b"content-type" not in headers:
        if body.required:
            raise MalformedBody("The body is missing")
        return ABSENT
    return parse(data)


def _check_media_type(headers: Mapping[bytes, bytes], media_types: Collection[str], method: str) -> None:
    field = headers.get(b"content-type", b"").decode("latin-1")
    if field in media_types and b"content-encoding" not in headers:
        # Nearly every request names the media type alone, and needs no parsing.
        return
    # RFC 9110, section 12.5.1, and for PATCH RFC 5789, section 2.2.
    accepted = {"Accept-Patch" if method == "PATCH" else "Accept": ", ".join(media_types)}
    essence, charset = _media_type(field)
    if essence not in media_types or charset != "utf-8":
        raise UnsupportedMediaType(f"The body must be {' or '.join(media_types)} in UTF-8", accepted)
    codings = headers.get(b"content-encoding", b"identity").lower().split(b",")
    if any(coding.strip() not in (b"identity", b"") for coding in codings):
        # Accept-Encoding tells the client that the content coding is the cause (RFC 9110, section 15.5.16).
        raise UnsupportedMediaType(
            "The body must not be compressed", accepted | {"Accept-Encoding": "identity"}
        )


_WORD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_PARAMETER = f"({_WORD})=({_WORD}|{_QUOTED})"
# A semicolon need not have a parameter (RFC 9110, section 5.6.6).
_MEDIA_TYPE = re.compile(rf"({_WORD}/{_WORD})[ \t]*((?:;[ \t]*(?:{_PARAMETER}[ \t]*)?)*)")


def _media_type(field: str) -> tuple[str, str]:
    """Return the media type without parameters and its charset, in lower case; "" and "" if it is malformed.

    (RFC 9110, section 8.3.1.) JSON without a charset is UTF-8 (RFC 8259, section 8.1).
    """
    match = _MEDIA_TYPE.fullmatch(field)
    if match is None:
        return "", ""
    parameters = [(name.lower(), value) for name, value in re.findall(_PARAMETER, match[2])]
    values = dict(parameters)
    if len(values) < len(parameters):
        # A duplicated parameter is an error with no defined meaning (RFC 6838, section 4.3).
        return "", ""
    charset = values.get("charset", "utf-8")
    if charset.startswith('"'):
        charset = re.sub(r"\\(.)", r"\1", charset[1:-1])
    return match[1].lower(), charset.lower()


async def _read(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    length = headers.get(b"content-length", b"").lstrip(b"0")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise ContentTooLarge(limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        # Nearly every body arrives in one message.
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


MAX_DEPTH = 128
"""The maximum nesting of arrays and objects in a body.

Far below the limits of the parsers and the validator: orjson 1024, Python's decoder about 1000, jsonschema-rs
255.
"""

_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"?|[^][{}"]+', re.DOTALL)
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class _DuplicateName(ValueError):
    """An object has two members with one name, which parsers read differently (RFC 8259, section 4)."""


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        raise _DuplicateName
    return result


def _no_constant(name: str) -> None:
    """Reject NaN and Infinity, which the standard library accepts."""
    raise ValueError(name)


_unique_names = json.JSONDecoder(object_pairs_hook=_unique)


def parse(data: bytes) -> Any:
    """Parse JSON text (RFC 8259) in UTF-8 without byte order mark.

    Raises MalformedBody for invalid JSON, and Invalid for valid JSON beyond the limits of this implementation
    (section 9).

    orjson rejects lone surrogates, NaN, Infinity and numbers beyond a double, all in linear time. It does not
    detect duplicate member names, and rounds integers beyond 64 bits to doubles. So the standard library's
    decoder then produces the value (about 1 µs for a small body).
    """
    # Only a body with that many brackets can be nested so deeply.
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        raise _beyond(f"The body is nested deeper than {MAX_DEPTH} levels", "depth")
    try:
        orjson.loads(data)
        return _unique_names.decode(data.decode())
    except _DuplicateName:
        raise MalformedBody("The body names a member twice") from None
    except orjson.JSONDecodeError:
        if _is_json_but_for_range(data):
            raise _beyond("A number is beyond the range of a double", "range") from None
        raise MalformedBody("The body is not valid JSON in UTF-8") from None


def _depth(data: bytes) -> int:
    brackets = _STRUCTURE.sub(b"", data)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _is_json_but_for_range(data: bytes) -> bool:
    """Return whether a text that orjson rejects is JSON with a number beyond a double."""
    beyond: list[str] = []

    def number(text: str) -> float:
        if math.isinf(float(text)):
            beyond.append(text)
        return 0.0

    decoder = json.JSONDecoder(
        object_pairs_hook=_unique, parse_int=number, parse_float=number, parse_constant=_no_constant
    )
    try:
        decoder.decode(data.decode())
    except ValueError:
        return False
    return bool(beyond)


def _beyond(message: str, rule: str) -> Invalid:
    return Invalid([ValidationErrorItem(("body",), message, rule)])
