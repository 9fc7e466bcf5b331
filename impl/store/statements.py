"""The statements on a table of users' rows, each defined once for single and batched requests.

The functions take `given`, the parameters of the statement: bound parameters with the values of one request,
or columns of the table of a batch (impl/store/batching.py), with a `position`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import Insert, Update
from sqlalchemy.types import TypeEngine

from impl.postgres.statement import Statement, Violations
from impl.store.batching import POSITION
from impl.store.etags import hold
from impl.tables import user

Kinds: TypeAlias = dict[str, TypeEngine[Any]]
Given: TypeAlias = Mapping[str, ColumnElement[Any]]
Values: TypeAlias = Mapping[str, ColumnElement[Any]]
Columns: TypeAlias = Sequence[Column[Any]]
"""The columns of the rows that a statement returns, the keys and the revision among them."""

THIS_ROW: Kinds = {"user_id": Text(), "id": BigInteger()}
PRECONDITIONS: Kinds = {"preconditions": Text()}
REVISION: Kinds = {"revision": BigInteger()}
CHANGE: Kinds = {**THIS_ROW, **PRECONDITIONS, **REVISION}
GIVEN: Kinds = {"given": BigInteger()}
"""The properties that a request changes, as the sum of their bits."""


def parameters(kinds: Kinds) -> Given:
    """Return the parameters of a statement for one request."""
    return {name: bindparam(name, type_=kind) for name, kind in kinds.items()}


def owned(table: Table) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the user given as `user_id`."""
    owner = table.c.id if table is user else table.c.user_id
    return owner == bindparam("user_id")


def read(table: Table, columns: Columns, given: Given) -> Statement[Any]:
    return Statement(select(*_position(given), *columns).where(_this_row(table, given)))


def insertion(table: Table, given: Given) -> Insert:
    values = {name: value for name, value in given.items() if name != POSITION}
    return insert(table).from_select([*values], select(*values.values()))


def create(table: Table, columns: Columns, violations: Violations, given: Given) -> Statement[Any]:
    """Insert rows. Their ids are known beforehand, so the primary key tells whether they were inserted."""
    inserted: Any = insertion(table, given).returning(*columns)
    if POSITION in given:
        rows = inserted.cte("created")
        inserted = select(given[POSITION], rows).where(_this_row(rows, given))
    return Statement(inserted, done=read(table, columns, given), violations=violations)


def modification(table: Table, values: Values, given: Given) -> Update:
    """Set these values and a new revision if the preconditions hold.

    `updated_at` is not set by a trigger, which could not tell a change of a task from the deletion of its
    category. clock_timestamp() and not now(), so that of two concurrent changes of a row the later one has
    the later timestamp.
    """
    dated = {"updated_at": func.clock_timestamp()} if "updated_at" in table.c else {}
    return (
        update(table)
        .where(
            _this_row(table, given),
            # An earlier attempt of the same statement gave it this revision.
            table.c.revision != given["revision"],
            hold(table, given["preconditions"]),
        )
        .values(**values, **dated, revision=given["revision"])
    )


def change(
    table: Table, columns: Columns, values: Values, violations: Violations, given: Given
) -> Statement[Any]:
    # The batch commits atomically, so one row with its new revision proves that all were written, except
    # for those with preconditions that may not have held.
    found = (
        select(
            *_position(given),
            *columns,
            func.bool_or(table.c.revision == given["revision"]).over().label("done"),
            or_(given["preconditions"].is_(None), table.c.revision == given["revision"]).label("certain"),
        )
        .where(_this_row(table, given))
        .subquery("found")
    )
    row = [column for column in found.c if column.name not in ("done", "certain")]
    return Statement(
        modification(table, values, given).returning(*_position(given), *columns),
        done=Statement(select(*row).where(found.c.done, found.c.certain)),
        violations=violations,
    )


def update_given(
    table: Table, columns: Columns, bits: Mapping[str, int], violations: Violations, given: Given
) -> Statement[Any]:
    """Change the properties whose bits are in `given["given"]`, and keep the stored values of the others.

    One statement serves every PATCH. A statement for each subset of the properties would save 0 to 5 % of
    PostgreSQL's time (docs/decisions/026-rooms-and-store.md), but their number doubles with each property.
    """
    values = {}
    for name, bit in bits.items():
        is_given = given["given"].op("&")(literal_column(str(bit))) != literal_column("0")
        values[name] = case((is_given, given[name]), else_=table.c[name])
    return change(table, columns, values, violations, given)


def remove(table: Table, given: Given) -> Statement[Any]:
    condition = hold(table, given["preconditions"])
    this_row = _this_row(table, given)
    return Statement(
        delete(table).where(this_row, condition).returning(table.c.id),
        done=Statement(select(given["id"].label("id")).where(~exists().where(this_row))),
    )


def _this_row(table: Any, given: Given) -> ColumnElement[bool]:
    return and_(table.c.user_id == given["user_id"], table.c.id == given["id"])


def _position(given: Given) -> list[ColumnElement[Any]]:
    return [given[POSITION]] if POSITION in given else []
