"""Check whether a changed schema is compatible with the old one. jsonschema-rs proves it or gives up.

In a request, the new schema must accept every value that the old one accepted; in a response, the old schema
must accept every value that the new one accepts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from itertools import count, product
from math import prod
from typing import Any

import jsonschema_rs
from jsonschema_rs.canonical import CanonicalizationError, Containment

from specfirst.contract.document import Pointer, pointer_text
from specfirst.diff.part import Part, is_descriptive

YES, NO, UNKNOWN = Containment.YES, Containment.NO, Containment.UNKNOWN


class Way(Enum):
    """The direction of values; a change can break one direction and be harmless in the other."""

    REQUEST = "request"
    RESPONSE = "response"


REASONS: Mapping[tuple[Way, Containment], str] = {
    (Way.REQUEST, YES): "every value that was accepted still is",
    (Way.REQUEST, NO): "values that were accepted are refused",
    (Way.REQUEST, UNKNOWN): "it cannot be proven that every value that was accepted still is",
    (Way.RESPONSE, YES): "clients receive no value that could not come before",
    (Way.RESPONSE, NO): "clients may receive values that could not come before",
    (Way.RESPONSE, UNKNOWN): "it cannot be proven that clients receive no value that could not come before",
}


_REMEMBERED = 1_000
"""How many proofs are kept, each with the text of two schemas: many places have the same schemas."""


def covers(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> Containment:
    """Return whether the schema `wide` accepts every value that `narrow` accepts.

    Alternatives are compared one by one, since a proof about two lists of them takes jsonschema-rs time that
    grows with the fourth power of their number.
    """
    return _covers(json.dumps(wide, sort_keys=True), json.dumps(narrow, sort_keys=True))


def satisfies(narrow: Mapping[str, Any], wide: Mapping[str, Any], name: str) -> Containment:
    """Return whether all values of the schema `narrow` satisfy one keyword of `wide`.

    A schema accepts values that satisfy all its keywords, so if this holds for each, `wide` covers `narrow`.
    """
    keyword = {name: wide[name]} if name in wide else {}
    verdict = covers(keyword, narrow)
    if verdict is UNKNOWN:
        # A pattern prevents the proof even if the keyword alone decides.
        verdict = covers(keyword, {key: narrow[key] for key in ("type", name) if key in narrow})
    return verdict


@lru_cache(maxsize=_REMEMBERED)
def _covers(wide: str, narrow: str) -> Containment:
    if wide == narrow:
        return YES
    larger, smaller = json.loads(wide), json.loads(narrow)
    if len(cases := [*_cases(smaller)]) > 1:
        verdicts = {covers(larger, case) for case in cases}
        return NO if NO in verdicts else UNKNOWN if UNKNOWN in verdicts else YES
    if any(one == smaller for one in _cases(larger)):
        return YES
    if _is_all_of(larger) or _is_all_of(smaller):
        some = smaller["allOf"] if _is_all_of(smaller) else [smaller]
        all_ = larger["allOf"] if _is_all_of(larger) else [larger]
        if all(any(covers(one, other) is YES for other in some) for one in all_):
            return YES
    if _covers_inside(larger, smaller):
        return YES
    return _proven(wide, narrow)


def _covers_inside(wide: Any, narrow: Any) -> bool:
    """Return whether two schemas differ only in the values of items and properties, and those are covered."""
    if not (isinstance(wide, Mapping) and isinstance(narrow, Mapping) and wide.keys() == narrow.keys()):
        return False
    changed = {name for name in wide if wide[name] != narrow[name]}
    if not changed <= {"items", "properties"} or "components" in wide:
        # The references of a recursive schema lead to its components, which its parts do not have.
        return False
    pairs = [(wide["items"], narrow["items"])] if "items" in changed else []
    if "properties" in changed:
        if wide["properties"].keys() != narrow["properties"].keys():
            return False
        pairs += [(one, narrow["properties"][name]) for name, one in wide["properties"].items()]
    return all(covers(one, other) is YES for one, other in pairs)


def _cases(schema: Any) -> Iterator[Any]:
    """Yield schemas without a choice at the top, of which a value matches at least one.

    They are the schema itself if it has no choice, or if its choices are too many to be combined.
    """
    if isinstance(schema, Mapping) and schema.keys() == {"anyOf"}:
        for one in schema["anyOf"]:
            yield from _cases(one)
    elif _is_all_of(schema):
        choices = [[*_cases(one)] for one in schema["allOf"]]
        if prod(map(len, choices)) > _MOST_CASES:
            yield schema
        else:
            yield from ({"allOf": [*chosen]} for chosen in product(*choices))
    else:
        yield schema


def _is_all_of(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.keys() == {"allOf"}


_MOST_CASES = 200
"""The most combinations of the alternatives of several schemas that are compared one by one."""

_MOST_ALTERNATIVES = {"oneOf": 50, "anyOf": 12}
"""The most alternatives inside of a schema that jsonschema-rs compares; of `anyOf`, those that are objects.

For 16 alternatives in `anyOf`, it takes up to 4 seconds.
"""


@lru_cache(maxsize=_REMEMBERED)
def _proven(wide: str, narrow: str) -> Containment:
    if not _is_provable(json.loads(narrow), "oneOf", "anyOf") or not _is_provable(json.loads(wide), "oneOf"):
        return UNKNOWN
    try:
        return _canonical(wide).covers(_canonical(narrow))
    except (CanonicalizationError, jsonschema_rs.ValidationError):
        # For example, a regular expression that only other languages support.
        return UNKNOWN


@lru_cache(maxsize=100)
def _canonical(schema: str) -> jsonschema_rs.CanonicalSchema:
    # The same options as the engine: this dialect, with formats asserted.
    return jsonschema_rs.canonicalize(
        json.loads(schema), draft=jsonschema_rs.Draft202012, validate_formats=True
    )


def _is_provable(schema: Any, *keywords: str) -> bool:
    """Return whether no list of alternatives in a schema is too long for a proof."""
    if isinstance(schema, list):
        return all(_is_provable(one, *keywords) for one in schema)
    if not isinstance(schema, Mapping):
        return True
    for keyword in keywords:
        listed = schema.get(keyword)
        if isinstance(listed, list):
            heavy = [one for one in listed if keyword == "oneOf" or "properties" in one]
            if len(heavy) > _MOST_ALTERNATIVES[keyword]:
                return False
    return all(_is_provable(child, *keywords) for child in schema.values())


_SCHEMA = {
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties"),
}
_SCHEMAS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_NAMED_SCHEMAS = {"properties", "patternProperties", "dependentSchemas", "$defs"}
_UNORDERED = {"type", "enum", "required", "allOf", "anyOf", "oneOf"}
_CLOSING = ("additionalProperties", "unevaluatedProperties")


LARGEST = 2_000
"""The most parts of a schema that is compared as a whole; Stripe's references each other without end."""


class TooLarge(Exception):
    """A schema with all that it refers to is too large to be compared as a whole."""


def self_contained(schema: Part, *, opened: bool) -> dict[str, Any]:
    """Return a schema with its references inlined and without descriptions, for a comparison as a whole.

    `opened` also removes the keywords that close objects: clients ignore unknown properties of a response.
    Raises TooLarge.
    """
    bare = _bare(schema, opened, (), count(1))
    if '"$ref"' in json.dumps(bare):
        # A recursive schema cannot be inlined.
        bare["components"] = schema.document.content.get("components", {})
    return bare


def _bare(schema: Part, opened: bool, around: tuple[Pointer, ...], parts: Iterator[int]) -> dict[str, Any]:
    if schema.pointer in around:
        return {"$ref": pointer_text(schema.pointer)}
    if next(parts) > LARGEST:
        raise TooLarge
    around = (*around, schema.pointer)
    bare: dict[str, Any] = {}
    for name, value in schema.keywords.items():
        if opened and name in _CLOSING and value is False:
            continue
        if name in _SCHEMA:
            value = _bare(schema.child(name), opened, around, parts)
        elif name in _SCHEMAS:
            value = [_bare(child, opened, around, parts) for child in schema.listed(name)]
        elif name in _NAMED_SCHEMAS:
            value = {key: _bare(child, opened, around, parts) for key, child in schema.named(name).items()}
        elif name in _UNORDERED and isinstance(value, list):
            value = _sorted(value)
        bare[name] = value
    return bare


def in_one_order(schema: Any) -> Any:
    """Return a schema without descriptions, with its lists sorted whose order has no meaning."""
    if not isinstance(schema, Mapping):
        return schema
    ordered: dict[str, Any] = {}
    for name, value in schema.items():
        if is_descriptive(name):
            continue
        if name in _SCHEMA:
            value = in_one_order(value)
        elif name in _NAMED_SCHEMAS:
            value = {key: in_one_order(child) for key, child in value.items()}
        elif name in _SCHEMAS:
            value = [in_one_order(child) for child in value]
        if name in _UNORDERED and isinstance(value, list):
            value = _sorted(value)
        ordered[name] = value
    return ordered


def _sorted(values: list[Any]) -> list[Any]:
    if all(isinstance(value, str) for value in values):
        return sorted(values)
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True))
