"""Rules about components: their names, and that each is used."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specfirst.contract.document import pascal
from specfirst.lint.rules import Problem, rule
from specfirst.lint.schemas import GENERATED_NAMES
from specfirst.lint.view import View


@rule("schema-name")
def schemas_are_named_like_classes(view: View) -> Iterator[Problem]:
    """Schema names become class names, in modules that contain other names too."""
    taken = dict.fromkeys(GENERATED_NAMES, "a name that generated code uses")
    for operation in view.operations:
        results = [f"{pascal(operation.operation_id)}{response.status}" for response in operation.results]
        taken |= dict.fromkeys(results, f"a result of {operation.operation_id}")
        taken[f"{pascal(operation.tag)}Operations"] = f"the Protocol of {operation.tag}"
    seen: dict[str, str] = {}
    for name in view.document.schemas:
        pointer = ("components", "schemas", name)
        if not re.fullmatch("[A-Z][A-Za-z0-9]*", name):
            yield Problem(pointer, f"the schema name {name!r} is not PascalCase", "name it like ItemCreate")
        if name in taken:
            yield Problem(pointer, f"the schema name {name!r} is {taken[name]}", "rename it")
        first = seen.setdefault(name.lower(), name)
        if first != name:
            yield Problem(
                pointer, f"the schema names {name!r} and {first!r} differ only in case", "rename one of them"
            )


@rule("unused-component")
def components_are_used(view: View) -> Iterator[Problem]:
    """An unused component is not tested, and becomes outdated."""
    used = {part.pointer for part in view.reach(view.of("path item"))}
    used |= {
        ("components", "securitySchemes", name)
        for part in view.of("document", "operation")
        for requirement in part.node.get("security", [])
        for name in requirement
    }
    for part in view.parts.values():
        if part.is_component and part.pointer not in used:
            yield Problem(
                part.pointer, f"the {part.kind} {part.pointer[-1]!r} is not used", "use it or remove it"
            )
