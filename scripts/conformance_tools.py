"""Other tools for scripts/conformance, each in its own environment: they make Python servers of contracts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.conformance_measure import run
from scripts.conformance_report import Row, Table

LIMIT = 120
"""Seconds of processor time for each step; one contract takes some tools longer than an hour."""

_IMPORT = "import importlib, sys; importlib.import_module(sys.argv[1]).app.openapi()"
_CONNEXION = """
import sys
import connexion
from connexion.mock import MockResolver

app = connexion.AsyncApp(__name__, specification_dir="/")
app.add_api(sys.argv[1], resolver=MockResolver(mock_all=True), strict_validation=True)
# The middleware, which reads the contract, is made by the first request.
with app.test_client() as client:
    client.get("/no/such/path")
"""


@dataclass(frozen=True)
class Tool:
    """A tool in its environment `python`; `steps` are the commands for a contract, in this order."""

    name: str
    version: str
    python: Path
    work: Path
    steps: Callable[[Path, Path, str], Mapping[str, Sequence[object]]]
    note: str = ""

    @property
    def table(self) -> Table:
        return Table(self.name, [*self.steps(self.python, Path(), "")])

    def tried(self, group: str, contract: Path) -> Row:
        today = datetime.now(UTC).date().isoformat()
        measured = (
            f"on {today} with {self.version}. {self.note} Each step may take {LIMIT} s of processor time."
        )
        row = Row(group, contract.name.removesuffix(contract.suffix), measured=measured)
        package = "".join(c if c.isalnum() else "_" for c in f"{group}_{row.contract}").lower()
        output = self.work / package
        shutil.rmtree(output, ignore_errors=True)
        environment = {"PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin", "MYPYPATH": ""}
        environment["PYTHONPATH"] = f"{output / 'src'}:{self.work}"
        environment["MYPYPATH"] = environment["PYTHONPATH"]
        for name, command in self.steps(self.python, contract, package).items():
            stage = row.stages[name] = run(command, self.work, limit=LIMIT, environment=environment)
            if stage.result != "ok" and name in ("generate", "compile", "start"):
                break
        return row


def _mypy(python: Path, package: str) -> list[object]:
    cache = python.parent.parent / "mypy"
    return [python, "-m", "mypy", "--strict", "--cache-dir", cache, "-p", package]


def _fastapi_code_generator(python: Path, contract: Path, package: str) -> Mapping[str, Sequence[object]]:
    return {
        "generate": [python.parent / "fastapi-codegen", "--input", contract, "--output", package],
        "compile": [python, "-m", "compileall", "-q", package],
        "types": _mypy(python, package),
        "start": [python, "-c", _IMPORT, f"{package}.main"],
    }


def _openapi_generator(python: Path, contract: Path, package: str) -> Mapping[str, Sequence[object]]:
    tool = python.parent / "openapi-generator-cli"
    return {
        "generate": [tool, "generate", "-g", "python-fastapi", "-i", contract, "-o", package],
        "compile": [python, "-m", "compileall", "-q", package],
        "types": _mypy(python, "openapi_server"),
        "start": [python, "-c", _IMPORT, "openapi_server.main"],
    }


def _connexion(python: Path, contract: Path, package: str) -> Mapping[str, Sequence[object]]:
    return {"start": [python, "-c", _CONNEXION, contract]}


# The tool, what to install, its steps, and a note.
TOOLS: Mapping[str, tuple[Sequence[str], Callable[..., Mapping[str, Sequence[object]]], str]] = {
    "fastapi-code-generator": (
        ["fastapi-code-generator==0.8.1", "fastapi", "email-validator", "mypy"],
        _fastapi_code_generator,
        "The output is imported as a package.",
    ),
    "connexion": (
        ["connexion[flask,uvicorn]==3.3.0"],
        _connexion,
        "AsyncApp with MockResolver and strict validation; it generates no code. It reads OpenAPI 3.0 only.",
    ),
    "openapi-generator": (
        ["openapi-generator-cli==7.26.0", "mypy"],
        _openapi_generator,
        "Generator python-fastapi, with the requirements that it writes. It needs Java.",
    ),
}

_SMALL = {
    "openapi": "3.0.3",
    "info": {"title": "Small", "version": "1"},
    "paths": {"/": {"get": {"operationId": "small", "responses": {"204": {"description": "Done."}}}}},
}


def prepare(name: str, output: Path) -> Tool:
    """Install a tool, unless it is there, and return it. Exits with a message if that is not possible."""
    if name not in TOOLS:
        sys.exit(f"scripts/conformance: unknown tool {name}; use {', '.join(TOOLS)}")
    packages, steps, note = TOOLS[name]
    folder = output / "tools" / name
    python = folder / "bin" / "python"
    work = output / "compared" / name
    work.mkdir(parents=True, exist_ok=True)
    installed = folder / "installed.json"
    if not installed.exists() or json.loads(installed.read_text()) != [*packages]:
        print(f"Installing {packages[0]}", file=sys.stderr)
        _do([sys.executable, "-I", "-m", "venv", "--clear", folder])
        pip = [python, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _do([*pip, *packages])
        if name == "openapi-generator":
            if shutil.which("java") is None:
                sys.exit("scripts/conformance: openapi-generator needs Java; install default-jre-headless")
            (folder / "small.json").write_text(json.dumps(_SMALL))
            _do([*steps(python, folder / "small.json", folder / "small")["generate"]])
            _do([*pip, "--requirement", folder / "small" / "requirements.txt"])
        installed.write_text(json.dumps([*packages]))
    return Tool(name, packages[0].replace("==", " "), python, work, steps, note)


def _do(command: Sequence[object]) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode:
        shown = (done.stderr or done.stdout)[-2000:]
        sys.exit(f"scripts/conformance: command failed: {' '.join(map(str, command))}\n{shown}")
