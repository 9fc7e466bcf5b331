"""Rules about operations, and about OpenAPI features that the engine does not support."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specfirst.contract.document import TAKEN_BY_OPERATIONS, Pointer, python_name
from specfirst.lint.rules import ERROR, STYLE, WARNING, Edit, Violation, rule
from specfirst.lint.view import Endpoint, View
from specfirst.problems import did_you_mean

_NO_EFFECT: Mapping[tuple[str, str], str] = {
    ("document", "webhooks"): "describe webhooks in the document of their receiver",
    ("components", "callbacks"): "describe callbacks in the document of who receives them",
    ("operation", "callbacks"): "describe callbacks in the document of who receives them",
    ("link", "operationRef"): "name the operationId",
    (
        "example",
        "externalValue",
    ): "write the value inline: the mock reads no other file or URL for a response",
}

_DIALECTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://spec.openapis.org/oas/3.1/dialect/2024-11-10",
    "https://spec.openapis.org/oas/3.2/dialect/2025-09-17",
)


@rule("unsupported", WARNING)
def no_construct_is_ignored(view: View) -> Iterator[Violation]:
    """The engine does not execute these constructs, so they have no effect on the server."""
    for part in view.parts.values():
        for (kind, field), remedy in _NO_EFFECT.items():
            if part.kind == kind and part.reference is None and field in part.node:
                yield Violation((*part.pointer, field), f"{field} is not supported", remedy)


@rule("schema-dialect", ERROR)
def schemas_are_of_the_dialect_of_openapi(view: View) -> Iterator[Violation]:
    """The engine validates with JSON Schema 2020-12; the keywords of other dialects mean something else."""
    places: list[tuple[Pointer, Any]] = [
        (("jsonSchemaDialect",), view.content.get("jsonSchemaDialect", _DIALECTS[0])),
        *(((*part.pointer, "$schema"), part.node.get("$schema", _DIALECTS[0])) for part in view.schemas),
    ]
    for pointer, dialect in places:
        if isinstance(dialect, str) and dialect.removesuffix("#") not in _DIALECTS:
            yield Violation(
                pointer,
                f"the dialect {dialect!r} is not supported",
                "remove it, and write the schemas in JSON Schema 2020-12",
            )


@rule("operation-id", WARNING, fixable=True)
def operations_have_an_operation_id(view: View) -> Iterator[Violation]:
    """Generators name functions after operationIds, and each invents another name where there is none."""
    taken = {part.node.get("operationId") for part in view.of("operation")}
    for part in [endpoint.part for endpoint in view.endpoints]:
        if not part.node.get("operationId"):
            pointer = (*part.pointer, "operationId")
            name = _supplied_name(part.pointer[-1], part.pointer[1])
            addable = "operationId" not in part.node and name not in taken and part.pointer[0] == "paths"
            taken.add(name)
            yield Violation(
                pointer,
                "there is no operationId",
                "name it like listItems",
                (Edit("insert", pointer, name),) if addable else (),
            )


def _supplied_name(method: str, path: str) -> str:
    """Make an operationId from the method and the path: `GET /things/{id}` is `getThingsId`."""
    words = re.findall(r"[A-Za-z0-9]+", path)
    return method.lower() + ("".join(word[:1].upper() + word[1:] for word in words) or "Root")


@rule("operation-id-case", STYLE)
def operation_ids_are_camel_case(view: View) -> Iterator[Violation]:
    """Functions of servers and clients are named after operationIds; camelCase converts to every style."""
    for part in view.of("operation"):
        name = part.node.get("operationId")
        if name and not re.fullmatch("[a-z][A-Za-z0-9]*", name):
            yield Violation(
                (*part.pointer, "operationId"),
                f"the operationId {name!r} is not camelCase",
                "name it like listItems",
            )


@rule("unique-operation-id", ERROR)
def operation_ids_are_unique(view: View) -> Iterator[Violation]:
    """OpenAPI requires it (section 4.8.10), since links and tools find an operation by its operationId."""
    seen: dict[str, str] = {}
    for part in view.of("operation"):
        name = part.node.get("operationId")
        if isinstance(name, str) and name:
            place = " ".join((part.pointer[-1].upper(), part.pointer[1] if len(part.pointer) > 2 else ""))
            if name in seen:
                yield Violation(
                    (*part.pointer, "operationId"),
                    f"the operationId {name!r} is also that of {seen[name]}",
                    "rename one of them",
                )
            seen.setdefault(name, place)


@rule("python-identifiers", WARNING)
def names_are_apart_in_python(view: View) -> Iterator[Violation]:
    """Names become functions, arguments and attributes; where two would be equal, one gets a number."""
    # Another rule reports operationIds that are equal.
    operations = {
        part.node["operationId"]: (*part.pointer, "operationId")
        for part in reversed(view.of("operation"))
        if isinstance(part.node.get("operationId"), str)
    }
    yield from _collisions(
        "operationId",
        [
            (name, python_name(name, TAKEN_BY_OPERATIONS), pointer)
            for name, pointer in reversed(operations.items())
        ],
    )
    for endpoint in view.endpoints:
        yield from _collisions("parameter", _named(endpoint))
        for response in endpoint.responses.values():
            place = (*response.pointer, "headers")
            yield from _collisions(
                "header",
                [
                    (name, python_name(name.lower()), (*place, name))
                    for name in response.node.get("headers", {})
                ],
            )
    components = view.content.get("components", {})
    for section, kind in (("securitySchemes", "security scheme"), ("responses", "response")):
        names = components.get(section, {})
        yield from _collisions(
            kind, [(name, python_name(name), ("components", section, name)) for name in names]
        )


def _named(endpoint: Endpoint) -> list[tuple[str, str, Pointer]]:
    return [(part.node["name"], python_name(part.node["name"]), part.pointer) for part in endpoint.parameters]


def _collisions(kind: str, names: Iterable[tuple[str, str, Pointer]]) -> Iterator[Violation]:
    seen: dict[str, str] = {}
    for name, identifier, pointer in names:
        if identifier in seen:
            problem = (
                f"the {kind} {name!r} becomes {identifier!r} in Python, like the {kind} {seen[identifier]!r}"
            )
            yield Violation(pointer, problem, "rename one of them")
        seen.setdefault(identifier, name)


@rule("one-tag", STYLE, needs_all=True)
def operations_have_one_tag(view: View) -> Iterator[Violation]:
    """A tag is a module, a Protocol and a class to implement it, and each operation is in one of each."""
    declared = [tag.node["name"] for tag in view.of("tag")]
    for part in view.of("operation"):
        tags, pointer = part.node.get("tags", []), (*part.pointer, "tags")
        if len(tags) != 1:
            yield Violation(pointer, f"the operation has {len(tags)} tags", "use exactly one")
        for tag in tags:
            if not re.fullmatch("[a-z][a-z0-9]*", tag):
                yield Violation(pointer, f"{tag!r} cannot be a module name", "use one lower-case word")
            elif tag not in declared:
                yield Violation(
                    pointer, f"the tag {tag!r} is not declared", "describe it in the `tags` of the document"
                )


@rule("unique-tag", WARNING)
def tags_are_declared_once(view: View) -> Iterator[Violation]:
    """OpenAPI requires it (section 4.8.1), and tools show one of the two descriptions."""
    seen: set[str] = set()
    for tag in view.of("tag"):
        name = tag.node["name"]
        if name in seen:
            yield Violation(tag.pointer, f"the tag {name!r} is declared twice", "remove one of the two")
        seen.add(name)


@rule("tag-parent", WARNING)
def parents_of_tags_are_tags(view: View) -> Iterator[Violation]:
    """OpenAPI 3.2 requires it (section 4.22), and tools build their navigation from the parents."""
    tags = {tag.node["name"]: tag for tag in view.of("tag")}
    parents = {name: tag.node.get("parent") for name, tag in tags.items()}
    for name, tag in tags.items():
        pointer, parent = (*tag.pointer, "parent"), parents[name]
        if parent is None:
            continue
        if parent not in tags:
            yield Violation(pointer, f"unknown tag {parent!r}", "declare it in `tags`, or correct the name")
            continue
        seen = {name}
        while parent in tags and parent not in seen:
            seen.add(parent)
            parent = parents[parent]
        if parent == name:
            yield Violation(pointer, f"the tag {name!r} is above itself", "break the circle")


@rule("bodiless-method", WARNING)
def get_and_delete_have_no_body(view: View) -> Iterator[Violation]:
    """HTTP defines no meaning for such a body, and browsers do not send one with GET."""
    for part in view.of("operation"):
        if part.field in ("get", "delete", "head") and "requestBody" in part.node:
            yield Violation(
                (*part.pointer, "requestBody"),
                f"{part.field.upper()} has a request body",
                "pass parameters, or use another method",
            )


@rule("delete-order", WARNING)
def deletions_are_after_what_they_delete(view: View) -> Iterator[Violation]:
    """Runners of collections send the requests in the order of the document, so later ones would get 404."""
    for index, endpoint in enumerate(view.endpoints):
        if endpoint.method != "DELETE":
            continue
        for other in view.endpoints[index + 1 :]:
            if other.path == endpoint.path or other.path.startswith(endpoint.path.rstrip("/") + "/"):
                yield Violation(
                    endpoint.pointer,
                    f"DELETE {endpoint.path} is before {other.method} {other.path}",
                    "move it after the other operations on this path and on those below it",
                )
                break


@rule("max-body-bytes", ERROR)
def the_body_limit_is_a_positive_integer(view: View) -> Iterator[Violation]:
    """The engine reads its limit from here, and an invalid value would mean no limit."""
    limit = view.content.get("x-max-body-bytes", 1)
    if type(limit) is not int or limit < 1:
        yield Violation(
            ("x-max-body-bytes",),
            f"{limit!r} is not a number of bytes",
            "write a positive integer, such as 65536",
        )


@rule("security-requirement", ERROR, needs_all=True)
def security_requirements_name_declared_schemes(view: View) -> Iterator[Violation]:
    """An undeclared scheme cannot be evaluated."""
    schemes = view.content.get("components", {}).get("securitySchemes", {})
    for part in view.of("document", "operation"):
        for index, requirement in enumerate(part.node.get("security", [])):
            for name in requirement:
                if name not in schemes:
                    yield Violation(
                        (*part.pointer, "security", str(index), name),
                        f"the security scheme {name!r} is not declared",
                        "declare it in components/securitySchemes",
                    )


@rule("oauth-scopes", WARNING, needs_all=True)
def scopes_are_declared(view: View) -> Iterator[Violation]:
    """A token cannot have a scope that no flow of its scheme declares, so every request gets 403."""
    scopes: dict[str, list[str]] = {}
    for part in view.of("security scheme"):
        if part.is_component and part.node.get("type") == "oauth2":
            flows = part.node.get("flows", {}).values()
            scopes[part.pointer[-1]] = [s for flow in flows for s in flow.get("scopes", {})]
    for part in view.of("document", "operation"):
        for index, requirement in enumerate(part.node.get("security", [])):
            for name, needed in requirement.items():
                for place, scope in enumerate(needed if name in scopes else ()):
                    if scope not in scopes[name]:
                        yield Violation(
                            (*part.pointer, "security", str(index), name, str(place)),
                            f"no flow of the security scheme {name!r} declares the scope {scope!r}",
                            did_you_mean(scope, scopes[name]) or "declare it in `scopes` of the flows",
                        )
