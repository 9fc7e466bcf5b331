"""Categories: names and colours of a user's own, which tasks can do without."""

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
    findings_of,
    headers_of,
    ids_of,
    newcomer,
    pages_of,
)

BLUE, GREEN = "#3B82F6", "#10b981"
NO_CATEGORY = "/categories/9007199254740991"
DELETED = {"message": "Category deleted successfully"}


def page_of(*categories: Json) -> Json:
    return {"items": list(categories), "total": len(categories), "next_cursor": None}


# --- One category ---


def test_a_new_category_is_blue_and_has_the_time_of_its_creation(ada: Person) -> None:
    before = datetime.now(UTC)
    answer = ada.post("/categories", {"name": "Work"})
    category = answer.json()
    expected = {
        "id": category["id"],
        "user_id": ada.id,
        "name": "Work",
        "color": BLUE,
        "created_at": category["created_at"],
    }
    expect(answer, 201, expected, location=f"/api/{ada.id}/categories/{category['id']}")
    assert before <= datetime.fromisoformat(category["created_at"]) <= datetime.now(UTC)


def test_a_new_category_is_what_was_sent(ada: Person) -> None:
    category = ada.category("Café ☕", color=GREEN)
    assert (category["name"], category["color"]) == ("Café ☕", GREEN)


@pytest.mark.parametrize("user_id", ["a|b:c@d+e~f.", "plain"])
def test_the_location_of_a_new_category_can_be_fetched(server: Server, ada: Person, user_id: str) -> None:
    person = newcomer(server, f"{user_id}{ada.id}")
    answer = person.post("/categories", {"name": "Work"})
    expect(server.raw("GET", answer.headers["location"], token=person.token), 200, answer.json())


def test_head_has_the_headers_of_get_and_no_body(ada: Person) -> None:
    path = f"/categories/{ada.category()['id']}"
    for target in (path, "/categories"):
        answer, get = ada.request("HEAD", target), ada.get(target)
        assert (answer.status_code, answer.content) == (200, b"")
        assert headers_of(answer) == headers_of(get) == {}
        assert answer.headers["content-length"] == get.headers["content-length"]
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
def test_what_does_not_exist_is_not_found(ada: Person, method: str, body: Json) -> None:
    category = ada.category()
    expect(ada.request(method, NO_CATEGORY, json=body), 404, CATEGORY_NOT_FOUND)
    expect(ada.get("/categories"), 200, page_of(category))


def test_put_replaces_all_and_returns_what_is_left_out_to_its_default(ada: Person) -> None:
    category = ada.category(color=GREEN)
    path = f"/categories/{category['id']}"
    expect(ada.put(path, {"name": "Home"}), 200, category | {"name": "Home", "color": BLUE})
    expect(ada.put(path, {"name": "Away", "color": GREEN}), 200, category | {"name": "Away"})
    expect(ada.get(path), 200, category | {"name": "Away"})


def test_put_needs_a_name_and_changes_nothing_without_one(ada: Person) -> None:
    category = ada.category()
    path = f"/categories/{category['id']}"
    assert findings_of(ada.put(path, {"color": GREEN})) == [("body.name", "required")]
    expect(ada.get(path), 200, category)


@pytest.mark.parametrize(
    "change", [{"name": "Home"}, {"color": "#000000"}, {"name": "Home", "color": BLUE}, {}], ids=str
)
def test_patch_changes_what_is_sent_and_nothing_else(ada: Person, change: dict[str, Json]) -> None:
    category = ada.category(color=GREEN)
    path = f"/categories/{category['id']}"
    expect(ada.patch(path, change), 200, category | change)
    expect(ada.get(path), 200, category | change)


@pytest.mark.parametrize("name", ["name", "color"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_cannot_be_null_is_not_cleared(ada: Person, method: str, name: str) -> None:
    category = ada.category(color=GREEN)
    path = "/categories" if method == "POST" else f"/categories/{category['id']}"
    body = {"name": "Changed", name: None}
    assert findings_of(ada.request(method, path, json=body)) == [(f"body.{name}", "type")]
    expect(ada.get("/categories"), 200, page_of(category))


def test_a_deleted_category_is_gone_and_its_tasks_stay_without_one(ada: Person) -> None:
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
    # Not even `updated_at` changes: nobody changed the task.
    expect(ada.get("/tasks"), 200, page_of(tasks[1], tasks[0] | {"category_id": None}))
    expect(ada.get("/tasks", category_id=category["id"]), 200, page_of())


# --- Names ---


def test_a_name_is_given_once_per_user(ada: Person, bob: Person) -> None:
    category = ada.category("Work")
    expect(ada.post("/categories", {"name": "Work", "color": GREEN}), 409, NAME_TAKEN)
    expect(ada.get("/categories"), 200, page_of(category))
    # For somebody else it is free.
    assert bob.category("Work")["name"] == "Work"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_no_category_takes_the_name_of_another(ada: Person, method: str) -> None:
    work, home = ada.category("Work"), ada.category("Home")
    answer = ada.request(method, f"/categories/{home['id']}", json={"name": "Work", "color": GREEN})
    expect(answer, 409, NAME_TAKEN)
    expect(ada.get("/categories"), 200, page_of(home, work))


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_category_may_keep_its_name(ada: Person, method: str) -> None:
    category = ada.category("Work")
    body = {"name": "Work", "color": GREEN}
    path = f"/categories/{category['id']}"
    expect(ada.request(method, path, json=body), 200, category | {"color": GREEN})


@pytest.mark.parametrize("freed", ["deleted", "renamed"])
def test_a_name_is_free_again_when_its_category_is_gone(ada: Person, freed: str) -> None:
    path = f"/categories/{ada.category('Work')['id']}"
    answer = ada.delete(path) if freed == "deleted" else ada.patch(path, {"name": "Home"})
    assert answer.status_code == 200
    assert ada.category("Work")


@pytest.mark.parametrize("other", ["work", "Work ", " Work", "Wörk", "Wo\u0308rk", "Work\n"])
def test_names_differ_if_a_single_character_does(ada: Person, other: str) -> None:
    ada.category("Work")
    ada.category("Wõrk")
    assert ada.category(other)["name"] == other


def test_of_many_who_ask_for_a_name_at_the_same_moment_one_gets_it(ada: Person) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ada.post("/categories", {"name": "Work"}), range(16)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 15]
    assert ada.get("/categories").json()["total"] == 1


# --- Lists ---


def test_nobody_lists_the_categories_of_another(ada: Person, bob: Person) -> None:
    ada.category()
    expect(bob.get(f"/api/{ada.id}/categories"), 403, NOT_THE_CALLER)
    expect(bob.get("/categories"), 200, page_of())


def test_a_list_has_whole_categories_newest_first(ada: Person) -> None:
    categories = [ada.category(name) for name in ("First", "Second", "Third")]
    expect(ada.get("/categories"), 200, page_of(*reversed(categories)))


@pytest.fixture(scope="module")
def reader(server: Server) -> tuple[Person, list[int]]:
    """Somebody with seven categories, whose ids stand here newest first."""
    person = newcomer(server)
    return person, [person.category(f"Category {number}")["id"] for number in range(7)][::-1]


@pytest.mark.parametrize(
    ("limit", "offset"),
    [(1, 0), (3, 0), (7, 0), (1000, 0), (3, 3), (3, 4), (3, 5), (1, 6), (100, 7), (100, 9007199254740991)],
)
def test_limit_and_offset_cut_a_page_and_total_counts_all(
    reader: tuple[Person, list[int]], limit: int, offset: int
) -> None:
    person, ids = reader
    page = body_of(person.get("/categories", limit=limit, offset=offset))
    assert ids_of(page) == ids[offset : offset + limit]
    assert page["total"] == 7
    assert (page["next_cursor"] is None) == (offset + limit >= 7)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_following_the_cursor_reads_everything_once(reader: tuple[Person, list[int]], limit: int) -> None:
    person, ids = reader
    pages = pages_of(person, "/categories", limit=limit)
    assert [ids_of(page) for page in pages] == [ids[start : start + limit] for start in range(0, 7, limit)]
    assert {page["total"] for page in pages} == {7}


def test_following_the_cursor_neither_repeats_nor_skips_when_categories_come_and_go(ada: Person) -> None:
    ids = [ada.category(f"Category {number}")["id"] for number in range(8)][::-1]
    page = body_of(ada.get("/categories", limit=3))
    assert ids_of(page) == ids[:3]
    ada.category("New, in front of what was read")
    for gone in (ids[0], ids[2], ids[3]):
        ada.delete(f"/categories/{gone}")
    page = body_of(ada.get("/categories", limit=3, cursor=page["next_cursor"]))
    assert ids_of(page) == ids[4:7]
    page = body_of(ada.get("/categories", limit=3, cursor=page["next_cursor"]))
    assert ids_of(page) == ids[7:]
    assert (page["total"], page["next_cursor"]) == (6, None)
