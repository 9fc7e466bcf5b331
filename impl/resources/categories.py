"""The operations on categories."""

from __future__ import annotations

from urllib.parse import quote

from generated import plain
from generated.operations import (
    CreateCategory201,
    GetCategory200,
    ReplaceCategory200,
    UpdateCategory200,
)
from generated.schemas import CategoryCreate, CategoryReplace, CategoryUpdate
from impl.errors import CategoryNameTaken, CategoryNotFound
from impl.identity.caller import Caller
from impl.postgres.database import Database
from impl.store.etags import Preconditions
from impl.store.owned_table import OwnedTable
from impl.tables import CATEGORY_COUNTERS, Category


class Categories:
    def __init__(self, database: Database) -> None:
        self._categories = OwnedTable(
            database,
            Category,
            plain.CategoryResponse,
            missing=CategoryNotFound,
            violations={"category_user_id_name_key": CategoryNameTaken},
            counters=CATEGORY_COUNTERS,
            batched=False,
        )

    async def list_categories(
        self, caller: Caller, *, user_id: str, limit: int, offset: int, cursor: str | None
    ) -> plain.CategoryListResponse:
        return await self._categories.page(user_id, limit=limit, offset=offset, cursor=cursor)

    async def create_category(
        self, caller: Caller, *, user_id: str, body: CategoryCreate, idempotency_key: str | None = None
    ) -> CreateCategory201:
        stored = await self._categories.insert(user_id, body.model_dump(), idempotency_key=idempotency_key)
        location = f"/api/{quote(user_id, safe=':@+')}/categories/{stored.values['id']}"
        return CreateCategory201(location=location, etag=stored.etag, body=stored.values)

    async def get_category(self, caller: Caller, *, user_id: str, category_id: int) -> GetCategory200:
        stored = await self._categories.get(user_id, category_id)
        return GetCategory200(etag=stored.etag, body=stored.values)

    async def replace_category(
        self,
        caller: Caller,
        *,
        user_id: str,
        category_id: int,
        body: CategoryReplace,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> ReplaceCategory200:
        preconditions = Preconditions(if_match, if_none_match)
        stored = await self._categories.replace(user_id, category_id, body.model_dump(), preconditions)
        return ReplaceCategory200(etag=stored.etag, body=stored.values)

    async def update_category(
        self,
        caller: Caller,
        *,
        user_id: str,
        category_id: int,
        body: CategoryUpdate,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> UpdateCategory200:
        preconditions = Preconditions(if_match, if_none_match)
        stored = await self._categories.update(user_id, category_id, body.model_dump(), preconditions)
        return UpdateCategory200(etag=stored.etag, body=stored.values)

    async def delete_category(
        self,
        caller: Caller,
        *,
        user_id: str,
        category_id: int,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> plain.MessageResponse:
        await self._categories.delete(user_id, category_id, Preconditions(if_match, if_none_match))
        return {"message": "Category deleted successfully"}
