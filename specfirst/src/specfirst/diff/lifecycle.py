"""Deprecation: `deprecated: true` with `x-sunset: DATE` announces a removal, which then breaks no client.

`x-sunset` is the date of the Sunset header field (RFC 8594), as `YYYY-MM-DD` or as an RFC 3339 timestamp.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from specfirst.contract.document import Pointer
from specfirst.diff.changes import ABSENT, Changes, Level
from specfirst.diff.part import Part

FIELDS = ("deprecated", "x-sunset", "x-stability-level")

STABLE = "stable"
_LEVELS = ("draft", "alpha", "beta", STABLE)
"""The values of `x-stability-level`, as oasdiff has them."""

UNSTABLE = _LEVELS[:2]
"""The levels of operations that may break. A beta operation must be as it will be when it is stable."""


def sunset(node: Mapping[str, Any]) -> date | None:
    """Return the date from which a deprecated part may be removed, or None without a valid one."""
    text = node.get("x-sunset")
    if node.get("deprecated") is not True or not isinstance(text, str):
        return None
    try:
        return date.fromisoformat(text[:10]) if text[10:11] in ("", "T", "t", " ") else None
    except ValueError:
        return None


def removal(node: Mapping[str, Any], today: date, reason: str) -> tuple[Level, str]:
    """Return the effect of a removal: none from the sunset date on, since clients knew it."""
    end = sunset(node)
    if end and end <= today:
        return Level.COMPATIBLE, f"it was deprecated, and its sunset date was {end}"
    if end:
        return Level.BREAKING, f"{reason}, and its sunset date is {end}"
    if node.get("deprecated") is True:
        return Level.BREAKING, f"{reason}, and it was deprecated without a sunset date"
    return Level.BREAKING, reason


def stability(node: Mapping[str, Any]) -> str:
    """Return the stability level; a part without a valid one is stable."""
    level = node.get("x-stability-level")
    return level if level in _LEVELS else STABLE


def _compare_stability(changes: Changes, old: Part, new: Part, place: str) -> None:
    name = "x-stability-level"
    before, after = old.node.get(name, ABSENT), new.node.get(name, ABSENT)
    if before == after:
        return
    was, now = _LEVELS.index(stability(old.node)), _LEVELS.index(stability(new.node))
    if after is not ABSENT and after not in _LEVELS:
        rule, level, reason = "stability-invalid", Level.BREAKING, f"write one of {', '.join(_LEVELS)}"
    elif now < was:
        rule, level, reason = "stability-decreased", Level.BREAKING, "what clients rely on may now change"
    elif now > was:
        rule, level, reason = "stability-increased", Level.COMPATIBLE, "clients can rely on more"
    else:
        rule, level, reason = "documentation", Level.DOCUMENTATION, "for people"
    changes.add(rule, level, new.where(name), place, name, reason, before, after)


def compare_lifecycle(changes: Changes, old: Part, new: Part, place: str) -> None:
    """Compare the deprecation and the stability of an operation, a parameter, a header or a schema."""
    _compare_stability(changes, old, new, place)
    before, after = ({name: part.node.get(name, ABSENT) for name in FIELDS[:2]} for part in (old, new))
    if before == after:
        return
    was, now = before["deprecated"] is True, after["deprecated"] is True
    ended, end = sunset(old.node), sunset(new.node)

    def add(rule: str, level: Level, name: str, reason: str) -> None:
        where: Pointer = new.where(name)
        changes.add(rule, level, where, place, name, reason, before[name], after[name])

    if was and not now:
        add("reactivated", Level.COMPATIBLE, "deprecated", "clients may go on using it")
    elif now and after["x-sunset"] is ABSENT and (not was or before["x-sunset"] is not ABSENT):
        reason = "clients do not know when it will be removed; add x-sunset: YYYY-MM-DD"
        add("deprecated-without-sunset", Level.WARNING, "x-sunset" if was else "deprecated", reason)
    elif now and end is None and after["x-sunset"] is not ABSENT:
        reason = "it is not a date; write it as YYYY-MM-DD"
        add("sunset-invalid", Level.WARNING, "x-sunset", reason)
    elif now and end and (ended is None or end < ended) and (end - changes.today).days < changes.grace_days:
        reason = f"the grace period is {changes.grace_days} days"
        add("sunset-too-soon", Level.BREAKING, "x-sunset", reason)
    elif now and end and ended and end < ended:
        reason = "clients were told that they had more time"
        add("sunset-earlier", Level.BREAKING, "x-sunset", reason)
    elif now and end and ended:
        add("sunset-later", Level.COMPATIBLE, "x-sunset", "clients have more time")
    elif now and end:
        add("deprecated", Level.COMPATIBLE, "x-sunset", f"clients must stop using it before {end}")
    else:
        for name in FIELDS[:2]:
            if before[name] != after[name]:
                add("documentation", Level.DOCUMENTATION, name, "for people")
