"""Mock an operation, for clients that are written before the server.

The request passes through the whole engine; only the implementation is replaced. The response is an example
of the contract if there is one, else a value that is made from the schema. The header `X-Mock` says which:
`example` or `schema`. The status is the operation's lowest success, unless the client sends a preference, as
for Prism (RFC 7240):

    Prefer: code=404
    Prefer: code=200, example=empty
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from specfirst.contract.document import Document, Operation, Pointer, is_json, pointer_text
from specfirst.runtime.asgi import HTTPResponse
from specfirst.runtime.errors import Invalid, NotImplementedYet, ValidationErrorItem
from specfirst.runtime.values import NoValue, Values

log = logging.getLogger("specfirst")

MARK = "X-Mock"
"""The response header that marks mock responses."""

_ITEMS = 3
"""The number of items of a stream."""

_CONCRETE = {"text": "text/plain", "image": "image/png", "audio": "audio/mpeg", "video": "video/mp4"}


class NoExample(NotImplementedYet):
    """The contract has no example of a response, and no value of its schema was found."""

    def __init__(self, part: str, pointer: Pointer) -> None:
        Exception.__init__(self, part)
        place = pointer_text(pointer)
        self.detail = f"The mock found no value for the {part} at {place}; add an `example` to the contract"
        self.headers = {}


@dataclass(frozen=True)
class _Content:
    """A media type that a response declares."""

    media_type: str
    node: Mapping[str, Any]
    pointer: Pointer


class Mock:
    """The mock responses of one operation; each is made when it is first requested, and always the same."""

    def __init__(self, document: Document, operation: Operation, values: Values) -> None:
        self._document, self._operation, self._values = document, operation, values
        self._declared = {str(key): response.pointer for key, response in operation.responses.items()}
        self._made: dict[tuple[str, int | None, str | None], HTTPResponse] = {}

    def response(self, headers: Iterable[tuple[bytes, bytes]]) -> HTTPResponse:
        """Return the response that the client prefers.

        Raises Invalid if the contract has no such response, and NoExample.
        """
        headers = [*headers]
        preferences = _preferences(headers)
        code = preferences.get("code", default_status(self._declared))
        declared = self._declared.get(key) if (key := _declaration(self._declared, code)) else None
        if declared is None:
            raise _refused("response", self._declared)
        contents = self._contents(declared)
        preferred = _preferred(headers, [content.media_type for content in contents])
        content = None if preferred is None else contents[preferred]
        name = preferences.get("example")
        kept = (code, preferred, name)
        if kept not in self._made:
            self._made[kept] = self._response(int(code), declared, content, name)
        return self._made[kept]

    def fitting(self, response: HTTPResponse) -> HTTPResponse:
        """Return an error response of the engine, or one of the contract if that does not allow its body."""
        key = _declaration(self._declared, str(response.status))
        if key is None:
            return response
        declared, body = self._declared[key], response.body
        sent = {name for name, _ in response.headers}
        headers = [
            *response.headers,
            *(f for f in self._headers(declared, response.status) if f[0] not in sent),
        ]
        contents = self._contents(declared)
        if not contents or not body or self._allows(contents[0], body):
            return response._replace(headers=headers)
        made = self._response(response.status, declared, contents[0], None)
        kept = [field for field in headers if field[0] != b"content-type"]
        given = {name for name, _ in kept}
        return made._replace(headers=[*kept, *(field for field in made.headers if field[0] not in given)])

    def _allows(self, content: _Content, body: bytes) -> bool:
        schema = content.node.get("schema", True)
        if not is_json(content.media_type) or schema is False:
            return False
        return schema is True or self._values.validator(schema).is_valid(json.loads(body))

    def _contents(self, declared: Pointer) -> list[_Content]:
        node, where = self._document.follow(self._document.get(declared), declared)
        return [
            _Content(media_type, *self._document.follow(child, (*where, "content", media_type)))
            for media_type, child in node.get("content", {}).items()
        ]

    def _response(
        self, status: int, declared: Pointer, content: _Content | None, name: str | None
    ) -> HTTPResponse:
        source, body = "example", b""
        headers = [*self._headers(declared, status)]
        if content is None:
            if name not in (None, "example"):
                raise _refused("example", ["example"])
        else:
            source, value = self._body(content, status, name)
            media_type = _concrete(content.media_type)
            body = _encoded(value, media_type, streamed=source == "items")
            headers.append((b"content-type", media_type.encode()))
        mark = (MARK.lower().encode(), b"example" if source == "example" else b"schema")
        return HTTPResponse(status, [mark, *headers], body)

    def _body(self, content: _Content, status: int, name: str | None) -> tuple[str, Any]:
        """Return where the body is from ("example", "schema" or "items"), and the body."""
        schema, examples = (
            content.node.get("schema"),
            _examples(self._document, content.node, content.pointer),
        )
        key = f"{self._operation.operation_id} {status}"
        if name is not None:
            if name in examples:
                return "example", examples[name]
            if name != "example" or examples:
                raise _refused("example", [*examples] or ["example"])
        valid = self._values.validator(schema).is_valid if isinstance(schema, Mapping) else None
        for found, value in examples.items():
            if valid is None or valid(value) or not is_json(content.media_type):
                return "example", value
            log.warning(
                "The mock does not use the example %r at %s: it does not match the schema",
                found,
                pointer_text(content.pointer),
            )
        try:
            if schema is None and "itemSchema" in content.node:
                items = [self._values.value(content.node["itemSchema"], f"{key} {n}") for n in range(_ITEMS)]
                return "items", items
            return "schema", self._values.value({} if schema is None else schema, key)
        except NoValue:
            raise NoExample("body", content.pointer) from None

    def _headers(self, declared: Pointer, status: int) -> Iterator[tuple[bytes, bytes]]:
        node, where = self._document.follow(self._document.get(declared), declared)
        for name, child in node.get("headers", {}).items():
            header, pointer = self._document.follow(child, (*where, "headers", name))
            if name.lower() == "content-type":
                # OpenAPI ignores it.
                continue
            examples = [*_examples(self._document, header, pointer).values()]
            if not examples and not header.get("required"):
                continue
            try:
                key = f"{self._operation.operation_id} {status} {name}"
                value = examples[0] if examples else self._values.value(header.get("schema", {}), key)
            except NoValue:
                raise NoExample(f"header {name}", pointer) from None
            yield name.lower().encode(), _field(value, explode=header.get("explode", False))


def default_status(declared: Collection[str]) -> str:
    """Return the lowest success, or else 200 for `default`, or else the lowest status."""
    statuses = sorted(key.lower().replace("xx", "00") for key in declared if key != "default")
    successes = [status for status in statuses if status < "400"]
    return next(iter(successes), "200" if "default" in declared or not statuses else statuses[0])


def _declaration(declared: Mapping[str, Any], code: str) -> str | None:
    """Return the key that declares a status: itself, its range, or `default`."""
    if not (code.isdecimal() and len(code) == 3 and "100" <= code <= "599"):
        return None
    keys = {key.lower(): key for key in declared}
    return next((keys[key] for key in (code, f"{code[0]}xx", "default") if key in keys), None)


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


def _preferred(headers: Iterable[tuple[bytes, bytes]], media_types: Sequence[str]) -> int | None:
    """Return the index of the media type that `Accept` prefers, or None if there is no media type.

    (RFC 9110, section 12.5.1.)
    """
    if len(media_types) < 2:
        return 0 if media_types else None
    ranges = []
    for part in b",".join(value for name, value in headers if name == b"accept").decode("latin-1").split(","):
        name, *parameters = (text.strip().lower() for text in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        if name and quality.replace(".", "", 1).isdecimal():
            ranges.append((name, float(quality)))

    def quality_of(media_type: str) -> float:
        essence = media_type.partition(";")[0].strip().lower()
        for wanted in (essence, f"{essence.partition('/')[0]}/*", "*/*"):
            if found := [quality for name, quality in ranges if name == wanted]:
                return found[0]
        return 0.0

    best = max(range(len(media_types)), key=lambda index: (quality_of(media_types[index]), -index))
    return best if ranges else 0


def _concrete(media_type: str) -> str:
    """Return a media type that a range such as `image/*` includes."""
    kind, _, subtype = media_type.partition("/")
    if subtype.partition(";")[0].strip() != "*":
        return media_type
    return _CONCRETE.get(kind, "application/json")


def _encoded(value: Any, media_type: str, *, streamed: bool = False) -> bytes:
    """Write a value in the syntax of a media type; a text is already written, except in JSON."""
    essence = media_type.partition(";")[0].strip().lower()
    if streamed:
        lines = (json.dumps(item, ensure_ascii=False) for item in value)
        if essence == "text/event-stream":
            return "".join(f"data: {line}\n\n" for line in lines).encode()
        separator = "\x1e" if essence.endswith("json-seq") else ""
        return "".join(f"{separator}{line}\n" for line in lines).encode()
    if is_json(essence) or not isinstance(value, (str, dict)):
        return json.dumps(value, ensure_ascii=False).encode()
    if isinstance(value, str):
        return value.encode()
    if essence == "application/x-www-form-urlencoded":
        return urlencode(value, doseq=True).encode()
    return json.dumps(value, ensure_ascii=False).encode()


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
