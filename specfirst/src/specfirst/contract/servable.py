"""Which operations of a contract can be served, and the contract without the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specfirst.contract.document import METHODS, Document, DocumentError, Pointer


def unservable_operations(document: Document, faults: Iterable[Pointer]) -> list[tuple[str, str]] | None:
    """Return the path and method of each operation that has one of the faults, itself or by reference.

    Returns None if a fault concerns the whole document.
    """
    wrong = [*faults]
    if any(pointer[:1] not in (("paths",), ("components",)) or len(pointer) < 2 for pointer in wrong):
        return None
    found = []
    for path, method, pointers in _operations(document):
        reached = _reached(document, pointers)
        if any(_inside(fault, part) for fault in wrong for part in reached):
            found.append((path, method))
    return found


def without_operations(document: Document, operations: Iterable[tuple[str, str]]) -> Document:
    """Return the contract without these operations."""
    left_out = {*operations}
    paths = {
        path: {
            field: value for field, value in _item(document, path).items() if (path, field) not in left_out
        }
        for path in document.source.get("paths", {})
    }
    return Document({**document.source, "paths": paths})


def _item(document: Document, path: str) -> Mapping[str, Any]:
    item = document.source["paths"][path]
    try:
        followed, _ = document.follow(item, ("paths", path))
    except DocumentError:
        return {}
    return followed if isinstance(followed, Mapping) else {}


def _operations(document: Document) -> Iterator[tuple[str, str, list[Pointer]]]:
    """Yield the path, the method and the parts of each operation: its own, and those of its path item."""
    for path in document.source.get("paths", {}):
        item = _item(document, path)
        for method in METHODS:
            if method in item:
                shared = [("paths", path, name) for name in item if name not in METHODS]
                yield path, method, [("paths", path, method), *shared]


def _reached(document: Document, pointers: Iterable[Pointer]) -> set[Pointer]:
    """Return these parts, and all that their references lead to."""
    reached: set[Pointer] = set()
    waiting = [*pointers]
    while waiting:
        pointer = waiting.pop()
        if pointer in reached:
            continue
        reached.add(pointer)
        try:
            nodes = [document.get(pointer)]
        except (KeyError, IndexError, ValueError, TypeError):
            continue
        while nodes:
            node = nodes.pop()
            if isinstance(node, Mapping):
                reference = node.get("$ref")
                target = document.target(reference, pointer) if isinstance(reference, str) else None
                if target is not None:
                    waiting.append(target)
                nodes += node.values()
            elif isinstance(node, list):
                nodes += node
    return reached


def _inside(fault: Pointer, part: Pointer) -> bool:
    return fault[: len(part)] == part
