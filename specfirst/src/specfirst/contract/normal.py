"""Brings a document of any version to one meaning: that of OpenAPI 3.1, with the additions of 3.2.

Nothing else in the engine knows of versions. Parts stay where they are, so that a pointer into the normal
form is a pointer into the author's document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from json import loads
from typing import Any

from specfirst.contract.kinds import CHILDREN


def normalize(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document in the normal form. What is malformed stays as it is; lint reports it."""
    version = content.get("openapi")
    if not isinstance(version, str):
        return content
    if re.match(r"3\.0\.", version):
        return {**_converted(content, "document", _FROM_3_0), "openapi": "3.1.1"}
    return _converted(content, "document", _FROM_3_2) if re.match(r"3\.2\.", version) else content


def _converted(node: Any, kind: str, conversions: Mapping[str, Any]) -> Any:
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node and isinstance(node["$ref"], str):
        reference = conversions.get("reference")
        if kind != "path item" and reference:
            return reference(node)
        if kind != "schema":
            return node
    fields = CHILDREN.get(kind, {})
    converted: dict[str, Any] = {}
    for field, value in node.items():
        child = fields.get(field) or fields.get("*", "")
        name = child.strip("{}[]")
        if not child:
            converted[field] = value
        elif child.startswith("{") and isinstance(value, Mapping):
            parts = {key: _converted(part, name, conversions) for key, part in value.items()}
            converted[field] = (
                conversions[field](parts) if field == "content" and field in conversions else parts
            )
        elif child.startswith("[") and isinstance(value, list):
            converted[field] = [_converted(part, name, conversions) for part in value]
        else:
            converted[field] = _converted(value, name, conversions)
    convert = conversions.get(kind)
    return convert(converted) if convert else converted


def _schema_from_3_0(schema: dict[str, Any]) -> dict[str, Any]:
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        # In 3.0 it is a modifier of the bound beside it.
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    return _nullable(schema) if schema.pop("nullable", False) is True else schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Allow null. Strictly, 3.0 requires `type` and null in an enum; its tools, and servers, do not."""
    null = {"type": "null"}
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    for alternatives in ("anyOf", "oneOf"):
        if isinstance(schema.get(alternatives), list) and null not in schema[alternatives]:
            schema[alternatives] = [*schema[alternatives], null]
    if isinstance(schema.get("allOf"), list):
        shown = {key: value for key, value in schema.items() if key in _TEXTS}
        return {**shown, "anyOf": [schema, null]}
    return schema


_TEXTS = ("title", "description", "example", "default", "deprecated", "readOnly", "writeOnly")


def _reference_from_3_0(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """In 3.0, nothing beside `$ref` counts."""
    return {"$ref": node["$ref"]}


def _example_from_3_2(example: dict[str, Any]) -> dict[str, Any]:
    if "dataValue" in example:
        example.setdefault("value", example["dataValue"])
    return example


def _content_from_3_2(content: dict[str, Any]) -> dict[str, Any]:
    """Read the serialized examples of bodies: in JSON as data, in other media types as the text itself."""
    return {
        name: _with_serialized(media_type, json=_JSON.search(name)) for name, media_type in content.items()
    }


def _with_serialized(node: Any, *, json: object) -> Any:
    if not isinstance(node, Mapping) or not isinstance(node.get("examples"), Mapping):
        return node
    examples = {name: _serialized(example, json=json) for name, example in node["examples"].items()}
    return {**node, "examples": examples}


def _serialized(example: Any, *, json: object) -> Any:
    text = example.get("serializedValue") if isinstance(example, Mapping) else None
    if not isinstance(text, str) or "value" in example:
        return example
    return {**example, "value": _parsed(text) if json else text}


def _components_from_3_2(components: dict[str, Any]) -> dict[str, Any]:
    """Read the serialized examples of components, whose media types are not known here."""
    examples = components.get("examples")
    if not isinstance(examples, Mapping):
        return components
    return {**components, "examples": {name: _serialized(part, json=True) for name, part in examples.items()}}


def _parsed(text: str) -> Any:
    """Return the JSON value of a text; what is no JSON stays a text, which lint compares with the schema."""
    try:
        return loads(text)
    except ValueError:
        return text


def _requirements_from_3_2(node: dict[str, Any]) -> dict[str, Any]:
    """Name the security schemes that are given as references (OpenAPI 3.2, section 4.32)."""
    if isinstance(node.get("security"), list):
        node["security"] = [
            {name.removeprefix("#/components/securitySchemes/"): scopes for name, scopes in part.items()}
            if isinstance(part, Mapping)
            else part
            for part in node["security"]
        ]
    return node


_JSON = re.compile(r"[/+]json *(;|$)", re.IGNORECASE)

_FROM_3_0 = {"schema": _schema_from_3_0, "reference": _reference_from_3_0}
_FROM_3_2 = {
    "example": _example_from_3_2,
    "content": _content_from_3_2,
    "components": _components_from_3_2,
    "document": _requirements_from_3_2,
    "operation": _requirements_from_3_2,
}
