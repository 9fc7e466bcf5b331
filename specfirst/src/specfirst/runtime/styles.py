"""Parameters that are not a scalar or a list in the usual style: other styles, objects, and `content`.

The text is taken apart as the style says (OpenAPI 3.1, section 4.8.12.3 and following), the parts become
JSON values of the types that the schema allows, and the whole is validated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError

from specfirst.contract.document import Parameter, is_json
from specfirst.contract.shapes import TEXT, Shape
from specfirst.runtime.errors import APIError, Invalid, ValidationErrorItem
from specfirst.runtime.jsontext import parse
from specfirst.runtime.validation import Validator, unrepresentable, validation_errors

Decode = Callable[[str], str]
"""Decodes a part of the raw text: percent-encoding in the query, nothing elsewhere."""

Texts = Mapping[str, Sequence[str]]

Tree = dict[str | None, Any]
"""Names with brackets: the tree at each key, and the texts of the name itself at None."""

_INTEGER = re.compile(r"(0|-?[1-9][0-9]{0,99})\Z")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,308})(\.[0-9]{1,99})?([eE][+-]?[0-9]{1,3})?\Z")


def _integer(text: str) -> int:
    if not _INTEGER.match(text):
        raise ValueError
    return int(text)


def _number(text: str) -> float:
    number = float(text) if _NUMBER.match(text) else math.inf
    if not math.isfinite(number):
        raise ValueError
    return number


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text]


_READERS: dict[str, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "string": str,
}


def reader_of(shape: Shape, validator: Validator | None) -> Callable[[str], Any]:
    """Return the function that reads a scalar; it raises ValueError or KeyError for a text of another type.

    If several types are allowed, the first counts whose value is valid: integer, number, boolean, string.
    """
    types = shape.scalars or ("string",)
    if len(types) == 1:
        return _READERS[types[0]]
    candidates = [read for name, read in _READERS.items() if name in types]

    def read(text: str) -> Any:
        value: Any = None
        for candidate in candidates:
            try:
                value = candidate(text)
            except (ValueError, KeyError):
                continue
            if validator is None or validator.is_valid(value):
                return value
        if value is None:
            raise ValueError
        return value

    return read


def typed(shape: Shape, text: str) -> Any:
    """Return the JSON value of a text, as the shape says; raises ValueError or KeyError."""
    if shape.kind == "array":
        return [typed(shape.items or TEXT, part) for part in text.split(",")] if text else []
    return reader_of(shape, None)(text)


_FORM = "application/x-www-form-urlencoded"
_BRACKETS = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True, eq=False)
class Styled:
    """The reader of one parameter; `convert` turns the JSON value into the Python value."""

    parameter: Parameter
    loc: tuple[str, str]
    shape: Shape
    validator: Validator
    default: Any
    convert: Callable[[Any], Any] | None

    is_array = False

    @property
    def identifier(self) -> str:
        return self.parameter.identifier

    @property
    def spreads(self) -> bool:
        """Return whether the parameter consists of pairs with other names than its own."""
        parameter = self.parameter
        if parameter.location == "querystring":
            return True
        if parameter.media_type is not None:
            return False
        exploded = parameter.location in ("query", "cookie") and parameter.explode
        return parameter.style == "deepObject" or (exploded and self.shape.kind == "object")

    def takes(self, name: str) -> bool:
        """Return whether a pair of this name belongs to the parameter."""
        if self.parameter.location == "querystring":
            return True
        if self.parameter.style == "deepObject":
            own = self.parameter.name
            return name == own or (name.startswith(f"{own}[") and name.endswith("]"))
        return name in self.shape.properties or self.shape.others is not None

    def value(self, texts: Sequence[str], found: list[ValidationErrorItem], decode: Decode = str) -> Any:
        """Parse the parameter's raw texts; append its validation errors to `found`."""
        parameter = self.parameter
        if parameter.location == "header" and len(texts) > 1:
            texts = [", ".join(texts)]
        try:
            if parameter.media_type is not None:
                return self._finished(self._content(texts, decode), found)
            # A schema that says nothing about types allows a list.
            lists = "array" in self.shape.types or not self.shape.typed
            if len(texts) > 1 and lists and parameter.explode:
                return self._finished(
                    [member(self.shape.items or TEXT, decode(text)) for text in texts], found
                )
            if len(texts) > 1:
                found.append(
                    ValidationErrorItem(self.loc, "The parameter is given more than once", "duplicate")
                )
                return None
            return self._finished(self._parsed(texts[0], decode), found)
        except (ValueError, KeyError):
            kind = " or ".join(name for name in self.shape.types if name != "null")
            found.append(ValidationErrorItem(self.loc, f"The value is not of type {kind}", "type"))
        except Invalid as error:
            found += [
                ValidationErrorItem((*self.loc, *item.loc[1:]), item.msg, item.type)
                for item in error.validation_errors
            ]
        except APIError as error:
            found.append(ValidationErrorItem(self.loc, error.detail.replace("The body", "The value"), "json"))
        return None

    def spread(self, texts: Texts, found: list[ValidationErrorItem], decode: Decode, raw: bytes) -> Any:
        """Parse the pairs that belong to the parameter; None if there are none."""
        own = {name: parts for name, parts in texts.items() if self.takes(name)}
        if not own:
            return None
        if self.parameter.location == "querystring" and self.parameter.media_type != _FORM:
            # The whole query is one value, in which a plus sign is one.
            return self.value(
                [unquote(raw.decode("utf-8", "surrogateescape"), errors="surrogateescape")], found
            )
        try:
            if self.parameter.style == "deepObject":
                value = self._deep(own, decode)
            else:
                value = {
                    name: _parts(self.shape.properties.get(name) or self.shape.others or TEXT, parts, decode)
                    for name, parts in own.items()
                }
        except (ValueError, KeyError):
            found.append(ValidationErrorItem(self.loc, "A value is not of its type", "type"))
            return None
        return self._finished(value, found)

    def _finished(self, value: Any, found: list[ValidationErrorItem]) -> Any:
        if not self.validator.is_valid(value):
            found += validation_errors(self.validator, value, *self.loc)
            return None
        try:
            return self.convert(value) if self.convert else value
        except ValidationError as error:
            found += unrepresentable(error, *self.loc)
            return None

    def _content(self, texts: Sequence[str], decode: Decode) -> Any:
        if len(texts) > 1:
            raise Invalid(
                [ValidationErrorItem(self.loc, "The parameter is given more than once", "duplicate")]
            )
        text = decode(texts[0])
        if is_json(self.parameter.media_type or ""):
            return parse(text.encode("utf-8", "surrogateescape"))
        return typed(self.shape, text)

    def _parsed(self, text: str, decode: Decode) -> Any:
        parameter, shape = self.parameter, self.shape
        delimiter = ","
        if parameter.style == "label":
            if not text.startswith("."):
                raise ValueError
            text, delimiter = text[1:], "." if parameter.explode else ","
        elif parameter.style == "matrix":
            return self._matrix(text)
        elif parameter.style == "spaceDelimited":
            delimiter = "%20|[+ ]"
        elif parameter.style == "pipeDelimited":
            delimiter = r"%7[Cc]|\|"
        if "array" not in shape.types and "object" not in shape.types:
            return reader_of(shape, self.validator)(decode(text))
        pattern = delimiter if len(delimiter) > 1 else re.escape(delimiter)
        parts = [decode(part) for part in re.split(pattern, text)] if text else []
        if parameter.location == "header":
            parts = [part.strip(" \t") for part in parts if part.strip(" \t")]
        if shape.kind == "object":
            return self._object(parts, pairs=parameter.explode)
        if shape.scalars:
            # One value or a list of them: a single one is a list only if it is not valid alone.
            try:
                alone = reader_of(shape, self.validator)(decode(text))
                if self.validator.is_valid(alone):
                    return alone
            except (ValueError, KeyError):
                pass
        if parameter.explode and parameter.location in ("query", "cookie"):
            # The other items have pairs of their own.
            parts = [decode(text)]
        return [member(shape.items or TEXT, part) for part in parts]

    def _matrix(self, text: str) -> Any:
        if not text.startswith(";"):
            raise ValueError
        pairs = [part.partition("=") for part in text[1:].split(";")]
        if self.shape.kind == "object" and self.parameter.explode:
            return self._object([f"{name}={value}" for name, _, value in pairs], pairs=True)
        if any(name != self.parameter.name for name, _, _ in pairs):
            raise ValueError
        values = [part for _, _, value in pairs for part in value.split(",")]
        if self.shape.kind == "object":
            return self._object(values, pairs=False)
        if self.shape.kind == "array":
            return [member(self.shape.items or TEXT, value) for value in values]
        return reader_of(self.shape, self.validator)(pairs[0][2])

    def _object(self, parts: Sequence[str], *, pairs: bool) -> dict[str, Any]:
        if pairs:
            split = [part.partition("=") for part in parts]
            members = [(name, value) for name, _, value in split]
        elif len(parts) % 2:
            raise ValueError
        else:
            members = list(zip(parts[::2], parts[1::2], strict=True))
        return {
            name: member(self.shape.properties.get(name) or self.shape.others or TEXT, value)
            for name, value in members
        }

    def _deep(self, texts: Texts, decode: Decode) -> Any:
        """Read `p[a][b]=1`: nested objects, and lists as `p[a][]`, `p[a][0]` or a repeated name."""
        tree: Tree = {}
        for name, parts in texts.items():
            keys = _BRACKETS.findall(name[len(self.parameter.name) :])
            node = tree
            for key in keys:
                node = node.setdefault(key, {})
            node.setdefault(None, []).extend(decode(part) for part in parts)
        return _deep_value(tree, self.shape)


def _deep_value(tree: Tree, shape: Shape) -> Any:
    leaves = tree.get(None, [])
    children = {key: part for key, part in tree.items() if key is not None}
    if "array" in shape.types and all(not key or key.isdigit() for key in children):
        unnumbered: Tree = children.pop("", {})
        leaves = [*leaves, *unnumbered.get(None, [])]
        items = [member(shape.items or TEXT, text) for text in leaves]
        ordered = sorted(children.items(), key=lambda pair: int(pair[0]))
        return items + [_deep_value(part, shape.items or TEXT) for _, part in ordered]
    if children:
        return {
            key: _deep_value(part, shape.properties.get(key) or shape.others or TEXT)
            for key, part in children.items()
        }
    return _only(shape, leaves)


def form_value(texts: Texts, shape: Shape) -> dict[str, Any]:
    """Read the names with brackets of a form, `p[a][b]=1`: nested objects and lists."""
    trees: dict[str, Tree] = {}
    for name, parts in texts.items():
        first, _, rest = name.partition("[")
        node = trees.setdefault(first, {})
        for key in _BRACKETS.findall(f"[{rest}"):
            node = node.setdefault(key, {})
        node.setdefault(None, []).extend(parts)
    return {
        name: _deep_value(tree, shape.properties.get(name) or shape.others or TEXT)
        for name, tree in trees.items()
    }


def _parts(shape: Shape, parts: Sequence[str], decode: Decode) -> Any:
    texts = [decode(part) for part in parts]
    if "array" in shape.types:
        return [member(shape.items or TEXT, text) for text in texts]
    return _only(shape, texts)


def _only(shape: Shape, texts: Sequence[str]) -> Any:
    """Return the value of a member that is given once; else the texts, which only a list allows."""
    return member(shape, texts[0]) if len(texts) == 1 else [*texts]


def member(shape: Shape, text: str) -> Any:
    """Return the value of a text within a list or an object, or the text if it has another type.

    The validator then reports the place of the member.
    """
    try:
        return typed(shape, text)
    except (ValueError, KeyError):
        return text


def read_all(
    readers: Iterable[Styled],
    texts: Texts,
    declared: Container[str],
    values: dict[str, Any],
    found: list[ValidationErrorItem],
    decode: Decode,
    raw: bytes = b"",
) -> None:
    """Read the parameters that consist of pairs with other names: those that no other parameter has."""
    others = {name: parts for name, parts in texts.items() if name not in declared}
    for reader in readers:
        if any(map(reader.takes, others)):
            values[reader.identifier] = reader.spread(others, found, decode, raw)
        elif reader.parameter.required:
            found.append(ValidationErrorItem(reader.loc, "The parameter is required", "required"))
        else:
            values[reader.identifier] = reader.default
