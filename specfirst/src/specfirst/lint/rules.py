"""The registry of rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from specfirst.contract.document import Pointer
from specfirst.lint.view import View


class Problem(NamedTuple):
    """A violation found by a rule: location, problem and remedy."""

    pointer: Pointer
    problem: str
    remedy: str


Check = Callable[[View], Iterator[Problem]]


@dataclass(frozen=True)
class Rule:
    """A rule. A violation of a `decisive` rule ends the run, since other rules would fail on it."""

    name: str
    check: Check
    decisive: bool


RULES: dict[str, Rule] = {}


def rule(name: str, *, decisive: bool = False) -> Callable[[Check], Check]:
    """Register a rule under the name that its violations show."""

    def register(check: Check) -> Check:
        assert name not in RULES, f"two rules are called {name}"
        RULES[name] = Rule(name, check, decisive)
        return check

    return register
