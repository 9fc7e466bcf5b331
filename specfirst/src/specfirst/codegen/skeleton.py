"""Write the methods that an implementation lacks: typed as the contract says, with the body left to write.

The generated Protocols and the hand-written modules are read as text and never imported, so it does not
matter whether they can be imported at the moment. Nothing that is written by hand is changed: methods are
added at the end of a class, imports to the other imports, and a tag without a module gets a new one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from specfirst.codegen.generate import GenerationError, ruff
from specfirst.contract.document import Document, Operation, pascal


@dataclass(frozen=True)
class Layout:
    """Where the generated package and the implementation are, and what new classes begin with."""

    generated: Path
    """The folder of the generated package."""
    package: str
    """The name by which the implementation imports that package."""
    implementations: Path
    """The folder with one module for each tag."""
    caller: str | None = None
    """The type of callers, as `module:Class`."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """The arguments of the constructors of new classes: `module:Class` by name."""

    def module(self, name: str) -> Path:
        return self.implementations / f"{name}.py"

    @property
    def caller_type(self) -> str:
        return self.caller.partition(":")[2] if self.caller else "object"

    @property
    def constructor(self) -> str:
        """Return the constructor of new classes; empty if they need no arguments."""
        if not self.arguments:
            return ""
        types = {name: path.partition(":")[2] for name, path in self.arguments.items()}
        parameters = "".join(f", {name}: {kind}" for name, kind in types.items())
        lines = [f"    def __init__(self{parameters}) -> None:", *(f"        self._{n} = {n}" for n in types)]
        return "\n".join([*lines, "", ""])

    @property
    def imports(self) -> Mapping[str, str]:
        """Return the module of each name that is not a name of the generated package."""
        paths = [*self.arguments.values(), *([self.caller] if self.caller else [])]
        return {name: module for module, _, name in (path.partition(":") for path in paths)}


@dataclass(frozen=True)
class Missing:
    """The operations of a tag whose methods are not written."""

    tag: str
    protocol: str
    module: Path
    class_name: str
    operations: Sequence[Operation]

    @property
    def is_new(self) -> bool:
        return not self.module.exists()


def missing(document: Document, layout: Layout) -> list[Missing]:
    """Give the operations without a method, by tag. Raises GenerationError for a module with an error."""
    tags: dict[str, list[Operation]] = {}
    for operation in document.operations:
        tags.setdefault(operation.tag, []).append(operation)
    # A class must not have the name of a type that its methods use.
    taken = {*document.schema_classes.values(), *layout.imports}
    found = []
    for tag, operations in tags.items():
        module = layout.module(operations[0].module)
        name = pascal(module.stem)
        names = [name, f"{name}Implementation"]
        written: set[str] = set()
        if module.exists():
            implementation = _class(module, names)
            name = implementation.name
            written = {node.name for node in implementation.body if isinstance(node, _FUNCTION)}
        elif name in taken:
            name = names[1]
        if lacking := [operation for operation in operations if operation.identifier not in written]:
            found.append(Missing(tag, document.protocols[tag], module, name, lacking))
    return found


def write_missing(gap: Missing, layout: Layout) -> None:
    """Write the missing methods of one tag, and a module if there is none."""
    protocols = _parse(layout.generated / "operations.py")
    protocol = next(
        node for node in protocols.body if isinstance(node, ast.ClassDef) and node.name == gap.protocol
    )
    declared = {node.name: node for node in protocol.body if isinstance(node, ast.AsyncFunctionDef)}
    methods = [
        _method(declared[operation.identifier], operation, layout.caller_type) for operation in gap.operations
    ]
    if gap.is_new:
        text = (
            f'"""The operations of `{gap.tag}`."""\n\nfrom __future__ import annotations\n\n\n'
            f"class {gap.class_name}:\n{layout.constructor}" + "\n".join(methods)
        )
    else:
        text = gap.module.read_text(encoding="utf-8")
        lines = f"{text.rstrip()}\n".splitlines(keepends=True)
        end = _class(gap.module, [gap.class_name]).end_lineno or len(lines)
        lines[end:end] = ["\n", "\n".join(_formatted(method) for method in methods)]
        text = "".join(lines)
    used = set(re.findall(r"\w+", "\n".join([*methods, layout.constructor if gap.is_new else ""])))
    text = _with_imports(
        text, {name: module for name, module in _importable(protocols, layout) if name in used}
    )
    if gap.is_new:
        text = ruff("format", text)
        gap.module.parent.mkdir(parents=True, exist_ok=True)
    gap.module.write_text(text, encoding="utf-8")


_FUNCTION = (ast.AsyncFunctionDef, ast.FunctionDef)


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise GenerationError(f"{path}:{error.lineno}: {error.msg}; correct the syntax") from None


def _class(module: Path, names: Sequence[str]) -> ast.ClassDef:
    """Return the class with the first of these names that the module has."""
    classes = {node.name: node for node in _parse(module).body if isinstance(node, ast.ClassDef)}
    for name in names:
        if name in classes:
            return classes[name]
    raise GenerationError(
        f"{module}:1: there is no class {names[0]}; rename the class that implements the tag, or add one"
    )


def _method(declared: ast.AsyncFunctionDef, operation: Operation, caller: str) -> str:
    """Return a method as the Protocol declares it, for the implementation's type of callers."""
    arguments = declared.args
    # The caller is the only positional argument, and implementations may name it as they like.
    arguments.args, arguments.posonlyargs = [*arguments.posonlyargs, *arguments.args], []
    declared.body = ast.parse("raise NotImplementedError").body
    text = re.sub(r"\bCallerT\b", caller, ast.unparse(declared))
    first, _, rest = text.partition("\n")
    return f"    {first}\n        # {operation.method.upper()} {operation.path}\n    {rest}\n"


def _formatted(method: str) -> str:
    """Format a method as it stands in a class, without touching the code around it."""
    return ruff("format", f"class Implementation:\n{method}").partition("\n")[2]


def _importable(protocols: ast.Module, layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield the names that a signature may use, each with the module that has it."""
    yield from layout.imports.items()
    for node in protocols.body:
        if isinstance(node, ast.ClassDef):
            yield node.name, f"{layout.package}.operations"
        elif isinstance(node, ast.ImportFrom):
            module = ".".join([layout.package] * node.level + ([node.module] if node.module else []))
            yield from ((alias.name, module) for alias in node.names)


def _with_imports(text: str, modules: Mapping[str, str]) -> str:
    """Add the imports that a module does not have, in the project's order."""
    tree = ast.parse(text)
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    there = {alias.asname or alias.name for node in imports for alias in node.names}
    lines = text.splitlines(keepends=True)
    # After the last import, or the module's docstring.
    last = imports[-1] if imports else tree.body[0]
    added = [f"from {modules[name]} import {name}\n" for name in sorted(set(modules) - there)]
    place = last.end_lineno or 0
    lines[place:place] = added
    return ruff("check", "".join(lines)) if added else text
