"""Fuzz the service with Schemathesis: on its own PostgreSQL and uvicorn, with every phase and every check.

schemathesis.toml is the configuration, devtools/fuzz_hooks.py supplies users and data. The report is
build/fuzz/index.html.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import os
import random
import re
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg2
from rich.console import Console
from rich.table import Table
from specfirst.serving.startup import StartupError
from sqlalchemy import make_url

from devtools.embedded_postgres import EmbeddedPostgres
from generated.application import contract
from impl.postgres.migrations import migrate

ROOT = Path(__file__).resolve().parent.parent
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


# --- Results ------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """The requests and responses of one operation."""

    cases: Counter[str] = field(default_factory=Counter)
    """By the phase of Schemathesis."""
    checks: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True)
class Problem:
    """A reason why the run fails, and the command that reproduces it."""

    operation: str
    text: str
    command: str | None = None


@dataclass
class Report:
    examples: int
    seed: int
    workers: int
    seconds: float
    processor: dict[str, float]
    """CPU seconds of each side."""
    operations: dict[str, Tally] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    details: list[Path] = field(default_factory=list)
    """The report pages of Schemathesis, relative to our report."""

    @property
    def passed(self) -> bool:
        return not self.problems

    @property
    def cases(self) -> int:
        return sum(sum(tally.cases.values()) for tally in self.operations.values())

    @property
    def summary(self) -> list[tuple[str, str]]:
        shares = ", ".join(f"{name} {taken / self.seconds:.0%}" for name, taken in self.processor.items())
        return [
            ("Result", "passed" if self.passed else f"{len(self.problems)} problems"),
            ("Seed", f"{self.seed}, {self.examples} examples, {self.workers} workers"),
            ("Cases", f"{self.cases} in {self.seconds:.0f} s, {self.cases / self.seconds:.0f} a second"),
            ("Processor", f"{shares} (of one core; {os.cpu_count()} cores)"),
            ("Versions", ", ".join(f"{name} {version(name)}" for name in ("schemathesis", "hypothesis"))),
            ("To repeat", self.command),
        ]

    @property
    def command(self) -> str:
        workers = f" --workers {self.workers}" if self.workers > 1 else ""
        return f"scripts/fuzz --examples {self.examples} --seed {self.seed}{workers}"

    def add(self, worker: int, share: int, results: Path, log: Path) -> None:
        """Add the results of one Schemathesis process, which ran its share of the examples."""
        if not results.exists():
            tail = "\n".join(log.read_text().splitlines()[-20:]) if log.exists() else ""
            self.problems.append(Problem(f"worker {worker}", f"Schemathesis exited without a result\n{tail}"))
            return
        found = json.loads(results.read_text())
        for label, counts in found["operations"].items():
            tally = self.operations.setdefault(label, Tally())
            tally.cases.update(counts["cases"])
            tally.checks += counts["checks"]
            tally.statuses.update({int(status): count for status, count in counts["statuses"].items()})
            tally.seconds += counts["seconds"]
        for failure in found["failures"]:
            text = "\n".join(failure["problems"])
            self.problems.append(Problem(failure["operation"], text, reproduction(failure["curl"])))
        self.problems += [Problem(f"worker {worker}", error) for error in found["errors"]]
        for name, operations in found["warnings"].items():
            if operations:
                self.problems.append(Problem(", ".join(map(str, operations)), f"Schemathesis warns: {name}"))
        if not self.problems:
            self.problems += self._unfinished(worker, share, found)

    @staticmethod
    def _unfinished(worker: int, share: int, found: dict[str, Any]) -> Iterator[Problem]:
        """Yield problems that Schemathesis does not report: it gave up, or never reached an operation.

        It ends a phase without a message when Hypothesis finds that data generation is not repeatable.
        """
        for operation in contract().operations:
            label = f"{operation.method.upper()} {operation.path}"
            counts = found["operations"].get(label, {"cases": {}, "statuses": {}})
            tried = counts["cases"].get("fuzzing", 0)
            if tried < share and (operation.parameters or operation.body):
                yield Problem(label, f"worker {worker} gave up after {tried} of {share} examples")
            if not any(str(response.status) in counts["statuses"] for response in operation.successes):
                yield Problem(label, f"worker {worker} got no successful response")
        if found["scenarios"] < share:
            yield Problem(
                "Stateful", f"worker {worker} gave up after {found['scenarios']} of {share} scenarios"
            )

    def rows(self) -> Iterator[tuple[str, ...]]:
        for label, tally in sorted(self.operations.items(), key=lambda item: item[0].split()[::-1]):
            statuses = "  ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items()))
            cases = sum(tally.cases.values())
            found = sum(problem.operation == label for problem in self.problems)
            yield (
                label,
                str(cases),
                str(tally.checks),
                str(found),
                f"{tally.seconds / max(1, cases) * 1000:.1f}",
                statuses,
            )

    def print(self, console: Console) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in HEADINGS:
            table.add_column(name, justify="left" if name in ("Operation", "Answers") else "right")
        for row in self.rows():
            table.add_row(*row)
        console.print(table)
        for problem in self.problems:
            console.print(f"\n{problem.operation}: {problem.text}", style="red", markup=False)
            if problem.command:
                console.print(f"\n{problem.command}", soft_wrap=True, markup=False, highlight=False)
        console.print()
        for name, text in self.summary:
            console.print(f"{name:<10} {text}", soft_wrap=True, markup=False, highlight=False)

    def as_html(self) -> str:
        def cells(tag: str, texts: Sequence[str]) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts) + "</tr>\n"

        problems = "".join(
            f"<section><h3>{html.escape(problem.operation)}</h3><pre>{html.escape(problem.text)}</pre>"
            + (f"<pre class=command>{html.escape(problem.command)}</pre>" if problem.command else "")
            + "</section>\n"
            for problem in self.problems
        )
        links = ", ".join(f'<a href="{path}">{path}</a>' for path in self.details)
        return PAGE.format(
            summary="".join(f"<dt>{name}</dt><dd>{html.escape(text)}</dd>\n" for name, text in self.summary),
            problems=f"<h2>Problems</h2>\n{HOW_TO_REPRODUCE}{problems}" if problems else "",
            head=cells("th", HEADINGS),
            rows="".join(cells("td", row) for row in self.rows()),
            links=links,
        )


HEADINGS = ("Operation", "Cases", "Checks", "Problems", "ms each", "Answers")

HOW_TO_REPRODUCE = (
    "<p>The commands work while <code>scripts/serve</code> runs, given in the project's folder.</p>\n"
)

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Fuzz run</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: right; padding: .25rem .75rem; border-bottom: 1px solid #8884; white-space: nowrap; }}
:is(th, td):is(:first-child, :last-child) {{ text-align: left; }}
td:last-child {{ white-space: normal; }}
dl {{ display: grid; grid-template-columns: max-content auto; gap: .2rem 1.5rem; }}
dd {{ margin: 0; }}
section {{ border-left: .3rem solid #c33; padding-left: 1rem; margin: 1.5rem 0; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
.command {{ background: #8882; padding: .5rem; }}
</style>
<h1>Fuzz run</h1>
<dl>
{summary}</dl>
{problems}<h2>Operations</h2>
<table>
{head}{rows}</table>
<p>Schemathesis's own pages, with each request: {links}</p>
</html>
"""


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

    Each worker is a process with a seed, a server and a database of its own. Threads, which Schemathesis
    offers, would share the global interpreter lock and one user: a thread may erase the account that the
    other threads use.
    """
    output.mkdir(parents=True, exist_ok=True)
    for stale in output.glob("worker-*/results.json"):
        stale.unlink()
    share = -(-examples // workers)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-")))
        postgres = EmbeddedPostgres(folder / "data", durable=False)
        stack.callback(postgres.stop)
        postgres.start()
        secret = secrets.token_urlsafe(32)
        spent = [_processor_seconds()]
        with ExitStack() as servers:
            attacks = []
            urls = [
                servers.enter_context(
                    serving(database(postgres.url, index), secret, folder / f"{index}", code)
                )
                for index in range(workers)
            ]
            started = time.monotonic()
            for index, url in enumerate(urls):
                worker = output / f"worker-{index + 1}"
                # Show only the progress of the first worker; the others write theirs to a file.
                log = None if index == 0 and not quiet else worker / "schemathesis.log"
                attacks.append(_attack(url, secret, share, seed + index, worker, log))
            for attack in attacks:
                attack.wait()
            seconds = time.monotonic() - started
            spent.append(_processor_seconds())
        spent.append(_processor_seconds())
        postgres.stop()
        spent.append(_processor_seconds())
    sides = ("Schemathesis", "server", "PostgreSQL")
    processor = {side: after - before for side, (before, after) in zip(sides, pairwise(spent), strict=True)}
    report = Report(examples, seed, workers, seconds, processor)
    for index in range(workers):
        worker = output / f"worker-{index + 1}"
        report.add(index + 1, share, worker / "results.json", worker / "schemathesis.log")
        report.details.append(Path(worker.name, "html", "index.html"))
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


def _attack(
    url: str, secret: str, examples: int, seed: int, output: Path, log: Path | None
) -> subprocess.Popen[bytes]:
    output.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "schemathesis.toml")]
    command += ["run", str(ROOT / "openapi.yaml"), "--url", url + contract().base_paths[0]]
    command += ["--max-examples", str(examples), "--seed", str(seed)]
    command += [f"--report-junit-path={output / 'junit.xml'}", f"--report-html-path={output / 'html'}"]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "BETTER_AUTH_SECRET": secret,
        "FUZZ_RESULTS": str(output / "results.json"),
    }
    if log is None:
        return subprocess.Popen(command, cwd=ROOT, env=environment)
    with log.open("wb") as file:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)


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
