"""The compared servers: how each is started, and how much CPU and memory it uses."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import urlsplit

from benchmarks.operations import Request
from benchmarks.without import MECHANISMS
from scripts.client import NODE, install

ROOT = Path(__file__).resolve().parent.parent
FASTIFY = Path(__file__).parent / "fastify"
NAMES = ("ours", "reference", "fastify", "limit")
WITHOUT = tuple(f"without-{mechanism}" for mechanism in MECHANISMS)
"""Our server with one optimization disabled, one entry per optimization."""
TIMEOUT_SECONDS = 60.0

BEFORE = "before"
"""This service in another checkout, see `scripts/bench --against`."""

_UVICORN = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", "0", "--loop", "uvloop"]
_UVICORN += ["--ws", "none", "--no-access-log", "--no-server-header"]
# The same server as that of scripts/serve.
_OURS = [sys.executable, "-m", "specfirst", "serve", "--port", "0"]

_COMMANDS: Mapping[str, list[str]] = {
    "ours": [*_OURS, "impl.app:create_app"],
    "reference": [*_UVICORN, "--http", "httptools", "benchmarks.reference:app"],
    "limit": [*_UVICORN, "--http", "httptools", "benchmarks.limit:app"],
    "fastify": [NODE, str(FASTIFY / "server.js")],
    **{name: [*_OURS, "benchmarks.without:create_app"] for name in WITHOUT},
}

COUNTING = ("reference", "fastify", "without-counters")
"""The servers that count rows for the total and need no counters."""

CANNOT = {("reference", "cursor"), ("reference", "offset"), ("reference", "size5")}
"""Operations that a server does not have, or that are too slow to measure."""

CONNECTIONS = {"reference": 4}
"""The number of connections of the load, if not 32. The reference blocks its event loop while it waits for
one of 15 database connections, which only this loop could release: above 15 concurrent requests, it
deadlocks.
"""

ONE_AT_A_TIME = {("reference", "first")}
"""Operations that take seconds and run one after the other: a queue would last longer than the turn."""


class ServerError(Exception):
    """A server does not start, or gives other responses than the other servers."""


@dataclass
class Server:
    name: str
    url: str
    process: subprocess.Popen[bytes]

    def ask(self, request: Request) -> tuple[int, bytes]:
        """Send one request and return status and body of the response."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT_SECONDS)
        headers = {"Authorization": f"Bearer {request.token}"} if request.token else {}
        if request.body:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(request.method, request.path, request.body or None, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@contextmanager
def serving(
    name: str, environment: Mapping[str, str], log: Path, *, workers: int = 1, against: Path | None = None
) -> Iterator[Server]:
    """Run one of the servers in a minimal environment; yield it when it listens.

    `against` is the checkout from which BEFORE is started, with the .venv that scripts/setup made there.
    """
    command = [*_COMMANDS["ours" if name == BEFORE else name]]
    if name == BEFORE:
        assert against is not None
        command[0] = str(against / ".venv" / "bin" / "python")
        environment = {
            **environment,
            "PYTHONPATH": os.pathsep.join([str(against), str(against / "specfirst/src")]),
            "CONTRACT": str(against / "generated" / "openapi.json"),
        }
        if not Path(command[0]).exists():
            raise ServerError(f"{command[0]} does not exist; run scripts/setup in {against}")
    if name == "fastify":
        install(FASTIFY)
    elif workers > 1:
        command += ["--workers", str(workers)]
    log.parent.mkdir(parents=True, exist_ok=True)
    env = {**environment, "WITHOUT": name.removeprefix("without-")}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=log.parent, env=env, stdout=output, stderr=output)
    try:
        yield Server(name, _url(name, process, log, workers), process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment(database_url: str, secret: str, pool_size: int) -> dict[str, str]:
    """Return the environment of the servers, without a developer's .env or shell variables."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "CONTRACT": str(ROOT / "generated" / "openapi.json"),
        "ENVIRONMENT": "production",
        "NODE_ENV": "production",
        "DATABASE_URL": database_url,
        "DATABASE_POOL_SIZE": str(pool_size),
        "BETTER_AUTH_SECRET": secret,
        "METRICS_FOLDER": gettempdir(),
        # Requests are counted, and the limit is never reached.
        "RATE_LIMIT_PER_USER": "1000000000",
        # The logger of Fastify is off, too.
        "ACCESS_LOG": "false",
    }


def _url(name: str, process: subprocess.Popen[bytes], log: Path, workers: int) -> str:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        text = log.read_text()
        found = re.search(r"(?:running on|API) +(http://[\w.:]+)", text)
        if found and (name == "fastify" or text.count("startup complete") >= workers):
            return found[1]
        time.sleep(0.002)
    raise ServerError(f"the server {name} did not start; its output:\n{log.read_text()}")


# --- CPU and memory of processes ----------------------------------------------------------------------

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def processor_seconds(root: int) -> float:
    """Return the CPU time of a process and its descendants, including those that have exited. Linux only."""
    # Fields 14 to 17 of /proc/PID/stat; the parent's fields include children that have exited.
    return sum(sum(map(int, fields[11:15])) for fields in _tree(root)) / _TICKS


def resident_megabytes(root: int) -> float:
    """Return the resident memory of the largest process among a process and its descendants."""
    return max(int(fields[21]) for fields in _tree(root)) * _PAGE / 1e6


def _tree(root: int) -> list[list[str]]:
    """Return the fields of /proc/PID/stat from the third on, for a process and its descendants."""
    processes = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field is the command name in parentheses, and may contain any character.
            processes[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
    members, found = [root], []
    while members:
        pid = members.pop()
        if pid in processes:
            found.append(processes[pid])
            members += [child for child, fields in processes.items() if int(fields[1]) == pid]
    return found
