"""Rate limits: requests over the limit get 429, and other users are not affected."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import Cluster, Server, existing_person, expect, new_person, running

# Small limits, so that no request becomes available again during a test, even on a slow machine.
PER_USER, PER_ADDRESS = 2, 2
LIMITS = {"RATE_LIMIT_PER_USER": str(PER_USER), "RATE_LIMIT_PER_ADDRESS": str(PER_ADDRESS)}


@pytest.fixture(scope="module")
def limited(server: Server, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(cluster.url("api"), tmp_path_factory.mktemp("limited"), settings=LIMITS) as limited:
        yield limited


def from_address(address: str) -> dict[str, str]:
    """Return the X-Forwarded-For header that a trusted proxy on this machine would send."""
    return {"X-Forwarded-For": address}


def expect_limited(response: httpx.Response) -> None:
    wait = response.headers["retry-after"]
    expect(response, 429, {"detail": "Too many requests", "code": "too_many_requests"}, retry_after=wait)
    assert 1 <= int(wait) <= 60 // PER_USER


def test_the_rate_limit_is_per_user_over_all_operations(limited: Server) -> None:
    ada, bob = new_person(limited), existing_person(limited)
    assert [ada.post("/tasks", {}).status_code, ada.get("/tasks/1").status_code] == [422, 404]
    for limited_response in (ada.get(), ada.post("/tasks", {"title": "Write"}), ada.delete()):
        expect_limited(limited_response)
    assert bob.get().status_code == 200


def test_a_forbidden_request_counts_for_the_caller(limited: Server) -> None:
    ada, eve = new_person(limited), new_person(limited)
    statuses = [eve.get(f"/api/{ada.id}/tasks").status_code for _ in range(PER_USER + 2)]
    assert statuses == [403] * PER_USER + [429] * 2
    assert ada.get().status_code == 200


@pytest.mark.parametrize(
    ("token", "address"), [(None, "192.0.2.1"), ("bad", "192.0.2.2"), ("false", "192.0.2.3")]
)
def test_an_address_without_a_valid_token_is_limited(
    limited: Server, token: str | None, address: str
) -> None:
    def ask(address: str, token: str | None = token) -> int:
        path = "/api/somebody/tasks"
        return limited.request("GET", path, token=token, headers=from_address(address)).status_code

    assert [ask(address) for _ in range(PER_ADDRESS + 2)] == [401] * PER_ADDRESS + [429] * 2
    expect_limited(limited.request("DELETE", "/api/somebody", headers=from_address(address)))
    # Another address is not limited, and neither is a user with a valid token at this address.
    assert ask(address.replace("192.0", "198.51")) == 401
    ada = new_person(limited)
    assert limited.request("GET", ada.path(), token=ada.token, headers=from_address(address)).is_success


def test_an_untrusted_x_forwarded_for_is_ignored(
    server: Server, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("direct")
    settings = LIMITS | {"FORWARDED_ALLOW_IPS": "192.0.2.77"}
    with running(cluster.url("api"), folder, settings=settings) as direct:
        statuses = [
            direct.request("GET", "/api/a", headers=from_address(f"198.51.100.{number}")).status_code
            for number in range(PER_ADDRESS + 2)
        ]
        assert statuses == [401] * PER_ADDRESS + [429] * 2
        assert "add it to FORWARDED_ALLOW_IPS" in direct.log.read_text(encoding="utf-8")


def test_health_checks_are_never_limited(limited: Server) -> None:
    for path in ("/", "/health", "/ready"):
        statuses = {
            limited.request("GET", path, headers=from_address("192.0.2.9")).status_code for _ in range(20)
        }
        assert statuses == {200}


def test_outside_production_there_is_no_limit(server: Server) -> None:
    ada = new_person(server)
    assert {ada.get().status_code for _ in range(1300)} == {200}


INVALID_ADDRESSES = (
    *(
        "a:b",
        "a:",
        ":",
        "::",
        "[",
        "]",
        "[]",
        "[::1",
        "[::1]:",
        "[::1]:x",
        "[a]:1",
        "unknown",
        "_hidden",
        ",",
        ",,",
    ),
    *(
        "a, ,b",
        "1.2.3.4:x",
        "1.2.3.4:99999999999",
        "1.2.3.4.5",
        "1.2.3",
        "01.2.3.4",
        "::1%",
        "::1%a:b",
        "%",
        ":::",
    ),
    *(
        "::ffff:1.2.3",
        "for=192.0.2.1",
        "localhost",
        "127.0.0.1, a:b",
        "\xe9:\xb2",
        "1.2.3.\xb2",
        "é".encode().decode("latin-1"),
    ),
    *("9" * 5000 + ":" + "9" * 5000, "," * 20_000, "a:b," * 5_000),
)


@pytest.mark.parametrize("value", INVALID_ADDRESSES, ids=lambda value: ascii(value)[:30])
def test_an_invalid_x_forwarded_for_is_no_server_error(limited: Server, value: str) -> None:
    headers = {"X-Forwarded-For": value.encode("latin-1")}
    for _ in range(2):
        response = limited.request("GET", "/api/somebody/tasks", token=None, headers=headers)
        assert response.status_code in (401, 429)
