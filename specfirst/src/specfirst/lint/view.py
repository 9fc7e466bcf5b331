"""The view of a document for the rules: its OpenAPI objects with kind and location."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from specfirst.contract.document import Document, DocumentError, Operation, Pointer
from specfirst.runtime.validation import Schemas

_CHILDREN: Mapping[str, Mapping[str, str]] = {
    "document": {
        "paths": "{path item}",
        "components": "components",
        "tags": "[tag]",
        "x-response-headers": "{header}",
    },
    "components": {
        "schemas": "{schema}",
        "responses": "{response}",
        "parameters": "{parameter}",
        "examples": "{example}",
        "requestBodies": "{request body}",
        "headers": "{header}",
        "securitySchemes": "{security scheme}",
        "links": "{link}",
        "pathItems": "{path item}",
    },
    "path item": {
        "parameters": "[parameter]",
        "get": "operation",
        "put": "operation",
        "post": "operation",
        "delete": "operation",
        "options": "operation",
        "head": "operation",
        "patch": "operation",
        "trace": "operation",
    },
    "operation": {"parameters": "[parameter]", "requestBody": "request body", "responses": "{response}"},
    "parameter": {"schema": "schema", "content": "{media type}", "examples": "{example}"},
    "request body": {"content": "{media type}"},
    "media type": {"schema": "schema", "examples": "{example}"},
    "response": {"headers": "{header}", "content": "{media type}", "links": "{link}"},
    "header": {"schema": "schema", "content": "{media type}", "examples": "{example}"},
    "schema": {
        "properties": "{schema}",
        "additionalProperties": "schema",
        "items": "schema",
        "allOf": "[schema]",
        "anyOf": "[schema]",
        "oneOf": "[schema]",
    },
}
"""The fields of OpenAPI objects and the kind of objects in them: one, a {map} or a [list] of them.

Only the schema keywords that the generator can express are here; the others are rejected as a whole.
"""

SECTIONS: Mapping[str, str] = {kind.strip("{}"): section for section, kind in _CHILDREN["components"].items()}
"""The field of `components` that contains the objects of a kind."""


@dataclass(frozen=True, eq=False)
class Part:
    """An OpenAPI object (or a reference to one) and its location."""

    kind: str
    node: Any
    pointer: Pointer
    parent: Part | None

    @property
    def field(self) -> str:
        """Return the field of the parent that contains it: `properties`, `items`, `get`."""
        return self.pointer[len(self.parent.pointer)] if self.parent else ""

    @property
    def is_component(self) -> bool:
        return self.parent is not None and self.parent.kind == "components"

    @property
    def reference(self) -> str | None:
        reference = self.node.get("$ref") if isinstance(self.node, Mapping) else None
        return reference if isinstance(reference, str) else None


class View:
    """All parts of a document, in its order, and queries that several rules use."""

    def __init__(self, document: Document) -> None:
        self.document = document

    @cached_property
    def parts(self) -> Mapping[Pointer, Part]:
        return {part.pointer: part for part in _walk(Part("document", self.document.content, (), None))}

    @cached_property
    def _by_kind(self) -> Mapping[str, list[Part]]:
        parts: dict[str, list[Part]] = {}
        for part in self.parts.values():
            # The target of a reference is visited at its own location; a schema may have fields next to $ref.
            if part.kind == "schema" or part.reference is None:
                parts.setdefault(part.kind, []).append(part)
        return parts

    def of(self, *kinds: str) -> list[Part]:
        """Return the parts of some kinds, without references; schemas are in `schemas`."""
        return [part for kind in kinds for part in self._by_kind.get(kind, [])]

    @cached_property
    def schemas(self) -> list[Part]:
        """Return all schemas, including references, except boolean ones."""
        return [part for part in self.of("schema") if isinstance(part.node, Mapping)]

    @cached_property
    def _children(self) -> Mapping[Pointer, list[Part]]:
        children: dict[Pointer, list[Part]] = {}
        for part in self.parts.values():
            if part.parent:
                children.setdefault(part.parent.pointer, []).append(part)
        return children

    def children(self, part: Part, kind: str | None = None) -> list[Part]:
        return [child for child in self._children.get(part.pointer, []) if kind in (None, child.kind)]

    def follow(self, part: Part) -> Part:
        """Return the target of a reference, or the part itself if it is not a reference."""
        return self.parts[self.document.follow(part.node, part.pointer)[1]]

    def reach(self, parts: Iterable[Part]) -> list[Part]:
        """Return these parts and all parts that they contain or refer to."""
        reached: dict[Pointer, Part] = {}
        waiting = list(parts)
        while waiting:
            part = waiting.pop()
            if part.pointer not in reached:
                reached[part.pointer] = part
                waiting += self.children(part)
                if part.reference:
                    waiting.append(self.parts[target(part.reference)])
        return list(reached.values())

    def examples(self, part: Part) -> Iterator[tuple[Pointer, Any]]:
        """Yield the examples of a media type, parameter or header, with their locations."""
        if "example" in part.node:
            yield (*part.pointer, "example"), part.node["example"]
        for child in self.children(part, "example"):
            example = self.follow(child)
            if "value" in example.node:
                yield (*example.pointer, "value"), example.node["value"]

    def _reached_schemas(self, *owners: str) -> list[Part]:
        bodies = [part for part in self.of("media type") if part.parent and part.parent.kind in owners]
        parameters = self.of(*({"parameter"} & {*owners}))
        reached = self.reach(child for part in bodies + parameters for child in self.children(part, "schema"))
        return [part for part in reached if isinstance(part.node, Mapping)]

    @cached_property
    def request_bodies(self) -> list[Part]:
        """Return all schemas that apply to a value in a request body."""
        return self._reached_schemas("request body")

    @cached_property
    def requests(self) -> list[Part]:
        """Return all schemas that apply to a value in a request, in the body or in a parameter."""
        return self._reached_schemas("request body", "parameter")

    @cached_property
    def response_bodies(self) -> list[Part]:
        """Return all schemas that apply to a value in a response body."""
        return self._reached_schemas("response")

    @cached_property
    def validators(self) -> Schemas:
        """Return the validators of the engine, so that both always agree."""
        return Schemas(self.document)

    @cached_property
    def operations(self) -> list[Operation]:
        """Return the readable operations; the errors of the others are in `unreadable`."""
        return self._operations_and_errors[0]

    @property
    def unreadable(self) -> list[DocumentError]:
        return self._operations_and_errors[1]

    @cached_property
    def _operations_and_errors(self) -> tuple[list[Operation], list[DocumentError]]:
        operations: list[Operation] = []
        errors: list[DocumentError] = []
        for part in self.of("operation"):
            try:
                operations += self._read(part, part.node)
            except DocumentError as error:
                first, others = error, list[DocumentError]()
                # The document raises its first error, so each operation is read separately to find all
                # errors.
                for piece in _pieces(part.node):
                    try:
                        self._read(part, piece)
                    except DocumentError as error:
                        others.append(error)
                errors += others or [first]
        return operations, errors

    def _read(self, part: Part, node: Mapping[str, Any]) -> tuple[Operation, ...]:
        """Read one operation in a document that contains no other."""
        assert part.parent
        where = part.parent.pointer
        # References to path items are rejected, so such an operation has no path.
        if where[0] != "paths":
            return ()
        item = {part.field: node, "parameters": part.parent.node.get("parameters", [])}
        return Document({**self.document.content, "paths": {where[1]: item}}).operations


def _pieces(operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield {"parameters": operation.get("parameters", [])}
    if "requestBody" in operation:
        yield {"requestBody": operation["requestBody"]}
    for status, response in operation.get("responses", {}).items():
        yield {"responses": {status: response}}


def _walk(part: Part) -> Iterator[Part]:
    yield part
    if not isinstance(part.node, Mapping) or (part.reference and part.kind != "schema"):
        return
    for field, kind in _CHILDREN.get(part.kind, {}).items():
        if field not in part.node:
            continue
        node, pointer, name = part.node[field], (*part.pointer, field), kind.strip("{}[]")
        # A value of the wrong type has no parts; the structure rules report it.
        if kind.startswith("{"):
            for key, child in node.items() if isinstance(node, Mapping) else ():
                # The paths and responses objects have x- extensions; elsewhere, names may start with x-.
                extensible = part.kind in ("document", "operation") and field in ("paths", "responses")
                if not (key.startswith("x-") and extensible):
                    yield from _walk(Part(name, child, (*pointer, key), part))
        elif kind.startswith("["):
            for index, child in enumerate(node if isinstance(node, list) else ()):
                yield from _walk(Part(name, child, (*pointer, str(index)), part))
        else:
            yield from _walk(Part(name, node, pointer, part))


def target(reference: str) -> Pointer:
    """Return the pointer of a reference within the document."""
    return tuple(
        token.replace("~1", "/").replace("~0", "~") for token in reference.removeprefix("#/").split("/")
    )


def types(schema: Mapping[str, Any]) -> list[str]:
    """Return the types in a schema's `type`."""
    named = schema.get("type", [])
    return [named] if isinstance(named, str) else list(named)


def single_type(schema: Mapping[str, Any]) -> str | None:
    """Return the only type of a schema besides null, or None."""
    named = [name for name in types(schema) if name != "null"]
    return named[0] if len(named) == 1 else None
