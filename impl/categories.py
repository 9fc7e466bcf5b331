"""The operations on categories, in the shape of those on tasks."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from sqlalchemy import BigInteger, bindparam, delete, exists, func, insert, literal_column, select, update

from generated import plain
from generated.operations import CreateCategory201
from generated.schemas import CategoryCreate, CategoryReplace, CategoryUpdate
from impl.auth import Caller
from impl.database import Database, Statement, owned
from impl.errors import CategoryNotFound
from impl.ids import Ids
from impl.paging import PageStatement, page_statement, read_page
from impl.revisions import new_revision
from impl.tables import Category, CategoryRow, category, category_count, properties

DEFAULTS = {"color": Category.model_fields["color"].default}

_THIS_CATEGORY = (owned(category), category.c.id == bindparam("category_id"))

GET = Statement[CategoryRow](select(*properties(category)).where(*_THIS_CATEGORY))
CREATE = Statement[CategoryRow](
    insert(category)
    .values({name: bindparam(name) for name in ("user_id", "id", "name", *DEFAULTS, "revision")})
    .returning(*properties(category)),
    done=Statement(select(*properties(category)).where(owned(category), category.c.id == bindparam("id"))),
)
DELETE = Statement(
    delete(category).where(*_THIS_CATEGORY).returning(category.c.id),
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
        .where(*_THIS_CATEGORY, category.c.revision != revision)
        .values(**values)
        .returning(*properties(category)),
        done=Statement(select(*properties(category)).where(*_THIS_CATEGORY, category.c.revision == revision)),
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
        self, caller: Caller, *, user_id: str, body: CategoryCreate
    ) -> CreateCategory201:
        row = await self._database.one(
            CREATE,
            user_id=user_id,
            id=await self._ids.next(),
            revision=new_revision(),
            **(DEFAULTS | body.model_dump()),
        )
        assert row is not None
        created = _answer(row)
        location = f"/api/{quote(user_id, safe=':@+')}/categories/{created['id']}"
        return CreateCategory201(body=created, location=location)

    async def get_category(self, caller: Caller, *, user_id: str, category_id: int) -> plain.CategoryResponse:
        row = await self._database.one(GET, user_id=user_id, category_id=category_id)
        if row is None:
            raise CategoryNotFound
        return _answer(row)

    async def replace_category(
        self, caller: Caller, *, user_id: str, category_id: int, body: CategoryReplace
    ) -> plain.CategoryResponse:
        return await self._set(user_id, category_id, DEFAULTS | body.model_dump())

    async def update_category(
        self, caller: Caller, *, user_id: str, category_id: int, body: CategoryUpdate
    ) -> plain.CategoryResponse:
        changes = body.model_dump()
        if not changes:
            return await self.get_category(caller, user_id=user_id, category_id=category_id)
        return await self._set(user_id, category_id, changes)

    async def delete_category(
        self, caller: Caller, *, user_id: str, category_id: int
    ) -> plain.MessageResponse:
        if await self._database.one(DELETE, user_id=user_id, category_id=category_id) is None:
            raise CategoryNotFound
        return {"message": "Category deleted successfully"}

    async def _set(self, user_id: str, category_id: int, values: dict[str, object]) -> plain.CategoryResponse:
        statement = update_statement(frozenset(values))
        row = await self._database.one(
            statement, user_id=user_id, category_id=category_id, revision=new_revision(), **values
        )
        if row is None:
            raise CategoryNotFound
        return _answer(row)


def _answer(row: CategoryRow) -> plain.CategoryResponse:
    """Where type checkers hold the rows of the database to the contract."""
    return {**row}
