"""Keyset pagination over an owner's rows, newest first.

A cursor is a position in that order: 14 hexadecimal digits for `created_at` in microseconds since 1970, and
14 for `id`. No row needs to have this position, so a cursor stays valid when rows are deleted, and every
string of this format is valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeAlias, TypedDict, cast

from specfirst.runtime.errors import NotFound
from sqlalchemy import ColumnElement, Table, bindparam, literal_column, select, true, tuple_

from impl.errors import UserNotFound
from impl.postgres.database import Database
from impl.postgres.statement import Row, RowT, Statement
from impl.store.counters import total
from impl.store.etags import tag_all
from impl.store.statements import Columns, owned
from impl.tables import Counters, user

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Parent: TypeAlias = tuple[str, Callable[[], NotFound]]
"""The column that refers to the row above, such as `task_id`, and the error if the user has no such row."""


class Page(TypedDict, Generic[RowT]):
    """A page as the list responses of the contract have it."""

    items: list[RowT]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageStatement:
    """Two statements for a page: `rows` is empty for an empty page, `anyway` for an unknown user or parent.

    Nearly all pages have rows, and without the join to the user they need no second sort: 65 µs less CPU time
    of PostgreSQL for a page of 100.
    """

    rows: Statement
    anyway: Statement


class Pages(Generic[RowT]):
    """Reads pages of a table, with one statement for each combination of filters."""

    def __init__(
        self,
        database: Database,
        table: Table,
        columns: Columns,
        counters: Counters | None = None,
        parent: Parent | None = None,
        *,
        unsent: Iterable[str] = (),
    ) -> None:
        """Read these columns, and leave out those that are `unsent` once the cursor is made of them."""
        self._database, self._table, self._counters, self._parent = database, table, counters, parent
        self._columns, self._unsent = columns, tuple(unsent)
        self._counted = () if counters is None else counters.properties
        self._statements: dict[tuple[object, ...], PageStatement] = {}

    async def read(
        self, user_id: str, filters: Mapping[str, object], *, limit: int, offset: int, cursor: str | None
    ) -> Page[RowT]:
        """Read one page, newest first; a filter with the value None is ignored.

        Raises UserNotFound, or the error of the parent if the filters name one that the user does not have.
        """
        given = {name: value for name, value in filters.items() if value is not None}
        statement = self.statement(given, after_cursor=cursor is not None, skipping=offset > 0)
        place = decode_cursor(cursor) if cursor is not None else {}
        # One row more than requested tells whether there is another page.
        values: dict[str, object] = dict(user_id=user_id, limit=limit + 1, offset=offset, **given, **place)
        rows, total = await self._database.all_beside(statement.rows, **values)
        if not rows:
            rows, total = await self._database.all_beside(statement.anyway, **values)
        if not rows:
            raise self._parent[1]() if self._parent and self._parent[0] in given else UserNotFound()
        if rows[0]["id"] is None:
            return {"items": [], "total": total, "next_cursor": None}
        items = rows[:limit]
        tag_all(items)
        next_cursor = encode_cursor(items[-1]) if len(rows) > limit else None
        for name in self._unsent:
            for row in items:
                del row[name]
        return {"items": cast(list[RowT], items), "total": total, "next_cursor": next_cursor}

    def statement(
        self, filters: Mapping[str, object], *, after_cursor: bool, skipping: bool
    ) -> PageStatement:
        """Return the statement for these filters, so that each combination uses the index made for it."""
        counted = (filters.get(name) for name in self._counted)
        key = (*filters, *counted, after_cursor, skipping)
        if key not in self._statements:
            self._statements[key] = page_statement(
                self._table,
                self._columns,
                filters,
                total(self._table, self._counters, filters),
                parent=self._parent[0] if self._parent and self._parent[0] in filters else None,
                after_cursor=after_cursor,
                skipping=skipping,
            )
        return self._statements[key]


def page_statement(
    table: Table,
    columns: Columns,
    filters: Iterable[str],
    total: ColumnElement[int],
    *,
    parent: str | None,
    after_cursor: bool,
    skipping: bool,
) -> PageStatement:
    """Read one page of the rows whose columns equal the parameters named by `filters`.

    Each row of the page has `total` beside it, as the last column, and its revision as `etag`. If the page is
    empty, `anyway` reads a single row of nulls and `total`, provided that the user has the row to which the
    column `parent` refers.
    """
    row = [column.label("etag") if column.key == "revision" else column for column in columns]
    # Skipped rows are read only from the index, and the others from the table: at an offset of 90 000, one
    # page takes 2.5 ms instead of 110 ms.
    first = [table.c.user_id, table.c.id, table.c.created_at] if skipping else row
    newest = select(*first).where(owned(table), *(table.c[name] == bindparam(name) for name in filters))
    if after_cursor:
        place = tuple_(bindparam("after_created_at"), bindparam("after_id"))
        newest = newest.where(tuple_(table.c.created_at, table.c.id) < place)
    newest = newest.order_by(table.c.created_at.desc(), table.c.id.desc())
    newest = newest.limit(bindparam("limit")).offset(bindparam("offset"))
    if skipping:
        found = newest.subquery("found")
        one = select(*row).where(table.c.user_id == found.c.user_id, table.c.id == found.c.id)
        # LIMIT 1 prevents a scan of the whole table, because the planner does not know the page length.
        read = one.correlate(found).limit(literal_column("1")).lateral("row")
        newest = select(read).select_from(found.join(read, true()))
        newest = newest.order_by(read.c.created_at.desc(), read.c.id.desc())
    page = newest.subquery("page")
    above, conditions = user, [owned(user)]
    if parent is not None:
        (key,) = table.c[parent].foreign_keys
        above = key.column.table
        conditions = [owned(above), key.column == bindparam(parent)]
    return PageStatement(
        rows=Statement(newest.add_columns(total.label("total"))),
        anyway=Statement(
            select(*page.c, total.label("total"))
            .select_from(above.outerjoin(page, true()))
            .where(*conditions)
            .order_by(page.c.created_at.desc(), page.c.id.desc())
        ),
    )


def encode_cursor(row: Row) -> str:
    return f"{(row['created_at'] - _EPOCH) // _MICROSECOND:014x}{row['id']:014x}"


def decode_cursor(cursor: str) -> dict[str, object]:
    # 14 digits reach the year 4253 and stay below 2^63, so no cursor is out of range.
    return {
        "after_created_at": _EPOCH + int(cursor[:14], 16) * _MICROSECOND,
        "after_id": int(cursor[14:], 16),
    }
