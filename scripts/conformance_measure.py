"""Run a command of scripts/conformance, and measure its processor time and memory."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Stage:
    """One step of one contract: `ok`, `refused` with a place and a remedy, or `failed`.

    `seconds` is processor time, `megabytes` the largest size of a process.
    """

    result: str
    seconds: float
    megabytes: int
    text: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


# A child, whose only child is the command: the largest size and the time of its children are the command's.
# The limit is of processor time, so that it means the same on a busy machine.
_MEASURE = """
import json, resource, subprocess, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
done = subprocess.run(sys.argv[2:], capture_output=True, text=True, errors="replace")
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = usage.ru_utime + usage.ru_stime
print(json.dumps([done.returncode, done.stdout, done.stderr, usage.ru_maxrss, seconds]))
"""
STOPPED = {-signal.SIGXCPU, -signal.SIGKILL}


def run(
    command: Sequence[object],
    work: Path,
    *,
    limit: int = 3600,
    environment: Mapping[str, str] | None = None,
) -> Stage:
    """Run a command, and measure its processor time and memory. A status other than 0 is a failure.

    `limit` are the seconds of processor time that each of its processes may take.
    """
    paths = f"{ROOT}:{ROOT / 'specfirst/src'}:{work}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", _MEASURE, str(limit), *map(str, command)],
        cwd=work,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": paths,
            "MYPYPATH": f"{ROOT / 'specfirst/src'}:{work}",
            "HOME": str(work),
            **(environment or {}),
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    status, printed, errors, kilobytes, seconds = json.loads(done.stdout)
    text = printed if status == 0 else f"{printed}\n{errors}"
    if status in STOPPED:
        text = f"stopped after {seconds:.0f} s of processor time, with {kilobytes // 1024} MB"
    return Stage("failed" if status else "ok", round(seconds, 2), kilobytes // 1024, text.strip()[-20000:])
