"""Find the parts that are the same in both documents, so that the comparison need not walk through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specfirst.contract.document import Document
from specfirst.diff.part import Part


class Unchanged:
    """Knows the component schemas that are equal in both documents, with all that they refer to."""

    def __init__(self, old: Document, new: Document) -> None:
        before, after = old.schemas, new.schemas
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        users: dict[str, set[str]] = {}
        for name, schema in before.items():
            for target in _targets(schema):
                users.setdefault(target, set()).add(name)
        waiting = list(changed)
        while waiting:
            for name in users.get(waiting.pop(), set()) - changed:
                changed.add(name)
                waiting.append(name)
        self._same = {f"#/components/schemas/{name}" for name in before.keys() - changed}

    def covers(self, old: Part, new: Part) -> bool:
        """Return whether two schemas are the same, at the same place or in components of the same name."""
        return old.component == new.component and old.node == new.node and self._refers_only(old.node)

    def _refers_only(self, node: Any) -> bool:
        return all(f"#/components/schemas/{target}" in self._same for target in _targets(node))


def _targets(node: Any) -> Iterator[str]:
    """Yield the names of component schemas to which a schema refers; any other reference as it is."""
    if isinstance(node, list):
        for child in node:
            yield from _targets(child)
    elif isinstance(node, Mapping):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix("#/components/schemas/")
        for child in node.values():
            yield from _targets(child)
