"""SQL statements, compiled once to the text that asyncpg sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeAlias, cast

from specfirst.runtime.errors import APIError
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.visitors import iterate
from typing_extensions import TypeVar

_DIALECT = dialect()  # type: ignore[no-untyped-call]

Row: TypeAlias = dict[str, Any]
RowT = TypeVar("RowT", default=Row)

Violations: TypeAlias = Mapping[str, Callable[[], APIError]]
"""The error for the violation of each constraint, by the constraint's name."""


class Statement(Generic[RowT]):
    """A statement in SQL for asyncpg; `names` are its parameters in the order of $1, $2 and so on.

    `Statement[plain.UserResponse]` declares the type of its rows.

    A statement on rows of users must take a `user_id`, or it raises TypeError.

    A connection can be lost after the statement was carried out and before its result arrived. A statement
    that only reads is then repeated. One that writes is repeated if it is `repeatable` as it is, or if `done`
    reads what it would have returned: rows if it was carried out, and none otherwise.

    `violations` maps the constraints that it can violate to errors: the database checks them atomically,
    while a query beforehand would have a race condition.
    """

    __slots__ = ("done", "names", "reads", "repeatable", "sql", "violations")

    def __init__(
        self,
        statement: ClauseElement,
        *,
        repeatable: bool = False,
        done: Statement[RowT] | None = None,
        violations: Violations | None = None,
    ) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=_DIALECT))
        self.sql = str(compiled)
        self.names = tuple(compiled.positiontup or ())
        parts = list(iterate(statement))
        if "user_id" not in self.names and any(isinstance(part, Table) for part in parts):
            raise TypeError(f"A statement on owned rows must name their owner: {self.sql}")
        self.reads = not any(isinstance(part, UpdateBase) for part in parts)
        self.done = done
        self.repeatable = repeatable or done is not None or self.reads
        self.violations = violations or {}
