"""Whether an implementation has what the contract asks of it, checked when the application is built."""

from __future__ import annotations

import dis
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import groupby
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar, cast

from specfirst.contract.document import Document, Operation
from specfirst.problems import counted
from specfirst.serving.startup import StartupError

Binding = tuple[type, object]
"""A generated Protocol, and the object that is to satisfy it or None."""

BuildT = TypeVar("BuildT", bound=Callable[..., Any])

REMEDY = (
    "`specfirst generate --skeleton` writes the methods that are missing. To serve the other operations "
    "meanwhile, create the Engine with allow_unimplemented=True (answers 501) or mock=True "
    "(answers with examples)"
)
"""What to do about unimplemented operations, unless the application says otherwise."""

_CORRECT = "Correct the parameters; neither a mock nor 501 replaces a method that is written."


@dataclass(frozen=True)
class Gap:
    """An operation that an implementation lacks, or has with other parameters."""

    operation: Operation
    implementation: str
    signature: str
    found: str | None = None
    place: str = ""
    """The file and line of a method with other parameters."""
    missing_argument: str = ""
    """What to add to the call of `build_router`, if the implementation of the whole tag is missing there."""

    @property
    def is_written(self) -> bool:
        """Return whether there is a method, which has other parameters."""
        return bool(self.place)

    def __str__(self) -> str:
        where = f"{self.operation.method.upper()} {self.operation.path}"
        place = f" {self.place}" if self.place else ""
        lines = [f"{self.implementation}.{self.operation.identifier}  ({where}){place}"]
        if not self.missing_argument:
            lines.append(f"    expected: {self.signature}")
        if self.found:
            lines.append(f"    found:    {self.found}")
        return "\n  ".join(lines)


class UnimplementedOperations(StartupError):
    """The contract has operations that no implementation has, or that one has with other parameters.

    The message lists each with its signature.
    """

    def __init__(self, gaps: Sequence[Gap], remedy: str = REMEDY) -> None:
        if all(gap.is_written for gap in gaps):
            what, remedy = f"{counted(len(gaps), 'method')} cannot be called as the contract says", _CORRECT
        else:
            are = "is" if len(gaps) == 1 else "are"
            what = f"{counted(len(gaps), 'operation')} of the contract {are} not implemented"
        lines: list[str] = []
        for argument, missing in groupby(gaps, lambda gap: gap.missing_argument):
            lines += [argument] if argument else []
            lines += map(str, missing)
        super().__init__(f"{what}:\n  " + "\n  ".join(lines) + f"\n{remedy}")
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
    """Yield the operations of a Protocol that its implementation lacks, or has with other parameters."""
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
        text = f"async def {operation.identifier}{_readable(expected)}"
        if implementation is None:
            argument = f"no argument {operation.module}; add {operation.module}={name}(...)"
            yield Gap(operation, name, text, missing_argument=f"{_call_of_build_router()} has {argument}")
            continue
        method = getattr(implementation, operation.identifier, None)
        if method is None:
            yield Gap(operation, name, text)
            continue
        if _is_skeleton(method):
            yield Gap(operation, name, text, f"raise NotImplementedError ({_place(method)})")
            continue
        if not inspect.iscoroutinefunction(method) or not accepts(inspect.signature(method), expected):
            kind = "async def" if inspect.iscoroutinefunction(method) else "def"
            # With `self`, like what is expected.
            written = _readable(inspect.signature(getattr(method, "__func__", method)))
            yield Gap(operation, name, text, f"{kind} {operation.identifier}{written}", _place(method))


def _call_of_build_router() -> str:
    """Name the call of `build_router` that is running, with the file and the line."""
    frame = inspect.currentframe()
    while frame and (frame.f_code.co_name, frame.f_globals.get("__name__")) != ("called", __name__):
        frame = frame.f_back
    # The application calls the function that optional_at_run_time returns.
    if not frame or not frame.f_back:
        return "the call of build_router"
    return f"the call of build_router in {_shown(frame.f_back.f_code.co_filename)}:{frame.f_back.f_lineno}"


def _place(method: Any) -> str:
    """Return the file and line of a method, or of its class if it is not a function."""
    code = getattr(inspect.unwrap(method), "__code__", None)
    if isinstance(code, CodeType):
        return f"{_shown(code.co_filename)}:{code.co_firstlineno}"
    return type(method).__qualname__


def _shown(file: str) -> Path:
    path = Path(file)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


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
    if not isinstance(code, CodeType) or code.co_names != ("NotImplementedError",):
        return False
    # A method that raises it in some cases returns in others.
    return not any(step.opname in ("RETURN_VALUE", "RETURN_CONST") for step in dis.get_instructions(code))


def accepts(found: inspect.Signature, expected: inspect.Signature) -> bool:
    """Whether a bound method can be called as the Protocol says: the caller first, all else by name."""
    positional = [p for p in expected.parameters.values() if p.kind is p.POSITIONAL_ONLY and p.name != "self"]
    named = [p.name for p in expected.parameters.values() if p.kind is p.KEYWORD_ONLY]
    try:
        found.bind(*positional, **dict.fromkeys(named))
    except TypeError:
        return False
    return True
