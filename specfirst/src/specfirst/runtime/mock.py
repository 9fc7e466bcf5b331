"""Mock an operation, for clients that are written before the server.

The request passes through the whole engine; only the implementation is replaced. The response is an example
of the contract if there is one, else a value that is made from the schema; an `externalValue` is not read,
since it may be anywhere, and lint reports it. The header `X-Mock` says which: `example` or `schema`. The
status is the operation's lowest success, unless the client sends a preference, as for Prism (RFC 7240):

    Prefer: code=404
    Prefer: code=200, example=empty
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from specfirst.contract.document import (
    Document,
    MediaType,
    Operation,
    Pointer,
    Response,
    essence_of,
    is_json,
    pointer_text,
)
from specfirst.runtime.asgi import HTTPResponse
from specfirst.runtime.errors import Invalid, NotImplementedYet, ValidationErrorItem
from specfirst.runtime.multipart import encoding_at
from specfirst.runtime.negotiation import negotiated
from specfirst.runtime.values import NoValue, Values, sendable
from specfirst.runtime.xmltext import to_xml

log = logging.getLogger("specfirst")

MARK = "X-Mock"
"""The response header that marks mock responses."""

_ITEMS = 3
"""The number of items of a stream."""

_CONCRETE = {"text": "text/plain", "image": "image/png", "audio": "audio/mpeg", "video": "video/mp4"}
_TEXTS = {"application": "application/octet-stream", "*": "text/plain"}


class NoExample(NotImplementedYet):
    """The contract has no example of a response, and no value of its schema was found."""

    def __init__(self, part: str, pointer: Pointer) -> None:
        Exception.__init__(self, part)
        place = pointer_text(pointer)
        self.detail = f"The mock found no value for the {part} at {place}; add an `example` to the contract"
        self.headers = {}


class Mock:
    """The mock responses of one operation; each is made when it is first requested, and always the same."""

    def __init__(self, document: Document, operation: Operation, values: Values) -> None:
        self._document, self._operation, self._values = document, operation, values
        self._made: dict[tuple[str, str | None, str | None], HTTPResponse] = {}

    def response(self, headers: Iterable[tuple[bytes, bytes]]) -> HTTPResponse:
        """Return the response that the client prefers.

        Raises Invalid if the contract has no such response, and NoExample.
        """
        headers = [*headers]
        preferences = _preferences(headers)
        code = preferences.get("code", default_status(self._operation.declared))
        is_status = code.isdecimal() and len(code) == 3 and "100" <= code <= "599"
        declared = self._operation.response(int(code)) if is_status else None
        if declared is None:
            raise _refused("response", self._operation.declared)
        # Of media types that differ in parameters only, the first.
        media_types = {media_type.essence: media_type for media_type in reversed(declared.content)}
        preferred = negotiated([*reversed(media_types)], headers) if media_types else None
        name = preferences.get("example")
        kept = (code, preferred, name)
        if kept not in self._made:
            media_type = None if preferred is None else media_types[preferred]
            self._made[kept] = self._response(int(code), declared, media_type, name)
        return self._made[kept]

    def fitting(self, response: HTTPResponse) -> HTTPResponse:
        """Return an error response of the engine, or one of the contract if that does not allow its body."""
        declared = self._operation.response(response.status)
        if declared is None:
            return response
        sent = {name for name, _ in response.headers}
        required = (field for field in self._headers(declared, response.status) if field[0] not in sent)
        headers = [*response.headers, *required]
        media_type = next(iter(declared.content), None)
        if media_type is None or not response.body or self._allows(media_type, response):
            return response._replace(headers=headers)
        made = self._response(response.status, declared, media_type, None)
        kept = [field for field in headers if field[0] != b"content-type"]
        given = {name for name, _ in kept}
        return made._replace(headers=[*kept, *(field for field in made.headers if field[0] not in given)])

    def _allows(self, media_type: MediaType, response: HTTPResponse) -> bool:
        if media_type.codec == "text":
            return dict(response.headers).get(b"content-type", b"").startswith(media_type.essence.encode())
        if media_type.codec != "json" or media_type.schema is False:
            return False
        if media_type.schema in (None, True):
            return True
        return self._values.validator(media_type.schema).is_valid(json.loads(response.body))

    def _response(
        self, status: int, declared: Response, media_type: MediaType | None, name: str | None
    ) -> HTTPResponse:
        source, body = "example", b""
        headers = [*self._headers(declared, status)]
        if media_type is None:
            if name not in (None, "example"):
                raise _refused("example", ["example"])
        else:
            source, value = self._body(media_type, status, name)
            concrete = _concrete(media_type.name, value)
            if _is_xml(media_type.essence) and not isinstance(value, str):
                schema = {} if media_type.schema is None else media_type.schema
                body = to_xml(self._document, schema, (*media_type.pointer, "schema"), value).encode()
            else:
                body = _encoded(value, media_type, streamed=media_type.streams and isinstance(value, list))
            if media_type.codec == "multipart":
                concrete = f"{concrete}; boundary={_BOUNDARY}"
            headers.append((b"content-type", concrete.encode()))
        mark = (MARK.lower().encode(), b"example" if source == "example" else b"schema")
        return HTTPResponse(status, [mark, *headers], body)

    def _body(self, media_type: MediaType, status: int, name: str | None) -> tuple[str, Any]:
        """Return where the body is from ("example", "schema" or "items"), and the body."""
        schema, pointer = media_type.schema, media_type.pointer
        examples = _examples(self._document, self._document.get(pointer), pointer)
        key = f"{self._operation.operation_id} {status}"
        if name is not None:
            if name in examples:
                return "example", examples[name]
            if name != "example" or examples:
                raise _refused("example", [*examples] or ["example"])
        validator = self._values.validator(schema) if isinstance(schema, Mapping) else None
        for found, value in examples.items():
            if validator is None or media_type.codec != "json":
                return "example", value
            value = sendable(validator, value)
            if validator.is_valid(value):
                return "example", value
            log.warning(
                "The mock does not use the example %r at %s: it does not match the schema",
                found,
                pointer_text(pointer),
            )
        schema = media_type.list_schema
        try:
            if media_type.streams and media_type.item_schema is not None:
                items = [self._values.value(media_type.item_schema, f"{key} {n}") for n in range(_ITEMS)]
                return "items", items
            return "schema", self._values.value({} if schema is None else schema, key)
        except NoValue:
            raise NoExample("body", pointer) from None

    def _headers(self, declared: Response, status: int) -> Iterator[tuple[bytes, bytes]]:
        nodes = self._document.get(declared.pointer).get("headers", {})
        for header in declared.headers:
            where = (*declared.pointer, "headers", header.name)
            node, pointer = self._document.follow(nodes[header.name], where)
            if header.media_type is not None:
                # Its examples are those of its media type.
                node, pointer = self._document.follow(
                    node["content"][header.media_type], (*pointer, "content", header.media_type)
                )
            is_written = header.media_type is not None and is_json(essence_of(header.media_type))
            examples = [*_examples(self._document, node, pointer).values()]
            if not examples and not header.required:
                continue
            try:
                key = f"{self._operation.operation_id} {status} {header.name}"
                value = examples[0] if examples else self._values.value(header.schema, key)
            except NoValue:
                raise NoExample(f"header {header.name}", pointer) from None
            name = header.name.lower().encode()
            for part in value if name == b"set-cookie" and isinstance(value, list) else [value]:
                yield name, json.dumps(part).encode() if is_written else _field(part, explode=header.explode)


def default_status(declared: Collection[str]) -> str:
    """Return the lowest success, or else 200 for `default`, or else the lowest status."""
    statuses = sorted(key.lower().replace("xx", "00") for key in declared if key != "default")
    successes = [status for status in statuses if "200" <= status < "400"]
    return next(iter(successes), "200" if "default" in declared or not statuses else statuses[0])


def _refused(what: str, there: Iterable[str]) -> Invalid:
    message = f"The contract has no such {what}; it has {', '.join(there)}"
    return Invalid([ValidationErrorItem(("header", "Prefer"), message, "preference")])


def _preferences(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Parse `Prefer`; the first of repeated preferences counts, and parameters are ignored."""
    found: dict[str, str] = {}
    for field, value in headers:
        if field == b"prefer":
            for preference in value.decode("latin-1").split(","):
                name, _, wanted = preference.partition(";")[0].partition("=")
                found.setdefault(name.strip().lower(), wanted.strip().strip('"'))
    return found


def _is_xml(essence: str) -> bool:
    return essence in ("application/xml", "text/xml") or essence.endswith("+xml")


def _concrete(media_type: str, value: Any) -> str:
    """Return a media type of this value that a range such as `image/*` includes."""
    kind, _, subtype = media_type.partition("/")
    if subtype.partition(";")[0].strip() != "*":
        return media_type
    if kind not in _TEXTS:
        return _CONCRETE.get(kind, f"{kind}/x-mock")
    return _TEXTS[kind] if isinstance(value, str) else "application/json"


def _encoded(value: Any, media_type: MediaType, *, streamed: bool) -> bytes:
    """Write a value in the syntax of a media type; a text is already written, except in JSON."""
    if streamed:
        before, after = {"sse": ("data: ", "\n\n"), "sequence": ("\x1e", "\n")}.get(
            media_type.codec, ("", "\n")
        )
        lines = (json.dumps(item, ensure_ascii=False) for item in value)
        return "".join(f"{before}{line}{after}" for line in lines).encode()
    if media_type.codec != "json" and isinstance(value, str):
        return value.encode()
    if media_type.codec == "multipart" and isinstance(value, list | Mapping):
        return _multipart(value, media_type)
    if media_type.codec == "form" and isinstance(value, Mapping):
        return urlencode(value, doseq=True).encode()
    return json.dumps(value, ensure_ascii=False).encode()


_BOUNDARY = "specfirst"


def _multipart(value: Sequence[Any] | Mapping[str, Any], media_type: MediaType) -> bytes:
    """Write the parts of a multipart body, by name or by place."""
    lines: list[str] = []
    named = isinstance(value, Mapping)
    for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
        encoding = media_type.encoding.get(str(key), {}) if named else encoding_at(media_type, int(key))
        default = "text/plain" if isinstance(part, str) else "application/json"
        name = encoding.get("contentType", "").partition(",")[0].strip() or default
        lines.append(f"--{_BOUNDARY}")
        lines += [f'Content-Disposition: form-data; name="{key}"'] if named else []
        lines += [f"Content-Type: {_concrete(name, part)}", ""]
        lines.append(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False))
    return "\r\n".join([*lines, f"--{_BOUNDARY}--", ""]).encode()


def _field(value: Any, *, explode: bool) -> bytes:
    """Write a header's value in the style `simple` (OpenAPI 3.1, section 4.8.12.4)."""
    if isinstance(value, list):
        return b",".join(_field(item, explode=False) for item in value)
    if isinstance(value, dict):
        pairs = [f"{key}={item}" if explode else f"{key},{item}" for key, item in value.items()]
        return _field(",".join(pairs), explode=False)
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(one if one.isascii() and one.isprintable() else "?" for one in text).encode()


def _examples(document: Document, node: Any, pointer: Pointer) -> Mapping[str, Any]:
    """Return the examples of a header or a media type by name, or else those of its schema."""
    node, pointer = document.follow(node, pointer)
    named = {
        name: document.follow(example, (*pointer, "examples", name))[0]
        for name, example in node.get("examples", {}).items()
    }
    found = {name: example["value"] for name, example in named.items() if "value" in example}
    if "example" in node:
        found = {"example": node["example"]}
    if not found:
        schema, _ = document.follow(node.get("schema", {}), (*pointer, "schema"))
        if not isinstance(schema, Mapping):
            return found
        values = [schema["example"]] if "example" in schema else schema.get("examples", [])
        found = {"example": values[0]} if values else {}
    return found
