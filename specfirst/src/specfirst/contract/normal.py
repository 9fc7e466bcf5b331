"""Brings a document of any version to one meaning: that of OpenAPI 3.1, with the additions of 3.2.

Nothing else in the engine knows of versions. Parts stay where they are, so that a pointer into the normal
form is a pointer into the author's document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
            converted[field] = {key: _converted(part, name, conversions) for key, part in value.items()}
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
    elif "serializedValue" in example:
        example.setdefault("value", example["serializedValue"])
    return example


_FROM_3_0 = {"schema": _schema_from_3_0, "reference": _reference_from_3_0}
_FROM_3_2 = {"example": _example_from_3_2}
