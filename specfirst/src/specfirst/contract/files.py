"""Puts a contract of several files together: each part that a reference to another file leads to becomes a
component.

References are relative to the file that contains them (OpenAPI 3.1, section 4.6). Only files are read;
nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from specfirst.contract.document import DocumentError, Pointer, Positions
from specfirst.contract.normal import CHILDREN, SECTIONS

_DATA = "data"
"""The kind of what is no part of OpenAPI, such as an example: it may contain `$ref` as data."""

_VALUES = frozenset({"example", "value", "dataValue", "default", "enum", "const"})

Read = Callable[[Path], tuple[Any, Positions]]
"""Reads a file: its content, and the positions of its parts. Raises DocumentError."""


class Bundle:
    """The document that the files are put together to, with the line and the file of each part."""

    def __init__(self, path: Path, content: Mapping[str, Any], positions: Positions, read: Read) -> None:
        self._root, self._read = path.resolve(), read
        self._positions = positions
        self.files: dict[Pointer, str] = {}
        self._loaded: dict[Path, tuple[Any, Positions]] = {self._root: (content, dict(positions))}
        self._components: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[Path, str, str], str] = {}
        self._inside: list[tuple[Path, str]] = []
        self.content: Mapping[str, Any] = self._copied(content, "document", self._root, (), ())
        if self._components:
            components = dict(self.content.get("components", {}))
            for section, added in self._components.items():
                components[section] = {**components.get(section, {}), **added}
            self.content = {**self.content, "components": components}

    def _copied(self, node: Any, kind: str, path: Path, there: Pointer, here: Pointer) -> Any:
        """Copy a part with its references resolved; `there` is its place in the file, `here` in the
        document.
        """
        if path != self._root and (position := self._loaded[path][1].get(there)) is not None:
            self._positions[here] = position
        if isinstance(node, list):
            return [
                self._copied(
                    part, kind[1:-1] if kind[:1] == "[" else "", path, (*there, str(i)), (*here, str(i))
                )
                for i, part in enumerate(node)
            ]
        if not isinstance(node, Mapping):
            return node
        reference = node.get("$ref") if kind != _DATA else None
        if isinstance(reference, str) and (target := self._target(reference, path, there)):
            file, fragment = target
            if kind[:1] in ("{", "["):
                # Such a place has no references in OpenAPI, but bundlers take them.
                return self._inlined(kind, file, fragment, path, there, here)
            if file == self._root:
                return {**node, "$ref": f"#{fragment}"}
            if kind in SECTIONS:
                return {
                    **node,
                    "$ref": f"#/components/{SECTIONS[kind]}/{self._component(kind, file, fragment, there)}",
                }
            # Parts of other kinds, such as operations, cannot be components.
            return self._inlined(kind, file, fragment, path, there, here)
        copied = {}
        for name, part in node.items():
            if kind[:1] == "{":
                child = kind[1:-1]
            elif kind == _DATA or name in _VALUES or name.startswith("x-"):
                child = _DATA
            else:
                child = CHILDREN.get(kind, {}).get(name) or CHILDREN.get(kind, {}).get("*", "")
            copied[name] = self._copied(part, child, path, (*there, name), (*here, name))
        discriminator = copied.get("discriminator") if kind == "schema" else None
        if isinstance(discriminator, Mapping) and isinstance(discriminator.get("mapping"), Mapping):
            mapping = {
                value: self._mapped(name, path, there) for value, name in discriminator["mapping"].items()
            }
            copied["discriminator"] = {**discriminator, "mapping": mapping}
        return copied

    def _mapped(self, name: Any, path: Path, there: Pointer) -> Any:
        """Resolve a value of a discriminator's mapping, which is a reference or the name of a component."""
        if not isinstance(name, str) or not re.search(r"[/#]|\.(ya?ml|json)$", name):
            return name
        target = self._target(name, path, there)
        if target is None:
            return name
        file, fragment = target
        if file == self._root:
            return f"#{fragment}"
        return f"#/components/schemas/{self._component('schema', file, fragment, there)}"

    def _target(self, reference: str, path: Path, there: Pointer) -> tuple[Path, str] | None:
        """Return the file and the fragment that a reference leads to; None if it is in the first file
        already.
        """
        parts = urlsplit(reference)
        if not parts.path and not parts.scheme:
            return None if path == self._root else (path, parts.fragment)
        if parts.scheme or parts.netloc:
            return None
        return (path.parent / unquote(parts.path)).resolve(), parts.fragment

    def _part(self, file: Path, fragment: str, pointer: Pointer) -> tuple[Any, Pointer]:
        """Return a part of a file. Raises DocumentError if there is none."""
        if file not in self._loaded:
            self._loaded[file] = self._read(file)
        node, there = (
            self._loaded[file][0],
            tuple(token.replace("~1", "/").replace("~0", "~") for token in unquote(fragment).split("/")[1:]),
        )
        for token in there:
            try:
                node = node[int(token)] if isinstance(node, list) else node[token]
            except (KeyError, IndexError, ValueError, TypeError):
                raise DocumentError(
                    f"unresolved reference {self._shown(file)}#{fragment}",
                    pointer,
                    remedy="correct the reference",
                ) from None
        return node, there

    def _component(self, kind: str, file: Path, fragment: str, pointer: Pointer) -> str:
        """Add a part of another file to the components, and return its name."""
        key = (file, fragment, kind)
        if key in self._names:
            return self._names[key]
        section = SECTIONS[kind]
        node, there = self._part(file, fragment, pointer)
        added = self._components.setdefault(section, {})
        existing = self._loaded[self._root][0].get("components", {}).get(section, {})
        first = re.sub(r"[^A-Za-z0-9._-]+", "_", there[-1] if there else file.stem) or "part"
        name, number = first, 1
        while name in existing or name in added:
            number += 1
            name = f"{first}_{number}"
        self._names[key] = name
        here = ("components", section, name)
        self.files[here] = self._shown(file)
        # Taken before it is complete, since it may refer to itself.
        added[name] = None
        added[name] = self._copied(node, kind, file, there, here)
        return name

    def _inlined(
        self, kind: str, file: Path, fragment: str, path: Path, there: Pointer, here: Pointer
    ) -> Any:
        if (file, fragment) in self._inside:
            raise DocumentError(
                f"the reference to {self._shown(file)}#{fragment} leads back to itself",
                here,
                remedy="break the circle",
            )
        self._inside.append((file, fragment))
        node, place = self._part(file, fragment, here)
        self.files[here] = self._shown(file)
        copied = self._copied(node, kind, file, place, here)
        self._inside.pop()
        return copied

    def _shown(self, file: Path) -> str:
        folder = self._root.parent
        return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix()
