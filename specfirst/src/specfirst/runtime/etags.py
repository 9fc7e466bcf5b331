"""Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus

ANY = "*"

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# A list may have empty elements (section 5.6.1.2). At each character there is one way to continue, so
# matching takes linear time.
_TAGS = re.compile(rf"(?:{_TAG}[ \t]*)?(?:,[ \t]*(?:{_TAG}[ \t]*)?)*")

_FIELDS = (b"if-match", b"if-none-match")


def entity_tags(field: str) -> list[str]:
    """List the entity tags of a field value; a value that is not a list of entity tags has none."""
    return re.findall(_TAG, field) if _TAGS.fullmatch(field) else []


def satisfies_if_match(etag: str, field: str) -> bool:
    """Use strong comparison: a weak tag never matches (sections 8.8.3.2 and 13.1.1)."""
    return field == ANY or (not etag.startswith("W/") and etag in entity_tags(field))


def satisfies_if_none_match(etag: str, field: str) -> bool:
    """Use weak comparison, which ignores the weakness mark (sections 8.8.3.2 and 13.1.2)."""
    return field != ANY and opaque(etag) not in map(opaque, entity_tags(field))


def opaque(etag: str) -> str:
    """Return a tag without its weakness mark."""
    return etag.removeprefix("W/")


def conditions(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, str]:
    """Return the values of If-Match and If-None-Match among a request's headers."""
    fields: dict[bytes, str] = {}
    for name, value in headers:
        if name in _FIELDS:
            text = value.decode("latin-1")
            # Several field lines are one list (section 5.3).
            fields[name] = f"{fields[name]}, {text}" if name in fields else text
    return fields


def conditional_status(fields: Mapping[bytes, str], etag: str) -> HTTPStatus | None:
    """Return the status that replaces the response to GET or HEAD, or None (section 13.2.2).

    `fields` are the request's preconditions, and `etag` is that of the selected representation.
    """
    if b"if-match" in fields and not satisfies_if_match(etag, fields[b"if-match"]):
        return HTTPStatus.PRECONDITION_FAILED
    if b"if-none-match" in fields and not satisfies_if_none_match(etag, fields[b"if-none-match"]):
        return HTTPStatus.NOT_MODIFIED
    return None
