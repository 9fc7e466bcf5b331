"""Tasks: the operations on one task, and the list with filters and pages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract import null_properties

from .conftest import (
    CATEGORY_NOT_FOUND,
    NOT_THE_CALLER,
    TASK_NOT_FOUND,
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

DEFAULTS = {**null_properties("TaskCreate"), "completed": False, "priority": "medium"}
NO_TASK = "/tasks/9007199254740991"
DELETED = {"message": "Task deleted successfully"}


def full(person: Person) -> dict[str, Json]:
    """Return a body with a non-default value for every property."""
    return {
        "title": "Write the contract",
        "description": "Before the code,\nnot after it. 📜",
        "completed": True,
        "priority": "high",
        "due_date": "2026-02-01T17:00:00Z",
        "category_id": person.category()["id"],
    }


# --- One task ---


def test_a_new_task_has_defaults_and_a_creation_time(ada: Person) -> None:
    before = datetime.now(UTC)
    response = ada.post("/tasks", {"title": "Write"})
    task = response.json()
    now = task["created_at"]
    assert before <= datetime.fromisoformat(now) <= datetime.now(UTC)
    expected = {"id": task["id"], "user_id": ada.id, "title": "Write", **DEFAULTS}
    location = f"/api/{ada.id}/tasks/{task['id']}"
    expect(response, 201, expected | {"created_at": now, "updated_at": now}, location=location)


def test_create_task_stores_all_properties(ada: Person) -> None:
    sent = full(ada)
    task = ada.task(**sent)
    assert task == task | sent


@pytest.mark.parametrize("name", ["description", "due_date", "category_id"])
def test_null_equals_an_omitted_property_in_create_task(ada: Person, name: str) -> None:
    sent = {"title": "Write", name: None}
    assert body_of(ada.post("/tasks", sent), 201)[name] is None


@pytest.mark.parametrize("user_id", ["a|b:c@d+e~f.", "plain"])
def test_the_location_of_a_new_task_can_be_fetched(server: Server, ada: Person, user_id: str) -> None:
    person = new_person(server, f"{user_id}{ada.id}")
    response = person.post("/tasks", {"title": "Write"})
    expect(person.get(response.headers["location"]), 200, response.json())
    raw = server.raw("GET", response.headers["location"], token=person.token)
    expect(raw, 200, response.json())


def test_head_has_the_headers_of_get_and_no_body(ada: Person) -> None:
    path = f"/tasks/{ada.task()['id']}"
    for target in (path, "/tasks"):
        response, get = ada.request("HEAD", target), ada.get(target)
        assert (response.status_code, response.content) == (200, b"")
        assert headers_of(response) == headers_of(get) == {}
        assert response.headers["content-length"] == get.headers["content-length"]
    assert ada.request("HEAD", NO_TASK).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", NO_TASK, None),
        ("PUT", NO_TASK, {"title": "Changed"}),
        ("PATCH", NO_TASK, {"title": "Changed"}),
        ("PATCH", NO_TASK, {}),
        ("PATCH", f"{NO_TASK}/complete", None),
        ("DELETE", NO_TASK, None),
    ],
)
def test_a_missing_task_answers_404(ada: Person, method: str, path: str, body: Json) -> None:
    task = ada.task()
    expect(ada.request(method, path, json=body), 404, TASK_NOT_FOUND)
    expect(ada.get(f"/tasks/{task['id']}"), 200, task)


def test_put_resets_omitted_properties_to_defaults(ada: Person) -> None:
    task = ada.task(**full(ada))
    response = ada.put(f"/tasks/{task['id']}", {"title": "Only this"})
    replaced = response.json()
    expect(response, 200, task | DEFAULTS | {"title": "Only this", "updated_at": replaced["updated_at"]})
    assert replaced["updated_at"] > task["updated_at"]
    expect(ada.get(f"/tasks/{task['id']}"), 200, replaced)


def test_put_stores_all_properties(ada: Person) -> None:
    task, sent = ada.task(), full(ada)
    response = ada.put(f"/tasks/{task['id']}", sent)
    expect(response, 200, task | sent | {"updated_at": response.json()["updated_at"]})


def test_put_without_a_title_is_rejected(ada: Person) -> None:
    task = ada.task(**full(ada))
    assert validation_errors_of(ada.put(f"/tasks/{task['id']}", {"completed": False})) == [
        ("body.title", "required")
    ]
    expect(ada.get(f"/tasks/{task['id']}"), 200, task)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Changed"},
        {"description": "Changed"},
        {"description": ""},
        {"description": None},
        {"completed": False},
        {"priority": "low"},
        {"due_date": "2027-01-01T00:00:00Z"},
        {"due_date": None},
        {"category_id": None},
        {"title": "Changed", "priority": "medium", "due_date": None},
    ],
    ids=str,
)
def test_patch_changes_only_the_given_properties(ada: Person, change: dict[str, Json]) -> None:
    task = ada.task(**full(ada))
    response = ada.patch(f"/tasks/{task['id']}", change)
    changed = response.json()
    expect(response, 200, task | change | {"updated_at": changed["updated_at"]})
    assert changed["updated_at"] > task["updated_at"]
    expect(ada.get(f"/tasks/{task['id']}"), 200, changed)


def test_an_empty_patch_changes_nothing(ada: Person) -> None:
    task = ada.task(**full(ada))
    for _ in range(2):
        expect(ada.patch(f"/tasks/{task['id']}", {}), 200, task)


@pytest.mark.parametrize("name", ["title", "completed", "priority"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_null_is_rejected_unless_the_contract_allows_it(ada: Person, method: str, name: str) -> None:
    task = ada.task(**full(ada))
    path = "/tasks" if method == "POST" else f"/tasks/{task['id']}"
    body = {"title": "Changed", name: None}
    assert {where for where, _ in validation_errors_of(ada.request(method, path, json=body))} == {
        f"body.{name}"
    }
    expect(ada.get("/tasks"), 200, {"items": [task], "total": 1, "next_cursor": None})


def test_toggle_changes_only_completed_and_updated_at(ada: Person) -> None:
    task = ada.task(**full(ada) | {"completed": False})
    for completed in (True, False, True):
        response = ada.patch(f"/tasks/{task['id']}/complete")
        toggled = response.json()
        expect(response, 200, task | {"completed": completed, "updated_at": toggled["updated_at"]})
        assert toggled["updated_at"] > task["updated_at"]
        task = toggled
        expect(ada.get(f"/tasks/{task['id']}"), 200, task)


def test_every_concurrent_toggle_takes_effect(ada: Person) -> None:
    task = ada.task()
    with ThreadPoolExecutor(15) as pool:
        responses = list(pool.map(ada.patch, [f"/tasks/{task['id']}/complete"] * 15))
    # Fifteen toggles of an open task: eight complete it, seven reopen it.
    assert sorted(body_of(response)["completed"] for response in responses) == [False] * 7 + [True] * 8
    assert ada.get(f"/tasks/{task['id']}").json()["completed"] is True


def test_delete_task_deletes_one_task(ada: Person) -> None:
    task, other = ada.task(), ada.task()
    expect(ada.delete(f"/tasks/{task['id']}"), 200, DELETED)
    expect(ada.delete(f"/tasks/{task['id']}"), 404, TASK_NOT_FOUND)
    expect(ada.get(f"/tasks/{task['id']}"), 404, TASK_NOT_FOUND)
    expect(ada.get("/tasks"), 200, {"items": [other], "total": 1, "next_cursor": None})


def test_ids_are_never_reused(ada: Person) -> None:
    first = ada.task()["id"]
    ada.delete(f"/tasks/{first}")
    assert ada.task()["id"] > first


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("whose", ["another user's", "no user's"])
def test_a_task_cannot_have_a_category_of_another_user(
    ada: Person, bob: Person, method: str, whose: str
) -> None:
    task = ada.task(**full(ada))
    category_id = bob.category()["id"] if whose == "another user's" else 9007199254740991
    path = "/tasks" if method == "POST" else f"/tasks/{task['id']}"
    response = ada.request(method, path, json={"title": "Changed", "category_id": category_id})
    expect(response, 404, CATEGORY_NOT_FOUND)
    expect(ada.get("/tasks"), 200, {"items": [task], "total": 1, "next_cursor": None})


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-02-01T17:00:00Z", "2026-02-01T17:00:00Z"),
        ("2026-02-01T17:00:00+02:00", "2026-02-01T15:00:00Z"),
        ("2026-02-01T00:30:00+05:45", "2026-01-31T18:45:00Z"),
        ("2026-02-01T17:00:00-00:00", "2026-02-01T17:00:00Z"),
        ("2024-02-29T12:00:00.5Z", "2024-02-29T12:00:00.500000Z"),
        ("2026-02-01T17:00:00.123456-14:59", "2026-02-02T07:59:00.123456Z"),
        ("1900-01-01T00:00:00+14:59", "1899-12-31T09:01:00Z"),
        ("2999-12-31T23:59:59.999999-14:59", "3000-01-01T14:58:59.999999Z"),
    ],
)
def test_a_due_date_is_returned_in_utc_with_microseconds(ada: Person, sent: str, stored: str) -> None:
    task = ada.task(due_date=sent)
    assert task["due_date"] == stored
    # The returned value can be sent back unchanged.
    assert ada.patch(f"/tasks/{task['id']}", {"due_date": stored}).json()["due_date"] == stored
    expect(ada.get("/tasks"), 200, {"items": [task | latest(ada)], "total": 1, "next_cursor": None})


def latest(person: Person) -> Json:
    return {"updated_at": person.get("/tasks").json()["items"][0]["updated_at"]}


# --- Lists ---


def test_tasks_of_another_user_are_not_listed(ada: Person, bob: Person) -> None:
    ada.task()
    expect(bob.get(f"/api/{ada.id}/tasks"), 403, NOT_THE_CALLER)
    expect(bob.get("/tasks"), 200, {"items": [], "total": 0, "next_cursor": None})


def test_tasks_are_listed_complete_and_newest_first(ada: Person) -> None:
    tasks = [ada.task(**full(ada) | {"category_id": None}), ada.task("Second"), ada.task("Third")]
    expect(ada.get("/tasks"), 200, {"items": tasks[::-1], "total": 3, "next_cursor": None})


def test_an_update_does_not_move_a_task_in_the_list(ada: Person) -> None:
    tasks = [ada.task() for _ in range(3)]
    ada.patch(f"/tasks/{tasks[0]['id']}", {"title": "Changed"})
    assert ids_of(ada.get("/tasks").json()) == [task["id"] for task in reversed(tasks)]


FILTERS: list[dict[str, Json]] = [
    {"completed": "true"},
    {"completed": "false"},
    {"priority": "low"},
    {"priority": "medium"},
    {"priority": "high"},
    {"category_id": "work"},
    {"completed": "true", "priority": "high"},
    {"completed": "false", "category_id": "work"},
    {"priority": "low", "category_id": "home"},
    {"completed": "true", "priority": "medium", "category_id": "work"},
]


@pytest.fixture(scope="module")
def collector(server: Server) -> tuple[Person, dict[str, int], list[Json]]:
    """A person with a task of every combination and two categories, which tests do not change."""
    person = new_person(server)
    categories = {name: person.category(name)["id"] for name in ("work", "home")}
    tasks = [
        person.task(completed=completed, priority=priority, category_id=category_id)
        for category_id in (None, *categories.values())
        for priority in ("low", "medium", "high")
        for completed in (True, False)
        for _ in range(2 if completed else 1)
    ]
    return person, categories, tasks[::-1]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_filters_combine_and_work_across_pages(
    collector: tuple[Person, dict[str, int], list[Json]], filters: dict[str, Json], limit: int
) -> None:
    person, categories, tasks = collector
    selected: dict[str, Json] = {
        name: {"true": True, "false": False}.get(value, categories.get(value, value))
        for name, value in filters.items()
    }
    matching = [task for task in tasks if all(task[name] == value for name, value in selected.items())]
    assert 0 < len(matching) < len(tasks)
    query = {name: categories.get(value, value) for name, value in filters.items()} | {"limit": limit}
    pages = pages_of(person, "/tasks", **query)
    assert [task for page in pages for task in page["items"]] == matching
    assert {page["total"] for page in pages} == {len(matching)}
    assert {len(page["items"]) for page in pages[:-1]} <= {limit}


@pytest.mark.parametrize("whose", ["another user's", "no user's"])
def test_filtering_by_a_foreign_category_finds_no_tasks(ada: Person, bob: Person, whose: str) -> None:
    ada.task()
    category_id = bob.category()["id"] if whose == "another user's" else 9007199254740991
    bob.task(category_id=category_id if whose == "another user's" else None)
    expect(ada.get("/tasks", category_id=category_id), 200, {"items": [], "total": 0, "next_cursor": None})


def test_a_filter_sees_a_change_immediately(ada: Person) -> None:
    task = ada.task()
    assert ids_of(ada.get("/tasks", completed="true").json()) == []
    ada.patch(f"/tasks/{task['id']}/complete")
    assert ids_of(ada.get("/tasks", completed="true").json()) == [task["id"]]
    assert ids_of(ada.get("/tasks", completed="false").json()) == []


@pytest.fixture(scope="module")
def reader(server: Server) -> tuple[Person, list[int]]:
    """A person with seven tasks, and their ids, newest first."""
    person = new_person(server)
    return person, [person.task(f"Task {number}")["id"] for number in range(7)][::-1]


@pytest.mark.parametrize(
    ("limit", "offset"),
    [(1, 0), (3, 0), (7, 0), (1000, 0), (3, 3), (3, 4), (3, 5), (1, 6), (100, 7), (100, 9007199254740991)],
)
def test_limit_and_offset_select_a_page_and_total_counts_all(
    reader: tuple[Person, list[int]], limit: int, offset: int
) -> None:
    person, ids = reader
    page = body_of(person.get("/tasks", limit=limit, offset=offset))
    assert ids_of(page) == ids[offset : offset + limit]
    assert page["total"] == 7
    assert (page["next_cursor"] is None) == (offset + limit >= 7)


def test_the_default_page_size_is_100(server: Server) -> None:
    person = new_person(server)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(person.task, [f"Task {number}" for number in range(101)]))
    page = body_of(person.get("/tasks"))
    assert (len(page["items"]), page["total"]) == (100, 101)
    rest = body_of(person.get("/tasks", cursor=page["next_cursor"]))
    assert (len(rest["items"]), rest["total"], rest["next_cursor"]) == (1, 101, None)
    assert len({*ids_of(page), *ids_of(rest)}) == 101


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_following_the_cursor_reads_every_item_once(reader: tuple[Person, list[int]], limit: int) -> None:
    person, ids = reader
    pages = pages_of(person, "/tasks", limit=limit)
    assert [ids_of(page) for page in pages] == [ids[start : start + limit] for start in range(0, 7, limit)]
    assert {page["total"] for page in pages} == {7}


def test_an_offset_counts_from_the_cursor(reader: tuple[Person, list[int]]) -> None:
    person, ids = reader
    cursor = body_of(person.get("/tasks", limit=2))["next_cursor"]
    page = body_of(person.get("/tasks", limit=2, cursor=cursor, offset=1))
    assert (ids_of(page), page["total"]) == (ids[3:5], 7)


def test_the_cursor_is_stable_while_tasks_change(ada: Person) -> None:
    tasks = [ada.task()["id"] for _ in range(8)][::-1]

    page = body_of(ada.get("/tasks", limit=3))
    assert ids_of(page) == tasks[:3]

    ada.task("New, in front of what was read")
    ada.delete(f"/tasks/{tasks[0]}")  # read already
    ada.delete(f"/tasks/{tasks[2]}")  # the one at which the page ended
    ada.delete(f"/tasks/{tasks[3]}")  # the next one
    page = body_of(ada.get("/tasks", limit=3, cursor=page["next_cursor"]))
    assert ids_of(page) == tasks[4:7]
    assert page["total"] == 6

    ada.task("New again")
    ada.patch(f"/tasks/{tasks[7]}", {"title": "Changed"})
    page = body_of(ada.get("/tasks", limit=3, cursor=page["next_cursor"]))
    assert ids_of(page) == tasks[7:]
    assert (page["total"], page["next_cursor"]) == (7, None)


def test_a_cursor_of_another_user_lists_only_own_tasks(ada: Person, bob: Person) -> None:
    mine = ada.task()
    for _ in range(2):
        bob.task()
    cursor = body_of(bob.get("/tasks", limit=1))["next_cursor"]
    expect(ada.get("/tasks", cursor=cursor), 200, {"items": [mine], "total": 1, "next_cursor": None})


def test_tasks_are_ordered_by_creation_time(reader: tuple[Person, list[int]]) -> None:
    person, _ = reader
    times = [datetime.fromisoformat(item["created_at"]) for item in person.get("/tasks").json()["items"]]
    assert times == sorted(times, reverse=True)
    assert times[0] - times[-1] < timedelta(minutes=1)


def test_workers_see_each_others_writes_immediately(ada: Person) -> None:
    def write_and_read(number: int) -> tuple[Any, Any]:
        # Each request uses another connection, and so perhaps another worker.
        task = ada.task(f"Task {number}")
        return task, body_of(ada.get(f"/tasks/{task['id']}"))

    with ThreadPoolExecutor(8) as pool:
        for written, read in pool.map(write_and_read, range(40)):
            assert written == read
