"""Request bodies: read them as their media type says, and validate them with its schema.

An operation whose body is JSON of one schema, as nearly all are, has `JSONBody`. All others have `Body`,
which chooses by the media type of the request.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from types import UnionType
from typing import Any, Union, get_args, get_origin
from urllib.parse import unquote_plus

from fastapi import UploadFile
from pydantic import TypeAdapter, ValidationError

from specfirst.contract.document import Document, MediaType, RequestBody, covers, essence_of, is_json
from specfirst.contract.shapes import TEXT, Shape, shape_of, text_shape
from specfirst.runtime.asgi import BODY_READ, Receive, Scope
from specfirst.runtime.errors import (
    APIError,
    ContentTooLarge,
    Invalid,
    MalformedBody,
    UnsupportedMediaType,
    ValidationErrorItem,
)
from specfirst.runtime.jsontext import parse
from specfirst.runtime.multipart import (
    File,
    PartHeaders,
    encoding_at,
    files_of,
    items_of,
    read_multipart,
    read_places,
    texts_of,
    wrong_type,
)
from specfirst.runtime.streams import events, lines
from specfirst.runtime.styles import form_value, typed
from specfirst.runtime.validation import Schemas, unrepresentable, validation_errors

DEFAULT_LIMIT = 1024 * 1024
"""The size limit of a body in bytes, if the contract has no `x-max-body-bytes`."""

ABSENT = object()
"""The value of an optional body that was not sent."""


class ClientDisconnected(Exception):
    """The client disconnected before it had sent its whole body, so no response is possible."""


FILES = "specfirst.files"
"""Scope key of the files of a multipart body, which are closed when the operation has returned."""

Found = list[ValidationErrorItem]


class JSONBody:
    """The body of an operation that takes JSON of one schema."""

    def __init__(self, body: RequestBody, schemas: Schemas, hint: Any, *, partial: bool = False) -> None:
        self._partial = partial
        self._required, self._media_types = body.required, body.media_types
        media_type = body.content[0]
        self._validator = schemas.validator(
            media_type.schema, (*media_type.pointer, "schema"), direction="request"
        )
        self._model = TypeAdapter(hint).validator

    async def read(self, scope: Scope, receive: Receive, limit: int) -> Any:
        """Read and parse the body, or return ABSENT if an optional body was not sent.

        Raises UnsupportedMediaType, ContentTooLarge, MalformedBody or Invalid, in this order.
        """
        headers, has_body = _headers(scope, partial=self._partial)
        if has_body or b"content-type" in headers:
            _check_media_type(headers, self._media_types, scope["method"])
        data = await _read(receive, headers, limit) if has_body else b""
        if not data and b"content-type" not in headers:
            if self._required:
                raise MalformedBody("The body is missing")
            return ABSENT
        return parse(data)

    def typed(self, body: Any, found: Found) -> Any:
        """Return the typed value of a body; append its validation errors to `found`."""
        if body is ABSENT:
            return None
        if not self._validator.is_valid(body):
            found += validation_errors(self._validator, body, "body")
            return None
        try:
            return self._model.validate_python(body, by_alias=True, by_name=False)
        except ValidationError as error:
            found += unrepresentable(error, "body")
            return None


class Body:
    """The body of an operation that takes other media types than JSON, or several schemas."""

    def __init__(
        self, document: Document, body: RequestBody, schemas: Schemas, hint: Any, *, partial: bool = False
    ) -> None:
        self._body, self._partial = body, partial
        model = (
            TypeAdapter(_modelled(hint)).validator
            if any(m.codec in _MODELLED for m in body.content)
            else None
        )
        items = _items_of(hint)
        item_model = None if items is None else TypeAdapter(items).validator
        self._codecs = [_Codec(document, m, schemas, model, item_model) for m in body.content]
        self._exact = {codec.media_type.essence: codec for codec in self._codecs}

    async def read(self, scope: Scope, receive: Receive, limit: int) -> Any:
        """Return the codec of the body and its value; ABSENT if an optional body was not sent."""
        headers, has_body = _headers(scope, partial=self._partial)
        if not has_body and b"content-type" not in headers:
            if self._body.required:
                raise MalformedBody("The body is missing")
            return ABSENT
        field = headers.get(b"content-type", b"").decode("latin-1")
        essence, charset = _media_type(field) if field else ("", "utf-8")
        codec = self._exact.get(essence) or next((c for c in self._codecs if c.covers(essence)), None)
        if codec is None or (codec.is_text and charset not in ("utf-8", "us-ascii")):
            accepted = {"Accept-Patch" if scope["method"] == "PATCH" else "Accept": ", ".join(self._exact)}
            text = f"The body must be {' or '.join(self._exact)}"
            raise UnsupportedMediaType(f"{text} in UTF-8" if codec else text, accepted)
        _check_coding(headers, {})
        return codec, await codec.read(scope, receive, headers, limit)

    def typed(self, body: Any, found: Found) -> Any:
        if body is ABSENT:
            return None
        codec, value = body
        return codec.typed(value, found)


_MODELLED = ("json", "form", "multipart", "text")
"""The codecs whose values become models."""


def _modelled(hint: Any) -> Any:
    """Return a type without the streams in it, which are no models."""
    members = _members(hint)
    if len(members) == 1:
        return hint
    rest = [part for part in members if get_origin(part) is not AsyncIterator]
    return Union[tuple(rest)]  # noqa: UP007  # The members are known at run time alone.


def _items_of(hint: Any) -> Any:
    """Return the type of the items of the streams in a type; None if it has none."""
    items = [get_args(part)[0] for part in _members(hint) if get_origin(part) is AsyncIterator]
    items = [item for item in items if item is not bytes]
    return Union[tuple(items)] if items else None  # noqa: UP007  # The members are known at run time alone.


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


async def close_files(scope: Scope) -> None:
    for file in scope.pop(FILES, ()):
        await file.close()


class _Codec:
    """Reads the body of one media type."""

    def __init__(
        self, document: Document, media_type: MediaType, schemas: Schemas, model: Any, item_model: Any
    ) -> None:
        self.media_type, self._kind, self._model = media_type, media_type.codec, model
        self.is_text = self._kind in ("json", "form", "text", "sse", "lines", "sequence")
        pointer = (*media_type.pointer, "schema")
        schema = {} if media_type.list_schema is None else media_type.list_schema
        self._shape = shape_of(document, schema, pointer) if self._kind in ("form", "multipart") else TEXT
        self._parts: Mapping[str, File | None] = {}
        self._places = media_type.has_places
        if self._kind == "multipart":
            self._parts, schema = files_of(document, schema, pointer)
            self._part_headers = PartHeaders(document, media_type, schemas)
        validates = self._kind != "bytes"
        if self._kind == "text":
            shape = text_shape(document, media_type)
            self._shape, validates = shape or TEXT, shape is not None
        self._validator = schemas.validator(schema, pointer, direction="request") if validates else None
        self._item = None
        if media_type.streams and media_type.item_schema is not None:
            self._item = schemas.validator(
                media_type.item_schema, media_type.item_pointer, direction="request"
            )
        self._item_model = item_model
        item = shape_of(document, media_type.item_schema, media_type.item_pointer)
        # What an event says: an object with its fields, or the JSON in its data.
        self._event = item.properties.get("data") if self._kind == "sse" else None

    def covers(self, essence: str) -> bool:
        """Return whether the media type is in the range that this one is."""
        return self.media_type.is_range and covers(self.media_type.essence, essence)

    async def read(self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> Any:
        if self._kind == "bytes":
            return _stream(receive, headers, limit, _reading(scope))
        if self.media_type.streams:
            return self._items(_stream(receive, headers, limit, _reading(scope)))
        if self._kind == "multipart":
            chunks = _stream(receive, headers, limit)
            if self._places:
                scope[FILES] = files = await read_places(headers[b"content-type"], chunks)
                return await items_of(files, self.media_type), self._part_headers.of_places(files)
            parts = await read_multipart(headers[b"content-type"], chunks)
            scope[FILES] = [part.value for part in parts if not isinstance(part.value, str)]
            return await texts_of(parts, self._parts), self._part_headers.of_names(parts)
        data = await _read(receive, headers, limit)
        if self._kind == "json":
            return parse(data)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise MalformedBody("The body is not UTF-8") from None
        return _pairs(text) if self._kind == "form" else text

    def typed(self, value: Any, found: Found) -> Any:
        if self._kind == "bytes" or self.media_type.streams:
            return value
        files: dict[str, Any] = {}
        if self._kind == "multipart":
            value, wrong = value
            found += wrong
        given = value
        if self._places:
            value = [
                part if isinstance(part, str | int | float | list | dict | None) else "" for part in given
            ]
            for index, part in enumerate(given):
                if isinstance(part, UploadFile):
                    found += wrong_type(part, encoding_at(self.media_type, index), "body", index)
        elif self._kind in ("form", "multipart"):
            value, files = self._object(value, found)
            if found:
                return None
        elif self._kind == "text" and "string" not in self._shape.types:
            try:
                given = value = typed(self._shape, value)
            except (ValueError, KeyError):
                kind = " or ".join(self._shape.types)
                found.append(ValidationErrorItem(("body",), f"The value is not of type {kind}", "type"))
                return None
        if self._validator is not None and not self._validator.is_valid(value):
            if self._kind in ("form", "multipart") and not self._places:
                value = self._with_lists(value, given)
            if errors := validation_errors(self._validator, value, "body"):
                found += errors
                return None
        if self._model is None or self._kind not in _MODELLED:
            return value
        value = given if self._places else {**value, **files} if files else value
        try:
            return self._model.validate_python(value, by_alias=True, by_name=False)
        except ValidationError as error:
            found += unrepresentable(error, "body")
            return None

    def _object(
        self, pairs: Sequence[tuple[str, Any]], found: Found
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the values of a form, and its files, by name."""
        grouped: dict[str, list[Any]] = {}
        for name, value in pairs:
            grouped.setdefault(name, []).append(value)
        values: dict[str, Any] = {}
        files: dict[str, Any] = {}
        for name in [*grouped]:
            file, parts = self._parts.get(name), grouped[name]
            if file is None and all(isinstance(part, str) for part in parts):
                continue
            shape = self._shape.properties.get(name) or self._shape.others or TEXT
            # Where the schema says nothing about files, they are one or several, as they come.
            several = file.several if file else shape.kind == "array" or len(parts) > 1
            text = file.texts if file else shape.items or TEXT
            del grouped[name]
            for index, part in enumerate(parts):
                loc = ("body", name, index) if several else ("body", name)
                if not isinstance(part, str):
                    found += wrong_type(part, self.media_type.encoding.get(name, {}), *loc[:2])
                elif text is None:
                    found.append(ValidationErrorItem(("body", name), "The part is not a file", "type"))
                else:
                    parts[index] = self._read(name, [part], text, found, *loc)
            if len(parts) > 1 and not several:
                found.append(
                    ValidationErrorItem(("body", name), "The part is given more than once", "duplicate")
                )
            # The validator sees that a file is there.
            mark = None if file and file.texts else ""
            seen = [mark if isinstance(part, UploadFile) else part for part in parts]
            values[name], files[name] = (seen, parts) if several else (seen[0], parts[0])
        texts = dict(grouped)
        for name, parts in grouped.items():
            if name not in self._shape.properties and "[" in name:
                continue
            shape = self._shape.properties.get(name) or self._shape.others or TEXT
            del texts[name]
            values[name] = self._read(name, parts, shape, found, "body", name)
        try:
            values |= form_value(texts, self._shape)
        except (ValueError, KeyError):
            found.append(ValidationErrorItem(("body",), "A value is not of its type", "type"))
        return values, files

    def _read(self, name: str, texts: Sequence[str], shape: Shape, found: Found, *loc: str | int) -> Any:
        """Return the value of the texts of a name; append what is wrong, at `loc`, to `found`."""
        try:
            return self._part(name, texts, shape)
        except Invalid as error:
            found += [
                ValidationErrorItem((*loc, *item.loc[1:]), item.msg, item.type)
                for item in error.validation_errors
            ]
        except APIError:
            found.append(ValidationErrorItem(loc, "The value is not JSON", "json"))
        except (ValueError, KeyError):
            kind = " or ".join(t for t in shape.types if t != "null")
            found.append(ValidationErrorItem(loc, f"The value is not of type {kind}", "type"))
        return None

    def _part(self, name: str, texts: Sequence[str], shape: Shape) -> Any:
        encoding = self.media_type.encoding.get(name, {})
        content_type = _type_of_texts(encoding)
        is_object = "object" in shape.types and not shape.scalars
        if is_json(content_type) or (is_object and not content_type and "style" not in encoding):
            values = [parse(text.encode()) for text in texts]
            if "array" not in shape.types:
                return _only(values)
            # A list is a part for each item, or one part (OpenAPI 3.2 and 3.1.1, section 4.8.15.1).
            whole = len(values) == 1 and isinstance(values[0], list)
            return values[0] if whole and not (shape.items and "array" in shape.items.types) else values
        if "array" in shape.types:
            if len(texts) == 1 and encoding.get("explode") is False:
                delimiter = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(encoding.get("style", ""), ",")
                texts = texts[0].split(delimiter) if texts[0] else []
            if len(texts) > 1 or not shape.scalars:
                return [typed(shape.items or TEXT, text) for text in texts]
        if not shape.typed and len(texts) != 1:
            # Only the validator decides whether there may be several parts, or a file, which is no text here.
            return list(texts)
        return typed(shape, _only(texts))

    def _with_lists(self, value: dict[str, Any], pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        """Return the value with lists of one for single values, `a=1`, if that makes it valid."""
        if self._validator is None:
            return value
        changed = value
        wrong = {item.loc[1] for item in validation_errors(self._validator, value, "body") if item.loc[1:]}
        for name, text in pairs:
            shape = self._shape.properties.get(name, TEXT)
            if name in wrong and isinstance(text, str) and "array" in shape.types and shape.scalars:
                with suppress(ValueError, KeyError):
                    changed = {**changed, name: [typed(shape.items or TEXT, text)]}
        return changed if changed is not value and self._validator.is_valid(changed) else value

    async def _items(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        """Yield the items of a stream, each of them valid. Raises Invalid for the first that is not."""
        index = 0
        async for value in self._values(chunks):
            if self._item is not None and not self._item.is_valid(value):
                raise Invalid(validation_errors(self._item, value, "body", index))
            try:
                yield (
                    value
                    if self._item_model is None
                    else self._item_model.validate_python(value, by_alias=True, by_name=False)
                )
            except ValidationError as error:
                raise Invalid(unrepresentable(error, "body", index)) from None
            index += 1

    async def _values(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        if self._kind == "sse":
            async for event in events(chunks):
                if self._event is None or "string" not in self._event.types:
                    event["data"] = parse(event["data"].encode())
                yield event["data"] if self._event is None else event
            return
        async for line in lines(chunks, b"\x1e" if self._kind == "sequence" else b"\n"):
            if line.strip():
                yield parse(line)


def _type_of_texts(encoding: Mapping[str, Any]) -> str:
    """Return the first media type of an encoding that a text can have, in lower case; "" if there is none."""
    listed = [essence_of(name) for name in encoding.get("contentType", "").split(",")]
    return next((name for name in listed if name.startswith("text/") or is_json(name)), "")


def _only(values: Sequence[Any]) -> Any:
    if len(values) != 1:
        raise ValueError
    return values[0]


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            try:
                pairs.append((unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")))
            except UnicodeDecodeError:
                raise MalformedBody("The form is not UTF-8") from None
    return pairs


def _headers(scope: Scope, *, partial: bool) -> tuple[dict[bytes, bytes], bool]:
    """Return the content headers of a request, and whether it has a body; `partial` ones are declared."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name.startswith(b"content-"):
            # A repeated field is one list (RFC 9110, section 5.3), which is not a media type.
            headers[name] = headers[name] + b", " + value if name in headers else value
    has_body = headers.get(b"content-length", b"0") != b"0" or any(
        name == b"transfer-encoding" for name, _ in scope["headers"]
    )
    if b"content-range" in headers and scope["method"] == "PUT" and not partial:
        # Storing a part as if it were the whole would destroy the rest (RFC 9110, section 14.5).
        raise MalformedBody("The body must be whole, without Content-Range")
    return headers, has_body


def _check_media_type(headers: Mapping[bytes, bytes], media_types: Collection[str], method: str) -> None:
    field = headers.get(b"content-type", b"").decode("latin-1")
    if field in media_types and b"content-encoding" not in headers:
        # Nearly every request names the media type alone, and needs no parsing.
        return
    # RFC 9110, section 12.5.1, and for PATCH RFC 5789, section 2.2.
    accepted = {"Accept-Patch" if method == "PATCH" else "Accept": ", ".join(media_types)}
    essence, charset = _media_type(field)
    if essence not in media_types or charset != "utf-8":
        raise UnsupportedMediaType(f"The body must be {' or '.join(media_types)} in UTF-8", accepted)
    _check_coding(headers, accepted)


def _check_coding(headers: Mapping[bytes, bytes], accepted: Mapping[str, str]) -> None:
    codings = headers.get(b"content-encoding", b"identity").lower().split(b",")
    if any(coding.strip() not in (b"identity", b"") for coding in codings):
        # Accept-Encoding tells the client that the content coding is the cause (RFC 9110, section 15.5.16).
        raise UnsupportedMediaType(
            "The body must not be compressed", {**accepted, "Accept-Encoding": "identity"}
        )


_WORD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_PARAMETER = f"({_WORD})=({_WORD}|{_QUOTED})"
# A semicolon need not have a parameter (RFC 9110, section 5.6.6).
_MEDIA_TYPE = re.compile(rf"({_WORD}/{_WORD})[ \t]*((?:;[ \t]*(?:{_PARAMETER}[ \t]*)?)*)")


def _media_type(field: str) -> tuple[str, str]:
    """Return the media type without parameters and its charset, in lower case; "" and "" if it is malformed.

    (RFC 9110, section 8.3.1.) JSON without a charset is UTF-8 (RFC 8259, section 8.1).
    """
    match = _MEDIA_TYPE.fullmatch(field)
    if match is None:
        return "", ""
    parameters = [(name.lower(), value) for name, value in re.findall(_PARAMETER, match[2])]
    values = dict(parameters)
    if len(values) < len(parameters):
        # A duplicated parameter is an error with no defined meaning (RFC 6838, section 4.3).
        return "", ""
    charset = values.get("charset", "utf-8")
    if charset.startswith('"'):
        charset = re.sub(r"\\(.)", r"\1", charset[1:-1])
    return match[1].lower(), charset.lower()


async def _read(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    length = headers.get(b"content-length", b"").lstrip(b"0")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise ContentTooLarge(limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        # Nearly every body arrives in one message.
        data: bytes = message.get("body", b"")
        if len(data) > limit:
            raise ContentTooLarge(limit)
        return data
    parts, size = [], 0
    while True:
        if message["type"] != "http.request":
            raise ClientDisconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise ContentTooLarge(limit)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


def _reading(scope: Scope) -> asyncio.Event:
    """Return what says that the body has been read, so that a streamed response takes no part of it."""
    event: asyncio.Event = scope.setdefault(BODY_READ, asyncio.Event())
    return event


async def _stream(
    receive: Receive, headers: Mapping[bytes, bytes], limit: int, read: asyncio.Event | None = None
) -> AsyncIterator[bytes]:
    """Yield the body as it arrives. Raises ContentTooLarge, and ClientDisconnected if it ends early."""
    length = headers.get(b"content-length", b"").lstrip(b"0")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise ContentTooLarge(limit)
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnected
        if chunk := message.get("body", b""):
            size += len(chunk)
            if size > limit:
                raise ContentTooLarge(limit)
            yield chunk
        if not message.get("more_body"):
            if read is not None:
                read.set()
            return
