"""Read a contract, YAML or JSON, as JSON data, with the line and column of every part.

PyYAML follows YAML 1.1, where `no` is false, `2026-01-05` is a date, and the second of two equal keys
silently wins. A contract is JSON data (OpenAPI 3.1, section 4.3), so only the types of YAML 1.2's JSON schema
are resolved here, and a repeated key is an error.

JSON text has a separate parser: YAML reads surrogate pairs, tabs and some line breaks in it differently.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import yaml
from yaml._yaml import CParser
from yaml.composer import Composer
from yaml.resolver import Resolver

from specfirst.contract.document import Document, DocumentError, Pointer, Positions, Splices, server_addresses
from specfirst.contract.syntax import json_error, yaml_error

_DEEPEST = 100
"""The maximum nesting; deeper nesting exceeds the limits of Python's stack and other tools."""

_MOST_REPEATED = 100_000
"""The maximum number of repeated parts: nested aliases can expand to billions of parts."""


class _LimitedComposer(Composer):
    """Composes nodes in Python, and limits their nesting."""

    depth = 0

    def compose_sequence_node(self, anchor: Any) -> yaml.SequenceNode:
        self._enter()
        node = super().compose_sequence_node(anchor)
        self.depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        self._enter()
        node = super().compose_mapping_node(anchor)
        self.depth -= 1
        return node

    def _enter(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            event: Any = self.peek_event()  # type: ignore[attr-defined]  # It is a method of parsers.
            raise _too_deep(event.start_mark.line + 1, event.start_mark.column + 1)


class _JSONSchemaLoader(_LimitedComposer, yaml.SafeLoader):
    """Resolves plain scalars as YAML 1.2's core schema does (YAML 1.2.2, section 10.3.2)."""


class _FastLoader(_LimitedComposer, CParser, Resolver):
    """Does the same with libyaml's parser, in half the time. Its errors are less helpful.

    libyaml's own composer is four times as fast, but deep nesting overflows its stack.
    """

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        # PyYAML's own parser has no style for plain scalars.
        node.style = node.style or None
        return node


_PLAIN = {
    "null": (r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+", list("-+0123456789")),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
}
"""The pattern of a plain scalar of each type, and its first characters."""

_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|0o[0-7]+|0x[0-9A-Fa-f]+")
"""Numbers of YAML 1.2 that JSON does not have."""

# The classes would otherwise inherit YAML 1.1's dates, octal numbers, yes and no.
_JSONSchemaLoader.yaml_implicit_resolvers = {}
for _name, (_pattern, _first) in _PLAIN.items():
    _JSONSchemaLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), _first
    )
_FastLoader.yaml_implicit_resolvers = _JSONSchemaLoader.yaml_implicit_resolvers


def parse(data: bytes) -> tuple[Any, Positions]:
    """Parse YAML or JSON text to JSON data, and the position of each part. Raises DocumentError."""
    text = _text(data)
    positions: Positions = {}
    # JSON text that is not an object is not a contract in YAML either.
    if is_json(text):
        content = _JSONReader(text, positions).read()
    else:
        content = _YAMLData(positions).of(compose(text), (), repeated=False)
    # An empty text has no part with a position.
    positions.setdefault((), (1, 1))
    return content, positions


def _text(data: bytes) -> str:
    try:
        # A byte order mark is valid in UTF-8, and some editors write it.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError("the file is not UTF-8", remedy="save it as UTF-8", line=line) from None


def _too_deep(line: int, column: int) -> DocumentError:
    return DocumentError(
        f"lists and mappings are nested deeper than {_DEEPEST} levels",
        remedy="move inner parts to components and refer to them",
        line=line,
        column=column,
    )


# --- YAML -------------------------------------------------------------------------------------------------


def compose(text: str) -> yaml.Node | None:
    """Parse YAML to nodes. Raises DocumentError."""
    try:
        root: yaml.Node | None = _FastLoader(text).get_single_node()
    except (yaml.YAMLError, ValueError, OverflowError):
        return _composed(text)
    return root


def _composed(text: str) -> yaml.Node | None:
    """Parse with PyYAML's own parser, whose errors say more. Raises DocumentError."""
    try:
        loader = _JSONSchemaLoader(text)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        raise DocumentError(
            f"the character U+{ord(text[error.position]):04X} is not allowed in YAML",
            remedy="remove it, or write it as an escape in a text in double quotes",
            line=before.count("\n") + 1,
            column=error.position - before.rfind("\n"),
        ) from None
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise (json_error(text) or yaml_error(error, text)) from None
    except (ValueError, OverflowError):
        # PyYAML decodes escapes without checking that the character exists.
        raise DocumentError(
            "an escape is not a valid character",
            remedy=r"correct it; the last one is \U0010FFFF",
            line=loader.line + 1,
            column=loader.column + 1,
        ) from None


class _YAMLData:
    """Converts YAML nodes to JSON data, and records the positions."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions
        self._around: set[int] = set()
        self._seen: set[int] = set()
        self._repeated = 0

    def of(self, node: yaml.Node | None, pointer: Pointer, *, repeated: bool) -> Any:
        if node is None:
            return None
        self._positions.setdefault(pointer, (node.start_mark.line + 1, node.start_mark.column + 1))
        if id(node) in self._around:
            _reject(node, pointer, "an alias is inside its own anchor", "use $ref")
        if repeated or id(node) in self._seen:
            repeated = True
            self._repeated += 1
            if self._repeated > _MOST_REPEATED:
                _reject(node, pointer, f"aliases repeat more than {_MOST_REPEATED} parts", "use $ref")
        self._seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node, pointer)
        kind = "map" if isinstance(node, yaml.MappingNode) else "seq"
        if node.tag != f"tag:yaml.org,2002:{kind}":
            _reject(node, pointer, f"the tag {_tag(node)} has no meaning in JSON", "remove the tag")
        self._around.add(id(node))
        if len(self._around) > _DEEPEST:
            raise _too_deep(node.start_mark.line + 1, node.start_mark.column + 1)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, pointer, repeated)
            return [
                self.of(item, (*pointer, str(index)), repeated=repeated)
                for index, item in enumerate(node.value)
            ]
        finally:
            self._around.remove(id(node))

    def _mapping(self, node: yaml.MappingNode, pointer: Pointer, repeated: bool) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: list[tuple[yaml.ScalarNode, yaml.Node]] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _reject(key, pointer, "a key is not a string", "write the key as text")
            if key.value == "<<" and key.style is None:
                merged += self._merged(value, pointer)
                continue
            if not key.tag.startswith("tag:yaml.org,2002:") or key.tag.rpartition(":")[2] not in (
                *_PLAIN,
                "str",
            ):
                _reject(key, pointer, f"the tag {_tag(key)} has no meaning in JSON", "remove the tag")
            name = _joined(key.value, key, pointer)
            if name in mapping:
                _reject(key, pointer, f"duplicate key {_shown(name)}", "remove one of the two")
            # The position of a value is that of its key, where readers look for it.
            self._positions[*pointer, name] = (key.start_mark.line + 1, key.start_mark.column + 1)
            mapping[name] = self.of(value, (*pointer, name), repeated=repeated)
        for key, value in merged:
            # What stands in the mapping itself counts, then the first mapping that is merged.
            if key.value not in mapping:
                self._positions[*pointer, key.value] = (key.start_mark.line + 1, key.start_mark.column + 1)
                mapping[key.value] = self.of(value, (*pointer, key.value), repeated=True)
        return mapping

    def _merged(self, node: yaml.Node, pointer: Pointer) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        """Return the pairs of `<<: *anchor`, which YAML 1.1 has and authors still write."""
        if isinstance(node, yaml.SequenceNode):
            return [pair for part in node.value for pair in self._merged(part, pointer)]
        if not isinstance(node, yaml.MappingNode) or id(node) in self._around:
            _reject(node, pointer, "only mappings can be merged", "merge an anchor of a mapping, or use $ref")
        pairs: list[tuple[yaml.ScalarNode, yaml.Node]] = []
        self._around.add(id(node))
        for key, value in node.value:
            if key.value == "<<" and key.style is None:
                pairs += self._merged(value, pointer)
            else:
                pairs.append((key, value))
        self._around.remove(id(node))
        # Those of the mapping itself take precedence over what it merges.
        return sorted(pairs, key=lambda pair: not any(pair[0] is key for key, _ in node.value))


def _reject(node: yaml.Node, pointer: Pointer, problem: str, remedy: str) -> NoReturn:
    mark = node.start_mark
    raise DocumentError(problem, pointer, remedy=remedy, line=mark.line + 1, column=mark.column + 1)


def _tag(node: yaml.Node) -> str:
    return node.tag.replace("tag:yaml.org,2002:", "!!")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _scalar(node: yaml.ScalarNode, pointer: Pointer) -> Any:
    value, kind = node.value, node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "str":
        if node.style is None and _NOT_JSON.fullmatch(value):
            _reject(
                node,
                pointer,
                f"the number {value} cannot be written in JSON",
                "write it in decimal, or quote it",
            )
        return _joined(value, node, pointer)
    if kind not in _PLAIN:
        _reject(node, pointer, f"the tag {_tag(node)} has no meaning in JSON", "remove the tag")
    # Any text can have an explicit tag.
    if not re.fullmatch(_PLAIN[kind][0], value):
        _reject(
            node,
            pointer,
            f"{_shown(value)} is not of the type of its tag {_tag(node)}",
            "remove the tag",
        )
    if kind == "null":
        return None
    if kind == "bool":
        return value.lower() == "true"
    if not math.isfinite(float(value)):
        _reject(node, pointer, *_TOO_LARGE)
    return int(value) if kind == "int" else float(value)


_TOO_LARGE = ("the number is beyond the range of JSON parsers", "write a smaller one, or quote it")


def _joined(text: str, node: yaml.Node, pointer: Pointer) -> str:
    """Combine surrogate pairs, which JSON writes as two escapes."""
    try:
        return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        _reject(node, pointer, "an escape stands for half of a surrogate pair", "write the character itself")


# --- JSON -------------------------------------------------------------------------------------------------


def is_json(text: str) -> bool:
    """Return whether the text is meant as JSON: it starts with `{"` and contains only JSON tokens."""
    if not re.match(r"[ \t\r\n]*\{[ \t\r\n]*[\"}]", text):
        return False
    try:
        # Numbers are skipped: Python cannot convert integers of several thousand digits.
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError:
        return False
    except RecursionError:
        return True
    return True


_STRING = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


class _JSONReader:
    """Parses JSON text, and records the positions."""

    def __init__(self, text: str, positions: Positions) -> None:
        self._text, self._positions = text, positions
        self._at, self._line, self._start, self._counted = 0, 1, 0, 0

    def read(self) -> Any:
        self._skip()
        return self._value(())

    def _skip(self, more: int = 0) -> None:
        match = _SPACE.match(self._text, self._at + more)
        assert match
        self._at = match.end()

    def _here(self) -> tuple[int, int]:
        if lines := self._text.count("\n", self._counted, self._at):
            self._line += lines
            self._start = self._text.rindex("\n", self._counted, self._at) + 1
        self._counted = self._at
        return self._line, self._at - self._start + 1

    def _reject(self, pointer: Pointer, problem: str, remedy: str) -> NoReturn:
        line, column = self._here()
        raise DocumentError(problem, pointer, remedy=remedy, line=line, column=column)

    def _value(self, pointer: Pointer) -> Any:
        self._positions.setdefault(pointer, self._here())
        first = self._text[self._at : self._at + 1]
        if first in ("{", "["):
            if len(pointer) >= _DEEPEST:
                raise _too_deep(*self._here())
            return self._object(pointer) if first == "{" else self._array(pointer)
        if first == '"':
            return self._string(pointer)
        if match := _NUMBER.match(self._text, self._at):
            number = float(match[0])
            if not math.isfinite(number):
                self._reject(pointer, *_TOO_LARGE)
            self._at = match.end()
            return number if match[1] or match[2] else int(match[0])
        word = next((word for word in _WORDS if self._text.startswith(word, self._at)), None)
        if word is None:
            self._reject(pointer, "NaN and Infinity are not JSON", "write null, or a number")
        self._at += len(word)
        return _WORDS[word]

    def _object(self, pointer: Pointer) -> dict[str, Any]:
        members: dict[str, Any] = {}
        self._skip(1)
        while self._text[self._at] != "}":
            start, position = self._at, self._here()
            name = self._string(pointer)
            if name in members:
                self._at = start
                self._reject(pointer, f"duplicate key {_shown(name)}", "remove one of the two")
            self._positions[*pointer, name] = position
            self._skip()
            self._skip(1)
            members[name] = self._value((*pointer, name))
            self._next()
        self._at += 1
        return members

    def _array(self, pointer: Pointer) -> list[Any]:
        items: list[Any] = []
        self._skip(1)
        while self._text[self._at] != "]":
            items.append(self._value((*pointer, str(len(items)))))
            self._next()
        self._at += 1
        return items

    def _next(self) -> None:
        self._skip()
        if self._text[self._at] == ",":
            self._skip(1)

    def _string(self, pointer: Pointer) -> str:
        text, end = _STRING.raw_decode(self._text, self._at)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._reject(
                pointer, "an escape stands for half of a surrogate pair", "write the character itself"
            )
        self._at = end
        return str(text)


# --- The text of a served document -----------------------------------------------------------------------

# Properties that may precede a scalar: an anchor, a tag.
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")


def compose_text(text: str) -> yaml.Node | None:
    """Parse the text of a contract, YAML or JSON, to nodes. Raises DocumentError."""
    # JSON may contain tabs and characters that YAML does not allow; replacing each by a space keeps all
    # positions.
    readable = re.sub("[\t\x7f-\x9f\u2028\u2029\ufffe\uffff]", " ", text) if is_json(text) else text
    return compose(readable)


def server_splices(text: bytes, document: Document) -> Splices:
    """Find where a path prefix must be inserted in the text of this document, YAML or JSON.

    It is inserted before each server's URL that is an absolute path; without servers, a server is added.
    """
    decoded = _text(text)
    mark = len(text) - len(decoded.encode())
    root = compose_text(decoded)
    assert isinstance(root, yaml.MappingNode)
    fields = {key.value: value for key, value in root.value}
    splices: set[tuple[int, int, str, str]] = set()

    def splice(start: int, end: int, before: str, after: str) -> None:
        # A multi-line scalar ends with a line break that is not part of it.
        end = start + len(decoded[start:end].rstrip())
        splices.add((mark + len(decoded[:start].encode()), mark + len(decoded[:end].encode()), before, after))

    if "servers" not in fields:
        start = root.value[0][0].start_mark
        name, end = ('"servers"', ", ") if root.flow_style else ("servers", f"\n{' ' * start.column}")
        splice(start.index, start.index, f'{name}: [{{"url": "', f'"}}]{end}')
    elif not fields["servers"].value:
        node = fields["servers"]
        splice(node.start_mark.index, node.end_mark.index, '[{"url": "', '"}]')
    else:
        for index, node in enumerate(fields["servers"].value):
            url = next(value for key, value in node.value if key.value == "url")
            address = next(
                server_addresses(document.content["servers"][index], ("servers", str(index), "url"))
            )
            if address[:1] == "/" != address[1:2]:
                start = url.start_mark.index
                properties = _PROPERTIES.match(decoded, start)
                assert properties
                splice(properties.end(), url.end_mark.index, '"', json.dumps(url.value.rstrip("/"))[1:])
    return sorted(splices)
