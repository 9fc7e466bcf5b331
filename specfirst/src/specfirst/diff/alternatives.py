"""The alternatives of schemas, and their correspondence between two schemas."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import jsonschema_rs

from specfirst.contract.document import Pointer
from specfirst.diff.part import Part
from specfirst.lint.view import types

_BY_TYPE: dict[str, set[str]] = {
    "string": {"minLength", "maxLength", "pattern", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", "minProperties", "maxProperties"},
}
_BY_TYPE["integer"] = _BY_TYPE["number"] | {"format"}

WALKED = {"properties", "required", "additionalProperties", "items"}
"""Keywords that the walk descends into."""

CONSTRAINTS = {"type", "enum", "const"}.union(*_BY_TYPE.values()) - WALKED
"""Keywords that constrain a value by themselves, regardless of its content."""


def alternatives(schema: Part, around: tuple[Pointer, ...] = ()) -> list[Part]:
    """Return the alternatives of which a value matches one, each with a single type if it declares types.

    `oneOf` counts as alternatives only with a discriminator: otherwise a value that matches two of them is
    rejected, so the schema must be compared as a whole.
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
    """Return the constraints of a schema with several types on values of one of them."""
    silent = set[str]().union(*_BY_TYPE.values()) - _BY_TYPE.get(name, set())
    node = {keyword: value for keyword, value in schema.node.items() if keyword not in silent}
    if "enum" in node:
        node["enum"] = [value for value in node["enum"] if jsonschema_rs.is_valid({"type": name}, value)]
    return node | {"type": name}


def match(old: list[Part], new: list[Part]) -> tuple[list[tuple[Part, Part]], list[Part], list[Part]]:
    """Pair alternatives with the same name, else with the same content, else with the same type.

    Returns the pairs, the remaining old ones and the remaining new ones.
    """
    keys: tuple[Callable[[Part], Hashable], ...] = (
        lambda part: (part.component, *types(part.node)) if part.component else None,
        # References in it are compared as texts: what they lead to is compared later.
        lambda part: json.dumps(part.keywords, sort_keys=True),
        lambda part: tuple(types(part.node)),
    )
    pairs: list[tuple[Part, Part]] = []
    for key in keys:
        waiting: dict[Hashable, list[Part]] = {}
        for part in new:
            waiting.setdefault(key(part), []).append(part)
        left = []
        for part in old:
            same = None if (name := key(part)) is None else waiting.get(name)
            if same:
                pairs.append((part, same.pop(0)))
            else:
                left.append(part)
        taken = {id(part) for _, part in pairs}
        old, new = left, [part for part in new if id(part) not in taken]
    if len(old) == len(new) == 1:
        return [*pairs, (old[0], new[0])], [], []
    return pairs, old, new


def is_whole(part: Part) -> bool:
    """Return whether a part is all of a component, and not its constraints on values of one type."""
    return part.component is not None and len(types(part.document.get(part.pointer))) < 2


def described(alternative: Part) -> str:
    return alternative.component or " or ".join(types(alternative.node)) or "an alternative"
