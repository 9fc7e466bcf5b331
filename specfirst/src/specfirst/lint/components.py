"""Rules about components: their names, and that each is used."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specfirst.contract.document import Pointer, pascal
from specfirst.lint.rules import STYLE, WARNING, Edit, Violation, rule
from specfirst.lint.schemas import GENERATED_NAMES, selected_schema
from specfirst.lint.view import Part, View


@rule("schema-name", STYLE)
def schemas_are_named_like_classes(view: View) -> Iterator[Violation]:
    """Schema names become class names, in modules that contain other names too."""
    taken = dict.fromkeys(GENERATED_NAMES, "a name that generated code uses")
    for endpoint in view.endpoints:
        for status in endpoint.responses:
            if status[:1] in ("2", "3"):
                taken[f"{pascal(endpoint.operation_id)}{status}"] = f"a result of {endpoint.operation_id}"
        for tag in endpoint.part.node.get("tags", [])[:1]:
            taken[f"{pascal(tag)}Operations"] = f"the Protocol of {tag}"
    seen: dict[str, str] = {}
    for name in view.content.get("components", {}).get("schemas", {}):
        pointer = ("components", "schemas", name)
        if not re.fullmatch("[A-Z][A-Za-z0-9]*", name):
            yield Violation(pointer, f"the schema name {name!r} is not PascalCase", "name it like ItemCreate")
        if name in taken:
            yield Violation(pointer, f"the schema name {name!r} is {taken[name]}", "rename it")
        first = seen.setdefault(name.lower(), name)
        if first != name:
            yield Violation(
                pointer, f"the schema names {name!r} and {first!r} differ only in case", "rename one of them"
            )


_TYPES = ("schemas", "parameters", "requestBodies")
"""The sections of `components` that generators make types of."""


@rule("distinct-component-name", WARNING)
def no_two_components_have_one_name(view: View) -> Iterator[Violation]:
    """Generators write the types of all sections into one module, where one name would be two types."""
    seen: dict[str, str] = {}
    for section in _TYPES:
        for name in view.content.get("components", {}).get(section, {}):
            # Two names of schemas that differ only in case are another rule's problem.
            first = seen.setdefault(name.lower(), section)
            if first != section:
                yield Violation(
                    ("components", section, name),
                    f"{name!r} is also the name of a component in {first}",
                    "rename one of them, such as PathBookId for a parameter in the path",
                )


@rule("unused-component", STYLE, recommended=True, needs_all=True, fixable=True)
def components_are_used(view: View) -> Iterator[Violation]:
    """An unused component is not tested, and becomes outdated."""
    roots = [part for part in view.parts.values() if part.parent and part.parent.kind == "document"]
    used = {part.pointer for part in view.reach(part for part in roots if part.kind != "components")}
    used |= {
        ("components", "securitySchemes", name)
        for part in view.of("document", "operation")
        for requirement in part.node.get("security", [])
        for name in requirement
    }
    while selected := _selected(view, used):
        used |= {part.pointer for part in view.reach(selected)}
    for part in view.parts.values():
        if part.is_component and part.pointer not in used:
            yield Violation(
                part.pointer,
                f"the {part.kind} {part.pointer[-1]!r} is not used",
                "use it or remove it",
                (Edit("remove", part.pointer),),
            )


def _selected(view: View, used: set[Pointer]) -> list[Part]:
    """Return the schemas that only discriminators select: those in a mapping, and heirs by `allOf`."""
    bases = {part.pointer for part in view.schemas if "discriminator" in part.node and part.pointer in used}
    found = [
        view.parts[place]
        for pointer in bases
        for name in (view.parts[pointer].node["discriminator"].get("mapping") or {}).values()
        for place in [selected_schema(name)]
        if place in view.parts and place not in used
    ]
    for part in view.schemas:
        if part.field == "allOf" and part.parent and view.target(part) in bases:
            heir = part.parent
            if heir.is_component and heir.pointer not in used:
                found.append(heir)
    return found
