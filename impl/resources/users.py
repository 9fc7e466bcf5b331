"""The operations on the caller's own account."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from generated import plain
from impl.errors import UserNotFound
from impl.identity.caller import Caller
from impl.postgres.database import Database
from impl.postgres.statement import Statement
from impl.store.rows import properties
from impl.store.statements import owned
from impl.tables import User, erased_user, user

_SENT = properties(User, plain.UserResponse)
GET = Statement[plain.UserResponse](select(*(c for c in user.c if c.key in _SENT)).where(owned(user)))

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


class Users:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_user(self, caller: Caller, *, user_id: str) -> plain.UserResponse:
        row = await self._database.one(GET, user_id=user_id)
        if row is None:
            raise UserNotFound
        return row

    async def delete_user(self, caller: Caller, *, user_id: str) -> plain.MessageResponse:
        if await self._database.one(DELETE, user_id=user_id) is None:
            raise UserNotFound
        return {"message": "User deleted successfully"}
