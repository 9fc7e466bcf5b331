"""The kinds of OpenAPI objects: which kind of object is in which field of which other one."""

from __future__ import annotations

from collections.abc import Mapping

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""The fields of a path item that are operations (OpenAPI 3.2, section 4.9.1)."""

# Kinds of values that OpenAPI does not define: in the first one, references to other files are followed
# nevertheless; the second one is data of users, in which `$ref` has no meaning.
OTHER, DATA = "other", "data"

SECTIONS = {
    "schema": "schemas",
    "response": "responses",
    "parameter": "parameters",
    "example": "examples",
    "request body": "requestBodies",
    "header": "headers",
    "security scheme": "securitySchemes",
    "link": "links",
    "callback": "callbacks",
}
"""The section of `components` for the parts of a kind. The others, such as path items, are inlined."""

_VALUE = {"schema": "schema", "examples": "{example}", "example": DATA}
_PARAMETER = {**_VALUE, "content": "{media type}"}
_ENCODINGS = {"encoding": "{encoding}", "prefixEncoding": "[encoding]", "itemEncoding": "encoding"}

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "document": {
        "paths": "paths",
        "webhooks": "{path item}",
        "components": "components",
        "x-response-headers": "{header}",
    },
    "components": {
        **{section: f"{{{kind}}}" for kind, section in SECTIONS.items()},
        "pathItems": "{path item}",
        "mediaTypes": "{media type}",
    },
    "path item": {
        **dict.fromkeys(METHODS, "operation"),
        "additionalOperations": "{operation}",
        "parameters": "[parameter]",
    },
    "operation": {
        "parameters": "[parameter]",
        "requestBody": "request body",
        "responses": "responses",
        "callbacks": "{callback}",
    },
    "parameter": _PARAMETER,
    "header": _PARAMETER,
    "request body": {"content": "{media type}"},
    "response": {"headers": "{header}", "content": "{media type}", "links": "{link}"},
    "media type": {**_VALUE, **_ENCODINGS, "itemSchema": "schema"},
    "encoding": {**_ENCODINGS, "headers": "{header}"},
    "example": {"value": DATA, "dataValue": DATA, "externalValue": "url"},
    "link": {"parameters": DATA, "requestBody": DATA, "operationRef": "url"},
    "schema": {
        **dict.fromkeys(
            (
                *("additionalProperties", "items", "not", "if", "then", "else", "contains", "propertyNames"),
                *("unevaluatedItems", "unevaluatedProperties", "contentSchema"),
            ),
            "schema",
        ),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "[schema]"),
        **dict.fromkeys(
            ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"), "{schema}"
        ),
        **dict.fromkeys(("default", "example", "examples", "enum", "const"), DATA),
        "discriminator": "discriminator",
    },
    "discriminator": {"mapping": "{schema name}", "defaultMapping": "schema name"},
}
"""The kind of each field of an object: of its value, of each value in a {map}, or of each item of a [list].
3.2 is OpenAPI 3.1 with more fields."""

_EXTENSIBLE = {"paths": "path item", "callback": "path item", "responses": "response"}
"""Maps that may have extensions between their values."""

_NOT_OBJECTS = (DATA, "url", "discriminator")

CHILDREN: Mapping[str, Mapping[str, str]] = {
    kind: {
        field: f"{{{_EXTENSIBLE[child]}}}" if child in _EXTENSIBLE else child
        for field, child in fields.items()
        if child not in _NOT_OBJECTS
    }
    for kind, fields in _FIELDS.items()
    if kind != "discriminator"
} | {"callback": {"*": "path item"}}
"""The fields with OpenAPI objects: one, a {map} or a [list] of them. The field * is every other one."""


def kind_of_child(kind: str, token: str) -> str:
    """Return the kind of a field, a map's value or a list's item."""
    if kind == DATA:
        return DATA
    if kind.startswith(("{", "[")):
        return kind[1:-1]
    if kind in _EXTENSIBLE:
        return OTHER if token.startswith("x-") else _EXTENSIBLE[kind]
    return _FIELDS.get(kind, {}).get(token, OTHER)
