"""Categories: names and colors of a user; a task can have one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from .conftest import (
    CATEGORY_NOT_FOUND,
    NAME_TAKEN,
    NOT_THE_CALLER,
    Json,
    Person,
    Server,
    body_of,
    expect,
    headers_of,
    ids_of,
    new_person,
    pages_of,
    validation_errors_of,
)

BLUE, GREEN = "#3B82F6", "#10b981"
NO_CATEGORY = "/categories/9007199254740991"
DELETED = {"message": "Category deleted successfully"}


def page_of(*categories: Json) -> Json:
    return {"items": list(categories), "total": len(categories), "next_cursor": None}


# --- One category ---


def test_a_new_category_has_default_color_and_timestamp(ada: Person) -> None:
    before = datetime.now(UTC)
    response = ada.post("/categories", {"name": "Work"})
    category = response.json()
    expected = {
        "id": category["id"],
        "user_id": ada.id,
        "name": "Work",
        "color": BLUE,
        "created_at": category["created_at"],
    }
    expect(response, 201, expected, location=f"/api/{ada.id}/categories/{category['id']}")
    assert before <= datetime.fromisoformat(category["created_at"]) <= datetime.now(UTC)


def test_create_category_stores_all_properties(ada: Person) -> None:
    category = ada.category("Café ☕", color=GREEN)
    assert (category["name"], category["color"]) == ("Café ☕", GREEN)


@pytest.mark.parametrize("user_id", ["a|b:c@d+e~f.", "plain"])
def test_the_location_of_a_new_category_can_be_fetched(server: Server, ada: Person, user_id: str) -> None:
    person = new_person(server, f"{user_id}{ada.id}")
    response = person.post("/categories", {"name": "Work"})
    expect(server.raw("GET", response.headers["location"], token=person.token), 200, response.json())


def test_head_has_the_headers_of_get_and_no_body(ada: Person) -> None:
    path = f"/categories/{ada.category()['id']}"
    for target in (path, "/categories"):
        response, get = ada.request("HEAD", target), ada.get(target)
        assert (response.status_code, response.content) == (200, b"")
        assert headers_of(response) == headers_of(get) == {}
        assert response.headers["content-length"] == get.headers["content-length"]
    assert ada.request("HEAD", NO_CATEGORY).status_code == 404


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("GET", None),
        ("PUT", {"name": "Changed"}),
        ("PATCH", {"name": "Changed"}),
        ("PATCH", {}),
        ("DELETE", None),
    ],
)
def test_a_missing_category_answers_404(ada: Person, method: str, body: Json) -> None:
    category = ada.category()
    expect(ada.request(method, NO_CATEGORY, json=body), 404, CATEGORY_NOT_FOUND)
    expect(ada.get("/categories"), 200, page_of(category))


def test_put_resets_omitted_properties_to_defaults(ada: Person) -> None:
    category = ada.category(color=GREEN)
    path = f"/categories/{category['id']}"
    expect(ada.put(path, {"name": "Home"}), 200, category | {"name": "Home", "color": BLUE})
    expect(ada.put(path, {"name": "Away", "color": GREEN}), 200, category | {"name": "Away"})
    expect(ada.get(path), 200, category | {"name": "Away"})


def test_put_without_a_name_is_rejected(ada: Person) -> None:
    category = ada.category()
    path = f"/categories/{category['id']}"
    assert validation_errors_of(ada.put(path, {"color": GREEN})) == [("body.name", "required")]
    expect(ada.get(path), 200, category)


@pytest.mark.parametrize(
    "change", [{"name": "Home"}, {"color": "#000000"}, {"name": "Home", "color": BLUE}, {}], ids=str
)
def test_patch_changes_only_the_given_properties(ada: Person, change: dict[str, Json]) -> None:
    category = ada.category(color=GREEN)
    path = f"/categories/{category['id']}"
    expect(ada.patch(path, change), 200, category | change)
    expect(ada.get(path), 200, category | change)


@pytest.mark.parametrize("name", ["name", "color"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_null_is_rejected_unless_the_contract_allows_it(ada: Person, method: str, name: str) -> None:
    category = ada.category(color=GREEN)
    path = "/categories" if method == "POST" else f"/categories/{category['id']}"
    body = {"name": "Changed", name: None}
    assert validation_errors_of(ada.request(method, path, json=body)) == [(f"body.{name}", "type")]
    expect(ada.get("/categories"), 200, page_of(category))


def test_deleting_a_category_keeps_its_tasks(ada: Person) -> None:
    category, other = ada.category("Work"), ada.category("Home")
    tasks = [
        ada.task("Newer", category_id=category["id"], completed=True),
        ada.task("Other", category_id=other["id"]),
    ]
    path = f"/categories/{category['id']}"

    expect(ada.delete(path), 200, DELETED)

    expect(ada.delete(path), 404, CATEGORY_NOT_FOUND)
    expect(ada.get(path), 404, CATEGORY_NOT_FOUND)
    expect(ada.get("/categories"), 200, page_of(other))
    # `updated_at` does not change, because the user did not change the task.
    expect(ada.get("/tasks"), 200, page_of(tasks[1], tasks[0] | {"category_id": None}))
    expect(ada.get("/tasks", category_id=category["id"]), 200, page_of())


# --- Names ---


def test_category_names_are_unique_per_user(ada: Person, bob: Person) -> None:
    category = ada.category("Work")
    expect(ada.post("/categories", {"name": "Work", "color": GREEN}), 409, NAME_TAKEN)
    expect(ada.get("/categories"), 200, page_of(category))
    # Another user can use the same name.
    assert bob.category("Work")["name"] == "Work"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_renaming_to_a_taken_name_answers_409(ada: Person, method: str) -> None:
    work, home = ada.category("Work"), ada.category("Home")
    response = ada.request(method, f"/categories/{home['id']}", json={"name": "Work", "color": GREEN})
    expect(response, 409, NAME_TAKEN)
    expect(ada.get("/categories"), 200, page_of(home, work))


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_category_may_keep_its_name(ada: Person, method: str) -> None:
    category = ada.category("Work")
    body = {"name": "Work", "color": GREEN}
    path = f"/categories/{category['id']}"
    expect(ada.request(method, path, json=body), 200, category | {"color": GREEN})


@pytest.mark.parametrize("freed", ["deleted", "renamed"])
def test_a_name_can_be_reused_after_delete_or_rename(ada: Person, freed: str) -> None:
    path = f"/categories/{ada.category('Work')['id']}"
    response = ada.delete(path) if freed == "deleted" else ada.patch(path, {"name": "Home"})
    assert response.status_code == 200
    assert ada.category("Work")


@pytest.mark.parametrize("other", ["work", "Work ", " Work", "Wörk", "Wo\u0308rk", "Work\n"])
def test_names_that_differ_in_one_character_are_different(ada: Person, other: str) -> None:
    ada.category("Work")
    ada.category("Wõrk")
    assert ada.category(other)["name"] == other


def test_one_of_many_concurrent_creations_gets_the_name(ada: Person) -> None:
    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(lambda _: ada.post("/categories", {"name": "Work"}), range(16)))
    assert sorted(response.status_code for response in responses) == [201, *[409] * 15]
    assert ada.get("/categories").json()["total"] == 1


# --- Lists ---


def test_categories_of_another_user_are_not_listed(ada: Person, bob: Person) -> None:
    ada.category()
    expect(bob.get(f"/api/{ada.id}/categories"), 403, NOT_THE_CALLER)
    expect(bob.get("/categories"), 200, page_of())


def test_categories_are_listed_complete_and_newest_first(ada: Person) -> None:
    categories = [ada.category(name) for name in ("First", "Second", "Third")]
    expect(ada.get("/categories"), 200, page_of(*reversed(categories)))


@pytest.fixture(scope="module")
def reader(server: Server) -> tuple[Person, list[int]]:
    """A person with seven categories, and their ids, newest first."""
    person = new_person(server)
    return person, [person.category(f"Category {number}")["id"] for number in range(7)][::-1]


@pytest.mark.parametrize(
    ("limit", "offset"),
    [(1, 0), (3, 0), (7, 0), (1000, 0), (3, 3), (3, 4), (3, 5), (1, 6), (100, 7), (100, 9007199254740991)],
)
def test_limit_and_offset_select_a_page_and_total_counts_all(
    reader: tuple[Person, list[int]], limit: int, offset: int
) -> None:
    person, ids = reader
    page = body_of(person.get("/categories", limit=limit, offset=offset))
    assert ids_of(page) == ids[offset : offset + limit]
    assert page["total"] == 7
    assert (page["next_cursor"] is None) == (offset + limit >= 7)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_following_the_cursor_reads_every_item_once(reader: tuple[Person, list[int]], limit: int) -> None:
    person, ids = reader
    pages = pages_of(person, "/categories", limit=limit)
    assert [ids_of(page) for page in pages] == [ids[start : start + limit] for start in range(0, 7, limit)]
    assert {page["total"] for page in pages} == {7}


def test_the_cursor_is_stable_while_categories_change(ada: Person) -> None:
    ids = [ada.category(f"Category {number}")["id"] for number in range(8)][::-1]
    page = body_of(ada.get("/categories", limit=3))
    assert ids_of(page) == ids[:3]
    ada.category("New, in front of what was read")
    for deleted_id in (ids[0], ids[2], ids[3]):
        ada.delete(f"/categories/{deleted_id}")
    page = body_of(ada.get("/categories", limit=3, cursor=page["next_cursor"]))
    assert ids_of(page) == ids[4:7]
    page = body_of(ada.get("/categories", limit=3, cursor=page["next_cursor"]))
    assert ids_of(page) == ids[7:]
    assert (page["total"], page["next_cursor"]) == (6, None)
