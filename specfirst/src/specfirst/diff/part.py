"""Parts of one of the two documents, with their references resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from specfirst.contract.document import METHODS, Document, Pointer
from specfirst.diff.normal import normal
from specfirst.lint.view import target

DESCRIPTIVE = {
    *("title", "summary", "description", "deprecated", "example", "examples", "externalDocs", "$comment"),
    *("tags", "links", "xml"),
}
"""Descriptive fields of any OpenAPI object. Their changes are documentation.

`tags` group operations in documentation; `links` suggest next calls, and no client has to follow them.
"""


NOT_VALIDATING = {
    *("default", "discriminator", "readOnly", "writeOnly"),
    *("contentMediaType", "contentEncoding", "contentSchema"),
}
"""Keywords that validators ignore. They affect generated clients, except `default`, which affects servers."""

_REPLACING = {"default", "parameters", "servers", *METHODS}
"""Fields next to a reference that override those of its target: of a schema, and of a path item."""


def is_descriptive(name: str) -> bool:
    # Extensions may have a meaning for a tool, but neither for the wire format nor for the engine.
    return name in DESCRIPTIVE or name.startswith("x-")


@dataclass(frozen=True)
class Part:
    """An OpenAPI object and its location. References are resolved."""

    document: Document
    node: Mapping[str, Any]
    pointer: Pointer
    beside: Mapping[str, Pointer] = field(default_factory=dict[str, Pointer])
    """The locations of fields next to the reference that override those of its target."""

    @classmethod
    def at(cls, document: Document, node: Any, pointer: Pointer) -> Part:
        if isinstance(node, bool):
            node = {} if node else {"not": {}}
        if "$ref" not in node:
            return cls(document, normal(node), pointer)
        siblings = {name: value for name, value in node.items() if name != "$ref"}
        if not all(is_descriptive(name) or name in _REPLACING for name in siblings):
            # A constraint next to a reference is an additional one; such a schema is compared as a whole.
            return cls(document, normal(node), pointer)
        where = target(node["$ref"])
        part = cls.at(document, document.get(where), where)
        beside = {**part.beside, **{name: (*pointer, name) for name in siblings}}
        return cls(document, {**part.node, **siblings}, part.pointer, beside)

    @property
    def component(self) -> str | None:
        """Return the name of the component that this is, or None for an inline object."""
        return self.pointer[-1] if self.pointer[:1] == ("components",) and len(self.pointer) == 3 else None

    @property
    def keywords(self) -> dict[str, Any]:
        """Return the constraints of a schema: all keywords that are not descriptive or for generators."""
        return {
            name: value
            for name, value in self.node.items()
            if name not in NOT_VALIDATING and not is_descriptive(name)
        }

    def where(self, name: str) -> Pointer:
        return self.beside.get(name, (*self.pointer, name))

    def child(self, name: str) -> Part:
        """Return the object in a field, or an empty one."""
        return Part.at(self.document, self.node.get(name, {}), self.where(name))

    def named(self, name: str) -> dict[str, Part]:
        """Return the objects of a map."""
        return {
            key: Part.at(self.document, node, (*self.where(name), key))
            for key, node in self.node.get(name, {}).items()
        }

    def listed(self, name: str) -> list[Part]:
        """Return the objects of a list."""
        return [
            Part.at(self.document, node, (*self.where(name), str(index)))
            for index, node in enumerate(self.node.get(name, []))
        ]
