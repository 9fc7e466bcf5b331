"""The operations on categories, in the shape of those on tasks."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from sqlalchemy import (
    BigInteger,
    Text,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from generated import plain
from generated.operations import (
    CreateCategory201,
    GetCategory200,
    GetCategory304,
    ReplaceCategory200,
    UpdateCategory200,
)
from generated.schemas import CategoryCreate, CategoryReplace, CategoryUpdate
from impl.auth import Caller
from impl.database import Database, Statement, owned
from impl.errors import CategoryNotFound, PreconditionFailed
from impl.idempotency import Once
from impl.ids import Ids
from impl.paging import PageStatement, page_statement, read_page
from impl.revisions import admits, admitted, is_admitted, is_known, new_revision, take_etag
from impl.tables import Category, CategoryRow, category, category_count
from specfirst.errors import Refusal

DEFAULTS = {"color": Category.model_fields["color"].default}

_THIS_CATEGORY = (owned(category), category.c.id == bindparam("category_id"))
_ADMITTED = is_admitted(category, bindparam("admitted", type_=Text))

GET = Statement[CategoryRow](select(category).where(*_THIS_CATEGORY))
_NEW = ("user_id", "name", *DEFAULTS, "revision")
CREATE = Statement[CategoryRow](
    insert(category).values({name: bindparam(name) for name in ("id", *_NEW)}).returning(category),
    done=Statement(select(category).where(owned(category), category.c.id == bindparam("id"))),
)
CREATE_ONCE = Once[CategoryRow](
    "createCategory",
    category,
    insert(category).values({name: bindparam(name) for name in _NEW}).returning(category),
)
DELETE = Statement(
    delete(category).where(*_THIS_CATEGORY, _ADMITTED).returning(category.c.id),
    done=Statement(
        select(bindparam("category_id", type_=BigInteger).label("id")).where(~exists().where(*_THIS_CATEGORY))
    ),
)


@cache
def update_statement(names: frozenset[str]) -> Statement[CategoryRow]:
    values: dict[str, object] = {name: bindparam(name) for name in sorted({*names, "revision"})}
    revision = bindparam("revision", type_=BigInteger)
    return Statement[CategoryRow](
        update(category)
        .where(*_THIS_CATEGORY, category.c.revision != revision, _ADMITTED)
        .values(**values)
        .returning(category),
        done=Statement(select(category).where(*_THIS_CATEGORY, category.c.revision == revision)),
    )


@cache
def list_statement(*, after_cursor: bool, skipping: bool) -> PageStatement:
    counted = select(category_count.c.categories).where(owned(category_count))
    total = func.coalesce(counted.scalar_subquery(), literal_column("0"))
    return page_statement(category, (), total, after_cursor=after_cursor, skipping=skipping)


class Categories:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids = Ids(database, category)

    async def list_categories(
        self, caller: Caller, *, user_id: str, limit: int, offset: int, cursor: str | None
    ) -> plain.CategoryListResponse:
        page = await read_page(
            self._database,
            list_statement(after_cursor=cursor is not None, skipping=offset > 0),
            CategoryRow,
            user_id=user_id,
            limit=limit,
            offset=offset,
            cursor=cursor,
        )
        return {
            "items": page.items,
            "total": page.total,
            "next_cursor": page.next_cursor,
        }

    async def create_category(
        self, caller: Caller, *, user_id: str, body: CategoryCreate, idempotency_key: str | None = None
    ) -> CreateCategory201:
        given = body.model_dump()
        values = {"user_id": user_id, "revision": new_revision()} | DEFAULTS | given
        if idempotency_key is None:
            row = await self._database.one(CREATE, id=await self._ids.next(), **values)
        else:
            row = await CREATE_ONCE.one(self._database, idempotency_key, given, **values)
        assert row is not None
        location = f"/api/{quote(user_id, safe=':@+')}/categories/{row['id']}"
        return CreateCategory201(location=location, etag=take_etag(row), body=_answer(row))

    async def get_category(
        self, caller: Caller, *, user_id: str, category_id: int, if_none_match: str | None = None
    ) -> GetCategory200 | GetCategory304:
        row = await self._database.one(GET, user_id=user_id, category_id=category_id)
        if row is None:
            raise CategoryNotFound
        etag = take_etag(row)
        if is_known(etag, if_none_match):
            return GetCategory304(etag=etag)
        return GetCategory200(etag=etag, body=_answer(row))

    async def replace_category(
        self,
        caller: Caller,
        *,
        user_id: str,
        category_id: int,
        body: CategoryReplace,
        if_match: str | None = None,
    ) -> ReplaceCategory200:
        row = await self._set(user_id, category_id, DEFAULTS | body.model_dump(), if_match)
        return ReplaceCategory200(etag=take_etag(row), body=_answer(row))

    async def update_category(
        self,
        caller: Caller,
        *,
        user_id: str,
        category_id: int,
        body: CategoryUpdate,
        if_match: str | None = None,
    ) -> UpdateCategory200:
        changes = body.model_dump()
        if changes:
            row = await self._set(user_id, category_id, changes, if_match)
            return UpdateCategory200(etag=take_etag(row), body=_answer(row))
        unchanged = await self.get_category(caller, user_id=user_id, category_id=category_id)
        assert isinstance(unchanged, GetCategory200)
        if not admits(if_match, unchanged.etag):
            raise PreconditionFailed
        return UpdateCategory200(etag=unchanged.etag, body=unchanged.body)

    async def delete_category(
        self, caller: Caller, *, user_id: str, category_id: int, if_match: str | None = None
    ) -> plain.MessageResponse:
        values = {"user_id": user_id, "category_id": category_id, "admitted": admitted(if_match)}
        if await self._database.one(DELETE, **values) is None:
            raise await self._refusal(user_id, category_id, if_match)
        return {"message": "Category deleted successfully"}

    async def _set(
        self, user_id: str, category_id: int, values: dict[str, object], if_match: str | None
    ) -> CategoryRow:
        row = await self._database.one(
            update_statement(frozenset(values)),
            user_id=user_id,
            category_id=category_id,
            admitted=admitted(if_match),
            revision=new_revision(),
            **values,
        )
        if row is None:
            raise await self._refusal(user_id, category_id, if_match)
        return row

    async def _refusal(self, user_id: str, category_id: int, if_match: str | None) -> Refusal:
        """Why there was nothing to write; only who set a condition waits for a second look."""
        values = {"user_id": user_id, "category_id": category_id}
        if admitted(if_match) is None or await self._database.one(GET, **values) is None:
            return CategoryNotFound()
        return PreconditionFailed()


def _answer(row: CategoryRow) -> plain.CategoryResponse:
    """Where type checkers hold the rows of the database to the contract."""
    return {**row}
