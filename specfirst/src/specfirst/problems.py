"""A problem in a contract: what is wrong, where, how severe it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from specfirst.contract.document import Pointer, pointer_text


class Severity(StrEnum):
    """How severe a problem is. `error` cannot be served faithfully, `style` is a matter of opinion."""

    ERROR = "error"
    WARNING = "warning"
    STYLE = "style"

    @property
    def rank(self) -> int:
        """Return 0 for the most severe."""
        return list(Severity).index(self)

    def reaches(self, threshold: Severity) -> bool:
        """Return whether this is at least as severe as the threshold."""
        return self.rank <= threshold.rank


@dataclass(frozen=True)
class Problem:
    """A problem in a contract.

    `file` is a path or a URL as the user wrote it; `line` and `column` start at 1 and count characters.
    `pointer` is the location in the document, also where the part is missing.
    """

    rule: str
    severity: Severity
    message: str
    remedy: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None
    pointer: Pointer = ()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    """More fields of the JSON format."""

    @property
    def place(self) -> str:
        """Return `file:line:column`, as editors recognize it, without the parts that are unknown."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part not in (None, ""))

    def __str__(self) -> str:
        """Format it as one line."""
        where = f" at {pointer_text(self.pointer)}" if self.pointer else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        before = f"{self.place}: " if self.place else ""
        # Names in the contract may contain any character, including line breaks.
        return " ".join(f"{before}{self.severity} {self.rule}: {self.message}{where}{remedy}".split())
