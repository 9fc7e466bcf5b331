"""Preconditions of the other rules: the document is OpenAPI 3.1, and its references are valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
from openapi_spec_validator.schemas import schema_v31

from specfirst.contract.document import DocumentError, Pointer
from specfirst.lint.patterns import PatternProblem, pattern_problems
from specfirst.lint.rules import Problem, rule
from specfirst.lint.view import SECTIONS, View, target


@cache
def _structure() -> jsonschema_rs.Validator:
    # OpenAPI's schema requires a uri-reference, which a URL with variables is not; `servers` checks URLs.
    server = schema_v31["$defs"]["server"]
    url = {name: value for name, value in server["properties"]["url"].items() if name != "format"}
    server = {**server, "properties": {**server["properties"], "url": url}}
    return _compile({**schema_v31, "$defs": {**schema_v31["$defs"], "server": server}})


@cache
def _headers_structure() -> jsonschema_rs.Validator:
    """Return the validator of a response's headers."""
    headers = {"type": "object", "additionalProperties": {"$ref": "#/$defs/header-or-reference"}}
    return _compile(dict(headers, **{"$defs": schema_v31["$defs"]}))


@cache
def _schema_structure() -> jsonschema_rs.Validator:
    # Another check validates patterns, and reports the reason.
    return _compile(
        {"$ref": "https://json-schema.org/draft/2020-12/schema"}, formats={"regex": lambda _: True}
    )


@cache
def _discriminator_structure() -> jsonschema_rs.Validator:
    return _compile(
        {
            "type": "object",
            "required": ["propertyName"],
            "properties": {
                "propertyName": {"type": "string"},
                "mapping": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }
    )


def _compile(schema: dict[str, Any], **options: Any) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, mask="it", **options)


@rule("openapi-version", decisive=True)
def the_version_is_3_1(view: View) -> Iterator[Problem]:
    """Schemas mean different things in 3.0, and not all tools support versions after 3.1."""
    version = view.document.content.get("openapi")
    if not isinstance(version, str) or not version.startswith("3.1."):
        yield Problem(("openapi",), f"the version is {version!r}", "use OpenAPI 3.1: `openapi: 3.1.0`")


@rule("openapi-structure", decisive=True)
def the_structure_is_that_of_openapi(view: View) -> Iterator[Problem]:
    """Some tools ignore a field that OpenAPI does not define, and others fail."""
    remedy = "follow OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html)"
    yield from _errors(_structure(), view.document.content, (), remedy)
    headers = view.document.content.get("x-response-headers", {})
    yield from _errors(_headers_structure(), headers, ("x-response-headers",), remedy)


@rule("schema-structure", decisive=True)
def schemas_are_json_schemas(view: View) -> Iterator[Problem]:
    """OpenAPI's own schema does not check the content of schemas."""
    remedy = "follow JSON Schema 2020-12 (https://json-schema.org/draft/2020-12)"
    for part in view.of("schema"):
        if isinstance(part.node, bool) and part.field != "additionalProperties":
            yield Problem(part.pointer, "the schema is a boolean", "write a schema with a type")
        if part.parent is None or part.parent.kind != "schema":
            yield from _errors(_schema_structure(), part.node, part.pointer, remedy)
        if isinstance(part.node, Mapping) and "discriminator" in part.node:
            # JSON Schema does not know this keyword of OpenAPI (section 4.8.25).
            discriminator, pointer = part.node["discriminator"], (*part.pointer, "discriminator")
            yield from _errors(_discriminator_structure(), discriminator, pointer, remedy)
        if isinstance(part.node, Mapping) and isinstance(pattern := part.node.get("pattern"), str):
            yield from _unreadable(pattern, (*part.pointer, "pattern"))


def _unreadable(pattern: str, pointer: Pointer) -> Iterator[Problem]:
    """Report why the engine cannot read a pattern: its errors, or else its size."""
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except jsonschema_rs.ValidationError:
        too_large = PatternProblem(True, "it is too large or too deeply nested", "make it smaller")
        found = (pattern_problems(pattern) or [too_large])[0]
        yield Problem(pointer, f"the pattern cannot be read: {found.problem}", found.remedy)


@rule("body-content", decisive=True)
def request_bodies_have_a_media_type(view: View) -> Iterator[Problem]:
    """OpenAPI allows a request body without any media type, which no client can send."""
    for part in view.of("request body"):
        if not part.node["content"]:
            yield Problem(
                (*part.pointer, "content"), "the request body has no media type", "add `application/json`"
            )


@rule("reference", decisive=True)
def references_lead_to_components_of_their_kind(view: View) -> Iterator[Problem]:
    """Only components have names for generated code, so all references must lead to components."""
    for part in view.parts.values():
        if part.reference is None:
            continue
        try:
            view.document.follow(part.node, part.pointer)
        except DocumentError as error:
            yield Problem(error.pointer, error.problem, error.remedy)
            continue
        pointer, section = target(part.reference), SECTIONS.get(part.kind, "")
        if len(pointer) != 3 or pointer[:2] != ("components", section):
            yield Problem(
                part.pointer,
                f"the reference {part.reference} does not lead to a component of the kind {part.kind}",
                f"move the target to components/{section} and refer to it there",
            )


def _errors(
    validator: jsonschema_rs.Validator, value: Any, pointer: Pointer, remedy: str
) -> Iterator[Problem]:
    errors = list(validator.iter_errors(value))
    causes = [error.instance_path for error in errors if not _unexpected(error)]
    for error in errors:
        where = error.instance_path
        if not _unexpected(error):
            yield Problem((*pointer, *map(str, where)), _problem(error), remedy)
        # Known fields may depend on an invalid one, so report only that one.
        elif not any(cause[: len(where)] == where and len(cause) <= len(where) + 1 for cause in causes):
            for name in _unexpected(error):
                yield Problem((*pointer, *map(str, where), name), f"unknown field {name!r}", remedy)


def _unexpected(error: jsonschema_rs.ValidationError) -> list[str]:
    """Return the unknown fields that an error is about; none for other errors."""
    return getattr(error.kind, "unexpected", [])


def _problem(error: jsonschema_rs.ValidationError) -> str:
    # Report the error of each alternative; that no alternative matches is not helpful.
    branches = error.kind.as_dict().get("context") or []
    reasons = dict.fromkeys(_problem(branch[0]) for branch in branches if branch)
    return " or ".join(reasons) or error.message
