"""Compare two contracts from the point of view of a client, and classify each change."""

from __future__ import annotations

from datetime import date

from specfirst.contract.document import Document
from specfirst.diff.changes import ABSENT, Change, Changes, Level
from specfirst.diff.contract import ContractComparison
from specfirst.diff.rules import RULES
from specfirst.diff.unchanged import Unchanged
from specfirst.diff.version import version_problem
from specfirst.lint import require_sound

__all__ = ["ABSENT", "RULES", "Change", "Level", "diff", "require_comparable", "version_problem"]


def diff(old: Document, new: Document, *, today: date | None = None, grace_days: int = 0) -> list[Change]:
    """List all changes, the breaking ones first. Both documents must have passed `require_comparable`.

    Deprecated parts may be removed from their sunset date on: `today` is the date of the removal (default:
    the current one). `grace_days` is the least time between a deprecation and its sunset date. Raises
    DocumentError if a chain of schema references is too long for Python's stack.
    """
    if old is new:
        return []
    changes = Changes(new, today or date.today(), grace_days, Unchanged(old, new))
    try:
        ContractComparison(old, new, changes).compare()
    except RecursionError:
        raise new.error(
            "the references of schemas form a chain of hundreds",
            ("components", "schemas"),
            remedy="shorten the chain of references",
        ) from None
    return changes.sorted()


def require_comparable(document: Document) -> None:
    """Raise DocumentError unless the document is OpenAPI 3.1 and sound in structure."""
    require_sound(document)
