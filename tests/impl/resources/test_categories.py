from __future__ import annotations

from typing import Any

import pytest

from generated import plain
from generated.schemas import (
    CategoryCreate,
    CategoryReplace,
    CategoryUpdate,
    TaskCreate,
)
from impl.errors import CategoryNameTaken, CategoryNotFound, UserNotFound
from impl.identity.caller import Caller
from impl.postgres.database import Database
from impl.resources.categories import Categories
from impl.resources.tasks import Tasks
from impl.resources.users import Users


@pytest.fixture
def categories(database: Database) -> Categories:
    return Categories(database)


async def create(
    categories: Categories, caller: Caller, name: str, **properties: Any
) -> plain.CategoryResponse:
    body = CategoryCreate(name=name, **properties)
    return (await categories.create_category(caller, user_id=caller.user_id, body=body)).body


async def names(categories: Categories, caller: Caller, **paging: Any) -> list[str]:
    page = {"limit": 100, "offset": 0, "cursor": None} | paging
    response = await categories.list_categories(caller, user_id=caller.user_id, **page)
    return [item["name"] for item in response["items"]]


async def test_a_new_category_is_blue_by_default(categories: Categories, ada: Caller) -> None:
    created = await categories.create_category(ada, user_id=ada.user_id, body=CategoryCreate(name="Work"))
    assert created.body["color"] == "#3B82F6"
    assert created.location == f"/api/{ada.user_id}/categories/{created.body['id']}"
    assert (await create(categories, ada, "Home", color="#10b981"))["color"] == "#10b981"
    this: dict[str, Any] = {"user_id": ada.user_id, "category_id": created.body["id"]}
    assert (await categories.get_category(ada, **this)).body == created.body


async def test_category_names_are_unique_for_a_user(categories: Categories, ada: Caller, bob: Caller) -> None:
    await create(categories, ada, "Work")
    home = await create(categories, ada, "Home")
    await create(categories, bob, "Work")
    this: dict[str, Any] = {"user_id": ada.user_id, "category_id": home["id"]}
    with pytest.raises(CategoryNameTaken):
        await create(categories, ada, "Work")
    with pytest.raises(CategoryNameTaken):
        await categories.update_category(ada, **this, body=CategoryUpdate(name="Work"))
    with pytest.raises(CategoryNameTaken):
        await categories.replace_category(ada, **this, body=CategoryReplace(name="Work"))
    # A category can be updated with its own name.
    updated = (await categories.update_category(ada, **this, body=CategoryUpdate(name="Home"))).body
    assert updated == home | {"etag": updated["etag"]}
    assert await names(categories, ada) == ["Home", "Work"]


async def test_replace_resets_the_color_and_update_keeps_it(categories: Categories, ada: Caller) -> None:
    old = await create(categories, ada, "Work", color="#000000")
    this: dict[str, Any] = {"user_id": ada.user_id, "category_id": old["id"]}
    assert (await categories.update_category(ada, **this, body=CategoryUpdate())).body == old
    updated = (await categories.update_category(ada, **this, body=CategoryUpdate(name="Job"))).body
    assert updated == old | {"name": "Job", "etag": updated["etag"]}
    updated = (await categories.update_category(ada, **this, body=CategoryUpdate(color="#ffffff"))).body
    assert updated == old | {"name": "Job", "color": "#ffffff", "etag": updated["etag"]}
    replaced = (await categories.replace_category(ada, **this, body=CategoryReplace(name="Work"))).body
    assert replaced == old | {"color": "#3B82F6", "etag": replaced["etag"]}


async def test_a_category_of_another_user_is_not_found(
    categories: Categories, ada: Caller, bob: Caller
) -> None:
    hers = await create(categories, ada, "Work")
    this: dict[str, Any] = {"user_id": bob.user_id, "category_id": hers["id"]}
    attempts = [
        categories.get_category(bob, **this),
        categories.replace_category(bob, **this, body=CategoryReplace(name="Bob's")),
        categories.update_category(bob, **this, body=CategoryUpdate(name="Bob's")),
        categories.update_category(bob, **this, body=CategoryUpdate()),
        categories.delete_category(bob, **this),
    ]
    for attempt in attempts:
        with pytest.raises(CategoryNotFound):
            await attempt
    assert await names(categories, bob) == []
    assert await names(categories, ada) == ["Work"]


async def test_deleting_a_category_does_not_change_its_tasks(
    categories: Categories, database: Database, ada: Caller
) -> None:
    tasks = Tasks(database)
    work = await create(categories, ada, "Work")
    created = await tasks.create_task(
        ada, user_id=ada.user_id, body=TaskCreate(title="x", category_id=work["id"])
    )
    response = await categories.delete_category(ada, user_id=ada.user_id, category_id=work["id"])
    assert response["message"] == "Category deleted successfully"
    left = (await tasks.get_task(ada, user_id=ada.user_id, task_id=created.body["id"])).body
    assert left == created.body | {"category_id": None, "etag": left["etag"]}
    with pytest.raises(CategoryNotFound):
        await categories.delete_category(ada, user_id=ada.user_id, category_id=work["id"])


async def test_categories_are_paged_newest_first(categories: Categories, ada: Caller) -> None:
    for name in "abcde":
        await create(categories, ada, name)
    assert await names(categories, ada) == list("edcba")
    page = await categories.list_categories(ada, user_id=ada.user_id, limit=2, offset=0, cursor=None)
    assert page["total"] == 5
    await create(categories, ada, "f")
    assert await names(categories, ada, limit=2, cursor=page["next_cursor"]) == ["c", "b"]
    assert await names(categories, ada, offset=1, cursor=page["next_cursor"]) == ["b", "a"]


async def test_an_erased_user_has_no_categories(
    categories: Categories, database: Database, ada: Caller
) -> None:
    await create(categories, ada, "Work")
    await Users(database).delete_user(ada, user_id=ada.user_id)
    with pytest.raises(UserNotFound):
        await names(categories, ada)
    with pytest.raises(UserNotFound):
        await create(categories, ada, "Work")
