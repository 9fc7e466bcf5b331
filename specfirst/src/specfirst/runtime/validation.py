"""The contract's JSON Schemas as validators, compiled once, and their validation errors.

Results come from jsonschema-rs with formats asserted (JSON Schema 2020-12, which OpenAPI 3.1 adopts).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs
import pydantic

from specfirst.contract.directions import Direction, Directions
from specfirst.contract.document import Document, Pointer
from specfirst.contract.executable import ExecutableSchemas
from specfirst.problems import alternatives
from specfirst.runtime.errors import ValidationErrorItem

_MASK = "The value"
"""Replaces the value in messages, so that no response or log repeats what a client sent."""


class Validator:
    """A compiled schema. `is_valid` is that of jsonschema-rs, without a call in between."""

    __slots__ = ("_contents", "_schema", "is_valid", "iter_errors")

    def __init__(self, schema: Any, contents: Mapping[str, Any], registry: jsonschema_rs.Registry) -> None:
        """`contents` are the schemas of the registry, by URI."""
        compiled = jsonschema_rs.Draft202012Validator(
            schema, registry=registry, validate_formats=True, mask=_MASK
        )
        self._schema, self._contents = schema, contents
        self.is_valid, self.iter_errors = compiled.is_valid, compiled.iter_errors

    def message(self, error: jsonschema_rs.ValidationError) -> str:
        """Return what is wrong: for `pattern` and `format`, as the schema's `x-error-message` says.

        A person cannot read a regular expression.
        """
        if error.kind.name == "enum":
            return f"{_MASK} is not one of {alternatives(error.kind.as_dict()['options'], most=20)}"
        if error.kind.name not in ("pattern", "format"):
            return error.message
        uri = (error.absolute_keyword_location or "").partition("#")[0]
        node = self._contents.get(uri, self._schema)
        for token in error.schema_path[:-1]:
            node = node[token]
        message = node.get("x-error-message")
        if isinstance(message, str):
            return message
        if error.kind.name == "format":
            return f"{_MASK} is not a valid {error.kind.as_dict()['format']}"
        return error.message


_Executable = tuple[ExecutableSchemas, Mapping[str, Any], jsonschema_rs.Registry]


class Schemas:
    """Validators for the schemas of one document, made when first asked for; equal schemas share one."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._directions = Directions(document)
        self._compiled: dict[tuple[Direction | None, str], Validator] = {}
        self._executable: dict[Direction | None, _Executable] = {}

    def validator(
        self, schema: Any, pointer: Pointer = (), *, direction: Direction | None = None
    ) -> Validator:
        """Return the validator of a schema at `pointer`, which matters for references within `$id`."""
        # Without marks such as readOnly, the schemas of both directions are the same.
        direction = direction if self._directions.used else None
        key = (direction, json.dumps(schema, sort_keys=True))
        if key not in self._compiled:
            executable, contents, registry = self._of(direction)
            self._compiled[key] = Validator(executable.schema(schema, pointer), contents, registry)
        return self._compiled[key]

    def _of(self, direction: Direction | None) -> _Executable:
        if direction not in self._executable:
            executable = ExecutableSchemas(self._document, direction)
            contents = executable.contents()
            registry = jsonschema_rs.Registry([*contents.items()], draft=jsonschema_rs.Draft202012)
            self._executable[direction] = (executable, contents, registry)
        return self._executable[direction]


def validation_errors(validator: Validator, value: object, *loc: str | int) -> list[ValidationErrorItem]:
    """List all validation errors of `value`, which is at `loc` in the request."""
    found: dict[tuple[object, str], ValidationErrorItem] = {}
    for error in validator.iter_errors(value):
        for item in _validation_errors(validator, error, loc):
            # Schemas that are combined with `allOf` may find the same error, and a schema's `x-error-message`
            # is that of its `pattern` and of its `format`.
            found.setdefault((item.loc, item.msg), item)
    return [*found.values()]


def unrepresentable(error: pydantic.ValidationError, *loc: str | int) -> list[ValidationErrorItem]:
    """List errors of values that a schema allows and Python cannot represent, such as a day in the year 0."""
    return [
        ValidationErrorItem((*loc, *inner["loc"]), inner["msg"], inner["type"])
        for inner in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _validation_errors(
    validator: Validator, error: jsonschema_rs.ValidationError, loc: tuple[str | int, ...]
) -> Iterator[ValidationErrorItem]:
    where, kind = (*loc, *error.instance_path), error.kind
    if kind.name == "required":
        yield ValidationErrorItem((*where, kind.value), "The property is required", kind.name)
    elif kind.name in ("additionalProperties", "unevaluatedProperties"):
        for name in kind.value:
            yield ValidationErrorItem((*where, name), "The property is not part of the contract", kind.name)
    elif kind.name in ("anyOf", "oneOf"):
        yield from _alternatives(validator, error, loc)
    elif kind.name == "falseSchema":
        yield ValidationErrorItem(where, "No value is allowed here", kind.name)
    else:
        yield ValidationErrorItem(where, validator.message(error), kind.name)


def _alternatives(
    validator: Validator, error: jsonschema_rs.ValidationError, loc: tuple[str | int, ...]
) -> Iterator[ValidationErrorItem]:
    """Report the errors of the alternative that was meant.

    It is one whose type matches: a title that is too long should be reported as such, and not as "matches
    neither a title nor null". Of several objects, it is the one whose constants are right, then the one with
    all required properties. If several alternatives of a scalar have its type, all are reported: `*` or a
    list of entity tags.
    """
    where: list[str | int] = [*error.instance_path]
    types: list[str] = []
    fitting: list[list[jsonschema_rs.ValidationError]] = []
    for branch in error.kind.as_dict()["context"]:
        mismatches = [inner for inner in branch if inner.kind.name == "type" and inner.instance_path == where]
        if branch and not mismatches:
            fitting.append(branch)
        types += [name for inner in mismatches for name in inner.kind.as_dict()["types"]]
    if len(fitting) > 1 and all(inner.instance_path == where for branch in fitting for inner in branch):
        messages = dict.fromkeys(validator.message(inner) for branch in fitting for inner in branch)
        text = f"{_MASK} fits no alternative: {'; '.join(messages)}"
        yield ValidationErrorItem((*loc, *where), text, error.kind.name)
        return
    if fitting:
        for inner in min(fitting, key=_distance):
            yield from _validation_errors(validator, inner, loc)
        return
    problem = f"is not of type {' or '.join(types)}" if types else "fits more than one alternative"
    yield ValidationErrorItem((*loc, *where), f"{_MASK} {problem}", error.kind.name)


def _distance(errors: Sequence[jsonschema_rs.ValidationError]) -> tuple[int, int, int]:
    """Return how far a value is from an alternative: wrong constants, missing properties, all errors."""
    kinds = [error.kind.name for error in errors]
    return sum(kind in ("const", "enum") for kind in kinds), kinds.count("required"), len(kinds)
