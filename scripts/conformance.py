"""Try the engine on every contract of a folder, up to Schemathesis against its mock.

The stages are: load, lint (its errors), generate, compile, types (mypy --strict), start (the generated
application), mock (a valid response of each declared status), fuzz (Schemathesis against the mock).

The table is printed, and written to build/conformance as index.html and table.json. Exit status 1 means that
a contract failed; one that is refused with a place and a remedy has not failed. `--compare` tries the same
contracts with other tools, and `--page` writes docs/conformance.md from both tables.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.conformance_measure import ROOT, Stage, run
from scripts.conformance_report import STAGES, Row, Table, as_html, as_page, print_table

OUTPUT = ROOT / "build" / "conformance"
PAGE = ROOT / "docs" / "conformance.md"
LARGE = 200
"""A contract with more operations than this is fuzzed with fewer examples, and with a time for coverage."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="FOLDER", help="contracts, or folders of them")
    parser.add_argument("--skip", action="append", default=[], choices=STAGES[3:], help="leave out a stage")
    parser.add_argument("--no-types", action="append_const", dest="skip", const="types", help="--skip types")
    parser.add_argument("--no-fuzz", action="append_const", dest="skip", const="fuzz", help="--skip fuzz")
    parser.add_argument("--examples", type=int, default=20, help="examples per operation (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of Schemathesis (%(default)s)")
    parser.add_argument(
        "--large-examples", type=int, default=1, help=f"examples above {LARGE} operations (%(default)s)"
    )
    parser.add_argument(
        "--coverage-seconds",
        type=int,
        default=240,
        help=f"time of the phases examples and coverage above {LARGE} operations (%(default)s)",
    )
    parser.add_argument(
        "--seconds", type=int, default=1800, help="Schemathesis stops a contract after this (%(default)s)"
    )
    parser.add_argument("--workers", type=int, default=1, help="contracts at a time (%(default)s)")
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, help="folder of the tables (build/conformance)"
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="only this contract of the folders")
    parser.add_argument("--update", action="store_true", help="keep what the earlier table has besides")
    parser.add_argument("--compare", action="store_true", help="try other tools, not specfirst")
    parser.add_argument("--tool", action="append", default=[], help="only this tool; with --compare")
    parser.add_argument(
        "--page", action="store_true", help="write docs/conformance.md; without FOLDER from earlier tables"
    )
    options = parser.parse_args()
    output: Path = options.output.absolute()
    output.mkdir(parents=True, exist_ok=True)
    contracts = [c for c in _contracts(options.paths) if not options.only or name_of(c[1]) in options.only]
    if not contracts and not options.page:
        parser.error("no contract found; name a file or a folder of OpenAPI documents")
    failed = False
    if contracts and options.compare:
        from scripts.conformance_tools import TOOLS, prepare

        for name in options.tool or TOOLS:
            tool = prepare(name, output)
            _all(tool.tried, tool.table, contracts, options)
    elif contracts:
        work = output / "packages"
        for group, path in contracts:
            shutil.rmtree(work / package_of(group, path), ignore_errors=True)
        work.mkdir(exist_ok=True)
        stages = [stage for stage in STAGES if stage not in options.skip]
        table = _all(lambda g, p: tried(g, p, work, options), Table("specfirst", stages), contracts, options)
        failed = any(row.result == "failed" for row in table.rows)
    tables = [Table.read(path) for path in sorted(output.glob("table*.json"))]
    (output / "index.html").write_text(as_html(tables), encoding="utf-8")
    print(f"Page: {output / 'index.html'}")
    if options.page:
        PAGE.write_text(as_page(tables), encoding="utf-8")
        print(f"Wrote {PAGE.relative_to(ROOT)}")
    sys.exit(failed)


def _measured(options: argparse.Namespace, operations: int) -> str:
    today = datetime.now(UTC).date().isoformat()
    used = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "mypy", "schemathesis"))
    text = (
        f"on {today} with {used}. Schemathesis: n examples for each operation and phase, seed {options.seed}."
    )
    if operations <= LARGE:
        return text
    return f"{text} Examples and coverage: {options.coverage_seconds} s, an equal share for each operation."


def _all(
    attempt: Callable[[str, Path], Row],
    table: Table,
    contracts: Sequence[tuple[str, Path]],
    options: argparse.Namespace,
) -> Table:
    """Try all contracts, print the table, and write it after each contract, because a run may take hours.

    The progress is a bar on a terminal, and a line each elsewhere.
    """
    path = options.output / ("table.json" if table.tool == "specfirst" else f"table-{table.tool}.json")
    earlier = Table.read(path) if options.update and path.exists() else Table(table.tool, [])
    columns = (TextColumn(f"{table.tool} {{task.description}}"), BarColumn(), MofNCompleteColumn())
    console, writing = Console(stderr=True), threading.Lock()
    with (
        Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as progress,
        ThreadPoolExecutor(options.workers) as pool,
    ):
        task = progress.add_task("", total=len(contracts))

        def one(contract: tuple[str, Path]) -> None:
            progress.update(task, description=name_of(contract[1]))
            row = attempt(*contract)
            with writing:
                table.rows.append(row)
                earlier.updated(table).write(path)
            progress.advance(task)
            if not console.is_terminal:
                print(f"{table.tool} {row.group}/{row.contract}: {row.result}", file=sys.stderr, flush=True)

        for done in [pool.submit(one, contract) for contract in contracts]:
            done.result()
    print_table(table, Console(width=200) if not sys.stdout.isatty() else Console())
    return table


def _contracts(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Yield each contract with the name of its group: the folder that was named."""
    for path in paths:
        if path.is_file():
            yield path.absolute().parent.name, path.absolute()
        else:
            # A contract of several files has a folder of its own.
            files = sorted([*path.glob("*"), *path.glob("*/*")], key=lambda p: (p.name.lower(), p))
            yield from ((path.absolute().name, p.absolute()) for p in files if _is_contract(p))


def _is_contract(path: Path) -> bool:
    """Return whether a file has the member `openapi` (or `swagger`, to refuse it), at whatever place."""
    if path.suffix not in (".yaml", ".yml", ".json") or not path.is_file():
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    member = (
        r'"(openapi|swagger)"\s*:\s*"\d'
        if path.suffix == ".json"
        else r"""^["']?(openapi|swagger)["']?\s*:"""
    )
    return re.search(member, text, re.M) is not None


def name_of(contract: Path) -> str:
    return contract.name.removesuffix(contract.suffix)


def package_of(group: str, contract: Path) -> str:
    return "".join(c if c.isalnum() else "_" for c in f"{group}_{name_of(contract)}").lower()


def tried(group: str, contract: Path, work: Path, options: argparse.Namespace) -> Row:
    """Try one contract, stage by stage, until one is refused."""
    row = Row(group, name_of(contract))
    package = package_of(group, contract)
    own = ["-m", "scripts.conformance_stages"]
    fuzzing = ["--seed", options.seed, "--output", work.parent / "fuzz" / package]
    commands: dict[str, list[object]] = {
        "load": [*own, "load", contract],
        "lint": ["-m", "specfirst", "lint", contract],
        "generate": ["-m", "specfirst", "generate", contract, "--output", work / package],
        "compile": ["-m", "compileall", "-q", work / package],
        "types": [
            *("-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--strict"),
            *("--cache-dir", work.parent / "mypy" / threading.current_thread().name, "-p", package),
        ],
        "start": [*own, "start", contract, "--package", package],
        "mock": [*own, "mock", contract, "--package", package],
        "fuzz": [*own, "fuzz", contract, *fuzzing],
    }
    for name, command in commands.items():
        if name in options.skip:
            continue
        if name == "fuzz":
            examples = options.large_examples if row.operations > LARGE else options.examples
            command += ["--examples", examples, "--seconds", options.seconds]
            command += ["--coverage-seconds", options.coverage_seconds if row.operations > LARGE else 0]
        stage = row.stages[name] = run([sys.executable, *command], work)
        facts = json.loads(stage.text) if stage.result == "ok" and command[:2] == own else {}
        row.operations = facts.get("operations", row.operations)
        row.version = facts.get("version", row.version)
        if name == "start":
            stage.seconds = facts.get("seconds", stage.seconds)
        if name == "fuzz" and facts:
            _judge(stage, facts)
        if stage.result != "ok":
            if name in ("load", "lint", "generate") and "Traceback" not in stage.text:
                stage.result = "refused"
            if name in ("load", "lint", "generate", "start"):
                break
    row.measured = _measured(options, row.operations)
    return row


def _judge(stage: Stage, facts: dict[str, object]) -> None:
    """Turn the results of Schemathesis into those of a stage."""
    failures = facts["failures"]
    assert isinstance(failures, list)
    stage.text = "\n\n".join(map(str, failures))
    stage.facts = {**facts, "failures": len(failures)}
    if failures:
        stage.result = "failed"


if __name__ == "__main__":
    main()
