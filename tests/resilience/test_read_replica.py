"""Reads from a streaming replica that is late, paused or stopped: every user reads their own writes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url

from devtools import embedded_postgres
from devtools.embedded_postgres import EmbeddedPostgres, binaries
from impl.postgres.migrations import DatabaseUnusable, migrate
from tests.api.conftest import Person, Server, body_of, existing_person, new_person, running
from tests.resilience.conftest import FULL, Report, wait_until

LAG_SECONDS = 2 if FULL else 1


class Pair:
    """A primary, and its replica with an address that does not change when it restarts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._primary = EmbeddedPostgres(folder / "primary", durable=False)
        self._replica = EmbeddedPostgres(folder / "replica", durable=False)
        self._socket = folder / "s"

    def __enter__(self) -> Pair:
        self._primary.start()
        migrate(self.url)
        cluster = self._folder / "replica" / "postgres"
        command = [
            binaries() / "pg_basebackup",
            "--pgdata",
            cluster,
            "--checkpoint=fast",
            "--write-recovery-conf",
        ]
        subprocess.run([*command, "--dbname", self.url], check=True, capture_output=True)
        with (cluster / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"recovery_min_apply_delay = '{LAG_SECONDS}s'\n")
        self.start_replica()
        return self

    def __exit__(self, *_: object) -> None:
        self._replica.stop()
        self._primary.stop()

    @property
    def url(self) -> str:
        return self._primary.url

    @property
    def read_url(self) -> str:
        return f"postgresql://postgres@/app?host={self._socket}&port=5432"

    def start_replica(self) -> None:
        self._replica.start()
        self._socket.unlink(missing_ok=True)
        self._socket.symlink_to(str(make_url(self._replica.url).query["host"]))

    def stop_replica(self) -> None:
        self._replica.stop()

    def on_primary(self, statement: str) -> list[tuple[object, ...]]:
        return execute(self.url, statement)

    def on_replica(self, statement: str) -> list[tuple[object, ...]]:
        return execute(self.read_url, statement)


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pytest.MonkeyPatch.context() as patch:
        # The embedded PostgreSQL is configured without replicas.
        patch.setitem(embedded_postgres.SETTINGS, "wal_level", "replica")
        patch.setitem(embedded_postgres.SETTINGS, "max_wal_senders", "4")
        with Pair(tmp_path_factory.mktemp("pair")) as pair:
            yield pair


@pytest.fixture(scope="module")
def servers(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two independent server processes."""
    folders = [tmp_path_factory.mktemp("server") for _ in range(2)]
    settings = {"DATABASE_READ_URL": pair.read_url, "TMPDIR": str(folders[0])}
    with (
        running(pair.url, folders[0], settings=settings) as one,
        running(pair.url, folders[1], settings=settings) as other,
    ):
        yield one, other


def test_a_replica_is_rejected_as_the_primary(pair: Pair) -> None:
    with pytest.raises(
        DatabaseUnusable, match=r"^DATABASE_URL leads to a read replica; set it to the primary"
    ):
        migrate(pair.read_url)


class Everywhere:
    """A person who uses both servers alternately, so that each reads what the other has written."""

    def __init__(self, servers: tuple[Server, Server]) -> None:
        one = new_person(servers[0])
        self._next, self._last = one, Person(servers[1], one.id, one.token)

    def turn(self) -> Person:
        self._next, self._last = self._last, self._next
        return self._last

    def task(self, title: str) -> int:
        return int(self.turn().task(title)["id"])

    def title(self, task_id: int) -> str:
        return str(body_of(self.turn().get(f"/tasks/{task_id}"))["title"])

    def own_writes(self, rounds: int) -> int:
        """Write and read; assert that each read has all own writes; return the number of reads."""
        mine = body_of(self.turn().get("/tasks"))["total"]
        for n in range(rounds):
            task = self.turn().task(f"{n}")
            mine += 1
            path = f"/tasks/{task['id']}"
            for _ in range(3):
                assert body_of(self.turn().get(path)) == task
                page = body_of(self.turn().get("/tasks", limit=1))
                assert (page["total"], page["items"]) == (mine, [task])
            done = body_of(self.turn().patch(f"{path}/complete"))
            assert body_of(self.turn().get(path)) == done
            category = self.turn().category(f"{n}")
            path = f"/categories/{category['id']}"
            assert body_of(self.turn().get(path)) == category
            body_of(self.turn().delete(path))
            assert self.turn().get(path).status_code == 404
        return 9 * rounds


def rename_behind_its_back(pair: Pair, task_id: int, title: str) -> None:
    """Change a title without the service, so that a read shows which database it used."""
    pair.on_primary(f"UPDATE tasks_api.task SET title = '{title}' WHERE id = {task_id}")  # noqa: S608


def is_read_from_the_replica(pair: Pair, person: Everywhere, task_id: int) -> bool:
    """Return whether six reads return an older title than the one just written on the primary."""
    for _ in range(10):
        began = time.monotonic()
        rename_behind_its_back(pair, task_id, f"{began}")
        found = {person.title(task_id) for _ in range(6)}
        # On a busy machine, the reads may last until the replica has the new title too.
        if f"{began}" not in found or time.monotonic() < began + LAG_SECONDS:
            break
    return f"{began}" not in found


def test_only_recent_writers_read_from_the_primary(pair: Pair, servers: tuple[Server, Server]) -> None:
    ada, bob = Everywhere(servers), Everywhere(servers)
    hers, his = ada.task("Hers"), bob.task("His")
    wait_until(lambda: is_read_from_the_replica(pair, ada, hers))
    bob.task("Another")
    rename_behind_its_back(pair, his, "Of the primary")
    assert {bob.title(his) for _ in range(6)} == {"Of the primary"}
    # Bob's writes do not send Ada's reads to the primary.
    assert is_read_from_the_replica(pair, ada, hers)


def test_every_process_returns_a_users_own_writes(servers: tuple[Server, Server], report: Report) -> None:
    people = [Everywhere(servers) for _ in range(8 if FULL else 4)]
    for person in people:
        # The first read of a user whom the replica does not have yet.
        assert person.turn().get().status_code == 200
    with ThreadPoolExecutor(len(people)) as pool:
        rounds = 100 if FULL else 4
        reads = sum(pool.map(lambda person: person.own_writes(rounds), people))
    report(
        f"Own writes, replica {LAG_SECONDS} s late, two processes alternately",
        "always read",
        f"in {reads} of {reads} reads, by {len(people)} concurrent users",
    )


def test_later_writers_do_not_read_a_paused_replica(
    pair: Pair, servers: tuple[Server, Server], report: Report
) -> None:
    ada, bob = Everywhere(servers), Everywhere(servers)
    hers, his = ada.task("Hers"), bob.task("His")
    wait_until(lambda: is_read_from_the_replica(pair, ada, hers))
    pair.on_replica("SELECT pg_wal_replay_pause()")
    try:
        body_of(bob.turn().patch(f"/tasks/{his}", {"title": "Changed"}))
        seconds = 15 if FULL else 3
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert bob.title(his) == "Changed"
        assert is_read_from_the_replica(pair, ada, hers)
    finally:
        pair.on_replica("SELECT pg_wal_replay_resume()")
    # Reads return to the replica when it has caught up.
    wait_until(lambda: is_read_from_the_replica(pair, bob, his))
    report("Paused replica", "users read their own writes", f"for {seconds} s")


def test_a_stopped_replica_causes_no_client_error(
    pair: Pair, servers: tuple[Server, Server], report: Report
) -> None:
    ada = Everywhere(servers)
    task = ada.task("Here")
    wait_until(lambda: is_read_from_the_replica(pair, ada, task))
    stop = time.monotonic() + (20 if FULL else 3)

    def write(person: Everywhere) -> int:
        reads = 0
        while time.monotonic() < stop:
            reads += person.own_writes(1)
        return reads

    def read() -> int:
        reads = 0
        while time.monotonic() < stop:
            ada.title(task)
            reads += 1
        return reads

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(read), *(pool.submit(write, Everywhere(servers)) for _ in range(2))]
        time.sleep(0.5)
        pair.stop_replica()
        time.sleep(1)
        pair.start_replica()
        reads = sum(work.result() for work in working)
    wait_until(lambda: is_read_from_the_replica(pair, ada, task))
    report("Stopped and restarted replica", "0 client errors", f"0 of {reads} reads failed")


def test_a_server_starts_without_its_replica(pair: Pair, tmp_path: Path) -> None:
    settings = {"DATABASE_READ_URL": "postgresql://nobody@127.0.0.1:1/app", "TMPDIR": str(tmp_path)}
    with running(pair.url, tmp_path, settings=settings) as server:
        ada = existing_person(server)
        task = ada.task("Written")
        assert body_of(ada.get(f"/tasks/{task['id']}")) == task
        assert body_of(server.request("GET", "/ready")) == {"status": "ready"}
        # The log has one warning.
        wait_until(lambda: server.log.read_text().count("The read replica is not in use") == 1)


def test_a_promoted_replica_is_not_used(pair: Pair, servers: tuple[Server, Server]) -> None:
    ada, bob = Everywhere(servers), Everywhere(servers)
    hers, his = ada.task("Hers"), bob.task("His")
    wait_until(lambda: is_read_from_the_replica(pair, ada, hers))
    pair.on_replica("SELECT pg_promote(wait => false)")
    body_of(bob.turn().patch(f"/tasks/{his}", {"title": "Changed"}))
    assert {bob.title(his) for _ in range(6)} == {"Changed"}
    wait_until(lambda: not is_read_from_the_replica(pair, ada, hers))
    assert {bob.title(his) for _ in range(6)} == {"Changed"}
