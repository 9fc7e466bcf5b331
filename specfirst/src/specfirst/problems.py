"""A problem in a contract: what is wrong, where, how severe it is, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
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


def counted(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural if it is not 1."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def alternatives(values: Sequence[Any], most: int) -> str:
    """Return `"a", "b" or "c"`; after the first `most` values, the number of the others."""
    texts = [json.dumps(value, ensure_ascii=False) for value in values[:most]]
    if len(values) > most:
        texts.append(f"{len(values) - most} others")
    return " or ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def not_among(value: Any, allowed: Sequence[Any]) -> str:
    """Say that a value is not one of those that are allowed, and list them."""
    if not allowed:
        return "no value is allowed"
    given = json.dumps(value, ensure_ascii=False, default=str)
    one_of = "one of " if len(allowed) > 1 else ""
    listed = alternatives(allowed, most=12)
    return f"{given if len(given) <= 60 else 'the value'} is not {one_of}{listed}"


def did_you_mean(value: Any, allowed: Sequence[Any]) -> str:
    """Return a question with the nearest text that is allowed; empty if none is near."""
    texts = [option for option in allowed if isinstance(option, str)]
    near = get_close_matches(value, texts, 1) if isinstance(value, str) else []
    return f"did you mean {near[0]}?" if near else ""
