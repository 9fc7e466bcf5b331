"""OWASP API2:2023, broken authentication.

Forged tokens, and good ones in other places, are in test_jwt_attacks.py; public keys as secrets in
test_cve_2026_85394.py. Here is what goes beyond a single token.
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
# Whoever may be asked without a token: nothing of these concerns a person.
PUBLIC = {"getRoot", "getHealth", "getReadiness"}


def test_only_what_concerns_nobody_is_public() -> None:
    assert {operation.id for operation in OPERATIONS} - {operation.id for operation in SECURED} == PUBLIC


@each(SECURED)
@pytest.mark.parametrize("whose", ["a user's", "nobody's"])
def test_a_bad_token_does_not_tell_whether_there_is_such_a_user(
    server: Server, ada: Person, operation: Operation, whose: str
) -> None:
    assert ada.get().status_code == 200
    user_id = ada.id if whose == "a user's" else some_person(server).id
    path = operation.path.format(user_id=user_id, **ANY)
    token = sign_hmac({"alg": "HS256"}, claims(sub=user_id), key=b"guessed" * 8)
    response = server.request(operation.method, path, token=token)
    expect(response, 401, NOT_AUTHENTICATED, www_authenticate=INVALID_TOKEN)


def test_a_token_ends_when_it_says_so_also_on_a_connection_that_is_open(server: Server) -> None:
    ends = time.time() + 1.5
    person = some_person(server, exp=ends)
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Authorization": f"Bearer {person.token}"}
    statuses = []
    while not statuses or statuses[-1] == 200:
        asked = time.time()
        connection.request("GET", f"/api/{person.id}", headers=headers)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        assert response.status == (200 if time.time() < ends else 401) or asked < ends
        assert time.time() < ends + 10
    connection.close()
    assert {200, 401} == {*statuses}


def test_an_erased_user_s_token_is_worth_nothing_any_more(server: Server) -> None:
    person = some_person(server, iat=time.time() - 1)
    person.task()
    assert person.delete().status_code == 200
    assert {person.get(path).status_code for path in ("", *collections())} == {404}
    assert person.post("/tasks", {"title": "Back"}).status_code == 404


def test_no_two_users_share_what_is_remembered_of_tokens(server: Server) -> None:
    people = [some_person(server) for _ in range(20)]
    for _ in range(2):
        for person in people:
            assert person.get().json()["id"] == person.id


def test_nothing_here_takes_a_password_or_gives_a_token(server: Server) -> None:
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
def test_a_token_for_another_service_is_refused(server: Server, algorithm: str) -> None:
    for told in ({"aud": "https://other.example.com"}, {"iss": "https://other.example.com"}):
        person = some_person(server)
        token = sign_hmac({"alg": algorithm}, addressed(sub=person.id, **told))
        assert server.request("GET", person.path(), token=token).status_code == 401
