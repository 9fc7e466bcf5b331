"""Validators for the examples and defaults of a document: those of the engine, so that both always agree."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema_rs

from specfirst.contract.directions import Direction
from specfirst.contract.document import Document, Pointer
from specfirst.runtime.errors import ValidationErrorItem
from specfirst.runtime.validation import Schemas, validation_errors


class Validators:
    """Validators for schemas of one document."""

    def __init__(self, document: Document) -> None:
        self._schemas = Schemas(document)
        self._plain: dict[str, jsonschema_rs.Validator | None] = {}

    def errors(
        self, schema: Any, pointer: Pointer, value: Any, direction: Direction | None = None
    ) -> Sequence[ValidationErrorItem]:
        """Return the validation errors of a value for a schema.

        A value without a direction is valid if it is valid as a request or as a response. There are no errors
        for a schema that cannot be compiled; other rules report the reason.
        """
        try:
            found = validation_errors(self._schemas.validator(schema, pointer, direction=direction), value)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            return []
        if direction is None and found:
            ways: tuple[Direction, Direction] = ("request", "response")
            if not all(self.errors(schema, pointer, value, way) for way in ways):
                return []
        return found

    def compiled(self, schema: Mapping[str, Any]) -> jsonschema_rs.Validator | None:
        """Return the validator of a schema without references, or None if it cannot be compiled."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._plain:
            try:
                self._plain[key] = jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True)
            except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
                self._plain[key] = None
        return self._plain[key]
