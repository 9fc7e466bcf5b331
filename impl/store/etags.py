"""Revisions and entity tags: each state of a row has a random number, which is sent as its ETag.

What If-Match and If-None-Match mean stands in RFC 9110, section 13.1; the contract has seen to their form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import getrandbits
from typing import Any, cast

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Table, any_, func, literal_column, or_
from sqlalchemy import cast as sql_cast

# The strong tags of a list that have the form of ours. Weak ones match nothing (section 8.8.3.2).
_STRONG = re.compile(r'(?<!W/)"([0-7][0-9a-f]{15})"')


def new_revision() -> int:
    """A number for a new state of a row; the database can still add to it (migrations/versions/0006)."""
    return getrandbits(62)


def take_etag(row: Mapping[str, object]) -> str:
    """Take the revision, which is no property of an answer, out of a row."""
    return f'"{cast(dict[str, Any], row).pop("revision"):016x}"'


def admitted(if_match: str | None) -> str | None:
    """The revisions that an If-Match admits, as `is_admitted` reads them; None if it admits all."""
    if if_match is None or if_match == "*":
        return None
    return " ".join(str(int(tag, 16)) for tag in _STRONG.findall(if_match))


def is_admitted(table: Table, revisions: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition in the very statement that writes, so that nobody can write in between."""
    listed = func.string_to_array(revisions, literal_column("' '"))
    return or_(revisions.is_(None), table.c.revision == any_(sql_cast(listed, ARRAY(BigInteger))))


def admits(if_match: str | None, etag: str) -> bool:
    return if_match is None or if_match == "*" or etag[1:-1] in _STRONG.findall(if_match)


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the client has this state already; that a tag is weak does not matter here."""
    return if_none_match is not None and (if_none_match == "*" or etag in if_none_match)
