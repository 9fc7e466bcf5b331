"""Runs scripts/serve as a user does: as a process, found by what it prints, stopped by a signal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).resolve().parent.parent

# What a developer's shell may have set would change what these tests see.
# Only what scripts/test wants to know passes.
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "OBSERVATIONS")
CLEAN = {name: value for name, value in os.environ.items() if name in PASSED_ON}


@dataclass
class Served:
    process: subprocess.Popen[str]
    url: str
    printed: str

    def stop(self, signal_number: int = signal.SIGINT) -> int:
        """Ask it to stop and give its exit status."""
        self.process.send_signal(signal_number)
        return self.process.wait(timeout=20)


@contextmanager
def serving(
    *arguments: str,
    command: str | Path = ROOT / "scripts" / "serve",
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Served]:
    """Run the server until it says that it is up; whatever happens, it is gone afterwards."""
    process = subprocess.Popen(
        [*str(command).split("\0"), *arguments],
        env=CLEAN | dict(env or {}),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    printed = ""
    try:
        for line in process.stdout:
            printed += line
            if "startup complete" in line:
                break
        # A pipe that nobody reads would stop the server once it is full.
        Thread(target=process.stdout.read, daemon=True).start()
        found = re.search(r"API +(http://\S+)", printed)
        assert found, f"scripts/serve did not come up:\n{printed}"
        yield Served(process, found[1], printed)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        process.stdout.close()
