"""Request ids, the headers of every response, and the log."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import (
    BODY_LIMIT,
    CONTRACT,
    NOT_FOUND,
    Cluster,
    Person,
    Server,
    existing_person,
    expect,
    new_person,
    running,
)

PRODUCTION = {"ENVIRONMENT": "production", "VALIDATE_RESPONSES": "false"}
EVERYWHERE = ["/", "/health", "/api/somebody/tasks", "/nowhere", "/docs", "/openapi.yaml"]
SECRETS = re.compile(r"Bearer|eyJ|hunter2|SELECT|postgres(ql)?://")


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
def test_every_response_has_a_new_request_id(server: Server, method: str, path: str) -> None:
    ids = [server.request(method, path).headers["x-request-id"] for _ in range(3)]
    assert len({*ids}) == 3
    assert all(re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", given) for given in ids)


@pytest.mark.parametrize("path", EVERYWHERE)
def test_the_request_id_of_the_client_is_used(server: Server, path: str) -> None:
    for given in ("7d1f0a3c-9a55-4e0e-8f2b-0123456789ab", "a", "A._-9" * 12):
        response = server.request("GET", path, headers={"X-Request-ID": given})
        assert response.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", "ä", '"', "a\tb", "a;b", "{}"])
def test_an_invalid_request_id_is_replaced(server: Server, given: str) -> None:
    response = server.raw("GET", "/health", None, ("X-Request-ID", given))
    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", response.headers["x-request-id"])


def test_api_responses_must_not_be_cached_or_sniffed(ada: Person) -> None:
    responses = [ada.get(), ada.get("/tasks"), ada.post("/tasks", {}), ada.get("/tasks/1")]
    responses += [ada.server.request("GET", path) for path in ("/", "/nowhere", f"/api/{ada.id}")]
    for response in responses:
        assert response.headers.get_list("cache-control") == ["no-store"]
        assert response.headers.get_list("x-content-type-options") == ["nosniff"]
        assert "strict-transport-security" not in response.headers


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/openapi.yaml"])
def test_the_documentation_has_its_own_cache_control(server: Server, path: str) -> None:
    response = server.request("GET", path)
    assert response.headers.get_list("cache-control") == ["no-cache"]
    assert response.headers.get_list("x-content-type-options") == ["nosniff"]
    if path in ("/docs", "/redoc"):
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert response.headers["referrer-policy"] == "no-referrer"


# --- In production ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def production(
    server: Server, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server in production mode on the database of the shared server."""
    folder = tmp_path_factory.mktemp("production")
    with running(cluster.url("api"), folder, settings=PRODUCTION) as production:
        yield production


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.read_text(encoding="utf-8").splitlines()]


def line_of(server: Server, response: httpx.Response) -> dict[str, Any]:
    """Return the access log line of the request with this response."""
    return eventually(server, request_id=response.headers["x-request-id"], event="request")


def eventually(server: Server, **expected: object) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for line in lines(server):
            if line.items() >= expected.items():
                return line
        time.sleep(0.01)
    raise AssertionError(f"no line has {expected}")


def test_production_sends_hsts_over_https(production: Server) -> None:
    for scheme, expected in (("https", ["max-age=63072000"]), ("http", []), (None, [])):
        headers = {"X-Forwarded-Proto": scheme} if scheme else {}
        for path in EVERYWHERE:
            response = production.request("GET", path, headers=headers)
            assert response.headers.get_list("strict-transport-security") == expected


def test_outside_production_there_is_no_hsts(server: Server) -> None:
    response = server.request("GET", "/health", headers={"X-Forwarded-Proto": "https"})
    assert "strict-transport-security" not in response.headers


def test_the_access_log_has_a_line_per_request_without_data(
    production: Server,
) -> None:
    ada, bob = existing_person(production), new_person(production)
    requests = [
        (ada.post("/tasks", {"title": "hunter2"}), "POST", "/api/{user_id}/tasks", ada.id),
        (ada.get("/tasks", priority="high"), "GET", "/api/{user_id}/tasks", ada.id),
        (ada.get("/tasks", priority="hunter2"), "GET", "/api/{user_id}/tasks", ada.id),
        (ada.get("/tasks/4711"), "GET", "/api/{user_id}/tasks/{task_id}", ada.id),
        (bob.get("/tasks"), "GET", "/api/{user_id}/tasks", bob.id),
        (production.request("GET", "/api/ada/tasks", token="hunter2"), "GET", "/api/{user_id}/tasks", None),
        (production.request("GET", "/hunter2"), "GET", None, None),
        (production.request("OPTIONS", "/health"), "OPTIONS", None, None),
        (production.request("GET", "/openapi.json"), "GET", None, None),
    ]
    for response, method, route, user_id in requests:
        line = line_of(production, response)
        assert line.pop("timestamp").endswith("+00:00")
        assert 0 < line.pop("duration_ms") < 20_000
        assert line == {
            "event": "request",
            "level": "info",
            "method": method,
            "route": route,
            "status": response.status_code,
            "request_id": response.headers["x-request-id"],
            "user_id": user_id,
        }
    assert not SECRETS.search(production.log.read_text(encoding="utf-8"))


def test_uvicorn_logs_in_the_same_format(production: Server) -> None:
    line = eventually(production, logger="uvicorn.error", event="Application startup complete.")
    assert (line["level"], line["timestamp"][-6:]) == ("info", "+00:00")


def test_a_client_disconnect_is_logged(production: Server) -> None:
    ada = existing_person(production)
    head = f"POST /api/{ada.id}/tasks HTTP/1.1\r\nHost: x\r\nX-Request-ID: gone-away\r\n"
    head += f"Authorization: Bearer {ada.token}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", production.port), timeout=20) as connection:
        connection.sendall(head.encode() + f"Content-Length: {BODY_LIMIT}\r\n\r\n{{".encode())
    assert eventually(production, request_id="gone-away")["status"] == 499


def test_a_failure_is_logged_with_its_request_id(damaged: Server, cluster: Cluster, tmp_path: Path) -> None:
    with running(cluster.url("damaged"), tmp_path, settings=PRODUCTION, undamaged=False) as server:
        response = new_person(server).get()
        assert response.status_code == 500
        line = eventually(server, logger="specfirst", request_id=response.headers["x-request-id"])
    assert line["level"] == "error"
    assert line["event"].startswith("getUser failed with ")
    assert not SECRETS.search(line["event"])


def test_the_access_log_can_be_switched_off(server: Server, cluster: Cluster, tmp_path: Path) -> None:
    with running(cluster.url("api"), tmp_path, settings=PRODUCTION | {"ACCESS_LOG": "false"}) as server:
        assert "x-request-id" in server.request("GET", "/health").headers
        eventually(server, event="Application startup complete.")
    assert [line for line in lines(server) if line["event"] == "request"] == []


def test_in_development_the_log_is_readable_text(server: Server) -> None:
    response = server.request("GET", "/health")
    deadline = time.monotonic() + 10
    while response.headers["x-request-id"] not in (text := server.log.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (line,) = [line for line in text.splitlines() if response.headers["x-request-id"] in line]
    assert re.match(r"\d\d:\d\d:\d\d \[info *\] request +method=GET route=/health status=200 ", line)


def test_the_contract_declares_the_common_headers() -> None:
    assert [*CONTRACT["x-response-headers"]] == [
        "X-Request-ID",
        "X-Content-Type-Options",
        "Cache-Control",
        "Strict-Transport-Security",
    ]


def test_production_serves_the_contract_without_pages(production: Server) -> None:
    for path in ("/docs", "/redoc"):
        expect(production.request("GET", path), 404, NOT_FOUND)
    root = production.request("GET", "/").json()
    assert production.request("GET", root["docs"]).json() == CONTRACT


def test_documentation_pages_can_be_enabled_in_production(
    server: Server, cluster: Cluster, tmp_path: Path
) -> None:
    with running(cluster.url("api"), tmp_path, settings=PRODUCTION | {"DOCS": "true"}) as documented:
        assert documented.request("GET", "/").json()["docs"] == "/docs"
        assert documented.request("GET", "/docs").headers["content-type"] == "text/html; charset=utf-8"
