"""Ignores in the document: `x-specfirst-ignore`, with a reason for each rule.

    /v1/{id}:
      x-specfirst-ignore:
        undeclared-parameter: The gateway fills it.

The extension applies to the object that has it and to everything inside. It is an extension and not a
comment, because a comment exists in YAML only, belongs to a line and not to a part, and is lost when a tool
rewrites or bundles the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specfirst.contract.document import Pointer
from specfirst.lint.rules import ERROR, RULES, WARNING, Edit, Levels, Rule, Violation, rule, unknown_rule
from specfirst.lint.view import View

IGNORE = "x-specfirst-ignore"


@rule("ignore", ERROR)
def ignores_have_a_known_rule_and_a_reason(view: View) -> Iterator[Violation]:
    """An ignore with a misspelt rule ignores nothing, and one without a reason cannot be reviewed."""
    remedy = "write `RULE: REASON` for each rule"
    for place, node in _ignores(view):
        pointer = (*place, IGNORE)
        if not isinstance(node, Mapping) or not node:
            yield Violation(pointer, "it is not a mapping of rules", remedy)
            continue
        for name, reason in node.items():
            if name not in RULES:
                problem, _, hint = unknown_rule(name).partition("; ")
                yield Violation((*pointer, name), problem, f"correct the name: {hint}")
            elif not _can_be_ignored(name):
                yield Violation((*pointer, name), f"the rule {name} cannot be ignored", "fix the problem")
            elif not isinstance(reason, str) or not reason.strip():
                yield Violation((*pointer, name), f"there is no reason to ignore {name}", remedy)


@rule("unused-ignore", WARNING, fixable=True)
def ignores_ignore_something(_: View) -> Iterator[Violation]:
    """An ignore without a problem hides the next one."""
    # `apply` reports them, since it depends on what the other rules find.
    return iter(())


def apply(
    view: View, found: Iterable[tuple[Rule, Violation]], levels: Levels
) -> Iterator[tuple[Rule, Violation]]:
    """Yield the violations that are not ignored, and one for each ignore that ignores nothing."""
    ignored = {
        (place, name)
        for place, node in _ignores(view)
        for name, reason in (node.items() if isinstance(node, Mapping) else ())
        if name in RULES and _can_be_ignored(name) and isinstance(reason, str) and reason.strip()
    }
    used: set[tuple[Pointer, str]] = set()
    for each, violation in found:
        pointer = violation.pointer
        places = [(pointer[:length], each.name) for length in range(len(pointer) + 1)]
        matching = ignored.intersection(places) if ignored else set()
        used |= matching
        if not matching:
            yield each, violation
    unused = RULES["unused-ignore"]
    for place, name in sorted(ignored - used) if unused.name in levels else ():
        if name in levels:
            where = (*place, IGNORE, name)
            alone = len(_at(view, place)) == 1
            edit = Edit("remove", where[:-1] if alone else where)
            yield unused, Violation(where, f"{name} has no problem here", "remove the ignore", (edit,))


def _can_be_ignored(name: str) -> bool:
    return not RULES[name].structural and name not in ("ignore", "unused-ignore")


def _ignores(view: View) -> list[tuple[Pointer, Any]]:
    return [
        (part.pointer, part.node[IGNORE])
        for part in view.parts.values()
        if isinstance(part.node, Mapping) and IGNORE in part.node
    ]


def _at(view: View, place: Pointer) -> Mapping[str, Any]:
    node: Mapping[str, Any] = view.parts[place].node[IGNORE]
    return node
