"""Whether an implementation has what the contract asks of it, checked when the application is built."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar, cast

from specfirst.contract.document import Document, Operation
from specfirst.serving.startup import StartupError

Binding = tuple[type, object]
"""A generated Protocol, and the object that is to satisfy it or None."""

BuildT = TypeVar("BuildT", bound=Callable[..., Any])

REMEDY = (
    "Write the methods: `specfirst generate --skeleton` adds those that are missing. To serve the other "
    "operations meanwhile, create the Engine with allow_unimplemented=True (answers 501) or mock=True "
    "(answers with examples)"
)
"""What to do about unimplemented operations, unless the application says otherwise."""


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

    def __init__(self, gaps: Sequence[Gap], remedy: str = REMEDY) -> None:
        super().__init__(
            f"{len(gaps)} operation(s) of the contract are not implemented:\n  "
            + "\n  ".join(str(gap) for gap in gaps)
            + f"\n{remedy}"
        )
        self.gaps = gaps


def optional_at_run_time(build: BuildT) -> BuildT:
    """Let the implementation of a tag be absent at run time, and None then, though type checkers require it.

    So all operations without an implementation are listed together, mocked, or answered with 501.
    """
    parameters = inspect.signature(build).parameters.values()
    tags = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]

    @wraps(build)
    def called(*arguments: Any, **options: Any) -> Any:
        return build(*arguments, **dict.fromkeys(tags) | options)

    return cast(BuildT, called)


def unimplemented(document: Document, binding: Binding) -> Iterator[Gap]:
    protocol, implementation = binding
    name = protocol.__name__.removesuffix("Operations")
    if implementation is not None:
        name = type(implementation).__name__
    tag = next((tag for tag, known in document.protocols.items() if known == protocol.__name__), None)
    for operation in document.operations:
        declared = getattr(protocol, operation.identifier, None)
        if declared is None or operation.tag != tag:
            continue
        expected = inspect.signature(declared)
        text = f"async def {operation.identifier}{_readable(expected)}:"
        if implementation is None:
            argument = f"{operation.module}={name}(...)"
            found = f"nothing: {_call_of_build_router()} has no argument {operation.module}; add {argument}"
            yield Gap(operation, name, text, found)
            continue
        method = getattr(implementation, operation.identifier, None)
        if method is None:
            yield Gap(operation, name, text, None)
            continue
        if _is_skeleton(method):
            code = method.__code__
            found = f"raise NotImplementedError ({code.co_filename}:{code.co_firstlineno})"
            yield Gap(operation, name, text, found)
            continue
        signature = inspect.signature(method)
        if not inspect.iscoroutinefunction(method) or not _accepts(signature, expected):
            kind = "async def" if inspect.iscoroutinefunction(method) else "def"
            yield Gap(operation, name, text, f"{kind} {operation.identifier}{_readable(signature)}")


def _call_of_build_router() -> str:
    """Name the call of `build_router` that is running, with the file and the line."""
    frame = inspect.currentframe()
    while frame and (frame.f_code.co_name, frame.f_globals.get("__name__")) != ("called", __name__):
        frame = frame.f_back
    # The application calls the function that optional_at_run_time returns.
    if not frame or not frame.f_back:
        return "the call of build_router"
    path = Path(frame.f_back.f_code.co_filename)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"the call of build_router in {shown}:{frame.f_back.f_lineno}"


def _readable(signature: inspect.Signature) -> str:
    """Write a signature as it stands in a class, without the quotes of annotations that are text.

    `CallerT` is the caller's type in a Protocol, and `Caller` the usual name of its implementation.
    """
    parts: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not any(part.startswith("*") for part in parts):
            parts.append("*")
        prefix = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        prefix = "**" if parameter.kind is parameter.VAR_KEYWORD else prefix
        hint = "" if parameter.annotation is parameter.empty else f": {_hint(parameter.annotation)}"
        equals = " = " if hint else "="
        default = "" if parameter.default is parameter.empty else f"{equals}{parameter.default!r}"
        parts.append(f"{prefix}{parameter.name}{hint}{default}")
    returns = signature.return_annotation
    arrow = "" if returns is signature.empty else f" -> {_hint(returns)}"
    return f"({', '.join(parts)}){arrow}"


def _hint(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\bCallerT\b", "Caller", text)


def _is_skeleton(method: Any) -> bool:
    """Whether a method only raises NotImplementedError, as the generator's skeletons do."""
    code = getattr(method, "__code__", None)
    return isinstance(code, CodeType) and code.co_names == ("NotImplementedError",)


def _accepts(found: inspect.Signature, expected: inspect.Signature) -> bool:
    """Whether a bound method can be called as the Protocol says: the caller first, all else by name."""
    positional = [p for p in expected.parameters.values() if p.kind is p.POSITIONAL_ONLY and p.name != "self"]
    named = [p.name for p in expected.parameters.values() if p.kind is p.KEYWORD_ONLY]
    try:
        found.bind(*positional, **dict.fromkeys(named))
    except TypeError:
        return False
    return True
