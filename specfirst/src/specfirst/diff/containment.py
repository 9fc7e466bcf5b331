"""Check whether a changed schema is compatible with the old one. jsonschema-rs proves it or gives up.

In a request, the new schema must accept every value that the old one accepted; in a response, the old schema
must accept every value that the new one accepts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from itertools import count
from typing import Any

import jsonschema_rs
from jsonschema_rs.canonical import CanonicalizationError, Containment

from specfirst.contract.document import Pointer, pointer_text
from specfirst.diff.part import Part

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


def covers(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> Containment:
    """Return whether the schema `wide` accepts every value that `narrow` accepts."""
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


@cache
def _covers(wide: str, narrow: str) -> Containment:
    if wide == narrow:
        return YES
    try:
        return _canonical(wide).covers(_canonical(narrow))
    except (CanonicalizationError, jsonschema_rs.ValidationError):
        # For example, a regular expression that only other languages support.
        return UNKNOWN


def _canonical(schema: str) -> jsonschema_rs.CanonicalSchema:
    # The same options as the engine: this dialect, with formats asserted.
    return jsonschema_rs.canonicalize(
        json.loads(schema), draft=jsonschema_rs.Draft202012, validate_formats=True
    )


_SCHEMA = {
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties"),
}
_SCHEMAS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_NAMED_SCHEMAS = {"properties", "patternProperties", "dependentSchemas", "$defs"}
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
        bare[name] = value
    return bare
