"""Mock an operation with the contract's examples, for clients that are written before the server.

The request passes through the whole engine; only the implementation is replaced. Each response has the header
`X-Mock: example`. It is the operation's lowest success status, unless the client sends a preference, as for
Prism (RFC 7240):

    Prefer: code=404
    Prefer: code=200, example=empty
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from specfirst.contract.document import Document, DocumentError, Operation, Pointer, Response
from specfirst.runtime.asgi import HTTPResponse
from specfirst.runtime.errors import Invalid, ValidationErrorItem

ExampleT = TypeVar("ExampleT")

MARK = "X-Mock"
"""The response header that marks mock responses."""


class Mock:
    """The mock responses of one operation. Raises DocumentError if its lowest success has no example."""

    def __init__(self, document: Document, operation: Operation) -> None:
        lowest = min(operation.successes, key=lambda response: response.status)
        self._default = str(lowest.status)
        self._examples = {self._default: _responses(document, lowest)}
        for response in operation.responses.values():
            try:
                self._examples[str(response.status)] = _responses(document, response)
            except DocumentError:
                # A response that the client must request explicitly need not have an example.
                continue

    def response(self, headers: Iterable[tuple[bytes, bytes]]) -> HTTPResponse:
        """Return the response that the client prefers. Raises Invalid if the contract has no such example."""
        preferences = _preferences(headers)
        examples = _choose(self._examples, preferences.get("code", self._default))
        return _choose(examples, preferences.get("example", next(iter(examples))))


def _choose(examples: Mapping[str, ExampleT], name: str) -> ExampleT:
    if name not in examples:
        message = f"The contract has no such example; it has {', '.join(examples)}"
        raise Invalid([ValidationErrorItem(("header", "Prefer"), message, "preference")])
    return examples[name]


def _preferences(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Parse `Prefer`; the first of repeated preferences counts, and parameters are ignored."""
    found: dict[str, str] = {}
    for field, value in headers:
        if field == b"prefer":
            for preference in value.decode("latin-1").split(","):
                name, _, wanted = preference.partition(";")[0].partition("=")
                found.setdefault(name.strip().lower(), wanted.strip().strip('"'))
    return found


def _responses(document: Document, response: Response) -> Mapping[str, HTTPResponse]:
    """Return the mock responses of a response by example name. Raises DocumentError if there is none."""
    node = document.get(response.pointer)
    headers = [(MARK.lower().encode(), b"example")]
    for header in response.headers:
        where = (*response.pointer, "headers", header.name)
        values = list(_examples(document, node["headers"][header.name], where).values())
        if values:
            text = values[0] if isinstance(values[0], str) else json.dumps(values[0])
            headers.append((header.name.lower().encode(), text.encode()))
        elif header.required:
            raise _missing(f"header {header.name}", response, where)
    if response.media_type is None:
        return {"example": HTTPResponse(response.status, headers, b"")}
    headers.append((b"content-type", response.media_type.encode()))
    where = (*response.pointer, "content", response.media_type)
    bodies = _examples(document, node["content"][response.media_type], where)
    if not bodies:
        raise _missing("body", response, where)
    return {
        name: HTTPResponse(response.status, headers, json.dumps(body, ensure_ascii=False).encode())
        for name, body in bodies.items()
    }


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
        values = [schema["example"]] if "example" in schema else schema.get("examples", [])
        found = {"example": values[0]} if values else {}
    return found


def _missing(part: str, response: Response, pointer: Pointer) -> DocumentError:
    return DocumentError(
        f"the {part} of a response with status {response.status} has no example for the mock",
        pointer,
        remedy="add `example`",
    )
