"""The view of a document for the rules: its OpenAPI objects with kind and location."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from specfirst.contract.document import Document, Pointer, pointer_of
from specfirst.contract.kinds import CHILDREN
from specfirst.lint.values import Validators

_CHILDREN: Mapping[str, Mapping[str, str]] = {
    **CHILDREN,
    "document": {**CHILDREN["document"], "tags": "[tag]"},
}
"""The fields of OpenAPI objects, with those that only lint reads."""


@dataclass(frozen=True, eq=False, slots=True)
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


class Endpoint(NamedTuple):
    """An operation that is served: its method and path, and its parts with references resolved.

    `responses` has the keys of the document: statuses, ranges such as `4XX`, and `default`.
    """

    part: Part
    method: str
    path: str
    parameters: tuple[Part, ...]
    body: Part | None
    responses: Mapping[str, Part]
    security: tuple[Mapping[str, Any], ...]

    @property
    def pointer(self) -> Pointer:
        return self.part.pointer

    @property
    def operation_id(self) -> str:
        name = self.part.node.get("operationId", "")
        return name if isinstance(name, str) else ""

    def located(self, location: str) -> list[Part]:
        """Return the parameters in the path, query, header or cookie."""
        return [parameter for parameter in self.parameters if parameter.node.get("in") == location]

    def response(self, status: int) -> Part | None:
        """Return the declaration of a status: its own, or that of its range, or `default`."""
        keys = (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")
        return next((self.responses[key] for key in keys if key in self.responses), None)


class View:
    """All parts of a document, in its order, and queries that several rules use.

    The rules see `content`, its normal form, in which all versions of OpenAPI mean the same; `source` is what
    the author wrote. Parts are at the same locations in both.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.content = document.content
        self.source = document.source

    @cached_property
    def parts(self) -> dict[Pointer, Part]:
        """Return all parts by location. The target of a reference is one, wherever it is."""
        parts = {part.pointer: part for part in walk(Part("document", self.content, (), None))}
        waiting = list(parts.values())
        while waiting:
            part = waiting.pop()
            place = part.reference is not None and self.target(part)
            if place and place not in parts:
                try:
                    node = self.document.get(place)
                except (KeyError, IndexError, ValueError, TypeError):
                    continue
                found = {p.pointer: p for p in walk(Part(part.kind, node, place, None))}
                parts |= {pointer: p for pointer, p in found.items() if pointer not in parts}
                waiting += found.values()
        return parts

    @cached_property
    def _by_kind(self) -> Mapping[str, list[Part]]:
        parts: dict[str, list[Part]] = {}
        for part in self.parts.values():
            # The target of a reference is visited at its own location; a schema may have fields next to $ref.
            if isinstance(part.node, Mapping) and (part.kind == "schema" or part.reference is None):
                parts.setdefault(part.kind, []).append(part)
        return parts

    def of(self, *kinds: str) -> list[Part]:
        """Return the parts of some kinds, without references; schemas are in `schemas`."""
        return [part for kind in kinds for part in self._by_kind.get(kind, [])]

    @cached_property
    def schemas(self) -> list[Part]:
        """Return all schemas, including references, except boolean ones."""
        return self.of("schema")

    @cached_property
    def _children(self) -> Mapping[Pointer, list[Part]]:
        children: dict[Pointer, list[Part]] = {}
        for part in self.parts.values():
            if part.parent:
                children.setdefault(part.parent.pointer, []).append(part)
        return children

    def children(self, part: Part, kind: str | None = None) -> list[Part]:
        return [child for child in self._children.get(part.pointer, []) if kind in (None, child.kind)]

    def target(self, part: Part) -> Pointer | None:
        """Return the location that a reference leads to, which may be a reference too."""
        return self.document.target(part.reference, part.pointer) if part.reference is not None else None

    def follow(self, part: Part) -> Part:
        """Return the target of a reference, or the part itself if it is not a reference."""
        return self.parts[self.document.follow(part.node, part.pointer)[1]] if part.reference else part

    def reach(self, parts: Iterable[Part]) -> list[Part]:
        """Return these parts and all parts that they contain or refer to."""
        reached: dict[Pointer, Part] = {}
        waiting = list(parts)
        while waiting:
            part = waiting.pop()
            if part.pointer not in reached:
                reached[part.pointer] = part
                waiting += self.children(part)
                place = self.target(part)
                if place in self.parts:
                    waiting.append(self.parts[place])
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
        return [part for part in reached if part.kind == "schema" and isinstance(part.node, Mapping)]

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
    def validators(self) -> Validators:
        return Validators(self.document)

    @cached_property
    def paths(self) -> Mapping[str, Part]:
        """Return the path items by path template, with references resolved."""
        parts = {part.pointer[1]: part for part in self.parts.values() if _is_path(part)}
        return {path: self.follow(part) for path, part in parts.items()}

    @cached_property
    def endpoints(self) -> list[Endpoint]:
        """Return the operations that are served, in the order of the document."""
        return [
            self._endpoint(operation, path, item)
            for path, item in self.paths.items()
            for operation in self.children(item, "operation")
            if isinstance(operation.node, Mapping)
        ]

    def _endpoint(self, operation: Part, path: str, item: Part) -> Endpoint:
        # A parameter of the operation replaces the path item's with the same name and location.
        parameters = {
            (part.node.get("in"), part.node.get("name")): part
            for owner in (item, operation)
            for child in self.children(owner, "parameter")
            for part in [self.follow(child)]
            if isinstance(part.node, Mapping)
        }
        bodies = self.children(operation, "request body")
        security = operation.node.get("security", self.content.get("security", []))
        return Endpoint(
            part=operation,
            # The methods of additionalOperations are written in upper case already.
            method=operation.pointer[-1].upper(),
            path=path,
            parameters=tuple(parameters.values()),
            body=self.follow(bodies[0]) if bodies else None,
            responses={
                child.pointer[-1]: self.follow(child) for child in self.children(operation, "response")
            },
            security=tuple(requirement for requirement in security if isinstance(requirement, Mapping)),
        )


def _is_path(part: Part) -> bool:
    return part.kind == "path item" and len(part.pointer) == 2 and part.pointer[0] == "paths"


def walk(root: Part) -> Iterator[Part]:
    """Yield a part and all parts in it, in the order of the document. References are not followed."""
    # Iterative, since a document may be nested deeply. In reverse, because the last one is taken first.
    waiting = [root]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part.node, Mapping) and (
            part.reference is None or part.kind in ("schema", "path item")
        ):
            waiting += reversed(list(_parts_in(part)))


def _parts_in(part: Part) -> Iterator[Part]:
    fields = _CHILDREN.get(part.kind, {})
    for field, node in part.node.items():
        kind = fields.get(field) or fields.get("*")
        if kind is None or (kind == "path item" and str(field).startswith("x-")):
            continue
        pointer, name = (*part.pointer, field), kind.strip("{}[]")
        # A value of the wrong type has no parts; the structure rules report it.
        if kind.startswith("{"):
            for key, child in node.items() if isinstance(node, Mapping) else ():
                # The paths and responses objects have x- extensions; elsewhere, names may start with x-.
                extensible = part.kind in ("document", "operation") and field in ("paths", "responses")
                if not (key.startswith("x-") and extensible):
                    yield Part(name, child, (*pointer, key), part)
        elif kind.startswith("["):
            for index, child in enumerate(node if isinstance(node, list) else ()):
                yield Part(name, child, (*pointer, str(index)), part)
        else:
            yield Part(name, node, pointer, part)


def target(reference: str) -> Pointer:
    """Return the pointer of a reference within the document."""
    return () if reference == "#" else pointer_of("/" + reference.removeprefix("#/"))


def exists(content: Any, pointer: Pointer) -> bool:
    """Return whether a document has a part at this location."""
    node = content
    for token in pointer:
        try:
            node = node[int(token)] if isinstance(node, list) else node[token]
        except (KeyError, IndexError, ValueError, TypeError):
            return False
    return True


def types(schema: Mapping[str, Any]) -> list[str]:
    """Return the types in a schema's `type`."""
    named = schema.get("type", [])
    return [named] if isinstance(named, str) else list(named)


def single_type(schema: Mapping[str, Any]) -> str | None:
    """Return the only type of a schema besides null, or None."""
    named = [name for name in types(schema) if name != "null"]
    return named[0] if len(named) == 1 else None
