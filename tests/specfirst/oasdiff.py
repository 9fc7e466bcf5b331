"""The checks of oasdiff, each with a change that it is about, and what `specfirst diff` says of that change.

`oasdiff_checks.tsv` lists the checks of oasdiff at commit 4553c69d (August 2026) with its severities.
`python -m tests.specfirst.oasdiff` prints the table of docs/specfirst/oasdiff-checks.md.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from specfirst.contract.document import Document
from specfirst.diff import diff, require_comparable, version_problem

TODAY = date(2026, 6, 15)
TABLE = Path(__file__).parents[2] / "docs" / "specfirst" / "oasdiff-checks.md"


def _lines(name: str) -> dict[str, str]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


CHECKS = _lines("oasdiff_checks.tsv")

Schema = Mapping[str, Any] | bool
_TEXT, _INTEGER = {"type": "string"}, {"type": "integer"}
_A, _B = ({"type": "object", "required": [name], "properties": {name: _TEXT}} for name in ("a", "b"))


def _bound(keyword: str, type_: str) -> dict[str, tuple[Schema, Schema]]:
    without, low, high = ({"type": type_, **({keyword: n} if n else {})} for n in (0, 5, 6))
    return {
        "increased": (low, high),
        "decreased": (high, low),
        "set": (without, low),
        "unset": (low, without),
    }


def _added(keyword: str, base: Any, value: Any, other: Any = None) -> dict[str, tuple[Schema, Schema]]:
    with_, changed = {**base, keyword: value}, {**base, keyword: other}
    return {"added": (base, with_), "removed": (with_, base), "changed": (with_, changed)}


def _choice(keyword: str) -> dict[str, tuple[Schema, Schema]]:
    one, two = {keyword: [_A]}, {keyword: [_A, _B]}
    return {"added": (one, two), "removed": (two, one)}


def _discriminated(name: str, mapping: Mapping[str, str]) -> Schema:
    return {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {
            "propertyName": name,
            "mapping": {key: f"#/components/schemas/{value}" for key, value in mapping.items()},
        },
    }


_PLAIN = _discriminated("kind", {"cat": "Cat", "dog": "Dog"})
_WITHOUT = {key: value for key, value in dict(_PLAIN).items() if key != "discriminator"}  # type: ignore[call-overload]
_OBJECT: Any = {"type": "object", "additionalProperties": True, "properties": {"a": _TEXT, "b": _TEXT}}
_ARRAY: Any = {"type": "array"}
_IF: Any = {"type": "string", "if": {"minLength": 2}}

ASPECTS: dict[str, tuple[Schema, Schema]] = {
    **{f"max-{name}": pair for name, pair in _bound("maximum", "integer").items()},
    **{f"min-{name}": pair for name, pair in _bound("minimum", "integer").items()},
    **{f"exclusive-max-{name}": pair for name, pair in _bound("exclusiveMaximum", "integer").items()},
    **{f"exclusive-min-{name}": pair for name, pair in _bound("exclusiveMinimum", "integer").items()},
    **{f"max-length-{name}": pair for name, pair in _bound("maxLength", "string").items()},
    **{f"min-length-{name}": pair for name, pair in _bound("minLength", "string").items()},
    **{f"max-items-{name}": pair for name, pair in _bound("maxItems", "array").items()},
    **{f"min-items-{name}": pair for name, pair in _bound("minItems", "array").items()},
    **{f"pattern-{name}": pair for name, pair in _added("pattern", _TEXT, "^a", "^b").items()},
    "pattern-generalized": ({**_TEXT, "pattern": "^a"}, {**_TEXT, "pattern": ".*"}),
    "enum-value-added": ({**_TEXT, "enum": ["a"]}, {**_TEXT, "enum": ["a", "b"]}),
    "enum-value-removed": ({**_TEXT, "enum": ["a", "b"]}, {**_TEXT, "enum": ["a"]}),
    "became-enum": (_TEXT, {**_TEXT, "enum": ["a"]}),
    **{f"const-{name}": pair for name, pair in _added("const", _TEXT, "a", "b").items()},
    **{f"default-value-{name}": pair for name, pair in _added("default", _TEXT, "a", "b").items()},
    "became-nullable": (_TEXT, {"type": ["string", "null"]}),
    "became-not-nullable": ({"type": ["string", "null"]}, _TEXT),
    "type-changed": (_TEXT, _INTEGER),
    "type-generalized": (_INTEGER, {"type": "number"}),
    "type-specialized": ({"type": "number"}, _INTEGER),
    "type-compatible": ({"type": "integer", "enum": [1]}, {"type": "number", "enum": [1]}),
    "list-of-types-widened": ({"type": ["string", "integer"]}, {"type": ["string", "integer", "boolean"]}),
    "list-of-types-narrowed": ({"type": ["string", "integer", "boolean"]}, {"type": ["string", "integer"]}),
    **{f"all-of-{name}": pair for name, pair in _choice("allOf").items()},
    "all-of-added-annotation-only": ({"allOf": [_A]}, {"allOf": [_A, {"description": "More."}]}),
    "all-of-removed-annotation-only": ({"allOf": [_A, {"description": "More."}]}, {"allOf": [_A]}),
    **{f"any-of-{name}": pair for name, pair in _choice("anyOf").items()},
    **{f"one-of-{name}": pair for name, pair in _choice("oneOf").items()},
    "wrapped-in-one-of": (_A, {"oneOf": [_A, _INTEGER]}),
    "discriminator-added": (_WITHOUT, _PLAIN),
    "discriminator-removed": (_PLAIN, _WITHOUT),
    "discriminator-property-name-changed": (_PLAIN, _discriminated("type", {"cat": "Cat", "dog": "Dog"})),
    "discriminator-mapping-added": (_PLAIN, _discriminated("kind", {"cat": "Cat", "dog": "Dog", "c": "Cat"})),
    "discriminator-mapping-deleted": (
        _discriminated("kind", {"cat": "Cat", "dog": "Dog", "c": "Cat"}),
        _PLAIN,
    ),
    "discriminator-mapping-changed": (_PLAIN, _discriminated("kind", {"cat": "Dog", "dog": "Cat"})),
    **{f"prefix-items-{name}": pair for name, pair in _added("prefixItems", _ARRAY, [_TEXT]).items()},
    **{
        f"if-{name}": pair
        for name, pair in _added("if", {**_TEXT, "then": {"maxLength": 3}}, {"minLength": 2}).items()
    },
    **{f"then-{name}": pair for name, pair in _added("then", _IF, {"maxLength": 3}).items()},
    **{f"else-{name}": pair for name, pair in _added("else", _IF, {"pattern": "^a"}).items()},
    **{f"contains-{name}": pair for name, pair in _added("contains", _ARRAY, _TEXT).items()},
    "min-contains-increased": (
        {**_ARRAY, "contains": _TEXT, "minContains": 1},
        {**_ARRAY, "contains": _TEXT, "minContains": 2},
    ),
    "max-contains-increased": (
        {**_ARRAY, "contains": _TEXT, "maxContains": 3},
        {**_ARRAY, "contains": _TEXT, "maxContains": 4},
    ),
    **{
        f"dependent-required-{name}": pair
        for name, pair in _added("dependentRequired", _OBJECT, {"a": ["b"]}, {"b": ["a"]}).items()
    },
    **{
        f"dependent-schema-{name}": pair
        for name, pair in _added("dependentSchemas", _OBJECT, {"a": {"required": ["b"]}}).items()
    },
    **{
        f"pattern-property-{name}": pair
        for name, pair in _added("patternProperties", _OBJECT, {"^x": _INTEGER}).items()
    },
    **{
        f"property-names-{name}": pair
        for name, pair in _added("propertyNames", _OBJECT, {"maxLength": 3}).items()
    },
    **{f"unevaluated-items-{name}": pair for name, pair in _added("unevaluatedItems", _ARRAY, False).items()},
    **{
        f"unevaluated-properties-{name}": pair
        for name, pair in _added("unevaluatedProperties", {"type": "object", "allOf": [_A]}, False).items()
    },
    **{f"content-schema-{name}": pair for name, pair in _added("contentSchema", _TEXT, _A).items()},
    "content-media-type-changed": (
        {**_TEXT, "contentMediaType": "a/b"},
        {**_TEXT, "contentMediaType": "a/c"},
    ),
    "content-encoding-changed": (
        {**_TEXT, "contentEncoding": "base64"},
        {**_TEXT, "contentEncoding": "base32"},
    ),
    "x-extensible-enum-value-removed": (
        {**_TEXT, "x-extensible-enum": ["a", "b"]},
        {**_TEXT, "x-extensible-enum": ["a"]},
    ),
    "deprecated": (_TEXT, {**_TEXT, "deprecated": True}),
    "deprecated-with-sunset": (_TEXT, {**_TEXT, "deprecated": True, "x-sunset": "2026-12-31"}),
    "deprecated-sunset-missing": (_TEXT, {**_TEXT, "deprecated": True}),
    "deprecated-sunset-invalid": (_TEXT, {**_TEXT, "deprecated": True, "x-sunset": "soon"}),
    "sunset-date-too-small": (_TEXT, {**_TEXT, "deprecated": True, "x-sunset": "2026-06-16"}),
    "reactivated": ({**_TEXT, "deprecated": True}, _TEXT),
    "stability-decreased": ({**_TEXT, "x-stability-level": "beta"}, {**_TEXT, "x-stability-level": "alpha"}),
    "stability-increased": ({**_TEXT, "x-stability-level": "alpha"}, {**_TEXT, "x-stability-level": "beta"}),
}
for _name in ("min-contains", "max-contains"):
    ASPECTS[f"{_name}-decreased"] = (ASPECTS[f"{_name}-increased"][1], ASPECTS[f"{_name}-increased"][0])

PROPERTIES: dict[str, tuple[Any, Any]] = {
    # The schemas of the object that contains the property p.
    "property-became-required": (
        {"properties": {"p": _TEXT}},
        {"properties": {"p": _TEXT}, "required": ["p"]},
    ),
    "property-became-required-with-default": (
        {"properties": {"p": {**_TEXT, "default": "a"}}},
        {"properties": {"p": {**_TEXT, "default": "a"}}, "required": ["p"]},
    ),
    "property-removed": ({"properties": {"p": _TEXT}}, {"properties": {}}),
    "optional-property-removed": ({"properties": {"p": _TEXT}}, {"properties": {}}),
    "required-property-removed": ({"properties": {"p": _TEXT}, "required": ["p"]}, {"properties": {}}),
    "new-required-property": ({"properties": {}}, {"properties": {"p": _TEXT}, "required": ["p"]}),
    "new-required-property-with-default": (
        {"properties": {}},
        {"properties": {"p": {**_TEXT, "default": "a"}}, "required": ["p"]},
    ),
    "new-optional-property": ({"properties": {}}, {"properties": {"p": _TEXT}}),
}
PROPERTIES["property-became-optional"] = tuple(reversed(PROPERTIES["property-became-required"]))  # type: ignore[assignment]
for _kind in ("optional", "required"):
    PROPERTIES[f"{_kind}-property-added"] = PROPERTIES[f"new-{_kind}-property"]
    for _mode, _word in (("readOnly", "read-only"), ("writeOnly", "write-only")):
        _required = {"required": ["p"]} if _kind == "required" else {}
        _pair = (
            {"properties": {"p": _TEXT}, **_required},
            {"properties": {"p": {**_TEXT, _mode: True}}, **_required},
        )
        PROPERTIES[f"{_kind}-property-became-{_word}"] = _pair
        PROPERTIES[f"{_kind}-property-became-not-{_word}"] = (_pair[1], _pair[0])


def base() -> Any:
    """A contract with an operation, without what the checks are about."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Checks", "version": "1.0.0"},
        "paths": {
            "/a": {
                "put": {
                    "operationId": "putA",
                    "responses": {"200": {"description": "ok", "content": {"a/b": {"schema": {}}}}},
                }
            }
        },
        "components": {
            "schemas": {
                name: {
                    "type": "object",
                    "required": ["kind", "type"],
                    "properties": {"kind": _TEXT, "type": _TEXT},
                }
                for name in ("Cat", "Dog")
            }
        },
    }  # fmt: skip


def operation(document: Any) -> Any:
    return document["paths"]["/a"]["put"]


def with_schema(slot: str, schema: Any) -> Any:
    document = base()
    mode = {"read-only": {"readOnly": True}, "write-only": {"writeOnly": True}}
    flags = next((flag for word, flag in mode.items() if f"-{word}-property" in slot), {})
    if slot.endswith("-property"):
        schema = {"type": "object", "properties": {"p": {**schema, **flags}}}
    return with_body(slot, document, schema)


def with_body(slot: str, document: Any, schema: Any) -> Any:
    if slot.startswith("request-parameter"):
        style = {"style": "deepObject"} if slot.endswith("-property") else {}
        operation(document)["parameters"] = [{"name": "p", "in": "query", "schema": schema, **style}]
    elif slot.startswith("request-header"):
        operation(document)["parameters"] = [{"name": "P", "in": "header", "schema": schema}]
    elif slot.startswith("response-header"):
        operation(document)["responses"]["200"]["headers"] = {"P": {"schema": schema}}
    elif slot.startswith("request"):
        operation(document)["requestBody"] = {"content": {"a/b": {"schema": schema}}}
    else:
        operation(document)["responses"]["200"]["content"]["a/b"]["schema"] = schema
    return document


def _path(*changes: tuple[str, Any]) -> Any:
    """The contract with values at paths such as `paths./a.put.deprecated`; None removes."""
    document = base()
    for path, value in changes:
        node, keys = document, path.split(" ")
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        if value is None:
            del node[keys[-1]]
        else:
            node[keys[-1]] = copy.deepcopy(value)
    return document


_PUT = "paths /a put"
_B_GET = {"operationId": "getB", "responses": {"200": {"description": "ok"}}}
_SCHEMES = {
    "one": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "https://a.example/t", "scopes": {"r": "R"}}},
    },
    "two": {"type": "http", "scheme": "bearer"},
}
_FLOW = "components securitySchemes one flows clientCredentials"
_SECURE = ("components securitySchemes", _SCHEMES)
_QUERY = {"name": "p", "in": "query", "schema": _TEXT}


def _query(**more: Any) -> tuple[str, Any]:
    return f"{_PUT} parameters", [{**_QUERY, **more}]


def _sunset(date_: str | None) -> dict[str, Any]:
    return {"deprecated": True, **({"x-sunset": date_} if date_ else {})}


def _lifecycle(key: str, before: Any, after: Any) -> tuple[Any, Any]:
    """An operation or parameter with these fields, and with those."""
    pair = []
    for fields in (before, after):
        document = base()
        if fields is None and key == "path":
            pass
        elif fields is None:
            document["paths"]["/b"] = {"put": {**_B_GET, "operationId": "putB"}}
        elif key in ("operation", "path"):
            document["paths"]["/b"] = {"get": {**_B_GET, **fields}}
            if key == "operation":
                document["paths"]["/b"]["put"] = {**_B_GET, "operationId": "putB"}
        pair.append(document)
    return pair[0], pair[1]


def _parameter(before: Any, after: Any) -> tuple[Any, Any]:
    return _path(_query(**before)), _path(_query(**after)) if after is not None else _path()


def _header(before: Any, after: Any) -> tuple[Any, Any]:
    where = f"{_PUT} responses 200 headers"
    return tuple(
        _path((where, {"P": {"schema": _TEXT, **fields}})) if fields is not None else _path()
        for fields in (before, after)
    )  # type: ignore[return-value]


def _media(before: Any, after: Any, way: str) -> tuple[Any, Any]:
    where = f"{_PUT} requestBody content" if way == "request" else f"{_PUT} responses 200 content"
    return _path((where, before)), _path((where, after))


def _authorized(url: str) -> Any:
    return {"authorizationCode": {"authorizationUrl": url, "tokenUrl": "https://a.example/t", "scopes": {}}}


_TYPED, _OTHER_TYPE = {"a/b": {"schema": _TEXT}}, {"a/c": {"schema": _TEXT}}
_WITH_404 = (f"{_PUT} responses 404", {"description": "no"})
_TWO = (f"{_PUT} responses 201", {"description": "ok"})

DOCUMENTS: dict[str, tuple[Any, Any]] = {
    "endpoint-added": (_path(), _path(("paths /b get", _B_GET))),
    "webhook-added": (_path(), _path(("webhooks b get", _B_GET))),
    "webhook-removed": (_path(("webhooks b get", _B_GET)), _path()),
    "api-schema-removed": (_path(), _path(("components schemas Dog", None))),
    "api-operation-id-removed": (_path(), _path((f"{_PUT} operationId", None))),
    "api-operation-id-added": (_path((f"{_PUT} operationId", None)), _path()),
    "api-tag-removed": (_path((f"{_PUT} tags", ["a"])), _path()),
    "api-tag-added": (_path(), _path((f"{_PUT} tags", ["a"]))),
    "api-version-not-bumped": (_path(), _path((f"{_PUT} operationId", "x"))),
    "api-version-decreased": (_path(), _path(("info version", "0.9.0"), (f"{_PUT} operationId", "x"))),
    "api-major-version-not-bumped": (_path(), _path(("info version", "1.1.0"), (f"{_PUT} operationId", "x"))),
    # Security.
    "api-security-component-removed": (
        _path(_SECURE),
        _path(("components securitySchemes one", _SCHEMES["one"])),
    ),
    "api-security-component-added": (
        _path(("components securitySchemes one", _SCHEMES["one"])),
        _path(_SECURE),
    ),
    "api-security-component-oauth-url-changed": (
        _path(_SECURE, ("components securitySchemes one flows", _authorized("https://a.example/a"))),
        _path(_SECURE, ("components securitySchemes one flows", _authorized("https://a.example/b"))),
    ),
    "api-security-component-oauth-token-url-changed": (
        _path(_SECURE),
        _path(_SECURE, (f"{_FLOW} tokenUrl", "https://b.example/t")),
    ),
    "api-security-component-type-changed": (
        _path(_SECURE),
        _path(_SECURE, ("components securitySchemes two", {"type": "apiKey", "in": "header", "name": "K"})),
    ),
    "api-security-component-oauth-scope-added": (_path(_SECURE), _path(_SECURE, (f"{_FLOW} scopes w", "W"))),
    "api-security-component-oauth-scope-removed": (
        _path(_SECURE),
        _path(_SECURE, (f"{_FLOW} scopes r", None)),
    ),
    "api-security-component-oauth-scope-changed": (
        _path(_SECURE),
        _path(_SECURE, (f"{_FLOW} scopes r", "Other")),
    ),
    "api-security-added": (_path(_SECURE), _path(_SECURE, (f"{_PUT} security", [{"two": []}]))),
    "api-security-removed": (_path(_SECURE, (f"{_PUT} security", [{"two": []}])), _path(_SECURE)),
    "api-security-scope-added": (
        _path(_SECURE, (f"{_PUT} security", [{"one": []}])),
        _path(_SECURE, (f"{_PUT} security", [{"one": ["r"]}])),
    ),
    "api-global-security-added": (_path(_SECURE), _path(_SECURE, ("security", [{"two": []}]))),
    "api-global-security-removed": (_path(_SECURE, ("security", [{"two": []}])), _path(_SECURE)),
    "api-global-security-scope-added": (
        _path(_SECURE, ("security", [{"one": []}])),
        _path(_SECURE, ("security", [{"one": ["r"]}])),
    ),
    # Deprecation of operations and parameters.
    "endpoint-deprecated": _lifecycle("operation", {}, _sunset(None)),
    "endpoint-deprecated-with-sunset": _lifecycle("operation", {}, _sunset("2026-12-31")),
    "endpoint-reactivated": _lifecycle("operation", _sunset(None), {}),
    "api-deprecated-sunset-parse": _lifecycle("operation", {}, _sunset("soon")),
    "api-deprecated-sunset-missing": _lifecycle("operation", {}, _sunset(None)),
    "api-sunset-date-too-small": _lifecycle("operation", {}, _sunset("2026-06-16")),
    "api-sunset-date-changed-too-small": _lifecycle(
        "operation", _sunset("2026-12-31"), _sunset("2026-06-16")
    ),
    "sunset-deleted": _lifecycle("operation", _sunset("2026-12-31"), _sunset(None)),
    "api-removed-without-deprecation": _lifecycle("operation", {}, None),
    "api-removed-with-deprecation": _lifecycle("operation", _sunset("2026-01-01"), None),
    "api-removed-before-sunset": _lifecycle("operation", _sunset("2026-12-31"), None),
    "api-path-removed-without-deprecation": _lifecycle("path", {}, None),
    "api-path-removed-with-deprecation": _lifecycle("path", _sunset("2026-01-01"), None),
    "api-path-removed-before-sunset": _lifecycle("path", _sunset("2026-12-31"), None),
    "api-path-sunset-parse": _lifecycle("path", _sunset("soon"), None),
    "api-stability-decreased": _lifecycle(
        "operation", {"x-stability-level": "beta"}, {"x-stability-level": "alpha"}
    ),
    "api-stability-increased": _lifecycle(
        "operation", {"x-stability-level": "alpha"}, {"x-stability-level": "beta"}
    ),
    "api-invalid-stability-level": _lifecycle("operation", {}, {"x-stability-level": "odd"}),
    "request-parameter-reactivated": _parameter(_sunset(None), {}),
    "request-parameter-deprecated": _parameter({}, _sunset("2026-12-31")),
    "request-parameter-deprecated-sunset-missing": _parameter({}, _sunset(None)),
    "request-parameter-sunset-date-too-small": _parameter({}, _sunset("2026-06-16")),
    "request-parameter-sunset-date-changed-too-small": _parameter(
        _sunset("2026-12-31"), _sunset("2026-06-16")
    ),
    "request-parameter-sunset-deleted": _parameter(_sunset("2026-12-31"), _sunset(None)),
    "request-parameter-sunset-parse": _parameter(_sunset("soon"), None),
    "request-parameter-removed": _parameter({}, None),
    "request-parameter-removed-with-deprecation": _parameter(_sunset("2026-01-01"), None),
    "request-parameter-removed-before-sunset": _parameter(_sunset("2026-12-31"), None),
    # Parameters.
    "new-required-request-parameter": (_path(), _path(_query(required=True))),
    "new-optional-request-parameter": (_path(), _path(_query())),
    "new-request-path-parameter": (
        _path(("paths /b/{p} get", _B_GET)),
        _path(
            ("paths /b/{p}/{q} get", {**_B_GET, "parameters": [{**_QUERY, "in": "path", "required": True}]}),
        ),
    ),
    "new-required-request-header-property": (
        _path(),
        _path((f"{_PUT} parameters", [{"name": "P", "in": "header", "required": True, "schema": _TEXT}])),
    ),
    "new-required-request-default-parameter-to-existing-path": (
        _path(),
        _path(("paths /a parameters", [{**_QUERY, "required": True}])),
    ),
    "new-optional-request-default-parameter-to-existing-path": (
        _path(),
        _path(("paths /a parameters", [_QUERY])),
    ),
    "request-parameter-became-required": _parameter({}, {"required": True}),
    "request-parameter-became-optional": _parameter({"required": True}, {}),
    "request-header-property-became-required": (
        _path((f"{_PUT} parameters", [{"name": "P", "in": "header", "schema": _TEXT}])),
        _path((f"{_PUT} parameters", [{"name": "P", "in": "header", "required": True, "schema": _TEXT}])),
    ),
    # Bodies, media types, responses.
    "request-body-added-required": (
        _path(),
        _path((f"{_PUT} requestBody", {"required": True, "content": _TYPED})),
    ),
    "request-body-added-optional": (_path(), _path((f"{_PUT} requestBody", {"content": _TYPED}))),
    "request-body-removed": (_path((f"{_PUT} requestBody", {"content": _TYPED})), _path()),
    "request-body-became-required": (
        _path((f"{_PUT} requestBody", {"content": _TYPED})),
        _path((f"{_PUT} requestBody", {"content": _TYPED, "required": True})),
    ),
    "request-body-media-type-added": _media(_TYPED, {**_TYPED, **_OTHER_TYPE}, "request"),
    "request-body-media-type-removed": _media({**_TYPED, **_OTHER_TYPE}, _TYPED, "request"),
    "request-body-media-type-schema-added": _media({"a/b": {}}, _TYPED, "request"),
    "request-body-media-type-schema-removed": _media(_TYPED, {"a/b": {}}, "request"),
    "response-body-media-type-schema-added": _media({"a/b": {}}, _TYPED, "response"),
    "response-body-media-type-schema-removed": _media(_TYPED, {"a/b": {}}, "response"),
    "response-media-type-added": _media(_TYPED, {**_TYPED, **_OTHER_TYPE}, "response"),
    "response-media-type-removed": _media({**_TYPED, **_OTHER_TYPE}, _TYPED, "response"),
    "response-media-type-name-changed": _media(_TYPED, {"a/b;charset=utf-8": _TYPED["a/b"]}, "response"),
    "response-media-type-name-generalized": _media(
        {"application/x+json": _TYPED["a/b"]}, {"application/json": _TYPED["a/b"]}, "response"
    ),
    "response-media-type-name-specialized": _media(
        {"application/json": _TYPED["a/b"]}, {"application/x+json": _TYPED["a/b"]}, "response"
    ),
    "response-success-status-added": (_path(), _path(_TWO)),
    "response-success-status-removed": (_path(_TWO), _path()),
    "response-non-success-status-added": (_path(), _path(_WITH_404)),
    "response-non-success-status-removed": (_path(_WITH_404), _path()),
    "response-header-added": _header(None, {}),
    "response-header-became-optional": _header({"required": True}, {}),
    "required-response-header-removed": _header({"required": True}, None),
    "optional-response-header-removed": _header({}, None),
}
DOCUMENTS["request-body-became-optional"] = tuple(reversed(DOCUMENTS["request-body-became-required"]))  # type: ignore[assignment]
for _name in ("api-security-scope", "api-global-security-scope"):
    DOCUMENTS[f"{_name}-removed"] = tuple(reversed(DOCUMENTS[f"{_name}-added"]))  # type: ignore[assignment]

_SLOTS = (
    *(
        "request-parameter-property",
        "request-parameter",
        "request-header-property",
        "request-read-only-property",
    ),
    *(
        "request-property",
        "request-body",
        "response-write-only-property",
        "response-property",
        "response-body",
    ),
    *("response-header", "response-mediatype"),
)


def change(check: str) -> tuple[Any, Any]:
    """Return a contract before and after the change that a check is about."""
    if check in DOCUMENTS:
        return DOCUMENTS[check]
    for slot in _SLOTS:
        aspect = check.removeprefix(f"{slot}-")
        if aspect != check and aspect in ASPECTS:
            before, after = ASPECTS[aspect]
            return with_schema(slot, before), with_schema(slot, after)
    way, rest = ("request", check) if "request" in check else ("response", check)
    rest = rest.replace(f"{way}-", "", 1) if check.startswith(way) else rest.replace(f"-{way}", "", 1)
    flags = {"readOnly": True} if "read-only-property" in rest else {}
    flags = {"writeOnly": True} if "write-only-property" in rest else flags
    pair = PROPERTIES[re.sub("-?(write|read)-only-property", "-property", rest).removeprefix("-")]
    documents = []
    for schema in pair:
        schema = copy.deepcopy(schema)
        for part in schema["properties"].values():
            part.update(flags)
        documents.append(with_body(way, base(), {"type": "object", **schema}))
    return documents[0], documents[1]


REASONS = _lines("oasdiff_reasons.tsv")
"""The reasons of all differences, for the first pattern that matches a check."""

_SAME = {
    "error": ("breaking", "error"),
    "warning": ("warning",),
    "info": ("compatible", "documentation", "no change"),
}


def reason(found: Verdict) -> str | None:
    """Return why `specfirst diff` differs from oasdiff: "" if it does not, None if the reason is missing."""
    if found.level in _SAME[found.oasdiff]:
        return ""
    return next((text for pattern, text in REASONS.items() if re.fullmatch(pattern, found.check)), None)


class Verdict(NamedTuple):
    check: str
    oasdiff: str
    level: str
    rule: str


def verdict(check: str) -> Verdict:
    """Return what `specfirst diff` says about the change of a check: its most severe level and rule."""
    old, new = (Document(content) for content in change(check))
    for document in (old, new):
        require_comparable(document)
    changes = diff(old, new, today=TODAY, grace_days=30)
    if check.startswith("api-") and "version" in check:
        problem = version_problem(old, new, breaking=True)
        assert problem
        return Verdict(check, CHECKS[check], "error", problem[0])
    if not changes:
        return Verdict(check, CHECKS[check], "no change", "")
    return Verdict(check, CHECKS[check], changes[0].level.name.lower(), changes[0].rule)


@cache
def verdicts() -> tuple[Verdict, ...]:
    return tuple(map(verdict, CHECKS))


def table() -> str:
    """Return the page of the documentation, in Markdown."""
    rows = []
    same = 0
    for found in verdicts():
        why = reason(found)
        same += why == ""
        said = f"{found.level}, `{found.rule}`" if found.rule else found.level
        rows.append(f"| `{found.check}` | {found.oasdiff} | {said} | {why} |")
    return (
        "# The checks of oasdiff, one by one\n\n"
        f"oasdiff has {len(CHECKS)} checks (commit 4553c69d, August 2026). For each one,\n"
        "`tests/specfirst/oasdiff.py` makes the change that the check is about, and a test runs\n"
        f"`specfirst diff` on it. {same} checks have the same effect in both tools. The last column gives\n"
        "the reason for the others. The levels are those of\n"
        "[decision 27](../decisions/027-breaking-changes-and-oasdiff.md).\n\n"
        "| check | oasdiff | specfirst diff | why it differs |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    print(table(), end="")
