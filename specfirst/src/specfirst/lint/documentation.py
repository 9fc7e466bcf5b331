"""Rules about descriptions and examples, which readers and fuzzers need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specfirst.contract.directions import Direction
from specfirst.contract.document import Pointer
from specfirst.lint.rules import STYLE, WARNING, Violation, rule
from specfirst.lint.view import Part, View

_DESCRIBED: Mapping[str, tuple[str, ...]] = {
    "operation": ("summary", "description"),
    "parameter": ("description",),
    "response": ("description",),
    "header": ("description",),
    "tag": ("description",),
}


@rule("description", STYLE)
def everything_with_a_name_is_described(view: View) -> Iterator[Violation]:
    """Descriptions become the documentation of the API, of the generated code and of the clients."""
    for kind, fields in _DESCRIBED.items():
        for part in view.of(kind):
            for field in fields:
                if not part.node.get(field, "").strip():
                    yield Violation(part.pointer, f"the {kind} has no {field}", f"add `{field}`")
    for part in view.schemas:
        if part.is_component or part.field == "properties":
            described = part.node if "description" in part.node else view.follow(part).node
            # A boolean schema has no place for a description.
            if isinstance(described, Mapping) and not described.get("description", "").strip():
                kind = "schema" if part.is_component else "property"
                yield Violation(
                    part.pointer, f"the {kind} {part.pointer[-1]!r} has no description", "add `description`"
                )


@rule("example", STYLE)
def bodies_have_an_example(view: View) -> Iterator[Violation]:
    """An example shows readers what a schema means, and is the first request of a fuzzer."""
    successes = {
        response.pointer
        for endpoint in view.endpoints
        for status, response in endpoint.responses.items()
        if status[:1] in "23"
    }
    for owner in view.of("request body", "response"):
        if owner.kind == "request body" or owner.pointer in successes:
            for part in view.children(owner, "media type"):
                if not any(view.examples(part)):
                    yield Violation(part.pointer, f"the {owner.kind} has no example", "add `example`")


_DIRECTIONS: Mapping[str, Direction] = {
    "request body": "request",
    "parameter": "request",
    "response": "response",
}


@rule("valid-example", WARNING)
def examples_and_defaults_are_valid(view: View) -> Iterator[Violation]:
    """An example that violates its own schema misleads readers and tools."""
    for part in view.of("media type", "parameter", "header"):
        owner = part.parent.kind if part.kind == "media type" and part.parent else part.kind
        for schema in view.children(part, "schema"):
            if schema.field == "schema" and isinstance(schema.node, Mapping):
                for pointer, value in view.examples(part):
                    yield from _invalid(view, schema, pointer, value, _DIRECTIONS.get(owner))
    for schema in view.schemas:
        for field in ("default", "example"):
            if field in schema.node:
                yield from _invalid(view, schema, (*schema.pointer, field), schema.node[field])
        for index, value in enumerate(schema.node.get("examples", [])):
            yield from _invalid(view, schema, (*schema.pointer, "examples", str(index)), value)


def _invalid(
    view: View, schema: Part, pointer: Pointer, value: Any, direction: Direction | None = None
) -> Iterator[Violation]:
    for detail in view.validators.errors(schema.node, schema.pointer, value, direction):
        yield Violation(
            (*pointer, *map(str, detail.loc)), f"invalid: {detail.msg}", "correct it, or the schema"
        )
