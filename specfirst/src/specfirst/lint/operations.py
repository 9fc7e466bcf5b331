"""Rules about operations, and about OpenAPI features that the engine does not support."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from specfirst.contract.document import TAKEN_BY_OPERATIONS, Pointer, python_name
from specfirst.lint.rules import Problem, rule
from specfirst.lint.view import View

_ENGINE_ANSWERS = "remove it: the engine implements HEAD for every GET and OPTIONS for every path"

_REFUSED: Mapping[tuple[str, str], str] = {
    ("document", "webhooks"): "describe webhooks in the document of their receiver",
    ("document", "jsonSchemaDialect"): "remove it: schemas are JSON Schema 2020-12",
    ("components", "callbacks"): "describe callbacks in the document of who receives them",
    ("components", "pathItems"): "move the operations to `paths`: an operationId cannot be at two paths",
    ("path item", "servers"): "name the servers at the root",
    ("path item", "head"): _ENGINE_ANSWERS,
    ("path item", "options"): _ENGINE_ANSWERS,
    ("path item", "trace"): "remove it: the engine does not support TRACE",
    ("operation", "servers"): "name the servers at the root",
    ("operation", "callbacks"): "describe callbacks in the document of who receives them",
    ("parameter", "allowEmptyValue"): "remove it: the schema defines whether a value may be empty",
    ("header", "content"): "give the header a schema",
    ("media type", "encoding"): "remove it: bodies are JSON",
    ("link", "operationRef"): "name the operationId",
    ("example", "externalValue"): "write the value inline, where it can be checked",
}


@rule("unsupported")
def no_construct_is_ignored(view: View) -> Iterator[Problem]:
    """A construct that neither the generator nor the engine supports would have no effect."""
    for part in view.parts.values():
        for (kind, field), remedy in _REFUSED.items():
            if part.kind == kind and field in part.node:
                yield Problem((*part.pointer, field), f"{field} is not supported", remedy)


@rule("readable")
def operations_can_be_read(view: View) -> Iterator[Problem]:
    """Neither the generator nor the engine can express what the document's reader cannot."""
    for error in view.unreadable:
        yield Problem(error.pointer, error.problem, error.remedy)


@rule("operation-id")
def operation_ids_are_camel_case(view: View) -> Iterator[Problem]:
    """Functions of servers and clients are named after operationIds; camelCase converts to every style."""
    for part in view.of("operation"):
        name = part.node.get("operationId")
        if name is None or not re.fullmatch("[a-z][A-Za-z0-9]*", name):
            problem = f"the operationId {name!r} is not camelCase" if name else "there is no operationId"
            yield Problem((*part.pointer, "operationId"), problem, "name it like listItems")


@rule("unique-operation-id")
def operation_ids_are_unique(view: View) -> Iterator[Problem]:
    """Two operations with one Python name would be one function, even if their operationIds differ."""
    parts = [part for part in view.of("operation") if "operationId" in part.node]
    names = [(part.node["operationId"], (*part.pointer, "operationId")) for part in parts]
    yield from _collisions(
        "operationId", [(name, python_name(name, TAKEN_BY_OPERATIONS), pointer) for name, pointer in names]
    )


@rule("python-identifiers")
def names_are_apart_in_python(view: View) -> Iterator[Problem]:
    """Names in the contract become arguments, attributes and constants."""
    for operation in view.operations:
        yield from _collisions("parameter", [(p.name, p.identifier, p.pointer) for p in operation.parameters])
        for response in operation.responses.values():
            place = (*response.pointer, "headers")
            yield from _collisions(
                "header", [(h.name, h.identifier, (*place, h.name)) for h in response.headers]
            )
    components = view.document.content.get("components", {})
    for section, kind in (("securitySchemes", "security scheme"), ("responses", "response")):
        names = components.get(section, {})
        yield from _collisions(
            kind, [(name, python_name(name), ("components", section, name)) for name in names]
        )


def _collisions(kind: str, names: Iterable[tuple[str, str, Pointer]]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, identifier, pointer in names:
        if identifier in seen:
            problem = (
                f"the {kind} {name!r} becomes {identifier!r} in Python, like the {kind} {seen[identifier]!r}"
            )
            yield Problem(pointer, problem, "rename one of them")
        seen.setdefault(identifier, name)


@rule("one-tag")
def operations_have_one_tag(view: View) -> Iterator[Problem]:
    """A tag is a module, a Protocol and a class to implement it, and each operation is in one of each."""
    declared = [tag.node["name"] for tag in view.of("tag")]
    for part in view.of("operation"):
        tags, pointer = part.node.get("tags", []), (*part.pointer, "tags")
        if len(tags) != 1:
            yield Problem(pointer, f"the operation has {len(tags)} tags", "use exactly one")
        for tag in tags:
            if not re.fullmatch("[a-z][a-z0-9]*", tag):
                yield Problem(pointer, f"{tag!r} cannot be a module name", "use one lower-case word")
            elif tag not in declared:
                yield Problem(
                    pointer, f"the tag {tag!r} is not declared", "describe it in the `tags` of the document"
                )
    for index, tag in enumerate(view.of("tag")):
        if declared[index] in declared[:index]:
            yield Problem(
                tag.pointer, f"the tag {declared[index]!r} is declared twice", "remove one of the two"
            )


@rule("bodiless-method")
def get_and_delete_have_no_body(view: View) -> Iterator[Problem]:
    """HTTP defines no meaning for such a body, and browsers do not send one with GET."""
    for part in view.of("operation"):
        if part.field in ("get", "delete") and "requestBody" in part.node:
            yield Problem(
                (*part.pointer, "requestBody"),
                f"{part.field.upper()} has a request body",
                "pass parameters, or use another method",
            )


@rule("max-body-bytes")
def the_body_limit_is_a_positive_integer(view: View) -> Iterator[Problem]:
    """The engine reads its limit from here, and an invalid value would mean no limit."""
    limit = view.document.content.get("x-max-body-bytes", 1)
    if type(limit) is not int or limit < 1:
        yield Problem(
            ("x-max-body-bytes",),
            f"{limit!r} is not a number of bytes",
            "write a positive integer, such as 65536",
        )


@rule("security-scheme")
def security_schemes_can_be_evaluated(view: View) -> Iterator[Problem]:
    """Operations with a scheme that the engine does not support would be open or closed to every caller."""
    for part in view.of("security scheme"):
        match part.node:
            case {"type": "oauth2" | "openIdConnect"} | {"type": "apiKey", "in": "header" | "cookie"}:
                continue
            case {"type": "http", "scheme": str(scheme)} if scheme.lower() in ("bearer", "basic"):
                continue
        yield Problem(
            part.pointer,
            f"the engine does not support the security scheme {part.pointer[-1]!r}",
            "use http bearer or basic, apiKey in a header or cookie, oauth2 or openIdConnect",
        )


@rule("security-requirement")
def security_requirements_name_declared_schemes(view: View) -> Iterator[Problem]:
    """An undeclared scheme cannot be evaluated."""
    for part in view.of("document", "operation"):
        for index, requirement in enumerate(part.node.get("security", [])):
            for name in requirement:
                if name not in view.document.security_schemes:
                    yield Problem(
                        (*part.pointer, "security", str(index), name),
                        f"the security scheme {name!r} is not declared",
                        "declare it in components/securitySchemes",
                    )
