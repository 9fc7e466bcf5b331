"""Run a command of scripts/conformance, and measure its processor time and memory."""

from __future__ import annotations

import json
import os
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
_MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True, errors="replace")
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = usage.ru_utime + usage.ru_stime
print(json.dumps([done.returncode, done.stdout, done.stderr, usage.ru_maxrss, seconds]))
"""


def run(
    command: Sequence[object], work: Path, *, limit: int = 3600, environment: Mapping[str, str] | None = None
) -> Stage:
    """Run a command, and measure its processor time and memory. A status other than 0 is a failure."""
    paths = f"{ROOT}:{ROOT / 'specfirst/src'}:{work}"
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _MEASURE, *map(str, command)],
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
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        return Stage("failed", limit, 0, f"stopped after {limit} s")
    finally:
        if process.poll() is None:
            # The command and its children, which are in a session of their own.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    status, printed, errors, kilobytes, seconds = json.loads(out)
    text = printed if status == 0 else f"{printed}\n{errors}"
    return Stage("failed" if status else "ok", round(seconds, 2), kilobytes // 1024, text.strip()[-20000:])
