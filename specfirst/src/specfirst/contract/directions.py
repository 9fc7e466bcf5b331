"""Properties that only one direction has: `readOnly` those of responses, `writeOnly` those of requests.

The marks count in properties alone (OpenAPI 3.1, section 4.8.24). A property is marked in its own schema, or
in what that consists of: a reference, `allOf`, or the alternative beside null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal

from specfirst.contract.document import Document, DocumentError, Pointer

Direction = Literal["request", "response"]

FOREIGN: Mapping[Direction, str] = {"request": "readOnly", "response": "writeOnly"}
"""The mark of the properties that a direction does not have."""

_MOST_PARTS = 50
"""After this many parts, a schema that refers to itself counts as unmarked."""


class Directions:
    """Says which properties of one document are marked, and which schemas differ by direction."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._differs: dict[Pointer, bool] = {}

    @cached_property
    def used(self) -> bool:
        """Return whether the document has marks. Most have none, and need no search."""
        schemas = (schema for _, schema in self._document.parts("schema"))
        return any(schema.get(mark) is True for schema in schemas for mark in FOREIGN.values())

    def marked(self, schema: Any, pointer: Pointer, mark: str) -> bool:
        """Return whether the schema of a property has a mark."""
        waiting = [(schema, pointer)]
        for _ in range(_MOST_PARTS):
            if not waiting:
                return False
            node, place = waiting.pop()
            if not isinstance(node, Mapping):
                continue
            if node.get(mark) is True:
                return True
            if (target := self._target(node, place)) is not None:
                waiting.append(target)
            waiting += _listed(node, place, "allOf")
            for key in ("anyOf", "oneOf"):
                others = [part for part in _listed(node, place, key) if part[0] != {"type": "null"}]
                waiting += others if len(others) == 1 else []
        return False

    def differs(self, schema: Any, pointer: Pointer) -> bool:
        """Return whether values of a schema have a marked property at any depth."""
        if not self.used:
            return False
        if pointer in self._differs:
            return self._differs[pointer]
        seen: set[Pointer] = set()
        waiting = [(schema, pointer)]
        while waiting:
            node, place = waiting.pop()
            known = self._differs.get(place)
            if known or self._has_marked(node, place):
                self._differs[pointer] = True
                return True
            if known is None and place not in seen:
                seen.add(place)
                waiting += self._parts(node, place)
        self._differs.update(dict.fromkeys(seen, False))
        return False

    def _has_marked(self, node: Any, place: Pointer) -> bool:
        return any(
            self.marked(part, where, mark)
            for part, where in _named(node, place, "properties")
            for mark in FOREIGN.values()
        )

    def _parts(self, node: Any, place: Pointer) -> Iterator[tuple[Any, Pointer]]:
        """Yield the schemas of the value itself, and of its properties and items."""
        if not isinstance(node, Mapping):
            return
        if (target := self._target(node, place)) is not None:
            yield target
        for key in ("allOf", "anyOf", "oneOf"):
            yield from _listed(node, place, key)
        yield from _named(node, place, "properties")
        for key in ("items", "additionalProperties"):
            if key in node:
                yield node[key], (*place, key)
        mapping = (node.get("discriminator") or {}).get("mapping")
        for reference in mapping.values() if isinstance(mapping, Mapping) else ():
            name = str(reference).rpartition("/")[2]
            if name in self._document.schemas:
                yield self._document.schemas[name], ("components", "schemas", name)

    def _target(self, node: Mapping[str, Any], place: Pointer) -> tuple[Any, Pointer] | None:
        if not isinstance(node.get("$ref"), str):
            return None
        try:
            return self._document.follow(node, place)
        except DocumentError:
            return None


def _listed(node: Mapping[str, Any], place: Pointer, key: str) -> list[tuple[Any, Pointer]]:
    parts = node.get(key)
    if not isinstance(parts, list):
        return []
    return [(part, (*place, key, str(index))) for index, part in enumerate(parts)]


def _named(node: Any, place: Pointer, key: str) -> list[tuple[Any, Pointer]]:
    parts = node.get(key) if isinstance(node, Mapping) else None
    if not isinstance(parts, Mapping):
        return []
    return [(part, (*place, key, name)) for name, part in parts.items()]
