"""Idempotency keys: a repeated request is executed once, and gets the response of the first."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import (
    OPERATIONS,
    Cluster,
    Json,
    Person,
    body_of,
    existing_person,
    new_person,
    running,
    validation_errors_of,
)
from tests.resilience.conftest import FULL, Report
from tests.resources import RESOURCES, new_body

TIMES = 50
ROUNDS = 20 if FULL else 2

# The path parameters of the resources whose creation accepts an Idempotency-Key.
CREATIONS = [
    parameter
    for parameter, resource in RESOURCES.items()
    for operation in OPERATIONS
    if (operation.method, operation.path) == ("POST", resource.collection)
    if "Idempotency-Key" in operation.headers
]
REUSED = {
    "detail": [
        {
            "loc": ["header", "Idempotency-Key"],
            "msg": "The key belongs to another request of the last 24 hours",
            "type": "reused",
        }
    ],
    "code": "idempotency_key_reused",
}


def send(person: Person, method: str, path: str, body: Json, key: str, **headers: str) -> httpx.Response:
    named = {"Idempotency-Key": key} | {name.replace("_", "-"): value for name, value in headers.items()}
    return person.request(method, path, json=body, headers=named)


def at_once(person: Person, method: str, path: str, body: Json, key: str) -> list[httpx.Response]:
    """Send the same request many times concurrently, each on its own connection."""
    with ThreadPoolExecutor(TIMES) as pool:
        return list(pool.map(lambda _: send(person, method, path, body, key), range(TIMES)))


def visible(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Return what a client sees of a response, except the request id and the date."""
    own = {"date", "x-request-id"}
    return response.status_code, response.content, {n: v for n, v in response.headers.items() if n not in own}


@pytest.mark.parametrize("parameter", CREATIONS)
def test_concurrent_repeats_of_a_creation_create_one_item(
    ada: Person, report: Report, parameter: str
) -> None:
    ids = ada.create_each()
    path = RESOURCES[parameter].collection.format(user_id=ada.id, **ids)
    before = body_of(ada.get(path))["total"]
    for number in range(ROUNDS):
        responses = at_once(ada, "POST", path, new_body(parameter), f"key-{number}")
        first = visible(responses[0])
        assert first[0] == 201
        assert {"location", "etag"} <= first[2].keys()
        assert [response for response in responses if visible(response) != first] == []
        assert ada.get(first[2]["location"]).content == first[1]
        assert body_of(ada.get(path))["total"] == before + number + 1
    if parameter == "task_id":
        report(
            "Repeated POST", "1 row, 50 equal responses", f"1 row, {TIMES} equal responses, {ROUNDS} times"
        )


def test_concurrent_repeats_of_a_toggle_toggle_once(ada: Person) -> None:
    task = ada.task()
    for number in range(ROUNDS + 1):
        responses = at_once(ada, "PATCH", f"/tasks/{task['id']}/complete", None, f"toggle-{number}")
        first = visible(responses[0])
        assert first[0] == 200
        assert responses[0].json()["completed"] is (number % 2 == 0)
        assert [response for response in responses if visible(response) != first] == []
        there = ada.get(f"/tasks/{task['id']}")
        assert (there.content, there.headers["etag"]) == (first[1], first[2]["etag"])


def test_an_idempotency_key_identifies_one_request(ada: Person) -> None:
    one, other = ada.task(), ada.task()
    creation = send(ada, "POST", "/tasks", {"title": "First"}, "k")
    toggle = send(ada, "PATCH", f"/tasks/{one['id']}/complete", None, "t")
    category = send(ada, "POST", "/categories", {"name": "First"}, "c")
    before = ada.get("/tasks").json(), ada.get("/categories").json()
    for method, path, body, key in (
        ("POST", "/tasks", {"title": "Second"}, "k"),
        ("POST", "/tasks", {"title": "First", "completed": False}, "k"),
        ("POST", "/categories", {"name": "Second"}, "k"),
        ("PATCH", f"/tasks/{one['id']}/complete", None, "k"),
        ("PATCH", f"/tasks/{other['id']}/complete", None, "t"),
        ("POST", "/categories", {"name": "First", "color": "#000000"}, "c"),
        ("POST", "/tasks", {"title": "First"}, "c"),
    ):
        response = send(ada, method, path, body, key)
        assert (response.status_code, response.json()) == (422, REUSED)
    assert (ada.get("/tasks").json(), ada.get("/categories").json()) == before
    # Another notation of the same body is the same request.
    assert visible(send(ada, "POST", "/tasks", {"title": "First"}, "k")) == visible(creation)
    assert visible(send(ada, "PATCH", f"/tasks/{one['id']}/complete", None, "t")) == visible(toggle)
    assert visible(send(ada, "POST", "/categories", {"name": "First"}, "c")) == visible(category)


def test_idempotency_keys_are_per_user(ada: Person, bob: Person) -> None:
    hers = send(ada, "POST", "/tasks", {"title": "Hers"}, "same")
    his = send(bob, "POST", "/tasks", {"title": "His"}, "same")
    assert (hers.status_code, his.status_code) == (201, 201)
    assert (hers.json()["user_id"], his.json()["user_id"]) == (ada.id, bob.id)
    assert hers.json()["id"] != his.json()["id"]
    anonymous = ada.server.request("POST", ada.path("/tasks"), json={}, headers={"Idempotency-Key": "same"})
    assert anonymous.status_code == 401


def test_a_repeat_returns_the_first_response(ada: Person) -> None:
    category = ada.category("Home")
    body = {"title": "First", "category_id": category["id"]}
    first = send(ada, "POST", "/tasks", body, "k")
    task = first.json()
    toggle = send(ada, "PATCH", f"/tasks/{task['id']}/complete", None, "t", If_Match=first.headers["etag"])
    assert toggle.status_code == 200
    # The first request itself changed the ETag that If-Match contains.
    again = send(ada, "PATCH", f"/tasks/{task['id']}/complete", None, "t", If_Match=first.headers["etag"])
    assert visible(again) == visible(toggle)
    named = send(ada, "POST", "/categories", {"name": "Work"}, "c")
    body_of(ada.patch(f"/tasks/{task['id']}", {"title": "Changed"}))
    body_of(ada.delete(f"/categories/{category['id']}"))
    body_of(ada.delete(f"/tasks/{task['id']}"))
    assert visible(send(ada, "POST", "/tasks", body, "k")) == visible(first)
    assert visible(send(ada, "PATCH", f"/tasks/{task['id']}/complete", None, "t")) == visible(toggle)
    # The first request itself took the name.
    assert visible(send(ada, "POST", "/categories", {"name": "Work"}, "c")) == visible(named)
    assert ada.get("/tasks").json()["total"] == 0


def test_a_rejected_request_does_not_use_its_key(ada: Person) -> None:
    taken = ada.category("Taken")
    assert send(ada, "POST", "/categories", {"name": "Taken"}, "k").status_code == 409
    body_of(ada.delete(f"/categories/{taken['id']}"))
    assert send(ada, "POST", "/categories", {"name": "Taken"}, "k").status_code == 201
    missing = {"title": "x", "category_id": 2**53 - 1}
    assert send(ada, "POST", "/tasks", missing, "t").status_code == 404
    assert send(ada, "POST", "/tasks", {"title": ""}, "t").status_code == 422
    assert send(ada, "PATCH", f"/tasks/{2**53 - 1}/complete", None, "t").status_code == 404
    task = ada.task()
    path = f"/tasks/{task['id']}/complete"
    assert send(ada, "PATCH", path, None, "t", If_Match='"another"').status_code == 412
    assert send(ada, "PATCH", path, None, "t").status_code == 200


@pytest.mark.parametrize("key", ["x", '"quoted"', "x" * 255, "!~", "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"])
def test_an_idempotency_key_is_any_visible_ascii_text(ada: Person, key: str) -> None:
    first, again = (send(ada, "POST", "/tasks", {"title": "x"}, key) for _ in range(2))
    assert (first.status_code, visible(again)) == (201, visible(first))


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "\xfc", "a\tb"])
def test_a_malformed_idempotency_key_is_rejected(ada: Person, key: str) -> None:
    headers = ("Content-Type", "application/json"), ("Idempotency-Key", key)
    found = validation_errors_of(ada.raw("POST", "/tasks", b'{"title": "x"}', *headers))
    assert {place for place, _ in found} == {"header.Idempotency-Key"}
    assert ada.get("/tasks").json()["total"] == 0


def test_two_idempotency_keys_are_rejected(ada: Person) -> None:
    headers = ("Content-Type", "application/json"), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")
    response = ada.raw("POST", "/tasks", b'{"title": "x"}', *headers)
    assert validation_errors_of(response) == [("header.Idempotency-Key", "duplicate")]


@pytest.fixture
def run_again(cluster: Cluster, tmp_path: Path) -> Callable[[str], Any]:
    """Start another server on the same database."""
    url = cluster.create(f"once_{uuid4().hex}")

    def start(name: str) -> Any:
        (tmp_path / name).mkdir()
        return running(url, tmp_path / name)

    return start


def test_a_repeat_after_a_restart_returns_the_first_response(
    run_again: Callable[[str], Any], report: Report
) -> None:
    with run_again("first") as server:
        person = existing_person(server)
        first = send(person, "POST", "/tasks", {"title": "Once"}, "k")
        toggle = send(person, "PATCH", f"/tasks/{first.json()['id']}/complete", None, "t")
    with run_again("second") as server:
        person = new_person(server, person.id)
        assert visible(send(person, "POST", "/tasks", {"title": "Once"}, "k")) == visible(first)
        assert visible(send(person, "PATCH", f"/tasks/{first.json()['id']}/complete", None, "t")) == visible(
            toggle
        )
        assert person.get("/tasks").json()["total"] == 1
    report("Repeated POST", "same response after a restart", "same status, headers and body")


def test_a_repeat_after_a_disconnect_returns_the_response(ada: Person) -> None:
    body = b'{"title": "Once"}'
    for number in range(ROUNDS * 5):
        head = (
            f"POST {ada.path('/tasks')} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {ada.token}\r\n"
            f"Idempotency-Key: {number}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", ada.server.port)) as connection:
            connection.sendall(head.encode() + body)
        response = send(ada, "POST", "/tasks", {"title": "Once"}, f"{number}")
        assert response.status_code == 201
        assert ada.get("/tasks").json()["total"] == number + 1


AGE = """
UPDATE tasks_api.idempotency_key SET created_at = now() - interval '{age}'
WHERE user_id = '{user}' AND key {keys}
"""
MORE = """
INSERT INTO tasks_api.idempotency_key (user_id, key, fingerprint, answer, created_at)
SELECT '{user}', 'more-' || n, '', '{{}}', now() - interval '48 hours' FROM generate_series(1, 150) n
"""
KEYS = "SELECT key FROM tasks_api.idempotency_key WHERE user_id = '{user}' ORDER BY key"


def test_an_idempotency_key_expires_after_24_hours(ada: Person, cluster: Cluster) -> None:
    first = send(ada, "POST", "/tasks", {"title": "Once"}, "k")
    cluster.execute(AGE.format(age="23 hours 59 minutes", user=ada.id, keys="= 'k'"), "promises")
    assert visible(send(ada, "POST", "/tasks", {"title": "Once"}, "k")) == visible(first)
    cluster.execute(AGE.format(age="24 hours 1 second", user=ada.id, keys="= 'k'"), "promises")
    second = send(ada, "POST", "/tasks", {"title": "Once"}, "k")
    assert (second.status_code, second.json()["id"] != first.json()["id"]) == (201, True)
    assert visible(send(ada, "POST", "/tasks", {"title": "Once"}, "k")) == visible(second)
    # Another request can use the key again, although one sweep does not delete all expired keys.
    cluster.execute(MORE.format(user=ada.id), "promises")
    cluster.execute(AGE.format(age="24 hours 1 second", user=ada.id, keys="= 'k'"), "promises")
    assert send(ada, "POST", "/tasks", {"title": "Other"}, "k").status_code == 201


def test_expired_keys_are_deleted_with_the_users_next_write(
    ada: Person, bob: Person, cluster: Cluster
) -> None:
    for person in (ada, bob):
        for number in range(5):
            assert send(person, "POST", "/tasks", {"title": "x"}, f"old-{number}").is_success
        cluster.execute(AGE.format(age="25 hours", user=person.id, keys="LIKE 'old-%'"), "promises")
    assert send(ada, "POST", "/tasks", {"title": "x"}, "new").is_success
    assert cluster.execute(KEYS.format(user=ada.id), "promises") == [("new",)]
    assert len(cluster.execute(KEYS.format(user=bob.id), "promises")) == 5
    # The erasure of the user deletes the keys.
    body_of(bob.delete())
    assert cluster.execute(KEYS.format(user=bob.id), "promises") == []
