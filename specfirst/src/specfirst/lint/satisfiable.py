"""Schemas that accept no value: constraints that exclude each other, alone or together with other schemas."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from specfirst.contract.document import Pointer, pointer_text
from specfirst.lint.rules import WARNING, Violation, rule
from specfirst.lint.view import Part, View, types

_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
_DEPTH, _WIDTH = 8, 50
"""How deep values and alternatives in others are examined, and how many schemas of one value."""

_Key = tuple[frozenset[Pointer], frozenset[Pointer]]
"""Schemas that a value has to be valid for, and those whose alternatives are examined."""

_BOUNDS: Mapping[str, tuple[str, str]] = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}


@rule("satisfiable", WARNING)
def schemas_accept_a_value(view: View) -> Iterator[Violation]:
    """If constraints exclude each other, every request or response with such a value is invalid."""
    values, seen = _Values(view), set[tuple[Pointer, str]]()
    for part in view.schemas:
        if any(_is_condition(ancestor) for ancestor in _ancestors(part)):
            continue
        found = [*_bounds_of(part), *values.excluded(part)]
        conflict = values.conflict([part])
        if conflict and not conflict.is_known:
            found.append(conflict)
        for pointer, problem, remedy, _ in found:
            if (pointer, problem) not in seen:
                seen.add((pointer, problem))
                yield Violation(pointer, problem, remedy)


class _Conflict(NamedTuple):
    """Why a schema accepts no value. Another rule reports it if it `is_known`."""

    pointer: Pointer
    problem: str
    remedy: str
    is_known: bool = False


def _ancestors(part: Part | None) -> Iterator[Part]:
    while part:
        yield part
        part = part.parent


def _is_condition(part: Part) -> bool:
    """Whether a schema that accepts nothing may be wanted here."""
    return part.kind == "schema" and part.field in ("not", "if", "then", "else")


def _bounds_of(part: Part) -> Iterator[_Conflict]:
    """Yield the bounds of one schema that exclude each other, also if values of other types are valid."""
    for kind in (*_BOUNDS, "number"):
        if conflict := _bounds([part], kind):
            yield conflict


class _Values:
    """Which schemas of a document accept a value. What it cannot decide is taken to accept one."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._inhabited: set[_Key] = set()

    def conflict(self, parts: Sequence[Part], within: frozenset[_Key] = frozenset()) -> _Conflict | None:
        """Return why no value is valid for all of these schemas, or None.

        `within` has the sets of schemas whose values would contain this one: a value has an end, so it does
        not contain itself.
        """
        together = self._together(parts)
        if len(within) > _DEPTH or len(together) > _WIDTH or _key(together, together) in self._inhabited:
            return None
        for part in together:
            # The smallest combination that accepts nothing is the cause.
            if len(self._together([part])) < len(together) and (found := self.conflict([part], within)):
                return found
        return self._conflict(together, together, within)

    def excluded(self, part: Part) -> Iterator[_Conflict]:
        """Yield the optional properties of the schemas in `allOf` that another one of them does not allow."""
        if "allOf" not in part.node:
            return
        own = [[part], *(self._together([child]) for child in self._children(part, "allOf"))]
        if sum(map(len, own)) > _WIDTH:
            return
        required = {name for group in own for other in group for name in _required(other)}
        for index, group in enumerate(own):
            for closed in filter(_is_closed, group):
                others = [other for place, more in enumerate(own) if place != index for other in more]
                for other in others:
                    for name in _properties(other).keys() - _properties(closed).keys() - required:
                        yield _Conflict(
                            (*part.pointer, "allOf"),
                            f"the property {name!r} of {pointer_text(other.pointer)} can never be present, "
                            f"since {pointer_text(closed.pointer)} has `additionalProperties: false` and "
                            "not this property",
                            _OPEN,
                        )

    def _conflict(
        self, together: Sequence[Part], alternating: Sequence[Part], within: frozenset[_Key]
    ) -> _Conflict | None:
        """Return the conflict of these schemas, with the alternatives of some of them."""
        key = _key(together, alternating)
        if len(within) > _DEPTH or key in self._inhabited:
            return None
        if key in within:
            return _Conflict(
                together[0].pointer,
                "each value contains another value of this schema, without end",
                "make a property on the way optional or nullable, or allow an empty array",
            )
        within |= {key}
        found = self._simple(together, within) or self._of_alternatives(together, alternating, within)
        if not found:
            self._inhabited.add(key)
        return found

    def _of_alternatives(
        self, together: Sequence[Part], alternating: Sequence[Part], within: frozenset[_Key]
    ) -> _Conflict | None:
        for part in alternating:
            for field in ("anyOf", "oneOf"):
                alternatives, conflicts = self._children(part, field), dict[Pointer, _Conflict]()
                # One that accepts a value is enough, so those that refer to nothing come first.
                for child in sorted(alternatives, key=_leads_on):
                    more = [part for part in self._together([child]) if part not in together]
                    if not more or len(more) > _WIDTH:
                        break
                    if not (conflict := self._conflict([*together, *more], more, within)):
                        break
                    conflicts[child.pointer] = conflict
                else:
                    if alternatives:
                        first = conflicts[alternatives[0].pointer]
                        problem = f"no alternative accepts a value; about the first one: {first.problem}"
                        return first._replace(pointer=(*part.pointer, field), problem=problem)
        return None

    def _simple(self, together: Sequence[Part], within: frozenset[_Key]) -> _Conflict | None:
        """Return the conflict of the schemas without their alternatives."""
        place = _combination(together)
        if any(part.node is False for part in together):
            return _Conflict(place, "the schema `false` accepts no value", "remove it, or write a schema")
        schemas = [part for part in together if isinstance(part.node, Mapping)]
        kinds = set(_TYPES)
        for part in schemas:
            named = types(part.node)
            kinds &= {*named, *(["integer"] if "number" in named else [])} if named else kinds
        if not kinds:
            named = [f"{' or '.join(types(part.node))}" for part in schemas if types(part.node)]
            problem = f"no value has all of the types {', '.join(dict.fromkeys(named))}"
            return _Conflict(place, problem, "correct the types, or do not combine the schemas")
        literals = [_literals(part.node) for part in schemas if part.node.keys() & {"enum", "const"}]
        if literals:
            # The rule enum-values compares them with the other keywords.
            if set.intersection(*literals):
                return None
            return _Conflict(place, "no value is in all of the enums", "correct the values")
        found = [self._of_type(kind, schemas, within) for kind in sorted(kinds, key=_TYPES.index)]
        return found[0] if all(found) else None

    def _of_type(self, kind: str, schemas: Sequence[Part], within: frozenset[_Key]) -> _Conflict | None:
        if conflict := _bounds(schemas, kind):
            return conflict
        if kind == "array" and any(part.node.get("minItems", 0) for part in schemas):
            if any("prefixItems" in part.node for part in schemas):
                return None
            items = [child for part in schemas for child in self._children(part, "items")]
            return self.conflict(items, within) if items else None
        return self._of_object(schemas, within) if kind == "object" else None

    def _of_object(self, schemas: Sequence[Part], within: frozenset[_Key]) -> _Conflict | None:
        required = {name: part for part in reversed(schemas) for name in _required(part)}
        for name, requiring in required.items():
            for closed in filter(_is_closed, schemas):
                if name not in _properties(closed):
                    by = pointer_text(requiring.pointer)
                    return _Conflict(
                        _combination(schemas),
                        f"no value is valid: {by} requires {name!r}, and {pointer_text(closed.pointer)} has "
                        "`additionalProperties: false` and not this property",
                        _OPEN,
                        is_known=requiring is closed,
                    )
            places = [(*part.pointer, "properties", name) for part in schemas]
            properties = [self._view.parts[place] for place in places if place in self._view.parts]
            if properties and (conflict := self.conflict(properties, within)):
                return conflict
        most = min((part.node.get("maxProperties", math.inf) for part in schemas), default=math.inf)
        if len(required) > most:
            problem = f"{len(required)} properties are required, and maxProperties is {most}"
            return _Conflict(_combination(schemas), problem, "correct one of them")
        return None

    def _together(self, parts: Iterable[Part]) -> list[Part]:
        """Return the schemas that a value of all these schemas is valid for: with references and `allOf`.

        If there are more than can be examined, the rest is missing.
        """
        found: dict[Pointer, Part] = {}
        waiting = [*reversed([*parts])]
        while waiting and len(found) <= _WIDTH:
            part = waiting.pop()
            if part.pointer in found:
                continue
            found[part.pointer] = part
            waiting += reversed(self._children(part, "allOf"))
            place = self._view.target(part)
            if place in self._view.parts:
                waiting.append(self._view.parts[place])
        return [*found.values()]

    def _children(self, part: Part, field: str) -> list[Part]:
        return [child for child in self._view.children(part, "schema") if child.field == field]


_LEADING = frozenset({"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf"})

_OPEN = "add the property there, or remove `additionalProperties: false`, which excludes all others"


def _leads_on(part: Part) -> bool:
    """Return whether a schema refers to others, or combines them."""
    return isinstance(part.node, Mapping) and not part.node.keys().isdisjoint(_LEADING)


def _key(together: Iterable[Part], alternating: Iterable[Part]) -> _Key:
    return frozenset(part.pointer for part in together), frozenset(part.pointer for part in alternating)


def _combination(parts: Sequence[Part]) -> Pointer:
    """Return where schemas are combined: the first `allOf`, or else the first schema."""
    for part in parts:
        if isinstance(part.node, Mapping) and "allOf" in part.node:
            return (*part.pointer, "allOf")
    return parts[0].pointer


def _is_closed(part: Part) -> bool:
    node = part.node
    return isinstance(node, Mapping) and (
        node.get("additionalProperties") is False and "patternProperties" not in node
    )


def _properties(part: Part) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = part.node.get("properties", {}) if isinstance(part.node, Mapping) else {}
    return properties


def _required(part: Part) -> Sequence[str]:
    required: Sequence[str] = part.node.get("required", ()) if isinstance(part.node, Mapping) else ()
    return required


def _literals(schema: Mapping[str, Any]) -> set[str]:
    """Return the values of `enum` and `const`, as JSON."""
    values = [json.dumps(value, sort_keys=True) for value in schema.get("enum", ())]
    if "const" not in schema:
        return {*values}
    constant = json.dumps(schema["const"], sort_keys=True)
    return {constant} if "enum" not in schema or constant in values else set()


def _bounds(parts: Sequence[Part], kind: str) -> _Conflict | None:
    """Return the conflict between the greatest lower and the least upper bound of schemas."""
    is_number = kind in ("integer", "number")
    lower, upper = _BOUNDS.get(kind, ("minimum", "maximum"))
    lowest = [(part.node[lower], False, lower, part) for part in parts if lower in part.node]
    highest = [(part.node[upper], False, upper, part) for part in parts if upper in part.node]
    if is_number:
        names = "exclusiveMinimum", "exclusiveMaximum"
        lowest += [(p.node[names[0]], True, names[0], p) for p in parts if names[0] in p.node]
        highest += [(p.node[names[1]], True, names[1], p) for p in parts if names[1] in p.node]
    elif kind not in _BOUNDS:
        return None
    if not lowest or not highest:
        return None
    low = max(lowest, key=lambda bound: bound[:2])
    high = min(highest, key=lambda bound: (bound[0], not bound[1]))
    least, most = low[0], high[0]
    if kind == "integer":
        least = math.floor(least) + 1 if low[1] else math.ceil(least)
        most = math.ceil(most) - 1 if high[1] else math.floor(most)
    if least < most or (least == most and (kind == "integer" or not (low[1] or high[1]))):
        return None
    same = low[3] is high[3]
    return _Conflict(
        (*low[3].pointer, low[2]) if same else _combination(parts),
        f"no value is valid: {low[2]} is {low[0]}, and {high[2]} is {high[0]}",
        "correct one of them",
    )
