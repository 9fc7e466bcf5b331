"""Revisions and entity tags: each version of a row has a random number, which is sent as its ETag.

RFC 9110, section 13.1, says what If-Match and If-None-Match mean; the contract has checked their form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from random import getrandbits
from typing import Any, cast

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Table, any_, func, literal_column, or_
from sqlalchemy import cast as sql_cast

from specfirst.etags import ANY, entity_tags, opaque, satisfies_if_match, satisfies_if_none_match

# The strong tags that have the form of ours.
_OURS = re.compile(r'"([0-7][0-9a-f]{15})"')

# Precedes the revisions of a condition that admits all others.
_ALL_BUT = "-1"


def new_revision() -> int:
    """A number for a new state of a row; the database can still add to it (migrations/versions/0006)."""
    return getrandbits(62)


def take_etag(row: Mapping[str, object]) -> str:
    """Take the revision, which is no property of an answer, out of a row."""
    return f'"{cast(dict[str, Any], row).pop("revision"):016x}"'


def admitted(if_match: str | None, if_none_match: str | None) -> str | None:
    """The revisions that a request's conditions admit, as `is_admitted` reads them; None if it has none.

    "12 34" admits these two, "-1 12 34" all but these two, and "" none.
    """
    if if_none_match == ANY:
        return ""
    # Strong comparison for If-Match, weak comparison for If-None-Match (section 8.8.3.2).
    refused = _revisions(map(opaque, entity_tags(if_none_match or "")))
    if if_match is not None and if_match != ANY:
        return " ".join(revision for revision in _revisions(entity_tags(if_match)) if revision not in refused)
    return " ".join((_ALL_BUT, *refused)) if refused else None


def _revisions(tags: Iterable[str]) -> list[str]:
    return [str(int(match[1], 16)) for tag in tags if (match := _OURS.fullmatch(tag))]


def is_admitted(table: Table, revisions: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition in the very statement that writes, so that nobody can write in between."""
    listed = sql_cast(func.string_to_array(revisions, literal_column("' '")), ARRAY(BigInteger))
    all_but = func.starts_with(revisions, literal_column(f"'{_ALL_BUT}'"))
    return or_(revisions.is_(None), (table.c.revision == any_(listed)) != all_but)


def admits(if_match: str | None, if_none_match: str | None, etag: str) -> bool:
    """Whether a request's conditions admit the version that has this entity tag."""
    return (if_match is None or satisfies_if_match(etag, if_match)) and (
        if_none_match is None or satisfies_if_none_match(etag, if_none_match)
    )
