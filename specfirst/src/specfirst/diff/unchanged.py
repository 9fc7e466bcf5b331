"""Find the parts that are the same in both documents, so that the comparison need not walk through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from specfirst.contract.document import Document
from specfirst.diff.containment import in_one_order
from specfirst.diff.part import Part


class Unchanged:
    """Knows the component schemas that are equal in both documents, with all that they refer to."""

    def __init__(self, old: Document, new: Document) -> None:
        self._before, self._after = old.schemas, new.schemas
        self._users: dict[str, set[str]] = {}
        for name, schema in self._before.items():
            for target in _targets(schema):
                self._users.setdefault(target, set()).add(name)
        names = self._before.keys() | self._after.keys()
        self._changed = {name for name in names if self._before.get(name) != self._after.get(name)}
        self._same = self._unaffected(self._changed)

    @cached_property
    def _alike(self) -> set[str]:
        """The components that are equal except for descriptions and the order of lists."""
        shared = self._before.keys() & self._after.keys()
        alike = {
            name for name in shared if in_one_order(self._before[name]) == in_one_order(self._after[name])
        }
        return self._unaffected(self._changed - alike)

    def _unaffected(self, changed: set[str]) -> set[str]:
        """Return the references to the components that have not changed and use no changed one."""
        affected, waiting = set(changed), [*changed]
        while waiting:
            for name in self._users.get(waiting.pop(), set()) - affected:
                affected.add(name)
                waiting.append(name)
        return {f"#/components/schemas/{name}" for name in self._before.keys() - affected}

    def covers(self, old: Part, new: Part) -> bool:
        """Return whether two schemas are the same, at the same place or in components of the same name."""
        return old.component == new.component and old.node == new.node and _refers_only(old.node, self._same)

    def is_alike(self, old: Part, new: Part) -> bool:
        """Return whether two schemas accept the same values, since only descriptions and orders differ."""
        before, after = in_one_order(old.keywords), in_one_order(new.keywords)
        return bool(before == after) and _refers_only(before, self._alike)


def _refers_only(node: Any, names: set[str]) -> bool:
    return all(f"#/components/schemas/{target}" in names for target in _targets(node))


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
