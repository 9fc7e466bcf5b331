"""The differences between two contracts, as clients see them."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from specfirst.contract.document import Document, Pointer

if TYPE_CHECKING:
    from specfirst.diff.part import Part
    from specfirst.diff.unchanged import Unchanged


class Level(IntEnum):
    """The effect of a change on clients, the most demanding first."""

    BREAKING = 1
    """A correct client may now fail, or generated code no longer compiles."""

    WARNING = 2
    """No client fails, but clients do not learn what they need in time, such as the date of a removal."""

    COMPATIBLE = 3
    """The contract allows more requests, or guarantees more about its responses."""

    DOCUMENTATION = 4
    """Only people read it; no program depends on it."""


class _Absent:
    """Represents a missing value, since null is a value."""

    def __repr__(self) -> str:
        return "none"


ABSENT = _Absent()


@dataclass(frozen=True)
class Change:
    """One change, and the places where clients are affected."""

    rule: str
    """The kind of change, one of `specfirst.diff.RULES`."""
    level: Level
    pointer: Pointer
    """Its location in the new document, or where it would be if it had not been removed."""
    places: tuple[str, ...]
    """Readable locations, the first one in each message: `POST /notes request body: property text`."""
    what: str
    """The keyword that changed (then `old` and `new` are its values), or a description of the change."""
    reason: str
    old: Any = ABSENT
    new: Any = ABSENT

    @cached_property
    def key(self) -> str:
        """The same for equal changes: a change of a component is one, in all places."""
        described = [self.rule, self.level, self.pointer, self.what, self.reason, self.old, self.new]
        return json.dumps(described, default=repr)

    def __str__(self) -> str:
        if self.old is ABSENT and self.new is ABSENT:
            return self.what
        return f"{self.what}: {_shown(self.old)} → {_shown(self.new)}"


class Changes:
    """Collects changes; a change in a component is one change, however many operations use it."""

    def __init__(
        self, document: Document, today: date, grace_days: int, unchanged: Unchanged | None = None
    ) -> None:
        self.today, self.grace_days, self.unchanged = today, grace_days, unchanged
        self.compared: dict[tuple[Hashable, Pointer, Pointer], Recorded] = {}
        """The changes of pairs of component schemas, by the direction of values and both locations."""
        self.trials: list[Recorded] = []
        """The changes of schemas in `allOf` and `oneOf`, while it is open whether they explain the break."""
        self.document = document
        self.unstable = ""
        """The stability level of the operation that is compared, if it allows the operation to break."""
        self._places: dict[str, dict[str, None]] = {}
        self._found: dict[str, Change] = {}

    def add(
        self,
        rule: str,
        level: Level,
        pointer: Pointer,
        place: str,
        what: str,
        reason: str,
        old: Any = ABSENT,
        new: Any = ABSENT,
    ) -> None:
        self.put(Change(rule, level, pointer, (), what, reason, old, new), place)

    def put(self, change: Change, place: str) -> None:
        """Add a change to a place."""
        if self.unstable and change.level is Level.BREAKING and not change.rule.startswith("stability"):
            reason = f"{change.reason}, but the operation is {self.unstable} and may change"
            change = replace(change, level=Level.COMPATIBLE, reason=reason)
        self._found[change.key] = change
        self._places.setdefault(change.key, {})[place] = None

    def sorted(self) -> list[Change]:
        """Return all changes, the breaking ones first, each level in the order of the new document."""
        changes = [replace(change, places=tuple(self._places[key])) for key, change in self._found.items()]
        return sorted(
            changes, key=lambda change: (change.level, self._order(change.pointer), change.what, change.rule)
        )

    def _order(self, pointer: Pointer) -> tuple[int, ...]:
        """Return a sort key: the index of each token in its object. What is missing is last."""
        node: Any = self.document.content
        order: list[int] = []
        for token in pointer:
            if isinstance(node, dict) and token in node:
                order.append(list(node).index(token))
                node = node[token]
            elif isinstance(node, list) and token.isdecimal() and int(token) < len(node):
                order.append(int(token))
                node = node[int(token)]
            else:
                order.append(len(node) if isinstance(node, dict | list) else 0)
                node = None
        return tuple(order)


class Recorded(Changes):
    """The changes of two component schemas, each with where it is in the value, which any place may share."""

    def __init__(self, all_: Changes) -> None:
        super().__init__(all_.document, all_.today, all_.grace_days, all_.unchanged)
        # Otherwise, each level of nested `allOf` would compare all components inside again.
        self.compared = all_.compared
        self.changes: list[tuple[str, Change]] = []
        self.inner: list[tuple[Part, Part, str]] = []
        """The pairs of components to which they refer, and where."""

    def put(self, change: Change, place: str) -> None:
        self.changes.append((place, change))


def _shown(value: Any) -> str:
    return repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False)
