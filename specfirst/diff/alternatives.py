"""The alternatives of a schema, and which of them in two schemas correspond."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import jsonschema_rs

from specfirst.diff.containment import self_contained
from specfirst.diff.part import Part
from specfirst.document import Pointer
from specfirst.lint.view import types

_BY_TYPE: dict[str, set[str]] = {
    "string": {"minLength", "maxLength", "pattern", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", "minProperties", "maxProperties"},
}
_BY_TYPE["integer"] = _BY_TYPE["number"] | {"format"}

WALKED = {"properties", "required", "additionalProperties", "items"}
"""Keywords that a walk goes through."""

CONSTRAINTS = {"type", "enum", "const"}.union(*_BY_TYPE.values()) - WALKED
"""Keywords that constrain a value by themselves, whatever stands in it."""


def alternatives(schema: Part, around: tuple[Pointer, ...] = ()) -> list[Part]:
    """The alternatives of which a value fits one, down to schemas that have a single type if they say so.

    `oneOf` is read as alternatives only where a discriminator keeps them apart: otherwise a value is refused
    for fitting two of them, and the schema must be judged as a whole.
    """
    keywords = schema.keywords.keys()
    branches = keywords == {"anyOf"} or (keywords == {"oneOf"} and "discriminator" in schema.node)
    if branches and schema.pointer not in around:
        around = (*around, schema.pointer)
        return [one for child in schema.listed(*keywords) for one in alternatives(child, around)]
    if len(types(schema.node)) > 1 and keywords <= CONSTRAINTS | WALKED:
        return [replace(schema, node=_of_type(schema, name)) for name in types(schema.node)]
    return [schema]


def _of_type(schema: Part, name: str) -> dict[str, Any]:
    """What a schema of several types says about values of one of them."""
    silent = set[str]().union(*_BY_TYPE.values()) - _BY_TYPE.get(name, set())
    node = {keyword: value for keyword, value in schema.node.items() if keyword not in silent}
    if "enum" in node:
        node["enum"] = [value for value in node["enum"] if jsonschema_rs.is_valid({"type": name}, value)]
    return node | {"type": name}


def match(old: list[Part], new: list[Part]) -> tuple[list[tuple[Part, Part]], list[Part], list[Part]]:
    """Pair alternatives of the same name, else of the same content, else of the same type.

    Gives the pairs, the old ones that are left and the new ones that are left.
    """
    old, new = list(old), list(new)
    keys: tuple[Callable[[Part], Hashable], ...] = (
        lambda part: (part.component, *types(part.node)) if part.component else None,
        lambda part: repr(self_contained(part, opened=False)),
        lambda part: tuple(types(part.node)),
    )
    pairs: list[tuple[Part, Part]] = []
    for key in keys:
        for one in list(old):
            same = [other for other in new if key(one) is not None and key(one) == key(other)]
            if same:
                pairs.append((one, same[0]))
                old.remove(one)
                new.remove(same[0])
    if len(old) == len(new) == 1:
        return [*pairs, (old[0], new[0])], [], []
    return pairs, old, new


def described(alternative: Part) -> str:
    return alternative.component or " or ".join(types(alternative.node)) or "an alternative"
