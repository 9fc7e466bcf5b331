"""The TypeScript modules of one contract: types of its schemas and operations, and the table of operations.

The runtime reads the table (`types.ts` describes it). What is usual is not in the table, so that it is small:
path and query parameters in the usual style, JSON bodies, and JSON responses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from specfirst.client.schemas import (
    UNDEFINED,
    UNKNOWN,
    UPLOAD,
    Type,
    Types,
    comment,
    key,
    member,
    union,
)
from specfirst.contract.document import (
    METHODS,
    Document,
    DocumentError,
    MediaType,
    Operation,
    Parameter,
    Response,
    is_json,
)

_JSON = "application/json"
_KINDS = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "array": "array"}
_OPTIONS = {"if-match": "ifMatch", "idempotency-key": "idempotencyKey"}
"""Header parameters that are also options of a call."""


@dataclass(frozen=True)
class Argument:
    """A parameter as an argument of a method: its name there, its type, and its row in the table."""

    name: str
    parameter: Parameter
    type: Type
    row: Mapping[str, Any] | None


@dataclass
class Method:
    """What the generated modules say about an operation."""

    operation: Operation
    arguments: list[Argument]
    row: dict[str, Any] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    errors: str = "{}"
    is_list: bool = False

    @property
    def id(self) -> str:
        """Return the name of the method: a client with `then` would be taken for a promise."""
        name = self.operation.operation_id
        return f"{name}_" if name == "then" else name

    @property
    def reads(self) -> bool:
        return self.operation.method.upper() in ("GET", "HEAD", "QUERY")


@dataclass(frozen=True)
class Modules:
    """The text of each generated module; `exports` are JavaScript expressions by name."""

    schemas: str
    declarations: str
    exports: Mapping[str, str]
    codecs: Sequence[str]
    types: Types
    methods: Sequence[Method]


def modules(document: Document) -> Modules:
    """Make the modules of a contract. Raises DocumentError."""
    types = Types(document)
    methods = [_method(document, types, operation) for operation in document.operations]
    if not methods:
        raise document.error("the contract has no operations", ("paths",), remedy="add one below `paths`")
    groups: dict[str, list[Method]] = {}
    for method in methods:
        groups.setdefault(method.errors, []).append(method)
    servers = [method.row["server"] for method in methods if "server" in method.row]
    lines = [
        'import type * as schemas from "./schemas.js";\n',
        "import type { ClientError, Codecs, Event, Others, Scheme, ServerError, Stream, Table } "
        'from "./types.js";\nimport type { Upload as $Upload } from "./types.js";\n\n',
        "export interface Operations {\n",
        *(_operation_type(method, f"e{[*groups].index(method.errors) + 1}") for method in methods),
        "}\n\n/** Operations with the same error responses. */\nexport interface ErrorGroups {\n",
        *(
            f"  e{index}: {{\n    operations: {_names(m.id for m in used)};\n    errors: {errors};\n  }};\n"
            for index, (errors, used) in enumerate(groups.items(), 1)
        ),
        "}\n",
        f"export type ReadOperationId = {_names(m.id for m in methods if m.reads)};\n",
        f"export type ListOperationId = {_names(m.id for m in methods if m.is_list)};\n",
        f"export type ServerUrl = {_names(dict.fromkeys(servers))};\n",
        "export declare const name: string;\n",
        "export declare const basePath: string;\n",
        "export declare const schemes: Readonly<Record<string, Scheme>>;\n",
        "export declare const codecs: Codecs;\n",
        "export declare const operations: Table;\n",
        "export declare const affected: Readonly<Record<string, readonly string[]>>;\n",
    ]
    # The last one, because the operations have given names to schemas that are not components.
    declared = list(types.declarations())
    schemas = "".join(declared) if declared else "export {};\n"
    if "$Upload" in schemas:
        schemas = f'import type {{ Upload as $Upload }} from "./types.js";\n\n{schemas}'
    codecs = _codecs(document)
    paths = document.base_paths
    exports = {
        "basePath": json.dumps(paths[0] if len(paths) == 1 else ""),
        "schemes": javascript(_schemes(document)),
        **_table(methods),
        "codecs": f"{{ {', '.join(codecs)} }}" if codecs else "{}",
        "affected": javascript(_affected(methods)),
    }
    return Modules(schemas, "".join(lines), exports, codecs, types, methods)


def _names(ids: Iterable[str]) -> str:
    return " | ".join(json.dumps(one) for one in ids) or "never"


def _operation_type(method: Method, group: str) -> str:
    operation = method.operation
    said = " ".join(f"{part.rstrip('.')}." for part in (operation.summary, operation.description) if part)
    fields = {**method.types, "errors": f'ErrorGroups["{group}"]["errors"]'}
    body = "".join(f"    {name}: {text};\n" for name, text in fields.items())
    return f"{comment(said, '  ', deprecated=operation.deprecated)}  {key(method.id)}: {{\n{body}  }};\n"


# --- One operation ----------------------------------------------------------------------------------------


def _method(document: Document, types: Types, operation: Operation) -> Method:
    arguments = list(_arguments(types, operation))
    method = Method(operation, arguments)
    rows = {one.name: one.row for one in arguments if one.row is not None}
    # Methods that OpenAPI has no field for are sent as they are written.
    verb = operation.method.upper() if operation.method in METHODS else operation.method
    method.row = {"method": verb, "path": operation.path}
    if server := _server(document, operation):
        method.row["server"] = server
    if rows:
        method.row["parameters"] = rows
    for one in arguments:
        if option := _option(one):
            method.row[{"ifMatch": "match", "idempotencyKey": "key"}[option]] = one.name
    security = [[name for name in one if _scheme(document, name)] for one in operation.security]
    if any(security):
        # A token is sent if there is one, also where it is optional.
        method.row["security"] = sorted((one for one in security if one), key=len)
    fields = [
        _field(one.name, one.type, required=one.parameter.required or one.parameter.location == "path")
        for one in arguments
    ]
    bodies = _bodies(types, operation, method.row)
    text = " | ".join(_object([*fields, *body]) for body in bodies or [[]])
    options = [f"{option}?: {one.type.text} | undefined;" for one in arguments if (option := _option(one))]
    result, accepts = _results(document, types, operation, method.row)
    method.types = {
        "arguments": text,
        "options": f"{{ {' '.join(options)} }}" if options else "{}",
        "result": result.text,
        "accepts": accepts,
    }
    method.errors, shapes = _errors(document, types, operation)
    method.row["errors"] = shapes
    method.is_list = _is_list(document, operation)
    return method


def _server(document: Document, operation: Operation) -> str | None:
    """Return where an operation is called that has servers of its own; None if at those of the document.

    It is a path if the server has the origin of one of the document's servers, since the caller may use
    another origin for all of them, such as that of a mock.
    """
    if operation.server is None:
        return None
    path = operation.base_paths[0]
    origin = urlsplit(operation.server)[:2]
    if origin == ("", "") or origin in {urlsplit(url)[:2] for url in document.server_urls}:
        return (path or "/") if path != document.base_paths[0] else None
    return "{}://{}".format(*origin) + path


def _option(argument: Argument) -> str | None:
    """Return the option of a call that has the value of an argument, if there is one."""
    parameter = argument.parameter
    return _OPTIONS.get(parameter.name.lower()) if parameter.location == "header" else None


def _object(fields: Sequence[str]) -> str:
    lines = "".join(f"\n{field}" for field in fields).replace("\n", "\n      ")
    return f"{{{lines}\n    }}" if fields else "{}"


def _field(name: str, kind: Type, *, required: bool) -> str:
    # An undefined argument is not sent, so it is allowed, even with exactOptionalPropertyTypes.
    return f"{key(name)}{'' if required else '?'}: {kind.text}{'' if required else ' | undefined'};"


def _arguments(types: Types, operation: Operation) -> Iterator[Argument]:
    """Yield the arguments, each with its own name; the first of several keeps that of the parameter."""
    taken = {"options", *(("body", "contentType") if operation.body else ())}
    order = ("path", "query", "header", "cookie", "querystring")
    for parameter in sorted(operation.parameters, key=lambda p: order.index(p.location)):
        # A method returns a body, and 304 has none.
        if parameter.name.lower() == "if-none-match" and "304" in operation.declared:
            continue
        name = parameter.name
        while name in taken:
            name = f"{parameter.location}_{name}"
        taken.add(name)
        kind = types.of(parameter.schema, parameter.schema_pointer, request=True)
        yield Argument(name, parameter, kind, _place(operation, parameter, name))


def _place(operation: Operation, parameter: Parameter, name: str) -> Mapping[str, Any] | None:
    """Return the row of a parameter in the table; None if the runtime finds out itself."""
    row: dict[str, Any] = {}
    where = "query" if parameter.location == "querystring" else parameter.location
    found = "path" if f"{{{name}}}" in operation.path else "query"
    # The runtime takes these two for the body and its type, unless the table says otherwise.
    if where != found or name != parameter.name or name in ("body", "contentType"):
        row["in"] = where
    if name != parameter.name:
        row["name"] = parameter.name
    if parameter.media_type is not None:
        if is_json(parameter.media_type):
            row["json"] = True
    elif parameter.location != "querystring":
        if parameter.style not in ("form", "simple"):
            row["style"] = parameter.style
        if parameter.explode != (parameter.style in ("form", "cookie")) and parameter.style != "deepObject":
            row["explode"] = parameter.explode
    return row or None


# --- Bodies -----------------------------------------------------------------------------------------------


def _preferred(content: Sequence[MediaType]) -> list[MediaType]:
    """Return the media types with the one that is used by default first: JSON, if it is there."""
    return sorted(content, key=lambda one: (not is_json(one.name), one.is_range))


def _bodies(types: Types, operation: Operation, row: dict[str, Any]) -> list[list[str]]:
    """Return the alternatives of `body` and `contentType`; none if the operation has no body."""
    body = operation.body
    # `fetch` refuses to send a body with these two.
    if body is None or operation.method in ("get", "head"):
        return []
    content = _preferred(body.content)
    names = [one.essence for one in content]
    if names != [_JSON]:
        row["body"] = ["application/octet-stream" if name == "*/*" else name for name in names]
    encoding = {name: _encoding(said) for one in content for name, said in one.encoding.items()}
    if any(encoding.values()):
        row["encoding"] = {name: said for name, said in encoding.items() if said}
    alternatives: dict[str, list[MediaType]] = {}
    for one in content:
        alternatives.setdefault(_sent(types, one).text, []).append(one)
    found = []
    for text, members in alternatives.items():
        value = [_field("body", Type(text), required=body.required)]
        if len(content) > 1 or content[0].is_range:
            default = content[0] in members and (not content[0].is_range or content[0].essence == "*/*")
            chosen = union(_media_type(one) for one in members)
            value.append(_field("contentType", chosen, required=not default))
        found.append(value)
    return found


def _media_type(content: MediaType) -> Type:
    name = content.essence
    return Type(f"`{name.replace('*', '${string}')}`" if content.is_range else json.dumps(name))


def _encoding(said: Mapping[str, Any]) -> Mapping[str, Any]:
    row = {name: said[name] for name in ("style", "explode") if name in said}
    return {"json": True} if is_json(said.get("contentType", "").partition(",")[0]) and not row else row


def _sent(types: Types, content: MediaType) -> Type:
    codec = content.codec
    schema, pointer = content.schema, (*content.pointer, "schema")
    if codec == "json":
        return types.of(schema, pointer, request=True)
    if codec in ("form", "multipart"):
        kind = types.of(schema, pointer, request=True, files=codec == "multipart")
        kind = Type("{\n  [name: string]: unknown;\n}") if kind == UNKNOWN else kind
        return union([kind, Type("FormData")]) if codec == "multipart" else kind
    return Type("string") if codec == "text" else union([Type("string"), UPLOAD])


def _received(types: Types, content: MediaType) -> Type:
    codec = content.codec
    schema, pointer = content.schema, (*content.pointer, "schema")
    if codec == "json":
        return types.of(schema, pointer, request=False)
    if content.streams:
        item = (
            types.of(content.item_schema, (*content.pointer, "itemSchema"), request=False)
            if content.item_schema is not None
            else UNKNOWN
        )
        return Type(f"Stream<{'Event' if codec == 'sse' and content.item_schema is None else item.text}>")
    return Type("string") if codec in ("text", "form") else Type("Blob")


def _results(document: Document, types: Types, operation: Operation, row: dict[str, Any]) -> tuple[Type, str]:
    """Return the type of the result, and the types by media type of `accept`."""
    declared = operation.declared.values()
    successes = [r for r in declared if (r.exact or r.key == "2XX") and 200 <= r.status < 300]
    if not successes and "default" in operation.declared:
        successes = [operation.declared["default"]]
    kinds: list[Type] = []
    asked: dict[str, None] = {}
    others: dict[str, list[Type]] = {}
    for response in successes:
        content = _preferred(response.content)
        if operation.method == "head" or response.status in (204, 205) or not content:
            kinds.append(UNDEFINED)
            continue
        kinds.append(_received(types, content[0]))
        asked.setdefault(content[0].essence)
        for one in content[1:]:
            others.setdefault(one.essence, []).append(_received(types, one))
        if content[0].codec == "sse" and content[0].item_schema is not None:
            row.update({} if _is_event(document, content[0]) else {"json": True})
    names = [*asked, *(name for name in others if name not in asked)]
    if names != [_JSON]:
        row["accept"] = names
    if len(asked) > 1:
        row["asked"] = len(asked)
    accepts = {name: union(found).text for name, found in others.items() if name not in asked}
    fields = "".join(f" {json.dumps(name)}: {text};" for name, text in accepts.items())
    return (union(kinds) if kinds else UNDEFINED), f"{{{fields} }}" if fields else "{}"


def _is_event(document: Document, content: MediaType) -> bool:
    """Return whether the items are events, and not their data (OpenAPI 3.2, section 4.14.4.1)."""
    item, where = _resolved(document, content.item_schema, (*content.pointer, "itemSchema"))
    data, _ = _resolved(document, (item.get("properties") or {}).get("data"), (*where, "properties", "data"))
    return data.get("type") == "string"


# --- Errors -----------------------------------------------------------------------------------------------


def _errors(document: Document, types: Types, operation: Operation) -> tuple[str, Mapping[str, Any]]:
    """Return the type of the error bodies by status, and what the runtime checks of them."""
    exact: list[str] = []
    ranges: list[str] = []
    shapes: dict[str, Any] = {}
    taken = " | ".join(key for key, r in operation.declared.items() if r.exact and r.status >= 400) or "never"
    for name, response in operation.declared.items():
        if name != "default" and response.status < 400:
            continue
        content = _preferred(response.content)
        text = (_received(types, content[0]) if content else UNDEFINED).text
        if response.exact:
            exact.append(f"{name}: {text};")
        else:
            classes = [kind for kind in ("4XX", "5XX") if name == kind or kind not in operation.declared]
            classes = [kind for kind in classes if name in (kind, "default")]
            statuses = " | ".join({"4XX": "ClientError", "5XX": "ServerError"}[kind] for kind in classes)
            if statuses:
                ranges.append(f"Others<{statuses}, {taken}, {text}>")
        shapes[name] = _shape(document, response, content)
    parts = [_object(exact)] if exact or not ranges else []
    return " & ".join([*parts, *(one.replace("\n", "\n    ") for one in ranges)]), shapes


def _shape(document: Document, response: Response, content: Sequence[MediaType]) -> Mapping[str, str] | None:
    """Return the required properties of a JSON body, with their types; None if it is not JSON."""
    if not content or content[0].codec != "json":
        return None
    schema, where = _resolved(document, content[0].schema, (*content[0].pointer, "schema"))
    properties = schema.get("properties") or {}
    found = {}
    for name in schema.get("required") or ():
        own, _ = _resolved(document, properties.get(name), (*where, "properties", name))
        if isinstance(own.get("type"), str) and own["type"] in _KINDS:
            found[name] = _KINDS[own["type"]]
    return found


def _resolved(document: Document, node: Any, pointer: tuple[str, ...]) -> tuple[Mapping[str, Any], Any]:
    try:
        resolved, where = document.follow(node, pointer)
    except DocumentError:
        return {}, pointer
    return (resolved if isinstance(resolved, Mapping) else {}), where


def _is_list(document: Document, operation: Operation) -> bool:
    """Return whether an operation has a parameter `cursor`, and returns `items` and `next_cursor`."""
    response = next((r for r in operation.successes if r.content), None)
    if operation.method != "get" or response is None or not is_json(response.content[0].name):
        return False
    content = response.content[0]
    schema, where = _resolved(document, content.schema, (*content.pointer, "schema"))
    properties = schema.get("properties") or {}
    items, _ = _resolved(document, properties.get("items"), (*where, "properties", "items"))
    return (
        "cursor" in {parameter.name for parameter in operation.located("query")}
        and "next_cursor" in properties
        and items.get("type") == "array"
    )


def _codecs(document: Document) -> list[str]:
    """Return the parts of the runtime that bodies and responses need besides JSON, texts and files."""
    bodies = [one for o in document.operations if o.body for one in o.body.content]
    responses = [one for o in document.operations for r in o.declared.values() for one in r.content]
    forms = any(one.codec in ("form", "multipart") for one in bodies)
    return ["form"] * forms + ["stream"] * any(one.streams for one in responses)


# --- The table --------------------------------------------------------------------------------------------


def _scheme(document: Document, name: str) -> list[str] | None:
    """Return where the credential of a security scheme is sent; None if it is not in the request."""
    scheme = document.security_schemes[name]
    kind = scheme.get("type")
    if kind == "apiKey":
        return [scheme["in"], scheme["name"], ""]
    if kind == "http":
        words = {"bearer": "Bearer", "basic": "Basic"}
        said = str(scheme.get("scheme", ""))
        return ["header", "Authorization", f"{words.get(said.lower(), said)} "]
    return ["header", "Authorization", "Bearer "] if kind in ("oauth2", "openIdConnect") else None


def _schemes(document: Document) -> Mapping[str, Any]:
    used = {name for operation in document.operations for one in operation.security for name in one}
    found = {name: _scheme(document, name) for name in document.security_schemes if name in used}
    return {name: place for name, place in found.items() if place}


def _table(methods: Sequence[Method]) -> Mapping[str, str]:
    """Return the table of operations; error responses that several operations share are written once."""
    shared: dict[str, str] = {}
    for method in methods:
        shared.setdefault(javascript(method.row["errors"]), f"errors{len(shared) + 1}")
    rows = []
    for method in methods:
        said = {name: javascript(value) for name, value in method.row.items()}
        said["errors"] = shared[said["errors"]]
        rows.append(
            f"  {member(method.id)}: {{ {', '.join(f'{name}: {text}' for name, text in said.items())} }},\n"
        )
    return {
        **{f" {name}": text for text, name in shared.items()},
        "operations": f"{{\n{''.join(rows)}}}",
    }


def _affected(methods: Sequence[Method]) -> Mapping[str, list[str]]:
    """Return the queries that each mutation affects: those of its tag, and those below its path."""
    return {
        method.id: [
            query.id for query in methods if query.reads and _is_affected(query.operation, method.operation)
        ]
        for method in methods
        if not method.reads
    }


def _is_affected(query: Operation, mutation: Operation) -> bool:
    """Return whether a mutation may change what a query returns, as far as tags and paths say."""
    if query.path.startswith(f"{mutation.path}/"):
        return True
    if mutation.tag != "default":
        return query.tag == mutation.tag
    return query.path == mutation.path or mutation.path.startswith(f"{query.path}/")


def javascript(value: Any) -> str:
    """Write JSON data as JavaScript."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{member(name)}: {javascript(part)}" for name, part in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(javascript, value))}]"
    return json.dumps(value, ensure_ascii=False)
