"""Of two people who change the same thing, neither overwrites the other without knowing it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.conftest import (
    CATEGORY_NOT_FOUND,
    TASK_NOT_FOUND,
    Person,
    body_of,
    findings_of,
)
from tests.promises.conftest import FULL, Report

CHANGED = {"detail": "The resource's ETag does not satisfy the request's If-Match or If-None-Match"}
WRITERS = 50
ROUNDS = 20 if FULL else 2

# How each operation changes what is there, and what it says when it is not.
ON_A_TASK: dict[str, tuple[str, str, Any]] = {
    "replaceTask": ("PUT", "", {"title": "Replaced"}),
    "updateTask": ("PATCH", "", {"title": "Changed"}),
    "updateTask with nothing": ("PATCH", "", {}),
    "toggleTask": ("PATCH", "/complete", None),
    "deleteTask": ("DELETE", "", None),
}
ON_A_CATEGORY: dict[str, tuple[str, str, Any]] = {
    "replaceCategory": ("PUT", "", {"name": "Replaced"}),
    "updateCategory": ("PATCH", "", {"name": "Changed"}),
    "updateCategory with nothing": ("PATCH", "", {}),
    "deleteCategory": ("DELETE", "", None),
}
CHANGES = [
    *(pytest.param("tasks", *change, TASK_NOT_FOUND, id=name) for name, change in ON_A_TASK.items()),
    *(
        pytest.param("categories", *change, CATEGORY_NOT_FOUND, id=name)
        for name, change in ON_A_CATEGORY.items()
    ),
]
changes = pytest.mark.parametrize(("collection", "method", "below", "body", "not_found"), CHANGES)


def new(person: Person, collection: str) -> tuple[str, str]:
    """The path and the ETag of something new."""
    answer = person.post(f"/{collection}", {"title": "New"} if collection == "tasks" else {"name": "New"})
    return answer.headers["location"], answer.headers["etag"]


def send(person: Person, method: str, path: str, body: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return person.request(method, path, json=body, headers=named)


@pytest.mark.parametrize("change", ["updateTask", "replaceTask", "toggleTask", "deleteTask"])
def test_of_many_writers_with_one_etag_one_succeeds(ada: Person, report: Report, change: str) -> None:
    method, below, body = ON_A_TASK[change]
    statuses: Counter[int] = Counter()
    for _ in range(ROUNDS):
        path, etag = new(ada, "tasks")

        def write(number: int, path: str = path, etag: str = etag) -> httpx.Response:
            mine = body and body | {"title": f"Writer {number}"}
            return send(ada, method, path + below, mine, If_Match=etag)

        with ThreadPoolExecutor(WRITERS) as pool:
            answers = list(pool.map(write, range(WRITERS)))
        [winner] = [answer for answer in answers if answer.status_code == 200]
        losers = [answer for answer in answers if answer is not winner]
        if change == "deleteTask":
            # What is gone has no state that could be another one.
            assert {answer.status_code for answer in losers} <= {404, 412}
        else:
            assert {answer.status_code for answer in losers} == {412}
            assert all(answer.json() == CHANGED for answer in losers)
            there = ada.get(path)
            assert (there.json(), there.headers["etag"]) == (winner.json(), winner.headers["etag"])
            assert winner.headers["etag"] != etag
        statuses.update(answer.status_code for answer in answers)
    assert statuses[200] == ROUNDS
    if change == "updateTask":
        shown = f"{statuses[200] / ROUNDS:.0f} success, {statuses[412] / ROUNDS:.0f} × 412, {ROUNDS} times"
        report("Lost update", "1 success, 49 × 412", shown)


@changes
def test_only_a_tag_of_the_present_state_lets_a_change_through(
    ada: Person, collection: str, method: str, below: str, body: Any, not_found: Any
) -> None:
    path, etag = new(ada, collection)
    before = ada.get(path)
    assert (before.headers["etag"], before.status_code) == (etag, 200)
    for refused in (
        '"another"',
        f"W/{etag}",
        f'"x",W/{etag}',
        '"0000000000000000"',
        '"ffffffffffffffff"',
        '""',
    ):
        answer = send(ada, method, path + below, body, If_Match=refused)
        assert (answer.status_code, answer.json()) == (412, CHANGED), refused
        assert "etag" not in answer.headers
    after = ada.get(path)
    assert (after.json(), after.headers["etag"]) == (before.json(), etag)
    answer = send(ada, method, path + below, body, If_Match=f'"x" , {etag},W/"y"')
    assert answer.status_code == 200
    if method == "DELETE":
        assert (ada.get(path).status_code, "etag" in answer.headers) == (404, False)
        path, _ = new(ada, collection)
    else:
        # An empty change is none.
        assert (answer.headers["etag"] == etag) == (body == {})
        assert ada.get(path).headers["etag"] == answer.headers["etag"]
    assert send(ada, method, path + below, body, If_Match="*").status_code == 200


@changes
def test_what_is_not_there_is_not_found_whatever_the_condition_says(
    ada: Person, bob: Person, collection: str, method: str, below: str, body: Any, not_found: Any
) -> None:
    theirs, etag = new(bob, collection)
    ids = theirs.rsplit("/", 1)[1], str(2**53 - 1)
    for condition in ("*", etag, '"another"', f"W/{etag}"):
        seen = [
            send(ada, method, f"/{collection}/{number}{below}", body, If_Match=condition) for number in ids
        ]
        assert [(answer.status_code, answer.json()) for answer in seen] == [(404, not_found)] * 2
        one, other = ({**answer.headers, "date": "", "x-request-id": ""} for answer in seen)
        assert one == other
    assert bob.get(theirs).headers["etag"] == etag


@pytest.mark.parametrize("collection", ["tasks", "categories"])
def test_what_the_client_has_already_is_not_sent_again(ada: Person, collection: str) -> None:
    path, etag = new(ada, collection)
    whole = ada.get(path)
    for known_by in (etag, "*", f"W/{etag}", f'"x", {etag}', f'W/"x",W/{etag}'):
        for method in ("GET", "HEAD"):
            answer = send(ada, method, path, None, If_None_Match=known_by)
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
            assert {"content-type", "content-length"}.isdisjoint(answer.headers)
            kept = {"vary", "cache-control", "x-content-type-options"}
            assert {n: answer.headers[n] for n in kept} == {n: whole.headers[n] for n in kept}
    for unknown in ('"x"', '"0000000000000000"', etag[:-2] + '"', '""'):
        answer = send(ada, "GET", path, None, If_None_Match=unknown)
        assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, whole.json(), etag)
        head = send(ada, "HEAD", path, None, If_None_Match=unknown)
        assert (head.status_code, head.headers["etag"]) == (200, etag)
    gone = send(ada, "GET", f"/{collection}/{2**53 - 1}", None, If_None_Match="*")
    assert gone.status_code == 404


def test_the_deletion_of_its_category_changes_a_tasks_etag(ada: Person) -> None:
    category = ada.category()
    path = ada.path(f"/tasks/{ada.task(category_id=category['id'])['id']}")
    etag = ada.get(path).headers["etag"]
    body_of(ada.delete(f"/categories/{category['id']}"))
    answer = send(ada, "GET", path, None, If_None_Match=etag)
    assert (answer.status_code, answer.json()["category_id"]) == (200, None)
    assert answer.headers["etag"] != etag
    assert send(ada, "PATCH", path, {"title": "x"}, If_Match=etag).status_code == 412


@pytest.mark.parametrize(
    "text", ["x", '"', '"a', 'a"', '"a" "b"', '*,"a"', "*,", ",*", 'w/"a"', '"\xfc"', '"a b"']
)
def test_what_is_no_list_of_tags_is_refused(ada: Person, text: str) -> None:
    path, etag = new(ada, "tasks")
    for method, name in (("PATCH", "If-Match"), ("DELETE", "If-Match"), ("GET", "If-None-Match")):
        body = b'{"title": "x"}' if method == "PATCH" else None
        answer = ada.raw(method, path, body, ("Content-Type", "application/json"), (name, text))
        (finding,) = findings_of(answer)
        assert finding[0] == f"header.{name}"
    assert ada.get(path).headers["etag"] == etag
