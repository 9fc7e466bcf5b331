"""The caller's account: the first token creates it, and DELETE erases it with all its data."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.resources import RESOURCES, collections, not_found

from .conftest import (
    FRONTEND,
    INVALID_TOKEN,
    NOT_AUTHENTICATED,
    NOT_THE_CALLER,
    OPERATIONS,
    USER_NOT_FOUND,
    Operation,
    Person,
    Server,
    body_of,
    each,
    expect,
    headers_of,
    new_person,
    token_of,
)

OWNED = [operation for operation in OPERATIONS if operation.owned]


def with_claims(server: Server, person: Person, **claims: Any) -> Person:
    return Person(server, person.id, token_of(person.id, **claims))


def later(person: Person) -> Person:
    """Return the same person with a token that is issued now."""
    return with_claims(person.server, person, iat=int(time.time()) + 1)


def on_a_new_connection(person: Person, method: str, path: str, body: Any = None) -> httpx.Response:
    with httpx.Client(base_url=person.server.url, trust_env=False) as client:
        headers = {"Authorization": f"Bearer {person.token}"}
        return client.request(method, person.path(path), headers=headers, json=body)


def test_profile_operations_need_a_token(server: Server, ada: Person) -> None:
    for method in ("GET", "DELETE"):
        response = server.request(method, ada.path())
        expect(response, 401, NOT_AUTHENTICATED, www_authenticate="Bearer")
    assert ada.get().status_code == 200


def test_the_profile_of_another_user_is_forbidden(ada: Person, bob: Person) -> None:
    for method in ("GET", "DELETE"):
        expect(bob.request(method, ada.path()), 403, NOT_THE_CALLER)
    assert ada.get().status_code == 200


def test_the_first_token_creates_the_profile(server: Server) -> None:
    person = new_person(server)
    before = datetime.now(UTC)
    profile = body_of(person.get())
    created = profile["created_at"]
    assert before <= datetime.fromisoformat(created) <= datetime.now(UTC)
    assert profile == {
        "id": person.id,
        "email": None,
        "name": None,
        "email_verified": False,
        "image": None,
        "created_at": created,
        "updated_at": created,
    }


def test_the_profile_has_the_claims_of_the_token(server: Server) -> None:
    person = with_claims(
        server,
        new_person(server),
        email="ada@example.com",
        name="Ada Łovelace 🧮",
        emailVerified=True,
        image="https://example.com/ada.png",
    )
    profile = body_of(person.get())
    assert {name: profile[name] for name in ("id", "email", "name", "email_verified", "image")} == {
        "id": person.id,
        "email": "ada@example.com",
        "name": "Ada Łovelace 🧮",
        "email_verified": True,
        "image": "https://example.com/ada.png",
    }


def test_a_later_token_updates_only_the_claims_that_it_has(server: Server) -> None:
    person = new_person(server)
    first = body_of(with_claims(server, person, email="ada@example.com", name="Ada").get())
    second = body_of(with_claims(server, person, email="ada@example.org").get())
    assert second == first | {"email": "ada@example.org", "updated_at": second["updated_at"]}
    assert second["updated_at"] > first["updated_at"]


@pytest.mark.parametrize("claim", ["email", "name", "image"])
@pytest.mark.parametrize(
    "value", [7, True, [], {}, "NUL \x00", "x" * 3000], ids=lambda value: repr(value)[:9]
)
def test_an_invalid_profile_claim_is_ignored(server: Server, claim: str, value: Any) -> None:
    profile = body_of(with_claims(server, new_person(server), **{claim: value}).get())
    assert profile[claim] is None


def test_two_users_may_have_the_same_email(server: Server) -> None:
    for _ in range(2):
        profile = body_of(with_claims(server, new_person(server), email="shared@example.com").get())
        assert profile["email"] == "shared@example.com"


@pytest.mark.parametrize("path", collections())
def test_a_new_user_can_start_with_any_list(server: Server, path: str) -> None:
    expect(new_person(server).get(path), 200, {"items": [], "total": 0, "next_cursor": None})
    new_person(server).create(collections()[path].parameter, {})


def test_head_has_the_headers_of_get_and_no_body(ada: Person) -> None:
    response, get = ada.request("HEAD", ""), ada.get()
    assert (response.status_code, response.content) == (200, b"")
    assert headers_of(response) == headers_of(get) == {}
    assert response.headers["content-length"] == get.headers["content-length"]


def test_delete_user_answers_200_with_a_message(ada: Person) -> None:
    expect(ada.delete(), 200, {"message": "User deleted successfully"})


def test_delete_user_erases_only_that_users_data(ada: Person, bob: Person) -> None:
    def paths(person: Person) -> list[str]:
        ids = person.create_each()
        items = [resource.item.format(user_id=person.id, **ids) for resource in RESOURCES.values()]
        return ["", *collections(), *items]

    hers, his = paths(ada), paths(bob)
    before = [bob.get(path).json() for path in his]

    assert ada.delete().status_code == 200

    missing = [USER_NOT_FOUND] * (1 + len(collections())) + [not_found(parameter) for parameter in RESOURCES]
    for path, body in zip(hers, missing, strict=True):
        expect(ada.get(path), 404, body)
    assert [bob.get(path).json() for path in his] == before


@each(OWNED)
def test_an_erased_user_gets_404_from_every_worker(ada: Person, operation: Operation) -> None:
    path = operation.path.format(user_id=ada.id, **ada.create_each())
    assert ada.delete().status_code == 200
    missing = not_found(operation.item) if operation.item in RESOURCES else USER_NOT_FOUND
    # One worker has cached the token, the other may see it for the first time; both must answer 404.
    for _ in range(4):
        response = on_a_new_connection(ada, operation.method, path, operation.example)
        expect(response, 404, missing)


def test_an_older_token_does_not_restore_an_erased_user(ada: Person) -> None:
    other = with_claims(ada.server, ada, iat=int(time.time()) - 60)
    without_time = with_claims(ada.server, ada, iat=None)
    assert ada.delete().status_code == 200
    for person in (other, without_time):
        expect(person.get(), 404, USER_NOT_FOUND)
        expect(person.get("/tasks"), 404, USER_NOT_FOUND)


def test_a_newer_token_creates_an_empty_account(ada: Person) -> None:
    ada.task(category_id=ada.category()["id"])
    before = body_of(ada.get())
    assert ada.delete().status_code == 200
    returned = later(ada)
    profile = body_of(returned.get())
    assert profile["created_at"] > before["created_at"]
    for path in collections():
        expect(returned.get(path), 200, {"items": [], "total": 0, "next_cursor": None})
    assert returned.task()["user_id"] == ada.id


def test_a_returned_user_can_be_erased_again(ada: Person) -> None:
    assert ada.delete().status_code == 200
    expect(ada.delete(), 404, USER_NOT_FOUND)
    returned = later(ada)
    expect(returned.delete(), 200, {"message": "User deleted successfully"})
    expect(returned.get(), 404, USER_NOT_FOUND)


USER_IDS = ["x", "0", "-", "_", "a.b", "a|b:c@d+e~f", "auth0|5f7c8ec7c33c6c004bbafe82", "A" * 128]


@pytest.mark.parametrize("user_id", USER_IDS)
def test_every_valid_user_id_works(server: Server, user_id: str) -> None:
    person = new_person(server, user_id)
    created = person.post("/tasks", {"title": "Write"})
    assert created.status_code == 201
    assert created.json()["user_id"] == user_id
    expect(person.get(created.headers["location"]), 200, created.json())
    assert body_of(person.get())["id"] == user_id


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"aud": FRONTEND}, 200),
        ({"aud": ["https://other.example", FRONTEND]}, 200),
        ({"aud": "https://other.example"}, 401),
        # Another service's Better Auth that has the same secret.
        ({"aud": "https://other.example", "iss": "https://other.example"}, 401),
        ({"aud": ["https://other.example"]}, 401),
        ({"aud": f"{FRONTEND}/"}, 401),
        ({"aud": []}, 401),
        ({"aud": 7}, 401),
    ],
)
def test_a_token_for_another_service_is_rejected(
    server: Server, ada: Person, claims: dict[str, Any], status: int
) -> None:
    """FRONTEND_URL is the expected audience (RFC 7519, section 4.1.3)."""
    response = server.request("GET", ada.path("/tasks"), token=token_of(ada.id, **claims))
    assert response.status_code == status


def test_the_log_says_why_a_token_was_rejected(server: Server, ada: Person) -> None:
    token = token_of(ada.id, name="x" * 12_000)
    before = server.log.read_text()
    response = server.request("GET", ada.path("/tasks"), token=token)
    expect(response, 401, NOT_AUTHENTICATED, www_authenticate=INVALID_TOKEN)
    reason = f"listTasks rejected a credential: it has {len(token)} bytes; the limit is 8192"
    request_id = response.headers["x-request-id"]
    # Another process writes the log.
    deadline = time.monotonic() + 10
    while reason not in (log := server.log.read_text().removeprefix(before)) and time.monotonic() < deadline:
        time.sleep(0.02)
    [line] = [line for line in log.splitlines() if reason in line]
    assert request_id in line
    assert token[:40] not in log


@pytest.mark.parametrize(
    "user_id",
    ["", ".", "..", ".a", "a b", "a/b", "a\x00", "é", "a\n", "A" * 129, 7, None, True, ["x"]],
    ids=repr,
)
def test_a_token_with_an_invalid_user_id_is_rejected(server: Server, ada: Person, user_id: Any) -> None:
    response = server.request("GET", ada.path(), token=token_of(ada.id, sub=user_id))
    expect(response, 401, NOT_AUTHENTICATED, www_authenticate=INVALID_TOKEN)
