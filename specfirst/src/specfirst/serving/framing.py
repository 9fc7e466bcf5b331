"""HTTP/1.1 requests as bytes: where each one begins and ends, and what its head says (RFC 9112).

One parser decides the framing, so no byte of a request can be parsed as another request. It accepts the
grammar of RFC 9112 and RFC 9110 and none of the leniencies that they allow: no bare CR or LF as a line end,
no folded lines, no space before a colon, no second Host, Content-Length or transfer coding. Every other
request raises UnreadableRequest, and the connection closes, because no following byte can be trusted.

The patterns use possessive quantifiers (`*+`), so their time is linear in the length of the input.
"""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus
from ipaddress import IPv6Address
from typing import NamedTuple, NoReturn

from specfirst.runtime.errors import UnreadableRequest

# A request line and header fields, or trailer fields, may have this many bytes, and this many fields.
HEAD_BYTES = 64 * 1024
HEADERS = 256
# A DNS name has at most 255 bytes; a port may follow.
HOST_BYTES = 255 + 6
# A chunk's size and extensions may have this many bytes (RFC 9112, section 7.1.1).
CHUNK_LINE_BYTES = 4096

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_FIELD = _TOKEN + rb":[\t -~\x80-\xff]*+\r\n"
_FIELDS = rb"((?:" + _FIELD + rb")*+)"
# Browsers send some printable characters that RFC 3986 does not allow, such as `|`. A fragment is never sent.
_LINE = rb"(" + _TOKEN + rb") ([!\"$-~]++) HTTP/1\.([0-9])\r\n"
_HEAD = re.compile(_LINE + _FIELDS + rb"\r\n")
_SPLIT = re.compile(rb"([^:]++):([^\r]*+)\r\n")

# A valid prefix of a head: complete lines, and the beginning of another one.
_PARTIAL_LINE = re.compile(rb"(?:[!#-'*+\-.^_`|~0-9A-Za-z][ -~]*+)?\r?")
_COMPLETE_LINES = re.compile(_LINE + _FIELDS)
_PARTIAL_FIELD = re.compile(rb"(?:" + _TOKEN + rb"(?::[\t -~\x80-\xff]*+)?)?\r?")
_OTHER_VERSION = re.compile(_TOKEN + rb" [^ ]++ HTTP/([0-9])\.[0-9]\r?\n")
_NAME = re.compile(_TOKEN)
_EMPTY_LINES = re.compile(rb"(?:\r\n)*+")
_METHOD = re.compile(rb"(" + _TOKEN + rb") ")

_HOST_NAME = rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})++"
_HOST = re.compile(rb"(?:" + _HOST_NAME + rb"|\[([0-9A-Fa-f:.]++)\])(?::[0-9]{0,5})?")
_ABSOLUTE = re.compile(rb"https?://([^/?]++)(.*+)", re.IGNORECASE)

_EXTENSION = (
    rb"[ \t]*+;[ \t]*+"
    + _TOKEN
    + rb"(?:[ \t]*+=[ \t]*+(?:"
    + _TOKEN
    + rb'|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*+"))?+'
)
_CHUNK = rb"([0-9A-Fa-f]++)(?:" + _EXTENSION + rb")*+\r\n"
_PARTIAL_CHUNK = rb"(?:[0-9A-Fa-f]++(?:[ \t]*+(?:;[\t -~\x80-\xff]*+)?)\r?)?"
# The line of a chunk after the first begins with the line end of the previous chunk's data.
_FIRST = re.compile(_CHUNK), re.compile(_PARTIAL_CHUNK)
_NEXT = re.compile(rb"\r\n" + _CHUNK), re.compile(rb"(?:\r(?:\n" + _PARTIAL_CHUNK + rb")?)?")
_TRAILERS = re.compile(_FIELDS + rb"\r\n")
_COMPLETE_TRAILERS = re.compile(_FIELDS)

TOO_LARGE = "The request is too large"
HEAD_TOO_LARGE = "The head of the request is too large"
_REQUEST = "The request line must be METHOD TARGET HTTP/1.1"
_TARGET = "The request target must be a path, or an http URL with a host"
_FIELD_LINE = "Each header field must be a line NAME: VALUE that ends with CR LF"
_HOST_ONCE = "The Host header must be there once and name one host"
_LENGTH = "Content-Length must be one number"
_CODING = "Transfer-Encoding must be chunked, without Content-Length, and not in HTTP/1.0"
_CHUNKS = "The chunks of the body are malformed"


class Head(NamedTuple):
    """The head of a request. The length of the body is None if it comes in chunks."""

    method: str
    path: bytes
    query: bytes
    version: str
    headers: list[tuple[bytes, bytes]]
    length: int | None
    expects_continue: bool
    keep_alive: bool
    end: int
    """The size of the head in bytes."""


def read_head(data: bytes) -> Head | None:
    """Read the head at the beginning of `data`, or give None if more of it has to arrive.

    Raises UnreadableRequest as soon as the bytes cannot become a valid head.
    """
    match = _HEAD.match(data)
    if match is None:
        _check_partial(data)
        return None
    method, target, minor, fields = match.groups()
    # `strip` can only remove spaces and tabs here.
    headers = [(name.lower(), value.strip()) for name, value in _SPLIT.findall(fields)]
    end = match.end()
    if end > HEAD_BYTES:
        _refuse_size(data)
    if len(headers) > HEADERS:
        raise UnreadableRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, HEAD_TOO_LARGE)
    # Fields of one name form a list (RFC 9110, section 5.3), and a list is never a valid host or length.
    values = dict(headers)
    if len(values) != len(headers):
        values = _joined(headers)
    latest = minor != b"0"
    host = values.get(b"host")
    if (latest and host is None) or (host is not None and not _is_host(host)):
        _reject(_HOST_ONCE)
    if target[0] != 0x2F or method == b"CONNECT":
        target = _reduced(method, target, headers)
    path, _, query = target.partition(b"?")
    length: int | None = 0
    if b"content-length" in values or b"transfer-encoding" in values:
        length = _length(values, latest)
    expects_continue = False
    if latest and b"expect" in values and _expects_continue(values[b"expect"]):
        expects_continue = length != 0
    return Head(
        method.decode("ascii"),
        path,
        query,
        "1.1" if latest else "1.0",
        headers,
        length,
        expects_continue,
        latest and not (b"connection" in values and _closes(values[b"connection"])),
        end,
    )


def continues_line(lines: bytes, data: bytes) -> bool:
    """Return whether `data` only extends the last of these lines, so that they need not be matched again."""
    size = len(lines) + len(data)
    return size <= HEAD_BYTES and b"\n" not in data and b"\r" not in data and not lines.endswith(b"\r")


def without_empty_lines(data: bytes) -> bytes:
    """Drop empty lines in front of a request (RFC 9112, section 2.2)."""
    match = _EMPTY_LINES.match(data)
    return data[match.end() :] if match else data


def known(data: bytes) -> tuple[str, list[tuple[bytes, bytes]]]:
    """Return the method (GET if there is none) and the valid header fields of a rejected head."""
    match = _METHOD.match(data)
    lines = data[:HEAD_BYTES].partition(b"\r\n\r\n")[0].split(b"\r\n")[1 : HEADERS + 1]
    fields = [line.split(b":", 1) for line in lines if re.fullmatch(_FIELD, line + b"\r\n")]
    headers = [(name.lower(), value.strip(b" \t")) for name, value in fields]
    return match[1].decode("ascii") if match else "GET", headers


def _reject(detail: str) -> NoReturn:
    raise UnreadableRequest(HTTPStatus.BAD_REQUEST, detail)


def _refuse_size(data: bytes) -> NoReturn:
    if b"\n" in data[:HEAD_BYTES]:
        raise UnreadableRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, HEAD_TOO_LARGE)
    raise UnreadableRequest(HTTPStatus.REQUEST_URI_TOO_LONG, "The request target is too long")


def _refuse_line(data: bytes) -> NoReturn:
    version = _OTHER_VERSION.match(data)
    if version and version[1] != b"1":
        raise UnreadableRequest(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "The HTTP version must be 1.1 or 1.0")
    _reject(_REQUEST)


def _check_partial(data: bytes) -> None:
    """Raise UnreadableRequest if more bytes cannot make this a valid head."""
    if lines := _COMPLETE_LINES.match(data):
        if lines[4].count(b"\n") > HEADERS:
            raise UnreadableRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, HEAD_TOO_LARGE)
        if not _PARTIAL_FIELD.fullmatch(data, lines.end()):
            _reject(_FIELD_LINE)
    elif not _PARTIAL_LINE.fullmatch(data):
        _refuse_line(data)
    if len(data) > HEAD_BYTES:
        _refuse_size(data)


def _joined(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        values[name] = values[name] + b", " + value if name in values else value
    return values


def _closes(connection: bytes) -> bool:
    return b"close" in connection.lower() and b"close" in _members(connection)


def _members(value: bytes) -> set[bytes]:
    """Return the members of a list, in lower case; it may have empty elements (RFC 9110, section 5.6.1.2)."""
    return {member.strip(b" \t").lower() for member in value.split(b",")} - {b""}


@lru_cache(64)
def _is_host(value: bytes) -> bool:
    if len(value) > HOST_BYTES:
        return False
    match = _HOST.fullmatch(value)
    if match is None or match[1] is None:
        return match is not None
    try:
        IPv6Address(match[1].decode("ascii"))
    except ValueError:
        return False
    return True


def _reduced(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Reduce a target that is not a path to its path and query (RFC 9112, section 3.2)."""
    if method == b"CONNECT":
        if _is_host(target):
            # RFC 9110, section 9.1. Bytes for the tunnel may follow, so the connection cannot be used again.
            raise UnreadableRequest(HTTPStatus.NOT_IMPLEMENTED, "The method CONNECT is not implemented")
        _reject(_TARGET)
    if target == b"*" and method == b"OPTIONS":
        return target
    match = _ABSOLUTE.fullmatch(target)
    if match is None or not _is_host(match[1]):
        _reject(_TARGET)
    # The target's host replaces the one in the header (section 3.2.2).
    headers[:] = [(b"host", match[1]), *(field for field in headers if field[0] != b"host")]
    return match[2] if match[2].startswith(b"/") else b"/" + match[2]


def _length(values: dict[bytes, bytes], latest: bool) -> int | None:
    """Return the length of the body, or None if it is chunked (RFC 9112, section 6)."""
    coding, length = values.get(b"transfer-encoding"), values.get(b"content-length")
    if coding is None:
        assert length is not None
        if not length.isdigit():
            _reject(_LENGTH)
        digits = length.lstrip(b"0") or b"0"
        if len(digits) > 18:
            raise UnreadableRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
        return int(digits)
    if length is not None or not latest:
        _reject(_CODING)
    if coding.lower() == b"chunked":
        return None
    names = [member.partition(b";")[0].strip(b" \t").lower() for member in coding.split(b",")]
    if b"chunked" in names[:-1] or names == [b"chunked"] or not all(_NAME.fullmatch(n) for n in names):
        _reject(_CODING)
    raise UnreadableRequest(HTTPStatus.NOT_IMPLEMENTED, "The only transfer coding is chunked")


def _expects_continue(value: bytes) -> bool:
    """Return whether the client waits for 100 Continue (RFC 9110, section 10.1.1)."""
    members = _members(value)
    if members - {b"100-continue"}:
        raise UnreadableRequest(HTTPStatus.EXPECTATION_FAILED, "The only expectation is 100-continue")
    return bool(members)


class Sized:
    """Reads a body of known length."""

    __slots__ = ("_left",)

    def __init__(self, length: int) -> None:
        self._left = length

    def read(self, data: bytes) -> tuple[bytes, bytes, bool]:
        """Return the content in `data`, the bytes that follow the body, and whether the body has ended."""
        content = data[: self._left]
        self._left -= len(content)
        return content, data[len(content) :], not self._left


class Chunked:
    """Reads a body in chunks (RFC 9112, section 7.1).

    Trailer fields are checked and dropped: they must never become header fields (RFC 9110, section 6.5.1).
    """

    __slots__ = ("_left", "_line", "_partial_line", "_rest", "_trailers")

    def __init__(self) -> None:
        self._line, self._partial_line = _FIRST
        # The remaining bytes of this chunk, and bytes that are the beginning of a line.
        self._left, self._rest = 0, b""
        self._trailers = False

    def read(self, data: bytes) -> tuple[bytes, bytes, bool]:
        """Return the content in `data`, the bytes that follow the body, and whether the body has ended.

        Raises UnreadableRequest as soon as the bytes cannot become a valid body.
        """
        if self._trailers and continues_line(self._rest, data):
            # Without this, trailers that arrive byte by byte would be matched again for each byte.
            self._rest += data
            return b"", b"", False
        data, self._rest = self._rest + data, b""
        content = []
        at = 0
        while not self._trailers:
            if self._left:
                piece = data[at : at + self._left]
                content.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    return b"".join(content), b"", False
            match = self._line.match(data, at)
            end = match.end() if match else len(data)
            if match is None and not self._partial_line.fullmatch(data, at):
                _reject(_CHUNKS)
            if end - at > CHUNK_LINE_BYTES:
                raise UnreadableRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
            if match is None:
                self._rest = data[at:]
                return b"".join(content), b"", False
            self._left = int(match[1], 16)
            if self._left >= 1 << 63:
                raise UnreadableRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
            self._line, self._partial_line = _NEXT
            self._trailers, at = not self._left, end
        ended = self._end_of_trailers(data, at)
        if ended is None:
            self._rest = data[at:]
            return b"".join(content), b"", False
        return b"".join(content), data[ended:], True

    def _end_of_trailers(self, data: bytes, at: int) -> int | None:
        match = _TRAILERS.match(data, at)
        fields = match or _COMPLETE_TRAILERS.match(data, at)
        # An empty prefix.
        assert fields is not None
        end = match.end() if match else len(data)
        if end - at > HEAD_BYTES or fields[1].count(b"\n") > HEADERS:
            raise UnreadableRequest(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The trailers of the request are too large"
            )
        if match is None and not _PARTIAL_FIELD.fullmatch(data, fields.end()):
            _reject(_FIELD_LINE)
        return match.end() if match else None
