"""Authoring rules: what a contract must be so that code, tests and clients can be derived from it.

Each rule is one small function whose docstring says why it exists; `RULES` lists them by name. A document
without violations can be expressed by the generator and served by the engine.
"""

from __future__ import annotations

from dataclasses import dataclass

from specfirst.document import Document, DocumentError, Pointer, pointer_text
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

# Importing a module registers its rules; nothing else of it is needed here.
_SUBJECTS = (structure, paths, operations, responses, schemas, traffic, components, documentation)


@dataclass(frozen=True)
class Violation:
    """A part of the contract that breaks a rule, and what to do about it."""

    rule: str
    pointer: Pointer
    line: int | None
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Write it so that editors find the place once the file's name and a colon stand before it."""
        place = pointer_text(self.pointer)
        return f"{self.line or 1}: {self.rule}: {self.problem} at {place}; {self.remedy}"


def lint(document: Document) -> list[Violation]:
    """List every violation of every rule, in the order of the document."""
    view = View(document)
    found: dict[Violation, None] = {}
    # The rules that the others rely on come first.
    for rule in sorted(RULES.values(), key=lambda rule: not rule.decisive):
        violations = [
            Violation(rule.name, pointer, document.line(pointer), problem, remedy)
            for pointer, problem, remedy in rule.check(view)
        ]
        # A component that is used twice is looked at twice, and breaks a rule once.
        found |= dict.fromkeys(violations)
        if rule.decisive and violations:
            break
    return sorted(found, key=lambda violation: violation.line or 0)


def require_sound(document: Document) -> None:
    """Raise DocumentError unless the document is OpenAPI 3.1 and sound in structure.

    Only that much: what an older revision says must be readable though it may break a younger rule.
    """
    view = View(document)
    for rule in RULES.values():
        for pointer, problem, remedy in rule.check(view) if rule.decisive else ():
            raise DocumentError(problem, pointer, remedy=remedy, line=document.line(pointer))
