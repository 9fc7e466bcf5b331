"""Combine a contract of several files into one document.

A part in another file becomes a component of the document, and its references lead there. A part of a kind
that has no section in `components`, such as an operation, takes the place of its reference.

The names of these components depend only on the files and their references, so the result is the same on
every run and every machine:

- A component that is only a reference to another file gives its name to the part there.
- Any other part is named by the last token of its pointer, or by its file: `models/pet.yaml` is `pet`.
- Where two parts of a section would have the same name, both get as many folders in front as they need:
  `cats_list` and `dogs_list`.

The document has all that the author wrote in `components`, used or not, and of other files only what is
referred to: a schema loses its `$defs`, of which those that are used are components.

References follow RFC 3986 and OpenAPI 3.1, section 4.6. A reference to an `$id` of the document itself, or to
its `$self`, stays as it is. `$id` does not change what other references are relative to, and the schemas of
other files lose it: it would change what `#/components/...` means inside of them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from specfirst.contract.document import Document, DocumentError, Origin, Pointer, Positions, pointer_text
from specfirst.contract.kinds import DATA, OTHER, SECTIONS, kind_of_child
from specfirst.contract.sources import FileSource, Source
from specfirst.contract.yaml import parse

_DEEPEST = 200
"""The maximum nesting of the document, in which parts of several files are inside of each other."""


class Place(NamedTuple):
    """A part of a source."""

    source: Source
    pointer: Pointer

    def child(self, token: str) -> Place:
        return Place(self.source, (*self.pointer, token))


@dataclass(frozen=True)
class Bundle:
    """A contract as one document: its content, JSON data, and where each part is from."""

    content: Any
    files: tuple[str, ...]
    """The names of all sources, the one of the document first."""
    pieces: Mapping[Pointer, Place]
    """The places of those parts that are not from the same place as what contains them."""
    positions: Mapping[Source, Positions]
    texts: Mapping[str, str]
    """The texts of all sources by name."""

    def origin(self, pointer: Pointer) -> Origin:
        """Return the position of a part of the document, or of the nearest enclosing part that has one."""
        above = pointer
        while above not in self.pieces:
            above = above[:-1]
        source, where = self.pieces[above]
        return _origin(self.positions, Place(source, (*where, *pointer[len(above) :])))


def bundle(root: Source | Path | str) -> Bundle:
    """Read a contract and all files and URLs that it refers to, as one document.

    A document that refers to no other is returned as it is; its references to itself are not checked.
    Raises DocumentError, with file and line, for a source that cannot be read and for a reference that leads
    nowhere.
    """
    return _Bundling(FileSource(str(root)) if isinstance(root, Path | str) else root).bundle()


def references(content: Any) -> Iterator[tuple[Pointer, Any]]:
    """Yield the references of a document, and their locations; not those in examples and other data."""
    waiting: list[tuple[str, Pointer, Any]] = [("document", (), content)]
    while waiting:
        kind, pointer, node = waiting.pop()
        if isinstance(node, Mapping) and kind != OTHER and _reference(kind, node):
            yield pointer, node
        waiting += ((inner, (*pointer, token), child) for token, inner, child in _children(kind, node))


class _Bundling:
    def __init__(self, root: Source) -> None:
        self._root = Place(root, ())
        self._contents: dict[Source, Any] = {}
        self._selves: dict[str, Source] = {}
        """The sources with `$self`, by that URI."""
        self._positions: dict[Source, Positions] = {}
        self._texts: dict[str, str] = {}
        self._names: dict[tuple[str, Place], str] = {}
        """The names of the components that are brought from other files, by section and place."""
        self._pieces: dict[Pointer, Place] = {(): self._root}
        self._followed_now: list[Place] = []
        self._document: Document | None = None

    def bundle(self) -> Bundle:
        content = self._content(self._root.source)
        targets = self._targets(content)
        if len(self._contents) > 1:
            own = self._own_names()
            others = sorted(targets - self._names.keys(), key=lambda target: (target[0], *_parts(target[1])))
            self._names |= _named(others, self._root.source, own)
            content = self._built("document", self._root, content, (), ())
            self._add_components(content, own)
        names = tuple(source.name for source in self._contents)
        return Bundle(content, names, self._pieces, self._positions, self._texts)

    # Reading, and following references

    def _content(self, source: Source) -> Any:
        if source not in self._contents:
            try:
                data = source.read()
                content, self._positions[source] = parse(data)
                self._texts[source.name] = data.decode("utf-8-sig")
            except DocumentError as error:
                error.file = source.name
                raise
            self._contents[source] = content
            if own := _self(content):
                self._selves.setdefault(own, source)
            ours, theirs = _version(self._contents[self._root.source]), _version(content)
            if ours and theirs and (ours == "3.0") != (theirs == "3.0"):
                raise DocumentError(
                    f"this is OpenAPI {theirs}, but {self._root.source.name}, which refers to it, is {ours}",
                    ("openapi",),
                    remedy="convert one of them: schemas mean different things in the two versions",
                    file=source.name,
                    line=1,
                )
        return self._contents[source]

    def _node(self, place: Place) -> Any:
        node = self._contents[place.source]
        for token in place.pointer:
            node = node[int(token)] if isinstance(node, list) else node[token]
        return node

    def _error(self, place: Place, problem: str, remedy: str) -> DocumentError:
        # The nearest position is that of the reference, if there is one.
        file, line, column = _origin(self._positions, place.child("$ref"))
        return DocumentError(problem, place.pointer, remedy=remedy, line=line, column=column, file=file)

    def _resolved(self, reference: str, at: Place) -> Place:
        """Return the place that a reference leads to, through other references on the way."""
        location, _, fragment = reference.partition("#")
        source = self._source(location, at.source)
        try:
            content = self._content(source)
        except DocumentError as error:
            if error.line is not None:
                raise
            # A file that does not exist, or cannot be read, is an error where it is referred to.
            problem = f"unresolved reference {reference}: {source.name}: {error.problem}"
            raise self._error(at, problem, error.remedy) from None
        place, fragment = Place(source, ()), unquote(fragment)
        try:
            if fragment and not fragment.startswith("/"):
                return next(_anchors(content, fragment, place))
            for token in fragment.split("/")[1:]:
                place = self._child(place, token.replace("~1", "/").replace("~0", "~"))
        except (KeyError, IndexError, ValueError, TypeError, StopIteration):
            remedy = "correct the reference, or add what it refers to"
            raise self._error(at, f"unresolved reference {reference}", remedy) from None
        return place

    def _source(self, location: str, at: Source) -> Source:
        """Return the source that a location means: one that has this `$self`, or one beside `at`."""
        if not location:
            return at
        # Nearly all documents have none.
        known = self._selves.get(urljoin(_self(self._contents[at]), location)) if self._selves else None
        return known or at.at(location)

    def _child(self, place: Place, token: str) -> Place:
        node = self._node(place)
        if _reference(OTHER, node) and token not in node:
            place = self._followed(place)
            node = self._node(place)
        if isinstance(node, list):
            # The index -1 is Python's.
            node[int(token) if token.isdecimal() else len(node)]
        else:
            node[token]
        return place.child(token)

    def _followed(self, place: Place, *, until_root: bool = False) -> Place:
        """Follow references until a part is none or, if so wanted, stays in the document."""
        before = len(self._followed_now)
        try:
            while reference := _reference(OTHER, self._node(place)):
                if until_root and self._stays(place):
                    break
                if place in self._followed_now:
                    raise self._error(
                        place, f"the reference {reference} leads back to itself", "break the circle"
                    )
                self._followed_now.append(place)
                place = self._resolved(reference, place)
        finally:
            del self._followed_now[before:]
        return place

    def _stays(self, place: Place) -> bool:
        """Return whether a part is in the document itself, at a place that it keeps."""
        if place.source != self._root.source:
            return False
        node = self._contents[place.source]
        for token in place.pointer:
            if _reference(OTHER, node):
                return False
            node = node[int(token)] if isinstance(node, list) else node[token]
        return True

    def _target(self, kind: str, place: Place, reference: str) -> Place | None:
        """Return the part that a reference means, or None if the reference stays as it is."""
        in_root = place.source == self._root.source
        own = in_root and reference.startswith("#")
        if in_root and not own and self._is_identified(reference, place.pointer):
            return None
        try:
            target = self._resolved(reference, place)
            if not own:
                # Finds circles.
                self._followed(target)
            target = self._followed(target, until_root=True)
        except DocumentError as error:
            extension = kind == OTHER and any(token.startswith("x-") for token in place.pointer)
            if own or (extension and error.file == place.source.name):
                return None
            raise
        return None if own and self._stays(target) else target

    def _is_identified(self, reference: str, pointer: Pointer) -> bool:
        """Return whether the document itself has the `$id` or `$self` that a reference names."""
        if self._document is None:
            content = self._contents[self._root.source]
            self._document = Document(content if isinstance(content, Mapping) else {})
        return self._document.target(reference, pointer) is not None

    # Finding and naming the parts of other files

    def _targets(self, content: Any) -> set[tuple[str, Place]]:
        """Return the parts that become components, as sections and places."""
        targets = set[tuple[str, Place]]()
        seen = set[tuple[str, Place]]()
        waiting = [("document", self._root, content)]
        while waiting:
            kind, place, node = waiting.pop()
            node = self._without_definitions(kind, place, node)
            waiting += ((inner, place.child(token), child) for token, inner, child in _children(kind, node))
            reference = _reference(kind, node)
            target = self._target(kind, place, reference) if reference else None
            if target is None or self._stays(target):
                continue
            kind = "schema" if kind == "schema name" else kind
            if kind in SECTIONS:
                targets.add((SECTIONS[kind], target))
            if (kind, target) not in seen:
                seen.add((kind, target))
                waiting.append((kind, target, self._node(target)))
        return targets

    def _own_names(self) -> dict[str, set[str]]:
        """Return the names of the document's own components, by section.

        Some of them name parts of other files: they are references to them, or in another file themselves.
        """
        names: dict[str, set[str]] = {section: set() for section in SECTIONS.values()}
        root = self._node(self._root)
        if not isinstance(root, Mapping) or "components" not in root:
            return names
        components = self._followed(self._root.child("components"))
        for kind, section in SECTIONS.items():
            content = self._node(components)
            if not isinstance(content, Mapping) or section not in content:
                continue
            place = self._followed(components.child(section))
            content = self._node(place)
            for name, node in content.items() if isinstance(content, Mapping) else ():
                names[section].add(name)
                target: Place | None = place.child(name)
                if reference := _reference(kind, node):
                    target = self._target(kind, place.child(name), reference) if len(node) == 1 else None
                if target and not self._stays(target):
                    self._names.setdefault((section, target), name)
        return names

    def _without_definitions(self, kind: str, place: Place, node: Any) -> Any:
        """Return a schema of another file without its `$defs`: those that are referred to are components.

        A `$dynamicRef` finds its target in the schema itself, which therefore keeps them.
        """
        if kind != "schema" or place.source == self._root.source or not isinstance(node, Mapping):
            return node
        unused = {name for name in _DEFINITIONS if name in node and not _has_dynamic_anchor(node[name])}
        return {name: child for name, child in node.items() if name not in unused} if unused else node

    # Building the document

    def _built(self, kind: str, place: Place, node: Any, out: Pointer, around: tuple[Place, ...]) -> Any:
        """Return a part for the new document, where it is at `out`, inside of the inlined parts `around`."""
        if len(out) > _DEEPEST:
            raise self._error(place, f"parts are nested deeper than {_DEEPEST} levels", "remove some levels")
        node = self._without_definitions(kind, place, node)
        reference = _reference(kind, node)
        target = self._target(kind, place, reference) if reference else None
        if target is not None:
            section = SECTIONS.get("schema" if kind == "schema name" else kind, "")
            name = self._names.get((section, target))
            if self._stays(target):
                local: str | None = pointer_text(target.pointer).replace("%", "%25")
            elif name is not None and out != ("components", section, name):
                local = pointer_text(("components", section, name))
            else:
                local = None
            if local is None:
                return self._inlined(kind, place, target, node, out, around)
            if isinstance(node, str):
                return local
            node = {**node, "$ref": local}
        if kind == "url":
            return self._url(node, place) if isinstance(node, str) else node
        built: Any
        if isinstance(node, Mapping):
            built = dict(node)
            if kind == "schema" and place.source != self._root.source:
                built.pop("$id", None)
        elif isinstance(node, list):
            built = list(node)
        else:
            return node
        for token, inner, child in _children(kind, node):
            key: Any = int(token) if isinstance(node, list) else token
            built[key] = self._built(inner, place.child(token), child, (*out, token), around)
        return built

    def _inlined(
        self, kind: str, place: Place, target: Place, node: Any, out: Pointer, around: tuple[Place, ...]
    ) -> Any:
        if target in around:
            raise self._error(place, "the reference leads back to itself", "break the circle")
        self._pieces[out] = target
        content = self._built(kind, target, self._node(target), out, (*around, target))
        # Fields next to a reference replace those of its target, as in a path item (OpenAPI 3.1, 4.8.9).
        beside = {name: value for name, value in node.items() if name != "$ref"}
        if not beside or not isinstance(content, dict):
            return content
        for token, inner, child in _children(kind, beside):
            beside[token] = self._built(inner, place.child(token), child, (*out, token), around)
        for token in beside:
            self._pieces[*out, token] = place.child(token)
        return {**content, **beside}

    def _add_components(self, content: Any, own: Mapping[str, set[str]]) -> None:
        order = list(SECTIONS.values())
        for (section, place), name in sorted(
            self._names.items(), key=lambda item: (order.index(item[0][0]), item[1])
        ):
            if name in own[section]:
                continue
            kind = next(kind for kind in SECTIONS if SECTIONS[kind] == section)
            out = ("components", section, name)
            components = content.setdefault("components", {})
            parts = components.setdefault(section, {}) if isinstance(components, dict) else None
            if not isinstance(parts, dict):
                raise self._error(
                    self._root.child("components"), "components is not a mapping of mappings", "correct it"
                )
            self._pieces[out] = place
            parts[name] = self._built(kind, place, self._node(place), out, (place,))

    def _url(self, url: str, place: Place) -> str:
        """Return a relative URL of another file as it must be in the document."""
        root = self._root.source
        if place.source == root or urlsplit(url).scheme:
            return url
        location, mark, fragment = url.partition("#")
        source = place.source.at(location) if location else place.source
        if source == root:
            return mark + fragment
        if type(source) is not type(root):
            return source.name + mark + fragment
        return _relative(source, root) + mark + fragment


def _children(kind: str, node: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield the parts of a part that may contain references: their token, kind and value."""
    if kind == DATA:
        return
    if isinstance(node, list):
        for index, child in enumerate(node):
            if isinstance(child, dict | list):
                yield str(index), kind_of_child(kind, str(index)), child
    elif isinstance(node, Mapping):
        for token, child in node.items():
            inner = kind_of_child(kind, token)
            if isinstance(child, dict | list) or (isinstance(child, str) and inner in _TEXTS):
                yield token, inner, child


_TEXTS = ("schema name", "url")
"""The kinds of which a text may be a reference."""


def _reference(kind: str, node: Any) -> str | None:
    """Return the reference that a part is, or None."""
    if isinstance(node, str):
        is_url = "/" in node or "#" in node or node.endswith((".yaml", ".yml", ".json"))
        return node if kind == "schema name" and is_url else None
    reference = node.get("$ref") if isinstance(node, Mapping) and kind != DATA else None
    return reference if isinstance(reference, str) else None


_DEFINITIONS = ("$defs", "definitions")


def _has_dynamic_anchor(node: Any) -> bool:
    if isinstance(node, Mapping):
        return isinstance(node.get("$dynamicAnchor"), str) or any(map(_has_dynamic_anchor, node.values()))
    return isinstance(node, list) and any(map(_has_dynamic_anchor, node))


def _anchors(node: Any, name: str, place: Place) -> Iterator[Place]:
    if isinstance(node, Mapping) and name in (node.get("$anchor"), node.get("$dynamicAnchor")):
        yield place
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for token, child in items:
        yield from _anchors(child, name, place.child(str(token)))


def _self(content: Any) -> str:
    """Return the URI of a document, which its references are relative to (OpenAPI 3.2, 4.1.2.2)."""
    own = content.get("$self") if isinstance(content, Mapping) else None
    return own if isinstance(own, str) else ""


def _version(content: Any) -> str | None:
    """Return the major and minor version of an OpenAPI document, or None for any other data."""
    version = content.get("openapi") if isinstance(content, Mapping) else None
    return ".".join(version.split(".")[:2]) if isinstance(version, str) else None


def _origin(positions: Mapping[Source, Positions], place: Place) -> Origin:
    where = place.pointer
    while where not in positions[place.source]:
        where = where[:-1]
    return Origin(place.source.name, *positions[place.source][where])


def _relative(source: Source, root: Source) -> str:
    return posixpath.relpath(source.path, posixpath.dirname(root.path) or ".")


def _parts(place: Place) -> tuple[str, Pointer]:
    return place.source.name, place.pointer


def _named(
    targets: list[tuple[str, Place]], root: Source, taken: Mapping[str, set[str]]
) -> dict[tuple[str, Place], str]:
    """Give each part a name that no other of its section has, in as few words as possible."""
    names: dict[tuple[str, Place], str] = {}
    used = {(section, name) for section, all_names in taken.items() for name in all_names}
    words = {target: _words(target[1], root) for target in targets}
    waiting, count = targets, 1
    while waiting:
        proposed: dict[tuple[str, str], list[tuple[str, Place]]] = {}
        for target in waiting:
            proposed.setdefault((target[0], "_".join(words[target][-count:])), []).append(target)
        waiting = []
        for key, those in proposed.items():
            if len(those) == 1 and key not in used:
                names[those[0]] = key[1]
            elif all(len(words[target]) <= count for target in those):
                # Nothing else distinguishes them: names that differ in characters that names cannot have.
                for target in those:
                    number = 2
                    while (key[0], name := f"{key[1]}_{number}") in used:
                        number += 1
                    names[target] = name
                    used.add((key[0], name))
            else:
                waiting += those
        used |= {(target[0], name) for target, name in names.items()}
        count += 1
    return names


def _words(place: Place, root: Source) -> list[str]:
    """Return the words from which a part's name is made, the last one first used: folders, file, pointer."""
    *folders, file = _relative(place.source, root).split("/") if place.source != root else [""]
    pointer = list(place.pointer)
    if pointer[:1] == ["components"]:
        del pointer[:2]
    stem = posixpath.splitext(file)[0]
    words = [*folders, *([] if stem in ("index", "_index") and (folders or pointer) else [stem]), *pointer]
    cleaned = (re.sub(r"[^A-Za-z0-9._-]+", "_", word).strip("_.") for word in words)
    return [word for word in cleaned if word] or ["part"]
