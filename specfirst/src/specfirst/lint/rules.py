"""The registry of rules, and the named sets of their severities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from specfirst.contract.document import Pointer
from specfirst.lint.view import View
from specfirst.problems import Severity, did_you_mean


class Edit(NamedTuple):
    """A change of the document that fixes a violation.

    `remove` removes the part at `pointer`, and `insert` adds a part with this value to its mapping.
    """

    action: str
    pointer: Pointer
    value: Any = None


class Violation(NamedTuple):
    """What a rule found: location, problem and remedy.

    `edits` fix the violation without a change of the API. A `local` violation of a structural rule says
    nothing about the parts around it. The position of `field` is shown, not that of the whole part.
    """

    pointer: Pointer
    problem: str
    remedy: str
    edits: tuple[Edit, ...] = ()
    local: bool = False
    field: str = ""


Check = Callable[[View], Iterator[Violation]]


@dataclass(frozen=True)
class Rule:
    """A rule. `severity` is its severity in specfirst:recommended, or STYLE if it is off there.

    A part that violates a `structural` rule is left out when the other rules run, since they would fail on
    it. Such a rule can neither be switched off nor ignored. A rule that compares distant parts, and so
    `needs_all` of the document, does not run then.
    """

    name: str
    check: Check
    severity: Severity
    recommended: bool = True
    structural: bool = False
    needs_all: bool = False
    fixable: bool = False

    @property
    def reason(self) -> str:
        """Return why the rule exists, in one sentence."""
        return (self.check.__doc__ or "").strip()


RULES: dict[str, Rule] = {}

Levels = Mapping[str, Severity]
"""The severity of each rule; a rule that is missing is off."""


ERROR, WARNING, STYLE = Severity


def rule(
    name: str,
    severity: Severity,
    *,
    recommended: bool | None = None,
    structural: bool = False,
    needs_all: bool = False,
    fixable: bool = False,
) -> Callable[[Check], Check]:
    """Register a rule under the name that its violations show.

    Errors and warnings are recommended, rules of style are not, unless said otherwise.
    """
    usual = severity is not STYLE if recommended is None else recommended

    def register(check: Check) -> Check:
        assert name not in RULES, f"two rules are called {name}"
        RULES[name] = Rule(name, check, severity, usual, structural, needs_all, fixable)
        return check

    return register


SETS: Mapping[str, Callable[[Rule], Severity | None]] = {
    "specfirst:recommended": lambda rule: rule.severity if rule.recommended else None,
    "specfirst:strict": lambda _: ERROR,
}
"""The named sets: errors, warnings and a few rules of style; and all rules, as errors."""

LEVELS: Mapping[str, Severity | None] = {"off": None, "style": STYLE, "warn": WARNING, "error": ERROR}
"""What a configuration can say about a rule."""


class UnknownRule(Exception):
    """A configuration names a set or rule that does not exist, or switches off one that must be on."""


def levels(sets: Iterable[str], changes: Mapping[str, str] | None = None) -> Levels:
    """Combine named sets, of which later ones win, and changes of single rules. Raises UnknownRule."""
    chosen: dict[str, Severity | None] = {
        rule.name: rule.severity if rule.structural else None for rule in RULES.values()
    }
    for name in sets:
        if name not in SETS:
            raise UnknownRule(f"unknown set {name!r}; use {' or '.join(SETS)}")
        chosen |= {rule.name: SETS[name](rule) for rule in RULES.values()}
    for name, level in (changes or {}).items():
        if name not in RULES:
            raise UnknownRule(unknown_rule(name))
        if level not in LEVELS:
            raise UnknownRule(f"the level of {name} is {level!r}; use one of {', '.join(LEVELS)}")
        if RULES[name].structural and LEVELS[level] is None:
            raise UnknownRule(
                f"the rule {name} cannot be off, since other rules depend on it; remove the setting"
            )
        chosen[name] = LEVELS[level]
    return {name: severity for name, severity in chosen.items() if severity}


def unknown_rule(name: str) -> str:
    """Return the message about the name of a rule that does not exist."""
    hint = did_you_mean(name, [*RULES]) or "`specfirst lint --list-rules` lists them"
    return f"unknown rule {name!r}; {hint}"
