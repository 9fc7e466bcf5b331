"""OWASP API2:2023, broken authentication.

test_jwt_attacks.py tests forged tokens, and valid tokens in other places; test_cve_2026_85394.py public keys
as secrets. This module tests everything beyond a single token.
"""

from __future__ import annotations

import time
from http.client import HTTPConnection

import pytest
from signing import addressed, claims, sign_hmac

from tests.api.conftest import (
    INVALID_TOKEN,
    NOT_AUTHENTICATED,
    OPERATIONS,
    PATHS,
    Operation,
    Person,
    Server,
    each,
    expect,
)
from tests.resources import ANY, collections

from .conftest import some_person

SECURED = [operation for operation in OPERATIONS if operation.secured]
# The operations without a token: none has data of a user.
PUBLIC = {"getRoot", "getHealth", "getReadiness"}


def test_only_operations_without_user_data_are_public() -> None:
    assert {operation.id for operation in OPERATIONS} - {operation.id for operation in SECURED} == PUBLIC


@each(SECURED)
@pytest.mark.parametrize("whose", ["a user's", "no user's"])
def test_an_invalid_token_does_not_reveal_whether_a_user_exists(
    server: Server, ada: Person, operation: Operation, whose: str
) -> None:
    assert ada.get().status_code == 200
    user_id = ada.id if whose == "a user's" else some_person(server).id
    path = operation.path.format(user_id=user_id, **ANY)
    token = sign_hmac({"alg": "HS256"}, claims(sub=user_id), key=b"guessed" * 8)
    response = server.request(operation.method, path, token=token)
    expect(response, 401, NOT_AUTHENTICATED, www_authenticate=INVALID_TOKEN)


def test_a_token_expires_on_an_open_connection(server: Server) -> None:
    ends = time.time() + 1.5
    person = some_person(server, exp=ends)
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Authorization": f"Bearer {person.token}"}
    statuses = []
    while not statuses or statuses[-1] == 200:
        sent_at = time.time()
        connection.request("GET", f"/api/{person.id}", headers=headers)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        assert response.status == (200 if time.time() < ends else 401) or sent_at < ends
        assert time.time() < ends + 10
    connection.close()
    assert {200, 401} == {*statuses}


def test_the_token_of_an_erased_user_is_rejected(server: Server) -> None:
    person = some_person(server, iat=time.time() - 1)
    person.task()
    assert person.delete().status_code == 200
    assert {person.get(path).status_code for path in ("", *collections())} == {404}
    assert person.post("/tasks", {"title": "Back"}).status_code == 404


def test_the_token_cache_is_separate_per_user(server: Server) -> None:
    people = [some_person(server) for _ in range(20)]
    for _ in range(2):
        for person in people:
            assert person.get().json()["id"] == person.id


def test_no_operation_takes_a_password_or_returns_a_token(server: Server) -> None:
    assert not [
        path for path in PATHS if any(word in path for word in ("login", "token", "sign", "session", "auth"))
    ]
    for path in (
        "/login",
        "/token",
        "/api/token",
        "/api/auth/sign-in/email",
        "/api/auth/token",
        "/oauth/token",
    ):
        body = {"username": "ada", "password": "x", "grant_type": "password"}
        assert server.request("POST", path, json=body).status_code in (401, 404, 405), path


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
def test_a_token_with_another_audience_is_rejected(server: Server, algorithm: str) -> None:
    for more in ({"aud": "https://other.example.com"}, {"iss": "https://other.example.com"}):
        person = some_person(server)
        token = sign_hmac({"alg": algorithm}, addressed(sub=person.id, **more))
        assert server.request("GET", person.path(), token=token).status_code == 401
