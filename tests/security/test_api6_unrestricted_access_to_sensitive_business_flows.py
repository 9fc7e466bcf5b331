"""OWASP API6:2023, unrestricted access to sensitive business flows.

The only sensitive flow is the erasure of an account. The rate limit restricts mass creation, and no response
reveals which users exist.
"""

from __future__ import annotations

import pytest

from tests.api.conftest import FRONTEND, Person, Server, body_of, new_person
from tests.resources import collections

from .conftest import some_person


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "?confirm=yes", {}),
        ("GET", "/delete", {}),
        ("POST", "", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("POST", "?_method=DELETE", {"Content-Type": "text/plain"}),
        ("POST", "/delete", {}),
        ("GET", "", {"X-HTTP-Method-Override": "DELETE"}),
        ("HEAD", "", {"X-HTTP-Method-Override": "DELETE"}),
        ("OPTIONS", "", {"Access-Control-Request-Method": "DELETE", "Origin": "https://evil.example"}),
    ],
)
def test_links_and_forms_cannot_erase_an_account(
    ada: Person, method: str, path: str, headers: dict[str, str]
) -> None:
    ada.task()
    ada.server.raw(method, ada.path() + path, b"", *headers.items(), token=ada.token, checked=False)
    assert body_of(ada.get("/tasks"))["total"] == 1


def test_cookies_are_not_credentials(server: Server, ada: Person) -> None:
    """Cookies are ignored, so cross-site request forgery (CSRF) is not possible from any origin."""
    ada.task()
    for origin in ("https://evil.example", FRONTEND, "null"):
        headers = {"Cookie": f"token={ada.token}; better-auth.session_token={ada.token}", "Origin": origin}
        for method, path in (("DELETE", ""), ("POST", "/tasks")):
            response = server.request(method, ada.path(path), headers=headers, json={"title": "Ridden"})
            assert response.status_code == 401
    assert body_of(ada.get("/tasks"))["total"] == 1


def test_an_erasure_is_complete_and_affects_one_user(ada: Person, bob: Person) -> None:
    for person in (ada, bob):
        person.create_each()
    assert ada.delete().status_code == 200
    assert {ada.get(path).status_code for path in ("", *collections())} == {404}
    assert {body_of(bob.get(path))["total"] for path in collections()} == {1}


def test_responses_do_not_reveal_which_users_exist(server: Server, ada: Person) -> None:
    assert ada.get().status_code == 200
    spy = some_person(server)
    there, not_there = (spy.get(f"/api/{user_id}") for user_id in (ada.id, new_person(server).id))
    assert (there.status_code, there.content) == (not_there.status_code, not_there.content)
