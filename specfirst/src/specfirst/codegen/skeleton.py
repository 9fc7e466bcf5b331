"""Write the methods that an implementation lacks: typed as the contract says, with the body left to write.

The generated Protocols and the hand-written modules are read as text and never imported, so it does not
matter whether they can be imported at the moment. Nothing that is written by hand is changed: methods are
added at the end of a class, imports to the other imports, and a tag without a module gets a new one.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from specfirst.codegen.generate import GenerationError, ruff
from specfirst.contract.document import Document, Operation, pascal
from specfirst.runtime.implementations import accepts


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


@dataclass(frozen=True)
class Unfinished:
    """A method that is there, but cannot serve its operation."""

    module: Path
    line: int
    name: str
    """The class and the method, such as `Notes.list_notes`."""
    expected: str
    """The signature that the contract requires."""
    found: str
    """The signature of the method; empty if only its body is missing."""


@dataclass(frozen=True)
class _Tag:
    """The operations of a tag, and the class that is to implement them."""

    name: str
    operations: Sequence[Operation]
    module: Path
    class_name: str
    written: Mapping[str, _Function]
    """The methods of the class, by name; none if there is no module."""


def missing(document: Document, layout: Layout) -> list[Missing]:
    """Give the operations without a method, by tag. Raises GenerationError for a module with an error."""
    return [
        Missing(tag.name, document.protocols[tag.name], tag.module, tag.class_name, lacking)
        for tag in _tags(document, layout)
        if (lacking := [o for o in tag.operations if o.identifier not in tag.written])
    ]


def unfinished(document: Document, layout: Layout) -> list[Unfinished]:
    """Give the methods without a body, and those with other parameters than the generated Protocols have.

    A method with a decorator is not compared, since its text does not show its signature. Raises
    GenerationError for a module with an error.
    """
    protocols = _parse(layout.generated / "operations.py")
    found = []
    for tag in _tags(document, layout):
        declared = _declared(protocols, document.protocols[tag.name])
        for operation in tag.operations:
            method = tag.written.get(operation.identifier)
            if method is None or method.decorator_list:
                continue
            protocol = declared[operation.identifier]
            fits = accepts(_signature(method), _signature(protocol))
            is_callable = isinstance(method, ast.AsyncFunctionDef) and fits
            if is_callable and not _is_skeleton(method):
                continue
            expected = _header(protocol).replace("CallerT", layout.caller_type)
            name = f"{tag.class_name}.{operation.identifier}"
            header = "" if is_callable else _header(method)
            found.append(Unfinished(tag.module, method.lineno, name, expected, header))
    return found


def _tags(document: Document, layout: Layout) -> Iterator[_Tag]:
    tags: dict[str, list[Operation]] = {}
    for operation in document.operations:
        tags.setdefault(operation.tag, []).append(operation)
    # A class must not have the name of a type that its methods use.
    taken = {*document.schema_classes.values(), *layout.imports}
    for tag, operations in tags.items():
        module = layout.module(operations[0].module)
        name = pascal(module.stem)
        names = [name, f"{name}Implementation"]
        written: dict[str, _Function] = {}
        if module.exists():
            implementation = _class(module, names)
            name = implementation.name
            functions = [node for node in implementation.body if isinstance(node, _FUNCTION)]
            written = {function.name: function for function in functions}
        elif name in taken:
            name = names[1]
        yield _Tag(tag, operations, module, name, written)


def write_missing(gap: Missing, layout: Layout) -> None:
    """Write the missing methods of one tag, and a module if there is none."""
    protocols = _parse(layout.generated / "operations.py")
    declared = _declared(protocols, gap.protocol)
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
_Function = ast.AsyncFunctionDef | ast.FunctionDef


def _declared(protocols: ast.Module, name: str) -> Mapping[str, ast.AsyncFunctionDef]:
    """Return the methods of a Protocol, by name."""
    (protocol,) = (node for node in protocols.body if isinstance(node, ast.ClassDef) and node.name == name)
    return {node.name: node for node in protocol.body if isinstance(node, ast.AsyncFunctionDef)}


def _signature(function: _Function) -> inspect.Signature:
    """Return how the method of an object is called: without its first argument, and without types."""
    written, kinds = function.args, inspect.Parameter
    positional = [*written.posonlyargs, *written.args]
    required = len(positional) - len(written.defaults)
    found = [
        kinds(
            argument.arg,
            kinds.POSITIONAL_ONLY if argument in written.posonlyargs else kinds.POSITIONAL_OR_KEYWORD,
            default=kinds.empty if index < required else None,
        )
        for index, argument in enumerate(positional)
    ]
    # `*args` alone also receives the object.
    found = found[1:]
    if written.vararg:
        found.append(kinds(written.vararg.arg, kinds.VAR_POSITIONAL))
    for argument, default in zip(written.kwonlyargs, written.kw_defaults, strict=True):
        value = kinds.empty if default is None else None
        found.append(kinds(argument.arg, kinds.KEYWORD_ONLY, default=value))
    if written.kwarg:
        found.append(kinds(written.kwarg.arg, kinds.VAR_KEYWORD))
    return inspect.Signature(found)


def _header(function: _Function) -> str:
    """Return the first line of a function, without its colon."""
    first = ast.unparse(function).partition("\n")[0]
    return first.removesuffix(":")


def _is_skeleton(function: _Function) -> bool:
    """Whether the body only raises NotImplementedError, below a docstring if there is one."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if len(body) != 1 or not isinstance(body[0], ast.Raise) or body[0].exc is None:
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


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
