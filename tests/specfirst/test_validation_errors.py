"""Validation errors name the place and what was meant there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from specfirst.contract.document import Document
from specfirst.runtime.validation import Schemas, validation_errors


def errors(schema: Any, value: object) -> list[tuple[str, str]]:
    document = Document.from_json(
        json.dumps({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}).encode()
    )
    found = validation_errors(Schemas(document).validator(schema), value, "body")
    return [("/".join(map(str, item.loc)), item.msg) for item in found]


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": [*properties], "properties": properties}


EMAIL = thing(channel={"const": "email"}, address={"type": "string"})
SMS = thing(channel={"const": "sms"}, phone={"type": "string", "maxLength": 2})


@pytest.mark.parametrize("order", [[EMAIL, SMS], [SMS, EMAIL]], ids=["first", "last"])
def test_the_alternative_with_the_right_constant_was_meant(order: list[Any]) -> None:
    value = {"channel": "sms", "phone": "123"}
    assert errors({"oneOf": order}, value) == [("body/phone", "The value is longer than 2 characters")]


def test_the_alternative_with_all_required_properties_was_meant() -> None:
    schema = {"anyOf": [thing(a={"type": "integer"}), thing(b={"type": "integer"})]}
    assert errors(schema, {"b": "x"}) == [("body/b", 'The value is not of type "integer"')]


def test_an_error_of_several_schemas_is_reported_once() -> None:
    schema = {"allOf": [{"type": "object"}, thing(a={"type": "integer"}), {"required": ["a"]}]}
    assert errors(schema, {}) == [("body/a", "The property is required")]


def test_the_values_of_an_enum_are_all_listed() -> None:
    assert errors({"enum": ["a", "b", "c", None, "é"]}, "x") == [
        ("body", 'The value is not one of "a", "b", "c", null or "é"')
    ]
    assert errors({"enum": ["a"]}, "x") == [("body", 'The value is not one of "a"')]
    assert errors({"enum": [*range(30)]}, "x")[0][1].endswith("18, 19 or 10 others")


def test_a_format_is_named() -> None:
    assert errors({"format": "email"}, "x") == [("body", "The value is not a valid email")]
