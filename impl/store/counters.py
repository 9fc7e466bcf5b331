"""The total of a list, from the counters that triggers maintain, or by counting."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, bindparam, func, literal_column, select

from impl.store.statements import owned
from impl.tables import Counters


def total(table: Table, counters: Counters | None, filters: Mapping[str, object]) -> ColumnElement[int]:
    """Return an expression for the number of the owner's rows that match these filters.

    Filters that are not properties of a counter become parameters of the statement.
    """
    if counters is None:
        conditions = [table.c[name] == bindparam(name) for name in filters]
        return select(func.count()).select_from(table).where(owned(table), *conditions).scalar_subquery()
    columns = [
        counters.table.c[name]
        for name, properties in counters.columns.items()
        if all(filters.get(name, value) == value for name, value in properties.items())
    ]
    counted = select(sum(columns[1:], columns[0])).where(owned(counters.table))
    if counters.key:
        chosen = counters.key in filters
        key: ColumnElement[int] = bindparam(counters.key) if chosen else literal_column("0")
        counted = counted.where(counters.table.c[counters.key] == key)
    # A count of zero has no row.
    return func.coalesce(counted.scalar_subquery(), literal_column("0"))
