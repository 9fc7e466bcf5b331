"""What decides whether a contract passes: the rules with their severities, a threshold, and a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from specfirst.lint.baseline import apply_baseline
from specfirst.lint.rules import Levels, levels
from specfirst.problems import Problem, Severity


@dataclass(frozen=True)
class LintSettings:
    """The rules with their severities, and the problems that do not count."""

    rules: Levels = field(default_factory=lambda: levels(["specfirst:recommended"]))
    fail_on: Severity = Severity.ERROR
    baseline: Path | None = None

    def failures(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return the problems with which a contract does not pass. Raises BaselineError."""
        if self.baseline:
            problems = apply_baseline(problems, self.baseline).problems
        return [problem for problem in problems if problem.severity.reaches(self.fail_on)]
