"""Reads from a streaming replica that is late, stands still or is gone: all read their own writes."""

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
    """A primary, and its replica at an address that stays when it is started anew."""

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
        # The embedded server is made for a single one.
        patch.setitem(embedded_postgres.SETTINGS, "wal_level", "replica")
        patch.setitem(embedded_postgres.SETTINGS, "max_wal_senders", "4")
        with Pair(tmp_path_factory.mktemp("pair")) as pair:
            yield pair


@pytest.fixture(scope="module")
def servers(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two processes that know nothing of each other's requests."""
    folders = [tmp_path_factory.mktemp("server") for _ in range(2)]
    settings = {"DATABASE_READ_URL": pair.read_url, "TMPDIR": str(folders[0])}
    with (
        running(pair.url, folders[0], settings=settings) as one,
        running(pair.url, folders[1], settings=settings) as other,
    ):
        yield one, other


def test_a_replica_is_refused_in_the_primary_s_place(pair: Pair) -> None:
    with pytest.raises(
        DatabaseUnusable, match=r"^DATABASE_URL leads to a read replica; set it to the primary"
    ):
        migrate(pair.read_url)


class Everywhere:
    """Somebody who uses both servers in turn, so that what one has written is read from the other."""

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
        """How many reads there were, each of which had all that this person had written."""
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
    """A write that the service knows nothing of, so that it shows where a read was answered."""
    pair.on_primary(f"UPDATE tasks_api.task SET title = '{title}' WHERE id = {task_id}")  # noqa: S608


def is_read_from_the_replica(pair: Pair, person: Everywhere, task_id: int) -> bool:
    """Whether six reads miss the name that this task was given on the primary just now."""
    for _ in range(10):
        began = time.monotonic()
        rename_behind_its_back(pair, task_id, f"{began}")
        found = {person.title(task_id) for _ in range(6)}
        # On a busy machine they may last until the new name has come to the replica, too.
        if f"{began}" not in found or time.monotonic() < began + LAG_SECONDS:
            break
    return f"{began}" not in found


def test_who_has_not_written_lately_reads_the_replica_and_who_has_the_primary(
    pair: Pair, servers: tuple[Server, Server]
) -> None:
    ada, bob = Everywhere(servers), Everywhere(servers)
    hers, his = ada.task("Hers"), bob.task("His")
    wait_until(lambda: is_read_from_the_replica(pair, ada, hers))
    bob.task("Another")
    rename_behind_its_back(pair, his, "Of the primary")
    assert {bob.title(his) for _ in range(6)} == {"Of the primary"}
    # What bob writes is no reason to trouble the primary with what ada reads.
    assert is_read_from_the_replica(pair, ada, hers)


def test_everybody_reads_their_own_writes_whichever_process_answers(
    servers: tuple[Server, Server], report: Report
) -> None:
    people = [Everywhere(servers) for _ in range(8 if FULL else 4)]
    for person in people:
        # The first read of a user that the replica has not heard of.
        assert person.turn().get().status_code == 200
    with ThreadPoolExecutor(len(people)) as pool:
        rounds = 100 if FULL else 4
        reads = sum(pool.map(lambda person: person.own_writes(rounds), people))
    report(
        f"Own writes, replica {LAG_SECONDS} s late, two processes in turn",
        "always read",
        f"in {reads} of {reads} reads, by {len(people)} people at once",
    )


def test_a_replica_that_stands_still_is_not_read_by_who_has_written_since(
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
    # And back to it, once it has come so far.
    wait_until(lambda: is_read_from_the_replica(pair, bob, his))
    report("A replica that stands still", "own writes read all the same", f"for {seconds} s")


def test_a_replica_that_is_gone_is_no_clients_concern(
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
    report("The replica is stopped and started", "0 client errors", f"0 of {reads} reads failed")


def test_a_server_starts_without_its_replica(pair: Pair, tmp_path: Path) -> None:
    settings = {"DATABASE_READ_URL": "postgresql://nobody@127.0.0.1:1/app", "TMPDIR": str(tmp_path)}
    with running(pair.url, tmp_path, settings=settings) as server:
        ada = existing_person(server)
        task = ada.task("Written")
        assert body_of(ada.get(f"/tasks/{task['id']}")) == task
        assert body_of(server.request("GET", "/ready")) == {"status": "ready"}
        # Whoever runs it is told, once.
        wait_until(lambda: server.log.read_text().count("The read replica is not in use") == 1)


def test_a_replica_that_was_promoted_is_none_any_more(pair: Pair, servers: tuple[Server, Server]) -> None:
    ada, bob = Everywhere(servers), Everywhere(servers)
    hers, his = ada.task("Hers"), bob.task("His")
    wait_until(lambda: is_read_from_the_replica(pair, ada, hers))
    pair.on_replica("SELECT pg_promote(wait => false)")
    body_of(bob.turn().patch(f"/tasks/{his}", {"title": "Changed"}))
    assert {bob.title(his) for _ in range(6)} == {"Changed"}
    wait_until(lambda: not is_read_from_the_replica(pair, ada, hers))
    assert {bob.title(his) for _ in range(6)} == {"Changed"}
