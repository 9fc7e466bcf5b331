"""A run: PostgreSQL and all servers at the same time; in each round, the servers take turns."""

from __future__ import annotations

import os
import platform
import secrets
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import agreement, dataset, engine, operations, pgbench, singles
from benchmarks.report import WRITES, Interval, Results
from benchmarks.servers import (
    BEFORE,
    CANNOT,
    CONNECTIONS,
    COUNTING,
    ONE_AT_A_TIME,
    WITHOUT,
    Server,
    environment,
    processor_seconds,
    resident_megabytes,
    serving,
)
from benchmarks.wrk import Load, Wrk, write
from devtools.embedded_postgres import EmbeddedPostgres
from impl.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "bench"
TOOLS = ROOT / "build" / "tools"
POSTGRES = "postgres"
POOL_SIZE: int = Settings.model_fields["database_pool_size"].default

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    operations: Sequence[str]
    servers: Sequence[str]
    rounds: int
    seconds: int
    quick: bool
    against: Path | None = None


class Run:
    """A context manager that starts the database and the servers, and stops them at the end."""

    def __init__(self, options: Options, say: Say) -> None:
        self.options, self._say = options, say
        self._stack = ExitStack()
        self.servers: dict[str, Server] = {}
        # JSON has no paths.
        chosen = {**asdict(options), "against": options.against and str(options.against)}
        self.results = Results(about={**_machine(), "options": chosen})

    def __enter__(self) -> Run:
        """Start everything. Raises EmbeddedPostgresError, ServerError, LoadError or ClientError."""
        with ExitStack() as stack:
            self._wrk = Wrk(TOOLS)
            self._say("Starting PostgreSQL")
            postgres = stack.enter_context(EmbeddedPostgres(FOLDER / "data"))
            self._postgres = int((postgres.cluster / "postmaster.pid").read_text().split()[0])
            self._url, copy = dataset.prepare(postgres.url, self._say)
            secret = secrets.token_urlsafe(32)
            self._environment = environment(self._url, secret, POOL_SIZE)
            counting = environment(copy, secret, POOL_SIZE)
            self.requests = operations.prepare(self._url, secret)
            self._files = {
                operation: write(requests, FOLDER / f"{operation}.requests")
                for operation, requests in self.requests.items()
            }
            for name in self.options.servers:
                if name != POSTGRES:
                    self._say(f"Starting {name}")
                    known = counting if name in COUNTING else self._environment
                    log = FOLDER / f"{name}.log"
                    server = serving(name, known, log, against=self.options.against)
                    self.servers[name] = stack.enter_context(server)
            self._say("Checking that all servers give the same responses")
            agreement.check(list(self.servers.values()), self.requests)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def measure(self) -> Results:
        for operation in self.options.operations:
            self._measure(operation)
        for name, server in self.servers.items():
            self.results.memory_mb[name] = resident_megabytes(server.process.pid)
        if "ours" in self.servers and not {*WITHOUT, BEFORE} & set(self.servers):
            self._measure_ours(self.servers["ours"])
        return self.results

    def _measure(self, operation: str) -> None:
        able = [name for name in self.options.servers if self._can(name, operation)]
        if operation in WRITES:
            # So that no checkpoint happens during the turn of a server.
            dataset.checkpoint(self._url)
        for name in able:
            self._say(f"{operations.LABELS[operation]}: {name} warms up")
            self._load(operation, name, 1)
        for round_number in range(self.options.rounds):
            # Each round starts with another server, so that the order differs.
            start = round_number % max(1, len(able))
            for name in able[start:] + able[:start]:
                self._say(f"{operations.LABELS[operation]}: {name}, round {round_number + 1}")
                self.results.add(operation, name, self._interval(operation, name))

    def _can(self, name: str, operation: str) -> bool:
        return operation in pgbench.OPERATIONS if name == POSTGRES else (name, operation) not in CANNOT

    def _interval(self, operation: str, name: str) -> Interval:
        before = self._processor(name)
        load = self._load(operation, name, self.options.seconds)
        server, postgres = (
            (after - earlier) / load.requests * 1e6
            for earlier, after in zip(before, self._processor(name), strict=True)
        )
        return Interval(load.rate, load.p50_ms, load.p99_ms, server, postgres)

    def _load(self, operation: str, name: str, seconds: int) -> Load:
        if name == POSTGRES:
            return pgbench.run(operation, self._url, FOLDER, seconds, connections=POOL_SIZE)
        server, alone = self.servers[name], (name, operation) in ONE_AT_A_TIME
        # If a response takes seconds, a short interval would contain none.
        at_least = 15 if alone else 5 if operation == "offset" else 1
        load = self._wrk.run(
            server.url,
            self._files[operation],
            max(seconds, at_least),
            connections=1 if alone else CONNECTIONS.get(name, 32),
        )
        # Wait until the requests that were in flight at the end of the load are done, before the next turn.
        server.ask(self.requests[operation][0])
        return load

    def _processor(self, name: str) -> tuple[float, float]:
        server = self.servers.get(name)
        return processor_seconds(server.process.pid) if server else 0.0, processor_seconds(self._postgres)

    def _measure_ours(self, ours: Server) -> None:
        found = self.results.singles
        found["memory after the load"] = self.results.memory_mb["ours"]
        for number in (64, 512):
            self._say(f"A burst of {number} connections")
            found[f"burst of {number}: unanswered"] = singles.unanswered(ours, self.requests["get"], number)
        self._say("The engine alone")
        above = engine.measure()
        found["engine above bare ASGI"] = max(above[name] for name in engine.OPERATIONS)
        self._say("Start to first response")
        log = FOLDER / "another.log"
        found["start to first response"] = singles.seconds_to_first_response(self._environment, log)
        if self.options.quick:
            return
        self._say("One worker and two")
        found["CPU of 2 workers / 1"] = singles.processor_of_two_workers(
            ours, self._environment, self._wrk, self._files["get"], log, seconds=self.options.seconds
        )
        self._say("200 000 requests more")
        found["growth over 200 000 requests"] = singles.growth_megabytes(ours, self._wrk, self._files["get"])


def _machine() -> dict[str, str]:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
