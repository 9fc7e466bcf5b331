"""Rules about bodies, responses and links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from specfirst.contract.document import DocumentError, MediaType
from specfirst.contract.shapes import text_shape
from specfirst.lint.rules import ERROR, STYLE, WARNING, Edit, Violation, rule
from specfirst.lint.view import Endpoint, Part, View, target
from specfirst.runtime.observation import supplied_headers

_BODILESS = ("204", "205", "304")
_LINKED_METHODS = ("GET", "PUT", "PATCH", "DELETE")


@rule("declared-statuses", WARNING)
def statuses_that_the_engine_answers_are_declared(view: View) -> Iterator[Violation]:
    """The engine sends these statuses itself, and generated clients only know declared responses."""
    for endpoint in view.endpoints:
        missing = [(s, r) for s, r in sorted(_engine_statuses(endpoint)) if endpoint.response(s) is None]
        if missing:
            statuses = ", ".join(str(status) for status, _ in missing)
            reasons = "; ".join(f"{status} is for {reason}" for status, reason in missing)
            yield Violation(
                (*endpoint.pointer, "responses"),
                f"{endpoint.method} {endpoint.path} does not declare {statuses}",
                f"add the responses, or `default`: {reasons}",
            )


def _engine_statuses(endpoint: Endpoint) -> Iterator[tuple[int, str]]:
    yield 422, "invalid parameters and undeclared query parameters"
    yield 500, "failures of the server"
    if endpoint.body:
        yield 400, "a body that is not JSON"
        yield 413, "a body that is too large"
        yield 415, "a body of another media type"
    if _is_conditional(endpoint):
        yield 304, "If-None-Match with the current ETag"
        yield 412, "If-Match without the current ETag"
    if any(endpoint.security):
        yield 401, "requests without a valid credential"
        scopes = any(scopes for requirement in endpoint.security for scopes in requirement.values())
        if scopes or endpoint.located("path"):
            yield 403, "callers who may not use the resource"


def _is_conditional(endpoint: Endpoint) -> bool:
    """Return whether the engine evaluates If-Match and If-None-Match: for GET with an ETag."""
    successes = [response for status, response in endpoint.responses.items() if status.startswith("2")]
    names = {name.lower() for response in successes for name in response.node.get("headers", {})}
    return endpoint.method == "GET" and "etag" in names


@rule("success-response", ERROR)
def operations_can_succeed(view: View) -> Iterator[Violation]:
    """The success responses define an operation's return type: without any, it cannot be implemented."""
    for endpoint in view.endpoints:
        if not any(status[:1] in "23" or status == "default" for status in endpoint.responses):
            yield Violation(
                (*endpoint.pointer, "responses"),
                "the operation declares no success response",
                "declare a 2xx response, or `default`",
            )


@rule("success-status", WARNING, fixable=True)
def successes_are_final_and_have_possible_bodies(view: View) -> Iterator[Violation]:
    """The HTTP server sends 1xx responses itself, and HTTP allows no body for some statuses."""
    for endpoint in view.endpoints:
        for status, response in endpoint.responses.items():
            if status.startswith("1"):
                yield Violation(
                    response.pointer,
                    f"{status} is not a final response",
                    "remove it: the HTTP server sends it",
                )
            elif status in _BODILESS and response.node.get("content"):
                # A component may be the response of other statuses too.
                inline = response.pointer[: len(endpoint.pointer)] == endpoint.pointer
                yield Violation(
                    (*response.pointer, "content"),
                    f"{status} cannot have a body",
                    "remove the content, or use 200",
                    (Edit("remove", (*response.pointer, "content")),) if inline else (),
                )


@rule("response-headers", ERROR)
def headers_of_every_answer_can_be_supplied(view: View) -> Iterator[Violation]:
    """The server adds these headers itself, so it must know their values."""
    try:
        supplied_headers(view.document)
    except DocumentError as error:
        yield Violation(error.pointer, error.problem, error.remedy)


@rule("challenge", STYLE)
def unauthorized_says_how_to_authenticate(view: View) -> Iterator[Violation]:
    """HTTP requires the header with every 401 (RFC 9110, section 15.5.2)."""
    for endpoint in view.endpoints:
        response = endpoint.responses.get("401")
        if response is None:
            continue
        headers = [
            view.follow(header)
            for header in view.children(response, "header")
            if header.pointer[-1].lower() == "www-authenticate"
        ]
        if not any(header.node.get("required") for header in headers):
            yield Violation(
                response.pointer,
                "the response 401 does not declare WWW-Authenticate as required",
                "declare the header with `required: true`",
            )


@rule("named-body", STYLE)
def bodies_are_named(view: View) -> Iterator[Violation]:
    """Types are generated from named schemas, so a body without a name would have no type."""
    for part in view.of("media type"):
        for schema in view.children(part, "schema"):
            if schema.reference is None:
                yield Violation(
                    schema.pointer,
                    "the body's schema has no name",
                    "move it to components/schemas and refer to it",
                )


@rule("inline-body", WARNING)
def bodies_and_successes_are_inline(view: View) -> Iterator[Violation]:
    """Some generators do not follow these references: they send no media type, and do not read the JSON."""
    for endpoint in view.endpoints:
        for part in view.children(endpoint.part):
            success = part.kind == "response" and part.pointer[-1].startswith("2")
            if part.reference is not None and (part.kind == "request body" or success):
                yield Violation(
                    part.pointer,
                    f"the {part.kind} is a reference",
                    "write it here, and share only its schema; errors may be references",
                )


@rule("text-schema", WARNING)
def texts_have_the_schema_of_a_text(view: View) -> Iterator[Violation]:
    """A schema describes JSON; XML and CSV of an object or a list are passed on without validation."""
    for part in view.of("media type"):
        schema = part.node.get("schema")
        if part.pointer[-2:-1] != ("content",):
            continue
        content = MediaType(part.pointer[-1], schema, None, {}, part.pointer)
        if content.codec == "text" and schema is not None and text_shape(view.document, content) is None:
            yield Violation(
                (*part.pointer, "schema"),
                f"the engine does not validate {content.essence} with the schema of an object or a list",
                "write `type: string`, or add a JSON media type",
            )


@rule("create-links", STYLE, needs_all=True)
def creating_links_to_what_can_be_done_next(view: View) -> Iterator[Violation]:
    """Links tell fuzzers and readers which operations take the id of a created resource."""
    children: dict[str, list[Endpoint]] = {}
    for endpoint in view.endpoints:
        parent, _, last = endpoint.path.rpartition("/")
        if re.fullmatch(r"\{[^/]*\}", last) and endpoint.method in _LINKED_METHODS:
            children.setdefault(parent, []).append(endpoint)
    for endpoint in view.endpoints:
        if endpoint.method != "POST" or "201" not in endpoint.responses:
            continue
        linked = {link.node.get("operationId") for link in _links(view, endpoint, "201")}
        for other in children.get(endpoint.path.rstrip("/"), []):
            if other.operation_id not in linked:
                yield Violation(
                    endpoint.responses["201"].pointer,
                    f"the response 201 has no link to {other.operation_id}",
                    f"add a link with `operationId: {other.operation_id}` and its parameters",
                )


@rule("link-target", WARNING, needs_all=True)
def links_can_be_followed(view: View) -> Iterator[Violation]:
    """Tools silently ignore a link without a valid operation or parameter."""
    endpoints = {endpoint.operation_id: endpoint for endpoint in view.endpoints}
    known = {part.node.get("operationId") for part in view.of("operation")}
    for source in view.endpoints:
        for status in source.responses:
            for link in _links(view, source, status):
                name = link.node.get("operationId")
                if name is not None and name not in known:
                    yield Violation(
                        (*link.pointer, "operationId"),
                        f"unknown operation {name!r} in a link",
                        "correct the operationId",
                    )
                elif name in endpoints:
                    yield from _link_parameters(view, link, source, status, endpoints[name])


def _link_parameters(
    view: View, link: Part, source: Endpoint, status: str, called: Endpoint
) -> Iterator[Violation]:
    given: Mapping[str, Any] = link.node.get("parameters", {})
    names = {parameter.node["name"]: parameter for parameter in called.parameters}
    names |= {f"{p.node['in']}.{p.node['name']}": p for p in called.parameters}
    for name, expression in given.items():
        pointer = (*link.pointer, "parameters", name)
        if name not in names:
            yield Violation(
                pointer,
                f"{called.operation_id} has no parameter {name!r}",
                "use one of its parameters, such as path.id",
            )
        if not _has_value(view, expression, source, status):
            yield Violation(
                pointer,
                f"{expression!r} refers to nothing in the request or response",
                "write $request.path.NAME or $response.body#/POINTER, to a value that is always present",
            )
    passed = {names[name].pointer for name in given if name in names}
    for parameter in called.parameters:
        if parameter.node.get("required") and parameter.pointer not in passed:
            name = parameter.node["name"]
            yield Violation(
                link.pointer,
                f"the link does not pass {name!r}, which {called.operation_id} requires",
                f"add `{parameter.node['in']}.{name}` to its parameters",
            )


def _has_value(view: View, expression: Any, source: Endpoint, status: str) -> bool:
    """Return whether a runtime expression (OpenAPI 3.1, section 4.8.20.4) has a value."""
    if not isinstance(expression, str):
        return True
    match re.split(r"[.#]", expression, maxsplit=2):
        case ["$request", ("path" | "query" | "header") as location, name]:
            return any(parameter.node["name"] == name for parameter in source.located(location))
        case ["$response", "header", name]:
            return name.lower() in {
                header.lower() for header in source.responses[status].node.get("headers", {})
            }
        case ["$response", "body", pointer]:
            return _in_examples(view, source, status, pointer)
    return True


def _in_examples(view: View, source: Endpoint, status: str, pointer: str) -> bool:
    """Return whether the pointer exists in the response's examples, which are valid responses."""
    for media_type in view.children(source.responses[status], "media type"):
        for _, value in view.examples(media_type):
            try:
                for token in target("#" + pointer):
                    value = value[int(token)] if isinstance(value, list) else value[token]
            except (KeyError, IndexError, ValueError, TypeError):
                return False
    return True


def _links(view: View, endpoint: Endpoint, status: str) -> list[Part]:
    return [view.follow(link) for link in view.children(endpoint.responses[status], "link")]
