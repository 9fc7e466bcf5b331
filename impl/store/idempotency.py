"""Writes with an Idempotency-Key are carried out once: the key is stored by the very statement that writes.

Of several statements with one key, all but one violate the key's uniqueness, and are undone as a whole. So
nothing is looked up beforehand, nothing is locked, and a write whose answer was lost on its way is found
again by whoever repeats it.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any, Generic, TypeVar, cast

import orjson
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from impl.errors import DatabaseUnavailable, IdempotencyKeyReused
from impl.postgres.database import Database, Row, Statement, owned
from impl.tables import SCHEMA, idempotency_key
from specfirst.errors import Refusal

RowT = TypeVar("RowT")

# How many of the user's old keys each write with a key removes, at the most.
SWEPT = 100

_THIS_KEY = (owned(idempotency_key), idempotency_key.c.key == bindparam("key", type_=Text))
_OLDEST_KEPT: ColumnElement[datetime] = literal_column("now() - interval '24 hours'")

_old = idempotency_key.alias("old")
_swept = (
    select(_old.c.key)
    .where(_old.c.user_id == bindparam("user_id"), _old.c.created_at <= _OLDEST_KEPT)
    .order_by(_old.c.created_at)
    .limit(literal_column(str(SWEPT)))
    # Several writes of one user neither wait for each other here nor remove the same.
    .with_for_update(skip_locked=True)
)
_SWEEP = delete(idempotency_key).where(owned(idempotency_key), idempotency_key.c.key.in_(_swept)).cte("swept")

FORGET = Statement(
    delete(idempotency_key)
    .where(*_THIS_KEY, idempotency_key.c.created_at <= _OLDEST_KEPT)
    .returning(idempotency_key.c.key)
)


class Once(Generic[RowT]):
    """A write that gives one whole row of `table`, and gives the same again when its key comes again."""

    def __init__(
        self, operation_id: str, table: Table, write: ReturningInsert[Any] | ReturningUpdate[Any]
    ) -> None:
        self._operation_id = operation_id
        written = write.cte("written")
        kept = insert(idempotency_key).from_select(
            ["user_id", "key", "fingerprint", "answer"],
            select(
                written.c.user_id,
                bindparam("key", type_=Text),
                bindparam("fingerprint", type_=LargeBinary),
                func.to_jsonb(written.table_valued()),
            ),
        )
        # Whoever repeats it finds its key.
        self.write = Statement[RowT](select(written).add_cte(kept.cte("kept"), _SWEEP), repeatable=True)
        answer = func.jsonb_populate_record(
            literal_column(f"NULL::{SCHEMA}.{table.name}"), idempotency_key.c.answer
        ).table_valued(*(column.name for column in table.c), name="first")
        self.first = Statement(
            select(idempotency_key.c.fingerprint, answer).where(
                *_THIS_KEY, idempotency_key.c.created_at > _OLDEST_KEPT
            )
        )

    async def one(self, database: Database, key: str, request: object, **values: object) -> RowT | None:
        """The row as it was written, now or the first time; None if there was none to write.

        Raises IdempotencyKeyReused if the key came with another request.
        """
        fingerprint = sha256(orjson.dumps([self._operation_id, request])).digest()
        refusal: Refusal | None = None
        try:
            row = await database.one(self.write, key=key, fingerprint=fingerprint, **values)
        except DatabaseUnavailable:
            raise
        except Refusal as error:
            row, refusal = None, error
        if row is not None:
            return row
        # The first request with the key may itself be the cause: it has the key, or took the name, or changed
        # what If-Match had named. And what it was done to may be gone.
        first = cast(Row | None, await database.one(self.first, key=key, **values))
        if first is not None:
            if first.pop("fingerprint") != fingerprint:
                raise IdempotencyKeyReused
            return cast(RowT, first)
        if isinstance(refusal, IdempotencyKeyReused):
            # The key is too old to count, and not swept yet.
            await database.one(FORGET, key=key, **values)
            return await self.one(database, key, request, **values)
        if refusal is not None:
            raise refusal
        return None
