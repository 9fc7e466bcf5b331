"""The row of a user, written from the claims of a verified token."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Text,
    any_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from impl.identity.tokens import Claims
from impl.postgres.database import Database
from impl.postgres.statement import Statement
from impl.store.statements import owned
from impl.tables import erased_user, user

# A missing claim leaves the stored value unchanged; a null deletes it.
_claims: dict[str, ColumnElement[Any]] = {
    "email": bindparam("email", type_=Text),
    "name": bindparam("name", type_=Text),
    "email_verified": bindparam("email_verified", type_=Boolean),
    "image": bindparam("image", type_=Text),
}
_issued_at = bindparam("issued_at", type_=DateTime(timezone=True))
_cleared = bindparam("cleared", type_=ARRAY(Text))
_kept = {
    name: case(
        (literal_column(f"'{name}'") == any_(_cleared), null()), else_=func.coalesce(value, user.c[name])
    )
    for name, value in _claims.items()
}
_differs = or_(*(user.c[name].is_distinct_from(value) for name, value in _kept.items()))
_described_at = func.coalesce(_issued_at, user.c.described_at)
_changed = (
    update(user)
    .where(
        owned(user),
        # Tokens do not arrive in the order in which they were issued: another worker may see an older one
        # later. A newer token with the same claims counts too. Without `iat`, the comparison is null.
        or_(user.c.described_at.is_(None), _issued_at >= user.c.described_at),
        or_(_differs, user.c.described_at.is_distinct_from(_described_at)),
    )
    .values(
        **_kept,
        described_at=_described_at,
        updated_at=case((_differs, func.clock_timestamp()), else_=user.c.updated_at),
    )
    .cte("changed")
)
# Without `iat`, the comparison is null, so such a token cannot restore an erased user.
_erased_since = exists().where(
    erased_user.c.id == bindparam("user_id"),
    func.coalesce(erased_user.c.erased_at >= _issued_at, true()),
)
# Not an upsert: during a concurrent erasure, ON CONFLICT DO UPDATE would wait for it and then insert the row
# again. This inserts only if neither a user nor an erasure is visible.
WRITE_PROFILE = Statement(
    insert(user)
    .from_select(
        ["id", *_claims, "described_at"],
        select(
            bindparam("user_id", type_=Text),
            _claims["email"],
            _claims["name"],
            func.coalesce(_claims["email_verified"], false()),
            _claims["image"],
            _issued_at,
        ).where(~exists().where(owned(user)), ~_erased_since),
    )
    .on_conflict_do_nothing()
    .add_cte(_changed),
    repeatable=True,
)


class Profiles:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, claims: Claims) -> None:
        """Store the claims of a token. An erased user returns only with a token that was issued later."""
        await self._database.one(
            WRITE_PROFILE,
            user_id=claims.user_id,
            email=claims.email,
            name=claims.name,
            email_verified=claims.email_verified,
            image=claims.image,
            issued_at=claims.issued_at,
            cleared=list(claims.cleared),
        )
