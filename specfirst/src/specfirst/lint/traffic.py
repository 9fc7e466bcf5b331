"""Rules about the values in requests and responses."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

from specfirst.lint.patterns import pattern_lengths, pattern_problems
from specfirst.lint.rules import STYLE, WARNING, Violation, rule
from specfirst.lint.schemas import alternates, is_scalar_union, narrows
from specfirst.lint.view import View, single_type, types

_LARGEST = 2**53 - 1
_SHORT_FORMATS = ("date", "uuid", "ipv4", "ipv6")
"""Formats with a bounded length."""

_CLASS_FORMATS = ("date-time", *_SHORT_FORMATS)
"""Formats with a Python class of their own that preserves the value."""

_TEXT_FORMATS = (
    *("uri-reference", "iri", "iri-reference", "uri-template"),
    *("json-pointer", "relative-json-pointer", "regex", "idn-hostname"),
)
"""Formats that are checked and stay strings."""

_WITH_NUL = [f"{character}\0{character}" for character in ("", *string.printable)]
"""Strings that a pattern should reject, with context that it may accept."""


@rule("closed-request", STYLE)
def request_objects_are_closed(view: View) -> Iterator[Violation]:
    """In an open object, a misspelt property is silently ignored."""
    for part in view.request_bodies:
        if "object" in types(part.node) and part.node.get("additionalProperties") is not False:
            yield Violation(
                part.pointer,
                "the object is part of a request and open",
                "write `additionalProperties: false`; instead of a map, use an array of objects",
            )


@rule("request-default", STYLE)
def request_properties_have_no_default(view: View) -> Iterator[Violation]:
    """TypeScript generators make a property with a default required, although it is optional."""
    for part in view.request_bodies:
        if "default" in part.node:
            yield Violation(
                (*part.pointer, "default"),
                "a request body has a default",
                "document it in the property's description and apply it in the implementation",
            )


@rule("one-request-type", STYLE)
def values_in_requests_have_one_type(view: View) -> Iterator[Violation]:
    """A value with several types cannot be constrained, and unconstrained values must be rejected."""
    for part in view.requests:
        if len({*types(part.node)} - {"null"}) > 1 or is_scalar_union(part.node):
            yield Violation(
                (*part.pointer, "oneOf" if "oneOf" in part.node else "type"),
                "a value in a request has several types",
                "use one type, and null if needed",
            )


@rule("required-in-response", STYLE)
def response_properties_are_always_there(view: View) -> Iterator[Violation]:
    """Clients should not have to check whether a property is present, only whether it is null."""
    for part in view.response_bodies:
        for name in part.node.get("properties", {}):
            if name not in part.node.get("required", []):
                yield Violation(
                    (*part.pointer, "properties", name),
                    f"the property {name!r} may be missing from a response",
                    "add it to `required`, and allow null if it can have no value",
                )


@rule("bounded-integer", STYLE)
def integers_have_bounds(view: View) -> Iterator[Violation]:
    """JavaScript rounds integers beyond 2^53 - 1, and databases have their own limits."""
    for part in view.schemas:
        if single_type(part.node) != "integer" or part.node.keys() & {"enum", "const"} or alternates(part):
            continue
        for name in ("minimum", "maximum"):
            bound = part.node.get(name)
            if bound is None or abs(bound) > _LARGEST:
                yield Violation(
                    (*part.pointer, name),
                    f"the integer has no {name}" if bound is None else f"the {name} is beyond 2^53 - 1",
                    f"set minimum and maximum, from -{_LARGEST} to {_LARGEST}",
                )


@rule("wide-integer", WARNING)
def wide_integers_have_a_format(view: View) -> Iterator[Violation]:
    """Without `format: int64`, an integer has 32 bits in generated Java, Kotlin, Go and Rust."""
    for part in view.schemas:
        if single_type(part.node) != "integer" or "format" in part.node:
            continue
        for name in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
            bound = part.node.get(name)
            if isinstance(bound, int | float) and not -(2**31) <= bound < 2**31:
                yield Violation(
                    (*part.pointer, name),
                    f"the {name} {bound} does not fit into 32 bits, and there is no format",
                    "add `format: int64`",
                )
                break


@rule("date-time-pattern", STYLE)
def date_times_have_a_pattern(view: View) -> Iterator[Violation]:
    """Validators disagree on the syntax of a date-time; a pattern means the same to all of them."""
    for part in view.schemas:
        if part.node.get("format") == "date-time" and "pattern" not in part.node:
            yield Violation(
                (*part.pointer, "format"),
                "a date-time has no pattern",
                "add a pattern for RFC 3339 with its offset, such as '^[0-9]{4}-[0-9]{2}-[0-9]{2}T...Z$'",
            )


@rule("format", STYLE)
def formats_are_checked_and_kept(view: View) -> Iterator[Violation]:
    """Some formats are not validated, and the Python types of others do not preserve the text."""
    for part in view.schemas:
        name, header = part.node.get("format"), part.parent is not None and part.parent.kind == "header"
        if name is None or "string" not in types(part.node) or header:
            continue
        if name not in (*_CLASS_FORMATS, *_TEXT_FORMATS):
            yield Violation(
                (*part.pointer, "format"),
                f"the format {name} is not validated, or its values are not preserved",
                "use a pattern instead",
            )
        for keyword in sorted(part.node.keys() & {"minLength", "maxLength", "default"}):
            if name in _CLASS_FORMATS:
                yield Violation(
                    (*part.pointer, keyword),
                    f"{keyword} does not apply to the Python type of {name}",
                    "remove it, or the format",
                )


@rule("pattern-syntax", WARNING)
def patterns_are_valid(view: View) -> Iterator[Violation]:
    """A pattern is a regular expression of ECMA-262 with the flag `u` (JSON Schema 2020-12, section 6.4)."""
    yield from _pattern_problems(view, invalid=True)


@rule("portable-pattern", STYLE)
def patterns_mean_the_same_everywhere(view: View) -> Iterator[Violation]:
    """A pattern is read by the regular expressions of JavaScript, Rust and Python."""
    yield from _pattern_problems(view, invalid=False)


def _pattern_problems(view: View, *, invalid: bool) -> Iterator[Violation]:
    for part in view.schemas:
        for found in pattern_problems(part.node.get("pattern", "")):
            if found.invalid == invalid:
                yield Violation((*part.pointer, "pattern"), found.problem, found.remedy)


@rule("no-nul", STYLE)
def strings_in_requests_exclude_nul(view: View) -> Iterator[Violation]:
    """PostgreSQL cannot store NUL, so a request with it would fail after its validation."""
    for part in view.requests:
        if _is_free_text(part.node):
            constraints = {
                name: part.node[name] for name in ("pattern", "format", "anyOf") if name in part.node
            }
            validator = view.validators.compiled(constraints)
            if validator and any(map(validator.is_valid, _WITH_NUL)):
                yield Violation(
                    part.pointer, "a text in a request may hold NUL", r"add a pattern such as '^[^\x00]*$'"
                )


@rule("bounded-string", STYLE)
def strings_in_requests_have_a_length(view: View) -> Iterator[Violation]:
    """The contract must limit how much a client may store."""
    for part in view.requests:
        bounded = "maxLength" in part.node or part.node.get("format") in _SHORT_FORMATS
        if narrows(part):
            # The length belongs to the schema that contains this alternative.
            continue
        limited = bounded or pattern_lengths(part.node.get("pattern", ""))[1] is not None
        if _is_free_text(part.node) and not limited:
            yield Violation(
                part.pointer,
                "a text in a request has no maximum length",
                "add maxLength, or a pattern from ^ to $ without `*`, `+` and `{n,}`",
            )


def _is_free_text(schema: Mapping[str, Any]) -> bool:
    return "string" in types(schema) and not schema.keys() & {"enum", "const"}
