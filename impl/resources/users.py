"""The operations on the caller's own account, and the row that a first token brings."""

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
    delete,
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

from generated import plain
from impl.errors import UserNotFound
from impl.identity.verifiers import Caller, Claims
from impl.postgres.database import Database, Statement, owned
from impl.tables import UserRow, erased_user, user

GET = Statement[UserRow](select(*(user.c[name] for name in UserRow.__annotations__)).where(owned(user)))

_gone = delete(user).where(owned(user)).returning(user.c.id).cte("gone")
_erase = insert(erased_user).from_select(["id"], select(_gone.c.id))
DELETE = Statement(
    _erase.on_conflict_do_update(
        index_elements=["id"], set_={"erased_at": _erase.excluded.erased_at}
    ).returning(erased_user.c.id),
    done=Statement(
        select(erased_user.c.id).where(erased_user.c.id == bindparam("user_id"), ~exists().where(owned(user)))
    ),
)

# A claim that the token does not make leaves what is stored; a null takes it away.
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
        # Tokens do not arrive in the order in which they were issued: another worker may first see an older
        # one later. That a newer one said the same counts too. Without `iat` the comparison is null.
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
# Without `iat` the comparison is null, so that such a token does not bring anybody back.
_erased_since = exists().where(
    erased_user.c.id == bindparam("user_id"),
    func.coalesce(erased_user.c.erased_at >= _issued_at, true()),
)
# Not an upsert: while an erasure is under way, ON CONFLICT DO UPDATE would wait for it and then insert the
# row again. This inserts only where neither a user nor an erasure was there to be seen.
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


class Users:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_user(self, caller: Caller, *, user_id: str) -> plain.UserResponse:
        row = await self._database.one(GET, user_id=user_id)
        if row is None:
            raise UserNotFound
        return {**row}

    async def delete_user(self, caller: Caller, *, user_id: str) -> plain.MessageResponse:
        if await self._database.one(DELETE, user_id=user_id) is None:
            raise UserNotFound
        return {"message": "User deleted successfully"}

    async def write_profile(self, claims: Claims) -> None:
        """Store what a token says of its user. An erased user returns only with a token issued since."""
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
