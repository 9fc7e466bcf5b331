"""Preconditions on tasks and categories, for every method that selects one (RFC 9110, section 13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import (
    CATEGORY_NOT_FOUND,
    OPERATIONS,
    TASK_NOT_FOUND,
    Person,
    Server,
    headers_of,
    resolve,
)

FAILED = {"detail": "The resource's ETag does not satisfy the request's If-Match or If-None-Match"}


@dataclass(frozen=True)
class Request:
    """A request for an item of a collection."""

    collection: str
    method: str
    below: str = ""
    body: Any = None
    idempotent: bool = False

    def __str__(self) -> str:
        key = " with Idempotency-Key" if self.idempotent else ""
        return f"{self.method} {self.collection}{self.below} {self.body or ''}{key}".replace("/", "-")

    @property
    def reads(self) -> bool:
        return self.method in ("GET", "HEAD")

    @property
    def name(self) -> str:
        return {"tasks": "title", "categories": "name"}[self.collection]

    def new(self, person: Person) -> tuple[str, str]:
        """Create an item; give its path and its ETag."""
        answer = person.post(f"/{self.collection}", {self.name: uuid4().hex})
        assert answer.status_code == 201
        return answer.headers["location"], answer.headers["etag"]

    def send(self, person: Person, path: str, *conditions: tuple[str, str]) -> httpx.Response:
        key = [("Idempotency-Key", uuid4().hex)] if self.idempotent else []
        # A name of its own, since names of categories are unique.
        body = self.body and {self.name: uuid4().hex}
        return person.request(self.method, path + self.below, json=body, headers=[*conditions, *key])


REQUESTS = [
    *(
        request
        for collection, name in (("tasks", "title"), ("categories", "name"))
        for request in (
            Request(collection, "GET"),
            Request(collection, "HEAD"),
            Request(collection, "PUT", body={name: ""}),
            Request(collection, "PATCH", body={name: ""}),
            Request(collection, "PATCH", body={}),
            Request(collection, "DELETE"),
        )
    ),
    Request("tasks", "PATCH", "/complete"),
    Request("tasks", "PATCH", "/complete", idempotent=True),
]
every_request = pytest.mark.parametrize("request_", REQUESTS, ids=str)

# {} stands for the current ETag. The outcome: the request is done, or a condition fails or is malformed.
CONDITIONS: list[tuple[list[tuple[str, str]], str]] = [
    ([("If-Match", "{}")], "done"),
    ([("If-Match", "*")], "done"),
    ([("If-Match", '"other"')], "If-Match"),
    ([("If-Match", '"0000000000000000"')], "If-Match"),
    # If-Match compares strongly (sections 8.8.3.2 and 13.1.1).
    ([("If-Match", "W/{}")], "If-Match"),
    ([("If-Match", 'W/{}, "other"')], "If-Match"),
    # If-None-Match compares weakly (sections 8.8.3.2 and 13.1.2).
    ([("If-None-Match", "{}")], "If-None-Match"),
    ([("If-None-Match", "W/{}")], "If-None-Match"),
    ([("If-None-Match", "*")], "If-None-Match"),
    ([("If-None-Match", '"other"')], "done"),
    ([("If-None-Match", '"0000000000000000", W/"ffffffffffffffff"')], "done"),
    # If-Match is evaluated first, and then If-None-Match (section 13.2.2).
    ([("If-Match", "{}"), ("If-None-Match", "{}")], "If-None-Match"),
    ([("If-Match", "*"), ("If-None-Match", "*")], "If-None-Match"),
    ([("If-Match", "*"), ("If-None-Match", "{}")], "If-None-Match"),
    ([("If-Match", "{}"), ("If-None-Match", '"0000000000000000"')], "done"),
    ([("If-Match", '"other"'), ("If-None-Match", "{}")], "If-Match"),
    ([("If-Match", '"other"'), ("If-None-Match", '"other"')], "If-Match"),
    # Lists may have empty elements, or none at all (section 5.6.1.2), and several lines (section 5.3).
    ([("If-Match", '"other",, {} ,')], "done"),
    ([("If-Match", ',\t,"other" , {}')], "done"),
    ([("If-Match", "{},")], "done"),
    ([("If-Match", '"other"'), ("If-Match", "{}")], "done"),
    ([("If-Match", '"other"'), ("If-Match", '"another"')], "If-Match"),
    ([("If-Match", "")], "If-Match"),
    ([("If-Match", ",")], "If-Match"),
    ([("If-None-Match", '"other"'), ("If-None-Match", ',W/{}, ,"other"')], "If-None-Match"),
    ([("If-None-Match", "")], "done"),
    ([("If-None-Match", ", ,")], "done"),
    # `*` is not an element of a list.
    ([("If-Match", "*"), ("If-Match", "{}")], "malformed"),
    ([("If-None-Match", "*, {}")], "malformed"),
    ([("If-None-Match", "w/{}")], "malformed"),
    ([("If-None-Match", "{} {}")], "malformed"),
]


@every_request
def test_preconditions_hold_on_every_operation(ada: Person, request_: Request) -> None:
    path, etag = request_.new(ada)
    for fields, outcome in CONDITIONS:
        before = ada.get(path)
        conditions = [(name, value.replace("{}", etag)) for name, value in fields]
        answer = request_.send(ada, path, *conditions)
        if outcome == "done":
            assert answer.status_code == 200, fields
            if not request_.reads:
                path, etag = request_.new(ada)
            continue
        if outcome == "malformed":
            assert answer.status_code == 422, fields
        elif outcome == "If-None-Match" and request_.reads:
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag), fields
            assert {"content-type", "content-length"}.isdisjoint(answer.headers)
        else:
            assert answer.status_code == 412, fields
            assert headers_of(answer) == {}
            assert request_.method == "HEAD" or answer.json() == FAILED
        after = ada.get(path)
        assert (after.headers["etag"], after.content) == (etag, before.content), fields


@every_request
def test_preconditions_do_not_tell_what_is_not_there(ada: Person, bob: Person, request_: Request) -> None:
    """What would be 404 without a condition is 404 with any (section 13.2.1)."""
    theirs, etag = request_.new(bob)
    not_found = {"tasks": TASK_NOT_FOUND, "categories": CATEGORY_NOT_FOUND}[request_.collection]
    for number in (theirs.rsplit("/", 1)[1], str(2**53 - 1)):
        for name in ("If-Match", "If-None-Match"):
            for value in ("*", etag, '"other"', ""):
                answer = request_.send(ada, f"/{request_.collection}/{number}", (name, value))
                assert (answer.status_code, headers_of(answer)) == (404, {})
                assert request_.method == "HEAD" or answer.json() == not_found
    assert bob.get(theirs).headers["etag"] == etag


def test_every_operation_on_an_item_declares_its_preconditions() -> None:
    for operation in OPERATIONS:
        if operation.item:
            names = {resolve(parameter)["name"] for parameter in operation.node["parameters"]}
            assert {"If-Match", "If-None-Match"} <= names
            assert 412 in operation.responses
            assert (304 in operation.responses) == (operation.method == "GET")


@pytest.mark.parametrize("path", ["/openapi.json", "/openapi.yaml", "/docs", "/redoc"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_preconditions_hold_on_the_documentation(server: Server, path: str, method: str) -> None:
    etag = server.request("GET", path).headers["etag"]
    for fields, outcome in CONDITIONS:
        conditions = [(name, value.replace("{}", etag)) for name, value in fields]
        answer = server.request(method, path, headers=conditions)
        if outcome == "If-Match" or (outcome == "malformed" and fields[0][0] == "If-Match"):
            # No schema says what is malformed here, and what is not a list of entity tags matches none.
            assert (answer.status_code, headers_of(answer)) == (412, {}), fields
            assert method == "HEAD" or answer.json() == FAILED
        elif outcome == "If-None-Match":
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag), fields
        else:
            assert (answer.status_code, answer.headers["etag"]) == (200, etag), fields
