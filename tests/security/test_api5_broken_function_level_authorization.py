"""OWASP API5:2023, broken function level authorization: a user calls functions without permission.

There are no roles: a token permits every operation on the user's own data, and nothing else.
"""

from __future__ import annotations

import pytest

from tests.api.conftest import (
    NOT_FOUND,
    NOT_THE_CALLER,
    OPERATIONS,
    PATHS,
    Json,
    Person,
    Server,
    allowed,
    body_of,
    expect,
)
from tests.resources import ANY, collections

from .conftest import some_person

ROLES: dict[str, Json] = {
    "role": "admin",
    "roles": ["admin", "superuser"],
    "is_admin": True,
    "admin": 1,
    "scope": "* admin tasks:all",
    "scp": ["admin"],
    "permissions": ["*"],
    "groups": ["wheel"],
    "realm_access": {"roles": ["admin"]},
    "https://hasura.io/jwt/claims": {"x-hasura-default-role": "admin"},
    "act": {"sub": "root"},
}


@pytest.mark.parametrize("claim", ROLES)
def test_no_claim_grants_a_role(server: Server, ada: Person, claim: str) -> None:
    ada.task()
    admin = some_person(server, **{claim: ROLES[claim]})
    for method, path in (("GET", ""), ("GET", "/tasks"), ("DELETE", ""), ("POST", "/tasks")):
        expect(admin.request(method, f"/api/{ada.id}{path}", json={"title": "Mine"}), 403, NOT_THE_CALLER)
    assert body_of(ada.get("/tasks"))["total"] == 1


@pytest.mark.parametrize(
    "user_id", ["admin", "root", "system", "me", "self", "all", "0", "-", "null", "undefined"]
)
def test_no_name_in_the_path_is_special(ada: Person, user_id: str) -> None:
    for path in ("", *collections()):
        expect(ada.get(f"/api/{user_id}{path}"), 403, NOT_THE_CALLER)


METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "MOVE",
    "LINK",
    "PURGE",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_has_only_the_methods_of_the_contract(ada: Person, path: str) -> None:
    target = path.format(user_id=ada.id, **ANY)
    for method in METHODS:
        if method not in allowed(path).split(", ") and method != "CONNECT":
            response = ada.server.request(method, target, token=ada.token)
            assert (response.status_code, response.headers.get("allow")) == (405, allowed(path)), method


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method")


@pytest.mark.parametrize("header", OVERRIDES)
def test_headers_cannot_override_the_method(ada: Person, header: str) -> None:
    task = ada.task()
    response = ada.request("GET", f"/tasks/{task['id']}", headers={header: "DELETE"})
    assert (response.status_code, response.json()) == (200, task)
    for query in ("_method=DELETE", "method=DELETE", "action=delete"):
        assert ada.request("GET", f"/tasks/{task['id']}?{query}").status_code == 422
    assert body_of(ada.get("/tasks"))["total"] == 1


@pytest.mark.parametrize(
    "header", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Forwarded-Prefix"]
)
def test_headers_cannot_override_the_path(ada: Person, bob: Person, header: str) -> None:
    ada.task("Hers")
    response = bob.request("GET", "/tasks", headers={header: f"/api/{ada.id}/tasks"})
    assert body_of(response)["items"] == []


HIDDEN = (
    *(
        "/admin",
        "/api",
        "/api/",
        "/api/admin/users",
        "/api/admin/users/1",
        "/internal/tasks",
        "/debug",
        "/env",
    ),
    *("/debug/pprof", "/actuator", "/actuator/env", "/status", "/console", "/graphql", "/rpc", "/config"),
    *("/server-status", "/_debug", "/users", "/tasks", "/v1/tasks", "/tasks/1", "/env"),
)


@pytest.mark.parametrize("path", HIDDEN)
def test_common_hidden_paths_answer_404(server: Server, ada: Person, path: str) -> None:
    for token in (None, ada.token):
        response = server.request("GET", path, token=token)
        assert response.status_code == 404
        assert response.json() == NOT_FOUND


def test_every_operation_of_a_user_has_the_user_in_its_path() -> None:
    assert {operation.id for operation in OPERATIONS if operation.secured} == {
        operation.id for operation in OPERATIONS if operation.owned
    }
