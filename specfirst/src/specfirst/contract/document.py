"""The contract in memory: an OpenAPI 3.1 document, its operations, and the location of each part.

The document is read from the hand-written YAML, with line numbers, when code is generated; and from the JSON
in the generated package when the server starts.
"""

from __future__ import annotations

import hashlib
import json
import keyword
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any
from urllib.parse import urljoin, urlsplit

from specfirst.serving.startup import StartupError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The fields of a path item that are operations (OpenAPI 3.1, section 4.8.9)."""

SEGMENT = re.compile(r"(?!\.\.?$)[A-Za-z0-9._~!$&'()*+,;=:@-]+")
"""A path segment of plain text: without percent-encoding, which tools write in different ways."""

TYPE_NAMES = frozenset({"str", "int", "float", "bool", "list", "dict"})
"""Names of the types that stand unqualified in generated code."""

# Names that generated code uses itself, where it also has names of the contract.
_TAKEN_BY_ARGUMENTS = frozenset({"self", "caller", "body", "operations"})
_TAKEN_BY_HEADERS = TYPE_NAMES | {"self", "status", "body"}
TAKEN_BY_OPERATIONS = TYPE_NAMES | {"components", "engine", "operations", "plain", "router"}
_TAKEN_BY_TAGS = frozenset({"build", "engine"})

_MOST_ADDRESSES = 1000
_VARIABLE = re.compile(r"\{([^{}]+)\}")

_LONGEST_CHAIN = 20
"""The maximum length of a chain of references; each reader follows them again."""

Pointer = tuple[str, ...]
"""The path to a part of the document, one unescaped token per level (RFC 6901)."""

Positions = dict[Pointer, tuple[int, int]]
"""The line and column of each part of a text, from 1: those of its key, or of the value where it has none."""

Splices = Sequence[tuple[int, int, str, str]]
"""Where a path prefix is inserted in a text: a byte range, and the text before and after the prefix."""


def pointer_text(pointer: Pointer) -> str:
    """Write a pointer as RFC 6901 does, in a URI fragment: `#/paths/~1health/get`."""
    return "#" + "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in pointer)


class DocumentError(StartupError):
    """A part of the contract cannot be read or expressed: the problem, its location, and the remedy."""

    def __init__(
        self,
        problem: str,
        pointer: Pointer = (),
        *,
        remedy: str,
        line: int | None = None,
        column: int | None = None,
        file: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem, self.pointer, self.remedy = problem, pointer, remedy
        self.line, self.column, self.file = line, column, file

    def located(self, name: str) -> str:
        """Format the error as one line with its location, as editors recognize it.

        `name` is the file of the contract; an error in another file of the contract names that file instead.
        """
        name = self.file or name
        place = ":".join(str(part) for part in (name, self.line, self.column) if part is not None)
        # Names in the contract may contain any character, including line breaks.
        where = " ".join(f" at {pointer_text(self.pointer)}".split()) if self.pointer else ""
        return f"{place}: {self.problem}{' ' if where else ''}{where}; {self.remedy}"

    def __str__(self) -> str:
        return f"{pointer_text(self.pointer)}: {self.problem}; {self.remedy}"


@dataclass(frozen=True)
class Parameter:
    """A parameter object with its references resolved (OpenAPI 3.1, section 4.8.12)."""

    name: str
    location: str
    required: bool
    schema: Mapping[str, Any]
    description: str
    explode: bool
    pointer: Pointer

    @property
    def identifier(self) -> str:
        """Return the name of this parameter in Python code."""
        return python_name(self.name, _TAKEN_BY_ARGUMENTS)

    @property
    def is_condition(self) -> bool:
        """Return whether it compares the ETag of a representation (RFC 9110, section 13.1)."""
        return self.location == "header" and self.name.lower() in ("if-match", "if-none-match")


@dataclass(frozen=True)
class RequestBody:
    """A request body; all its media types are JSON and have the same schema."""

    required: bool
    media_types: tuple[str, ...]
    schema: Mapping[str, Any]
    pointer: Pointer


@dataclass(frozen=True)
class Header:
    """A response header. `identifier` is the attribute of the typed result with its value."""

    name: str
    required: bool
    schema: Mapping[str, Any]
    description: str

    @property
    def identifier(self) -> str:
        # Upper case does not separate words here: header names are case-insensitive, and ETag is one word.
        return python_name(self.name.lower(), _TAKEN_BY_HEADERS)


@dataclass(frozen=True)
class Response:
    """A declared response with one status. Without a body, `media_type` and `schema` are None."""

    status: int
    description: str
    headers: tuple[Header, ...]
    media_type: str | None
    schema: Mapping[str, Any] | None
    pointer: Pointer


@dataclass(frozen=True)
class Operation:
    """An operation with the fields of its path item, and all references resolved."""

    operation_id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    deprecated: bool
    parameters: tuple[Parameter, ...]
    body: RequestBody | None
    responses: Mapping[int, Response]
    security: tuple[Mapping[str, tuple[str, ...]], ...]
    pointer: Pointer

    @property
    def identifier(self) -> str:
        """Return the method name of the Protocol: `listTasks` becomes `list_tasks`."""
        return python_name(self.operation_id, TAKEN_BY_OPERATIONS)

    @property
    def successes(self) -> tuple[Response, ...]:
        return tuple(response for status, response in self.responses.items() if status < 400)

    @property
    def conditional(self) -> bool:
        """Return whether the engine evaluates If-Match and If-None-Match: for GET with an ETag.

        For other methods the implementation does, since the precondition must hold at the time of the change.
        """
        headers = (h for r in self.successes if r.status < 300 for h in r.headers)
        return self.method == "get" and any(header.name.lower() == "etag" for header in headers)

    @property
    def arguments(self) -> tuple[Parameter, ...]:
        """Return the parameters of the implementation's method."""
        return tuple(p for p in self.parameters if not (self.conditional and p.is_condition))

    @property
    def results(self) -> tuple[Response, ...]:
        """Return the success responses that the implementation returns."""
        return tuple(r for r in self.successes if not (self.conditional and r.status == 304))

    def located(self, location: str) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.location == location)


def python_name(name: str, taken: Container[str] = ()) -> str:
    """Turn a name of the contract into a Python identifier: `X-Request-ID` is `x_request_id`.

    A keyword, and a name in `taken`, gets an underscore at its end.
    """
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)(?=[A-Z][a-z])", r"\1\3_\2", name)
    identifier = re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_").lower()
    if not identifier or identifier[0].isdigit():
        identifier = f"_{identifier}"
    return f"{identifier}_" if keyword.iskeyword(identifier) or identifier in taken else identifier


def tag_name(tag: str) -> str:
    """The name of a tag's module, and of its argument of `build_router`: `import` is `import_`."""
    return python_name(tag, _TAKEN_BY_TAGS)


def pascal(name: str) -> str:
    """Write a name of the contract as the name of a class: `listTasks` is `ListTasks`."""
    return "".join(word.title() for word in python_name(name).split("_"))


class Document:
    """An OpenAPI document, and the positions of its parts if it was read from text."""

    def __init__(
        self, content: Mapping[str, Any], positions: Mapping[Pointer, tuple[int, int]] | None = None
    ) -> None:
        self.content = content
        self._positions = positions or {}

    @classmethod
    def load(cls, name: str) -> Document:
        """Read a contract from a file, an http(s) URL or `git:REVISION:PATH`, and all files that it needs.

        It needs the extra `codegen`. Raises DocumentError.
        """
        from specfirst.contract.bundling import bundle
        from specfirst.contract.sources import source

        content = bundle(source(name)).content
        if not isinstance(content, dict):
            raise DocumentError("the document is not a mapping", remedy="start with `openapi: 3.1.0`")
        return cls(content)

    @classmethod
    def from_json(cls, text: bytes | str) -> Document:
        return cls(json.loads(text))

    def to_json(self) -> bytes:
        return (json.dumps(self.content, indent=2, ensure_ascii=False) + "\n").encode()

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the contract's content, in hexadecimal; comments and layout do not count."""
        return hashlib.sha256(self.to_json()).hexdigest()

    def line(self, pointer: Pointer) -> int | None:
        """Return the line of a part, or of the nearest enclosing part that has one."""
        position = self.position(pointer)
        return position[0] if position else None

    def position(self, pointer: Pointer) -> tuple[int, int] | None:
        """Return the line and column of a part, or of the nearest enclosing part that has them."""
        while pointer not in self._positions and pointer:
            pointer = pointer[:-1]
        return self._positions.get(pointer)

    def get(self, pointer: Pointer) -> Any:
        node: Any = self.content
        for token in pointer:
            node = node[int(token)] if isinstance(node, list) else node[token]
        return node

    def follow(self, node: Any, pointer: Pointer) -> tuple[Any, Pointer]:
        """Resolve `$ref` until a part is not a reference; return that part and its location.

        Raises DocumentError for an external, unresolved or circular reference.
        """
        seen = {pointer}
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            if not reference.startswith("#/"):
                raise DocumentError(
                    f"the reference {reference!r} leaves the document",
                    pointer,
                    remedy="move the target to components and write #/components/...",
                )
            target = tuple(
                token.replace("~1", "/").replace("~0", "~")
                for token in reference.removeprefix("#/").split("/")
            )
            try:
                node = self.get(target)
            except (KeyError, IndexError, ValueError, TypeError):
                raise DocumentError(
                    f"unresolved reference {reference}",
                    pointer,
                    remedy="correct the reference or add the component",
                ) from None
            if target in seen:
                raise DocumentError(
                    f"the reference {reference} leads back to itself", pointer, remedy="break the circle"
                )
            if len(seen) > _LONGEST_CHAIN:
                raise DocumentError(
                    f"the reference {reference} is preceded by a chain of {_LONGEST_CHAIN} others",
                    pointer,
                    remedy="refer to the component itself",
                )
            seen.add(target)
            pointer = target
        return node, pointer

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Return all operations, in the order of the document."""
        return tuple(self._operations())

    @cached_property
    def base_paths(self) -> tuple[str, ...]:
        """Return the paths of the servers, in the order of the document; operations are served below them.

        They begin with a slash and do not end in one; "" is the root, which is the default of a document
        without servers (OpenAPI 3.1, section 4.8.1). Raises DocumentError.
        """
        servers = self.content.get("servers") or [{"url": "/"}]
        paths = (path for index, server in enumerate(servers) for path in self._base_paths(index, server))
        return tuple(dict.fromkeys(paths))

    @property
    def schemas(self) -> Mapping[str, Any]:
        schemas: Mapping[str, Any] = self.content.get("components", {}).get("schemas", {})
        return schemas

    @cached_property
    def response_headers(self) -> tuple[Header, ...]:
        """Return the headers of every response, including those that come from no operation."""
        return tuple(self._headers(self.content, (), "x-response-headers"))

    @property
    def security_schemes(self) -> Mapping[str, Any]:
        schemes: Mapping[str, Any] = self.content.get("components", {}).get("securitySchemes", {})
        return schemes

    def _base_paths(self, index: int, server: Mapping[str, Any]) -> Iterator[str]:
        pointer = ("servers", str(index), "url")
        for url in server_addresses(server, pointer):
            try:
                # Relative to the URL of this document.
                parts = urlsplit(urljoin("http://document/openapi.json", url))
            except ValueError:
                parts = urlsplit("")
            segments = parts.path.removesuffix("/").split("/")[1:]
            if (
                not url
                or not url.isascii()
                or not url.isprintable()
                or parts.scheme not in ("http", "https")
                or "?" in url
                or "#" in url
                or not all(map(SEGMENT.fullmatch, segments))
            ):
                raise DocumentError(
                    f"the server {url!r} cannot be served",
                    pointer,
                    remedy="write an http(s) URL or a path, with plain segments and no query or fragment",
                )
            yield "".join(f"/{segment}" for segment in segments)

    def _operations(self) -> Iterator[Operation]:
        for path in self.content.get("paths", {}):
            item, item_pointer = self.follow(self.content["paths"][path], ("paths", path))
            shared = list(self._parameters(item, item_pointer))
            for method in item:
                if method in METHODS:
                    yield self._operation(path, method, item[method], (*item_pointer, method), shared)

    def _operation(
        self, path: str, method: str, node: Mapping[str, Any], pointer: Pointer, shared: list[Parameter]
    ) -> Operation:
        # A parameter of the operation replaces the path item's with the same name and location.
        parameters = {(p.location, p.name): p for p in shared}
        parameters |= {(p.location, p.name): p for p in self._parameters(node, pointer)}
        requirements = node.get("security", self.content.get("security", []))
        return Operation(
            operation_id=node.get("operationId", ""),
            method=method,
            path=path,
            tag=next(iter(node.get("tags", [])), ""),
            summary=node.get("summary", ""),
            description=node.get("description", "").strip(),
            deprecated=node.get("deprecated", False),
            parameters=tuple(parameters.values()),
            body=self._body(node, pointer),
            responses={
                response.status: response
                for status, child in node.get("responses", {}).items()
                for response in [self._response(status, child, (*pointer, "responses", status))]
            },
            # A list of empty requirements requires nothing.
            security=tuple({name: tuple(scopes) for name, scopes in item.items()} for item in requirements)
            if any(requirements)
            else (),
            pointer=pointer,
        )

    def _parameters(self, node: Mapping[str, Any], pointer: Pointer) -> Iterator[Parameter]:
        for index, child in enumerate(node.get("parameters", [])):
            parameter, where = self.follow(child, (*pointer, "parameters", str(index)))
            location, explode = parameter["in"], parameter.get("explode")
            style = parameter.get("style", "form" if location in ("query", "cookie") else "simple")
            if "schema" not in parameter or style not in ("form", "simple") or parameter.get("allowReserved"):
                raise DocumentError(
                    f"the parameter {parameter['name']!r} is not of style form or simple with a schema",
                    where,
                    remedy="add a schema, and remove style, content and allowReserved",
                )
            yield Parameter(
                name=parameter["name"],
                location=location,
                required=parameter.get("required", False),
                schema=parameter["schema"],
                description=parameter.get("description", "").strip(),
                explode=style == "form" if explode is None else explode,
                pointer=where,
            )

    def _body(self, node: Mapping[str, Any], pointer: Pointer) -> RequestBody | None:
        if "requestBody" not in node:
            return None
        body, where = self.follow(node["requestBody"], (*pointer, "requestBody"))
        media_type_schemas = [media_type.get("schema") for media_type in body["content"].values()]
        if any(not is_json(name) for name in body["content"]) or any(
            schema is None or schema != media_type_schemas[0] for schema in media_type_schemas
        ):
            raise DocumentError(
                "the request body has a media type that is not JSON, or media types of several schemas",
                (*where, "content"),
                remedy="use application/json (or another +json type) with one schema",
            )
        return RequestBody(
            required=body.get("required", False),
            media_types=tuple(name.partition(";")[0].strip().lower() for name in body["content"]),
            schema=media_type_schemas[0],
            pointer=where,
        )

    def _response(self, status: str, node: Mapping[str, Any], pointer: Pointer) -> Response:
        if not re.fullmatch("[1-5][0-9][0-9]", status):
            raise DocumentError(
                f"the status {status!r} is a range", pointer, remedy="declare each status by its number"
            )
        response, where = self.follow(node, pointer)
        content = response.get("content", {})
        if len(content) > 1 or any(not is_json(name) or "schema" not in content[name] for name in content):
            raise DocumentError(
                "the response has several media types, one that is not JSON, or one without a schema",
                (*where, "content"),
                remedy="use application/json (or another +json type) with a schema",
            )
        media_type = next(iter(content), None)
        return Response(
            status=int(status),
            description=response.get("description", "").strip(),
            headers=tuple(self._headers(response, where)),
            media_type=media_type,
            schema=content[media_type]["schema"] if media_type else None,
            pointer=where,
        )

    def _headers(self, node: Mapping[str, Any], pointer: Pointer, field: str = "headers") -> Iterator[Header]:
        for name, child in node.get(field, {}).items():
            # OpenAPI ignores a response header named Content-Type.
            if name.lower() == "content-type":
                continue
            header, _ = self.follow(child, (*pointer, field, name))
            yield Header(
                name=name,
                required=header.get("required", False),
                schema=header.get("schema", {}),
                description=header.get("description", "").strip(),
            )


def is_json(media_type: str) -> bool:
    """Return whether the syntax of a media type is JSON (RFC 6839, section 3.1)."""
    essence = media_type.partition(";")[0].strip().lower()
    return essence == "application/json" or essence.endswith("+json")


def server_addresses(server: Mapping[str, Any], pointer: Pointer) -> Iterator[str]:
    """Yield the URLs of a server object: first the one with the defaults, then those of the enums.

    Raises DocumentError for an undeclared variable, for a default that is not in the enum, and for too many
    URLs (OpenAPI 3.1, sections 4.8.5 and 4.8.6).
    """
    choices: dict[str, list[str]] = {}
    for name in dict.fromkeys(_VARIABLE.findall(server["url"])):
        variable = server.get("variables", {}).get(name)
        if variable is None:
            raise DocumentError(
                f"the server variable {name!r} is not declared",
                pointer,
                remedy="declare it in `variables` with a `default`",
            )
        default, values = variable["default"], variable.get("enum")
        if values is not None and default not in values:
            raise DocumentError(
                f"the default of the server variable {name!r} is not in its enum",
                (*pointer[:-1], "variables", name, "default"),
                remedy="make it one of the values",
            )
        choices[name] = list(dict.fromkeys([default, *(values or [])]))
    if prod(map(len, choices.values())) > _MOST_ADDRESSES:
        raise DocumentError(
            f"the server has more than {_MOST_ADDRESSES} URLs",
            pointer,
            remedy="shorten its enums",
        )
    # Every second part is the name of a variable.
    parts = _VARIABLE.split(server["url"])
    for values in product(*choices.values()):
        chosen = dict(zip(choices, values, strict=True))
        yield "".join(chosen[part] if index % 2 else part for index, part in enumerate(parts))
