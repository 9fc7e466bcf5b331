"""Revisions, entity tags and the preconditions of conditional requests (RFC 9110, section 13).

Each version of a row has a random number, its revision, which is sent as its entity tag. The contract has
checked the form of If-Match and If-None-Match.
"""

from __future__ import annotations

import re
from random import getrandbits
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Table,
    all_,
    and_,
    any_,
    cast,
    func,
    literal_column,
    or_,
)

from impl.errors import PreconditionFailed

# An entity tag of the form that this service gives, and the W/ that marks it as weak.
_TAG = re.compile(r'(W/)?"([0-7][0-9a-f]{15})"')


def new_revision() -> int:
    """A number for a new version of a row; the database can still add to it (migrations/versions/0006)."""
    return getrandbits(62)


def entity_tag(revision: int) -> str:
    return f'"{revision:016x}"'


class Preconditions(NamedTuple):
    """The If-Match and If-None-Match of a request, or None for each that it does not have.

    - If-Match compares strongly: a weak tag matches nothing (section 13.1.1).
    - If-None-Match compares weakly: a weak tag matches as a strong one does (section 13.1.2).
    """

    if_match: str | None = None
    if_none_match: str | None = None

    @property
    def can_fail(self) -> bool:
        """Whether there is a version of the row for which they are false."""
        return self.if_match not in (None, "*") or self.if_none_match is not None

    def check(self, etag: str) -> None:
        """Raise PreconditionFailed unless a change of the version with this entity tag is admissible."""
        matched, excluded = self.parameters().values()
        revision = str(int(etag[1:-1], 16))
        if (matched is not None and revision not in matched.split()) or (
            excluded is not None and revision in excluded.split()
        ):
            raise PreconditionFailed

    def parameters(self) -> dict[str, str | None]:
        """The revisions that each header lists, as `hold` reads them; null where it makes no difference."""
        matched = excluded = None
        if self.if_match not in (None, "*"):
            matched = _revisions(self.if_match, weak=False)
        if self.if_none_match == "*":
            # Every version of the row matches, so none may be changed.
            matched = ""
        elif self.if_none_match is not None:
            excluded = _revisions(self.if_none_match, weak=True)
        return {"if_match": matched, "if_none_match": excluded}


def hold(
    table: Table, if_match: ColumnElement[Any], if_none_match: ColumnElement[Any]
) -> ColumnElement[bool]:
    """The preconditions, as a part of the statement that writes: no other write comes in between."""
    return and_(
        or_(if_match.is_(None), table.c.revision == any_(_listed(if_match))),
        or_(if_none_match.is_(None), table.c.revision != all_(_listed(if_none_match))),
    )


def is_current(etag: str, if_none_match: str | None) -> bool:
    """Whether the client already has the version with this entity tag, so that a read answers 304."""
    return if_none_match is not None and (if_none_match == "*" or etag in if_none_match)


def _revisions(tags: str, *, weak: bool) -> str:
    return " ".join(str(int(tag, 16)) for mark, tag in _TAG.findall(tags) if weak or not mark)


def _listed(revisions: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.string_to_array(revisions, literal_column("' '")), ARRAY(BigInteger))
