"""Idempotency keys: a repeated write is carried out once. The writing statement also stores the key.

Of several statements with one key, all but one violate its unique constraint and are rolled back. So no query
and no lock is needed beforehand, and a client that repeats a write whose response was lost gets that
response.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Generic, cast

import orjson
from specfirst.runtime.errors import APIError
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
from sqlalchemy.sql.dml import Insert, Update

from impl.errors import DatabaseUnavailable, IdempotencyKeyReused
from impl.postgres.database import Database
from impl.postgres.statement import Row, RowT, Statement, Violations
from impl.store.statements import Columns, owned
from impl.tables import SCHEMA, idempotency_key

# The maximum number of the user's expired keys that each write with a key deletes.
SWEPT = 100

_THIS_KEY = (owned(idempotency_key), idempotency_key.c.key == bindparam("key", type_=Text))
_OLDEST_KEPT: ColumnElement[datetime] = literal_column("now() - interval '24 hours'")

_old = idempotency_key.alias("old")
_swept = (
    select(_old.c.key)
    .where(_old.c.user_id == bindparam("user_id"), _old.c.created_at <= _OLDEST_KEPT)
    .order_by(_old.c.created_at)
    .limit(literal_column(str(SWEPT)))
    # Concurrent writes of one user neither wait for each other here nor delete the same keys.
    .with_for_update(skip_locked=True)
)
_SWEEP = delete(idempotency_key).where(owned(idempotency_key), idempotency_key.c.key.in_(_swept)).cte("swept")

DELETE_EXPIRED_KEY = Statement(
    delete(idempotency_key)
    .where(*_THIS_KEY, idempotency_key.c.created_at <= _OLDEST_KEPT)
    .returning(idempotency_key.c.key)
)


class IdempotentWrite(Generic[RowT]):
    """A write of one row of `table` that returns the same row again if its idempotency key is repeated."""

    def __init__(
        self,
        database: Database,
        name: str,
        table: Table,
        columns: Columns,
        write: Insert | Update,
        violations: Violations,
    ) -> None:
        """Create the write; a key that was used for one `name` is rejected for another."""
        self._database, self._name = database, name
        names = [column.key for column in columns]
        # The whole row is stored, so that a repetition can have a column that a later version returns.
        written = write.returning(table).cte("written")
        stored_key = insert(idempotency_key).from_select(
            ["user_id", "key", "fingerprint", "answer"],
            select(
                written.c.user_id,
                bindparam("key", type_=Text),
                bindparam("fingerprint", type_=LargeBinary),
                func.to_jsonb(written.table_valued()),
            ),
        )
        self.write = Statement[RowT](
            select(*(written.c[name] for name in names)).add_cte(stored_key.cte("kept"), _SWEEP),
            # The key that an earlier attempt stored prevents a second write.
            repeatable=True,
            violations={"idempotency_key_pkey": IdempotencyKeyReused, **violations},
        )
        answer = func.jsonb_populate_record(
            literal_column(f"NULL::{SCHEMA}.{table.name}"), idempotency_key.c.answer
        ).table_valued(*names, name="first")
        self.first = Statement(
            select(idempotency_key.c.fingerprint, answer).where(
                *_THIS_KEY, idempotency_key.c.created_at > _OLDEST_KEPT
            )
        )

    async def run(self, key: str, request: object, **values: object) -> RowT | None:
        """Return the row as this or the first request wrote it; None if there was no row to write.

        Raises IdempotencyKeyReused if the key was used for a different request.
        """
        fingerprint = sha256(orjson.dumps([self._name, request])).digest()
        api_error: APIError | None = None
        try:
            row = await self._database.one(self.write, key=key, fingerprint=fingerprint, **values)
        except DatabaseUnavailable:
            raise
        except APIError as error:
            row, api_error = None, error
        if row is not None:
            return row
        # The first request with the key may have caused this error: it has stored the key, taken the name, or
        # changed the version that If-Match names.
        first = cast(Row | None, await self._database.one(self.first, key=key, **values))
        if first is not None:
            if first.pop("fingerprint") != fingerprint:
                raise IdempotencyKeyReused
            return cast(RowT, first)
        if isinstance(api_error, IdempotencyKeyReused):
            # The key has expired and was not deleted yet.
            await self._database.one(DELETE_EXPIRED_KEY, key=key, **values)
            return await self.run(key, request, **values)
        if api_error is not None:
            raise api_error
        return None
