"""Try the engine on every contract of a folder: load, lint, generate, compile, check types, start, mock.

The table is printed, and written to build/conformance as table.json and table.html. Exit status 1 means that
a contract failed; one that is refused with a line and a remedy has not failed.
"""

from __future__ import annotations

import argparse
import html
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "conformance"
STAGES = ("load", "generate", "types", "start", "mock")

# Run in a process of its own, so that time and memory are those of one contract.
_LOAD = """
import sys, json
from pathlib import Path
from specfirst.contract.document import Document, DocumentError
contract = Path(sys.argv[1])
try:
    document = Document.load(contract)
    print(json.dumps({"operations": len(document.operations)}))
except DocumentError as error:
    sys.exit(error.located(str(contract)))
"""
_GENERATE = """
import sys
from pathlib import Path
from specfirst.codegen.generate import GenerationError, generate, write
try:
    write(generate(Path(sys.argv[1])), Path(sys.argv[2]))
except GenerationError as error:
    sys.exit(str(error))
"""
_START = """
import importlib, sys, time
started = time.process_time()
application = importlib.import_module(sys.argv[1] + ".application")
from specfirst.runtime.application import ContractAPI
from specfirst.runtime.routing import Engine
document = application.contract()
async def anybody(credential, scopes):
    return credential
engine = Engine(
    document, mock=True, authenticate=dict.fromkeys(document.security_schemes, anybody),
    authorize=lambda caller, values: None,
)
app = ContractAPI(engine, application.build_router(engine))
print(time.process_time() - started)
if "prepare" in sys.argv:
    engine.prepare()
"""


@dataclass
class Stage:
    """One step of one contract: `ok`, `refused` with a place and a remedy, or `failed`."""

    result: str
    seconds: float
    megabytes: int
    text: str = ""


@dataclass
class Row:
    contract: str
    operations: int = 0
    stages: dict[str, Stage] = field(default_factory=dict)

    @property
    def result(self) -> str:
        stages = [stage.result for stage in self.stages.values()]
        return next((result for result in ("failed", "refused") if result in stages), "served")


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/conformance", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="contracts, or folders of contracts")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of the table (build/conformance)")
    parser.add_argument(
        "--no-types", action="store_true", help="leave out mypy, which takes most of the time"
    )
    parser.add_argument("--workers", type=int, default=2, help="contracts at a time (%(default)s)")
    options = parser.parse_args()
    contracts = list(_contracts(options.folders))
    work = options.output / "packages"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with ThreadPoolExecutor(options.workers) as pool:
        rows = list(pool.map(lambda contract: _tried(contract, work, types=not options.no_types), contracts))
    _print(rows)
    (options.output / "table.json").write_text(
        json.dumps([asdict(row) | {"result": row.result} for row in rows], indent=2)
    )
    (options.output / "table.html").write_text(_html(rows))
    if any(row.result == "failed" for row in rows):
        sys.exit(1)


def _contracts(folders: list[Path]) -> Iterator[Path]:
    for path in folders:
        if path.is_file():
            yield path
        else:
            yield from sorted(p for p in path.iterdir() if p.suffix in (".yaml", ".yml", ".json"))


def _tried(contract: Path, work: Path, *, types: bool) -> Row:
    row = Row(contract.stem)
    package = "p" + "".join(c if c.isalnum() else "_" for c in contract.stem).lower()
    load = row.stages["load"] = _run(work, "-c", _LOAD, contract)
    if load.result != "ok":
        return row
    row.operations = json.loads(load.text)["operations"]
    generated = row.stages["generate"] = _run(work, "-c", _GENERATE, contract, work / package)
    if generated.result != "ok":
        return row
    if types:
        cache = work.parent / "mypy"
        row.stages["types"] = _run(
            work,
            "-m",
            "mypy",
            "--config-file",
            ROOT / "pyproject.toml",
            "--cache-dir",
            cache / package,
            package,
        )
    started = row.stages["start"] = _run(work, "-c", _START, package)
    if started.result == "ok":
        row.stages["mock"] = _run(work, "-c", _START, package, "prepare")
    return row


def _run(work: Path, *command: object) -> Stage:
    started = time.monotonic()
    # A child of its own, whose children are this command alone: their largest size is its memory.
    code = (
        "import json, resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], capture_output=True, text=True);"
        "usage = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "seconds = usage.ru_utime + usage.ru_stime;"
        "print(json.dumps([done.returncode, done.stdout, done.stderr, usage.ru_maxrss, seconds]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, sys.executable, *map(str, command)],
        cwd=work,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{ROOT / 'specfirst/src'}:{work}",
            "MYPYPATH": f"{ROOT / 'specfirst/src'}:{work}",
            "HOME": str(work),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    status, out, errors, kilobytes, seconds = json.loads(done.stdout)
    text = (errors or out) if status else out
    result = "ok"
    if status:
        result = "failed" if "Traceback" in text or "mypy" in command else "refused"
    return Stage(
        result,
        round(min(seconds, time.monotonic() - started + seconds), 2),
        kilobytes // 1024,
        text.strip()[-4000:],
    )


def _print(rows: list[Row]) -> None:
    table = Table("contract", "operations", *STAGES, "what")
    for row in rows:
        cells = []
        for name in STAGES:
            stage = row.stages.get(name)
            cells.append(
                ""
                if stage is None
                else f"{stage.result} {stage.seconds:.1f} s {stage.megabytes} MB"
                if stage.result == "ok"
                else stage.result
            )
        table.add_row(row.contract, str(row.operations), *cells, _why(row)[:160])
    console = Console(width=240 if not sys.stdout.isatty() else None)
    console.print(table)
    served = [row for row in rows if row.result == "served"]
    console.print(
        f"{len(served)} of {len(rows)} served; "
        f"{sum(r.operations for r in served)} of {sum(r.operations for r in rows)} operations"
    )


def _why(row: Row) -> str:
    wrong = next((stage for stage in row.stages.values() if stage.result != "ok"), None)
    return wrong.text.splitlines()[-1] if wrong and wrong.text else ""


def _html(rows: list[Row]) -> str:
    head = "".join(f"<th>{name}" for name in ("contract", "operations", *STAGES, "result", "what"))
    body = []
    for row in rows:
        cells = "".join(
            f"<td>{row.stages[name].result} {row.stages[name].seconds} s" if name in row.stages else "<td>"
            for name in STAGES
        )
        body.append(
            f"<tr><td>{html.escape(row.contract)}<td>{row.operations}{cells}<td>{row.result}<td>{html.escape(_why(row))}"
        )
    top = "<!doctype html><meta charset=utf-8><title>Conformance</title>"
    return f"{top}<table border=1><tr>{head}{''.join(body)}</table>\n"


if __name__ == "__main__":
    main()
