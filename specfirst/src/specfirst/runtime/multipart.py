"""Multipart bodies: fields as texts, and files that are spooled to disk above 1 MiB (RFC 7578)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

from fastapi import UploadFile
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from specfirst.runtime.errors import MalformedBody


@dataclass(frozen=True, slots=True)
class File:
    """A part of a multipart body that arrives as a file; `several` if it is a list of files."""

    several: bool


async def read_multipart(content_type: bytes, chunks: AsyncIterator[bytes]) -> list[tuple[str, Any]]:
    """Return the parts in the order of the body: texts, and UploadFile for files. Raises MalformedBody."""
    parser = MultiPartParser(
        Headers({"content-type": content_type.decode("latin-1")}), cast(AsyncGenerator[bytes, None], chunks)
    )
    try:
        form = await parser.parse()
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
