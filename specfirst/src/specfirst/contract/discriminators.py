"""Discriminators: which component a value selects (OpenAPI 3.2, section 4.25).

A discriminator is beside alternatives, or in a base that components inherit from with `allOf`. The tags of a
component are the values that its own schema allows, if no other component allows them; else those of the
mapping; else its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from specfirst.contract.document import Document, DocumentError, Pointer

_MOST_PARTS = 100
"""After this many parts, a component that consists of itself counts as read."""


@dataclass(frozen=True)
class Discriminator:
    """The property with the tag, and the component that each tag selects."""

    property: str
    tags: Mapping[Any, str]
    default: str | None
    """The component of values without the property, or with another tag (`defaultMapping`)."""

    def of(self, component: str) -> list[Any]:
        """Return the tags of a component."""
        return [tag for tag, name in self.tags.items() if name == component]


@dataclass(frozen=True)
class _Tag:
    """The property of a discriminator in one component; `values` is None if it allows any text."""

    declared: bool
    required: bool
    values: frozenset[Any] | None


class Discriminators:
    """The discriminators of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @cached_property
    def heirs(self) -> Mapping[str, Discriminator]:
        """Return the discriminators of the components that others inherit from, by component."""
        found = {}
        for name, schema in self._document.schemas.items():
            node = _discriminator(schema)
            if node is not None and not schema.get("oneOf") and not schema.get("anyOf"):
                others = [heir for heir in self._inheriting(name) if heir != name]
                discriminator = self._made(node, others)
                if set(discriminator.tags.values()) - {name}:
                    found[name] = discriminator
        return found

    def beside(self, schema: Any, key: str, pointer: Pointer) -> Discriminator | None:
        """Return the discriminator beside the alternatives `key`, for those of them that are components."""
        node = _discriminator(schema)
        if node is None:
            return None
        names = self._alternatives(schema, key, pointer)
        return self._made(node, [name for name in names if name is not None])

    def selecting(self, schema: Any, key: str, pointer: Pointer) -> Discriminator | None:
        """Return the discriminator that selects one of the alternatives `key`; None if it cannot.

        Each alternative must be a component that has the property, or null.
        """
        discriminator = self.beside(schema, key, pointer)
        if discriminator is None:
            return None
        names = self._alternatives(schema, key, pointer)
        components = [name for name in names if name is not None]
        if len(components) < len(names):
            return None
        beside = discriminator.property in (schema.get("properties") or {})
        tags = {name: self._tag(name, discriminator.property) for name in components}
        if not all(tag.declared or beside for name, tag in tags.items() if name != discriminator.default):
            return None
        # Without the property, a value can be valid for an alternative that allows certain tags alone.
        optional = any(tag.values is not None and not tag.required for tag in tags.values())
        return None if optional and discriminator.default is None else discriminator

    def unlisted(self, discriminator: Discriminator, alternative: Any, pointer: Pointer) -> list[Any]:
        """Return the tags of an alternative whose own schema does not list them; empty if it does."""
        name = self._referenced(alternative, pointer)
        if name is None or self._tag(name, discriminator.property).values is not None:
            return []
        return discriminator.of(name)

    def _alternatives(self, schema: Any, key: str, pointer: Pointer) -> list[str | None]:
        """Return the components that the alternatives other than null are; None for one that is not."""
        alternatives = [part for part in enumerate(schema[key]) if part[1] != {"type": "null"}]
        return [self._referenced(part, (*pointer, key, str(index))) for index, part in alternatives]

    def _made(self, node: Mapping[str, Any], components: Sequence[str]) -> Discriminator:
        property_, mapping = node["propertyName"], node.get("mapping")
        default = self._component(node.get("defaultMapping"))
        own = {name: self._tag(name, property_).values for name in components if name != default}
        tags: dict[Any, str] = {
            tag: name
            for tag, reference in (mapping.items() if isinstance(mapping, Mapping) else ())
            if (name := self._component(reference)) is not None
        }
        if own and _are_apart(own.values()):
            tags |= {value: name for name, values in own.items() for value in sorted(values or (), key=str)}
        for name in components:
            if name not in tags.values() and name != default:
                tags.setdefault(name, name)
        return Discriminator(property_, tags, default)

    def _tag(self, component: str, property_: str) -> _Tag:
        """Return what a component, with all that it consists of, says about the property."""
        declared = required = False
        values: frozenset[Any] | None = None
        waiting: list[tuple[Any, Pointer]] = [
            (self._document.schemas[component], ("components", "schemas", component))
        ]
        for _ in range(_MOST_PARTS):
            if not waiting:
                break
            node, place = waiting.pop()
            if not isinstance(node, Mapping):
                continue
            with suppress(DocumentError):
                if "$ref" in node:
                    waiting.append(self._document.follow(node, place))
                if property_ in (node.get("properties") or {}):
                    declared = True
                    part = node["properties"][property_]
                    found = _values(self._document.follow(part, (*place, "properties", property_))[0])
                    values = found if values is None else values if found is None else values & found
            required = required or property_ in (node.get("required") or ())
            parts = node.get("allOf")
            waiting += [
                (part, (*place, "allOf", str(index)))
                for index, part in enumerate(parts if isinstance(parts, list) else ())
            ]
        return _Tag(declared, required, values)

    def _component(self, reference: Any) -> str | None:
        name = str(reference).rpartition("/")[2]
        return name if name in self._document.schemas else None

    def _referenced(self, schema: Any, pointer: Pointer) -> str | None:
        """Return the component that an alternative is a reference to."""
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        target = self._document.target(reference, pointer) if isinstance(reference, str) else None
        return target[2] if target and len(target) == 3 and target[:2] == ("components", "schemas") else None

    def _inheriting(self, base: str) -> Iterator[str]:
        """Yield the components that have this one in their `allOf`, or one that has."""
        waiting, seen = [base], {base}
        while waiting:
            for heir in self._children.get(waiting.pop(), ()):
                if heir not in seen:
                    seen.add(heir)
                    waiting.append(heir)
                    yield heir

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, schema in self._document.schemas.items():
            parts = schema.get("allOf") if isinstance(schema, Mapping) else None
            for index, part in enumerate(parts if isinstance(parts, list) else ()):
                base = self._referenced(part, ("components", "schemas", name, "allOf", str(index)))
                if base is not None:
                    found.setdefault(base, []).append(name)
        return found


def _discriminator(schema: Any) -> Mapping[str, Any] | None:
    node = schema.get("discriminator") if isinstance(schema, Mapping) else None
    return node if isinstance(node, Mapping) and isinstance(node.get("propertyName"), str) else None


def _values(schema: Any) -> frozenset[Any] | None:
    """Return the values that a schema lists, if they are texts."""
    if not isinstance(schema, Mapping):
        return None
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return None
    return frozenset(values)


def _are_apart(found: Iterable[frozenset[Any] | None]) -> bool:
    """Return whether each component lists values, and no two list the same one."""
    listed = [*found]
    known = [values for values in listed if values]
    return len(known) == len(listed) and len(frozenset().union(*known)) == sum(map(len, known))
