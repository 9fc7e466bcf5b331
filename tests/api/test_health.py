"""The root, /health and /ready, with and without a database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from impl.postgres.migrations import migrate

from .conftest import (
    CONTRACT,
    FRONTEND,
    OPERATIONS,
    Cluster,
    Operation,
    Person,
    Server,
    each,
    expect,
    headers_of,
    new_person,
    running,
    running_without_database,
)

HEALTHY = {"status": "healthy", "message": "API is running"}
UNAVAILABLE = {"detail": "The database is not available", "code": "database_unavailable"}
NOT_MIGRATED = {"detail": "The database is not migrated", "code": "database_unavailable"}


def test_the_root_names_the_service_and_its_links(server: Server) -> None:
    response = server.request("GET", "/")
    version = CONTRACT["info"]["version"]
    expect(response, 200, {"name": "Tasks API", "version": version, "docs": "/docs", "health": "/health"})


def test_the_links_of_the_root_work(server: Server) -> None:
    root = server.request("GET", "/").json()
    assert server.request("GET", root["docs"]).headers["content-type"] == "text/html; charset=utf-8"
    expect(server.request("GET", root["health"]), 200, HEALTHY)


def test_outside_development_browsers_get_the_root_as_json(server: Server) -> None:
    response = server.request("GET", "/", headers={"Accept": "text/html,*/*;q=0.8"})
    version = CONTRACT["info"]["version"]
    expect(response, 200, {"name": "Tasks API", "version": version, "docs": "/docs", "health": "/health"})
    assert "accept" not in response.headers.get("vary", "").lower()


def test_in_development_the_root_varies_by_accept_and_origin(tmp_path: Path) -> None:
    with running_without_database(tmp_path, settings={"ENVIRONMENT": "development"}) as development:
        for headers in ({}, {"Origin": FRONTEND}, {"Origin": "https://another.example"}):
            response = development.request("GET", "/", headers=headers)
            assert response.status_code == 200
            assert sorted(response.headers["vary"].split(", ")) == ["Accept", "Origin"]


def test_health_answers_200(server: Server) -> None:
    expect(server.request("GET", "/health"), 200, HEALTHY)


def test_health_answers_200_without_a_database(unreachable: Server) -> None:
    expect(unreachable.request("GET", "/health"), 200, HEALTHY)


def test_ready_answers_200_if_the_database_is_migrated(server: Server) -> None:
    expect(server.request("GET", "/ready"), 200, {"status": "ready"})


def test_ready_answers_503_without_a_database(unreachable: Server) -> None:
    expect(unreachable.request("GET", "/ready"), 503, UNAVAILABLE, retry_after="1")


PUBLIC = [operation for operation in OPERATIONS if not operation.secured]


@each(PUBLIC)
def test_public_operations_ignore_credentials(server: Server, operation: Operation) -> None:
    expected = server.request(operation.method, operation.path)
    for credential in ("Bearer garbage", "Basic dTpw", "", "Bearer"):
        response = server.request(operation.method, operation.path, headers={"Authorization": credential})
        expect(response, 200, expected.json())


@each(PUBLIC)
def test_head_has_the_headers_of_get_and_no_body(server: Server, operation: Operation) -> None:
    response, get = (server.request(method, operation.path) for method in ("HEAD", "GET"))
    assert (response.status_code, response.content) == (200, b"")
    assert headers_of(response) == headers_of(get)
    assert response.headers["content-length"] == get.headers["content-length"]


@pytest.fixture
def interrupted(cluster: Cluster, tmp_path: Path) -> Iterator[Server]:
    """A server whose database does not exist yet."""
    with running(cluster.url("interrupted"), tmp_path) as server:
        yield server


def test_readiness_follows_the_database_without_a_restart(interrupted: Server, cluster: Cluster) -> None:
    ada = new_person(interrupted)

    for response in (interrupted.request("GET", "/ready"), ada.get()):
        expect(response, 503, UNAVAILABLE, retry_after="1")

    cluster.create("interrupted", migrated=False)
    # PgBouncer reports the missing database once more. The readiness check is not retried; a statement is.
    for response in (ada.get(), interrupted.request("GET", "/ready")):
        expect(response, 503, NOT_MIGRATED, retry_after="1")

    migrate(cluster.url("interrupted"))
    expect(interrupted.request("GET", "/ready"), 200, {"status": "ready"})
    assert ada.task()["user_id"] == ada.id

    cluster.execute("UPDATE tasks_api.alembic_version SET version_num = '0000'", "interrupted")
    expect(interrupted.request("GET", "/ready"), 503, NOT_MIGRATED, retry_after="1")
    cluster.execute("DELETE FROM tasks_api.alembic_version", "interrupted")
    expect(interrupted.request("GET", "/ready"), 503, NOT_MIGRATED, retry_after="1")

    cluster.execute("DROP DATABASE interrupted WITH (FORCE)")
    for response in (interrupted.request("GET", "/ready"), ada.get()):
        expect(response, 503, UNAVAILABLE, retry_after="1")

    cluster.create("interrupted")
    assert new_person(interrupted).task()
    expect(interrupted.request("GET", "/ready"), 200, {"status": "ready"})


def test_the_service_is_ready_during_concurrent_writes(server: Server, ada: Person) -> None:
    with ThreadPoolExecutor(32) as pool:
        written = [pool.submit(ada.post, "/tasks", {"title": f"Task {number}"}) for number in range(64)]
        responses = [pool.submit(server.request, "GET", path) for path in ("/health", "/ready") * 8]
        assert {response.result().status_code for response in written} == {201}
        assert {response.result().status_code for response in responses} == {200}
    assert ada.get("/tasks", limit=1).json()["total"] == 64
