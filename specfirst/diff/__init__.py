"""What changed between two contracts, seen from a client: what breaks it and what does not."""

from __future__ import annotations

from specfirst.diff.changes import ABSENT, Change, Changes, Level
from specfirst.diff.contract import ContractComparison
from specfirst.diff.version import precedence, version_problem
from specfirst.document import Document, DocumentError
from specfirst.lint.rules import RULES
from specfirst.lint.view import View

__all__ = ["ABSENT", "Change", "Level", "diff", "require_comparable", "version_problem"]


def diff(old: Document, new: Document) -> list[Change]:
    """List all changes, the breaking ones first. Both documents must have passed `require_comparable`."""
    changes = Changes(new)
    ContractComparison(old, new, changes).compare()
    return changes.sorted()


def require_comparable(document: Document) -> None:
    """Raise DocumentError unless the document is OpenAPI 3.1, sound in structure, with a semantic version.

    Only that much: what an older revision says must be comparable though it may break a younger rule.
    """
    view = View(document)
    for rule in RULES.values():
        for pointer, problem, remedy in rule.check(view) if rule.decisive else ():
            raise DocumentError(problem, pointer, remedy=remedy, line=document.line(pointer))
    precedence(document)
