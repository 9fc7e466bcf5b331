"""The contract in memory: an OpenAPI document in its normal form, its operations, and the location of each
part.

The document is read from the hand-written YAML, with line numbers, when code is generated; and from the JSON
in the generated package when the server starts. `content` is the normal form (see
specfirst.contract.normal), and `source` is what the author wrote.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import orjson

from specfirst.contract.kinds import CHILDREN, METHODS
from specfirst.contract.names import (
    TAKEN_BY_ARGUMENTS,
    TAKEN_BY_CLASSES,
    TAKEN_BY_HEADERS,
    TAKEN_BY_OPERATIONS,
    TAKEN_BY_TAGS,
    TYPE_NAMES,
    Names,
    class_name,
    pascal,
    python_name,
    tag_name,
)
from specfirst.contract.normal import normalize
from specfirst.serving.startup import StartupError

__all__ = ["METHODS", "TAKEN_BY_OPERATIONS", "TYPE_NAMES", "pascal", "python_name", "tag_name"]

SEGMENT = re.compile(r"(?!\.\.?$)[A-Za-z0-9._~!$&'()*+,;=:@-]+")
"""A path segment of plain text: without percent-encoding, which tools write in different ways."""

_MOST_ADDRESSES = 1000
_VARIABLE = re.compile(r"\{([^{}]+)\}")

_LONGEST_CHAIN = 20
"""The maximum length of a chain of references; each reader follows them again."""

Pointer = tuple[str, ...]
"""The path to a part of the document, one unescaped token per level (RFC 6901)."""

Positions = dict[Pointer, tuple[int, int]]
"""The line and column of each part of a text, from 1: those of its key, or of the value where it has none."""


class Origin(NamedTuple):
    """The position of a part: the name of its file or URL, and the line and column there, from 1."""

    file: str
    line: int
    column: int


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


STYLES: Mapping[str, tuple[str, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form", "cookie"),
}
"""The styles of parameters by location; the first is the default (OpenAPI 3.2, section 4.12.2)."""

_BODILESS = frozenset({"204", "205", "304"})
"""Statuses of responses without a body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""

_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
"""Header parameters that OpenAPI ignores (OpenAPI 3.1, section 4.8.12.2)."""


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
    style: str
    media_type: str | None = None
    """The media type of the text, where it is declared with `content`; `style` does not count then."""
    identifier: str = ""
    """The name of this parameter in Python code, which no other parameter of the operation has."""
    declared: bool = True
    """False for a parameter that only the path template names."""
    may_be_empty: bool = False
    """Whether an empty text counts as none, where the schema does not allow it (`allowEmptyValue`)."""

    @property
    def is_condition(self) -> bool:
        """Return whether it compares the ETag of a representation (RFC 9110, section 13.1)."""
        return self.location == "header" and self.name.lower() in ("if-match", "if-none-match")

    @property
    def schema_pointer(self) -> Pointer:
        if not self.declared:
            return (*self.pointer, "parameters", self.name)
        if self.media_type is None:
            return (*self.pointer, "schema")
        return (*self.pointer, "content", self.media_type, "schema")


@dataclass(frozen=True)
class MediaType:
    """One media type, or range of media types, of a body: its schema and how bytes become values.

    `schema` is None if there is none, and everything is allowed. `item_schema` is that of each item of a
    stream (OpenAPI 3.2, section 4.14).
    """

    name: str
    schema: Any
    item_schema: Any
    encoding: Mapping[str, Any]
    pointer: Pointer
    prefix_encoding: Sequence[Mapping[str, Any]] = ()
    item_encoding: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The encodings of parts without names: of the first ones, and of the others (OpenAPI 3.2)."""
    item_pointer: Pointer = ()
    """The location of `item_schema`."""

    @property
    def essence(self) -> str:
        """Return the media type in lower case, without parameters."""
        return essence_of(self.name)

    @property
    def codec(self) -> str:
        """Return how bytes become values: json, form, multipart, text, bytes, or a stream: sse, lines,
        sequence.
        """
        essence = self.essence
        if codec := _CODECS.get(essence):
            return codec
        if is_json(essence):
            return "json"
        if essence.endswith("+json-seq"):
            return "sequence"
        if essence.startswith("text/"):
            return "text"
        return "multipart" if essence.startswith("multipart/") else "bytes"

    @property
    def streams(self) -> bool:
        return self.codec in ("sse", "lines", "sequence")

    @property
    def has_places(self) -> bool:
        """Return whether the parts of a multipart body have places instead of names."""
        named = self.essence == "multipart/form-data"
        array = isinstance(self.schema, Mapping) and self.schema.get("type") == "array"
        return self.codec == "multipart" and not named and (array or self.item_schema is not None)

    @property
    def list_schema(self) -> Any:
        """Return the schema of the whole body, also if only that of the items of its list is declared."""
        if self.schema is None and self.has_places:
            return {"type": "array", "items": self.item_schema}
        return self.schema

    @property
    def is_range(self) -> bool:
        return "*" in self.essence


_CODECS = {
    "application/x-www-form-urlencoded": "form",
    "text/event-stream": "sse",
    "application/jsonl": "lines",
    "application/x-ndjson": "lines",
    "application/x-jsonlines": "lines",
    "application/json-lines": "lines",
    "application/json-seq": "sequence",
    "application/x-yaml": "text",
    "application/yaml": "text",
    "application/xml": "text",
}


@dataclass(frozen=True)
class RequestBody:
    """A request body, with its media types in the order of the document."""

    required: bool
    content: tuple[MediaType, ...]
    description: str
    pointer: Pointer

    @property
    def media_types(self) -> tuple[str, ...]:
        return tuple(media_type.essence for media_type in self.content)

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the schema of the first media type."""
        schema = self.content[0].schema
        return {} if schema is None or schema is True else schema


@dataclass(frozen=True)
class Header:
    """A response header. `identifier` is the attribute of the typed result with its value."""

    name: str
    required: bool
    schema: Mapping[str, Any]
    description: str
    explode: bool = False
    media_type: str | None = None
    identifier: str = ""


@dataclass(frozen=True)
class Response:
    """A declared response. `key` is its name in `responses`: a status, a range such as `4XX`, or `default`.

    `status` is the status, or one that the range or default stands for: the first of the range; for `default`
    500, or 200 if the operation declares no other success.
    """

    key: str
    status: int
    description: str
    headers: tuple[Header, ...]
    content: tuple[MediaType, ...]
    pointer: Pointer

    @property
    def media_type(self) -> str | None:
        """Return the first media type, which is sent unless the client asks for another one."""
        return self.content[0].name if self.content else None

    @property
    def schema(self) -> Any:
        """Return the schema of the first media type, or None without a body."""
        return self.content[0].schema if self.content else None

    @property
    def exact(self) -> bool:
        """Return whether it stands for one status."""
        return self.key.isdigit()

    def covers(self, status: int) -> bool:
        return self.key in (str(status), f"{status // 100}XX", "default")


@dataclass(frozen=True)
class Operation:
    """An operation with the fields of its path item, and all references resolved.

    `identifier` is the method of the Protocol: `listTasks` becomes `list_tasks`. `class_name` is what the
    names of its classes begin with, and `module` is the module of its tag.
    """

    operation_id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    deprecated: bool
    parameters: tuple[Parameter, ...]
    body: RequestBody | None
    declared: Mapping[str, Response]
    security: tuple[Mapping[str, tuple[str, ...]], ...]
    pointer: Pointer
    identifier: str
    class_name: str
    module: str
    base_paths: tuple[str, ...] = ()
    """The paths of its own servers, or of its path item's, besides those of the document."""
    server: str | None = None
    """The URL of the first of these, with the defaults of its variables; None if there is none."""
    responses: Mapping[int, Response] = field(init=False)
    """The responses of single statuses. `declared` also has the ranges and `default`."""

    def __post_init__(self) -> None:
        exact = {response.status: response for response in self.declared.values() if response.exact}
        object.__setattr__(self, "responses", exact)

    def response(self, status: int) -> Response | None:
        """Return the declaration of a status: its own, or that of its range, or `default`."""
        declared = self.declared
        return declared.get(str(status)) or declared.get(f"{status // 100}XX") or declared.get("default")

    @property
    def successes(self) -> tuple[Response, ...]:
        """Return the final responses that are no errors."""
        return tuple(response for response in self.declared.values() if 200 <= response.status < 400)

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
        return tuple(r for r in self.successes if not (self.conditional and r.key == "304"))

    @property
    def inexact(self) -> tuple[Response, ...]:
        """Return the ranges of errors and `default`, which the implementation returns with a status."""
        return tuple(r for r in self.declared.values() if not r.exact and r.status >= 400)

    def located(self, location: str) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.location == location)


class Document:
    """An OpenAPI document, and the origins of its parts if it was read from text."""

    def __init__(
        self,
        source: Mapping[str, Any],
        origin: Callable[[Pointer], Origin] | None = None,
        files: Sequence[str] = (),
    ) -> None:
        """`origin` returns the position of a part, and `files` names the files that were combined."""
        self.source = source
        self.content = normalize(source)
        self.files = files
        self._origin = origin
        self._known_responses: dict[tuple[str, int, Pointer], Response] = {}

    @classmethod
    def load(cls, name: str | Path) -> Document:
        """Read a contract, and all files and URLs that it refers to.

        A text names a file, an http(s) URL or `git:REVISION:PATH`; a Path is always a file. It needs the
        extra `lint`. Raises DocumentError, with file and line.
        """
        from specfirst.contract.bundling import bundle
        from specfirst.contract.sources import source

        found = bundle(source(name) if isinstance(name, str) else name)
        if not isinstance(found.content, dict):
            raise DocumentError(
                "the document is not a mapping",
                remedy="start with `openapi: 3.1.0`",
                line=1,
                file=found.files[0],
            )
        return cls(found.content, found.origin, found.files)

    @classmethod
    def from_json(cls, text: bytes | str) -> Document:
        return cls(json.loads(text))

    def to_json(self) -> bytes:
        """Return what the author wrote, in JSON; references to other files are resolved."""
        try:
            return orjson.dumps(self.source, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            # orjson refuses integers of more than 64 bits, and Python's module takes fifty times as long.
            return (json.dumps(self.source, indent=2, ensure_ascii=False) + "\n").encode()

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the contract's content, in hexadecimal; comments and layout do not count."""
        return hashlib.sha256(json.dumps(self.source).encode()).hexdigest()

    def origin(self, pointer: Pointer) -> Origin | None:
        """Return the position of a part, or of the nearest enclosing part that has one.

        It is None if the document was not read from text.
        """
        return self._origin(pointer) if self._origin else None

    def error(self, problem: str, pointer: Pointer, *, remedy: str) -> DocumentError:
        """Return an error about a part, with its position."""
        file, line, column = self.origin(pointer) or (None, None, None)
        return DocumentError(problem, pointer, remedy=remedy, file=file, line=line, column=column)

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
            target = self.target(reference, pointer)
            if target is None:
                raise self.error(
                    f"the reference {reference!r} leaves the document",
                    pointer,
                    remedy="use a file that can be read, or a component (#/components/...)",
                )
            try:
                node = self.get(target)
            except (KeyError, IndexError, ValueError, TypeError):
                raise self.error(
                    f"unresolved reference {reference}",
                    pointer,
                    remedy="correct the reference or add the component",
                ) from None
            if target in seen:
                raise self.error(
                    f"the reference {reference} leads back to itself", pointer, remedy="break the circle"
                )
            if len(seen) > _LONGEST_CHAIN:
                raise self.error(
                    f"the reference {reference} is preceded by a chain of {_LONGEST_CHAIN} others",
                    pointer,
                    remedy="refer to the component itself",
                )
            seen.add(target)
            pointer = target
        return node, pointer

    def target(self, reference: str, pointer: Pointer = ()) -> Pointer | None:
        """Return the pointer that a reference at `pointer` leads to; None if it is not in the document.

        A reference is a JSON pointer, the name of an anchor, or the `$id` of a schema (JSON Schema 2020-12,
        section 8.2).
        """
        address, hash_, fragment = reference.partition("#")
        base: Pointer = ()
        if address:
            own = self.content.get("$self")
            if isinstance(own, str) and urljoin(own, address) == own:
                address = ""
            elif (address := self._absolute(address, pointer)) in self._identified:
                base = self._identified[address]
            else:
                return None
        elif self._identified:
            base = self.resource(pointer)
        if not fragment:
            return base if hash_ or base else None
        if fragment.startswith("/"):
            tokens = pointer_of(fragment)
            if not address and tokens[0] == "components" and "components" not in self.get(base):
                # In a schema with `$id`, `#` is that schema. Contracts mean the document all the same.
                base = ()
            return (*base, *tokens)
        return self._anchors.get((base, fragment))

    def dynamic_target(self, reference: str, pointer: Pointer, scope: Iterable[Pointer]) -> Pointer | None:
        """Return where a `$dynamicRef` leads to if validation came through these schema resources.

        (JSON Schema 2020-12, section 8.2.3.2.)
        """
        target, name = self.target(reference, pointer), reference.partition("#")[2]
        if target is None or not self.is_dynamic(target, name):
            return target
        anchors = (self._anchors.get((resource, name)) for resource in scope)
        return next((found for found in anchors if found and self.is_dynamic(found, name)), target)

    def is_dynamic(self, pointer: Pointer, name: str) -> bool:
        """Return whether a schema has this `$dynamicAnchor`."""
        node = self.get(pointer)
        return isinstance(node, Mapping) and node.get("$dynamicAnchor") == name

    def _absolute(self, address: str, pointer: Pointer) -> str:
        uris = {place: uri for uri, place in self._identified.items()}
        return urljoin(uris.get(self.resource(pointer), ""), address)

    @property
    def resources(self) -> Collection[Pointer]:
        """The places of the schemas with `$id`, outer ones first."""
        return self._identified.values()

    def resource(self, pointer: Pointer) -> Pointer:
        """Return the nearest schema with `$id` around a part, or the document."""
        if not self._identified:
            return ()
        return max((p for p in self._identified.values() if p == pointer[: len(p)]), key=len, default=())

    @cached_property
    def _identified(self) -> Mapping[str, Pointer]:
        """The schemas with `$id`, by that URI, which is relative to that of the schema around it."""
        found: dict[str, Pointer] = {}
        uris: dict[Pointer, str] = {}
        # A schema comes before what it contains.
        for pointer, node in self.parts("schema"):
            if isinstance(node.get("$id"), str):
                around = max((p for p in uris if p == pointer[: len(p)]), key=len, default=())
                uris[pointer] = urljoin(uris.get(around, ""), node["$id"].removesuffix("#"))
                found.setdefault(uris[pointer], pointer)
        return found

    @cached_property
    def _anchors(self) -> Mapping[tuple[Pointer, str], Pointer]:
        """The anchors, by the schema with `$id` that they are in, and their name."""
        return {
            (self.resource(pointer), node[key]): pointer
            for pointer, node in self.parts("schema")
            for key in ("$dynamicAnchor", "$anchor")
            if isinstance(node.get(key), str)
        }

    def parts(self, kind: str) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
        """Yield the OpenAPI objects of a kind, such as `schema`, in the order of the document."""
        return ((pointer, node) for found, pointer, node in self._parts if found == kind)

    @cached_property
    def _parts(self) -> Sequence[tuple[str, Pointer, Mapping[str, Any]]]:
        found: list[tuple[str, Pointer, Mapping[str, Any]]] = []
        # Iterative, since a document may be nested deeply. In reverse, because the last one is taken first.
        waiting: list[tuple[str, Pointer, Any]] = [("document", (), self.content)]
        while waiting:
            kind, pointer, node = waiting.pop()
            if not isinstance(node, Mapping):
                continue
            found.append((kind, pointer, node))
            children: list[tuple[str, Pointer, Any]] = []
            fields = CHILDREN.get(kind, {})
            for name, value in node.items():
                child = fields.get(name) or fields.get("*")
                if child is None:
                    continue
                if child.startswith("{") and isinstance(value, Mapping):
                    children += [(child[1:-1], (*pointer, name, key), part) for key, part in value.items()]
                elif child.startswith("[") and isinstance(value, list):
                    children += [
                        (child[1:-1], (*pointer, name, str(index)), part) for index, part in enumerate(value)
                    ]
                elif child[0] not in "[{":
                    children.append((child, (*pointer, name), value))
            waiting += reversed(children)
        return found

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
        return self.bases(self.content.get("servers") or [{"url": "/"}], ())

    @property
    def server_urls(self) -> Iterator[str]:
        """Yield the URLs of the servers, with each value of their variables. Raises DocumentError."""
        for index, server in enumerate(self.content.get("servers") or []):
            yield from server_addresses(server, ("servers", str(index), "url"))

    def bases(self, servers: Sequence[Mapping[str, Any]], pointer: Pointer) -> tuple[str, ...]:
        """Return the paths of servers: of the document, a path item or an operation.

        Raises DocumentError.
        """
        places = ((server, (*pointer, "servers", str(index), "url")) for index, server in enumerate(servers))
        return tuple(dict.fromkeys(path for place in places for path in self._base_paths(*place)))

    @property
    def schemas(self) -> Mapping[str, Any]:
        schemas: Mapping[str, Any] = self.content.get("components", {}).get("schemas", {})
        return schemas

    @cached_property
    def response_headers(self) -> tuple[Header, ...]:
        """Return the headers of every response, including those that come from no operation."""
        return tuple(self._headers(self.content, (), "x-response-headers"))

    @cached_property
    def security_schemes(self) -> Mapping[str, Any]:
        """Return the security schemes by name, with references resolved. Raises DocumentError."""
        schemes: Mapping[str, Any] = self.content.get("components", {}).get("securitySchemes", {})
        return {
            name: self.follow(scheme, ("components", "securitySchemes", name))[0]
            for name, scheme in schemes.items()
        }

    def _base_paths(self, server: Mapping[str, Any], pointer: Pointer) -> Iterator[str]:
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
                raise self.error(
                    f"the server {url!r} cannot be served",
                    pointer,
                    remedy="write an http(s) URL or a path, with plain segments and no query or fragment",
                )
            yield "".join(f"/{segment}" for segment in segments)

    @cached_property
    def modules(self) -> Mapping[str, str]:
        """Return the name of each tag's module, which is also its argument of `build_router`."""
        names = Names(TAKEN_BY_TAGS)
        tags = [tag.get("name", "") for tag in self.content.get("tags", []) if isinstance(tag, Mapping)]
        used = [_tag(node) for _, _, node, _ in self._nodes()]
        return {tag: names.unique(tag_name(tag)) for tag in dict.fromkeys([*tags, *used])}

    @cached_property
    def classes(self) -> Names:
        """Give out the names of classes; those of the components are taken already."""
        names = Names(TAKEN_BY_CLASSES)
        for name in self.schema_classes.values():
            names.unique(name)
        return names

    @cached_property
    def schema_classes(self) -> Mapping[str, str]:
        """Return the class of each component of `schemas`."""
        names = Names(TAKEN_BY_CLASSES)
        # A name that is a class already keeps it, whatever stands before it.
        kept = {name: names.unique(name) for name in self.schemas if class_name(name) == name}
        return {name: kept.get(name) or names.unique(class_name(name)) for name in self.schemas}

    @cached_property
    def protocols(self) -> Mapping[str, str]:
        """Return the name of each tag's Protocol."""
        return {
            tag: self.classes.unique(f"{pascal(module)}Operations") for tag, module in self.modules.items()
        }

    def _nodes(self) -> Iterator[tuple[str, str, Mapping[str, Any], Pointer]]:
        """Yield the path, method, node and pointer of each operation."""
        for path in self.content.get("paths", {}):
            if path.startswith("x-"):
                continue
            item, pointer = self.follow(self.content["paths"][path], ("paths", path))
            for method, node in item.items():
                if method in METHODS:
                    yield path, method, node, (*pointer, method)
                elif method == "additionalOperations":
                    for name, other in node.items():
                        yield path, name, other, (*pointer, method, name)

    def _operations(self) -> Iterator[Operation]:
        identifiers, classes, ids = Names(TAKEN_BY_OPERATIONS), Names(), Names()
        for path, method, node, pointer in self._nodes():
            operation_id = ids.unique(node.get("operationId") or _supplied_id(method, path))
            identifier = identifiers.unique(python_name(operation_id, TAKEN_BY_OPERATIONS))
            names = (operation_id, identifier, classes.unique(pascal(operation_id)))
            yield self._operation(path, method, node, pointer, names)

    def _operation(
        self, path: str, method: str, node: Mapping[str, Any], pointer: Pointer, names: tuple[str, str, str]
    ) -> Operation:
        item, item_pointer = self.follow(self.content["paths"][path], ("paths", path))
        # A parameter of the operation replaces the path item's with the same name and location.
        parameters = {(p.location, p.name): p for p in self._parameters(item, item_pointer)}
        parameters |= {(p.location, p.name): p for p in self._parameters(node, pointer)}
        for name in _VARIABLE.findall(path):
            # A template expression that no parameter describes is a text.
            parameters.setdefault(("path", name), _undeclared(name, pointer))
        requirements = node.get("security", self.content.get("security", []))
        servers, where = node.get("servers"), pointer
        if not servers:
            servers, where = item.get("servers", ()), item_pointer
        tag, arguments = _tag(node), Names()
        return Operation(
            operation_id=names[0],
            method=method,
            path=path,
            tag=tag,
            summary=node.get("summary", ""),
            description=node.get("description", "").strip(),
            deprecated=node.get("deprecated", False),
            parameters=tuple(
                replace(
                    parameter, identifier=arguments.unique(python_name(parameter.name, TAKEN_BY_ARGUMENTS))
                )
                for parameter in parameters.values()
            ),
            body=self._body(node, pointer),
            declared=self._responses(node, pointer),
            # A list of empty requirements requires nothing.
            security=tuple({name: tuple(scopes) for name, scopes in item.items()} for item in requirements)
            if any(requirements)
            else (),
            pointer=pointer,
            identifier=names[1],
            class_name=names[2],
            module=self.modules.get(tag) or tag_name(tag),
            base_paths=self.bases(servers, where),
            server=next(server_addresses(servers[0], (*where, "servers", "0", "url")), None)
            if servers
            else None,
        )

    def _parameters(self, node: Mapping[str, Any], pointer: Pointer) -> Iterator[Parameter]:
        for index, child in enumerate(node.get("parameters", [])):
            parameter, where = self.follow(child, (*pointer, "parameters", str(index)))
            name, location, explode = parameter["name"], parameter["in"], parameter.get("explode")
            if location == "header" and name.lower() in _IGNORED_HEADERS:
                continue
            content = parameter.get("content", {})
            styles = STYLES.get(location, ("form",))
            style = parameter.get("style", styles[0])
            if ("schema" in parameter) == (len(content) == 1):
                raise self.error(
                    f"the parameter {name!r} has neither a schema nor one media type, or has both",
                    where,
                    remedy="add a schema, or `content` with one media type",
                )
            if style not in styles:
                raise self.error(
                    f"the {location} parameter {name!r} cannot have the style {style!r}",
                    where,
                    remedy=f"use {' or '.join(styles)}",
                )
            media_type = next(iter(content), None)
            schema = parameter["schema"] if media_type is None else content[media_type].get("schema", {})
            yield Parameter(
                name=name,
                location=location,
                required=parameter.get("required", False),
                schema=_as_mapping(schema),
                description=parameter.get("description", "").strip(),
                explode=style in ("form", "cookie", "deepObject") if explode is None else explode,
                pointer=where,
                style=style,
                media_type=media_type,
                may_be_empty=location == "query" and parameter.get("allowEmptyValue") is True,
            )

    def _body(self, node: Mapping[str, Any], pointer: Pointer) -> RequestBody | None:
        if "requestBody" not in node:
            return None
        body, where = self.follow(node["requestBody"], (*pointer, "requestBody"))
        content = tuple(self._content(body, where))
        if not content:
            return None
        return RequestBody(
            required=body.get("required", False),
            content=content,
            description=body.get("description", "").strip(),
            pointer=where,
        )

    def _content(self, node: Mapping[str, Any], pointer: Pointer) -> Iterator[MediaType]:
        for name, child in node.get("content", {}).items():
            node, where = self.follow(child, (*pointer, "content", name))
            media_type = MediaType(
                name=name,
                schema=node.get("schema"),
                item_schema=node.get("itemSchema"),
                encoding=node.get("encoding", {}),
                pointer=where,
                prefix_encoding=node.get("prefixEncoding", ()),
                item_encoding=node.get("itemEncoding", {}),
                item_pointer=(*where, "itemSchema"),
            )
            if media_type.streams and media_type.item_schema is None and media_type.schema is not None:
                # Before 3.2, the schema is that of a list of the items, or of an item.
                schema, place = self.follow(media_type.schema, (*where, "schema"))
                if isinstance(schema, Mapping) and schema.get("type") == "array":
                    schema, place = schema.get("items", True), (*place, "items")
                media_type = replace(media_type, item_schema=schema, item_pointer=place)
            yield media_type

    def _responses(self, node: Mapping[str, Any], pointer: Pointer) -> Mapping[str, Response]:
        keys = {key: child for key, child in node.get("responses", {}).items() if not key.startswith("x-")}
        succeeds = any(key[:1] in "23" for key in keys)
        return {
            key.upper() if key != "default" else key: self._response(
                key, child, (*pointer, "responses", key), succeeds
            )
            for key, child in keys.items()
        }

    def _response(self, key: str, node: Mapping[str, Any], pointer: Pointer, succeeds: bool) -> Response:
        if not re.fullmatch("[1-5]([0-9][0-9]|XX|xx)|default", key):
            raise self.error(
                f"{key!r} is not a status", pointer, remedy="write 200, 4XX for a range, or default"
            )
        status = int(key.lower().replace("x", "0")) if key != "default" else (500 if succeeds else 200)
        response, where = self.follow(node, pointer)
        # Many operations refer to the same response.
        if known := self._known_responses.get((key, status, where)):
            return known
        found = Response(
            key=key if key == "default" else key.upper(),
            status=status,
            description=response.get("description", "").strip(),
            headers=tuple(self._headers(response, where)),
            # HTTP has no body there, whatever the document says; lint names it.
            content=() if key in _BODILESS or key.startswith("1") else tuple(self._content(response, where)),
            pointer=where,
        )
        self._known_responses[key, status, where] = found
        return found

    def _headers(self, node: Mapping[str, Any], pointer: Pointer, field: str = "headers") -> Iterator[Header]:
        names = Names()
        for name, child in node.get(field, {}).items():
            # OpenAPI ignores a response header named Content-Type.
            if name.lower() == "content-type":
                continue
            header, _ = self.follow(child, (*pointer, field, name))
            media_type = next(iter(header.get("content", {})), None)
            schema = (
                header["content"][media_type].get("schema", {}) if media_type else header.get("schema", {})
            )
            yield Header(
                name=name,
                required=header.get("required", False),
                schema=_as_mapping(schema),
                description=header.get("description", "").strip(),
                explode=header.get("explode", False),
                media_type=media_type,
                # Upper case does not separate words: header names are case-insensitive, and ETag is one word.
                identifier=names.unique(python_name(name.lower(), TAKEN_BY_HEADERS)),
            )


@lru_cache(maxsize=10_000)
def pointer_of(fragment: str) -> Pointer:
    """Read a JSON pointer in a URI fragment (RFC 6901, section 6), which readers ask for repeatedly."""
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in unquote(fragment[1:]).split("/"))


def _as_mapping(schema: Any) -> Mapping[str, Any]:
    """Write a boolean schema as an object, which means the same."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    result: Mapping[str, Any] = schema
    return result


def _tag(node: Mapping[str, Any]) -> str:
    """Return the first tag; operations without a tag share the tag `default`."""
    return next(iter(node.get("tags") or []), "default")


def _supplied_id(method: str, path: str) -> str:
    """Make an operationId from the method and the path: `GET /things/{id}` is `get_things_id`."""
    return "_".join([method.lower(), *(re.findall(r"[A-Za-z0-9]+", path) or ["root"])])


def _undeclared(name: str, pointer: Pointer) -> Parameter:
    return Parameter(
        name=name,
        location="path",
        required=True,
        schema={"type": "string"},
        description="",
        explode=False,
        pointer=pointer,
        style="simple",
        declared=False,
    )


def essence_of(media_type: str) -> str:
    """Return a media type in lower case, without parameters."""
    return media_type.partition(";")[0].strip().lower()


def covers(range_: str, essence: str) -> bool:
    """Return whether a media type is in a range such as `image/*` (RFC 9110, section 12.5.1)."""
    return range_ in (essence, "*/*", "*") or (range_.endswith("/*") and essence.startswith(range_[:-1]))


def is_json(media_type: str) -> bool:
    """Return whether the syntax of a media type is JSON (RFC 6839, section 3.1)."""
    essence = essence_of(media_type)
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
