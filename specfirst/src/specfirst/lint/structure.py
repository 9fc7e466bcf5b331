"""Preconditions of the other rules: the document is OpenAPI 3, and its references are valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs

from specfirst.contract.document import DocumentError, Pointer
from specfirst.contract.kinds import CHILDREN
from specfirst.lint.patterns import PatternProblem, pattern_problems
from specfirst.lint.rules import ERROR, STYLE, WARNING, Violation, rule
from specfirst.lint.view import View
from specfirst.problems import did_you_mean, not_among

_SECTIONS = {kind.strip("{}"): section for section, kind in CHILDREN["components"].items()}
"""The section of `components` of each kind."""

_EDITIONS = {"3.0": "v3.0.4", "3.1": "v3.1.2", "3.2": "v3.2.0"}


# Only the package's data is used. Its import would take longer than all other imports of lint together.
_VALIDATOR = find_spec("openapi_spec_validator")
if _VALIDATOR is None or _VALIDATOR.origin is None:
    raise ModuleNotFoundError("No module named 'openapi_spec_validator'", name="openapi_spec_validator")
_SCHEMAS = Path(_VALIDATOR.origin).parent / "resources" / "schemas"


@cache
def _published(version: str) -> dict[str, Any]:
    """Return the JSON Schema that the OpenAPI Initiative publishes for this version of OpenAPI."""
    schema: dict[str, Any] = json.loads((_SCHEMAS / f"v{version}" / "schema.json").read_bytes())
    return schema


@cache
def _structure(version: str, *, formats: bool = False) -> jsonschema_rs.Validator:
    if version == "3.0":
        return jsonschema_rs.Draft4Validator(_published("3.0"), validate_formats=formats, mask="it")
    if version == "3.2":
        return jsonschema_rs.Draft202012Validator(_published("3.2"), validate_formats=formats, mask="it")
    # OpenAPI's schema requires a uri-reference, which a URL with variables is not; `servers` checks URLs.
    published = _published("3.1")
    server = published["$defs"]["server"]
    url = {name: value for name, value in server["properties"]["url"].items() if name != "format"}
    server = {**server, "properties": {**server["properties"], "url": url}}
    schema = {**published, "$defs": {**published["$defs"], "server": server}}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=formats, mask="it")


@cache
def _headers_structure() -> jsonschema_rs.Validator:
    """Return the validator of a response's headers."""
    headers = {"type": "object", "additionalProperties": {"$ref": "#/$defs/header-or-reference"}}
    return _compile(dict(headers, **{"$defs": _published("3.1")["$defs"]}))


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


def _version(view: View) -> str:
    """Return the minor version whose structure applies: 3.0, 3.1 or 3.2."""
    version = str(view.source.get("openapi", ""))
    return next((minor for minor in _EDITIONS if version.startswith(f"{minor}.")), "3.1")


@rule("openapi-version", ERROR, structural=True)
def the_version_is_supported(view: View) -> Iterator[Violation]:
    """The meaning of schemas and parameters depends on the version."""
    version = view.source.get("openapi")
    if "swagger" in view.source and version is None:
        yield Violation(("swagger",), f"the document is Swagger {view.source['swagger']}", CONVERT)
    elif not isinstance(version, str) or not re.match(r"3\.[012]\.[0-9]+(-.*)?$", version):
        problem = f"the version is {version!r}"
        yield Violation(("openapi",), problem, "use OpenAPI 3.0, 3.1 or 3.2: `openapi: 3.1.0`")


CONVERT = "convert it to OpenAPI 3, for example with `npx swagger2openapi FILE`"
"""The remedy for a document of Swagger 2."""


@rule("openapi-structure", ERROR, structural=True)
def the_structure_is_that_of_openapi(view: View) -> Iterator[Violation]:
    """Some tools ignore a field that OpenAPI does not define, and others fail."""
    version = _version(view)
    remedy = f"follow OpenAPI {version} (https://spec.openapis.org/oas/{_EDITIONS[version]}.html)"
    yield from _errors(_structure(version), _with_valid_versions(view), (), remedy)
    headers = view.source.get("x-response-headers", {})
    yield from _errors(_headers_structure(), headers, ("x-response-headers",), remedy)


def _with_valid_versions(view: View) -> dict[str, Any]:
    """Return the document with versions about which other rules say what is wrong."""
    content, version = dict(view.source), _version(view)
    if not re.match(r"3\.[012]\.", str(content.get("openapi", ""))):
        content["openapi"] = f"{version}.0"
    info = content.get("info")
    if isinstance(info, Mapping) and _is_number(info.get("version")):
        content["info"] = {**info, "version": str(info["version"])}
    return content


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@rule("version-text", WARNING)
def the_version_of_the_api_is_a_text(view: View) -> Iterator[Violation]:
    """YAML reads 1.10 as the number 1.1, so the version that tools show may not be the one that you wrote."""
    version = view.content.get("info", {}).get("version")
    if _is_number(version):
        yield Violation(("info", "version"), f"the version {version!r} is a number", "write it in quotes")


@rule("document-url", WARNING)
def urls_and_addresses_are_valid(view: View) -> Iterator[Violation]:
    """Documentation links to these URLs, and clients log in there; most cannot resolve a relative one."""
    for error in _structure(_version(view), formats=True).iter_errors(_with_valid_versions(view)):
        for cause in _causes(error):
            if re.match('it is not an? "(uri|email)', cause.message):
                problem = cause.message.replace("it", "the value", 1)
                yield Violation(tuple(map(str, cause.path)), problem, "correct it")


@rule("schema-structure", ERROR, structural=True)
def schemas_are_json_schemas(view: View) -> Iterator[Violation]:
    """OpenAPI's own schema does not check the content of schemas."""
    if _version(view) == "3.0":
        # The structure of OpenAPI 3.0 includes that of its schemas.
        return
    remedy = "follow JSON Schema 2020-12 (https://json-schema.org/draft/2020-12)"
    for part in view.parts.values():
        if part.kind != "schema":
            continue
        if part.parent is None or part.parent.kind != "schema":
            yield from _errors(_schema_structure(), part.node, part.pointer, remedy)
        if isinstance(part.node, Mapping) and "discriminator" in part.node:
            # JSON Schema does not know this keyword of OpenAPI (section 4.8.25).
            discriminator, pointer = part.node["discriminator"], (*part.pointer, "discriminator")
            yield from _errors(_discriminator_structure(), discriminator, pointer, remedy)


@rule("readable-pattern", ERROR, structural=True)
def patterns_can_be_evaluated(view: View) -> Iterator[Violation]:
    """A pattern that the engine's regular expressions cannot read cannot be enforced."""
    for part in view.schemas:
        if isinstance(pattern := part.node.get("pattern"), str):
            yield from _unreadable(pattern, (*part.pointer, "pattern"))
        if isinstance(part.node.get("patternProperties"), Mapping):
            for name in part.node["patternProperties"]:
                yield from _unreadable(name, (*part.pointer, "patternProperties", name))


@cache
def _is_readable(pattern: str) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def _unreadable(pattern: str, pointer: Pointer) -> Iterator[Violation]:
    """Report why the engine cannot read a pattern: its errors, or else its size."""
    if not _is_readable(pattern):
        too_large = PatternProblem(True, "it is too large or too deeply nested", "make it smaller")
        found = (pattern_problems(pattern) or [too_large])[0]
        yield Violation(pointer, f"the pattern cannot be read: {found.problem}", found.remedy)


@rule("body-content", WARNING, structural=True)
def request_bodies_have_a_media_type(view: View) -> Iterator[Violation]:
    """OpenAPI allows a request body without any media type, which no client can send."""
    for part in view.of("request body"):
        if part.node.get("content") == {}:
            yield Violation(
                (*part.pointer, "content"), "the request body has no media type", "add `application/json`"
            )


@rule("reference", ERROR, structural=True)
def references_can_be_resolved(view: View) -> Iterator[Violation]:
    """Tools fail on a reference that leads nowhere, in a circle, or to an object of another kind."""
    for part in view.parts.values():
        if part.reference is None:
            continue
        try:
            _, pointer = view.document.follow(part.node, part.pointer)
        except DocumentError as error:
            yield Violation(error.pointer, error.problem, error.remedy, field="$ref")
            continue
        section = _SECTIONS.get(part.kind, "")
        if len(pointer) == 3 and pointer[0] == "components" and pointer[1] != section:
            yield Violation(
                part.pointer,
                f"the reference {part.reference} does not lead to a component of the kind {part.kind}",
                f"refer to a component in components/{section}",
                field="$ref",
            )


@rule("component-reference", STYLE)
def references_lead_to_components(view: View) -> Iterator[Violation]:
    """Only components have names of their own, which generated code and documentation can use."""
    for part in view.parts.values():
        place = view.target(part)
        if place is None:
            continue
        section = _SECTIONS.get(part.kind, "")
        if len(place) != 3 or place[:2] != ("components", section):
            yield Violation(
                part.pointer,
                f"the reference {part.reference} does not lead to a component",
                f"move the target to components/{section} and refer to it there",
            )


class _Cause(NamedTuple):
    """A violation of a JSON schema, below all alternatives.

    It does not allow the names in `unknown`; it allows only the values in `options`, if there are some, and
    `missing` is a field that it requires.
    """

    path: tuple[str | int, ...]
    message: str
    unknown: tuple[str, ...] = ()
    options: tuple[Any, ...] = ()
    missing: str = ""


def _errors(
    validator: jsonschema_rs.Validator, value: Any, pointer: Pointer, remedy: str
) -> Iterator[Violation]:
    causes = [cause for error in validator.iter_errors(value) for cause in _causes(error)]
    known = [cause.path for cause in causes if not cause.unknown]
    for cause in dict.fromkeys(causes):
        path, where = cause.path, (*pointer, *map(str, cause.path))
        if not cause.unknown:
            yield Violation(where, *_explained(cause, value, remedy))
        # Known fields may depend on an invalid one, so report only that one.
        elif not any(other[: len(path)] == path and len(other) <= len(path) + 1 for other in known):
            for name in cause.unknown:
                yield Violation((*where, name), f"unknown field {name!r}", remedy, local=True)


def _explained(cause: _Cause, value: Any, remedy: str) -> tuple[str, str]:
    """Return the problem and the remedy of a violation in this value."""
    owner = None
    for token in cause.path:
        # The path has names of digits as numbers.
        owner, value = value, value[int(token) if isinstance(value, list) else str(token)]
    parameter, field = (value, cause.missing) if cause.missing else (owner, (cause.path or ("",))[-1])
    if field == "required" and isinstance(parameter, Mapping) and parameter.get("in") == "path":
        return "a path parameter needs `required: true`", "write `required: true`"
    if cause.options and not (cause.message and isinstance(value, list | dict)):
        return not_among(value, cause.options), did_you_mean(value, cause.options) or remedy
    return cause.message, remedy


def _any_of(causes: Sequence[_Cause]) -> _Cause:
    """Combine what the alternatives of one value require."""
    options = dict.fromkeys(option for cause in causes for option in cause.options)
    messages = dict.fromkeys(cause.message for cause in causes if cause.message)
    return _Cause(causes[0].path, " or ".join(messages), (), tuple(options))


def _causes(error: jsonschema_rs.ValidationError) -> list[_Cause]:
    """Return the causes of an error. That a value matches no alternative is not helpful."""
    path = tuple(error.instance_path)
    branches = [branch for branch in error.kind.as_dict().get("context") or [] if branch]
    if not branches:
        if error.kind.name == "propertyNames":
            return _invalid_name(path, error.message)
        if error.kind.name == "not" and "querystring" in error.message:
            return [_Cause(path, "a `querystring` parameter is beside `query` parameters")]
        kind = error.kind.as_dict()
        options = kind["options"] if error.kind.name == "enum" else []
        if error.kind.name == "const":
            options = [kind["expected_value"]]
        missing = kind["property"] if error.kind.name == "required" else ""
        simple = tuple(option for option in options if not isinstance(option, list | dict))
        message = f'"{missing}" is missing' if missing else "" if simple else error.message
        return [_Cause(path, message, tuple(getattr(error.kind, "unexpected", ())), simple, missing)]
    # Each alternative of OpenAPI is an object or a reference; an object was meant if there is no $ref.
    references = [branch for branch in branches if any(_lacks_reference(inner, path) for inner in branch)]
    found = [
        [cause for inner in branch for cause in _causes(inner)]
        for branch in branches
        if branch not in references or len(references) == len(branches)
    ]
    about_reference = [
        causes for causes in found if all(c.path[: len(path) + 1] == (*path, "$ref") for c in causes)
    ]
    if about_reference:
        return about_reference[0]
    # A wrong `type` or `in` selects another alternative, unless no alternative has this one.
    selectors = [[c for c in causes if c.path in ((*path, "type"), (*path, "in"))] for causes in found]
    if all(selectors):
        return [_any_of([causes[0] for causes in selectors])]
    found = [causes for causes, wrong in zip(found, selectors, strict=True) if not wrong]
    if len({c.path for causes in found for c in causes}) == 1 and not any(
        c.unknown for cs in found for c in cs
    ):
        return [_any_of([causes[0] for causes in found])] if len(found) > 1 else found[0]
    return max(found, key=lambda causes: max(len(cause.path) for cause in causes))


def _lacks_reference(error: jsonschema_rs.ValidationError, path: tuple[str | int, ...]) -> bool:
    return (
        error.kind.name == "required"
        and error.kind.as_dict().get("property") == "$ref"
        and tuple(error.instance_path) == path
    )


def _invalid_name(path: tuple[str | int, ...], message: str) -> list[_Cause]:
    """Name the component that has an invalid name; the message begins with it, in quotes."""
    try:
        name, _ = json.JSONDecoder().raw_decode(message)
    except ValueError:
        return [_Cause(path, message)]
    return [_Cause((*path, str(name)), "a name has letters, digits, `.`, `-` and `_` only")]
