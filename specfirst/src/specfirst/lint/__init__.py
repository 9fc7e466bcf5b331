"""Lint rules: the requirements for deriving code, tests and clients from a contract.

Each rule is one small function whose docstring gives its reason; `RULES` lists them by name. A document
without violations can be expressed by the generator and served by the engine.
"""

from __future__ import annotations

from dataclasses import dataclass

from specfirst.contract.document import Document, DocumentError, Pointer, pointer_text
from specfirst.lint import (
    components,
    documentation,
    operations,
    paths,
    responses,
    schemas,
    structure,
    traffic,
)
from specfirst.lint.rules import RULES, Rule
from specfirst.lint.view import View

__all__ = ["RULES", "Rule", "Violation", "lint", "require_sound"]

# Importing a module registers its rules; no other name of it is used here.
_SUBJECTS = (structure, paths, operations, responses, schemas, traffic, components, documentation)


@dataclass(frozen=True)
class Violation:
    """A part of the contract that violates a rule, and the remedy."""

    rule: str
    pointer: Pointer
    line: int | None
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Format it so that editors find the place if the file name and a colon precede it."""
        place = pointer_text(self.pointer)
        return f"{self.line or 1}: {self.rule}: {self.problem} at {place}; {self.remedy}"


def lint(document: Document) -> list[Violation]:
    """List every violation of every rule, in the order of the document."""
    view = View(document)
    found: dict[Violation, None] = {}
    # The decisive rules, which the others depend on, run first.
    for rule in sorted(RULES.values(), key=lambda rule: not rule.decisive):
        violations = [
            Violation(rule.name, pointer, document.line(pointer), problem, remedy)
            for pointer, problem, remedy in rule.check(view)
        ]
        # A component that is referenced twice is checked twice; report its violation once.
        found |= dict.fromkeys(violations)
        if rule.decisive and violations:
            break
    return sorted(found, key=lambda violation: violation.line or 0)


def require_sound(document: Document) -> None:
    """Raise DocumentError unless the document is OpenAPI 3.1 and sound in structure.

    Other rules are not checked: older revisions that violate newer rules must be readable.
    """
    view = View(document)
    for rule in RULES.values():
        for pointer, problem, remedy in rule.check(view) if rule.decisive else ():
            raise DocumentError(problem, pointer, remedy=remedy, line=document.line(pointer))
