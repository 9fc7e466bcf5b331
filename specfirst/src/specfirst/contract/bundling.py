"""Combine a contract of several files into one document.

Each part in another file becomes a component of the one document, and references lead there. A part of a kind
that has no place in `components`, such as an operation, takes the place of its reference.

The names of the components depend only on the files and their references, so the result is the same on every
run and every machine:

- A component that is only a reference to another file gives its name to the part there.
- Any other part is named by the last token of its pointer, or by its file: `models/pet.yaml` is `pet`.
- Where two parts of a section would have the same name, both get as many folders in front as they need:
  `cats_list` and `dogs_list`.

References follow RFC 3986 and OpenAPI 3.1, section 4.6. `$id` does not change what they are relative to, and the
root of a file loses it: inside of a document, it would change what `#/components/...` refers to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from specfirst.contract.document import METHODS, DocumentError, Pointer, Positions
from specfirst.contract.sources import FileSource, Source
from specfirst.contract.yaml import parse

_LONGEST_CHAIN = 50
"""The maximum number of references that lead to each other without anything else."""

_OTHER, _DATA = "other", "data"
"""The kinds of values without a kind of OpenAPI: in the first one, references to other files are inlined; the
second one is data of the user, in which `$ref` is not a reference."""

_METHODS = dict.fromkeys((*METHODS, "query"), "operation")

_SECTIONS = {
    "schema": "schemas",
    "response": "responses",
    "parameter": "parameters",
    "example": "examples",
    "request body": "requestBodies",
    "header": "headers",
    "security scheme": "securitySchemes",
    "link": "links",
    "callback": "callbacks",
}
"""The section of `components` for the parts of a kind. The others, such as path items, are inlined."""

_SCHEMA_FIELDS = {
    **dict.fromkeys(
        (
            *("additionalProperties", "items", "not", "if", "then", "else", "contains", "propertyNames"),
            *("unevaluatedItems", "unevaluatedProperties", "additionalItems", "contentSchema"),
        ),
        "schema",
    ),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "[schema]"),
    **dict.fromkeys(
        ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"), "{schema}"
    ),
    **dict.fromkeys(("default", "example", "examples", "enum", "const"), _DATA),
    "discriminator": "discriminator",
}

_CONTENT = {"schema": "schema", "content": "{media type}", "examples": "{example}", "example": _DATA}

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "document": {"paths": "{path item}", "webhooks": "{path item}", "components": "components"},
    "components": {
        **{section: f"{{{kind}}}" for kind, section in _SECTIONS.items()},
        "pathItems": "{path item}",
        "mediaTypes": "{media type}",
    },
    "path item": {"parameters": "[parameter]", **_METHODS, "additionalOperations": "{operation}"},
    "operation": {
        "parameters": "[parameter]",
        "requestBody": "request body",
        "responses": "{response}",
        "callbacks": "{callback}",
    },
    "callback": {},
    "parameter": _CONTENT,
    "header": _CONTENT,
    "request body": {"content": "{media type}"},
    "response": {"headers": "{header}", "content": "{media type}", "links": "{link}"},
    "media type": {
        **_CONTENT,
        "itemSchema": "schema",
        "encoding": "{encoding}",
        "prefixEncoding": "[encoding]",
        "itemEncoding": "encoding",
    },
    "encoding": {
        "headers": "{header}",
        "encoding": "{encoding}",
        "prefixEncoding": "[encoding]",
        "itemEncoding": "encoding",
    },
    "example": {"value": _DATA, "dataValue": _DATA},
    "link": {"parameters": _DATA, "requestBody": _DATA},
    "schema": _SCHEMA_FIELDS,
}
"""The kind of each field of an object: of one value, of each value of a {map}, or of each in a [list]."""


class Place(NamedTuple):
    """A part of a source."""

    source: Source
    pointer: Pointer


class Origin(NamedTuple):
    """The position of a part: the name of its file or URL, and the line and column there, from 1."""

    file: str
    line: int
    column: int


class _Child(NamedTuple):
    token: str
    kind: str


@dataclass(frozen=True)
class Bundle:
    """A contract as one document. `content` may contain the same Python object in several places."""

    content: Any
    files: tuple[str, ...]
    """The names of all sources that were read, the one of the document first."""
    pieces: Mapping[Pointer, Place]
    """The places that the parts of the document are from; a part in none of them is in its parent's place."""
    positions: Mapping[Source, Positions]
    """The positions of all parts of each source."""

    def place(self, pointer: Pointer) -> Place:
        """Return the place that a part of the document is from."""
        above = pointer
        while above not in self.pieces:
            above = above[:-1]
        piece = self.pieces[above]
        return Place(piece.source, (*piece.pointer, *pointer[len(above) :]))

    def origin(self, pointer: Pointer) -> Origin:
        """Return the position of a part of the document, or of the nearest enclosing part that has one."""
        source, where = self.place(pointer)
        positions = self.positions[source]
        while where not in positions:
            where = where[:-1]
        return Origin(source.name, *positions[where])


def bundle(root: Source | Path | str) -> Bundle:
    """Read a contract and all files that it refers to, as one document.

    A document without references to others is returned as it is. Raises DocumentError, with the file and the
    line, for a file that cannot be read and for a reference that leads nowhere.
    """
    return _Bundling(FileSource(str(root)) if isinstance(root, Path | str) else root).bundle()


class _Bundling:
    def __init__(self, root: Source) -> None:
        self._root = root
        self._contents: dict[Source, Any] = {}
        self._positions: dict[Source, Positions] = {}
        self._names: dict[tuple[str, Place], str] = {}
        self._pieces: dict[Pointer, Place] = {}

    def bundle(self) -> Bundle:
        content = self._content(self._root)
        self._pieces[()] = Place(self._root, ())
        if isinstance(content, Mapping):
            targets = self._targets()
            if len(self._contents) > 1 or targets:
                self._name(targets)
                content = self._document()
        files = tuple(source.name for source in self._contents)
        return Bundle(content, files, self._pieces, self._positions)

    # Reading

    def _content(self, source: Source) -> Any:
        if source not in self._contents:
            try:
                self._contents[source], self._positions[source] = parse(source.read())
            except DocumentError as error:
                error.file = source.name
                raise
            self._check_version(source)
        return self._contents[source]

    def _check_version(self, source: Source) -> None:
        """Reject parts of a document of another version: the same words mean other things there."""
        versions = [_version(self._contents[each]) for each in (self._root, source)]
        if None not in versions and versions[0] != versions[1]:
            raise DocumentError(
                f"this document is {versions[1]}, and {self._root.name}, which refers to it, is {versions[0]}",
                remedy="convert one of the two, so that both have the same version",
                file=source.name,
                line=1,
            )

    def _error(self, place: Place, problem: str, remedy: str) -> DocumentError:
        source, where = place
        positions = self._positions[source]
        while where not in positions and where:
            where = where[:-1]
        line, column = positions.get(where, (None, None))
        return DocumentError(
            problem, place.pointer, remedy=remedy, line=line, column=column, file=source.name
        )

    def _resolve(self, reference: str, at: Place) -> Place:
        """Return the place that a reference leads to, through references on the way. Raises DocumentError."""
        location, _, fragment = reference.partition("#")
        try:
            source = at.source.at(location) if location else at.source
            content = self._content(source)
        except DocumentError as error:
            if location and error.file == source.name and error.line is None:
                raise self._error(
                    at, f"unresolved reference {reference}: {source.name}: {error.problem}", error.remedy
                ) from None
            raise
        if fragment and not fragment.startswith("/"):
            for pointer in _anchored(content, unquote(fragment), ()):
                return Place(source, pointer)
            raise self._unresolved(at, reference)
        tokens = [token.replace("~1", "/").replace("~0", "~") for token in unquote(fragment).split("/")[1:]]
        return self._descend(Place(source, ()), tokens, reference, at)

    def _descend(self, place: Place, tokens: list[str], reference: str, at: Place, depth: int = 0) -> Place:
        node = self._node(place)
        for index, token in enumerate(tokens):
            if isinstance(node, Mapping) and token not in node and _is_reference(node):
                if depth > _LONGEST_CHAIN:
                    raise self._error(
                        at, f"the reference {reference} leads back to itself", "break the circle"
                    )
                place = self._resolve(node["$ref"], place)
                return self._descend(place, tokens[index:], reference, at, depth + 1)
            try:
                node = node[int(token)] if isinstance(node, list) else node[token]
            except (KeyError, IndexError, ValueError, TypeError):
                raise self._unresolved(at, reference) from None
            place = Place(place.source, (*place.pointer, token))
        return place

    def _unresolved(self, at: Place, reference: str) -> DocumentError:
        return self._error(
            at, f"unresolved reference {reference}", "correct the reference, or add what it refers to"
        )

    def _node(self, place: Place) -> Any:
        node: Any = self._contents[place.source]
        for token in place.pointer:
            node = node[int(token)] if isinstance(node, list) else node[token]
        return node

    def _followed(self, place: Place) -> Place:
        """Follow a reference, and the references there, to a part that is none."""
        first, seen = place, set[Place]()
        while _is_reference(node := self._node(place)):
            if place in seen:
                problem = f"the reference {node['$ref']} leads back to itself"
                raise self._error(first, problem, "break the circle")
            seen.add(place)
            place = self._resolve(node["$ref"], place)
        return place

    def _stays(self, target: Place) -> bool:
        """Return whether a reference to this place remains valid in the new document."""
        if target.source != self._root:
            return False
        node: Any = self._contents[self._root]
        for token in target.pointer:
            # What is behind a reference is not in the new document, or is elsewhere.
            if _is_reference(node):
                return False
            node = node[int(token)] if isinstance(node, list) else node[token]
        return True

    def _reference(self, node: Any, kind: str, place: Place) -> Place | None:
        """Return the place that a value refers to if it must be brought from there, or None."""
        if kind == _DATA or not _is_reference(node):
            return None
        if kind == _OTHER and any(token.startswith("x-") for token in place.pointer):
            # What an extension contains, OpenAPI does not say.
            try:
                target = self._resolve(node["$ref"], place)
            except DocumentError:
                return None
        else:
            target = self._resolve(node["$ref"], place)
        if self._stays(target) and (place.source == self._root or kind in _SECTIONS):
            return None if place.source == self._root else target
        return target

    # Naming

    def _targets(self) -> dict[tuple[str, Place], None]:
        """Find all parts that become components, in the order in which they are found."""
        targets: dict[tuple[str, Place], None] = {}
        waiting = [("document", Place(self._root, ()))]
        seen = set(waiting)
        while waiting:
            kind, place = waiting.pop()
            for inner, where in self._walk(kind, place, self._node(place)):
                target = self._reference(self._node(where), inner, where)
                if target is None:
                    continue
                if inner in _SECTIONS:
                    targets[_SECTIONS[inner], target] = None
                else:
                    # It may be a reference to the same place again, which only an inlined one must not be.
                    self._followed(where)
                if (inner, target) not in seen:
                    seen.add((inner, target))
                    waiting.append((inner, target))
        return targets

    def _walk(self, kind: str, place: Place, node: Any) -> Iterator[tuple[str, Place]]:
        """Yield all values with `$ref` in a part, the part itself included, and what discriminators name."""
        if kind == _DATA:
            return
        if _is_reference(node):
            yield kind, place
        if kind == "discriminator":
            for name, _ in self._mapped(node, place):
                yield "schema", Place(place.source, (*place.pointer, "mapping", name))
            return
        children = (
            [(str(index), child) for index, child in enumerate(node)]
            if isinstance(node, list)
            else list(node.items())
            if isinstance(node, Mapping)
            else []
        )
        for token, child in children:
            if isinstance(child, Mapping | list):
                yield from self._walk(
                    _child_kind(kind, token, child), Place(place.source, (*place.pointer, token)), child
                )

    def _mapped(self, node: Any, place: Place) -> Iterator[tuple[str, str]]:
        return iter(())

    def _name(self, targets: Mapping[tuple[str, Place], None]) -> None:
        raise NotImplementedError

    def _document(self) -> Any:
        raise NotImplementedError


def _is_reference(node: Any) -> bool:
    return isinstance(node, Mapping) and isinstance(node.get("$ref"), str)
