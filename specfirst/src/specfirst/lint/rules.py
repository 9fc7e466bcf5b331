"""The registry of rules, and the named sets of their severities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from specfirst.contract.document import Pointer
from specfirst.lint.view import View
from specfirst.problems import Severity


class Edit(NamedTuple):
    """A change of the document that fixes a violation.

    `remove` removes the part at `pointer`, `replace` gives it another value, and `insert` adds a part to its
    mapping.
    """

    action: str
    pointer: Pointer
    value: Any = None


class Violation(NamedTuple):
    """What a rule found: location, problem and remedy.

    `edits` fix the violation without a change of the API. A `local` violation of a structural rule says nothing
    about the parts around it.
    """

    pointer: Pointer
    problem: str
    remedy: str
    edits: tuple[Edit, ...] = ()
    local: bool = False


Check = Callable[[View], Iterator[Violation]]


@dataclass(frozen=True)
class Rule:
    """A rule. `severity` is its severity in specfirst:recommended, or STYLE if it is off there.

    A part that violates a `structural` rule is left out when the other rules run, since they would fail on
    it. Such a rule can neither be switched off nor ignored. A rule that compares distant parts, and `needs_all`
    of the document, does not run then.
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


def named_set(name: str) -> Levels | None:
    """Return the rules of `specfirst:recommended` or `specfirst:strict` with their severities."""
    if name == "specfirst:recommended":
        return {rule.name: rule.severity for rule in RULES.values() if rule.recommended}
    if name == "specfirst:strict":
        return dict.fromkeys(RULES, Severity.ERROR)
    return None


SETS = ("specfirst:recommended", "specfirst:strict")
"""The named sets: errors, warnings and a few rules of style; and all rules, as errors."""
