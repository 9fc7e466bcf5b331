"""OWASP API4:2023, unrestricted resource consumption.

tests/api/test_bad_input.py tests the limits of bodies and numbers; tests/resilience slow clients, floods of
connections and an exhausted pool. This module tests the cost of single requests.
"""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.api.conftest import BODY_LIMIT, CONTRACT, OPERATIONS, Person, Server, body_of
from tests.contract import leaves
from tests.resources import RESOURCES

SCHEMAS = CONTRACT["components"]["schemas"]
LONGEST_PAGE = SCHEMAS["Limit"]["maximum"]


def test_every_list_has_pages_with_a_maximum_size(ada: Person) -> None:
    paths = {resource.collection for resource in RESOURCES.values()}
    lists = [operation for operation in OPERATIONS if operation.method == "GET" and operation.path in paths]
    assert lists
    ids = ada.create_each()
    for operation in lists:
        assert {"limit", "offset", "cursor"} <= operation.query.keys(), operation
        path = operation.path.format(user_id=ada.id, **ids)
        for limit in (LONGEST_PAGE + 1, 10**9, 0, -1):
            assert ada.get(path, limit=limit).status_code == 422
        assert ada.get(path, limit=LONGEST_PAGE).status_code == 200


def test_every_text_in_a_request_has_a_maximum_length() -> None:
    for operation in OPERATIONS:
        for property_name, schema in operation.body["properties"].items() if operation.example else ():
            for leaf in leaves(schema):
                if leaf["type"] == "string":
                    # A pattern without unlimited repetition limits the length too.
                    repeats = re.search("[*+]", re.sub(r"\[[^]]*\]", "", leaf.get("pattern", "*")))
                    assert "maxLength" in leaf or "enum" in leaf or not repeats, (operation, property_name)
                if leaf["type"] == "integer":
                    assert {"minimum", "maximum"} <= leaf.keys(), (operation, property_name)


HOSTILE: dict[str, bytes] = {
    "names with colliding hashes": json.dumps({f"{'a' * (n % 7)}{n}": n for n in range(3500)}).encode(),
    "a text that makes patterns backtrack": json.dumps({"title": "a", "due_date": "2" * 60_000}).encode(),
    "almost a date, many times": json.dumps(
        {"title": "a", "due_date": "2026-01-01T00:00:00." + "1" * 60_000}
    ).encode(),
    "a number of 60 000 digits": b'{"title":"a","category_id":' + b"9" * 60_000 + b"}",
    "a fraction of 60 000 digits": b'{"title":"a","category_id":0.' + b"1" * 60_000 + b"}",
    "an exponent": b'{"title":"a","category_id":1e999999999}',
    "30 000 empty arrays": b'{"title":[' + b"[]," * 20_000 + b"[]]}",
    "nesting": b'{"title":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "escapes": b'{"title":"' + rb"\u0041" * 10_000 + b'"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_takes_no_longer_than_a_normal_one(server: Server, ada: Person, name: str) -> None:
    assert len(HOSTILE[name]) <= BODY_LIMIT
    took = []
    for _ in range(3):
        started = time.perf_counter()
        response = ada.raw("POST", "/tasks", HOSTILE[name], ("Content-Type", "application/json"))
        took.append(time.perf_counter() - started)
        assert response.status_code in (400, 422)
    # The best of three, because the machine is busy. A normal body takes milliseconds.
    assert min(took) < 0.5


def test_the_last_page_is_as_fast_as_the_first(ada: Person) -> None:
    ada.task()
    for query in ("offset=9007199254740991", "cursor=" + "0" * 28, "limit=1000&offset=9007199254740991"):
        started = time.perf_counter()
        page = body_of(ada.request("GET", f"/tasks?{query}"))
        assert (page["items"], page["total"]) == ([], 1)
        assert time.perf_counter() - started < 5


def test_clients_cannot_send_batches(ada: Person) -> None:
    for body in ([{"title": "a"}] * 100, {"items": [{"title": "a"}] * 100}, {"title": ["a"] * 100}):
        assert ada.post("/tasks", body).status_code == 422
    assert body_of(ada.get("/tasks"))["total"] == 0


def test_an_error_response_is_not_much_longer_than_the_request(ada: Person) -> None:
    """A 422 lists all validation errors, so the longest request causes the longest response."""
    body = json.dumps({f"{n:x}": 1 for n in range(5000)}).encode()
    response = ada.raw("POST", "/tasks", body, ("Content-Type", "application/json"))
    assert response.status_code == 422
    assert len(response.content) < 20 * len(body)
