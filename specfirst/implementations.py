"""Whether an implementation has what the contract asks of it, found out when the application is built."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from specfirst.document import Document, Operation
from specfirst.startup import StartupError

Binding = tuple[type, object]
"""A generated Protocol and the object that is to satisfy it."""


@dataclass(frozen=True)
class Gap:
    """An operation that an implementation lacks, or has with other parameters."""

    operation: Operation
    implementation: str
    signature: str
    found: str | None

    def __str__(self) -> str:
        where = f"{self.operation.method.upper()} {self.operation.path}"
        lines = [
            f"{self.implementation}.{self.operation.identifier}  ({where})",
            f"    expected: {self.signature}",
        ]
        if self.found:
            lines.append(f"    found:    {self.found}")
        return "\n  ".join(lines)


class UnimplementedOperations(StartupError):
    """The contract has operations that no implementation has; the message lists each with its signature."""

    def __init__(self, gaps: Sequence[Gap]) -> None:
        super().__init__(
            f"{len(gaps)} operation(s) of the contract are not implemented:\n  "
            + "\n  ".join(str(gap) for gap in gaps)
            + "\nWrite each method as expected, or serve without them on purpose: "
            "scripts/serve --allow-unimplemented"
        )
        self.gaps = gaps


def unimplemented(document: Document, binding: Binding) -> Iterator[Gap]:
    protocol, implementation = binding
    name = type(implementation).__name__
    for operation in document.operations:
        declared = getattr(protocol, operation.identifier, None)
        if declared is None:
            continue
        expected = inspect.signature(declared)
        text = f"async def {operation.identifier}{expected}"
        method = getattr(implementation, operation.identifier, None)
        if method is None:
            yield Gap(operation, name, text, None)
            continue
        found = inspect.signature(method)
        if not inspect.iscoroutinefunction(method) or not _accepts(found, expected):
            kind = "async def" if inspect.iscoroutinefunction(method) else "def"
            yield Gap(operation, name, text, f"{kind} {operation.identifier}{found}")


def _accepts(found: inspect.Signature, expected: inspect.Signature) -> bool:
    """Whether a bound method can be called as the Protocol says: the caller first, all else by name."""
    positional = [p for p in expected.parameters.values() if p.kind is p.POSITIONAL_ONLY and p.name != "self"]
    named = [p.name for p in expected.parameters.values() if p.kind is p.KEYWORD_ONLY]
    try:
        found.bind(*positional, **dict.fromkeys(named))
    except TypeError:
        return False
    return True
