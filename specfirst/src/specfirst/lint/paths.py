"""Rules about paths and parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specfirst.contract.document import SEGMENT, DocumentError
from specfirst.lint.rules import Problem, rule
from specfirst.lint.view import Part, View, single_type

_SEGMENT = re.compile(rf"\{{[A-Za-z_][A-Za-z0-9_]*\}}|{SEGMENT.pattern}")
_SCALARS = ("string", "integer", "number", "boolean")
_IGNORED_HEADERS = ("accept", "content-type", "authorization")


@rule("path-template")
def each_segment_is_a_text_or_a_parameter(view: View) -> Iterator[Problem]:
    """Tools differ on `{a}.{b}`, on escapes and on empty segments; all agree on whole segments."""
    for path in view.document.content.get("paths", {}):
        segments = path.removesuffix("/").split("/")[1:]
        parameters = [segment for segment in segments if segment.startswith("{")]
        if path.startswith("x-") or not all(map(_SEGMENT.fullmatch, segments)):
            yield Problem(
                ("paths", path),
                f"the path {path!r} has a segment that is neither plain text nor a whole {{parameter}}",
                "write segments without escapes, or `{name}` with letters, digits and underscores",
            )
        elif len(parameters) > len(set(parameters)):
            yield Problem(
                ("paths", path),
                "the path has two parameters with one name",
                "give each parameter a name of its own",
            )


@rule("path-parameters")
def templates_and_path_parameters_agree(view: View) -> Iterator[Problem]:
    """A segment needs a parameter for its schema, and a parameter needs a segment for its value."""
    for operation in view.operations:
        named = re.findall(r"\{([^{}]*)\}", operation.path)
        declared = {parameter.name: parameter for parameter in operation.located("path")}
        for name in named:
            if name not in declared:
                yield Problem(
                    operation.pointer,
                    f"the path parameter {name!r} is not declared",
                    "declare it with `in: path` and `required: true`, or remove it from the path",
                )
        for name, parameter in declared.items():
            if name not in named:
                yield Problem(
                    parameter.pointer,
                    f"the path parameter {name!r} is not in the path {operation.path}",
                    f"write {{{name}}} into the path, or remove the parameter",
                )


@rule("distinct-paths")
def paths_differ_by_more_than_parameter_names(view: View) -> Iterator[Problem]:
    """Only one of two such paths would be reachable."""
    seen: dict[str, str] = {}
    for path in view.document.content.get("paths", {}):
        first = seen.setdefault(re.sub(r"\{[^{}]*\}", "{}", path), path)
        if first != path:
            yield Problem(
                ("paths", path), f"the path matches what {first} matches", "merge the two path items"
            )


@rule("servers")
def paths_of_servers_can_be_served(view: View) -> Iterator[Problem]:
    """The engine serves the operations below the path of a server, because clients call them there."""
    try:
        bases = view.document.base_paths
    except DocumentError as error:
        yield Problem(error.pointer, error.problem, error.remedy)
        return
    seen: dict[str, str] = {}
    for base in bases:
        for path in view.document.content.get("paths", {}):
            first = seen.setdefault(re.sub(r"\{[^{}]*\}", "{}", base + path), base)
            if first != base:
                yield Problem(
                    ("servers",),
                    f"the path {path} below the server {base or '/'} is also a path below {first or '/'}",
                    "give the servers the same path, or paths of which none begins with another",
                )


@rule("trailing-slash")
def paths_do_not_end_in_a_slash(view: View) -> Iterator[Problem]:
    """The engine does not redirect, so clients that omit the trailing slash would get 404."""
    for path in view.document.content.get("paths", {}):
        if path != "/" and path.endswith("/"):
            yield Problem(("paths", path), "the path ends in a slash", "remove the slash")


@rule("repeated-parameter")
def a_list_names_no_parameter_twice(view: View) -> Iterator[Problem]:
    """The later one would silently replace the earlier one."""
    for part in view.of("path item", "operation"):
        seen: set[tuple[str, str]] = set()
        for child in view.children(part, "parameter"):
            node = view.follow(child).node
            name, location = node["name"], node["in"]
            key = (location, name.lower() if location == "header" else name)
            if key in seen:
                yield Problem(
                    child.pointer,
                    f"the {location} parameter {name!r} is declared twice",
                    "remove one of the two",
                )
            seen.add(key)


@rule("parameter-schema")
def parameters_are_scalars(view: View) -> Iterator[Problem]:
    """URLs, headers and cookies contain text, and only scalars have a single textual form."""
    for part in view.of("parameter", "header"):
        for schema in view.children(part, "schema"):
            in_query = part.node.get("in") == "query"
            if not _is_scalar(view, schema) and not (in_query and _is_array_of_scalars(view, schema)):
                yield Problem(
                    schema.pointer,
                    f"the {part.kind} is not a scalar",
                    "set its type to string, integer, number or boolean"
                    + (", or to an array of these" if in_query else ""),
                )


def _is_scalar(view: View, schema: Part) -> bool:
    node = view.follow(schema).node
    return isinstance(node, dict) and node.get("type") in _SCALARS


def _is_array_of_scalars(view: View, schema: Part) -> bool:
    array = view.follow(schema)
    items = [child for child in view.children(array) if child.field == "items"]
    return single_type(array.node) == "array" and all(_is_scalar(view, item) for item in items)


@rule("header-parameter")
def no_header_parameter_is_one_that_openapi_ignores(view: View) -> Iterator[Problem]:
    """OpenAPI ignores header parameters with these names, since other fields describe them."""
    for part in view.of("parameter"):
        if part.node["in"] == "header" and part.node["name"].lower() in _IGNORED_HEADERS:
            yield Problem(
                part.pointer,
                f"the header parameter {part.node['name']} is ignored",
                "describe it by the media types of bodies or by a security scheme",
            )
