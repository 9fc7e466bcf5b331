"""Which JSON types a schema takes, for values that arrive as text: parameters, form fields, parts of a
multipart body.

A schema says what is valid but not how text is read. The shape is what a reader needs: the types that a
value may have, and the shapes of its items or properties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from specfirst.contract.document import Document, MediaType, Pointer

SCALARS = frozenset({"string", "integer", "number", "boolean"})

_DEEPEST = 8

Files = Literal["one", "several"]

_CONTENT = frozenset({"contentMediaType", "contentEncoding"})


@dataclass(frozen=True)
class Shape:
    """The types that a value may have, in the order of the schema; without a type, it is a text."""

    types: tuple[str, ...]
    items: Shape | None = None
    properties: Mapping[str, Shape] = field(default_factory=dict)
    others: Shape | None = None
    """The shape of properties that are not listed; None if there can be none."""
    typed: bool = True
    """False if the schema says nothing about types."""

    @property
    def scalars(self) -> tuple[str, ...]:
        return tuple(name for name in self.types if name in SCALARS)

    @property
    def kind(self) -> str:
        """Return how it is read: as an array, an object or a scalar."""
        if "array" in self.types and not self.scalars:
            return "array"
        return "object" if "object" in self.types and not self.scalars else "scalar"


TEXT = Shape(("string",), typed=False)


def shape_of(document: Document, schema: Any, pointer: Pointer, depth: int = 0) -> Shape:
    """Return the shape of a schema. Raises DocumentError for references that lead nowhere."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return TEXT
    schema, pointer = document.follow(schema, pointer)
    if not isinstance(schema, Mapping):
        return TEXT
    types: dict[str, None] = {}
    items: Shape | None = None
    properties: dict[str, Shape] = {}
    others: Shape | None = None
    named = schema.get("type")
    types.update(dict.fromkeys([named] if isinstance(named, str) else named or []))
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if not types and isinstance(values, list):
        types.update(dict.fromkeys(map(_type_of, values)))
    if "items" in schema:
        items = shape_of(document, schema["items"], (*pointer, "items"), depth + 1)
    for name, part in (schema.get("properties") or {}).items():
        properties[name] = shape_of(document, part, (*pointer, "properties", name), depth + 1)
    if (rest := schema.get("additionalProperties", True)) is not False:
        others = shape_of(document, rest, (*pointer, "additionalProperties"), depth + 1)
    named_here = bool(types)
    for key in ("allOf", "anyOf", "oneOf"):
        for index, part in enumerate(schema.get(key) or []):
            inner = shape_of(document, part, (*pointer, key, str(index)), depth + 1)
            if inner.typed and not (key != "allOf" and named_here):
                types.update(dict.fromkeys(inner.types))
            elif key != "allOf" and not named_here and not inner.typed:
                types.update({"string": None})
            items = items or inner.items
            properties.update(
                {name: found for name, found in inner.properties.items() if name not in properties}
            )
    if not types:
        if properties or "additionalProperties" in schema:
            types["object"] = None
        elif items:
            types["array"] = None
        else:
            return TEXT
    return Shape(tuple(types), items, properties, others)


def united(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of a value that has one of several shapes."""
    types = dict.fromkeys(name for shape in shapes for name in shape.types)
    items = next((shape.items for shape in shapes if shape.items), None)
    properties = {name: part for shape in reversed(shapes) for name, part in shape.properties.items()}
    others = next((shape.others for shape in shapes if shape.others), None)
    return Shape(tuple(types), items, properties, others, typed=any(shape.typed for shape in shapes))


def text_shape(document: Document, media_type: MediaType) -> Shape | None:
    """Return the shape of a text body; None if the schema describes what the text means, such as XML."""
    if media_type.schema is None:
        return TEXT
    shape = shape_of(document, media_type.schema, (*media_type.pointer, "schema"))
    return shape if shape.kind == "scalar" else None


def files_in(document: Document, schema: Any, pointer: Pointer, depth: int = 0) -> Files | None:
    """Return whether a part of a multipart body is a file or a list of files; None if it is neither.

    A file is what has a `contentMediaType` and no `contentEncoding`, or the format `binary` (OpenAPI 3.1,
    section 4.8.14.4), and no other type than a string. Its schema may be combined with others, and may allow
    null: the part is not sent then. Raises DocumentError for references that lead nowhere.
    """
    schema, pointer = document.follow(schema, pointer)
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    named = schema.get("type", [])
    types = {named} if isinstance(named, str) else {*named}
    types.discard("null")
    if types == {"array"}:
        items = files_in(document, schema.get("items"), (*pointer, "items"), depth + 1)
        return "several" if items == "one" else None
    if types - {"string"}:
        return None
    if schema.get("format") == "binary" or schema.keys() & _CONTENT == {"contentMediaType"}:
        return "one"
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts: list[Files | None] = [
            files_in(document, part, place, depth + 1) for part, place in _parts(schema, pointer, keyword)
        ]
        found = set[Files | None](parts)
        if keyword == "allOf":
            found.discard(None)
        if len(found) == 1:
            return found.pop()
    return None


def _parts(schema: Mapping[str, Any], pointer: Pointer, keyword: str) -> list[tuple[Any, Pointer]]:
    """Return the schemas in `allOf`, `anyOf` or `oneOf` with their locations, except null."""
    return [
        (part, (*pointer, keyword, str(index)))
        for index, part in enumerate(schema.get(keyword) or ())
        if not (isinstance(part, Mapping) and part.get("type") == "null")
    ]


@dataclass(frozen=True)
class Either:
    """What a part of a multipart body may be if some alternatives of its schema are files and others are not.

    `others` are the alternatives that are no files, with their locations; `several` says that each item of a
    list is one of the alternatives.
    """

    keyword: str
    several: bool
    others: Sequence[tuple[Any, Pointer]]


def either_in(document: Document, schema: Any, pointer: Pointer, *, in_list: bool = False) -> Either | None:
    """Return the alternatives of a part that is a file or another value; None if it is always the same.

    A list in a list (`in_list`) has none. Raises DocumentError for references that lead nowhere.
    """
    schema, pointer = document.follow(schema, pointer)
    if not isinstance(schema, Mapping):
        return None
    if schema.get("type") == "array" and not in_list:
        items = either_in(document, schema.get("items"), (*pointer, "items"), in_list=True)
        return items and replace(items, several=True)
    for keyword in ("anyOf", "oneOf"):
        parts = _parts(schema, pointer, keyword)
        others = [(part, place) for part, place in parts if files_in(document, part, place) != "one"]
        if 0 < len(others) < len(parts):
            return Either(keyword, False, others)
    return None


def number_of_files(document: Document, schema: Any, pointer: Pointer, depth: int = 0) -> dict[str, Any]:
    """Return the schema of how many files a list of files has; {} for a file."""
    schema, pointer = document.follow(schema, pointer)
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return {}
    bounds = [{keyword: schema[keyword] for keyword in ("minItems", "maxItems") if keyword in schema}]
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts = [
            number_of_files(document, part, place, depth + 1)
            for part, place in _parts(schema, pointer, keyword)
        ]
        bounds += parts if keyword == "allOf" else [{"anyOf": parts}] if any(parts) else []
    bounds = [part for part in bounds if part]
    return {"allOf": bounds} if len(bounds) > 1 else bounds[0] if bounds else {}


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {int: "integer", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")
