"""The alternatives of schemas, and their correspondence between two schemas."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import jsonschema_rs

from specfirst.contract.document import Pointer
from specfirst.diff.containment import in_one_order
from specfirst.diff.part import Part
from specfirst.lint.view import target, types

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

UNIONS = ("anyOf", "oneOf")


class Alternatives(NamedTuple):
    """The schemas of which a value matches one, each with a single type if it declares types."""

    members: list[Part]
    exclusive: bool
    """Whether a value that matches two of them is refused: `oneOf` without a discriminator."""

    def overlapping(self, member: Part) -> bool:
        """Return whether a value may match this one of the alternatives, and another one too."""
        return any(other is not member and not disjoint(member, other) for other in self.members)


def alternatives(schema: Part) -> Alternatives:
    """Return the alternatives of a schema: itself, if it has neither `anyOf` nor `oneOf` alone.

    A discriminator selects one alternative, so `oneOf` with one has the meaning of `anyOf`.
    """
    if not is_exclusive(schema):
        return Alternatives([*_flat(schema, ())], exclusive=False)
    members: list[Part] = []
    for child in schema.listed("oneOf"):
        # Other alternatives inside of an exclusive one are one alternative.
        opaque = is_union(child) and "discriminator" not in child.node
        members += [child] if opaque else _flat(child, (schema.pointer,))
    return Alternatives(members, exclusive=len(members) > 1)


def is_union(schema: Part) -> bool:
    """Return whether a schema consists of alternatives alone."""
    return [*schema.keywords] in (["anyOf"], ["oneOf"])


def is_exclusive(schema: Part) -> bool:
    """Return whether a schema consists of alternatives of which a value may match only one."""
    return [*schema.keywords] == ["oneOf"] and "discriminator" not in schema.node


def _flat(schema: Part, around: tuple[Pointer, ...]) -> Iterator[Part]:
    if is_union(schema) and not is_exclusive(schema) and schema.pointer not in around:
        for child in schema.listed(*schema.keywords):
            yield from _flat(child, (*around, schema.pointer))
    elif len(types(schema.node)) > 1 and schema.keywords.keys() <= CONSTRAINTS | WALKED:
        for name in types(schema.node):
            yield replace(schema, node=_of_type(schema, name))
    else:
        yield schema


def _of_type(schema: Part, name: str) -> dict[str, Any]:
    """Return the constraints of a schema with several types on values of one of them."""
    silent = set[str]().union(*_BY_TYPE.values()) - _BY_TYPE.get(name, set())
    node = {keyword: value for keyword, value in schema.node.items() if keyword not in silent}
    if "enum" in node:
        node["enum"] = [value for value in node["enum"] if jsonschema_rs.is_valid({"type": name}, value)]
    return node | {"type": name}


# --- Which values an alternative can have -----------------------------------------------------------------

_DEEPEST = 3
"""How many properties inside each other are read to find what distinguishes two alternatives."""


def disjoint(one: Part, other: Part, depth: int = _DEEPEST) -> bool:
    """Return whether types, constants or required properties show that no value matches both schemas."""
    parts, others = _combined(one), _combined(other)
    if any(_apart(part, against) for part in parts for against in others):
        return True
    if depth == 0:
        return False
    for schema, against in (*((part, other) for part in parts), *((part, one) for part in others)):
        unions = [schema.listed(keyword) for keyword in UNIONS if keyword in schema.node]
        if any(all(disjoint(part, against, depth - 1) for part in union) for union in unions):
            return True
    if {"object"} not in map(_types, (*parts, *others)):
        # A value that is not an object has no properties, so none is required of it.
        return False
    return any(
        disjoint(part, against, depth - 1)
        for name in _required(parts) & _required(others)
        for part in _property(parts, name)
        for against in _property(others, name)
    )


def _combined(schema: Part, around: tuple[Pointer, ...] = ()) -> list[Part]:
    """Return a schema and those in its `allOf`: a value satisfies all of them."""
    if schema.pointer in around:
        return []
    inner = [_combined(part, (*around, schema.pointer)) for part in schema.listed("allOf")]
    return [schema, *(part for parts in inner for part in parts)]


def _required(parts: Iterable[Part]) -> set[str]:
    return {name for part in parts for name in part.node.get("required", [])}


def _property(parts: Iterable[Part], name: str) -> list[Part]:
    return [
        Part.at(part.document, part.node["properties"][name], (*part.where("properties"), name))
        for part in parts
        if name in part.node.get("properties", {})
    ]


_ALL_TYPES = {"null", "boolean", "number", "string", "array", "object"}


def _types(schema: Part) -> set[str]:
    """Return the types of the values of a schema; an integer is a number."""
    return {"number" if name == "integer" else name for name in types(schema.node)} or _ALL_TYPES


def _apart(one: Part, other: Part) -> bool:
    before, after = _values(one), _values(other)
    return not _types(one) & _types(other) or (
        before is not None and after is not None and not before & after
    )


def _values(schema: Part) -> set[str] | None:
    """Return the scalar values that a schema lists, as JSON. None: others are possible."""
    listed = [schema.node["const"]] if "const" in schema.node else schema.node.get("enum")
    if listed is None or any(isinstance(value, list | dict) for value in listed):
        return None
    # 1.0 equals 1 in JSON Schema.
    return {
        json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)
        for value in listed
    }


def _tags(schema: Part) -> dict[str, str]:
    """Return the required properties of an object that have a single value, such as `kind`."""
    parts = _combined(schema)
    tags: dict[str, str] = {}
    for name in sorted(_required(parts)):
        for part in _property(parts, name):
            values = _values(part)
            if values is not None and len(values) == 1:
                tags[name] = min(values)
    return tags


def described(alternative: Part) -> str:
    """Return the name of an alternative for a message."""
    title = alternative.node.get("title")
    tags = ", ".join(f"{name} {value}" for name, value in _tags(alternative).items())
    kind = " or ".join(types(alternative.node)) or ("object" if tags else "an alternative")
    return alternative.component or (str(title) if title else f"{kind} with {tags}" if tags else kind)


# --- Which alternative became which one -------------------------------------------------------------------


def discriminator_names(schema: Part) -> tuple[str, dict[str, str]] | None:
    """Return the property that distinguishes alternatives, and the alternative of each of its values.

    An alternative without a mapping is selected by the name of its component (OpenAPI 3.1.1, 4.8.25).
    """
    discriminator = schema.node.get("discriminator")
    if discriminator is None:
        return None
    mapping = {
        name: reference if "/" in reference else f"#/components/schemas/{reference}"
        for name, reference in discriminator.get("mapping", {}).items()
    }
    branches = [*schema.node.get("oneOf", []), *schema.node.get("anyOf", [])]
    references = [
        str(branch["$ref"]) for branch in branches if isinstance(branch, Mapping) and "$ref" in branch
    ]
    implied = {ref.rpartition("/")[2]: ref for ref in references if ref not in mapping.values()}
    return discriminator["propertyName"], implied | mapping


class Matched(NamedTuple):
    """The pairs of alternatives, and those that exist only in the old or only in the new schema."""

    pairs: list[tuple[Part, Part]]
    removed: list[Part]
    added: list[Part]


_Keys = tuple[Callable[[Part], Hashable], Callable[[Part], Hashable]]


def match(old: Part, new: Part, before: list[Part], after: list[Part]) -> Matched:
    """Pair the alternatives of two schemas.

    They are paired by component, content, discriminator value, constant properties, or title; those that are
    left, by what they have in common.
    """
    if len(before) == len(after) == 1:
        return Matched([(before[0], after[0])], [], [])
    selected = _selected(old), _selected(new)
    keys: tuple[_Keys, ...] = (
        _twice(lambda part: (part.component, *types(part.node)) if part.component else None),
        # References in it are compared as texts: what they lead to is compared later.
        _twice(lambda part: json.dumps(in_one_order(part.keywords), sort_keys=True)),
        (lambda part: selected[0].get(part.pointer), lambda part: selected[1].get(part.pointer)),
        _twice(lambda part: (*sorted(_tags(part).items()),) or None),
        _twice(lambda part: None if part.component else part.node.get("title")),
    )
    pairs: list[tuple[Part, Part]] = []
    removed, added = before, after
    for old_key, new_key in keys:
        waiting: dict[Hashable, list[Part]] = {}
        for part in added:
            waiting.setdefault(new_key(part), []).append(part)
        left: list[Part] = []
        for part in removed:
            same = None if (name := old_key(part)) is None else waiting.get(name)
            if same:
                pairs.append((part, same.pop(0)))
            else:
                left.append(part)
        removed, added = left, _others(added, [part for _, part in pairs])
    for part, other in _alike(removed, added):
        pairs.append((part, other))
        removed, added = _others(removed, [part]), _others(added, [other])
    # What is null or not is the same alternative with another content.
    single = all(len([one for one in each if types(one.node) != ["null"]]) == 1 for each in (before, after))
    inline = all(part.component is None and not _tags(part) for part in (*removed, *added))
    if len(removed) == len(added) == 1 and (single or inline):
        return Matched([*pairs, (removed[0], added[0])], [], [])
    return Matched(pairs, removed, added)


def _twice(key: Callable[[Part], Hashable]) -> _Keys:
    return key, key


def _others(parts: list[Part], without: list[Part]) -> list[Part]:
    taken = {id(part) for part in without}
    return [part for part in parts if id(part) not in taken]


def _selected(schema: Part) -> dict[Pointer, tuple[str, ...]]:
    """Return the discriminator's values of each component that it selects."""
    names: dict[Pointer, tuple[str, ...]] = {}
    for name, reference in sorted((discriminator_names(schema) or ("", {}))[1].items()):
        if reference.startswith("#/"):
            names[target(reference)] = (*names.get(target(reference), ()), name)
    return names


_LEAST_ALIKE = 0.5
"""The share of common properties from which two objects count as versions of one alternative."""


def _alike(old: list[Part], new: list[Part]) -> Iterator[tuple[Part, Part]]:
    """Yield the pairs of alternatives with the same type that have most in common, each one once."""
    features = {id(part): _features(part) for part in (*old, *new)}
    scores = [
        (-score, index, position)
        for index, one in enumerate(old)
        for position, other in enumerate(new)
        if (score := _likeness(one, other, features[id(one)], features[id(other)]))
    ]
    left = {*range(len(old))}, {*range(len(new))}
    for _, index, position in sorted(scores):
        if index in left[0] and position in left[1]:
            left[0].remove(index)
            left[1].remove(position)
            yield old[index], new[position]


def _likeness(one: Part, other: Part, before: set[str], after: set[str]) -> float:
    tags = _tags(one), _tags(other)
    if types(one.node) != types(other.node) or (
        tags[0] and tags[1] and not tags[0].items() & tags[1].items()
    ):
        return 0
    score = len(before & after) / (len(before | after) or 1)
    if one.component or other.component or "properties" in one.node or "properties" in other.node:
        return score if score >= _LEAST_ALIKE else 0
    # Two texts or numbers without names are versions of each other.
    return score + 1


def _features(schema: Part) -> set[str]:
    """Return what characterizes a schema: its properties, or else its constraints."""
    if "properties" in schema.node:
        return {*schema.node["properties"]}
    listed = {json.dumps(value) for value in schema.node.get("enum", [])}
    return listed or {json.dumps([name, value], sort_keys=True) for name, value in schema.keywords.items()}


def is_whole(part: Part) -> bool:
    """Return whether a part is all of a component, and not its constraints on values of one type."""
    if part.component is None:
        return False
    whole = Part.at(part.document, part.document.get(part.pointer), part.pointer)
    return len(types(whole.node)) < 2
