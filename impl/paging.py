"""Pages of an owner's rows, newest first.

A cursor is a place in that order: 14 hexadecimal digits for `created_at` in microseconds since 1970 and 14
for `id`. It need not be a row's place, so it stays good when rows go, and every string of this form is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ScalarSelect, Table, bindparam, func, select, true, tuple_

from impl.database import Database, Row, Statement, owned
from impl.errors import UserNotFound
from impl.tables import user

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    items: list[RowT]
    total: int
    next_cursor: str | None


async def read_page(
    database: Database,
    table: Table,
    row_type: type[RowT],
    *,
    user_id: str,
    limit: int,
    offset: int,
    cursor: str | None,
    filters: Mapping[str, object] | None = None,
) -> Page[RowT]:
    """The rows whose columns equal the given `filters`; a filter that is None is not given.

    `row_type` is the type of the table's rows.
    """
    given = {name: value for name, value in (filters or {}).items() if value is not None}
    statement = page_statement(table, tuple(given), cursor is not None)
    place = decode_cursor(cursor) if cursor is not None else {}
    # One row more than asked for tells whether there is another page.
    rows = await database.all(statement, user_id=user_id, limit=limit + 1, offset=offset, **given, **place)
    if not rows:
        raise UserNotFound
    total, names = rows[0]["total"], table.c.keys()
    # The user's row is there even when none of theirs is; `total` is the last value of a row and falls off.
    items = [dict(zip(names, row.values(), strict=False)) for row in rows[:limit] if row["id"] is not None]
    next_cursor = encode_cursor(items[-1]) if len(rows) > limit else None
    return Page(cast(list[RowT], items), total, next_cursor)


@cache
def page_statement(table: Table, filters: tuple[str, ...], after_cursor: bool) -> Statement:
    """One statement per combination of filters, so that each is read from the index made for it.

    Its rows are those of the page with `total` beside them, a single row of nulls when the page is empty,
    and none when there is no such user.
    """
    matching = [owned(table), *(table.c[name] == bindparam(name) for name in filters)]
    newest = select(table).where(*matching)
    if after_cursor:
        place = tuple_(bindparam("after_created_at"), bindparam("after_id"))
        newest = newest.where(tuple_(table.c.created_at, table.c.id) < place)
    newest = newest.order_by(table.c.created_at.desc(), table.c.id.desc())
    page = newest.limit(bindparam("limit")).offset(bindparam("offset")).subquery("page")
    return Statement(
        select(*page.c, _total(table, matching).label("total"))
        .select_from(user.outerjoin(page, true()))
        .where(owned(user))
        .order_by(page.c.created_at.desc(), page.c.id.desc())
    )


def _total(table: Table, matching: list[Any]) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(*matching).scalar_subquery()


def encode_cursor(row: Row) -> str:
    return f"{(row['created_at'] - _EPOCH) // _MICROSECOND:014x}{row['id']:014x}"


def decode_cursor(cursor: str) -> dict[str, object]:
    # 14 digits reach to the year 4253 and stay below 2^63: no cursor is out of range.
    return {
        "after_created_at": _EPOCH + int(cursor[:14], 16) * _MICROSECOND,
        "after_id": int(cursor[14:], 16),
    }
