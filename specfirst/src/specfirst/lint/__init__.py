"""Lint rules: what can be served, what tools will stumble over, and opinions on good contracts.

Each rule is one small function whose docstring gives its reason; `RULES` lists them by name. Errors are what
cannot be served faithfully, warnings are what a generator or a client will stumble over, and style is our
opinion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from specfirst.contract.document import Document, Pointer
from specfirst.lint import (
    components,
    documentation,
    ignores,
    operations,
    paths,
    responses,
    satisfiable,
    schemas,
    structure,
    traffic,
)
from specfirst.lint.rules import RULES, SETS, Edit, Levels, Rule, UnknownRule, Violation, levels
from specfirst.lint.settings import LintSettings
from specfirst.lint.view import View
from specfirst.problems import Problem, Severity

__all__ = [
    "RECOMMENDED",
    "RULES",
    "SETS",
    "STRICT",
    "Edit",
    "Levels",
    "LintSettings",
    "Problem",
    "Rule",
    "Severity",
    "UnknownRule",
    "edits",
    "levels",
    "lint",
    "require_sound",
]

# Importing a module registers its rules; no other name of it is used here.
_SUBJECTS = (
    *(structure, paths, operations, responses, schemas, satisfiable),
    *(traffic, components, documentation, ignores),
)

RECOMMENDED: Levels = levels(["specfirst:recommended"])
STRICT: Levels = levels(["specfirst:strict"])

Found = tuple[Rule, Violation]


def lint(document: Document, rules: Levels = RECOMMENDED) -> list[Problem]:
    """List the problems of a document, in its order, with the severities of `rules`.

    A part with an invalid structure is left out when the other rules run, so that all problems are found in
    one pass.
    """
    found: list[Problem] = []
    for rule, violation in _found(document, rules):
        severity = rules.get(rule.name, rule.severity)
        place = (*violation.pointer, violation.field) if violation.field else violation.pointer
        file, line, column = document.origin(place) or ("", None, None)
        problem, remedy, pointer = violation.problem, violation.remedy, violation.pointer
        found.append(Problem(rule.name, severity, problem, remedy, file, line, column, pointer))
    # A component that is referenced twice is checked twice; report its problem once.
    return sorted(dict.fromkeys(found), key=lambda p: (p.file, p.line or 0, p.column or 0))


def edits(document: Document, rules: Levels = RECOMMENDED) -> list[Edit]:
    """Return the changes that fix problems of a document without a change of its API."""
    return list(dict.fromkeys(edit for _, violation in _found(document, rules) for edit in violation.edits))


def require_sound(document: Document) -> None:
    """Raise DocumentError unless the document is OpenAPI 3 and sound in structure.

    Other rules are not checked: older revisions that violate newer rules must be readable.
    """
    for rule, violation in _structural(View(document)):
        if rule.severity is Severity.ERROR:
            raise document.error(violation.problem, violation.pointer, remedy=violation.remedy)


def _found(document: Document, rules: Levels) -> Iterator[Found]:
    """Yield the violations of the rules that are on, except the ignored ones."""
    whole = View(document)
    found = list(_structural(whole))
    view, hidden = _sound(whole, [violation for _, violation in found])
    for rule in RULES.values():
        if rule.structural or rule.name not in rules or (rule.needs_all and hidden):
            continue
        for violation in rule.check(view):
            if not any(_overlap(violation.pointer, pointer) for pointer in hidden):
                found.append((rule, violation))
    yield from ignores.apply(view, found, rules)


def _structural(view: View) -> Iterator[Found]:
    """Yield the violations of the structural rules; only the first one of a part is about its cause."""
    seen: list[Pointer] = []
    for rule in RULES.values():
        if rule.structural:
            found = [v for v in rule.check(view) if not any(_overlap(v.pointer, pointer) for pointer in seen)]
            yield from ((rule, violation) for violation in found)
            seen += [violation.pointer for violation in found]


def _sound(whole: View, violations: Sequence[Violation]) -> tuple[View, list[Pointer]]:
    """Leave out the parts with an invalid structure, and all that depends on them.

    Returns the rest, and the parts of which the other rules may say nothing, since they see them in part.
    """
    view, gone, hidden = whole, set[Pointer](), list[Pointer]()
    while new := {violation.pointer for violation in violations if _can_go(violation.pointer)} - gone:
        hidden += [v.pointer if v.local else _around(view, v.pointer) for v in violations if v.pointer in new]
        gone |= new
        view = View(_without(whole.document, gone))
        violations = [violation for _, violation in _structural(view)]
    return view, hidden


def _can_go(pointer: Pointer) -> bool:
    return pointer not in ((), ("openapi",))


def _around(view: View, pointer: Pointer) -> Pointer:
    """Return the object that contains a part, or the part itself if it is in no object but the document."""
    place = pointer[:-1]
    while place and place not in view.parts:
        place = place[:-1]
    return place if place not in ((), ("components",)) else pointer


def _overlap(one: Pointer, other: Pointer) -> bool:
    """Return whether one of the two parts is inside of the other one."""
    shorter = min(len(one), len(other))
    return shorter > 0 and one[:shorter] == other[:shorter]


def _without(document: Document, pointers: Iterable[Pointer]) -> Document:
    """Return a document without the parts at these locations.

    The whole list is left out if one of its items is, so that the locations of other parts do not change.
    """
    removed: dict[str, Any] = {}
    for pointer in pointers:
        tree = removed
        node: Any = document.source
        for index, token in enumerate(pointer):
            inner = node.get(token) if isinstance(node, Mapping) else None
            if index == len(pointer) - 1 or isinstance(inner, list) or tree.get(token, ...) is None:
                tree[token] = None
                break
            tree, node = tree.setdefault(token, {}), inner
    return Document(_pruned(document.source, removed))


def _pruned(node: Any, removed: Mapping[str, Any]) -> Any:
    if not isinstance(node, Mapping):
        return node
    return {
        token: _pruned(child, removed[token]) if token in removed else child
        for token, child in node.items()
        if token not in removed or removed[token] is not None
    }
