"""Multipart bodies: texts, and files that are spooled to disk above 1 MiB (RFC 7578, RFC 2046).

The parts of multipart/form-data have names, and become an object. Those of other types, such as
multipart/mixed, have places, and become a list if the schema is an array (OpenAPI 3.2, section 4.15).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fastapi import UploadFile
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from specfirst.contract.document import Document, MediaType, Pointer, covers, essence_of, is_json
from specfirst.contract.shapes import files_in, number_of_files
from specfirst.runtime.errors import MalformedBody, ValidationErrorItem
from specfirst.runtime.jsontext import parse

Part = str | UploadFile


@dataclass(frozen=True, slots=True)
class File:
    """A part of a multipart body that arrives as a file; `several` if it is a list of files."""

    several: bool


async def read_multipart(content_type: bytes, chunks: AsyncIterator[bytes]) -> list[tuple[str, Part]]:
    """Return the parts in the order of the body: texts, and UploadFile for files. Raises MalformedBody."""
    return await _parts(_NamesParser, content_type, chunks)


async def read_places(content_type: bytes, chunks: AsyncIterator[bytes]) -> list[UploadFile]:
    """Return the parts of a body whose parts have no names, as files. Raises MalformedBody."""
    parts = await _parts(_PlacesParser, content_type, chunks)
    return [part for _, part in parts if not isinstance(part, str)]


async def _parts(
    parser: type[MultiPartParser], content_type: bytes, chunks: AsyncIterator[bytes]
) -> list[tuple[str, Part]]:
    headers = Headers({"content-type": content_type.decode("latin-1")})
    try:
        form = await parser(headers, cast(AsyncGenerator[bytes, None], chunks)).parse()
    except MultiPartException as error:
        raise MalformedBody(f"The body is not a valid form: {error.message}") from None
    except KeyError:
        raise MalformedBody("The media type of the body has no boundary") from None
    return [
        (
            name,
            value
            if isinstance(value, str)
            else UploadFile(file=value.file, size=value.size, filename=value.filename, headers=value.headers),
        )
        for name, value in form.multi_items()
    ]


class _NamesParser(MultiPartParser):
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


class _PlacesParser(MultiPartParser):
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
        if files := files_in(document, part, place):
            found[name] = File(several=files == "several")
        else:
            node, place = document.follow(part, place)
            if isinstance(node, Mapping) and node.get("type") == "array":
                node, _ = document.follow(node.get("items"), (*place, "items"))
            if isinstance(node, Mapping) and node.keys() & _TYPED:
                found[name] = None
        properties[name] = number_of_files(document, part, (*where, "properties", name)) if files else part
    rest = {**resolved, "properties": properties} if properties else {**resolved}
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts = [
            files_of(document, part, (*where, keyword, str(index)))
            for index, part in enumerate(resolved.get(keyword) or ())
        ]
        for inner, _ in parts:
            if any(found.get(name, kind) != kind for name, kind in inner.items()):
                # The alternatives disagree on what a part is.
                return {}, schema
            found |= inner
        if parts:
            rest[keyword] = [part for _, part in parts]
    return (found, rest) if any(found.values()) else (found, schema)


_TYPED = frozenset(
    {"type", "enum", "const", "allOf", "anyOf", "oneOf", "properties", "items", "contentEncoding"}
)
"""Keywords that say what a part is. One without them can be a text or a file, and so can items of a list."""


async def texts_of(
    parts: Sequence[tuple[str, Part]], declared: Mapping[str, File | None]
) -> list[tuple[str, Part]]:
    """Return the parts, with the content of those that are declared as texts and arrived as files.

    Browsers send a Blob as a file. Raises MalformedBody if one is not UTF-8.
    """
    return [
        (name, await _text(part) if not isinstance(part, str) and declared.get(name, part) is None else part)
        for name, part in parts
    ]


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
