"""Lost updates: with If-Match, a writer cannot overwrite a concurrent change."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.conftest import Person, body_of
from tests.resilience.conftest import FULL, Report
from tests.resources import RESOURCES

CHANGED = {
    "detail": "The resource's ETag does not satisfy the request's If-Match or If-None-Match",
    "code": "precondition_failed",
}
WRITERS = 50
ROUNDS = 20 if FULL else 2


def new(person: Person, parameter: str) -> tuple[str, str]:
    """Create an item, and return its path and its ETag."""
    path = RESOURCES[parameter].item.format(user_id=person.id, **person.create_each())
    return path, person.get(path).headers["etag"]


def send(person: Person, method: str, path: str, body: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return person.request(method, path, json=body, headers=named)


@pytest.mark.parametrize(
    ("change", "method", "below", "body"),
    [
        ("updateTask", "PATCH", "", {"title": "Changed"}),
        ("replaceTask", "PUT", "", {"title": "Replaced"}),
        ("toggleTask", "PATCH", "/complete", None),
        ("deleteTask", "DELETE", "", None),
    ],
)
def test_only_one_of_many_writers_with_one_etag_succeeds(
    ada: Person, report: Report, change: str, method: str, below: str, body: Any
) -> None:
    statuses: Counter[int] = Counter()
    for _ in range(ROUNDS):
        path, etag = new(ada, "task_id")

        def write(number: int, path: str = path, etag: str = etag) -> httpx.Response:
            mine = body and body | {"title": f"Writer {number}"}
            return send(ada, method, path + below, mine, If_Match=etag)

        with ThreadPoolExecutor(WRITERS) as pool:
            responses = list(pool.map(write, range(WRITERS)))
        [winner] = [response for response in responses if response.status_code == 200]
        losers = [response for response in responses if response is not winner]
        if change == "deleteTask":
            # A deleted item has no other ETag.
            assert {response.status_code for response in losers} <= {404, 412}
        else:
            assert {response.status_code for response in losers} == {412}
            assert all(response.json() == CHANGED for response in losers)
            there = ada.get(path)
            assert (there.json(), there.headers["etag"]) == (winner.json(), winner.headers["etag"])
            assert winner.headers["etag"] != etag
        statuses.update(response.status_code for response in responses)
    assert statuses[200] == ROUNDS
    if change == "updateTask":
        measured = f"{statuses[200] / ROUNDS:.0f} success, {statuses[412] / ROUNDS:.0f} × 412, {ROUNDS} times"
        report("Lost update", "1 success, 49 × 412", measured)


def test_deleting_its_category_changes_a_tasks_etag(ada: Person) -> None:
    category = ada.category()
    path = ada.path(f"/tasks/{ada.task(category_id=category['id'])['id']}")
    etag = ada.get(path).headers["etag"]
    body_of(ada.delete(f"/categories/{category['id']}"))
    response = send(ada, "GET", path, None, If_None_Match=etag)
    assert (response.status_code, response.json()["category_id"]) == (200, None)
    assert response.headers["etag"] != etag
    assert send(ada, "PATCH", path, {"title": "x"}, If_Match=etag).status_code == 412
