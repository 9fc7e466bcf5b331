"""The contract's JSON Schemas as validators, compiled once, and their validation errors.

Results come from jsonschema-rs with formats asserted (JSON Schema 2020-12, which OpenAPI 3.1 adopts).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import jsonschema_rs
import pydantic

from specfirst.contract.document import Document, Pointer
from specfirst.contract.executable import URI, ExecutableSchemas
from specfirst.runtime.errors import ValidationErrorItem

_MASK = "The value"
"""Replaces the value in messages, so that no response or log repeats what a client sent."""


Direction = Literal["request", "response"]
"""Which way a value goes: requests need not have `readOnly` properties, responses no `writeOnly` ones."""


class Validator:
    """A compiled schema. `is_valid` is that of jsonschema-rs, without a call in between."""

    __slots__ = ("_content", "_schema", "is_valid", "iter_errors")

    def __init__(self, schema: Any, content: Any, registry: jsonschema_rs.Registry) -> None:
        """`content` are the schemas of the registry, at the URI of the contract."""
        compiled = jsonschema_rs.Draft202012Validator(
            schema, registry=registry, validate_formats=True, mask=_MASK
        )
        self._schema, self._content = schema, content
        self.is_valid, self.iter_errors = compiled.is_valid, compiled.iter_errors

    def message(self, error: jsonschema_rs.ValidationError) -> str:
        """Return what is wrong: for `pattern` and `format`, as the schema's `x-error-message` says.

        A person cannot read a regular expression.
        """
        if error.kind.name not in ("pattern", "format"):
            return error.message
        inside = (error.absolute_keyword_location or "").startswith(URI)
        node = self._content if inside else self._schema
        for token in error.schema_path[:-1]:
            node = node[token]
        message = node.get("x-error-message")
        return message if isinstance(message, str) else error.message


class Schemas:
    """Validators for the schemas of one document, made when first asked for; equal schemas share one."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._compiled: dict[tuple[Direction | None, str], Validator] = {}
        self._executable: dict[Direction | None, tuple[ExecutableSchemas, Any, jsonschema_rs.Registry]] = {}

    def validator(
        self, schema: Any, pointer: Pointer = (), *, direction: Direction | None = None
    ) -> Validator:
        """Return the validator of a schema at `pointer`, which matters for references within `$id`."""
        key = (direction, json.dumps(schema, sort_keys=True))
        if key not in self._compiled:
            executable, content, registry = self._of(direction)
            self._compiled[key] = Validator(executable.schema(schema, pointer), content, registry)
        return self._compiled[key]

    def _of(self, direction: Direction | None) -> tuple[ExecutableSchemas, Any, jsonschema_rs.Registry]:
        if direction not in self._executable:
            executable = ExecutableSchemas(self._document, direction)
            content = executable.content()
            registry = jsonschema_rs.Registry([(URI, content)], draft=jsonschema_rs.Draft202012)
            self._executable[direction] = (executable, content, registry)
        return self._executable[direction]


def validation_errors(validator: Validator, value: object, *loc: str | int) -> list[ValidationErrorItem]:
    """List all validation errors of `value`, which is at `loc` in the request."""
    errors = validator.iter_errors(value)
    return [detail for error in errors for detail in _validation_errors(validator, error, loc)]


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
    else:
        yield ValidationErrorItem(where, validator.message(error), kind.name)


def _alternatives(
    validator: Validator, error: jsonschema_rs.ValidationError, loc: tuple[str | int, ...]
) -> Iterator[ValidationErrorItem]:
    """Report the errors of the alternative that was meant: the one whose type matches.

    A title that is too long should be reported as such, and not as "matches neither a title nor null". If
    several alternatives of a scalar have its type, all are reported: `*` or a list of entity tags.
    """
    where, types = [*error.instance_path], []
    fitting: list[list[jsonschema_rs.ValidationError]] = []
    for branch in error.kind.as_dict()["context"]:
        mismatches = [inner for inner in branch if inner.kind.name == "type" and inner.instance_path == where]
        if branch and not mismatches:
            fitting.append(branch)
        types += [name for inner in mismatches for name in inner.kind.as_dict()["types"]]
    if len(fitting) > 1 and all(inner.instance_path == where for branch in fitting for inner in branch):
        messages = "; ".join(validator.message(inner) for branch in fitting for inner in branch)
        yield ValidationErrorItem((*loc, *where), f"{_MASK} fits no alternative: {messages}", error.kind.name)
        return
    if fitting:
        for inner in fitting[0]:
            yield from _validation_errors(validator, inner, loc)
        return
    yield ValidationErrorItem((*loc, *where), f"{_MASK} is not of type {' or '.join(types)}", error.kind.name)
