"""Multipart bodies: texts, and files that are spooled to disk above 1 MiB (RFC 7578, RFC 2046).

The parts of multipart/form-data have names, and become an object. Those of other types, such as
multipart/mixed, have places, and become a list if the schema is an array (OpenAPI 3.2, section 4.15).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

from fastapi import UploadFile
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from specfirst.contract.document import Document, MediaType, Pointer, covers, essence_of, is_json
from specfirst.contract.shapes import (
    Either,
    Shape,
    either_in,
    files_in,
    number_of_files,
    shape_of,
    united,
)
from specfirst.runtime.errors import MalformedBody, ValidationErrorItem
from specfirst.runtime.jsontext import parse
from specfirst.runtime.parameters import Fields, Reader, header_reader
from specfirst.runtime.validation import Schemas


class Part(NamedTuple):
    """A part as it arrived; its header names are in lower case."""

    name: str
    value: str | UploadFile
    headers: Fields


@dataclass(frozen=True, slots=True)
class File:
    """A part of a multipart body that arrives as a file; `several` if it is a list of files.

    `texts` is the shape of parts of this name that arrive as texts; None if all are files.
    """

    several: bool
    texts: Shape | None = None


async def read_multipart(content_type: bytes, chunks: AsyncIterator[bytes]) -> list[Part]:
    """Return the parts in the order of the body: texts, and UploadFile for files. Raises MalformedBody."""
    return await _parts(_NamesParser, content_type, chunks)


async def read_places(content_type: bytes, chunks: AsyncIterator[bytes]) -> list[UploadFile]:
    """Return the parts of a body whose parts have no names, as files. Raises MalformedBody."""
    parts = await _parts(_PlacesParser, content_type, chunks)
    return [part.value for part in parts if not isinstance(part.value, str)]


async def _parts(
    parser_class: type[_Parser], content_type: bytes, chunks: AsyncIterator[bytes]
) -> list[Part]:
    headers = Headers({"content-type": content_type.decode("latin-1")})
    parser = parser_class(headers, cast(AsyncGenerator[bytes, None], chunks))
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise MalformedBody(f"The body is not a valid form: {error.message}") from None
    except KeyError:
        raise MalformedBody("The media type of the body has no boundary") from None
    return [
        Part(
            name,
            value
            if isinstance(value, str)
            else UploadFile(file=value.file, size=value.size, filename=value.filename, headers=value.headers),
            fields,
        )
        for (name, value), fields in zip(form.multi_items(), parser.fields, strict=True)
    ]


class _Parser(MultiPartParser):
    """Keeps the headers of the parts."""

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers, stream)
        self.fields: list[Fields] = []

    def on_headers_finished(self) -> None:
        self.fields.append(self._current_part.item_headers)
        super().on_headers_finished()


class _NamesParser(_Parser):
    """Takes a part without a file name as a file if its media type is neither text nor JSON.

    The name of a file is optional (RFC 7578, section 4.2).
    """

    def on_headers_finished(self) -> None:
        part = self._current_part
        sent = dict(part.item_headers).get(b"content-type", b"text/plain").decode("latin-1")
        media_type = essence_of(sent)
        disposition = part.content_disposition or b""
        _, options = parse_options_header(disposition)
        if b"filename" not in options and not media_type.startswith("text/") and not is_json(media_type):
            part.content_disposition = disposition + b'; filename=""'
        super().on_headers_finished()


class _PlacesParser(_Parser):
    """Takes every part as a file, whether it has a name or not."""

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._current_part.content_disposition)
        filename = options.get(b"filename", b"").replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        self._current_part.content_disposition = b'form-data; name=""; filename="' + filename + b'"'
        super().on_headers_finished()


def files_of(document: Document, schema: Any, pointer: Pointer) -> tuple[Mapping[str, File | None], Any]:
    """Return the declared parts of a multipart body, and its schema for all but the content of files.

    A part that is None is a text.
    """
    resolved, where = document.follow(schema, pointer)
    if not isinstance(resolved, Mapping):
        return {}, schema
    found: dict[str, File | None] = {}
    properties: dict[str, Any] = {}
    for name, part in (resolved.get("properties") or {}).items():
        place = (*where, "properties", name)
        files, either = files_in(document, part, place), either_in(document, part, place)
        if files:
            found[name] = File(several=files == "several")
        elif either:
            shapes = [shape_of(document, other, at) for other, at in either.others]
            found[name] = File(either.several, united(shapes))
        else:
            node, place = document.follow(part, place)
            if isinstance(node, Mapping) and node.get("type") == "array":
                node, _ = document.follow(node.get("items"), (*place, "items"))
            if isinstance(node, Mapping) and node.keys() & _TYPED:
                found[name] = None
        place = (*where, "properties", name)
        properties[name] = (
            number_of_files(document, part, place)
            if files
            else _with_null_for_files(document, part, place, either)
            if either
            else part
        )
    rest = {**resolved, "properties": properties} if properties else {**resolved}
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts = [
            files_of(document, part, (*where, keyword, str(index)))
            for index, part in enumerate(resolved.get(keyword) or ())
        ]
        inner = [(name, kind) for part, _ in parts for name, kind in part.items()]
        if any(dict(inner).get(name) != kind or found.get(name, kind) != kind for name, kind in inner):
            # The alternatives disagree on what a part is.
            continue
        found |= dict(inner)
        if parts:
            rest[keyword] = [part for _, part in parts]
    return (found, rest) if any(found.values()) else (found, schema)


def _with_null_for_files(document: Document, schema: Any, pointer: Pointer, either: Either) -> dict[str, Any]:
    """Return the schema of a part that is a file or another value, in which null stands for a file."""
    schema, pointer = document.follow(schema, pointer)
    if either.several:
        inner = replace(either, several=False)
        items = _with_null_for_files(document, schema["items"], (*pointer, "items"), inner)
        return {**schema, "items": items}
    return {**schema, either.keyword: [{"type": "null"}, *(part for part, _ in either.others)]}


_TYPED = frozenset(
    {"type", "enum", "const", "allOf", "anyOf", "oneOf", "properties", "items", "contentEncoding"}
)
"""Keywords that say what a part is. One without them can be a text or a file, and so can items of a list."""


async def texts_of(
    parts: Sequence[Part], declared: Mapping[str, File | None]
) -> list[tuple[str, str | UploadFile]]:
    """Return the parts, with the content of those that are declared as texts and arrived as files.

    Browsers send a Blob as a file; where the schema allows a file or another value, JSON is the other one.
    Raises MalformedBody if one is not UTF-8.
    """
    found: list[tuple[str, str | UploadFile]] = []
    for name, part, _ in parts:
        if not isinstance(part, str) and name in declared:
            file = declared[name]
            if file is None or (file.texts and is_json(essence_of(part.content_type or ""))):
                found.append((name, await _text(part)))
                continue
        found.append((name, part))
    return found


async def _text(file: UploadFile) -> str:
    try:
        return (await file.read()).decode()
    except UnicodeDecodeError:
        raise MalformedBody("A part of the body is not UTF-8") from None


async def items_of(files: Sequence[UploadFile], media_type: MediaType) -> list[Any]:
    """Return the parts of a body by place: JSON values, texts, and all others as they are.

    The Content-Type of a part decides, or else that of its encoding. Raises MalformedBody and Invalid.
    """
    items: list[Any] = []
    for index, file in enumerate(files):
        declared = encoding_at(media_type, index).get("contentType", "").partition(",")[0].strip()
        name = essence_of(file.content_type or declared or "text/plain")
        if is_json(name):
            items.append(parse(await file.read()))
        else:
            items.append(await _text(file) if name.startswith("text/") else file)
    return items


def encoding_at(media_type: MediaType, index: int) -> Mapping[str, Any]:
    """Return the encoding of the part at a place (OpenAPI 3.2, section 4.15.1)."""
    prefix = media_type.prefix_encoding
    return prefix[index] if index < len(prefix) else media_type.item_encoding


def wrong_type(file: UploadFile, encoding: Mapping[str, Any], *loc: str | int) -> list[ValidationErrorItem]:
    """Return the error of a file that has none of the media types which its encoding lists."""
    allowed = [name.strip().lower() for name in encoding.get("contentType", "").split(",") if name.strip()]
    sent = essence_of(file.content_type or "application/octet-stream")
    if not allowed or any(covers(essence_of(name), sent) for name in allowed):
        return []
    return [ValidationErrorItem(loc, f"The part must be {' or '.join(allowed)}", "contentType")]


class PartHeaders:
    """Validates the headers of parts, as their encodings declare them (OpenAPI 3.1, section 4.8.15)."""

    def __init__(self, document: Document, media_type: MediaType, schemas: Schemas) -> None:
        def readers(encoding: Mapping[str, Any], *place: str) -> Mapping[str, Reader]:
            pointer = (*media_type.pointer, *place)
            headers = document.part_headers(encoding, pointer)
            return {h.name.lower(): header_reader(document, h, pointer, schemas) for h in headers}

        self._named = {
            name: found
            for name, encoding in media_type.encoding.items()
            if (found := readers(encoding, "encoding", name))
        }
        self._first = [
            readers(encoding, "prefixEncoding", str(index))
            for index, encoding in enumerate(media_type.prefix_encoding)
        ]
        self._others = readers(media_type.item_encoding, "itemEncoding")

    def of_names(self, parts: Sequence[Part]) -> list[ValidationErrorItem]:
        """Return the validation errors of a body whose parts have names."""
        found: list[ValidationErrorItem] = []
        for name, readers in self._named.items():
            fields = [part.headers for part in parts if part.name == name]
            for index, headers in enumerate(fields):
                place = ("body", name, index) if len(fields) > 1 else ("body", name)
                found += _header_errors(readers, headers, *place)
        return found

    def of_places(self, files: Sequence[UploadFile]) -> list[ValidationErrorItem]:
        """Return the validation errors of a body whose parts have places."""
        found: list[ValidationErrorItem] = []
        for index, file in enumerate(files):
            readers = self._first[index] if index < len(self._first) else self._others
            found += _header_errors(readers, file.headers.raw, "body", index)
        return found


def _header_errors(
    readers: Mapping[str, Reader], fields: Fields, *loc: str | int
) -> list[ValidationErrorItem]:
    errors: list[ValidationErrorItem] = []
    for name, reader in readers.items():
        texts = [value.decode("utf-8", "surrogateescape") for key, value in fields if key == name.encode()]
        place = (*loc, "headers", reader.parameter.name)
        found: list[ValidationErrorItem] = []
        if texts:
            reader.value(texts, found)
        elif reader.parameter.required:
            errors.append(ValidationErrorItem(place, "The header of the part is required", "required"))
        errors += [ValidationErrorItem((*place, *item.loc[2:]), item.msg, item.type) for item in found]
    return errors
