"""Rules about bodies, responses and links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from specfirst.contract.document import Document, DocumentError, Operation
from specfirst.lint.rules import Problem, rule
from specfirst.lint.view import Part, View, target
from specfirst.runtime.observation import supplied_headers

_BODILESS = (204, 205, 304)
_LINKED_METHODS = ("get", "put", "patch", "delete")


@rule("declared-statuses")
def statuses_that_the_engine_answers_are_declared(view: View) -> Iterator[Problem]:
    """The engine sends these statuses itself, and generated clients only know declared responses."""
    for operation in view.operations:
        for status, reason in _engine_statuses(operation):
            if status not in operation.responses:
                yield Problem(
                    (*operation.pointer, "responses"),
                    f"{operation.method.upper()} {operation.path} does not declare {status}",
                    f"add the response: {reason}",
                )


def _engine_statuses(operation: Operation) -> Iterator[tuple[int, str]]:
    yield 422, "it is the response to invalid parameters and undeclared query parameters"
    yield 500, "it is the response when the server fails"
    if operation.body:
        yield 400, "it is the response to a body that is not JSON"
        yield 413, "it is the response to a body that is too large"
        yield 415, "it is the response to a body of another media type"
    if operation.conditional:
        yield 304, "it is the response to If-None-Match with the current ETag"
        yield 412, "it is the response to If-Match without the current ETag"
    if any(operation.security):
        yield 401, "it is the response to a request without a valid credential"
        scopes = any(scopes for requirement in operation.security for scopes in requirement.values())
        if scopes or operation.located("path"):
            yield 403, "it is the response to a caller who may not use the resource"


@rule("success-status")
def successes_can_be_typed(view: View) -> Iterator[Problem]:
    """The success responses define an operation's return type, and HTTP allows no body for some statuses."""
    for operation in view.operations:
        if not any(200 <= status < 400 for status in operation.responses):
            yield Problem(
                (*operation.pointer, "responses"),
                "the operation declares no success response",
                "declare a 2xx response",
            )
        for status, response in operation.responses.items():
            if status < 200:
                yield Problem(
                    response.pointer,
                    f"{status} is not a final response",
                    "remove it: the HTTP server sends it",
                )
            elif status in _BODILESS and response.media_type:
                yield Problem(
                    (*response.pointer, "content"),
                    f"{status} cannot have a body",
                    "remove the content, or use 200",
                )


@rule("response-headers")
def headers_of_every_answer_can_be_supplied(view: View) -> Iterator[Problem]:
    """The server adds these headers itself, so it must know their values."""
    try:
        supplied_headers(view.document)
    except DocumentError as error:
        yield Problem(error.pointer, error.problem, error.remedy)


@rule("challenge")
def unauthorized_says_how_to_authenticate(view: View) -> Iterator[Problem]:
    """HTTP requires the header with every 401 (RFC 9110, section 15.5.2)."""
    for operation in view.operations:
        response = operation.responses.get(401)
        headers = {h.name.lower(): h for h in response.headers} if response else {}
        header = headers.get("www-authenticate")
        if response and not (header and header.required):
            yield Problem(
                response.pointer,
                "the response 401 does not declare WWW-Authenticate as required",
                "declare the header with `required: true`",
            )


@rule("named-body")
def bodies_are_named(view: View) -> Iterator[Problem]:
    """Types are generated from named schemas, so a body without a name would have no type."""
    for part in view.of("media type"):
        for schema in view.children(part, "schema"):
            if schema.reference is None:
                yield Problem(
                    schema.pointer,
                    "the body's schema has no name",
                    "move it to components/schemas and refer to it",
                )


@rule("create-links")
def creating_links_to_what_can_be_done_next(view: View) -> Iterator[Problem]:
    """Links tell fuzzers and readers which operations take the id of a created resource."""
    for operation in view.operations:
        if operation.method != "post" or 201 not in operation.responses:
            continue
        child = re.compile(re.escape(operation.path.rstrip("/")) + r"/\{[^/]*\}")
        linked = {link.node.get("operationId") for link in _links(view, operation, 201)}
        for other in view.operations:
            if (
                child.fullmatch(other.path)
                and other.method in _LINKED_METHODS
                and other.operation_id not in linked
            ):
                yield Problem(
                    operation.responses[201].pointer,
                    f"the response 201 has no link to {other.operation_id}",
                    f"add a link with `operationId: {other.operation_id}` and its parameters",
                )


@rule("link-target")
def links_can_be_followed(view: View) -> Iterator[Problem]:
    """Tools silently ignore a link without a valid operation or parameter."""
    operations = {operation.operation_id: operation for operation in view.operations}
    known = {part.node.get("operationId") for part in view.of("operation")}
    for source in view.operations:
        for status in source.responses:
            for link in _links(view, source, status):
                name = link.node.get("operationId")
                if name is not None and name not in known:
                    yield Problem(
                        (*link.pointer, "operationId"),
                        f"unknown operation {name!r} in a link",
                        "correct the operationId",
                    )
                elif name in operations:
                    yield from _link_parameters(view, link, source, status, operations[name])


def _link_parameters(
    view: View, link: Part, source: Operation, status: int, called: Operation
) -> Iterator[Problem]:
    given: Mapping[str, Any] = link.node.get("parameters", {})
    names = {parameter.name: parameter for parameter in called.parameters}
    names |= {f"{parameter.location}.{parameter.name}": parameter for parameter in called.parameters}
    for name, expression in given.items():
        pointer = (*link.pointer, "parameters", name)
        if name not in names:
            yield Problem(
                pointer,
                f"{called.operation_id} has no parameter {name!r}",
                "use one of its parameters, such as path.id",
            )
        if not _has_value(view, expression, source, status):
            yield Problem(
                pointer,
                f"{expression!r} refers to nothing in the request or response",
                "write $request.path.NAME or $response.body#/POINTER, to a value that is always present",
            )
    passed = {names[name].pointer for name in given if name in names}
    for parameter in called.parameters:
        if parameter.required and parameter.pointer not in passed:
            yield Problem(
                link.pointer,
                f"the link does not pass {parameter.name!r}, which {called.operation_id} requires",
                f"add `{parameter.location}.{parameter.name}` to its parameters",
            )


def _has_value(view: View, expression: Any, source: Operation, status: int) -> bool:
    """Return whether a runtime expression (OpenAPI 3.1, section 4.8.20.4) has a value."""
    if not isinstance(expression, str):
        return True
    match re.split(r"[.#]", expression, maxsplit=2):
        case ["$request", ("path" | "query" | "header") as location, name]:
            return any(parameter.name == name for parameter in source.located(location))
        case ["$response", "header", name]:
            return any(header.name == name for header in source.responses[status].headers)
        case ["$response", "body", pointer]:
            return _in_examples(view, source, status, pointer)
    return True


def _in_examples(view: View, source: Operation, status: int, pointer: str) -> bool:
    """Return whether the pointer exists in the response's examples, which are valid responses."""
    for media_type in view.children(view.parts[source.responses[status].pointer], "media type"):
        for _, value in view.examples(media_type):
            try:
                Document({"value": value}).get(("value", *target("#" + pointer)))
            except (KeyError, IndexError, ValueError, TypeError):
                return False
    return True


def _links(view: View, operation: Operation, status: int) -> list[Part]:
    response = view.parts[operation.responses[status].pointer]
    return [view.follow(link) for link in view.children(response, "link")]
