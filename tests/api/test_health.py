"""What the service says of itself, to anybody, and in what state of its database."""

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
    newcomer,
    running,
    running_without_database,
)

HEALTHY = {"status": "healthy", "message": "API is running"}
UNAVAILABLE = {"detail": "The database is not available"}
NOT_MIGRATED = {"detail": "The database is not migrated"}


def test_the_root_names_the_service_and_where_to_go(server: Server) -> None:
    answer = server.request("GET", "/")
    version = CONTRACT["info"]["version"]
    expect(answer, 200, {"name": "Tasks API", "version": version, "docs": "/docs", "health": "/health"})


def test_where_the_root_leads_there_is_something(server: Server) -> None:
    root = server.request("GET", "/").json()
    assert server.request("GET", root["docs"]).headers["content-type"] == "text/html; charset=utf-8"
    expect(server.request("GET", root["health"]), 200, HEALTHY)


def test_outside_development_the_root_is_the_contract_s_for_a_browser_too(server: Server) -> None:
    answer = server.request("GET", "/", headers={"Accept": "text/html,*/*;q=0.8"})
    version = CONTRACT["info"]["version"]
    expect(answer, 200, {"name": "Tasks API", "version": version, "docs": "/docs", "health": "/health"})
    assert "accept" not in answer.headers.get("vary", "").lower()


def test_in_development_the_root_varies_by_both_who_asks_and_from_where(tmp_path: Path) -> None:
    with running_without_database(tmp_path, settings={"ENVIRONMENT": "development"}) as development:
        for headers in ({}, {"Origin": FRONTEND}, {"Origin": "https://another.example"}):
            answer = development.request("GET", "/", headers=headers)
            assert answer.status_code == 200
            assert sorted(answer.headers["vary"].split(", ")) == ["Accept", "Origin"]


def test_the_process_is_healthy(server: Server) -> None:
    expect(server.request("GET", "/health"), 200, HEALTHY)


def test_the_process_is_healthy_even_without_a_database(unreachable: Server) -> None:
    expect(unreachable.request("GET", "/health"), 200, HEALTHY)


def test_the_service_is_ready_when_its_database_is_migrated(server: Server) -> None:
    expect(server.request("GET", "/ready"), 200, {"status": "ready"})


def test_the_service_is_not_ready_when_its_database_refuses_connections(unreachable: Server) -> None:
    expect(unreachable.request("GET", "/ready"), 503, UNAVAILABLE, retry_after="1")


PUBLIC = [operation for operation in OPERATIONS if not operation.secured]


@each(PUBLIC)
def test_anybody_may_ask_whatever_credential_they_show(server: Server, operation: Operation) -> None:
    expected = server.request(operation.method, operation.path)
    for credential in ("Bearer garbage", "Basic dTpw", "", "Bearer"):
        answer = server.request(operation.method, operation.path, headers={"Authorization": credential})
        expect(answer, 200, expected.json())


@each(PUBLIC)
def test_head_has_the_headers_of_get_and_no_body(server: Server, operation: Operation) -> None:
    answer, get = (server.request(method, operation.path) for method in ("HEAD", "GET"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert headers_of(answer) == headers_of(get)
    assert answer.headers["content-length"] == get.headers["content-length"]


@pytest.fixture
def interrupted(cluster: Cluster, tmp_path: Path) -> Iterator[Server]:
    """A server whose database does not exist yet."""
    with running(cluster.url("interrupted"), tmp_path) as server:
        yield server


def test_readiness_and_data_come_and_go_with_the_database_and_no_restart_is_needed(
    interrupted: Server, cluster: Cluster
) -> None:
    ada = newcomer(interrupted)

    for answer in (interrupted.request("GET", "/ready"), ada.get()):
        expect(answer, 503, UNAVAILABLE, retry_after="1")

    cluster.create("interrupted", migrated=False)
    # PgBouncer tells one more that there is none. Readiness is not asked twice, a statement is repeated.
    for answer in (ada.get(), interrupted.request("GET", "/ready")):
        expect(answer, 503, NOT_MIGRATED, retry_after="1")

    migrate(cluster.url("interrupted"))
    expect(interrupted.request("GET", "/ready"), 200, {"status": "ready"})
    assert ada.task()["user_id"] == ada.id

    cluster.execute("UPDATE tasks_api.alembic_version SET version_num = '0000'", "interrupted")
    expect(interrupted.request("GET", "/ready"), 503, NOT_MIGRATED, retry_after="1")
    cluster.execute("DELETE FROM tasks_api.alembic_version", "interrupted")
    expect(interrupted.request("GET", "/ready"), 503, NOT_MIGRATED, retry_after="1")

    cluster.execute("DROP DATABASE interrupted WITH (FORCE)")
    for answer in (interrupted.request("GET", "/ready"), ada.get()):
        expect(answer, 503, UNAVAILABLE, retry_after="1")

    cluster.create("interrupted")
    assert newcomer(interrupted).task()
    expect(interrupted.request("GET", "/ready"), 200, {"status": "ready"})


def test_the_service_is_healthy_and_ready_while_many_write_at_once(server: Server, ada: Person) -> None:
    with ThreadPoolExecutor(32) as pool:
        written = [pool.submit(ada.post, "/tasks", {"title": f"Task {number}"}) for number in range(64)]
        asked = [pool.submit(server.request, "GET", path) for path in ("/health", "/ready") * 8]
        assert {answer.result().status_code for answer in written} == {201}
        assert {answer.result().status_code for answer in asked} == {200}
    assert ada.get("/tasks", limit=1).json()["total"] == 64
