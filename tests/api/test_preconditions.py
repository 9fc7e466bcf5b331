"""Preconditions of every operation on an item (RFC 9110, section 13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import OPERATIONS, Person, Server, headers_of
from tests.resources import RESOURCES, not_found, operations_on, unique_properties

FAILED = {
    "detail": "The resource's ETag does not satisfy the request's If-Match or If-None-Match",
    "code": "precondition_failed",
}


@dataclass(frozen=True)
class Request:
    """A request for an item of a resource."""

    parameter: str
    method: str
    below: str = ""
    body: Any = None
    unique: frozenset[str] = frozenset()
    idempotent: bool = False

    def __str__(self) -> str:
        key = " with Idempotency-Key" if self.idempotent else ""
        return f"{self.method} {RESOURCES[self.parameter].name}{self.below} {self.body or ''}{key}"

    @property
    def reads(self) -> bool:
        return self.method in ("GET", "HEAD")

    def new(self, person: Person) -> tuple[str, str]:
        """Create an item, and return its path and its ETag."""
        path = RESOURCES[self.parameter].item.format(user_id=person.id, **person.create_each())
        return path, person.get(path).headers["etag"]

    def send(self, person: Person, path: str, *conditions: tuple[str, str]) -> httpx.Response:
        key = [("Idempotency-Key", uuid4().hex)] if self.idempotent else []
        body = self.body and self.body | {name: uuid4().hex for name in self.unique}
        return person.request(self.method, path + self.below, json=body, headers=[*conditions, *key])


def requests() -> Iterator[Request]:
    """Yield a request for every operation on an item."""
    collections = {resource.collection for resource in RESOURCES.values()}
    for parameter, resource in RESOURCES.items():
        for operation in operations_on(parameter):
            if operation.path in collections:
                continue
            unique = unique_properties(parameter) & {*(operation.example or ())}
            below = operation.path.removeprefix(resource.item)
            request = Request(parameter, operation.method, below, operation.example, frozenset(unique))
            yield request
            if operation.method == "GET":
                yield replace(request, method="HEAD")
            if operation.method == "PATCH" and operation.example:
                yield replace(request, body={}, unique=frozenset())
            if "Idempotency-Key" in operation.headers:
                yield replace(request, idempotent=True)


REQUESTS = [*requests()]
every_request = pytest.mark.parametrize("request_", REQUESTS, ids=str)

# {} is replaced by the current ETag. The outcome: the request succeeds, or a condition fails or is malformed.
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
def test_every_operation_evaluates_preconditions(ada: Person, request_: Request) -> None:
    path, etag = request_.new(ada)
    for fields, outcome in CONDITIONS:
        before = ada.get(path)
        conditions = [(name, value.replace("{}", etag)) for name, value in fields]
        response = request_.send(ada, path, *conditions)
        if outcome == "done":
            assert response.status_code == 200, fields
            if not request_.reads:
                path, etag = request_.new(ada)
            continue
        if outcome == "malformed":
            assert response.status_code == 422, fields
        elif outcome == "If-None-Match" and request_.reads:
            assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag), (
                fields
            )
            assert {"content-type", "content-length"}.isdisjoint(response.headers)
        else:
            assert response.status_code == 412, fields
            assert headers_of(response) == {}
            assert request_.method == "HEAD" or response.json() == FAILED
        after = ada.get(path)
        assert (after.headers["etag"], after.content) == (etag, before.content), fields


@every_request
def test_preconditions_do_not_reveal_missing_items(ada: Person, bob: Person, request_: Request) -> None:
    """A request that gets 404 without a condition gets 404 with any condition (section 13.2.1)."""
    theirs, etag = request_.new(bob)
    item, mine = RESOURCES[request_.parameter].item, ada.create_each()
    for number in (theirs.rsplit("/", 1)[1], str(2**53 - 1)):
        for name in ("If-Match", "If-None-Match"):
            for value in ("*", etag, '"other"', ""):
                path = item.format(user_id=ada.id, **mine | {request_.parameter: number})
                response = request_.send(ada, path, (name, value))
                assert (response.status_code, headers_of(response)) == (404, {})
                assert request_.method == "HEAD" or response.json() == not_found(request_.parameter)
    assert bob.get(theirs).headers["etag"] == etag


def test_every_operation_on_an_item_declares_its_preconditions() -> None:
    """The failure message lists everything that is missing in openapi.yaml."""
    missing = []
    for request in REQUESTS:
        path = RESOURCES[request.parameter].item + request.below
        for operation in OPERATIONS:
            if (operation.method, operation.path) == (request.method, path):
                statuses = {412, 304} if operation.method == "GET" else {412}
                names = {"If-Match", "If-None-Match"} - {*operation.headers}
                missing += [f"{operation.id} declares no {name}" for name in names]
                missing += [
                    f"{operation.id} declares no {status}" for status in statuses - {*operation.responses}
                ]
    assert missing == []


@pytest.mark.parametrize("path", ["/openapi.json", "/openapi.yaml", "/docs", "/redoc"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_documentation_evaluates_preconditions(server: Server, path: str, method: str) -> None:
    etag = server.request("GET", path).headers["etag"]
    for fields, outcome in CONDITIONS:
        conditions = [(name, value.replace("{}", etag)) for name, value in fields]
        response = server.request(method, path, headers=conditions)
        if outcome == "If-Match" or (outcome == "malformed" and fields[0][0] == "If-Match"):
            # These paths have no schema, so a malformed list of entity tags matches no entity tag.
            assert (response.status_code, headers_of(response)) == (412, {}), fields
            assert method == "HEAD" or response.json() == FAILED
        elif outcome == "If-None-Match":
            assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag), (
                fields
            )
        else:
            assert (response.status_code, response.headers["etag"]) == (200, etag), fields


@pytest.mark.parametrize("parameter", RESOURCES)
def test_the_etag_of_a_list_item_permits_one_change(ada: Person, parameter: str) -> None:
    """No GET of the item is needed before a conditional change."""
    resource, ids = RESOURCES[parameter], ada.create_each()
    path = resource.item.format(user_id=ada.id, **ids)
    (item,) = (
        item
        for item in ada.get(resource.collection.format(user_id=ada.id, **ids)).json()["items"]
        if item["id"] == ids[parameter]
    )
    read = ada.get(path)
    assert item["etag"] == read.headers["etag"]
    assert item == read.json()
    conditions = {"If-Match": item["etag"]}
    assert ada.request("DELETE", path, headers={"If-Match": '"0123456789abcdef"'}).json() == FAILED
    assert ada.request("DELETE", path, headers=conditions).status_code == 200
