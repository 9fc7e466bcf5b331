"""Zod schemas (version 4) of the schemas of a contract, for forms and for responses that are not trusted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specfirst.client.schemas import Types, member
from specfirst.contract.document import Document, Pointer

_FORMATS = {
    "date": "$z.iso.date()",
    "date-time": "$z.iso.datetime({ offset: true })",
    "email": "$z.email()",
    "uuid": "$z.guid()",
}
_BOUNDS = {
    "string": {"minLength": "min", "maxLength": "max"},
    "array": {"minItems": "min", "maxItems": "max"},
    "number": {
        "minimum": "min",
        "maximum": "max",
        "exclusiveMinimum": "gt",
        "exclusiveMaximum": "lt",
        "multipleOf": "multipleOf",
    },
}
_OBJECT = ("properties", "required", "additionalProperties", "patternProperties")


def zod(document: Document, types: Types) -> tuple[str, Mapping[str, str]]:
    """Return the declarations, and the code of each schema by the name of its type.

    `types` has written its declarations. `pattern` in the code makes a regular expression.
    """
    writer = _Writer(document, types)
    code = dict(writer.constants())
    lines = [
        'import type { ZodType as $ZodType } from "zod";\n',
        'import type * as schemas from "./schemas.js";\n\n',
        *(f"export declare const {name}: $ZodType<schemas.{name}>;\n" for name in code),
    ]
    return "".join(lines), code


class _Writer:
    def __init__(self, document: Document, types: Types) -> None:
        self._document, self._types = document, types
        self._done: set[str] = set()
        self._request = False

    def constants(self) -> Iterator[tuple[str, str]]:
        for (pointer, request), name in self._types.named.items():
            self._request = request
            yield name, self._of(self._document.get(pointer), pointer)
            self._done.add(name)

    def _of(self, schema: Any, pointer: Pointer) -> str:
        if not isinstance(schema, Mapping):
            return "$z.never()" if schema is False else "$z.unknown()"
        parts = []
        reference = schema.get("$ref", schema.get("$dynamicRef"))
        if isinstance(reference, str):
            target = self._document.target(reference, pointer)
            name = self._types.named_at(target, request=self._request) if target else None
            if name:
                # A schema that follows, or this one itself, has no value yet.
                parts.append(name if name in self._done else f"$z.lazy(() => {name})")
        if "const" in schema:
            parts.append(_literals([schema["const"]]))
        elif isinstance(schema.get("enum"), list):
            parts.append(_literals(schema["enum"]))
        else:
            parts += self._base(schema, pointer)
        parts += [
            self._of(part, (*pointer, "allOf", str(i))) for i, part in enumerate(schema.get("allOf") or [])
        ]
        for keyword in ("anyOf", "oneOf"):
            if found := schema.get(keyword):
                parts.append(
                    _union(self._of(part, (*pointer, keyword, str(i))) for i, part in enumerate(found))
                )
        parts = [part for part in parts if part != "$z.unknown()"] or ["$z.unknown()"]
        text = parts[0]
        for part in parts[1:]:
            text = f"$z.intersection({text}, {part})"
        return text

    def _base(self, schema: Mapping[str, Any], pointer: Pointer) -> list[str]:
        types = schema.get("type")
        if types is None:
            kinds = ["object"] if any(word in schema for word in _OBJECT) else []
            kinds += ["array"] if "items" in schema or "prefixItems" in schema else []
            if not kinds:
                return []
        else:
            kinds = list(types) if isinstance(types, list) else [types]
        return [_union(self._kind(kind, schema, pointer) for kind in kinds)]

    def _kind(self, kind: str, schema: Mapping[str, Any], pointer: Pointer) -> str:
        if kind == "object":
            return self._object(schema, pointer)
        if kind == "array":
            return self._array(schema, pointer) + _bounded(schema, "array")
        if kind == "string":
            text = _FORMATS.get(schema.get("format", ""), "$z.string()") + _bounded(schema, "string")
            pattern = schema.get("pattern")
            return f"{text}.regex(pattern({json.dumps(pattern)}))" if isinstance(pattern, str) else text
        if kind in ("integer", "number"):
            return {"integer": "$z.int()", "number": "$z.number()"}[kind] + _bounded(schema, "number")
        return "$z.null()" if kind == "null" else "$z.boolean()"

    def _array(self, schema: Mapping[str, Any], pointer: Pointer) -> str:
        items = self._of(schema.get("items", True), (*pointer, "items"))
        first = schema.get("prefixItems")
        if not first:
            return f"$z.array({items})"
        parts = [self._of(node, (*pointer, "prefixItems", str(i))) for i, node in enumerate(first)]
        least = schema.get("minItems", 0)
        listed = [part if i < least else f"{part}.optional()" for i, part in enumerate(parts)]
        rest = "" if schema.get("items") is False else f", {items}"
        return f"$z.tuple([{', '.join(listed)}]{rest})"

    def _object(self, schema: Mapping[str, Any], pointer: Pointer) -> str:
        required = {name for name in schema.get("required") or () if isinstance(name, str)}
        properties = schema.get("properties") or {}
        fields = []
        for name, node in properties.items():
            place = (*pointer, "properties", name)
            if not self._types.is_hidden(node, place, request=self._request):
                # Getters allow a schema to contain itself.
                value = self._of(node, place) + ("" if name in required else ".optional()")
                fields.append(
                    f"get {member(name)}() {{ return {value}; }}"
                    if "lazy" in value
                    else f"{member(name)}: {value}"
                )
        fields += [f"{member(name)}: $z.unknown()" for name in sorted(required - properties.keys())]
        others = schema.get("additionalProperties", True)
        shape = f"{{ {', '.join(fields)} }}" if fields else "{}"
        if others is False and not schema.get("patternProperties"):
            return f"$z.strictObject({shape})"
        if not isinstance(others, Mapping) or not others:
            return f"$z.looseObject({shape})"
        value = self._of(others, (*pointer, "additionalProperties"))
        return f"$z.object({shape}).catchall({value})" if fields else f"$z.record($z.string(), {value})"


def _bounded(schema: Mapping[str, Any], kind: str) -> str:
    bounds = _BOUNDS[kind]
    return "".join(
        f".{method}({json.dumps(schema[word])})"
        for word, method in bounds.items()
        if isinstance(schema.get(word), (int, float))
        and not isinstance(schema[word], bool)
        and ("prefixItems" not in schema or kind != "array")
    )


def _union(parts: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(parts))
    if "$z.null()" in distinct and len(distinct) > 1:
        return f"{_union(part for part in distinct if part != '$z.null()')}.nullable()"
    return distinct[0] if len(distinct) == 1 else f"$z.union([{', '.join(distinct)}])"


def _literals(values: list[Any]) -> str:
    scalars = [value for value in values if not isinstance(value, (list, Mapping))]
    # A list or an object in an enum is rare: everything is allowed there.
    if len(scalars) != len(values):
        return "$z.unknown()"
    return f"$z.literal({json.dumps(values, ensure_ascii=False)})" if values else "$z.never()"
