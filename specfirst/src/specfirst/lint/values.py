"""Validators for the examples and defaults of a document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from specfirst.contract.document import Pointer
from specfirst.runtime.errors import ValidationErrorItem
from specfirst.runtime.validation import validation_errors

_BASE = "specfirst://contract"
_MASK = "The value"


class Validators:
    """Validators for schemas of one document.

    All share one registry. The document is prepared once, and a validator compiles only the schemas that it
    reaches.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self._compiled: dict[Pointer | str, jsonschema_rs.Validator | None] = {}

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry([(_BASE, dict(self._content))], draft=jsonschema_rs.Draft202012)

    def errors(self, pointer: Pointer, value: Any) -> Iterator[ValidationErrorItem]:
        """Yield the validation errors of a value for the schema at this location.

        There are none for a schema that cannot be compiled; other rules report the reason.
        """
        if pointer not in self._compiled:
            path = "/".join(quote(token.replace("~", "~0").replace("/", "~1"), safe="~") for token in pointer)
            self._compiled[pointer] = self._compile({"$ref": f"{_BASE}#/{path}"}, registry=self._registry)
        validator = self._compiled[pointer]
        if validator is not None:
            yield from validation_errors(validator, value)

    def compiled(self, schema: Mapping[str, Any]) -> jsonschema_rs.Validator | None:
        """Return the validator of a schema without references, or None if it cannot be compiled."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._compiled:
            self._compiled[key] = self._compile(schema)
        return self._compiled[key]

    def _compile(self, schema: Mapping[str, Any], **options: Any) -> jsonschema_rs.Validator | None:
        try:
            return jsonschema_rs.Draft202012Validator(
                dict(schema), validate_formats=True, mask=_MASK, **options
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            return None
