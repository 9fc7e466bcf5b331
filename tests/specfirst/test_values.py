"""Values that are made from schemas: always valid, plausible, and the same for the same seed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from specfirst.contract.document import Document
from specfirst.runtime.validation import Schemas
from specfirst.runtime.values import NoValue, Values

COMPONENTS: dict[str, Any] = {
    "Node": {
        "type": "object",
        "required": ["children", "parent"],
        "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
            "parent": {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]},
        },
    },
    "Endless": {
        "type": "object",
        "required": ["again"],
        "properties": {"again": {"$ref": "#/components/schemas/Endless"}},
    },
    "Pet": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}},
        "discriminator": {"propertyName": "kind", "mapping": {"dog": "#/components/schemas/Dog"}},
    },
    "Dog": {
        "allOf": [
            {"$ref": "#/components/schemas/Pet"},
            {"type": "object", "required": ["bark"], "properties": {"bark": {"type": "string"}}},
        ]
    },
    "Vehicle": {
        "type": "object",
        "properties": {"kind": {"type": "string"}},
        "discriminator": {"propertyName": "kind", "mapping": {"c": "Car"}, "defaultMapping": "Bike"},
    },
    "Car": {
        "allOf": [
            {"$ref": "#/components/schemas/Vehicle"},
            {"required": ["kind", "doors"], "properties": {"doors": {"type": "integer"}}},
        ]
    },
    "Bike": {
        "allOf": [
            {"$ref": "#/components/schemas/Vehicle"},
            {"required": ["wheels"], "properties": {"wheels": {"type": "integer"}}},
        ]
    },
    "Email": {"type": "string", "format": "email", "maxLength": 40},
    "Page": {
        "$id": "https://example.com/page",
        "required": ["items"],
        "properties": {"items": {"type": "array", "minItems": 1, "items": {"$dynamicRef": "#item"}}},
        "$defs": {"item": {"$dynamicAnchor": "item"}},
    },
    "NodePage": {
        "$id": "https://example.com/nodes",
        "$ref": "page",
        "$defs": {"item": {"$dynamicAnchor": "item", "$ref": "#/components/schemas/Node"}},
    },
}


def values(seed: int = 0) -> Values:
    document = Document({"openapi": "3.1.0", "paths": {}, "components": {"schemas": COMPONENTS}})
    return Values(document, Schemas(document).validator, seed)


def made(schema: Any, seed: int = 0, name: str = "") -> Any:
    """Values checks its own results, but with the validator that it is given; this one is new."""
    value = values(seed).value(schema, name)
    document = Document({"components": {"schemas": COMPONENTS}})
    assert Schemas(document).validator(schema).is_valid(value), value
    return value


def test_dynamic_references_lead_to_the_outermost_anchor() -> None:
    page = made({"$ref": "#/components/schemas/NodePage"})
    assert all("children" in item for item in page["items"])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 40, "maxLength": 41},
        {"type": "string", "maxLength": 1},
        {"type": "string", "pattern": "^[A-Z]{2}-\\d{3,5}(x|yz)+$", "minLength": 12},
        {"type": "string", "pattern": "^(?<year>[0-9]{4})\\/[0-9]$"},
        {"type": "string", "pattern": "^\\p{Lu}[\\p{Ll}]{3}$"},
        {"type": "string", "pattern": "b+c", "minLength": 30},
        {"type": "string", "pattern": "^(?!a)[ab]{3}$"},
        *(
            {"type": "string", "format": form}
            for form in (
                *("date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname"),
                *("ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uri-template", "uuid"),
                *("json-pointer", "relative-json-pointer", "regex", "byte", "password", "never-heard-of"),
            )
        ),
        {"type": "integer", "minimum": 7, "maximum": 7},
        {"type": "integer", "exclusiveMinimum": 7, "exclusiveMaximum": 9},
        {"type": "integer", "maximum": -5},
        {"type": "integer", "minimum": 10, "multipleOf": 7},
        {"type": "integer", "multipleOf": 1.5, "minimum": 1},
        {"type": "number", "minimum": 0.1, "exclusiveMaximum": 0.11},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
        {"type": "number", "multipleOf": 0.01},
        {"type": "number", "minimum": 1e20},
        {"enum": [None, 3]},
        {"const": {"a": [1]}},
        {"type": ["null", "string"]},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
        {"type": "array", "items": {"type": "string", "example": "a"}, "uniqueItems": True, "minItems": 2},
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False},
        {"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 5}, "minContains": 2},
        {"type": "array", "items": {"type": "integer"}, "maxItems": 0},
        {"type": "object", "required": ["undeclared"], "additionalProperties": {"type": "integer"}},
        {"type": "object", "minProperties": 3, "additionalProperties": {"type": "boolean"}},
        {"type": "object", "minProperties": 2, "propertyNames": {"pattern": "^x-[a-z]{3}$"}},
        {"type": "object", "patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": False},
        {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 1},
        {"type": "object", "properties": {"a": {}}, "dependentRequired": {"a": ["b"]}},
        {
            "type": "object",
            "properties": {"a": {"type": "boolean"}, "b": {"type": "integer"}},
            "if": {"properties": {"a": {"const": True}}, "required": ["a"]},
            "then": {"required": ["b"]},
        },
        {"allOf": [{"type": "number", "minimum": 3}, {"type": "integer", "maximum": 4}]},
        {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]},
        {"type": "integer", "enum": [4], "allOf": [{"oneOf": [{"const": 1}, {"const": 4}]}]},
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
                {"type": "object", "properties": {"b": {"type": "string"}}},
            ]
        },
        {"oneOf": [{"type": "integer"}, {"type": "integer", "minimum": 0}]},
        {"anyOf": [False, {"type": "string", "minLength": 2}]},
        {"not": {"type": "string"}},
        {"type": "string", "not": {"minLength": 5}},
        {"$ref": "#/components/schemas/Email", "minLength": 10},
        {"$ref": "#/components/schemas/Node"},
        {"required": ["a"]},
        {"pattern": "^x"},
        {},
        True,
    ],
    ids=json.dumps,
)
def test_a_value_is_valid(schema: Any) -> None:
    for seed in range(5):
        if schema is True:
            values(seed).value(schema)
        else:
            made(schema, seed)


def test_the_same_seed_makes_the_same_value() -> None:
    schema = {"type": "array", "items": {"type": "string"}, "minItems": 5}
    assert made(schema, 7, "a") == made(schema, 7, "a")
    assert len({json.dumps(made(schema, seed, name)) for seed in (7, 8) for name in ("a", "b")}) == 4


def test_an_example_is_used_if_it_is_valid() -> None:
    def property_of(**schema: Any) -> Any:
        return made({"type": "object", "properties": {"a": {"type": "integer", **schema}}})["a"]

    assert property_of(example=41) == 41
    assert property_of(examples=["no", 42]) == 42
    assert property_of(default=43) == 43
    assert isinstance(property_of(example="no"), int)


@pytest.mark.parametrize(
    ("name", "schema", "start"),
    [("contact_email", {}, ("ada@", "alan@", "grace@")), ("x", {"format": "uri"}, "https://example.com/")],
)
def test_texts_are_plausible(name: str, schema: dict[str, Any], start: str | tuple[str, ...]) -> None:
    assert made({"type": "string", **schema}, 1, name).startswith(start)


def test_null_is_the_last_choice() -> None:
    schema = {"type": "object", "properties": {"a": {"anyOf": [{"type": "null"}, {"type": "integer"}]}}}
    assert all(made(schema, seed)["a"] is not None for seed in range(20))


@pytest.mark.parametrize("seed", range(4))
def test_the_default_of_a_discriminator_is_an_heir(seed: int) -> None:
    value = made({"$ref": "#/components/schemas/Vehicle"}, seed)
    assert ("doors" in value) if value.get("kind") == "c" else ("wheels" in value)


def test_a_discriminator_names_the_component() -> None:
    assert made({"$ref": "#/components/schemas/Dog"})["kind"] == "dog"
    choice = {
        "oneOf": [{"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"hound": "#/components/schemas/Dog"}},
    }
    assert made(choice)["kind"] == "hound"


def test_what_clients_alone_write_is_left_out() -> None:
    schema = {"type": "object", "properties": {"a": {}, "secret": {"writeOnly": True}}}
    assert [*made(schema)] == ["a"]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Endless"},
        {"$ref": "#/components/schemas/Nowhere"},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "string", "pattern": "^a$", "minLength": 2},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"not": {}},
        {"enum": []},
        False,
    ],
    ids=json.dumps,
)
def test_a_schema_without_a_value_is_reported(schema: Any) -> None:
    with pytest.raises(NoValue):
        values().value(schema)
