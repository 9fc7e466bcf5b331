"""Write values as XML, for mocks: with the names, attributes and wrappers of OpenAPI's XML object.

(OpenAPI 3.1, section 4.8.26. Its prefixes and namespaces, and the `nodeType` of 3.2, are not supported.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from specfirst.contract.document import Document, Pointer

_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_xml(document: Document, schema: Any, pointer: Pointer, value: Any) -> str:
    """Return the XML text of a value; the root has the name of the schema's component."""
    _, where = document.follow(schema, pointer)
    name = where[2] if where[:2] == ("components", "schemas") and len(where) == 3 else "root"
    return _Writer(document).element(name, schema, pointer, value, root=True)


class _Writer:
    def __init__(self, document: Document) -> None:
        self._document = document

    def element(self, name: str, schema: Any, pointer: Pointer, value: Any, *, root: bool = False) -> str:
        node, pointer = self._document.follow(schema, pointer)
        node = node if isinstance(node, Mapping) else {}
        xml: Mapping[str, Any] = node.get("xml") or {}
        name = _name(str(xml.get("name", name)))
        if isinstance(value, list):
            items = [self.element(name, node.get("items", {}), (*pointer, "items"), item) for item in value]
            return f"<{name}>{''.join(items)}</{name}>" if root or xml.get("wrapped") else "".join(items)
        if not isinstance(value, Mapping):
            return f"<{name}>{escape(_text(value))}</{name}>"
        attributes, children = "", ""
        for key, part in value.items():
            of, where = self._property(node, pointer, key)
            resolved, _ = self._document.follow(of, where)
            marks = (resolved.get("xml") or {}) if isinstance(resolved, Mapping) else {}
            if marks.get("attribute"):
                attributes += f" {_name(str(marks.get('name', key)))}={quoteattr(_text(part))}"
            elif part is not None:
                children += self.element(key, of, where, part)
        return f"<{name}{attributes}>{children}</{name}>"

    def _property(self, node: Mapping[str, Any], pointer: Pointer, key: str) -> tuple[Any, Pointer]:
        """Return the schema of a property, which a part of `allOf` may declare."""
        if key in node.get("properties", {}):
            return node["properties"][key], (*pointer, "properties", key)
        parts: Sequence[Any] = node.get("allOf", ())
        for index, part in enumerate(parts):
            inner, where = self._document.follow(part, (*pointer, "allOf", str(index)))
            if isinstance(inner, Mapping):
                found = self._property(inner, where, key)
                if found[0]:
                    return found
        return {}, pointer


def _name(text: str) -> str:
    name = _NAME.sub("_", text)
    return name if re.match("[A-Za-z_]", name) else f"_{name}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _FORBIDDEN.sub("\ufffd", "" if value is None else str(value))
