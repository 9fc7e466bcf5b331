"""The kinds of OpenAPI objects: which kind of object is in which field of which other one."""

from __future__ import annotations

from collections.abc import Mapping

from specfirst.contract.document import METHODS

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

_VALUE = {"schema": "schema", "content": "{media type}", "examples": "{example}", "example": DATA}
_ENCODING = {
    "headers": "{header}",
    "encoding": "{encoding}",
    "prefixEncoding": "[encoding]",
    "itemEncoding": "encoding",
}

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
        **dict.fromkeys((*METHODS, "query"), "operation"),
        "additionalOperations": "{operation}",
        "parameters": "[parameter]",
    },
    "operation": {
        "parameters": "[parameter]",
        "requestBody": "request body",
        "responses": "responses",
        "callbacks": "{callback}",
    },
    "parameter": _VALUE,
    "header": _VALUE,
    "request body": {"content": "{media type}"},
    "response": {"headers": "{header}", "content": "{media type}", "links": "{link}"},
    "media type": {**_VALUE, **_ENCODING, "itemSchema": "schema"},
    "encoding": _ENCODING,
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


def kind_of_child(kind: str, token: str) -> str:
    """Return the kind of a field, a map's value or a list's item."""
    if kind == DATA:
        return DATA
    if kind.startswith(("{", "[")):
        return kind[1:-1]
    if kind in _EXTENSIBLE:
        return OTHER if token.startswith("x-") else _EXTENSIBLE[kind]
    return _FIELDS.get(kind, {}).get(token, OTHER)
