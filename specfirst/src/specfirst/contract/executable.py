"""The schemas of a document as a validator of JSON Schema 2020-12 takes them, with what OpenAPI adds to it.

References are absolute, so that each schema can be compiled alone and all share one registry. What OpenAPI
says in other words is written in those of JSON Schema: `readOnly` and `writeOnly`, the bounds of `int32` and
`int64`, and the schema that a discriminator selects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from specfirst.contract.directions import FOREIGN, Direction, Directions
from specfirst.contract.discriminators import Discriminator, Discriminators
from specfirst.contract.document import Document, DocumentError, Pointer

URI = "urn:contract"

_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_SINGLE = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties", "contentSchema"),
)
_RESOLVED = ("$id", "$anchor", "$dynamicAnchor", "$schema", "discriminator")

_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}

_MOST_MERGED = 20


class ExecutableSchemas:
    """The schemas of one document, for values of one direction."""

    def __init__(self, document: Document, direction: Direction | None) -> None:
        self._document = document
        self._directions = Directions(document)
        self._mark = FOREIGN[direction] if direction and self._directions.used else ""
        self._discriminators = Discriminators(document)
        # A `$dynamicRef` depends on the schemas with `$id` through which validation has come (JSON Schema
        # Core, section 8.2.3.2). So these stay schema resources, but only in documents that need it.
        dynamic = any("$dynamicRef" in node for _, node in document.parts("schema"))
        self._resources = (
            {place: f"{URI}:{number}" for number, place in enumerate(document.resources)} if dynamic else {}
        )

    def contents(self) -> dict[str, Any]:
        """Return all that references lead to, by URI: the document, and its schema resources."""
        resources = {
            uri: {"$id": uri, **self._body(self._document.get(place), place, frozenset(), base=False)}
            for place, uri in self._resources.items()
        }
        return {URI: self._content(), **resources}

    def _content(self) -> dict[str, Any]:
        """Return the components, and what else references lead to."""
        schemas: dict[str, Any] = {}
        for name, schema in self._document.schemas.items():
            schemas[name] = self.schema(schema, ("components", "schemas", name))
        others: dict[str, Any] = {}
        for pointer, node in self._document.parts("schema"):
            for reference in (node.get("$ref"), node.get("$dynamicRef")):
                target = self._document.target(reference, pointer) if isinstance(reference, str) else None
                if target is None or target[:2] == ("components", "schemas") or self._resource(target):
                    continue
                if _key(target) in others:
                    continue
                try:
                    others[_key(target)] = self.schema(self._document.get(target), target)
                except (KeyError, IndexError, ValueError, TypeError):
                    continue
        heirs = {
            name: {"allOf": [{"$ref": _component(name)}, *_selected(discriminator)]}
            for name, discriminator in self._discriminators.heirs.items()
        }
        return {"components": {"schemas": schemas}, "others": others, "heirs": heirs}

    def schema(self, schema: Any, pointer: Pointer) -> Any:
        return self._schema(schema, pointer, frozenset(), base=False)

    def _schema(self, schema: Any, pointer: Pointer, one_way: frozenset[str], *, base: bool) -> Any:
        if not isinstance(schema, Mapping):
            return schema
        if pointer in self._resources:
            return {"$ref": self._resources[pointer]}
        return self._body(schema, pointer, one_way, base=base)

    def _body(
        self, schema: Mapping[str, Any], pointer: Pointer, one_way: frozenset[str], *, base: bool
    ) -> dict[str, Any]:
        """`one_way` are the properties that `allOf` around it marks; `base` says that it is a part of
        `allOf`.
        """
        if (self._mark and schema.get("required")) or (self._mark and "allOf" in schema):
            one_way |= self._one_way(schema, pointer, 0)
        result: dict[str, Any] = {}
        chosen: list[Any] = []
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                result[key] = self._reference(value, pointer, base=base)
            elif key == "$dynamicRef" and isinstance(value, str):
                result |= self._dynamic_reference(value, pointer)
            elif key == "$dynamicAnchor" and self._resource(pointer):
                result[key] = value
            elif key in ("oneOf", "anyOf") and (
                discriminator := self._discriminators.selecting(schema, key, pointer)
            ):
                chosen.append(_chosen(discriminator, nullable={"type": "null"} in value))
            elif key in _LISTS and isinstance(value, list):
                result[key] = [
                    self._schema(
                        part,
                        (*pointer, key, str(index)),
                        one_way if key == "allOf" else frozenset(),
                        base=key == "allOf",
                    )
                    for index, part in enumerate(value)
                ]
            elif key in _MAPS and isinstance(value, Mapping):
                result[key] = {
                    name: self._property(part, (*pointer, key, name), forbidden=key == "properties")
                    for name, part in value.items()
                }
            elif key in _SINGLE:
                result[key] = self._schema(value, (*pointer, key), frozenset(), base=False)
            elif key == "required" and one_way and isinstance(value, list):
                result[key] = [name for name in value if name not in one_way]
            elif key not in _RESOLVED:
                result[key] = value
        if chosen:
            result["allOf"] = [*result.get("allOf", ()), *chosen]
        if (bounds := _BOUNDS.get(str(schema.get("format")))) and schema.get("type") in (
            "integer",
            ["integer", "null"],
        ):
            low, high = bounds
            result["minimum"] = max(low, schema.get("minimum", low))
            result["maximum"] = min(high, schema.get("maximum", high))
        return result

    def _property(self, schema: Any, pointer: Pointer, *, forbidden: bool) -> Any:
        # A server sends no `writeOnly` property. A client may send back what it got, with `readOnly` ones.
        if (
            forbidden
            and self._mark == FOREIGN["response"]
            and self._directions.marked(schema, pointer, self._mark)
        ):
            return False
        return self._schema(schema, pointer, frozenset(), base=False)

    def _reference(self, reference: str, pointer: Pointer, *, base: bool) -> str:
        target = self._document.target(reference, pointer)
        if target is None:
            raise DocumentError(
                f"the reference {reference!r} leaves the document", pointer, remedy="write #/components/..."
            )
        if resource := self._resource(target):
            return _uri(target[len(resource) :], self._resources[resource])
        if target[:2] != ("components", "schemas"):
            return f"{URI}#/others/{quote(_escaped(_key(target)))}"
        # A part of `allOf` is the schema itself; elsewhere it stands for those that inherit from it, too.
        if not base and len(target) == 3 and target[2] in self._discriminators.heirs:
            return f"{URI}#/heirs/{quote(_escaped(target[2]))}"
        return _uri(target)

    def _dynamic_reference(self, reference: str, pointer: Pointer) -> dict[str, str]:
        """Return a reference to the outermost anchor of this name on the way of validation.

        It is an ordinary reference if it does not lead to a `$dynamicAnchor` of a schema resource.
        """
        target, name = self._document.target(reference, pointer), reference.partition("#")[2]
        if target and (resource := self._resource(target)) and self._document.is_dynamic(target, name):
            return {"$dynamicRef": f"{self._resources[resource]}#{name}"}
        return {"$ref": self._reference(reference, pointer, base=False)}

    def _resource(self, pointer: Pointer) -> Pointer:
        """Return the schema resource that a part is in; the document, `()`, if there is none."""
        return self._document.resource(pointer) if self._resources else ()

    def _one_way(self, schema: Any, pointer: Pointer, depth: int) -> frozenset[str]:
        """Return the names of the properties that the direction need not have."""
        if depth > _MOST_MERGED or not isinstance(schema, Mapping):
            return frozenset()
        found = {
            name
            for name, part in (schema.get("properties") or {}).items()
            if self._directions.marked(part, (*pointer, "properties", name), self._mark)
        }
        parts: list[tuple[Any, Pointer]] = [
            (part, (*pointer, "allOf", str(index))) for index, part in enumerate(schema.get("allOf") or [])
        ]
        if "$ref" in schema:
            with suppress(DocumentError):
                parts.append(self._document.follow(schema, pointer))
        return frozenset(found.union(*(self._one_way(part, place, depth + 1) for part, place in parts)))


def _chosen(discriminator: Discriminator, *, nullable: bool) -> dict[str, Any]:
    """Return the schema of the alternative that a value selects, so that its errors are those of that one."""
    chosen: dict[str, Any] = {"type": "object", "allOf": [*_selected(discriminator)]}
    if discriminator.default is None:
        chosen |= _has_tag(discriminator, [*discriminator.tags])
    return {"anyOf": [{"type": "null"}, chosen]} if nullable else chosen


def _selected(discriminator: Discriminator) -> Iterator[dict[str, Any]]:
    """Yield what each tag requires, and what other values do if there is a default."""
    for name in dict.fromkeys(discriminator.tags.values()):
        has_tag = _has_tag(discriminator, discriminator.of(name))
        yield {"if": has_tag, "then": {"$ref": _component(name)}}
    if discriminator.default:
        known = _has_tag(discriminator, [*discriminator.tags])
        yield {"if": {"not": known}, "then": {"$ref": _component(discriminator.default)}}


def _has_tag(discriminator: Discriminator, tags: list[Any]) -> dict[str, Any]:
    return {"properties": {discriminator.property: {"enum": tags}}, "required": [discriminator.property]}


def _component(name: str) -> str:
    return _uri(("components", "schemas", name))


def _key(pointer: Pointer) -> str:
    return "/".join(map(_escaped, pointer))


def _escaped(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1")


def _uri(pointer: Pointer, resource: str = URI) -> str:
    return f"{resource}#" + "".join("/" + quote(_escaped(token), safe="~") for token in pointer)
