"""OWASP API1:2023, broken object level authorization: a user uses ids of another user.

tests/api/test_isolation.py tests each operation with own and foreign paths, and
tests/resilience/test_tenant_isolation.py random requests. This module tests ids in bulk, and ids in other
places.
"""

from __future__ import annotations

import pytest
from signing import addressed, sign_hmac

from tests.api.conftest import (
    CATEGORY_NOT_FOUND,
    NOT_THE_CALLER,
    Json,
    Person,
    Server,
    body_of,
    expect,
    ids_of,
)
from tests.resources import collections

from .conftest import some_person


def test_only_own_ids_are_found_among_all_ids(ada: Person, bob: Person) -> None:
    for _ in range(10):
        ada.create_each()
        bob.create_each()
    for path in collections():
        known = {*ids_of(ada.get(path).json()), *ids_of(bob.get(path).json())}
        found = {
            number
            for number in range(min(known) - 5, max(known) + 5)
            if number > 0 and bob.get(f"{path}/{number}").status_code == 200
        }
        assert found == {*ids_of(bob.get(path).json())}


@pytest.mark.parametrize(
    "claim", ["user_id", "uid", "id", "userId", "preferred_username", "act", "azp", "client_id"]
)
def test_only_the_subject_identifies_the_caller(server: Server, ada: Person, claim: str) -> None:
    bob = some_person(server, **{claim: {"sub": ada.id} if claim == "act" else ada.id})
    expect(bob.get(f"/api/{ada.id}/tasks"), 403, NOT_THE_CALLER)
    assert body_of(bob.get())["id"] == bob.id


@pytest.mark.parametrize(
    "subject", ["*", "{0}/", "{0} ", " {0}", "{0}\n", "{0}%00", "{0}\0", "../{0}", "{0}/../x"]
)
def test_a_subject_similar_to_another_user_has_no_access(server: Server, ada: Person, subject: str) -> None:
    token = sign_hmac({"alg": "HS256"}, addressed(sub=subject.format(ada.id)))
    assert server.request("GET", f"/api/{ada.id}/tasks", token=token).status_code == 401


@pytest.mark.parametrize("ids", [[1, 2], "1,2", {"$gt": 0}, {"id": 1}, True, "1 OR 1=1", "*"])
def test_an_id_in_a_body_must_be_a_single_number(ada: Person, bob: Person, ids: Json) -> None:
    ada.category()
    assert bob.post("/tasks", {"title": "All of them", "category_id": ids}).status_code == 422
    assert body_of(bob.get("/tasks"))["total"] == 0


def test_an_item_cannot_refer_to_another_users_item(ada: Person, bob: Person) -> None:
    hers, task = ada.category("Hers")["id"], bob.task()
    for response in (
        bob.post("/tasks", {"title": "In hers", "category_id": hers}),
        bob.put(f"/tasks/{task['id']}", {"title": "In hers", "category_id": hers}),
        bob.patch(f"/tasks/{task['id']}", {"category_id": hers}),
    ):
        expect(response, 404, CATEGORY_NOT_FOUND)
    assert body_of(bob.get(f"/tasks/{task['id']}")) == task
    assert body_of(ada.get("/tasks", category_id=hers))["total"] == 0


def test_idempotency_keys_of_users_are_separate(ada: Person, bob: Person) -> None:
    """A user who guesses another user's `Idempotency-Key` neither gets its response nor blocks it."""
    headers = {"Idempotency-Key": "guessed"}
    hers = ada.request("POST", "/tasks", json={"title": "Hers"}, headers=headers)
    for _ in range(2):
        his = bob.request("POST", "/tasks", json={"title": "Hers"}, headers=headers)
        assert (his.status_code, his.json()["user_id"]) == (201, bob.id)
    assert ada.request("POST", "/tasks", json={"title": "Hers"}, headers=headers).json() == hers.json()
    assert [body_of(person.get("/tasks"))["total"] for person in (ada, bob)] == [1, 1]


def test_user_ids_and_keys_are_not_concatenated(server: Server) -> None:
    name = some_person(server).id
    responses = []
    for user_id, key in ((name, "a:b:c"), (f"{name}:a", "b:c"), (f"{name}:a:b", "c"), (f"{name}:", "a:b:c")):
        token = sign_hmac({"alg": "HS256"}, addressed(sub=user_id))
        person = Person(server, user_id, token)
        headers = {"Idempotency-Key": key}
        responses.append(body_of(person.request("POST", "/tasks", json={"title": key}, headers=headers), 201))
        assert responses[-1]["user_id"] == user_id
    assert len({response["id"] for response in responses}) == len(responses)


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_precondition_does_not_reveal_a_foreign_item(ada: Person, bob: Person, header: str) -> None:
    task = ada.task()
    etag = ada.get(f"/tasks/{task['id']}").headers["etag"]
    for tag in (etag, "*", '"0"', f"W/{etag}"):
        for method, body in (("GET", None), ("PUT", {"title": "Mine"}), ("PATCH", {}), ("DELETE", None)):
            responses = [
                bob.request(method, f"/tasks/{task_id}", json=body, headers={header: tag})
                for task_id in (task["id"], 2**53 - 1)
            ]
            assert [(response.status_code, response.content) for response in responses] == [
                (404, b'{"detail":"Task not found","code":"task_not_found"}')
            ] * 2
    assert ada.get(f"/tasks/{task['id']}").headers["etag"] == etag
