"""Write a contract in canonical layout: the order of fields, and the indentation.

Fields are in the order of `_ORDER`. Paths, methods, statuses, properties and extensions keep the order that
the author gave them. Mappings and the items of lists are indented by two spaces. Scalars, comments and flow
collections are kept as they are written: only whole lines move, and each comment stays above the same line.

JSON text gets two spaces and the same order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

from specfirst.contract.document import DocumentError
from specfirst.contract.kinds import kind_of_child
from specfirst.contract.yaml import compose_text, is_json, parse

_ORDER: Mapping[str, tuple[str, ...]] = {
    "document": (
        *("openapi", "$self", "info", "jsonSchemaDialect", "servers", "security", "tags", "externalDocs"),
        *("paths", "webhooks", "components"),
    ),
    "path item": ("$ref", "summary", "description", "servers", "parameters"),
    "operation": (
        *("operationId", "tags", "summary", "description", "externalDocs", "deprecated", "x-sunset"),
        *("security", "servers", "parameters", "requestBody", "responses", "callbacks"),
    ),
    "parameter": (
        *("$ref", "name", "in", "required", "description", "deprecated", "x-sunset", "allowEmptyValue"),
        *("style", "explode", "allowReserved", "schema", "content", "example", "examples"),
    ),
    "header": (
        *("$ref", "description", "required", "deprecated", "x-sunset", "style", "explode", "schema"),
        *("content", "example", "examples"),
    ),
    "request body": ("$ref", "description", "required", "content"),
    "response": ("$ref", "summary", "description", "headers", "content", "links"),
    "media type": ("$ref", "schema", "itemSchema", "encoding", "example", "examples"),
    "example": ("$ref", "summary", "description", "value", "dataValue", "externalValue"),
    "link": (*("$ref", "operationId", "operationRef", "description", "parameters", "requestBody", "server"),),
    "components": (
        *("securitySchemes", "parameters", "headers", "requestBodies", "responses", "schemas", "examples"),
        *("links", "callbacks", "pathItems", "mediaTypes"),
    ),
    "security scheme": (
        *("$ref", "type", "scheme", "bearerFormat", "name", "in", "openIdConnectUrl", "description"),
        *("deprecated", "flows"),
    ),
    "schema": (
        *("$schema", "$id", "$anchor", "$dynamicAnchor", "$ref", "$dynamicRef", "title", "type", "nullable"),
        *("format", "description", "$comment", "deprecated", "x-sunset", "readOnly", "writeOnly"),
        *("contentMediaType", "contentEncoding", "contentSchema", "enum", "const", "minLength"),
        *("maxLength", "pattern", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"),
        *("multipleOf", "allOf", "oneOf", "anyOf", "discriminator", "not", "if", "then", "else"),
        *("additionalProperties", "unevaluatedProperties", "minProperties", "maxProperties"),
        *("propertyNames", "required", "properties", "patternProperties", "dependentRequired"),
        *("dependentSchemas", "minItems", "maxItems", "uniqueItems", "contains", "minContains"),
        *("maxContains", "prefixItems", "items", "unevaluatedItems", "default", "example", "examples"),
        *("externalDocs", "xml", "$defs"),
    ),
    "discriminator": ("propertyName", "mapping", "defaultMapping"),
}
"""The order of the fields of an object. Other fields come last, in the order in which they are written."""


def formatted(data: bytes) -> bytes:
    """Return a contract in canonical layout. Raises DocumentError if it cannot be read.

    The result has the same meaning: the same data, apart from the order of fields. Text whose meaning a new
    layout would change, such as an alias before its anchor, is returned as it is.
    """
    content, _ = parse(data)
    if not isinstance(content, dict):
        return data
    text = data.decode("utf-8-sig")
    if is_json(text):
        new = json.dumps(_ordered(content, "document"), indent=2, ensure_ascii=False) + "\n"
    else:
        new = _layout(text.replace("\r\n", "\n"))
        if "\r\n" in text:
            new = new.replace("\n", "\r\n")
    encoded = new.encode()
    try:
        same = _same(parse(encoded)[0], content)
    except DocumentError:
        same = False
    return encoded if same else data


def _same(one: Any, other: Any) -> bool:
    # 1, 1.0 and true are equal in Python.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _ordered(node: Any, kind: str) -> Any:
    if isinstance(node, dict):
        return {
            name: _ordered(node[name], kind_of_child(kind, name))
            for name in sorted(node, key=_rank(node, kind))
        }
    if isinstance(node, list):
        return [_ordered(child, kind_of_child(kind, "")) for child in node]
    return node


def _rank(names: Any, kind: str) -> Any:
    """Return a sort key for the fields of an object of a kind."""
    order = _ORDER.get(kind, ())
    ranks = {name: (order.index(name) if name in order else len(order)) for name in names}
    return ranks.__getitem__


# --- YAML -------------------------------------------------------------------------------------------------


def _layout(text: str) -> str:
    root = compose_text(text)
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not isinstance(root, yaml.MappingNode) or root.flow_style or not root.value:
        return "\n".join(lines) + "\n"
    layout = _Layout(lines)
    first = root.start_mark.line
    if not layout.is_block(root) or root.start_mark.column:
        return "\n".join(lines) + "\n"
    # The lines above, such as a comment about the whole document, stay there.
    body = layout.block(root, "document", first, len(lines), 0)
    return "\n".join([*(line.rstrip() for line in lines[:first]), *body]) + "\n"


class _Entry(NamedTuple):
    """A field of a mapping or an item of a list: the lines above it that belong to it, and its own lines."""

    start: int
    """The first of the comments and blank lines above it."""
    line: int
    """The line of its key or dash."""
    end: int
    """The line after its last one."""
    name: str
    node: yaml.Node


class _Layout:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def is_block(self, node: yaml.Node) -> bool:
        """Return whether the lines of a collection can be moved: each part begins a line of its own."""
        mark = node.start_mark
        if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
            return False
        if isinstance(node, yaml.SequenceNode):
            return self._dashes(node) is not None
        if node.value[0][0].start_mark.index != mark.index:
            # The mapping has an anchor or a tag.
            return False
        for index, (key, _) in enumerate(node.value):
            before = self._lines[key.start_mark.line][: key.start_mark.column]
            if key.start_mark.column != mark.column or (before.strip() and index) or before.strip(" -"):
                return False
        return True

    def _dashes(self, node: yaml.SequenceNode) -> list[int] | None:
        """Return the line of the dash of each item, or None if they cannot be found."""
        column, lines = node.start_mark.column, list[int]()
        for item in node.value:
            line = item.start_mark.line
            while line >= node.start_mark.line and not self._is_dash(line, column):
                line -= 1
            if line < node.start_mark.line or line in lines:
                return None
            lines.append(line)
        return lines

    def _is_dash(self, line: int, column: int) -> bool:
        text = self._lines[line]
        return text[column : column + 2].rstrip() == "-" and not text[:column].strip(" -")

    def block(self, node: yaml.Node, kind: str, start: int, end: int, column: int) -> list[str]:
        """Return the lines of a collection between two lines, indented to a column, in canonical order."""
        assert isinstance(node, yaml.CollectionNode)
        old = node.start_mark.column
        entries = self._entries(node, start, end)
        rest = self._trivia(entries[-1].end, end, old, column)
        if isinstance(node, yaml.SequenceNode):
            child = kind_of_child(kind, "")
            return [
                line
                for entry in entries
                for line in [*self._above(entry, old, column), *self._item(entry, child, old, column)]
            ] + rest
        first = entries[0]
        ordered = sorted(entries, key=lambda entry: _rank([each.name for each in entries], kind)(entry.name))
        result: list[str] = []
        before = first.node
        for entry in ordered:
            above = self._above(entry, old, column)
            if entry is first and ordered[0] is not first:
                # The blank line above what is now the first one belongs here.
                blank = self._above(ordered[0], old, column)[:1] == [""]
                above = [""] * blank + above
            elif entry is ordered[0] and entry is not first:
                above = above[1:] if above[:1] == [""] else above
            if result and self._keeps(before) and above[:1] == [""]:
                # A blank line would belong to the text above.
                above = above[1:]
            before = entry.node
            result += above + self._field(entry, kind_of_child(kind, entry.name), old, column)
        return result + rest

    def _entries(self, node: yaml.CollectionNode, start: int, end: int) -> list[_Entry]:
        column = node.start_mark.column
        if isinstance(node, yaml.MappingNode):
            parts = [(key.start_mark.line, str(key.value), value) for key, value in node.value]
        else:
            dashes = self._dashes(node) if isinstance(node, yaml.SequenceNode) else None
            assert dashes is not None
            parts = [(line, "", item) for line, item in zip(dashes, node.value, strict=True)]
        entries: list[_Entry] = []
        for index, (line, name, value) in enumerate(parts):
            # What is above the first one is about all of them.
            above = line if index == 0 else self._above_of(line, self._last(parts[index - 1][2]), column)
            if entries:
                entries[-1] = entries[-1]._replace(end=above)
            entries.append(_Entry(above, line, end, name, value))
        # Comments after the last one, such as fields that are commented out, stay at the end.
        last = entries[-1]
        entries[-1] = last._replace(end=self._above_of(end, max(self._last(last.node), last.line), column))
        return entries

    def _above_of(self, line: int, content: int, column: int) -> int:
        """Return the first of the blank lines and comments at a column directly above a line."""
        while line - 1 > content:
            text = self._lines[line - 1]
            if text.strip() and not (text.lstrip().startswith("#") and _indent(text) == column):
                break
            line -= 1
        return line

    def _last(self, node: yaml.Node) -> int:
        """Return the last line with content of a value."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._last(last[1] if isinstance(last, tuple) else last)
        end = node.end_mark
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            line = end.line if end.column else end.line - 1
            if not self._keeps(node):
                while (
                    line > node.start_mark.line and not self._lines[min(line, len(self._lines) - 1)].strip()
                ):
                    line -= 1
            return line
        return end.line

    def _keeps(self, node: yaml.Node) -> bool:
        """Return whether a value ends with a block scalar to which the blank lines below it belong."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._keeps(last[1] if isinstance(last, tuple) else last)
        if not isinstance(node, yaml.ScalarNode) or node.style not in ("|", ">"):
            return False
        start = node.start_mark
        return "+" in self._lines[start.line][start.column :].split("#")[0]

    def _above(self, entry: _Entry, old: int, column: int) -> list[str]:
        return self._trivia(entry.start, entry.line, old, column)

    def _trivia(self, start: int, end: int, old: int, column: int) -> list[str]:
        """Return comments, indented anew, and blank lines, several of which become one."""
        result: list[str] = []
        for text in self._lines[start:end]:
            line = _shifted(text, column - old)
            if line.strip() or result[-1:] != [""]:
                result.append(line.rstrip())
        return result

    def _field(self, entry: _Entry, kind: str, old: int, column: int) -> list[str]:
        first = " " * column + self._lines[entry.line][old:]
        return self._value(entry, kind, first, old, column, column + 2)

    def _item(self, entry: _Entry, kind: str, old: int, column: int) -> list[str]:
        node = entry.node
        start = node.start_mark
        if start.line == entry.line and self.is_block(node):
            lines = self.block(node, kind, entry.line, entry.end, column + 2)
            # Comments of a field that is now the first one are above the dash.
            at = next(index for index, line in enumerate(lines) if not line.lstrip().startswith("#") and line)
            above = [_shifted(line, -2) for line in lines[:at]]
            return [*above, f"{' ' * column}- {lines[at][column + 2 :]}", *lines[at + 1 :]]
        text = self._lines[entry.line][old + 1 :]
        first = f"{' ' * column}- {text.lstrip()}" if text.strip() else f"{' ' * column}-"
        return self._value(entry, kind, first, old, column, column + 2)

    def _value(self, entry: _Entry, kind: str, first: str, old: int, column: int, inner: int) -> list[str]:
        """Return the first line of an entry, and the lines of its value that follow."""
        node, start = entry.node, entry.line + 1
        rest = self._lines[start : entry.end]
        if node.start_mark.line >= start and self.is_block(node):
            at = node.start_mark.line
            # Comments above the first part are about the parts, wherever they begin.
            above = [line and " " * inner + line for line in self._trivia(start, at, 1000, 0)]
            return [first.rstrip(), *above, *self.block(node, kind, at, entry.end, inner)]
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            last = self._last(node) + 1
            content = self._lines[start:last]
            header = self._lines[node.start_mark.line][node.start_mark.column :].split("#")[0]
            filled = [line for line in content if line.strip()]
            shift = column - old
            if filled and not any(character.isdigit() for character in header):
                shift = inner - _indent(filled[0])
            after = self._trivia(last, entry.end, old, column)
            return [first.rstrip(), *(_shifted(line, shift) for line in content), *after]
        return [first.rstrip(), *(_shifted(line, column - old) for line in rest)]


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _shifted(text: str, by: int) -> str:
    if not text.strip() and by:
        # Blank lines of a block scalar may have spaces beyond its indentation, which are content.
        return " " * max(0, len(text) + by) if text else text
    return " " * by + text if by >= 0 else text[min(-by, _indent(text)) :]
