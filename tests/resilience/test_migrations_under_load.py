"""A new version is rolled out or rolled back while the previous version serves on the same database."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from alembic import command
from sqlalchemy import NullPool, create_engine

from impl.postgres.migrations import configuration, migrate, psycopg2_url
from impl.tables import REVISION
from tests.api.conftest import SECRET, Cluster, Person, Server, body_of, expect, new_person, running
from tests.copies import SERVICE, Copy, import_path
from tests.impl.store.test_counters import WRONG
from tests.resilience.conftest import FULL, Report, wait_until
from tests.serving import serving

NOT_MIGRATED = {"detail": "The database is not migrated", "code": "database_unavailable"}

# The migration of the next version: a column, and an index that locks the table briefly.
NEXT_MIGRATION = f"""
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "9999", "{REVISION}", None, None

def upgrade():
    op.add_column("task", sa.Column("colour", sa.Text, server_default="none"), schema="tasks_api")
    op.create_index("task_colour", "task", ["user_id", "colour"], schema="tasks_api")

def downgrade():
    op.drop_index("task_colour", "task", schema="tasks_api")
    op.drop_column("task", "colour", schema="tasks_api")
"""

# The stored data that clients can see; it is the same at every revision.
STORED = """
SELECT 'user', id, email, name, email_verified, image, created_at, updated_at,
NULL::bigint, NULL::bigint FROM tasks_api."user"
UNION ALL SELECT 'category', user_id, name, color, NULL, NULL, created_at, NULL, id, NULL
FROM tasks_api.category
UNION ALL SELECT 'task', user_id, title, description, completed, priority, created_at, updated_at, id,
category_id FROM tasks_api.task
UNION ALL SELECT 'erased', id, NULL, NULL, NULL, NULL, erased_at, NULL, NULL, NULL
FROM tasks_api.erased_user
ORDER BY 1, 2, 3, 9
"""


# The processes that wait for an exclusive lock of a table.
WAITING = "SELECT pid FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"


@pytest.fixture
def cluster(postgres_url: str) -> Cluster:
    return Cluster(postgres_url)


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """A copy of the project with one more migration, as in the next release."""
    copy = Copy(tmp_path / "next", *SERVICE).root
    (copy / "migrations" / "versions" / "9999_next.py").write_text(NEXT_MIGRATION)
    return copy


class Load:
    """Persons who send requests continuously, and remember the acknowledged writes."""

    def __init__(self, server: Server, *, people: int) -> None:
        self.people = [new_person(server.another_client()) for _ in range(people)]
        self.acknowledged: dict[int, tuple[str, bool]] = {}
        self.requests, self.slowest = 0, 0.0
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def work(self, person: Person) -> None:
        def timed(call: Callable[..., Any], *arguments: Any) -> Any:
            start = time.monotonic()
            response = call(*arguments)
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.requests += 1
            return response

        with closing(person.server):
            while not self._stop.is_set():
                task = body_of(timed(person.post, "/tasks", {"title": "Here to stay"}), 201)
                path = f"/tasks/{task['id']}"
                assert timed(person.get, path).json() == task
                assert body_of(timed(person.patch, f"{path}/complete"))["completed"] is True
                self.acknowledged[task["id"]] = (person.id, True)
                page = body_of(timed(person.get, "/tasks"))
                assert page["items"][0]["id"] == task["id"]


@contextmanager
def under_load(server: Server, *, people: int = 4) -> Iterator[Load]:
    """Send requests in threads during the block; raise their failures."""
    load = Load(server, people=people)
    with ThreadPoolExecutor(people) as pool:
        working = [pool.submit(load.work, person) for person in load.people]
        try:
            yield load
        finally:
            load.stop()
    for work in working:
        work.result()


@contextmanager
def long_transaction(url: str) -> Iterator[None]:
    """Keep a transaction open that has read the tasks, so that an exclusive lock has to wait."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tasks_api.task")
        yield


def test_both_versions_serve_during_a_migration(
    cluster: Cluster, next_version: Path, tmp_path: Path, report: Report
) -> None:
    url = cluster.create("two_versions")
    folders = [tmp_path / name for name in ("old_server", "new_server")]
    for folder in folders:
        folder.mkdir()
    newer = {"PYTHONPATH": import_path(next_version)}
    with running(url, folders[0]) as old, running(url, folders[1], settings=newer) as new:
        expect(old.request("GET", "/ready"), 200, {"status": "ready"})
        expect(new.request("GET", "/ready"), 503, NOT_MIGRATED, retry_after="1")
        with under_load(old) as load:
            with long_transaction(url):
                migration = subprocess.Popen(
                    [sys.executable, "-c", f"from impl.postgres.migrations import migrate; migrate({url!r})"],
                    cwd=next_version,
                    env={"PYTHONPATH": import_path(next_version)},
                )
                wait_until(lambda: cluster.execute(WAITING))
                seen = load.requests
                time.sleep(10 if FULL else 3)
                # The migration cannot get its lock, and does not block other statements for long.
                assert migration.poll() is None
                assert load.requests > seen + 20
            assert migration.wait(60) == 0
            # The old version serves until the new one has started.
            expect(new.request("GET", "/ready"), 200, {"status": "ready"})
            expect(old.request("GET", "/ready"), 200, {"status": "ready"})
            with under_load(new) as more:
                time.sleep(4 if FULL else 1)
    kept = dict.fromkeys(load.acknowledged) | dict.fromkeys(more.acknowledged)
    assert {id_ for (id_,) in cluster.execute("SELECT id FROM tasks_api.task", "two_versions")} >= set(kept)
    assert cluster.execute(WRONG, "two_versions") == []
    # Starting the old version again, as in a rollback, changes nothing.
    migrate(url)
    assert cluster.execute("SELECT version_num FROM tasks_api.alembic_version", "two_versions") == [("9999",)]
    report(
        "Two versions during a migration",
        "no error, nothing lost",
        f"0 of {load.requests + more.requests} failed, {len(kept)} tasks kept, slowest {load.slowest:.1f} s",
    )


def test_downgrade_and_upgrade_with_data_lose_nothing(
    cluster: Cluster, tmp_path: Path, report: Report
) -> None:
    url = cluster.create("down_and_up")
    with running(url, tmp_path) as server:
        with under_load(server) as load:
            time.sleep(5 if FULL else 1)
        body_of(new_person(server, load.people[0].id).delete())
        before = cluster.execute(STORED, "down_and_up")
        engine = create_engine(psycopg2_url(url), poolclass=NullPool)
        for revision in ("0003", "0002", "0001"):
            with engine.begin() as connection:
                command.downgrade(configuration(connection), revision)
            assert cluster.execute(STORED, "down_and_up") == before
            expect(server.request("GET", "/ready"), 503, NOT_MIGRATED, retry_after="1")
            migrate(url)
            assert cluster.execute(STORED, "down_and_up") == before
            assert cluster.execute(WRONG, "down_and_up") == []
            expect(server.request("GET", "/ready"), 200, {"status": "ready"})
        # The same process continues to serve.
        page = body_of(new_person(server, load.people[1].id).get("/tasks"))
        assert page["total"] == sum(id_ == load.people[1].id for id_, _ in load.acknowledged.values())
    report("Downgrade and upgrade with data", "nothing lost", f"{len(before)} rows the same after each step")


def test_processes_that_start_concurrently_migrate_once(cluster: Cluster, report: Report) -> None:
    processes = 10 if FULL else 3
    url = cluster.create("starting", migrated=False)
    env = {"DATABASE_URL": url, "BETTER_AUTH_SECRET": SECRET}

    def start(_: int) -> int:
        # The server starts only on a migrated database.
        with serving("--port", "0", env=env) as served:
            return served.process.pid

    with ThreadPoolExecutor(processes) as pool:
        assert len(set(pool.map(start, range(processes)))) == processes
    assert cluster.execute("SELECT version_num FROM tasks_api.alembic_version", "starting") == [(REVISION,)]
    report("Processes starting concurrently", "no error", f"{processes} of {processes} servers started")
