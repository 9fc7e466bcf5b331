"""The total of a list, read from the counters that triggers keep, or counted where there are none."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, bindparam, func, literal_column, select

from impl.store.statements import owned
from impl.tables import Counters


def total(table: Table, counters: Counters | None, filters: Mapping[str, object]) -> ColumnElement[int]:
    """How many of the owner's rows these filters leave; the statement takes those that are no property of a
    counter as parameters."""
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
    # What counts nothing has no row.
    return func.coalesce(counted.scalar_subquery(), literal_column("0"))
