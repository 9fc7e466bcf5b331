"""Rules about servers, paths and parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specfirst.contract.document import SEGMENT, DocumentError, Pointer
from specfirst.lint.rules import ERROR, STYLE, WARNING, Edit, Violation, rule
from specfirst.lint.view import Part, View, single_type

_PLAIN = re.compile(rf"\{{[A-Za-z_][A-Za-z0-9_]*\}}|{SEGMENT.pattern}")
_EXPRESSION = re.compile(r"\{([^{}]*)\}")
_SCALARS = ("string", "integer", "number", "boolean")
_IGNORED_HEADERS = ("accept", "content-type", "authorization")


@rule("path-template", ERROR)
def templates_can_be_matched(view: View) -> Iterator[Violation]:
    """A request's path is compared with the template, so braces must be closed and names must be unique."""
    for path in view.paths:
        names = _EXPRESSION.findall(path)
        rest = _EXPRESSION.sub("", path)
        if "{" in rest or "}" in rest:
            problem, remedy = "a brace is not part of a {parameter}", "write each parameter as `{name}`"
        elif not all(names):
            problem, remedy = "a parameter has no name", "write a name between the braces"
        elif len(names) > len(set(names)):
            problem = "the path has two parameters with one name"
            remedy = "give each parameter a name of its own"
        elif "}{" in path:
            problem = "two parameters are next to each other, so that a path cannot be divided between them"
            remedy = "write a text between them"
        else:
            continue
        yield Violation(("paths", path), problem, remedy)


@rule("path-segments", WARNING)
def segments_survive_clients(view: View) -> Iterator[Violation]:
    """Clients and proxies remove dot segments, fragments and often empty segments from a path."""
    for path in view.paths:
        if re.search("[?#]", _EXPRESSION.sub("", path)):
            yield Violation(
                ("paths", path),
                "the path contains a query or a fragment, so no request reaches it",
                "declare query parameters in `parameters`, and remove fragments",
            )
        segments = re.split("/", path.removesuffix("/"))[1:]
        for segment in segments:
            if _is_removed(segment):
                yield Violation(
                    ("paths", path),
                    f"the path has the segment {segment!r}" if segment else "the path has an empty segment",
                    "remove the segment",
                )


def _is_removed(segment: str) -> bool:
    return re.sub("%2[eE]", ".", segment) in ("", ".", "..")


@rule("plain-path", STYLE)
def each_segment_is_a_text_or_a_parameter(view: View) -> Iterator[Violation]:
    """Tools differ on `{a}.{b}` and on escapes; all agree on plain text, and on whole parameters."""
    for path in view.paths:
        segments = path.removesuffix("/").split("/")[1:]
        # Other rules report dot segments, and braces that cannot be matched.
        odd = [s for s in segments if not (_PLAIN.fullmatch(s) or _is_removed(s))]
        if any(not re.search("[{}?#]", _EXPRESSION.sub("", s)) and not re.search("{}|}{", s) for s in odd):
            yield Violation(
                ("paths", path),
                f"the path {path!r} has a segment that is neither plain text nor a whole {{parameter}}",
                "write segments without escapes, or `{name}` with letters, digits and underscores",
            )


@rule("path-parameters", ERROR)
def path_parameters_have_a_value(view: View) -> Iterator[Violation]:
    """A path parameter takes its value from the template; without a place there, it can never have one."""
    for endpoint in view.endpoints:
        names = _EXPRESSION.findall(endpoint.path)
        for parameter in endpoint.located("path"):
            name = parameter.node.get("name")
            if name not in names:
                yield Violation(
                    parameter.pointer,
                    f"the path parameter {name!r} is not in the path {endpoint.path}",
                    f"write {{{name}}} into the path, or remove the parameter",
                )


@rule("undeclared-parameter", WARNING)
def parameters_of_templates_are_declared(view: View) -> Iterator[Violation]:
    """OpenAPI requires a declaration; without one, the value is a string of any form, and tools may fail."""
    for endpoint in view.endpoints:
        declared = {parameter.node.get("name") for parameter in endpoint.located("path")}
        for name in dict.fromkeys(_EXPRESSION.findall(endpoint.path)):
            if name and name not in declared:
                yield Violation(
                    endpoint.pointer,
                    f"the path parameter {name!r} is not declared",
                    "declare it with `in: path` and `required: true`, or remove it from the path",
                )


@rule("distinct-paths", ERROR)
def no_request_matches_two_operations(view: View) -> Iterator[Violation]:
    """Templates that differ only in parameter names match the same requests, so one is never called."""
    seen: dict[tuple[str, str], str] = {}
    for endpoint in view.endpoints:
        key = (endpoint.method, _EXPRESSION.sub("{}", endpoint.path))
        first = seen.setdefault(key, endpoint.path)
        if first != endpoint.path:
            yield Violation(
                ("paths", endpoint.path),
                f"{endpoint.method} {endpoint.path} matches the same requests as {first}",
                "remove one of the two operations, or change its path",
            )


@rule("equal-templates", WARNING)
def paths_differ_by_more_than_parameter_names(view: View) -> Iterator[Violation]:
    """OpenAPI calls such paths identical (section 4.8.8.2), so many tools reject them, or drop one."""
    seen: dict[str, str] = {}
    methods: dict[str, set[str]] = {}
    for path, item in view.paths.items():
        template = _EXPRESSION.sub("{}", path)
        own = {child.field for child in view.children(item, "operation")}
        first = seen.setdefault(template, path)
        others = methods.setdefault(template, set())
        # If both have a method in common, another rule reports an error.
        if first != path and not own & others:
            yield Violation(
                ("paths", path),
                f"the path differs from {first} only in the names of parameters",
                "merge the two path items",
            )
        others |= own


@rule("servers", ERROR)
def paths_of_servers_can_be_served(view: View) -> Iterator[Violation]:
    """The engine serves the operations below the path of a server, because clients call them there."""
    try:
        bases = view.document.base_paths
    except DocumentError as error:
        yield Violation(error.pointer, error.problem, error.remedy)
        return
    seen: dict[str, str] = {}
    for base in bases if len(bases) > 1 else ():
        for path in view.paths:
            first = seen.setdefault(_EXPRESSION.sub("{}", base + path), base)
            if first != base:
                yield Violation(
                    ("servers",),
                    f"the path {path} below the server {base or '/'} is also a path below {first or '/'}",
                    "give the servers the same path, or paths of which none begins with another",
                )
    yield from _own_servers(view, bases)


def _own_servers(view: View, bases: tuple[str, ...]) -> Iterator[Violation]:
    """Check the servers of operations and path items, below whose paths operations are served as well."""
    own: dict[Pointer, tuple[str, ...]] = {}
    for part in view.of("path item", "operation"):
        try:
            own[part.pointer] = view.document.bases(part.node.get("servers", ()), part.pointer)
        except DocumentError as error:
            yield Violation(error.pointer, error.problem, error.remedy)
    seen: dict[tuple[str, str], str] = {}
    for endpoint in view.endpoints if any(own.values()) else ():
        others = own.get(endpoint.pointer) or own.get(endpoint.pointer[:-1]) or ()
        for base in dict.fromkeys([*bases, *others]):
            key = (endpoint.method, _EXPRESSION.sub("{}", base + endpoint.path))
            first = seen.setdefault(key, endpoint.path)
            if first != endpoint.path:
                yield Violation(
                    endpoint.pointer,
                    f"{endpoint.method} {endpoint.path} below the server {base or '/'} is also {first}",
                    "give the servers other paths",
                )


@rule("server-slash", WARNING)
def urls_of_servers_do_not_end_in_a_slash(view: View) -> Iterator[Violation]:
    """Many generated clients put the URL before the path, so they would call `//books`."""
    for index, server in enumerate(view.content.get("servers", [])):
        url = server.get("url")
        if isinstance(url, str) and url.endswith("/"):
            yield Violation(
                ("servers", str(index), "url"),
                f"the URL {url!r} of the server ends in a slash",
                "remove the slash" if url != "/" else "remove the server: without `servers`, it is `/`",
            )


@rule("trailing-slash", STYLE)
def paths_do_not_end_in_a_slash(view: View) -> Iterator[Violation]:
    """The engine does not redirect, so clients that omit the trailing slash would get 404."""
    for path in view.paths:
        if path != "/" and path.endswith("/"):
            yield Violation(("paths", path), "the path ends in a slash", "remove the slash")


@rule("repeated-parameter", ERROR)
def a_list_names_no_parameter_twice(view: View) -> Iterator[Violation]:
    """The later one would silently replace the earlier one."""
    for part in view.of("path item", "operation"):
        seen: set[tuple[str, str]] = set()
        for child in view.children(part, "parameter"):
            node = view.follow(child).node
            name, location = node["name"], node["in"]
            key = (location, name.lower() if location == "header" else name)
            if key in seen:
                yield Violation(
                    child.pointer,
                    f"the {location} parameter {name!r} is declared twice",
                    "remove one of the two",
                )
            seen.add(key)


@rule("parameter-schema", STYLE)
def parameters_are_scalars(view: View) -> Iterator[Violation]:
    """URLs, headers and cookies contain text, and only scalars have a single textual form."""
    for part in view.of("parameter", "header"):
        for schema in view.children(part, "schema"):
            in_query = part.node.get("in") == "query"
            if not _is_scalar(view, schema) and not (in_query and _is_array_of_scalars(view, schema)):
                yield Violation(
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
    if not isinstance(array.node, dict) or single_type(array.node) != "array":
        return False
    items = [child for child in view.children(array) if child.field == "items"]
    return all(_is_scalar(view, item) for item in items)


_FROM_CURSOR = ("after", "before", "cursor")
_FROM_NUMBER = ("offset", "page", "start")
"""Names of parameters of which generators take the first as the position of a page."""


@rule("cursor-order", WARNING)
def cursors_are_before_offsets(view: View) -> Iterator[Violation]:
    """Generators of functions that read page after page use the first parameter that is a position."""
    for endpoint in view.endpoints:
        numbered = ""
        for parameter in endpoint.located("query"):
            name = parameter.node.get("name", "")
            if name in _FROM_NUMBER:
                numbered = numbered or name
            elif name in _FROM_CURSOR and numbered:
                yield Violation(
                    (*endpoint.pointer, "parameters"),
                    f"the parameter {name!r} is after {numbered!r}",
                    "declare it first: with a cursor, pages neither repeat nor skip items",
                )


@rule("header-parameter", WARNING, fixable=True)
def no_header_parameter_is_one_that_openapi_ignores(view: View) -> Iterator[Violation]:
    """OpenAPI ignores header parameters with these names, since other fields describe them."""
    for part in view.of("parameter"):
        name = part.node.get("name", "")
        if part.node.get("in") == "header" and name.lower() in _IGNORED_HEADERS:
            inline = not part.is_component
            yield Violation(
                part.pointer,
                f"the header parameter {name} is ignored",
                "remove it, and describe it by the media types of bodies or by a security scheme",
                (Edit("remove", part.pointer),) if inline else (),
            )
