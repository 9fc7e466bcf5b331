"""The servers that scripts/bench compares return equal responses; tested with a few tasks."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url

from benchmarks import agreement, dataset, operations
from benchmarks.servers import NAMES, Server, ServerError, environment, serving
from impl.postgres.migrations import migrate

# `scripts/bench` makes the same comparison before it measures.
pytestmark = pytest.mark.long

SECRET = secrets.token_urlsafe(32)


def execute(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture(scope="module")
def url(postgres_url: str) -> str:
    """A database with 200 tasks of each user in the benchmark."""
    execute(postgres_url, "CREATE DATABASE bench")
    url = make_url(postgres_url).set(database="bench").render_as_string(hide_password=False)
    migrate(url)
    groups = operations.READERS, operations.CHANGERS, dataset.WRITERS
    users = [*dataset.SIZES, *(group[0] for group in groups)]
    dataset.load(url, [(user, dataset.SMALLEST) for user in users], print)
    return url


@pytest.fixture(scope="module")
def requests(url: str) -> dict[str, list[operations.Request]]:
    return operations.prepare(url, SECRET, users=1, depths=range(50, 60))


@pytest.fixture
def servers(url: str, tmp_path: Path) -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        known = environment(url, SECRET, 4)
        yield {name: stack.enter_context(serving(name, known, tmp_path / f"{name}.log")) for name in NAMES}


def test_all_servers_return_equal_responses_and_errors(
    servers: dict[str, Server], requests: dict[str, list[operations.Request]]
) -> None:
    agreement.check(list(servers.values()), requests)
    for server in servers.values():
        assert server.ask(requests["create"][0])[0] == 201
        rejected = agreement.rejected(requests["get"][0], requests["create"][0])
        assert [server.ask(request)[0] for request in rejected.values()] == [401, 401, 403, 404, 422]


def test_a_server_with_different_responses_is_not_compared(
    requests: dict[str, list[operations.Request]], postgres_url: str, url: str, tmp_path: Path
) -> None:
    other = make_url(url).set(database="bench_other").render_as_string(hide_password=False)
    execute(postgres_url, "CREATE DATABASE bench_other TEMPLATE bench")
    execute(other, "UPDATE tasks_api.task SET title = 'Another'")
    with (
        serving("ours", environment(url, SECRET, 4), tmp_path / "ours.log") as ours,
        serving("limit", environment(other, SECRET, 4), tmp_path / "limit.log") as limit,
        pytest.raises(ServerError, match="ours and limit answer get differently"),
    ):
        agreement.check([ours, limit], {"get": requests["get"], "create": requests["create"]})
