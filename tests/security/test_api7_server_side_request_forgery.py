"""OWASP API7:2023, server side request forgery: no input makes the server send a request to a given URL.

A server of the attacker listens, and the tests put its URL into every place that can contain one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from signing import KEYS, addressed, jwk, sign_hmac, sign_with

from impl.identity.key_set import read_key_set
from tests.api.conftest import Person, Server, body_of

from .conftest import LoginService, login_service, some_person


@pytest.fixture
def trap() -> Iterator[LoginService]:
    """The attacker's server; fails if it received a request."""
    with login_service() as service:
        yield service
        assert service.requested == []


def test_a_url_in_a_profile_is_not_fetched(server: Server, trap: LoginService) -> None:
    for name in ("image", "picture"):
        for url in (
            f"{trap.url}/me.png",
            f"{trap.url}@example.com/",
            "file:///etc/passwd",
            "http://169.254.169.254/",
        ):
            person = some_person(server, **{name: url})
            assert body_of(person.get())["image"] == url


def test_a_url_in_a_task_is_not_fetched(ada: Person, trap: LoginService) -> None:
    texts = (
        trap.url,
        f"![]({trap.url}/x.png)",
        f"<img src={trap.url}>",
        f"${{jndi:{trap.url}}}",
        f"{{{{{trap.url}}}}}",
    )
    for text in texts:
        task = ada.task(text, description=text)
        assert body_of(ada.get(f"/tasks/{task['id']}")) == task
        assert (task["title"], task["description"]) == (text, text)


@pytest.mark.parametrize("header", ["jku", "x5u", "kid", "iss", "typ", "cty", "jwks_uri", "url"])
def test_a_url_in_a_token_header_is_not_fetched(
    server: Server, login: LoginService, trap: LoginService, header: str
) -> None:
    key = KEYS["EdDSA"]
    before = len(login.requested)
    for address in (trap.url, f"{trap.url}/jwks", f"{login.url}/other", f"{login.url}@{trap.url[7:]}/jwks"):
        for token in (
            sign_with(key, {"alg": "EdDSA", "kid": "unknown", header: address}, addressed(sub="ada")),
            sign_hmac({"alg": "HS256", header: address}, addressed(sub="ada"), key=b"x" * 32),
            sign_with(key, {"alg": "EdDSA", "kid": "unknown"}, addressed(sub="ada", iss=address)),
        ):
            assert server.request("GET", "/api/ada/tasks", token=token).status_code == 401
    # For an unknown key, the server may only request the key set URL of the settings.
    assert {*login.requested[before:]} <= {"/jwks"}


@pytest.mark.parametrize(
    "header",
    [
        "Host",
        "X-Forwarded-Host",
        "X-Forwarded-For",
        "Forwarded",
        "X-Original-URL",
        "Referer",
        "Origin",
        "X-Wap-Profile",
    ],
)
def test_a_url_in_a_header_is_neither_fetched_nor_returned(
    ada: Person, trap: LoginService, header: str
) -> None:
    host = trap.url.removeprefix("http://")
    value = {"Forwarded": f"host={host}", "Host": host, "X-Forwarded-Host": host}.get(header, trap.url)
    data = json.dumps({"title": "Where am I?"}).encode()
    lines = [
        f"POST {ada.path('/tasks')} HTTP/1.1",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
    ]
    lines += [
        f"Authorization: Bearer {ada.token}",
        f"{header}: {value}",
        *([] if header == "Host" else ["Host: test"]),
    ]
    response = ada.server.send("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
    assert response.status_code == 201
    assert response.headers["location"] == ada.path(f"/tasks/{response.json()['id']}")
    assert host not in f"{response.headers}{response.text}"


def test_the_server_is_not_a_proxy(ada: Person, trap: LoginService) -> None:
    for target in (f"{trap.url}/", f"{trap.url}/api/{ada.id}/tasks"):
        response = ada.server.raw("GET", target, checked=False, token=ada.token)
        # An absolute-form target (RFC 9112, section 3.2.2) means a resource of this server, or nothing.
        assert response.status_code in (200, 400, 404)
    response = ada.server.raw("CONNECT", trap.url.removeprefix("http://"), checked=False)
    assert response.status_code >= 400


def test_urls_in_a_key_set_are_not_fetched(trap: LoginService) -> None:
    member = jwk(KEYS["EdDSA"], kid="k", x5u=f"{trap.url}/cert.pem", jku=trap.url)
    assert list(read_key_set(json.dumps({"keys": [member]}).encode())) == ["k"]
