"""Fuzz the service with Schemathesis: on its own PostgreSQL and uvicorn, with every phase and every check.

specfirst.fuzz runs it. schemathesis.toml is the configuration, devtools/fuzz_hooks.py supplies users and
data. The report is build/fuzz/index.html.
"""

from __future__ import annotations

import argparse
import base64
import os
import random
import re
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import psycopg2
from rich.console import Console
from specfirst.fuzz.report import Report
from specfirst.fuzz.run import Target
from specfirst.fuzz.run import fuzz as run
from specfirst.serving.startup import StartupError
from sqlalchemy import make_url

from devtools.embedded_postgres import EmbeddedPostgres
from generated.application import contract
from impl.postgres.migrations import migrate

ROOT = Path(__file__).resolve().parent.parent
IMPORTS = (str(ROOT), str(ROOT / "specfirst/src"))
OUTPUT = ROOT / "build" / "fuzz"
TIMEOUT_SECONDS = 30.0
SERVER_PROCESSES = 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument(
        "--examples", type=int, default=1000, help="examples per operation and phase (%(default)s)"
    )
    parser.add_argument("--seed", type=int, help="seed, to repeat an earlier run (random)")
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="number of parallel workers, each with its own server (%(default)s)",
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for the reports (build/fuzz)")
    options = parser.parse_args()
    if options.examples < 1 or options.workers < 1:
        parser.error("--examples and --workers must be at least 1")
    seed = random.randrange(2**32) if options.seed is None else options.seed  # noqa: S311
    output: Path = options.output.absolute()
    try:
        report = fuzz(options.examples, seed, output, workers=options.workers)
    except StartupError as error:
        sys.exit(f"scripts/fuzz: {error}")
    page = output / "index.html"
    page.write_text(report.as_html(), encoding="utf-8")
    console = Console()
    # A file or a CI log has no width; use one that fits the table.
    report.print(console if console.is_terminal else Console(width=200))
    print(f"Pages: {page}")
    sys.exit(0 if report.passed else 1)


def reproduction(command: str | None) -> str | None:
    """Return the command for a server of scripts/serve, because the fuzzed server and its secret are gone."""
    if command is None:
        return None

    def token(match: re.Match[str]) -> str:
        # The second segment of the token names its user. Leave text unchanged that is not a token of ours.
        claims = re.search(rb'"sub": ?"([^"]+)"', _decoded(match[1].split(".")[1]))
        if claims is None:
            return match[0]
        return f'-H "Authorization: Bearer $(scripts/token {claims[1].decode()})"'

    command = re.sub(r"-H 'Authorization: Bearer (eyJ[\w-]+\.[\w-]+\.[\w-]+)'", token, command)
    return re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8000", command)


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


# --- The run ------------------------------------------------------------------------------------------


def fuzz(
    examples: int, seed: int, output: Path, *, workers: int = 1, code: Path = ROOT, quiet: bool = False
) -> Report:
    """Run Schemathesis against the service in `code`. Several workers share the examples.

    Each worker has a server and a database of its own. With one user for all, a worker might erase the
    account that the others use.
    """
    repeat = f" --workers {workers}" if workers > 1 else ""
    report = Report(
        contract(),
        examples,
        seed,
        workers,
        f"scripts/fuzz --examples {examples} --seed {seed}{repeat}",
        strict=True,
        reproduction=reproduction,
        note="The commands work while scripts/serve runs, given in the project's folder.",
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-")))
        postgres = EmbeddedPostgres(folder / "data", durable=False)
        stack.callback(postgres.stop)
        postgres.start()
        secret = secrets.token_urlsafe(32)
        spent = [_processor_seconds()]
        with ExitStack() as servers:
            urls = [
                servers.enter_context(
                    serving(database(postgres.url, index), secret, folder / f"{index}", code)
                )
                for index in range(workers)
            ]
            base = contract().base_paths[0]
            hooks = {"BETTER_AUTH_SECRET": secret, "PYTHONPATH": os.pathsep.join(IMPORTS)}
            run(
                contract(),
                [Target(url + base, hooks) for url in urls],
                report,
                output,
                configuration=ROOT / "schemathesis.toml",
                quiet=quiet,
            )
            spent.append(_processor_seconds())
        spent.append(_processor_seconds())
        postgres.stop()
        spent.append(_processor_seconds())
    sides = ("Schemathesis", "server", "PostgreSQL")
    taken = {side: after - before for side, (before, after) in zip(sides, pairwise(spent), strict=True)}
    shares = ", ".join(f"{name} {seconds / report.seconds:.0%}" for name, seconds in taken.items())
    report.facts.append(("Processor", f"{shares} (of one core; {os.cpu_count()} cores)"))
    return report


def _processor_seconds() -> float:
    """Return the CPU time of the processes that have exited, children included."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def database(postgres_url: str, index: int) -> str:
    """Create a migrated database for each worker."""
    name = f"fuzz_{index}"
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    migrate(url)
    return url


@contextmanager
def serving(database_url: str, secret: str, folder: Path, code: Path) -> Iterator[str]:
    """Run uvicorn with several processes, and return its URL. Each response is validated before it is sent.

    `folder` is empty and the environment minimal, so that a developer's .env or shell has no influence.
    """
    folder.mkdir()
    log = folder / "server.log"
    command = [sys.executable, "-m", "uvicorn", "impl.app:create_app", "--factory", "--no-access-log"]
    command += ["--host", "127.0.0.1", "--port", "0", "--loop", "uvloop"]
    command += ["--http", "specfirst.serving.connections:Connection"]
    command += ["--workers", str(SERVER_PROCESSES)]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(code), str(code / "specfirst/src")]),
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "BETTER_AUTH_SECRET": secret,
        "VALIDATE_RESPONSES": "true",
        # Responses of a changed copy of the service do not count towards contract coverage.
        "OBSERVATIONS": os.environ.get("OBSERVATIONS", "") if code == ROOT else "",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        yield _url(process, log)
    finally:
        process.terminate()
        try:
            process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the URL from uvicorn's log, once all its processes listen; the system has chosen the port."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        text = log.read_text()
        found = re.search(r"running on (http://[\w.:]+)", text)
        if found and text.count("startup complete") >= SERVER_PROCESSES:
            return found[1]
        time.sleep(0.02)
    sys.exit(f"scripts/fuzz: the server did not start; its log:\n{log.read_text()}")


if __name__ == "__main__":
    main()
