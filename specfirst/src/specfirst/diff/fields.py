"""The fields of an OpenAPI object that no other module compares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from specfirst.diff.changes import ABSENT, Changes, Level
from specfirst.diff.lifecycle import FIELDS, compare_lifecycle
from specfirst.diff.part import Part, is_descriptive


def compare_fields(
    changes: Changes,
    old: Part,
    new: Part,
    place: str,
    handled: Collection[str],
    descriptive: Collection[str] = (),
    effect: tuple[str, str] = ("unknown-effect", "its effect on clients is unknown"),
) -> None:
    """Compare all fields except those that are `handled` elsewhere.

    A change in a field that is not known to be descriptive counts as breaking, since its effect on clients is
    unknown. `effect` is the rule and the reason of such a change.
    """
    compare_lifecycle(changes, old, new, place)
    for name in sorted((old.node.keys() | new.node.keys()) - {*handled, *FIELDS}):
        before, after = _value(old, name), _value(new, name)
        if before == after:
            continue
        if is_descriptive(name) or name in descriptive:
            rule, level, reason = "documentation", Level.DOCUMENTATION, "for people"
        else:
            (rule, reason), level = effect, Level.BREAKING
        changes.add(rule, level, new.where(name), place, name, reason, before, after)


def _value(part: Part, name: str) -> Any:
    """Return the value of a field; in a map of examples or links, with references resolved."""
    value = part.node.get(name, ABSENT)
    if name in ("examples", "links") and isinstance(value, Mapping):
        return {key: child.node for key, child in part.named(name).items()}
    return value
